"""A worker asks the kernel for short slices of the processor, so that it is let in sooner.

Datagrams come while something else runs there, an import above all, which is left its slice first:
up to some ticks of the kernel's clock. Whoever asks for shorter slices than that one has takes its
place at once, as long as it has not had more than its share; what it gets in all stays the same
(sched_setattr(2), ``sched_runtime`` of SCHED_OTHER, since Linux 6.12; former ones pass it by).
"""

import ctypes
import os
import platform
import struct
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import structlog

SHORT: Final = 100_000
"""Nanoseconds, the shortest that there are. The kernel's own are some milliseconds."""
# <linux/sched/types.h>: size, policy, flags, niceness, priority, runtime, deadline, period
_ATTRIBUTES: Final = struct.Struct("=IIQiIQQQ")
_CALLS: Final[Mapping[str, int]] = MappingProxyType(
    {"x86_64": 314, "aarch64": 274, "riscv64": 274, "ppc64le": 355, "s390x": 345}
)
"""Numbers of sched_setattr(2), for which few C libraries have a function."""

_log = structlog.get_logger(__name__)


def set_attributes(attributes: bytes) -> None:
    """Call sched_setattr(2) for this thread, whose children inherit it. Raises `OSError`."""
    number = _CALLS.get(platform.machine())
    if number is None:
        raise OSError(f"how to ask for it is not known of {platform.machine()}")
    if _libc.syscall(number, 0, attributes, 0):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def shorten(ask: Callable[[bytes], None] = set_attributes) -> None:
    """Ask for short slices for this thread.

    Never fails: a worker serves as well without, if not as soon.
    """
    niceness = os.getpriority(os.PRIO_PROCESS, 0)
    try:
        ask(_ATTRIBUTES.pack(_ATTRIBUTES.size, os.SCHED_OTHER, 0, niceness, 0, SHORT, 0, 0))
    except OSError as why:  # a filter of system calls, or a machine that few have
        _log.info("no short slices", why=str(why))


_libc: Final = ctypes.CDLL(None, use_errno=True)
