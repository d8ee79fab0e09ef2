"""How soon look-ups are answered while a bulk import runs, both on all processors."""

import os
import statistics
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from time import monotonic
from typing import Any, Final

from loadtest.bench import importing, nodes
from loadtest.bench.asking import over_udp
from loadtest.bench.datagrams import Tally
from loadtest.bench.hot import Hot

SHARE: Final = 0.3
"""Of the capacity over UDP, is asked."""
_SECONDS: Final = 0.5
"""Of each run; the median of their p99 counts."""
_RUNS: Final = 5


def measure(node: nodes.Node, key: str, asked: Hot, body: bytes) -> dict[str, Any]:
    """Ask for hot names at `SHARE` of the capacity for as long as it takes to import `body`.

    The processes of the node may use all processors afterwards.
    """
    port, count = node.address("handle")[1], body.count(b"\n")
    with over_udp(asked.workload) as ask:
        capacity = ask(port, seconds=2 * _SECONDS).rate
        nodes.unpin(node)

        def gently(number: int) -> Tally:
            start = round(number * SHARE * capacity * _SECONDS)
            return ask(port, seconds=_SECONDS, rate=SHARE * capacity, start=start)

        before = [gently(number) for number in range(_RUNS)]
        # A process of its own: sending a body must not hold up the asking.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as sender:
            sender.submit(os.getpid).result()
            began = monotonic()
            sending = sender.submit(importing.bulk, node, key, body)
            beside: list[Tally] = []
            while not sending.done():
                beside.append(gently(len(beside)))
            created = sending.result()["created"]
            took = monotonic() - began
    return {
        "import_rate": round(count / took),
        "asked_a_second": round(SHARE * capacity),
        "answered_a_second": round(statistics.median(t.rate for t in beside)),
        "p50_ms": _milliseconds(t.p50 for t in beside),
        "p99_ms": _milliseconds(t.p99 for t in beside),
        "p99_ms_without_import": _milliseconds(t.p99 for t in before),
        "lost": sum(t.lost for t in before + beside),
        "wrong": sum(t.wrong for t in before + beside) + count - created,
    }


def _milliseconds(seconds: Iterable[float]) -> float:
    return round(statistics.median(seconds) * 1e3, 3)
