"""Handle over TCP: how many answers a second when questions are pipelined."""

from typing import Any, Final

from loadtest.bench import comparing, hot, nodes
from loadtest.bench.asking import over_tcp
from loadtest.bench.comparing import Contender
from loadtest.bench.hot import Hot

_BATCH: Final = 32
_CONNECTIONS: Final = 4


def measure(node: nodes.Node, asked: Hot, seconds: float) -> dict[str, Any]:
    """Ask for hot names beside a bare echo; that they are known has warmed the worker."""
    with over_tcp(asked.workload) as ask, nodes.reference("tcp", asked.answers) as bare:

        def asks(pid: int, port: int) -> Contender:
            return Contender(
                pid,
                lambda number: ask(
                    port,
                    seconds=seconds,
                    connections=_CONNECTIONS,
                    per_batch=_BATCH,
                    start=hot.start(asked.asked.draws, number),
                ),
            )

        ours = asks(comparing.worker(node), node.address("handle")[1])
        runs = comparing.in_turn({"bare": asks(*bare), "node": ours})
    words = f"a bare asyncio echo, {_BATCH} requests pipelined"
    return comparing.beside(runs["node"], runs["bare"], words)
