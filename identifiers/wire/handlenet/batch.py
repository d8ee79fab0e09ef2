"""Batch files of Handle.Net, as its batch tool reads them: a line is a command, or belongs to one.

Keywords ignore case, lines end with LF or CR LF, there are no comments. Value lines follow CREATE,
ADD and MODIFY up to a blank line; one that cannot be read spoils its command as a whole. A command
in the place of a value line is one that cannot be read: it is not carried out either.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

import msgspec

from identifiers.values import MAX_INDEX, Value
from identifiers.wire.handle.codes import MAX_LIST
from identifiers.wire.handlenet.valuelines import BadLine, ReadFile, read_value, write_value
from identifiers.wire.rows import MAX_ROW_BYTES

MAX_LINE_BYTES: Final = MAX_ROW_BYTES


class Create(msgspec.Struct, frozen=True):
    """Register a handle that is not there."""

    handle: str
    values: tuple[Value, ...]


class Add(msgspec.Struct, frozen=True):
    """Add values whose indexes are free."""

    handle: str
    values: tuple[Value, ...]


class Modify(msgspec.Struct, frozen=True):
    """Replace values that are there."""

    handle: str
    values: tuple[Value, ...]


class Remove(msgspec.Struct, frozen=True):
    """Remove values that are there."""

    handle: str
    indexes: tuple[int, ...]


class Delete(msgspec.Struct, frozen=True):
    """Remove a handle."""

    handle: str


class Home(msgspec.Struct, frozen=True):
    """Make a server answer for prefixes (``0.NA/…``), or, with `end`, no longer."""

    prefixes: tuple[str, ...]
    end: bool


class Credentials(msgspec.Struct, frozen=True):
    """Says who runs the commands that follow: a server's business. Nothing secret is kept."""

    keyword: str


class Spoiled(msgspec.Struct, frozen=True):
    """Lines that cannot be read, and why."""

    why: str
    handle: str = ""


Content = Create | Add | Modify | Remove | Delete | Home | Credentials | Spoiled


class Operation(msgspec.Struct, frozen=True):
    """One command; `line` is where it begins, counted from 1."""

    line: int
    content: Content


class _Block(msgspec.Struct):
    """A command whose lines are being read; `why` says what spoiled it."""

    line: int
    keyword: str
    subject: str
    lines: list[str] = []
    values: list[Value] = []
    why: str = ""


_VALUED: Final[Mapping[str, type[Create] | type[Add] | type[Modify]]] = MappingProxyType(
    {"CREATE": Create, "ADD": Add, "MODIFY": Modify}
)
_HOMING: Final = ("HOME", "UNHOME")
_LOGIN: Final = "AUTHENTICATE"
"""The line behind it is a secret, or the name of a key file; nothing keeps or tells it."""
_SESSION: Final = "SESSIONSETUP"
_UNUSED: Final = (_LOGIN, _SESSION)
_KEYWORDS: Final = (*_VALUED, *_HOMING, "DELETE", "REMOVE", *_UNUSED)
_LIKE_A_VALUE: Final = re.compile(r" *[0-9]+ ", re.ASCII)
_REMOVAL: Final = re.compile(r"([0-9]{1,10}(?: *, *[0-9]{1,10})*) *: *(\S.*)", re.ASCII)


class BatchReader:
    """Reads a batch file in pieces. `read_file` gives the files that it names (`BadLine`)."""

    def __init__(self, read_file: ReadFile) -> None:
        self._read_file = read_file
        self._kept = b""
        self._number = 0
        self._block: _Block | None = None
        self._take: Callable[[str], Iterator[Operation]] = self._command

    def feed(self, data: bytes) -> Iterator[Operation]:
        """Take a piece and give the commands that it completes."""
        *lines, self._kept = (self._kept + data).split(b"\n")
        for line in lines:
            yield from self._line(line)
        if len(self._kept) > MAX_LINE_BYTES:
            # What follows belongs to this line too, and is as little use.
            self._kept = self._kept[: MAX_LINE_BYTES + 1]

    def finish(self) -> Iterator[Operation]:
        """Give what the end of the file completes."""
        if self._kept:
            yield from self._line(self._kept)
        yield from self._end()

    def _line(self, octets: bytes) -> Iterator[Operation]:
        self._number += 1
        if self._number == 1:
            octets = octets.removeprefix(b"\xef\xbb\xbf")
        if len(octets) > MAX_LINE_BYTES:
            yield from self._unreadable(f"the line has more than {MAX_LINE_BYTES} octets")
            return
        try:
            line = octets.decode().rstrip("\r")
        except UnicodeDecodeError as why:
            yield from self._unreadable(f"not UTF-8 at octet {why.start} of the line")
            return
        yield from self._take(line)

    def _unreadable(self, why: str) -> Iterator[Operation]:
        if self._block is None:
            yield Operation(self._number, Spoiled(why))
            return
        self._block.why = self._block.why or f"line {self._number}: {why}"
        if self._block.keyword == _LOGIN:
            yield from self._end()

    def _command(self, line: str) -> Iterator[Operation]:
        if not line.strip():
            return
        keyword, _, rest = line.strip().partition(" ")
        keyword, rest = keyword.upper(), rest.strip()
        if keyword not in _KEYWORDS:
            # What it says is not told: the line of a secret key may have been cut off its command.
            told = Spoiled(f"no command: a line begins with one of {', '.join(_KEYWORDS)}")
            yield Operation(self._number, told)
        elif not rest and keyword != _SESSION:
            yield Operation(self._number, Spoiled(f"{keyword} of what?"))
        elif keyword == "DELETE":
            yield Operation(self._number, Delete(rest))
        elif keyword == "REMOVE":
            yield Operation(self._number, _removal(rest))
        else:
            self._block = _Block(self._number, keyword, rest)
            self._take = partial(self._follow, self._block)

    def _follow(self, block: _Block, line: str) -> Iterator[Operation]:
        """Take a line behind a command."""
        if not line.strip() or block.keyword == _LOGIN:
            yield from self._end()
        elif block.keyword in _HOMING:
            block.lines.append(line.strip())
        elif block.why and not _LIKE_A_VALUE.match(line):
            # The reference reads commands again from here on.
            yield from self._end()
            yield from self._command(line)
        elif block.keyword in _VALUED and not block.why:
            self._value(block, line)

    def _end(self) -> Iterator[Operation]:
        block, self._block, self._take = self._block, None, self._command
        if block is not None:
            yield Operation(block.line, _whole(block))

    def _value(self, block: _Block, line: str) -> None:
        try:
            block.values.append(read_value(line, self._read_file))
        except BadLine as why:
            command = line.split(maxsplit=1)[0].upper()
            hint = f" ({command} needs a blank line before it)" if command in _KEYWORDS else ""
            block.why = f"line {self._number}: {why}{hint}"
        if len(block.values) > MAX_LIST:
            block.why = f"more than {MAX_LIST} values"
            block.values.clear()


def _whole(block: _Block) -> Content:
    if block.keyword in _HOMING and not block.why:
        return Home(tuple(block.lines), end=block.keyword == "UNHOME")
    if block.keyword in _UNUSED:
        return Credentials(block.keyword)
    valued = _VALUED.get(block.keyword)
    if valued is None or block.why or not block.values:
        return Spoiled(block.why or f"{block.keyword} without values", block.subject)
    return valued(block.subject, tuple(block.values))


def _removal(rest: str) -> Remove | Spoiled:
    found = _REMOVAL.fullmatch(rest)
    if found is None:
        return Spoiled("REMOVE is REMOVE <index>[,<index>…]:<handle>")
    indexes = tuple(int(index) for index in found[1].split(","))
    if max(indexes) > MAX_INDEX:
        return Spoiled(f"indexes go up to {MAX_INDEX}", found[2])
    return Remove(found[2], indexes)


class LeftOut(msgspec.Struct, frozen=True):
    """A value that a batch file cannot hold, and why; index 0: the whole handle."""

    handle: str
    index: int
    why: str


class Written(msgspec.Struct, frozen=True):
    """A handle as text of a batch file, with the files that the text names."""

    text: str
    files: tuple[tuple[str, bytes], ...]
    left_out: tuple[LeftOut, ...]


def write_create(handle: str, values: tuple[Value, ...], file_name: Callable[[], str]) -> Written:
    """Write one handle as a CREATE block.

    `file_name` gives a fresh name for each value that only a file can hold.
    """
    if handle.strip() != handle or not handle.isprintable():
        why = "the name begins or ends with a space, or has a control character"
        return Written("", (), (LeftOut(handle, 0, why),))
    lines, files, left_out = [f"CREATE {handle}"], [], []
    for value in values:
        name = file_name()
        try:
            line, content = write_value(value, name)
        except BadLine as why:
            left_out.append(LeftOut(handle, value.index, str(why)))
            continue
        lines.append(line)
        if content is not None:
            files.append((name, content))
    if len(lines) == 1:
        return Written("", (), (*left_out, LeftOut(handle, 0, "no value is left")))
    return Written("\n".join([*lines, "", ""]), tuple(files), tuple(left_out))
