"""A body cut into rows that are judged by themselves. Pure."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, Protocol

import msgspec

from identifiers.wire import cborform, csvform, jsonbatch, jsonlines
from identifiers.wire.rows import FramingLost, RowReader
from registry.reading.alike import AlikeLines
from registry.reading.alike_items import AlikeItems
from registry.reading.judging import Bad, JudgedRow, judged


class _Judge(Protocol):
    """Cuts a body into rows and judges them; see `Rows` and `identifiers.wire.rows.RowReader`."""

    def feed(self, data: bytes, at: int) -> Iterator[JudgedRow]: ...

    def finish(self, at: int) -> Iterator[JudgedRow]: ...


class _EachRow:
    """Judges what a `RowReader` gives, row by row."""

    def __init__(self, reader: RowReader) -> None:
        self._reader = reader

    def feed(self, data: bytes, at: int) -> Iterator[JudgedRow]:
        return (judged(row, at) for row in self._reader.feed(data))

    def finish(self, at: int) -> Iterator[JudgedRow]:
        return (judged(row, at) for row in self._reader.finish())


FORMS: Final[Mapping[str, Callable[[int], _Judge]]] = MappingProxyType(
    {
        jsonlines.MEDIA_TYPE: AlikeLines,
        csvform.MEDIA_TYPE: lambda done: _EachRow(csvform.CsvRows(done=done)),
        csvform.GB18030_MEDIA_TYPE: lambda done: _EachRow(
            csvform.CsvRows(done=done, encoding=csvform.GB18030)
        ),
        cborform.SEQUENCE_MEDIA_TYPE: lambda done: _EachRow(cborform.CborRows(done=done)),
    }
)
"""The forms that can be imported, by media type; each reader is told how many octets are done."""
BATCH: Final = jsonbatch.MEDIA_TYPE
"""The form of a batch; it is read whole."""
BATCH_LIMIT: Final = jsonbatch.MAX_ITEMS


class Block(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The rows that end within the first `fed` octets and were not given before.

    `lost`: behind them no row can be told from the next, and the last one says why.
    """

    rows: tuple[JudgedRow, ...]
    fed: int
    lost: bool


class Rows:
    """Cuts a body into rows and judges them. The first `done` octets were dealt with before."""

    def __init__(self, form: str, done: int) -> None:
        self._judge = AlikeItems() if form == BATCH else FORMS[form](done)
        self._fed = 0
        self._lost = False

    def feed(self, data: bytes, at: int) -> Block:
        """Take the next piece of the body, at an epoch second, and give the rows it completes."""
        self._fed += len(data)
        return self._block(self._judge.feed(data, at))

    def finish(self, at: int) -> Block:
        """Give the rows that the end of the body completes."""
        return self._block(self._judge.finish(at))

    def _block(self, rows: Iterator[JudgedRow]) -> Block:
        found: list[JudgedRow] = []
        if not self._lost:
            try:
                for row in rows:
                    found.append(row)  # noqa: PERF402 -- kept when rows are lost
            except FramingLost as lost:
                self._lost = True
                found.append(Bad(lost.number, self._fed, "", lost.faults))
        return Block(tuple(found), self._fed, self._lost)
