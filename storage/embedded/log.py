"""A server's log file, which a server that knows nothing of it cannot grow without end."""

import os
import shutil
from pathlib import Path

LIMIT = 8 * 1024 * 1024
"""Size in bytes from which the log moves to ``<name>.1``; both together stay near twice this."""

_TAIL_BYTES = 4096


class BoundedLog:
    """The file that a child's stdout and stderr append to.

    The child holds the descriptor, so the file is copied and cut in place instead of renamed.
    What is written between the copy and the cut is lost: bounded disk use is worth a line.
    """

    def __init__(self, path: Path, limit: int = LIMIT) -> None:
        self._path = path
        self._limit = limit
        self._start = 0

    def open(self) -> int:
        """Give a descriptor for a child to append to; the caller closes its own copy."""
        self.trim()
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._start = os.fstat(descriptor).st_size
        return descriptor

    def trim(self) -> None:
        """Move the content to ``<name>.1`` where it has reached the limit."""
        if not self._path.exists() or self._path.stat().st_size < self._limit:
            return
        older = self._path.with_name(f"{self._path.name}.1")
        shutil.copy(self._path, older)
        os.truncate(self._path, 0)
        self._start = 0

    def tail(self) -> str:
        """What was written since `open`, its last few KiB, for an error message."""
        with self._path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(self._start, end - _TAIL_BYTES))
            return file.read().decode(errors="replace").strip()
