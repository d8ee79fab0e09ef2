"""What the kernel says about the processor time of another process."""

import os
from pathlib import Path
from typing import Final

from node.silence import Spent

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PROC: Final = Path("/proc")


def spent(process: int, proc: Path = _PROC) -> Spent | None:
    """Return what its main thread spent; None: it has ended, or there is no such ``/proc``."""
    # /proc/PID/stat would give the sum of all threads, and /proc/PID/schedstat the main one.
    thread = proc / str(process) / "task" / str(process)
    try:
        told = (thread / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # proc_pid_stat(5): the name in parentheses may hold anything; after it state (3rd), utime
    # (14th) and stime (15th).
    fields = told.rpartition(")")[2].split()
    return Spent(
        ran=(int(fields[11]) + int(fields[12])) / _TICKS,
        waited=_waited(thread),
        runnable=fields[0] == "R",
    )


def _waited(thread: Path) -> float:
    # Documentation/scheduler/sched-stats.rst: ns on a processor, ns waiting for one, turns.
    try:
        _, waited, _ = (thread / "schedstat").read_text(encoding="ascii").split()
    except OSError:  # a kernel built without it
        return 0.0
    return int(waited) / 1e9
