"""Identifiers as newline-delimited JSON: one in the JSON form on each line.

Lines end with LF or CR LF, the last one may end with the input. Blank lines are skipped and
counted. A byte order mark before the first line is passed over. A line longer than 1 MiB is
refused as a row, without being kept.
"""

from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import Final

import msgspec

from identifiers.faults import Fault, Invalid
from identifiers.records import State
from identifiers.wire.jsonfast import read_line
from identifiers.wire.jsonform import write_record
from identifiers.wire.rows import MAX_ROW_BYTES, Refused, Row, handle_in

MEDIA_TYPE: Final = "application/x-ndjson"


Line = tuple[int, int, bytes | Refused]
"""The number of a line from 1, the octet behind it, and what stands there without its line feed."""


class Lines:
    """Cuts an input that comes in pieces into its lines; blank ones are not given.

    `done`, `feed` and `finish` are those of a `RowReader`.
    """

    def __init__(self, *, done: int = 0, limit: int = MAX_ROW_BYTES) -> None:
        self._done = done
        self._limit = limit
        self._number = 0
        self._offset = 0
        self._kept = bytearray()
        self._size = 0

    def feed(self, data: bytes) -> Iterator[Line]:
        """Take a piece and give the lines that it completes."""
        *ends, rest = data.split(b"\n")
        for end in ends:
            size = len(end)
            if (
                self._size
                or not self._number
                or self._offset < self._done
                or size > self._limit
                or not end
                or end.isspace()
            ):
                yield from self._line(end, 1)
            else:
                # The common one without a call: bulk input has 40,000 a second.
                self._number += 1
                self._offset += size + 1
                yield self._number, self._offset, end
        self._size += len(rest)
        if self._size > self._limit:
            self._kept.clear()
        else:
            self._kept += rest

    def finish(self) -> Iterator[Line]:
        """Give the last line when nothing ended it."""
        if self._size:
            yield from self._line(b"", 0)

    def _line(self, end: bytes, feed: int) -> tuple[Line, ...]:
        line, size = end, len(end)
        if self._size:
            line, size = bytes(self._kept) + end, self._size + size
            self._kept.clear()
            self._size = 0
        self._number += 1
        self._offset += size + feed
        if self._number == 1:
            line = line.removeprefix(BOM_UTF8)
        if self._offset <= self._done:
            return ()
        if size > self._limit:
            params: dict[str, str | int] = {"size": size, "unit": "bytes", "limit": self._limit}
            refused = Refused((Fault("too_long", params=params),))
            return ((self._number, self._offset, refused),)
        if line and not line.isspace():
            return ((self._number, self._offset, line),)
        return ()


class JsonLines:
    """A `RowReader` of newline-delimited JSON. Never loses its rows."""

    def __init__(self, *, done: int = 0, limit: int = MAX_ROW_BYTES) -> None:
        self._lines = Lines(done=done, limit=limit)

    def feed(self, data: bytes) -> Iterator[Row]:
        """Take a piece and give the rows that it completes."""
        return map(read_row, self._lines.feed(data))

    def finish(self) -> Iterator[Row]:
        """Give the last row when nothing ended its line."""
        return map(read_row, self._lines.finish())


def read_row(line: Line) -> Row:
    """Read the identifier on a line."""
    number, end_offset, text = line
    if isinstance(text, Refused):
        return Row(number, end_offset, text)
    try:
        return Row(number, end_offset, read_line(text))
    except Invalid as invalid:
        return Row(number, end_offset, Refused(invalid.faults, _handle_of(text)))


def _handle_of(line: bytes) -> str:
    # Only to name a refused row: the lenient decoder will do, and may fail.
    try:
        return handle_in(msgspec.json.decode(line))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""


def write_line(
    handle: str, blob: bytes, state: State = State.ACTIVE, template: str | None = None
) -> bytes:
    """Write one identifier and a line feed. Raises `ProtocolError` for a broken blob."""
    return write_record(handle, blob, state, template) + b"\n"
