"""What can be said of a row by itself: it is fit to be decided, or what its faults are. Pure."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from identifiers.faults import Fault, Invalid
from identifiers.names import Handle
from identifiers.records import State
from identifiers.wire import cborform, csvform, jsonbatch, jsonlines
from identifiers.wire.handle.values import encode_values
from identifiers.wire.rows import FramingLost, Refused, Row, RowReader
from registry.submissions import fitted

FORMS: Final[Mapping[str, Callable[[int], RowReader]]] = MappingProxyType(
    {
        jsonlines.MEDIA_TYPE: lambda done: jsonlines.JsonLines(done=done),
        csvform.MEDIA_TYPE: lambda done: csvform.CsvRows(done=done),
        cborform.SEQUENCE_MEDIA_TYPE: lambda done: cborform.CborRows(done=done),
    }
)
"""The forms that can be imported, by media type; each reader is told how many octets are done."""
BATCH: Final = jsonbatch.MEDIA_TYPE
"""The form of a batch; it is read whole."""
BATCH_LIMIT: Final = jsonbatch.MAX_ITEMS


class Good(msgspec.Struct, frozen=True, array_like=True, tag=1, gc=False):
    """A row that keeps every rule that needs no store. `end` is the octet behind it.

    `values` are their wire form, each with the time `at` (an epoch second): a row that waits is a
    few octets, not a dozen objects. `plain`: certainly no secret key is among them, and no
    signature; secret keys are not sealed yet.
    """

    number: int
    end: int
    given: str
    prefix: str
    values: bytes
    state: State | None
    plain: bool
    at: int

    def handle(self) -> Handle:
        """Return the handle, split."""
        return Handle(self.given, self.prefix, self.given[len(self.prefix) + 1 :])


class Bad(msgspec.Struct, frozen=True, array_like=True, tag=2, gc=False):
    """A row that is refused for its faults, by name where that much is known."""

    number: int
    end: int
    handle: str
    faults: tuple[Fault, ...]


class Block(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The rows that end within the first `fed` octets and were not given before.

    `lost`: behind them no row can be told from the next, and the last one says why.
    """

    rows: tuple[Good | Bad, ...]
    fed: int
    lost: bool


class Rows:
    """Cuts a body into rows and judges them. The first `done` octets were dealt with before."""

    def __init__(self, form: str, done: int) -> None:
        self._reader = jsonbatch.JsonBatch() if form == BATCH else FORMS[form](done)
        self._fed = 0
        self._lost = False

    def feed(self, data: bytes, at: int) -> Block:
        """Take the next piece of the body, at an epoch second, and give the rows it completes."""
        self._fed += len(data)
        return self._block(self._reader.feed(data), at)

    def finish(self, at: int) -> Block:
        """Give the rows that the end of the body completes."""
        return self._block(self._reader.finish(), at)

    def _block(self, rows: Iterator[Row], at: int) -> Block:
        found: list[Good | Bad] = []
        if not self._lost:
            try:
                for row in rows:
                    found.append(judged(row, at))  # noqa: PERF401 -- kept when rows are lost
            except FramingLost as lost:
                self._lost = True
                found.append(Bad(lost.number, self._fed, "", lost.faults))
        return Block(tuple(found), self._fed, self._lost)


def judged(row: Row, at: int) -> Good | Bad:
    """Judge a row by itself; its values get the time `at` (an epoch second)."""
    content = row.content
    if isinstance(content, Refused):
        return Bad(row.number, row.end_offset, content.handle, content.faults)
    try:
        handle, plain = fitted(content)
    except Invalid as invalid:
        return Bad(row.number, row.end_offset, content.handle, invalid.faults)
    return Good(
        row.number,
        row.end_offset,
        handle.given,
        handle.prefix,
        encode_values(content.values, at),
        content.state,
        plain,
        at,
    )
