"""What an input made our decoders do: the lines it reached and how many steps it took."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import identifiers

ROOT = Path(identifiers.__file__).parent
Line = tuple[str, int]


class Trace:
    """`lines` are those reached so far, `steps` the lines executed under the last `watching`."""

    def __init__(self) -> None:
        self.lines: set[Line] = set()
        self.steps = 0
        self._watched: dict[str, bool] = {}

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Count what the decoders do within. Takes the place of any other tracer meanwhile."""
        self.steps = 0
        before = sys.gettrace()
        sys.settrace(self._call)
        try:
            yield
        finally:
            sys.settrace(before)

    def _call(self, frame: FrameType, _event: str, _arg: Any) -> Any:
        name = frame.f_code.co_filename
        watched = self._watched.get(name)
        if watched is None:
            watched = self._watched[name] = Path(name).is_relative_to(ROOT)
        return self._line if watched else None

    def _line(self, frame: FrameType, event: str, _arg: Any) -> Any:
        if event == "line":
            self.steps += 1
            self.lines.add((frame.f_code.co_filename, frame.f_lineno))
        return self._line


def lines_of(path: Path) -> set[Line]:
    """Every line within the functions of a module: what running decoders could reach."""
    module = compile(path.read_text(), str(path), "exec")
    found: set[Line] = set()
    waiting = [c for c in module.co_consts if isinstance(c, CodeType)]
    while waiting:
        code = waiting.pop()
        waiting += [c for c in code.co_consts if isinstance(c, CodeType)]
        if code.co_flags & 0x2:  # CO_NEWLOCALS as functions have; a class's body runs at import
            first = code.co_firstlineno
            found |= {
                (str(path), line) for _, _, line in code.co_lines() if line not in (None, first)
            }
    return found
