"""What a move in or out could not take over: told on stderr up to a number, in a file whole."""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from node.commands.ask import shown
from node.commands.transfer import opened
from node.refusals import NotDone

_SHOWN: Final = 20
"""What is told on stderr; a report file has everything."""


class Left(msgspec.Struct, frozen=True):
    """One thing that was not taken over; `line` 0: told of a handle, not of a line."""

    handle: str
    why: str
    line: int = 0


class Report:
    """Gathers what was not taken over."""

    def __init__(self, path: Path | None, stack: ExitStack) -> None:
        self.count = 0
        self._path = path
        self._file: BinaryIO | None = None
        if path is not None:
            self._file = stack.enter_context(opened(path))

    def add(self, left: Left) -> None:
        """Note one."""
        self.count += 1
        if self._file is not None:
            self._file.write(msgspec.json.encode(left) + b"\n")
        if self.count <= _SHOWN:
            self.mention(left)

    def mention(self, left: Left) -> None:
        """Tell one, without counting it."""
        line = f"line {left.line}" if left.line else ""
        place = " ".join(filter(None, (line, left.handle)))
        sys.stderr.write(f"  {shown(': '.join(filter(None, (place, left.why))))}\n")

    def finish(self) -> None:
        """Tell how many there were. Raises `NotDone` if there were any."""
        if not self.count:
            return
        where = "" if self._path is None else f", all of them in {self._path}"
        if self._path is None and self.count > _SHOWN:
            where = ": --report FILE writes all of them"
        raise NotDone(f"{self.count} not taken over{where}")
