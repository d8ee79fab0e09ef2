"""The unit of work of a batch: up to 2,000 rows, each judged for itself. Pure."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from identifiers.changes import Current, Writes
from identifiers.metadata.book import Book
from identifiers.records import Record
from registry.answers import Batch, BatchAnswer, Decision, Denied, Faulty, Item, Saved
from registry.commands import Asked, Mode, RowCommand, row_commands
from registry.commit import Unit
from registry.effects import NOTHING, bulk_effects, first_answer, remembered
from registry.holding import Holders
from registry.reading.judging import JudgedRow
from registry.rows import Planned, decided, given, written_row
from registry.signatures import OUTDATED, Drafts, Outdated, Unsigned
from registry.units import requests_of
from registry.visible import told


class BatchOrder(msgspec.Struct, frozen=True):
    """What a batch asks for: rows, each of which does what `mode` says."""

    mode: Mode
    rows: Sequence[JudgedRow]

    @property
    def kind(self) -> RowCommand:
        """Return the command that each row is."""
        return row_commands(self.mode)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How a batch is decided. `claims` are those that are locked, of templates in the `book`."""

    order: BatchOrder
    planned: Planned
    drafts: Drafts
    book: Book
    claims: frozenset[bytes]


def claims_of(plan: Plan, stored: Iterable[Record | None]) -> frozenset[bytes]:
    """Return what a batch is to lock if it meets what is `stored`, in the order of its entries."""
    holders = Holders(plan.book, {}, None)
    for entry, record in zip(plan.planned.entries.values(), stored, strict=True):
        holders.settle(decided(entry, plan.order.kind, record, plan.drafts), record)
    return plan.claims | holders.wanted


def batch_unit(plan: Plan, asked: Asked[BatchAnswer]) -> Unit[BatchAnswer | Outdated]:
    """Return the unit that decides a batch."""

    def decide_batch(current: Current) -> tuple[Writes, BatchAnswer | Outdated]:
        if (known := first_answer(asked.once, current)) is not None:
            return NOTHING, known
        holders = Holders(plan.book, current.holders, plan.claims) if plan.book.unique else None
        fates = _decided_rows(plan, current.records, holders)
        if isinstance(fates, Outdated):
            return NOTHING, OUTDATED
        entries = plan.planned.entries
        saved = [
            written_row(fate, asked.changes[at], entries[at].row)
            for at, fate in fates.items()
            if isinstance(fate, Saved)
        ]
        writes = bulk_effects(saved, asked)
        if holders is not None and holders.held:
            writes = msgspec.structs.replace(writes, held=holders.held)
        shown: dict[int, Denied | Decision] = {at: told(fate) for at, fate in fates.items()}
        shown |= plan.planned.fates
        answer = Batch(tuple(Item(given(r), shown[at]) for at, r in enumerate(plan.order.rows)))
        return remembered(writes, asked.once, answer), answer

    keys = tuple(entry.key for entry in plan.planned.entries.values())
    return Unit(keys, requests_of(asked.once), decide_batch, claims=tuple(plan.claims))


def _decided_rows(
    plan: Plan, records: Mapping[str, Record], holders: Holders | None
) -> dict[int, Decision] | Outdated:
    fates: dict[int, Decision] = {}
    kind = plan.order.kind
    for at, entry in plan.planned.entries.items():
        stored = records.get(entry.key)
        decision = decided(entry, kind, stored, plan.drafts)
        if isinstance(decision, Unsigned):
            return OUTDATED
        if holders is not None:
            settled = holders.settle(decision, stored, entry.known)
            if isinstance(settled, Outdated):
                return OUTDATED
            decision = settled
        if isinstance(decision, Faulty):
            decision = Faulty(tuple(fault.below(f"/items/{at}") for fault in decision.faults))
        fates[at] = decision
    return fates
