"""What every reader of bulk input gives: one row for each identifier, good or refused."""

from collections.abc import Iterator, Sequence
from typing import Final, Protocol

import msgspec

from identifiers.faults import Fault, Invalid
from identifiers.submissions import Submission

MAX_ROW_BYTES: Final = 1 << 20
"""Longest line, table row or CBOR item."""


class Refused(msgspec.Struct, frozen=True):
    """An identifier that cannot be read, by name where that much is known."""

    faults: tuple[Fault, ...]
    handle: str = ""


class Row(msgspec.Struct, frozen=True, gc=False):
    """One row of an input.

    `number` counts from 1: lines of a text, items of a sequence. `end_offset` is the byte behind
    the row, where a reader may begin again. A row is good or refused.
    """

    number: int
    end_offset: int
    content: Submission | Refused


class FramingLost(Invalid):
    """The input has lost its rows: nothing behind `end_offset` can be told apart."""

    def __init__(self, faults: Sequence[Fault], number: int, end_offset: int) -> None:
        self.number: Final = number
        """The row that was being read."""
        self.end_offset: Final = end_offset
        """Where that row began."""
        super().__init__(faults)


class RowReader(Protocol):
    """Reads an input that comes in pieces, at constant memory.

    Exhaust each iterator before the next call. Rows that end at or before the byte `done` (an
    argument of each constructor) were dealt with before: they are counted and not given again.
    After `FramingLost` the reader is of no more use.
    """

    def feed(self, data: bytes) -> Iterator[Row]:
        """Take a piece and give the rows that it completes. Raises `FramingLost`."""
        ...

    def finish(self) -> Iterator[Row]:
        """Give what the end of the input completes. Raises `FramingLost` inside of a row."""
        ...


def handle_in(document: object) -> str:
    """Return the handle that a document names, empty when it names none."""
    if isinstance(document, dict):
        handle = document.get("handle")
        if isinstance(handle, str):
            return handle
    return ""
