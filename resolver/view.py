"""What anybody may see of a record: pure. The state table of an identifier's life is here."""

from typing import Final, assert_never

import msgspec

from identifiers.outcomes import Absent, Ended, Found, NeedsAuthentication, ValuesAbsent
from identifiers.queries import Query
from identifiers.records import EMPTY_VALUES, PublicRecord, Record, State
from identifiers.wire.handle.values import all_public, filter_blob, public_part

Seen = Found | ValuesAbsent | Absent | NeedsAuthentication

_ABSENT = Absent()
_ACTIVE: Final = State.ACTIVE
"""By this name: before Python 3.12 a member of an enum is found slowly."""


class Kept(msgspec.Struct, frozen=True, gc=False):
    """A record with what anybody may see of it: the blob of its public values.

    Where all are public it is the record's own blob, and takes no memory.
    """

    record: Record
    public: bytes


def keep(record: Record) -> Kept:
    """Work the public part out, once. Raises `ProtocolError` on a damaged blob."""
    return Kept(record, public(record))


def public(record: Record) -> bytes:
    """Return the blob of a record's public values. Raises `ProtocolError` on a damaged blob."""
    return record.values if type(record) is PublicRecord else public_part(record.values)


def looked_at(record: Record) -> Record:
    """Return a record with values as a `PublicRecord` if it is one: nobody need look again."""
    if record.values == EMPTY_VALUES or not all_public(record.values):
        return record
    return PublicRecord(
        key=record.key,
        name=record.name,
        version=record.version,
        state=record.state,
        values=record.values,
        changed_at=record.changed_at,
        reason=record.reason,
        template=record.template,
    )


def seen(kept: Kept | None, query: Query) -> Seen:
    """Return the anonymous view of what is stored; None: no row. Raises `ProtocolError`."""
    if kept is None:
        return _ABSENT
    record = kept.record
    if record.state is _ACTIVE:
        return _active(kept, query)
    match record.state:
        case State.RESERVED | State.DELETED:
            return _ABSENT
        case State.SUSPENDED:
            return _ended("suspended", record)
        case State.REVOKED:
            return _ended("revoked", record)
        case _:
            assert_never(record.state)


def _ended(state: str, record: Record) -> Absent:
    reason = record.reason
    ended = Ended(record.state, record.changed_at, reason)
    return Absent(f"{state}: {reason}" if reason else state, ended)


def _active(kept: Kept, query: Query) -> Found | ValuesAbsent | NeedsAuthentication:
    record, values = kept.record, kept.public
    indexes, types = query.indexes, query.types
    if indexes or types:
        values = filter_blob(values, indexes, types, public_only=True)
    if values != EMPTY_VALUES:
        return Found(record, values)
    if query.public_only:
        return ValuesAbsent(record)
    # Challenged only when the filter matches something and none of it is public: the Chinese SDKs
    # ask without PUBL for what is public, and get it.
    if filter_blob(record.values, indexes, types, public_only=False) != EMPTY_VALUES:
        return NeedsAuthentication()
    return ValuesAbsent(record)
