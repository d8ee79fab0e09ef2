"""One server per place, over crashes too: a lock that the server's processes hold by themselves.

A flock(2) belongs to an open file.  The descriptor is inherited by the server and closed by us, so
the lock is free exactly when the last process of that server has ended, however it ended.  A start
that finds it taken waits, which is what makes a start right after ``kill -9`` of a node succeed:
the server of that node is shutting down and needs a moment.
"""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from storage.embedded.errors import AlreadyRunningError

_POLL_SECONDS = 0.02


@asynccontextmanager
async def exclusive(
    path: Path, *, what: str, patience: float, stranger: Callable[[], int | None] = lambda: None
) -> AsyncIterator[int]:
    """Hold the lock for a block; yields its descriptor, to be inherited by the server.

    Args:
        path: the lock's file.
        what: the server, for the message.
        patience: seconds to wait for another server to end.
        stranger: gives the pid of a server on the same files that does not know of the lock.

    Raises:
        AlreadyRunningError: after ``patience``.
    """
    clock = asyncio.get_running_loop().time
    give_up = clock() + patience
    while True:
        descriptor = try_lock(path)
        if descriptor is None:
            pid = _holder(path)
        else:
            try:
                pid = stranger()
                if pid is None:
                    yield descriptor
                    return
            finally:
                os.close(descriptor)
        if clock() >= give_up:
            raise AlreadyRunningError(what, pid)
        await asyncio.sleep(_POLL_SECONDS)


def try_lock(path: Path) -> int | None:
    """Take the lock without waiting and give its descriptor; ``None`` when somebody has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def note_holder(descriptor: int, pid: int) -> None:
    """Write into the lock who inherited it."""
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(pid).encode(), 0)


def _holder(path: Path) -> int | None:
    text = path.read_text(encoding="ascii")
    return int(text) if text else None
