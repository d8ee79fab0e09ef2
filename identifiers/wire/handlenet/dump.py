"""JSON dumps of Handle.Net servers, read record by record: one object of any size.

``{"homedPrefixes": ["0.NA/…", …], "handleRecords": {"<handle>": {"handle", "values"}, …}}``. This
reader finds where each record begins and ends and gives its octets; what is in it is for the
reader of the JSON form, which is the same.
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from identifiers.faults import Fault
from identifiers.wire.rows import MAX_ROW_BYTES, FramingLost

_LONGEST: Final = 16 * MAX_ROW_BYTES
"""What may be kept of one record, or of what is no record."""
_TOKEN: Final = re.compile(rb'"((?:[^"\\]|\\.)*)(")?|[{}\[\]]', re.DOTALL)
_LINE_ENDS: Final = b"\r\n"
_BLANK: Final = b"\xef\xbb\xbf \t\r\n"
_INSIDE: Final = 2
"""How deep the members of a section are."""
_PREFIXES: Final = "homedPrefixes"
_RECORDS: Final = "handleRecords"
_SECTIONS: Final = (_PREFIXES, _RECORDS)
_NO_DUMP: Final = "no dump: it must be one object with handleRecords"


class Homed(msgspec.Struct, frozen=True):
    """A prefix that the server was responsible for, as ``0.NA/<prefix>``."""

    prefix: str


class Record(msgspec.Struct, frozen=True):
    """A handle record as a line of JSON."""

    line: bytes


class TooLong(msgspec.Struct, frozen=True):
    """A record that is longer than a row may be."""

    handle: str
    octets: int


class PassedOver(msgspec.Struct, frozen=True):
    """A member of the dump that means nothing here."""

    name: str


Item = Homed | Record | TooLong | PassedOver


class DumpReader:
    """Reads a dump in pieces. Raises `FramingLost` for what is no dump, or ends early."""

    def __init__(self) -> None:
        self._buffer = b""
        self._at = 0
        self._record: int | None = None
        self._depth = 0
        self._section = ""
        self._name = ""
        self._ended = False
        self._count = 0

    def feed(self, data: bytes) -> Iterator[Item]:
        """Take a piece and give what it completes."""
        self._buffer += data
        for token in _TOKEN.finditer(self._buffer, self._at):
            if token[1] is not None and token[2] is None:
                self._at = token.start()  # the string goes on in the next piece
                break
            self._at = token.end()
            if token[1] is None:
                yield from self._bracket(token[0], token.start())
            else:
                yield from self._string(token[1])
        if not self._depth and self._buffer[self._at :].strip(_BLANK):
            raise self._lost(_NO_DUMP)
        self._drop()

    def finish(self) -> Iterator[Item]:
        """Give nothing more; a dump that is cut off is told."""
        if not self._ended:
            raise self._lost("the dump ends in the middle" if self._depth else _NO_DUMP)
        yield from ()

    def _bracket(self, token: bytes, start: int) -> Iterator[Item]:
        if token in b"{[":
            if self._ended or (not self._depth and token == b"["):
                raise self._lost(_NO_DUMP)
            self._depth += 1
            if self._depth == _INSIDE and self._section not in _SECTIONS:
                yield PassedOver(self._section)
            elif self._depth == _INSIDE + 1 and self._section == _RECORDS:
                self._record = start
            return
        self._depth -= 1
        if self._record is not None and self._depth == _INSIDE:
            yield self._whole(self._buffer[self._record : self._at])
            self._record = None
        elif self._depth == 0:
            self._ended = True
        elif self._depth < 0:
            raise self._lost(_NO_DUMP)

    def _string(self, content: bytes) -> Iterator[Item]:
        if self._depth == 0:
            raise self._lost(_NO_DUMP)
        if self._depth == _INSIDE - 1:
            self._section = _text(content)
        elif self._depth == _INSIDE and self._section == _RECORDS:
            self._name = _text(content)
        elif self._depth == _INSIDE and self._section == _PREFIXES:
            yield Homed(_text(content))

    def _whole(self, octets: bytes) -> Record | TooLong:
        self._count += 1
        if len(octets) > MAX_ROW_BYTES:
            return TooLong(self._name, len(octets))
        # No string holds a raw line end, so this only joins the lines of a pretty dump.
        return Record(octets.translate(None, _LINE_ENDS))

    def _drop(self) -> None:
        """Forget what is dealt with."""
        done = self._at if self._record is None else self._record
        if len(self._buffer) - done > _LONGEST:
            raise self._lost(f"more than {_LONGEST} octets in one record")
        self._buffer = self._buffer[done:]
        self._at -= done
        if self._record is not None:
            self._record = 0

    def _lost(self, why: str) -> FramingLost:
        return FramingLost([Fault("json.syntax", params={"why": why})], self._count + 1, 0)


def _text(content: bytes) -> str:
    try:
        return msgspec.json.decode(b'"%s"' % content, type=str)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return content.decode(errors="replace")
