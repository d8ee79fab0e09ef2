"""How soon look-ups are answered while a bulk import runs, both on all processors."""

import os
import statistics
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from time import monotonic
from typing import Any, Final

from loadtest.bench import comparing, datagrams, importing, nodes
from loadtest.bench.datagrams import Tally

SHARE: Final = 0.3
"""Of the capacity over UDP, is asked."""
_OPEN: Final = 2048
"""Questions in flight after which open load would wait."""
_SECONDS: Final = 0.5
"""Of each run; the median of their p99 counts."""


def measure(
    node: nodes.Node, key: str, questions: list[bytes], lines: Iterable[bytes], capacity: float
) -> dict[str, Any]:
    """Ask `questions` over UDP at `SHARE` of `capacity` for as long as it takes to import `lines`.

    The processes of the node may use all processors afterwards.
    """
    _unpin(node)
    answers = comparing.ask_over_tcp(node, questions)
    sizes = [len(answers[question]) for question in questions]
    body = b"".join(lines)
    count = body.count(b"\n")

    def ask() -> Tally:
        return datagrams.drive(
            node.address("handle"),
            questions,
            sizes,
            seconds=_SECONDS,
            window=_OPEN,
            rate=SHARE * capacity,
        )

    before = [ask() for _ in range(5)]
    # A process of its own: sending a body must not hold up the asking.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as sender:
        sender.submit(os.getpid).result()
        began = monotonic()
        sending = sender.submit(importing.bulk, node, key, body)
        beside = []
        while not sending.done():
            beside.append(ask())
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


def _unpin(node: nodes.Node) -> None:
    every = range(os.cpu_count() or 1)
    for pid in (os.getpid(), *(p for each in node.processes().values() for p in each)):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), every)
