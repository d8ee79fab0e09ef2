"""What a chunk of rows does to what is stored. Pure.

A chunk is one commit, so a handle that appears in it several times gets one new version, with what
the last of its rows makes of it; rows are decided in order, each on what those before it left.
"""

from collections.abc import Generator, Mapping, Sequence
from typing import Final, TypeVar
from uuid import UUID

import msgspec

from identifiers.changes import ChangeKind, Current, Held, Import, ImportChunk, Writes, Written
from identifiers.metadata.book import NO_TEMPLATES, Book
from identifiers.records import Record
from registry.answers import Decision, Saved, Unchanged
from registry.commands import Asked, Mode, row_commands
from registry.effects import audited, merkle_root
from registry.holding import Holders
from registry.imports.intake import Chunk
from registry.imports.results import Fate, RowResult, count, pack, rejected
from registry.reading.judging import Good
from registry.rows import Entry, decided, written_row
from registry.signatures import OUTDATED, Bare, Drafts, Outdated, Unsigned

T = TypeVar("T")
Steps = Generator[None, None, T]
"""Work that may rest between any two of its steps; what it returns is its result."""

AUDIT_ACTION: Final = "import.chunk"
PIECE: Final = 500
"""Rows of one step: one or two milliseconds."""
# Members of enumerations cost more than a name: this is asked for each of 40,000 rows a second.
_FIRST: Final = ChangeKind.CREATED
_CREATED, _UPDATED = Fate.CREATED, Fate.UPDATED


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """How the chunks of an import are decided.

    `running` is the import as this request opened it, `number` the chunk's, from 1; `changes` has
    an id for each of its rows; `drafts` the signatures that they get. `claims` are those that are
    locked, of templates in the `book`.
    """

    running: Import
    mode: Mode
    number: int
    changes: Sequence[UUID]
    drafts: Drafts = Drafts()
    claims: frozenset[bytes] = frozenset()
    book: Book = NO_TEMPLATES


class _Fates(msgspec.Struct, frozen=True):
    """What becomes of the rows. `unsigned` has what is to be signed before that can be written."""

    written: tuple[Written, ...]
    results: Sequence[RowResult]
    unsigned: Sequence[Bare]
    held: tuple[Held, ...] = ()
    outdated: bool = False
    """Something else than what was locked is to be held."""


def decide_chunk(
    chunk: Chunk, current: Current, order: Order, asked: Asked[None]
) -> Writes | Outdated:
    """Decide every row of a chunk, and tell what is to be committed."""
    return _at_once(deciding(chunk, current, order, asked))


def deciding(
    chunk: Chunk, current: Current, order: Order, asked: Asked[None]
) -> Steps[Writes | Outdated]:
    """Do what `decide_chunk` does, step by step."""
    holders = _holders(order, current.holders, order.claims)
    fates = yield from _decide_rows(chunk, current.records, order, holders)
    if fates.unsigned or fates.outdated:
        return OUTDATED
    return (yield from _writes(chunk, fates, order, asked))


def to_sign(chunk: Chunk, stored: Mapping[str, Record], order: Order) -> Sequence[Bare]:
    """Return what of a chunk is to be signed if it meets what is `stored`."""
    return _at_once(_decide_rows(chunk, stored, order, None)).unsigned


def to_claim(chunk: Chunk, stored: Mapping[str, Record], order: Order) -> frozenset[bytes]:
    """Return what of a chunk is to be locked if it meets what is `stored`."""
    holders = Holders(order.book, {}, None)
    _at_once(_decide_rows(chunk, stored, order, holders))
    return order.claims | holders.wanted


def _at_once(steps: Steps[T]) -> T:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result


def _holders(
    order: Order, stored: Mapping[bytes, str], touched: frozenset[bytes]
) -> Holders | None:
    return Holders(order.book, stored, touched) if order.book.unique else None


def _decide_rows(
    chunk: Chunk, records: Mapping[str, Record], order: Order, holders: Holders | None
) -> Steps[_Fates]:
    command = row_commands(order.mode)
    written: dict[str, Written] = {}
    results = []
    unsigned = []
    for at, (row, change) in enumerate(zip(chunk.rows, order.changes, strict=True)):
        if not at % PIECE:
            yield
        if not isinstance(row, Entry):
            results.append(rejected(row.number, row.handle, row.reason))
            continue
        earlier = written.get(row.key)
        stored = records.get(row.key) if earlier is None else earlier.record
        decision = decided(row, command, stored, order.drafts)
        if holders is not None:
            settled = holders.settle(decision, stored, row.known)
            if isinstance(settled, Outdated):
                return _Fates((), (), (), outdated=True)
            decision = settled
        if not isinstance(decision, Saved) and isinstance(decision, Unsigned):
            unsigned.append(decision.bare)
            decision = decision.saved
        if isinstance(decision, Saved):
            written[row.key] = _written(decision, change, earlier, row.row)
        results.append(_result(row.row, decision, earlier))
    held = () if holders is None else holders.held
    return _Fates(tuple(written.values()), results, unsigned, held)


def _written(decision: Saved, change: UUID, earlier: Written | None, row: Good) -> Written:
    if earlier is None:
        return written_row(decision, change, row)
    record = msgspec.structs.replace(decision.record, version=earlier.record.version)
    return Written(earlier.change, earlier.kind, record)


def _result(row: Good, decision: Decision, earlier: Written | None) -> RowResult:
    if isinstance(decision, Saved):
        fate = _CREATED if decision.kind is _FIRST else _UPDATED
        version = decision.record.version if earlier is None else earlier.record.version
        return RowResult(row.number, row.given, fate, version)
    if isinstance(decision, Unchanged):
        return RowResult(row.number, row.given, Fate.UNCHANGED, decision.record.version)
    return rejected(row.number, row.given, decision)


def _writes(chunk: Chunk, fates: _Fates, order: Order, asked: Asked[None]) -> Steps[Writes]:
    written, results, held = fates.written, fates.results, fates.held
    running, counts = order.running, count(results)
    packed = pack(results)
    yield
    detail = {"chunk": order.number, **msgspec.structs.asdict(counts)}
    if running.dry_run:
        detail["dry_run"] = True
    root = merkle_root(() if running.dry_run else written)
    entry = audited(asked, AUDIT_ACTION, str(running.id), detail)
    return Writes(
        records=written,
        held=held,
        audit=(msgspec.structs.replace(entry, at=chunk.at, root=root),),
        chunk=ImportChunk(
            import_id=running.id,
            epoch=running.epoch,
            number=order.number,
            offset=chunk.offset,
            digest=chunk.digest,
            counts=counts,
            results=packed,
        ),
    )
