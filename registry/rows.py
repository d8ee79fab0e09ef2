"""A row of a batch or an import, from when it was read to what becomes of it. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from identifiers.changes import Written
from identifiers.directory import PrefixDirectory
from identifiers.faults import Fault
from identifiers.metadata.book import Book
from identifiers.metadata.checking import MISSING
from identifiers.metadata.layouts import Layout
from identifiers.principals import Allowed, Scope, Verdict
from identifiers.records import EMPTY_VALUES, Record, State
from identifiers.wire.handle.values import decode_values, encode_values
from registry.answers import Decision, Denied, Faulty, Saved
from registry.commands import Asked, Create, Put, RowCommand, Upsert
from registry.prefixes import permit
from registry.reading.judging import Bad, Good, JudgedRow, Sketched
from registry.rules import Terms, made, register
from registry.seals import Seals
from registry.signatures import Drafts, Unsigned, bare_blob, finished, judge
from registry.templating import demanded


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A row that may be decided, with its canonical name. Secrets in `values` are sealed."""

    row: Good
    key: str
    values: bytes
    leave: "Leave"
    template: str | None = None
    claims: tuple[bytes, ...] = ()
    missing: tuple[Fault, ...] = ()
    """What its template requires and it does not have: it may only change what has that."""

    @property
    def known(self) -> tuple[bytes, ...] | None:
        """Return what it claims if it is new; None: it cannot be new."""
        return None if self.missing else self.claims

    def command(self, kind: RowCommand) -> Create | Upsert | Put:
        """Return the command that the row is."""
        values = decode_values(self.values)
        handle, state = self.row.handle(), self.row.state
        return kind(handle=handle, values=values, state=state, template=self.template)

    @property
    def terms(self) -> Terms:
        """On what terms it is decided."""
        leave = self.leave
        return Terms(
            self.key,
            self.row.at,
            leave.may_change_state,
            leave.keeps,
            leave.book,
            leave.demands,
        )


class Leave(msgspec.Struct, frozen=True, gc=False):
    """What an asker may do below one prefix, and what the prefix is like."""

    verdict: Verdict
    fold_suffix: bool
    may_change_state: bool
    keeps: bool
    book: Book
    demands: bool


class Permits:
    """What an asker may do below each prefix, and with which templates, each decided once."""

    def __init__(self, asked: Asked[Any], directory: PrefixDirectory, book: Book) -> None:
        self._asked = asked
        self._directory = directory
        self._book = book
        self._known: dict[str, Leave] = {}
        self._layouts: dict[tuple[str, str], Layout | Fault] = {}

    def of(self, row: Good) -> Leave:
        """Return what may be done below the prefix of a row."""
        known = self._known.get(row.prefix)
        if known is None:
            handle = row.handle()
            write = permit(self._directory, self._asked, Scope.WRITE, handle)
            state = permit(self._directory, self._asked, Scope.STATE, handle)
            fold = write.fold_suffix or handle.prefix.startswith("0.")
            home = self._directory.home_of(handle)
            known = Leave(
                write.verdict,
                fold,
                isinstance(state.verdict, Allowed),
                home is not None and home.keeps,
                self._book,
                self._book.demands(handle.prefix),
            )
            self._known[handle.prefix] = known
        return known

    def layout(self, prefix: str, asked: str) -> Layout | Fault:
        """Return the template that a row means, or why there is none."""
        known = self._layouts.get((prefix, asked))
        if known is None:
            known = self._layouts[prefix, asked] = self._book.find(prefix, asked)
        return known


def entered(row: Good | Sketched, permits: Permits, seals: Seals) -> Entry | Denied | Faulty:
    """Return a row with its canonical name, its secrets sealed; or why the asker may not write."""
    if not isinstance(row, Good):
        return _filled(row, permits, seals)
    leave = permits.of(row)
    if not isinstance(leave.verdict, Allowed):
        return Denied(leave.verdict)
    key = row.key(fold_suffix=leave.fold_suffix)
    values = row.values
    if not row.plain:
        values = encode_values(seals.sealed(key, decode_values(values)))
    return Entry(row, key, values, leave)


def _filled(row: Sketched, permits: Permits, seals: Seals) -> Entry | Denied | Faulty:
    """Return a row with the values that its template makes of it."""
    good = row.good
    leave = permits.of(good)
    if not isinstance(leave.verdict, Allowed):
        return Denied(leave.verdict)
    layout = permits.layout(good.prefix, row.template)
    if isinstance(layout, Fault):
        return Faulty((layout.below("/template"),))
    key = good.key(fold_suffix=leave.fold_suffix)
    alone = good.values == EMPTY_VALUES
    if alone and (packed := layout.packed(row.attributes, row.ttl, good.at)) is not None:
        blob, entries = packed
        claims = tuple(layout.claimed(key, entries)) if layout.unique else ()
        return Entry(good, key, blob, leave, layout.stored, claims)
    given = () if alone else decode_values(good.values)
    values, faults = layout.filled(row.attributes, given, row.ttl)
    if any(fault.code != MISSING for fault in faults):
        return Faulty(tuple(faults))
    if not good.plain:
        values = seals.sealed(key, values)
    blob = encode_values(values, good.at)
    claims = tuple(layout.claims(key, values))
    return Entry(good, key, blob, leave, layout.stored, claims, tuple(faults))


def decided(
    entry: Entry, kind: RowCommand, stored: Record | None, drafts: Drafts
) -> Decision | Unsigned:
    """Decide a row as the command `kind` on what is stored."""
    row, template = entry.row, entry.template
    mark = drafts.marks.get(entry.key)
    bare = mark is None or (row.plain and not mark.signed)
    if bare and stored is None and not entry.missing:
        # As nearly every row of an import is: without a look at what else might be.
        if template is None and entry.leave.demands:
            return Faulty((demanded(entry.key),))
        return made(entry.key, row.given, row.state, entry.values, row.at, template)
    if entry.missing and not (kind is Upsert and _is_there(stored)):
        return Faulty(entry.missing)
    terms = entry.terms
    if stored is not None:
        return judge(entry.command(kind), stored, terms, drafts)
    # What is new stays as it is encoded, unless it brings a signature of the node.
    blob = entry.values
    if mark is not None and not row.plain:
        blob = bare_blob(blob, mark.issuer)
    decision = register(row.given, row.state, blob, None, terms, template)
    return finished(decision, terms, drafts) if mark is not None and mark.signed else decision


def _is_there(stored: Record | None) -> bool:
    return stored is not None and stored.state is not State.DELETED


def written_row(saved: Saved, change: UUID, row: Good) -> Written:
    """Return what a row comes to; of what is stored just as it was read, the leaf is known."""
    record = saved.record
    as_read = record.version == 1 and record.values is row.values and record.key == row.given
    return Written(change, saved.kind, record, row.leaf if as_read else b"")


class Planned(msgspec.Struct, frozen=True):
    """Rows of a batch by their position: what is to be decided, and the fates that are clear."""

    entries: Mapping[int, Entry]
    fates: Mapping[int, Denied | Faulty]


def planned_rows(rows: Sequence[JudgedRow], permits: Permits, seals: Seals) -> Planned:
    """Return what to do with the rows of a batch. A handle that appears again is refused there."""
    entries: dict[int, Entry] = {}
    fates: dict[int, Denied | Faulty] = {}
    first: dict[str, int] = {}
    for at, row in enumerate(rows):
        if isinstance(row, Bad):
            fates[at] = Faulty(row.faults)
            continue
        entry = entered(row, permits, seals)
        if isinstance(entry, Faulty):
            fates[at] = Faulty(tuple(fault.below(f"/items/{at}") for fault in entry.faults))
        elif isinstance(entry, Denied):
            fates[at] = entry
        elif entry.key in first:
            fates[at] = Faulty((_duplicate(entry.row.given, first[entry.key], at),))
        else:
            first[entry.key] = at
            entries[at] = entry
    return Planned(entries, fates)


def given(row: JudgedRow) -> str:
    """Return the handle of a row as it was given."""
    if isinstance(row, Good):
        return row.given
    return row.good.given if isinstance(row, Sketched) else row.handle


def _duplicate(handle: str, first: int, second: int) -> Fault:
    pointer = f"/items/{second}/handle"
    return Fault("batch.duplicate", pointer, {"handle": handle, "first": first, "second": second})
