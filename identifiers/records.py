"""One identifier with all its values, as it is stored and as it travels between rooms."""

from enum import IntEnum
from typing import Final

import msgspec


class State(IntEnum):
    """Where an identifier is in its life. The numbers are stored; never renumber them."""

    ACTIVE = 1
    RESERVED = 2
    SUSPENDED = 3
    REVOKED = 4
    DELETED = 5


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One stored identifier.

    `key` is the canonical handle, `name` the handle as registered. `values` is the finished wire
    form of all values: a 4-byte count and the values one after the other, just as the body of a
    resolution reply carries them (``identifiers.wire.handle.values``). `version` rises by one with
    each committed change, also through delete and re-create. `changed_at` is an epoch second.
    A deleted record keeps its row (state DELETED, no values) so that its version goes on rising.

    Its fields hold nothing that could refer back, so the garbage collector is told to leave records
    alone: caches hold a million of them.
    """

    key: str
    name: str
    version: int
    state: State
    values: bytes
    changed_at: int
    reason: str = ""
    template: str | None = None


class PublicRecord(Record, frozen=True, kw_only=True, gc=False):
    """A record all of whose values everybody may read: who made it has looked.

    Of one that is no such record nobody has, or not all may be read.
    """


PAGE_BYTES: Final = 8 * 1024 * 1024
"""A page of records ends with the one that makes its values so many octets, or more."""
EMPTY_VALUES = b"\0\0\0\0"
"""The wire form of no values."""
