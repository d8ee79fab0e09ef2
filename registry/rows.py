"""A row of a batch or an import, from when it was read to what becomes of it. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from identifiers.directory import PrefixDirectory
from identifiers.faults import Fault
from identifiers.principals import Allowed, Scope, Verdict
from identifiers.records import Record
from identifiers.wire.handle.values import decode_values, encode_values
from registry.answers import Decision, Denied, Faulty
from registry.commands import Asked, Create, Put, RowCommand, Upsert
from registry.prefixes import permit
from registry.reading.judging import Bad, Good
from registry.rules import Terms, register
from registry.seals import Seals
from registry.signatures import Drafts, Unsigned, bare_blob, finished, judge


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A row that may be decided, with its canonical name. Secrets in `values` are sealed."""

    row: Good
    key: str
    values: bytes
    may_change_state: bool
    keeps: bool = False

    def command(self, kind: RowCommand) -> Create | Upsert | Put:
        """Return the command that the row is."""
        values = decode_values(self.values)
        return kind(handle=self.row.handle(), values=values, state=self.row.state)

    @property
    def terms(self) -> Terms:
        """On what terms it is decided."""
        return Terms(self.key, self.row.at, self.may_change_state, self.keeps)


class Leave(msgspec.Struct, frozen=True, gc=False):
    """What an asker may do below one prefix, and what the prefix is like."""

    verdict: Verdict
    fold_suffix: bool
    may_change_state: bool
    keeps: bool


class Permits:
    """What an asker may do below each prefix, each decided once."""

    def __init__(self, asked: Asked[Any], directory: PrefixDirectory) -> None:
        self._asked = asked
        self._directory = directory
        self._known: dict[str, Leave] = {}

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
            )
            self._known[handle.prefix] = known
        return known


def entered(row: Good, permits: Permits, seals: Seals) -> Entry | Denied:
    """Return a row with its canonical name, its secrets sealed; or why the asker may not write."""
    leave = permits.of(row)
    if not isinstance(leave.verdict, Allowed):
        return Denied(leave.verdict)
    key = row.key(fold_suffix=leave.fold_suffix)
    values = row.values
    if not row.plain:
        values = encode_values(seals.sealed(key, decode_values(values)))
    return Entry(row, key, values, leave.may_change_state, leave.keeps)


def decided(
    entry: Entry, kind: RowCommand, stored: Record | None, drafts: Drafts
) -> Decision | Unsigned:
    """Decide a row as the command `kind` on what is stored."""
    terms, row = entry.terms, entry.row
    if stored is not None:
        return judge(entry.command(kind), stored, terms, drafts)
    # What is new stays as it is encoded, unless it brings a signature of the node.
    mark, blob = drafts.marks.get(entry.key), entry.values
    if mark is not None and not row.plain:
        blob = bare_blob(blob, mark.issuer)
    decision = register(row.given, row.state, blob, None, terms)
    return finished(decision, terms, drafts) if mark is not None and mark.signed else decision


class Planned(msgspec.Struct, frozen=True):
    """Rows of a batch by their position: what is to be decided, and the fates that are clear."""

    entries: Mapping[int, Entry]
    fates: Mapping[int, Denied | Faulty]


def planned_rows(rows: Sequence[Good | Bad], permits: Permits, seals: Seals) -> Planned:
    """Return what to do with the rows of a batch. A handle that appears again is refused there."""
    entries: dict[int, Entry] = {}
    fates: dict[int, Denied | Faulty] = {}
    first: dict[str, int] = {}
    for at, row in enumerate(rows):
        entry = Faulty(row.faults) if isinstance(row, Bad) else entered(row, permits, seals)
        if not isinstance(entry, Entry):
            fates[at] = entry
        elif entry.key in first:
            fates[at] = Faulty((_duplicate(entry.row.given, first[entry.key], at),))
        else:
            first[entry.key] = at
            entries[at] = entry
    return Planned(entries, fates)


def given(row: Good | Bad) -> str:
    """Return the handle of a row as it was given."""
    return row.given if isinstance(row, Good) else row.handle


def _duplicate(handle: str, first: int, second: int) -> Fault:
    pointer = f"/items/{second}/handle"
    return Fault("batch.duplicate", pointer, {"handle": handle, "first": first, "second": second})
