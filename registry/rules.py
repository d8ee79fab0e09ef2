"""What a command does to what is stored. Pure: a command, a record and the time in, a decision out.

* `version` rises by one with each committed change, also through delete and re-create.
* Values keep the order in which they are given; a value's timestamp changes only with the value.
* What changes nothing writes nothing. Who sends a secret key changes it, also if it is the one that
  is there: whether it is must not be told, as nobody may read it.
* A value whose ADMIN_WRITE bit is clear is not changed by its owner (RFC 3651 section 3.1); to
  delete the whole identifier is not a matter of its values.
* Owners move identifiers through their life (`identifiers.standings`): what is suspended changes in
  nothing but its state, and what is revoked in nothing at all. Only a `Patch` suspends, revokes or
  makes active again: rows of a batch that say "active" do not undo a suspension.
* Under a prefix that keeps its names, what is active is neither deleted nor reserved again.
"""

from collections.abc import Collection, Iterable
from typing import Final, assert_never

import msgspec

from identifiers.changes import ChangeKind
from identifiers.faults import Fault
from identifiers.metadata.book import NO_TEMPLATES, Book
from identifiers.records import EMPTY_VALUES, Record, State
from identifiers.standings import ENDED, may_become
from identifiers.values import (
    MAX_RECORD_BYTES,
    MAX_VALUES,
    Permission,
    Value,
    is_secret,
)
from identifiers.wire.handle.values import count_values, decode_values, encode_values
from registry.answers import (
    Decision,
    Exists,
    Faulty,
    Impossible,
    Locked,
    Missing,
    Protected,
    Published,
    Saved,
    Stale,
    StateForbidden,
    Unchanged,
    ValuesExist,
    ValuesMissing,
)
from registry.commands import (
    AddValues,
    Command,
    Create,
    Delete,
    ModifyValues,
    Patch,
    Precondition,
    Put,
    RemoveValues,
    Restore,
    Upsert,
)
from registry.templating import Wanted, demanded, other_template, overwriting, refitted

OWNERS_STATES: Final = (State.ACTIVE, State.RESERVED)
"""The states in which the values of an identifier may change."""
# Members of enumerations cost more than a name: these are asked for 40,000 times a second.
_ACTIVE, _CREATED = State.ACTIVE, ChangeKind.CREATED


class Terms(msgspec.Struct, frozen=True, gc=False):
    """On what terms a command is decided: the record's canonical name, the time, a right.

    `now` is an epoch second. `keeps`: names under the prefix that were active stay taken. `book`
    has the templates; `demands`: nothing is registered under the prefix without one.
    """

    key: str
    now: int
    may_change_state: bool
    keeps: bool = False
    book: Book = NO_TEMPLATES
    demands: bool = False


class Move(msgspec.Struct, frozen=True, gc=False):
    """Which state a record is to get (None: the one it has), and why."""

    state: State | None
    reason: str = ""

    def of(self, current: Record) -> tuple[State, str]:
        """Return the state and the reason that `current` gets."""
        if self.state is None:
            return current.state, current.reason
        return self.state, self.reason if self.state in ENDED else ""


def decide(  # noqa: PLR0911 -- one case for each command
    command: Command, stored: Record | None, terms: Terms
) -> Decision:
    """Say what `command` does to the newest version of its record (None: there never was one)."""
    current = None if stored is None or stored.state is State.DELETED else stored
    match command:
        case Create():
            return _created(command, stored, current, terms)
        case Put():
            return _put(command, stored, current, terms)
        case Upsert():
            return _upserted(command, stored, current, terms)
        case Patch():
            return _patched(command, current, terms)
        case Delete():
            return _deleted(command.precondition, current, terms)
        case Restore():
            return _restored(command, stored, current, terms)
        case AddValues() | ModifyValues() | RemoveValues():
            return Missing() if current is None else _edited(command, current, terms)
        case _:
            assert_never(command)


def _created(
    command: Create, stored: Record | None, current: Record | None, terms: Terms
) -> Decision:
    if current is None:
        return _registered(command, stored, terms)
    if not command.overwrite:
        return Exists(current.version)
    wanted = overwriting(command, current)
    return _replaced(current, wanted, command.values, command.state, terms)


def _put(command: Put, stored: Record | None, current: Record | None, terms: Terms) -> Decision:
    if not command.precondition.holds(current):
        return _stale(current)
    if current is None:
        return _registered(command, stored, terms)
    wanted = Wanted(command.values, command.template)
    return _replaced(current, wanted, command.values, command.state, terms)


def _upserted(
    command: Upsert, stored: Record | None, current: Record | None, terms: Terms
) -> Decision:
    if current is None:
        return _registered(command, stored, terms)
    values = _merged(decode_values(current.values), command.values, frozenset())
    wanted = Wanted(values, command.template or current.template)
    return _replaced(current, wanted, command.values, command.state, terms)


def _restored(
    command: Restore, stored: Record | None, current: Record | None, terms: Terms
) -> Decision:
    if not command.precondition.holds(current):
        return _stale(current)
    if current is None:
        state = State.RESERVED if command.reserved else State.ACTIVE
        blob = encode_values(command.values, terms.now)
        return register(command.handle.given, state, blob, stored, terms, command.template)
    if current.state not in OWNERS_STATES:
        return Locked(current.state, current.reason)
    # It kept the rules of the revision that it names. Secrets were sealed where they stand: those
    # that are there already are told by that.
    return _changed(current, Wanted(command.values, command.template), (), Move(None), terms)


def _stale(current: Record | None) -> Stale:
    return Stale(0 if current is None else current.version)


def _registered(command: Create | Put | Upsert, stored: Record | None, terms: Terms) -> Decision:
    blob = encode_values(command.values, terms.now)
    given, state, template = command.handle.given, command.state, command.template
    return register(given, state, blob, stored, terms, template)


def register(  # noqa: PLR0917 -- what a record is made of
    name: str,
    state: State | None,
    blob: bytes,
    stored: Record | None,
    terms: Terms,
    template: str | None = None,
) -> Decision:
    """Say what creating, putting and upserting do alike where nothing is, or nothing any more.

    `name` is as it was given, `blob` has the values, each with the time `terms.now`; `stored` is
    what was deleted. The values keep the rules of the template, if there is one.
    """
    if template is None and terms.demands:
        return Faulty((demanded(terms.key),))
    if stored is None:
        return made(terms.key, name, state, blob, terms.now, template)
    return made(terms.key, name, state, blob, terms.now, template, stored.version + 1)


def made(  # noqa: PLR0917 -- what a record is made of; asked for every row of an import
    key: str,
    name: str,
    state: State | None,
    blob: bytes,
    now: int,
    template: str | None,
    version: int = 1,
) -> Decision:
    """Return a new record, unless it is too large."""
    if faults := size_faults(count_values(blob), blob):
        return Faulty(faults)
    return Saved(
        _CREATED,
        Record(
            key=key,
            name=name,
            version=version,
            state=state or _ACTIVE,
            values=blob,
            changed_at=now,
            template=template,
        ),
    )


def _patched(command: Patch, current: Record | None, terms: Terms) -> Decision:
    if current is None:
        return Missing()
    if not command.precondition.holds(current):
        return _stale(current)
    if (refusal := _unmovable(command, current)) is not None:
        return refusal
    values = _merged(decode_values(current.values), command.values, command.remove)
    fitted = _fitted(current, Wanted(values, command.template or current.template), terms)
    if not isinstance(fitted, Wanted):
        return fitted
    return _changed(current, fitted, command.values, Move(command.state, command.reason), terms)


def _unmovable(command: Patch, current: Record) -> Locked | Impossible | None:
    """Say why a record cannot get where a PATCH would have it, if it cannot."""
    then = current.state if command.state is None else command.state
    if not may_become(current.state, then):
        final = current.state is State.REVOKED
        return Locked(current.state, current.reason) if final else Impossible(current.state, then)
    if current.state in OWNERS_STATES:
        return None
    touched = bool(command.values or command.remove)
    told_anew = current.state is State.REVOKED and command.reason != current.reason
    if command.state is None or (then is current.state and (touched or told_anew)):
        return Locked(current.state, current.reason)
    return None


def _edited(
    command: AddValues | ModifyValues | RemoveValues, current: Record, terms: Terms
) -> Decision:
    old = decode_values(current.values)
    there = {value.index for value in old}
    if isinstance(command, RemoveValues):
        if unknown := command.indexes - there:
            return ValuesMissing(tuple(sorted(unknown)))
        left = Wanted(_merged(old, (), command.indexes), current.template)
        return _replaced(current, left, (), None, terms)
    given = {value.index for value in command.values}
    if isinstance(command, ModifyValues) and (absent := given - there):
        return ValuesMissing(tuple(sorted(absent)))
    if isinstance(command, AddValues) and not command.overwrite and (known := given & there):
        return ValuesExist(tuple(sorted(known)))
    wanted = Wanted(_merged(old, command.values, frozenset()), current.template)
    return _replaced(current, wanted, command.values, None, terms)


def _merged(
    old: tuple[Value, ...], new: tuple[Value, ...], remove: frozenset[int]
) -> tuple[Value, ...]:
    given = {value.index: value for value in new}
    kept = [given.pop(value.index, value) for value in old if value.index not in remove]
    return (*kept, *given.values())


def _replaced(
    current: Record,
    wanted: Wanted,
    given: Iterable[Value],
    state: State | None,
    terms: Terms,
) -> Decision:
    """Make the values of `current` just these; `given` are those of them that were sent."""
    if current.state not in OWNERS_STATES:
        return Locked(current.state, current.reason)
    fitted = _fitted(current, wanted, terms)
    if not isinstance(fitted, Wanted):
        return fitted
    return _changed(current, fitted, given, Move(state), terms)


def _fitted(current: Record, wanted: Wanted, terms: Terms) -> Wanted | Faulty | Protected:
    if wanted.template is None and current.template is None:
        return wanted
    return refitted(current, wanted, terms.book, demands=terms.demands)


def _changed(
    current: Record,
    wanted: Wanted,
    given: Iterable[Value],
    move: Move,
    terms: Terms,
) -> Decision:
    old = decode_values(current.values)
    secrets = {value.index for value in given if is_secret(value.type)}
    new = _stamped(old, wanted.values, secrets, terms.now)
    if protected := _protected(old, new, secrets):
        return Protected(protected)
    state, reason = move.of(current)
    moved = state is not current.state or reason != current.reason
    if moved and not terms.may_change_state:
        return StateForbidden()
    if moved and terms.keeps and state is State.RESERVED:
        return Published()
    other = other_template(current.template, wanted.template)
    changed = bool(secrets) or new != old or other
    if not changed and not moved:
        return Unchanged(current)
    blob = encode_values(new)
    if faults := size_faults(len(new), blob):
        return Faulty(faults)
    return Saved(
        ChangeKind.UPDATED if changed else ChangeKind.STATE,
        msgspec.structs.replace(
            current,
            version=current.version + 1,
            state=state,
            reason=reason,
            values=blob,
            changed_at=terms.now,
            template=wanted.template if changed else current.template,
        ),
    )


def _stamped(
    old: tuple[Value, ...], new: tuple[Value, ...], secrets: Collection[int], now: int
) -> tuple[Value, ...]:
    """Return `new`, each value with the timestamp of its equal in `old`, else with `now`."""
    before = {value.index: value for value in old if value.index not in secrets}
    stamped = []
    for value in new:
        known = before.get(value.index)
        if known is None or msgspec.structs.replace(value, timestamp=known.timestamp) != known:
            stamped.append(msgspec.structs.replace(value, timestamp=now))
        else:
            stamped.append(known)
    return tuple(stamped)


def _protected(
    old: tuple[Value, ...], new: tuple[Value, ...], secrets: Collection[int]
) -> tuple[int, ...]:
    after = {value.index: value for value in new if value.index not in secrets}
    return tuple(
        value.index
        for value in old
        if not value.permissions & Permission.ADMIN_WRITE and after.get(value.index) != value
    )


def size_faults(count: int, blob: bytes) -> tuple[Fault, ...]:
    """Return what is wrong with the size of a record that would be stored."""
    if 0 < count <= MAX_VALUES and len(blob) <= MAX_RECORD_BYTES:
        return ()
    # What is sent was checked before; only merging can leave no value, or too many.
    if not count:
        return (Fault("empty", "/values"),)
    faults = []
    if count > MAX_VALUES:
        faults.append(Fault("too_many", "/values", {"count": count, "limit": MAX_VALUES}))
    if len(blob) > MAX_RECORD_BYTES:
        sizes = {"size": len(blob), "limit": MAX_RECORD_BYTES}
        faults.append(Fault("record.too_large", "/values", sizes))
    return tuple(faults)


def _deleted(precondition: Precondition, current: Record | None, terms: Terms) -> Decision:
    if current is None:
        return Missing()
    if not precondition.holds(current):
        return _stale(current)
    if current.state not in OWNERS_STATES:
        return Locked(current.state, current.reason)
    if terms.keeps and current.state is not State.RESERVED:
        return Published()
    return Saved(
        ChangeKind.DELETED,
        msgspec.structs.replace(
            current,
            version=current.version + 1,
            state=State.DELETED,
            reason="",
            template=None,
            values=EMPTY_VALUES,
            changed_at=terms.now,
        ),
    )
