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
from identifiers.submissions import Submission
from identifiers.wire.jsonfast import read_line
from identifiers.wire.jsonform import write_record
from identifiers.wire.rows import MAX_ROW_BYTES, Refused, Row, handle_in

MEDIA_TYPE: Final = "application/x-ndjson"


class JsonLines:
    """A `RowReader` of newline-delimited JSON. Never loses its rows."""

    def __init__(self, *, done: int = 0, limit: int = MAX_ROW_BYTES) -> None:
        self._done = done
        self._limit = limit
        self._number = 0
        self._offset = 0
        self._kept = bytearray()
        self._size = 0

    def feed(self, data: bytes) -> Iterator[Row]:
        """Take a piece and give the rows that it completes."""
        *ends, rest = data.split(b"\n")
        for end in ends:
            line, size = self._line(end)
            self._offset += size + 1
            yield from self._rows(line, size)
        self._size += len(rest)
        if self._size > self._limit:
            self._kept.clear()
        else:
            self._kept += rest

    def finish(self) -> Iterator[Row]:
        """Give the last line when nothing ended it."""
        if self._size:
            line, size = self._line(b"")
            self._offset += size
            yield from self._rows(line, size)

    def _line(self, end: bytes) -> tuple[bytes, int]:
        size = self._size + len(end)
        line = bytes(self._kept) + end if self._kept else end
        self._kept.clear()
        self._size = 0
        self._number += 1
        return (line if self._number > 1 else line.removeprefix(BOM_UTF8)), size

    def _rows(self, line: bytes, size: int) -> Iterator[Row]:
        if self._offset <= self._done:
            return
        if size > self._limit:
            params: dict[str, str | int] = {"size": size, "unit": "bytes", "limit": self._limit}
            refused = Refused((Fault("too_long", params=params),))
            yield Row(self._number, self._offset, refused)
        elif line and not line.isspace():
            yield Row(self._number, self._offset, _read_or_refuse(line))


def _read_or_refuse(line: bytes) -> Submission | Refused:
    try:
        return read_line(line)
    except Invalid as invalid:
        return Refused(invalid.faults, _handle_of(line))


def _handle_of(line: bytes) -> str:
    # Only to name a refused row: the lenient decoder will do, and may fail.
    try:
        return handle_in(msgspec.json.decode(line))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""


def write_line(handle: str, blob: bytes, state: State = State.ACTIVE) -> bytes:
    """Write one identifier and a line feed. Raises `ProtocolError` for a broken blob."""
    return write_record(handle, blob, state) + b"\n"
