"""Samples where a worker is, a thousand times a second, and what it worked since the last sample.

Python imports a module of this name in every process that starts with this folder in PYTHONPATH
(`site`); only workers of a node go on. On SIGRTMIN what was seen so far is written to the folder
that BENCH_SAMPLES names, as JSON by file and line, and forgotten. Python handles a signal when a
call has returned: what C does counts for the line that called it. Timers of processor time would go
off with the kernel's tick only, a hundred times a second.
"""
# ruff: noqa: INP001 -- Python looks for it by this name, in no package

import json
import os
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Final

_APART: Final = 0.001
"""Seconds between samples."""
_IDLE: Final = 100_000
"""Nanoseconds of work since the last sample up to which it was the sample that woke the process."""


class Samples:
    """Where this process was seen."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / f"{os.getpid()}.json"
        self._seen: Counter[tuple[str, str, int]] = Counter()
        self._worked = time.thread_time_ns()

    def take(self, _: int, frame: FrameType | None) -> None:
        """Note where the program is and the nanoseconds it worked for (a signal handler)."""
        before, self._worked = self._worked, time.thread_time_ns()
        if frame is not None and self._worked - before > _IDLE:
            code = frame.f_code
            place = code.co_filename, code.co_qualname, frame.f_lineno
            self._seen[place] += self._worked - before

    def tell(self, _: int, __: FrameType | None) -> None:
        """Write down what was seen, whole or not at all, and begin anew (a signal handler)."""
        seen, self._seen = self._seen, Counter()  # a sample may be taken on the way
        rows = [[*place, worked] for place, worked in seen.items()]
        unfinished = self._file.with_suffix(".new")
        unfinished.write_text(json.dumps(rows))
        unfinished.replace(self._file)


def begin(folder: Path) -> None:
    """Sample this process until it ends."""
    samples = Samples(folder)
    signal.signal(signal.SIGALRM, samples.take)
    signal.signal(signal.SIGRTMIN, samples.tell)
    signal.setitimer(signal.ITIMER_REAL, _APART, _APART)


_folder = os.environ.get("BENCH_SAMPLES")
if _folder and any(word.startswith("worker") for word in sys.orig_argv):
    begin(Path(_folder))
