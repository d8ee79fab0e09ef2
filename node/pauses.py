"""How long the garbage collector stops this process."""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from node.metrics import Family, Labels, counter, gauge


class Pauses:
    """Stops of the collector while the process serves. Times are seconds."""

    def __init__(self, serving: Callable[[], bool]) -> None:
        self._serving = serving
        self._began = 0.0
        self._total = 0.0
        self._longest = 0.0

    def __call__(self, phase: str, _told: dict[str, int]) -> None:
        """Note that a collection begins, or has ended (`gc.callbacks`)."""
        # Of this thread: what others on the same processor take of a stop is not the collector's.
        now = time.thread_time()
        if phase == "start":
            self._began = now
            return
        if not self._serving():
            return  # what was imported is collected before the process serves
        took = now - self._began
        self._total += took
        self._longest = max(self._longest, took)

    def families(self, process: str) -> list[Family]:
        """Return them as metrics."""
        labels: Labels = (("process", process),)
        return [
            counter(
                "process_gc_pause_seconds_total",
                "Processor seconds for which the garbage collector stopped the process.",
                {labels: self._total},
            ),
            gauge(
                "process_gc_pause_longest_seconds",
                "The longest of these stops since the process serves.",
                {labels: self._longest},
            ),
        ]


@contextmanager
def watched(serving: Callable[[], bool]) -> Iterator[Pauses]:
    """Watch the collector until the block ends; what it does while not `serving` does not count."""
    pauses = Pauses(serving)
    gc.callbacks.append(pauses)
    try:
        yield pauses
    finally:
        gc.callbacks.remove(pauses)
