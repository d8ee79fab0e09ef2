"""How soon look-ups are answered while a bulk import runs."""

import os
import statistics
from collections.abc import Callable, Iterable
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

    First with the worker on a processor of its own, driver and import on the other, then, as
    `on_all_processors`, with all of the node where it likes, which it may be afterwards.
    """
    port = node.address("handle")[1]
    lines = body.splitlines(keepends=True)
    halves = [b"".join(lines[at::2]) for at in range(2)]
    with over_udp(asked.workload) as ask:
        rate = SHARE * ask(port, seconds=2 * _SECONDS).rate

        def gently(number: int) -> Tally:
            return ask(port, seconds=_SECONDS, rate=rate, start=round(number * rate * _SECONDS))

        told = {"asked_a_second": round(rate)} | _beside(node, key, halves[0], gently)
        nodes.unpin(node)
        told["on_all_processors"] = _beside(node, key, halves[1], gently)
    return told


def _beside(
    node: nodes.Node, key: str, body: bytes, gently: Callable[[int], Tally]
) -> dict[str, Any]:
    count = body.count(b"\n")
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
        "answered_a_second": round(statistics.median(t.rate for t in beside)),
        "p50_ms": _milliseconds(t.p50 for t in beside),
        "p99_ms": _milliseconds(t.p99 for t in beside),
        "p99_ms_without_import": _milliseconds(t.p99 for t in before),
        "lost": sum(t.lost for t in before + beside),
        "wrong": sum(t.wrong for t in before + beside) + count - created,
    }


def _milliseconds(seconds: Iterable[float]) -> float:
    return round(statistics.median(seconds) * 1e3, 3)
