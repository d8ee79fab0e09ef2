"""A worker's memory in huge pages, where the kernel lets programs ask for them.

A worker that holds a million names reads, for an answer, a few of some 200,000 pages of 4 KiB; the
processor remembers where some 2,000 are, and must look up all others first. Pages of 2 MiB are some
400. Python asks for its memory in pieces of 1 MiB, each of which the kernel fills with small pages:
they are made one afterwards, in a thread, with a pause after each.
"""

import asyncio
import ctypes
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import structlog

LOOK: Final = 10.0
"""Seconds between two looks at what has come."""
PAUSE: Final = 0.5
"""Seconds after a page was made, in which the process works on: making one may stop it for 5 ms."""
_QUICK: Final = 0.0001
"""Seconds in which the kernel says that there is one already."""
_LARGEST: Final = 2 << 20
"""Larger ones, of machines whose small pages have 64 KiB, would take memory that nobody uses."""
_KERNEL: Final = Path("/sys/kernel/mm/transparent_hugepage")
_MAPS: Final = Path("/proc/self/maps")
_PRIVATE: Final = re.compile(
    r"^([0-9a-f]+)-([0-9a-f]+) rw-p \S+ \S+ 0 *(?:\[heap\])?$", re.MULTILINE
)
# <linux/mman.h>; the second since Linux 6.1
_MADV_HUGEPAGE: Final = 14
_MADV_COLLAPSE: Final = 25

_log = structlog.get_logger(__name__)

Advise = Callable[[int, int, int], bool]
"""Tells the kernel of an address, so many octets and an advice; False: it does not take it."""


def size(kernel: Path = _KERNEL) -> int | None:
    """Return the octets of a huge page; None where there are none to be had, or none are wanted."""
    try:
        told = int((kernel / "hpage_pmd_size").read_text(encoding="ascii"))
        never = "[never]" in (kernel / "enabled").read_text(encoding="ascii")
    except (OSError, ValueError):  # a kernel, or a container, without them
        return None
    return None if never or not 0 < told <= _LARGEST else told


def places(maps: str, octets: int) -> Iterator[int]:
    """Yield addresses in memory of our own where a page fits; `maps`: see proc_pid_maps(5)."""
    for found in _PRIVATE.finditer(maps):
        first, end = int(found[1], 16), int(found[2], 16)
        yield from range(-(-first // octets) * octets, end - octets + 1, octets)


def advise(address: int, octets: int, advice: int) -> bool:
    """Call madvise(2)."""
    return not _libc.madvise(address, octets, advice)


def make(
    octets: int,
    pause: Callable[[float], bool],
    tell: Advise = advise,
    clock: Callable[[], float] = time.monotonic,
    maps: Path = _MAPS,
) -> bool:
    """Make huge pages of all places that have come; False: the kernel makes none.

    `pause` waits for so many seconds and says whether to stop. Raises `OSError` where this process
    may not see what memory it has.
    """
    made = refused = 0
    # Names of files may have any octets, and none of them is of interest.
    for place in places(maps.read_text(encoding="latin-1"), octets):
        began = clock()
        # What is free again meanwhile, or has no page left for it, is seen again at the next look.
        done = tell(place, octets, _MADV_HUGEPAGE) and tell(place, octets, _MADV_COLLAPSE)
        made, refused = made + done, refused + (not done)
        if clock() - began > _QUICK and pause(PAUSE):
            return True
    return made > 0 or not refused


async def keep(maps: Path = _MAPS) -> None:
    """Make huge pages of this process's memory until cancelled, or for as long as there are any.

    Never fails: a worker serves as well without, if not as fast.
    """
    octets = size()
    stop = threading.Event()
    try:
        while octets is not None:
            await asyncio.sleep(LOOK)
            if not await asyncio.to_thread(make, octets, stop.wait, maps=maps):
                return
    except OSError as why:
        _log.info("no huge pages", why=str(why))
    finally:
        stop.set()


_libc: Final = ctypes.CDLL(None, use_errno=True)
_libc.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
