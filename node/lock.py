"""One node per data directory.

Two locks (flock(2)), because a killed supervisor leaves children for a moment: one that only the
supervisor holds, which tells a second start at once that a node runs, and one that all its children
inherit, which is free exactly when the last of them has ended and with them their ports.
"""

import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from storage.embedded.lock import exclusive, note_holder, try_lock

_PATIENCE: Final = 10.0
"""Seconds for the children of a killed node to end."""


class AlreadyRunning(RuntimeError):
    """Another node works in the data directory."""

    def __init__(self, data_dir: Path, pid: int) -> None:
        self.pid: Final = pid
        super().__init__(
            f"a node is already running on {data_dir} (pid {pid}); stop it first, or choose another"
            " IDNODE_DATA_DIR"
        )


@contextlib.asynccontextmanager
async def only_node(data_dir: Path, name: str) -> AsyncIterator[int]:
    """Be the only node called `name` on `data_dir`; gives the descriptor for children to inherit.

    Raises `AlreadyRunning`, or `AlreadyRunningError` when children of a killed node do not end.
    """
    path = data_dir / f"{name}.lock"
    descriptor = try_lock(path)
    if descriptor is None:
        raise AlreadyRunning(data_dir, int(path.read_text(encoding="ascii") or 0))
    try:
        note_holder(descriptor, os.getpid())
        children = data_dir / f"{name}.children.lock"
        what = f"what is left of a killed node on {data_dir}"
        async with exclusive(children, what=what, patience=_PATIENCE) as inherited:
            yield inherited
    finally:
        os.close(descriptor)
