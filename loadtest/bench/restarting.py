"""Whether a look-up is lost while all workers are replaced one after the other."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any, Final

from loadtest.bench import nodes, wire, workload
from loadtest.bench.asking import over_udp
from loadtest.bench.datagrams import Tally

_RATE: Final = 2000
_SECONDS: Final = 0.5
"""Of one run; they follow each other until the last worker is replaced."""


def measure(node: nodes.Node, names: Sequence[str]) -> dict[str, Any]:
    """Ask for `names` over UDP under open load while `idnode restart` runs."""
    questions = workload.once([wire.resolution(name, 0) for name in names])
    before = set(node.processes()["worker"])
    runs: list[Tally] = []
    with over_udp(questions) as ask, ThreadPoolExecutor(1) as another:
        began = monotonic()
        restarting = another.submit(node.command, "restart")
        while not restarting.done():
            runs.append(ask(node.address("handle")[1], seconds=_SECONDS, rate=_RATE))
        restarting.result()
        took = monotonic() - began
    return {
        "workers_replaced": len(before - set(node.processes()["worker"])),
        "asked": sum(run.asked for run in runs),
        "lost": sum(run.lost for run in runs),
        "wrong": sum(run.wrong for run in runs),
        "seconds": round(took, 1),
    }
