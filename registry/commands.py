"""What can be asked of the registry. Commands are well-formed; whether they fit is for `rules`."""

import hmac
from collections.abc import Callable
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address
from typing import Final, Generic, TypeVar, assert_never
from uuid import UUID

import msgspec

from identifiers.changes import RequestKey, StoredAnswer
from identifiers.names import Handle
from identifiers.principals import Principal
from identifiers.records import Record, State
from identifiers.values import Value

A = TypeVar("A")

_RANDOM_OCTETS: Final = 10
_VERSION_7_VARIANT_2: Final = 0x7 << 76 | 0b10 << 62
_RANDOM_BITS: Final = 0xFFF << 64 | 0x3FFF_FFFF_FFFF_FFFF
"""Where chance may stand: 12 bits behind the version, 62 behind the variant."""


class Precondition(msgspec.Struct, frozen=True, kw_only=True):
    """What must be true of the stored record (RFC 9110 section 13.1); None: not asked.

    `exists` is ``If-Match: *`` (True) or ``If-None-Match: *`` (False); the others list versions.
    """

    exists: bool | None = None
    one_of: frozenset[int] | None = None
    none_of: frozenset[int] | None = None

    def holds(self, current: Record | None) -> bool:
        """Say whether `current` (None: there is nothing) meets all that is asked."""
        version = current.version if current is not None else None
        return (
            (self.exists is None or self.exists == (current is not None))
            and (self.one_of is None or version in self.one_of)
            and (self.none_of is None or version not in self.none_of)
        )


ANYTHING = Precondition()


class Create(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Register a new identifier. Timestamps of given values mean nothing: the rules set them.

    `overwrite`: where one is already, its values become just these. `template` is what a record
    says of its template (`identifiers.metadata.layouts`); the values keep its rules then.
    """

    handle: Handle
    values: tuple[Value, ...]
    state: State | None = None
    overwrite: bool = False
    template: str | None = None


class Put(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Make the values just these; register the identifier when it is not there."""

    handle: Handle
    values: tuple[Value, ...]
    state: State | None = None
    precondition: Precondition = ANYTHING
    template: str | None = None


class Upsert(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Add or replace single values by index; register the identifier when it is not there.

    Without a `template` one that is there keeps its own.
    """

    handle: Handle
    values: tuple[Value, ...]
    state: State | None = None
    template: str | None = None


class Patch(msgspec.Struct, frozen=True, kw_only=True):
    """Add, replace and remove single values of an identifier that is there, or move its state.

    `reason` goes with the states suspended and revoked. Without a `template` it keeps its own.
    """

    handle: Handle
    values: tuple[Value, ...] = ()
    remove: frozenset[int] = frozenset()
    state: State | None = None
    reason: str = ""
    template: str | None = None
    precondition: Precondition = ANYTHING


class AddValues(msgspec.Struct, frozen=True, kw_only=True):
    """Add single values; where some are already, `overwrite` them or add none."""

    handle: Handle
    values: tuple[Value, ...]
    overwrite: bool = False


class ModifyValues(msgspec.Struct, frozen=True, kw_only=True):
    """Replace single values by index; all must be there."""

    handle: Handle
    values: tuple[Value, ...]


class RemoveValues(msgspec.Struct, frozen=True, kw_only=True):
    """Remove single values by index; all must be there."""

    handle: Handle
    indexes: frozenset[int]


class Delete(msgspec.Struct, frozen=True, kw_only=True):
    """Remove an identifier and free its name; its history is kept."""

    handle: Handle
    precondition: Precondition = ANYTHING


class Restore(msgspec.Struct, frozen=True, kw_only=True):
    """Make the values just those of an earlier version, as they were stored.

    What was deleted is registered again, `reserved` or active; else the state stays.
    """

    handle: Handle
    values: tuple[Value, ...]
    version: int
    reserved: bool
    template: str | None = None
    precondition: Precondition = ANYTHING


Command = Create | Put | Upsert | Patch | AddValues | ModifyValues | RemoveValues | Delete | Restore


def minted(given: str, chance: bytes) -> Handle:
    """Return the handle that is `given` and a UUID of 16 random octets (RFC 9562 section 5.4).

    A prefix alone gets its slash. Raises `Invalid`.
    """
    start = given if "/" in given else f"{given}/"
    return Handle.parse(f"{start}{UUID(bytes=chance, version=4)}")


class Mode(StrEnum):
    """What a row of a batch or an import does to an identifier that is there already."""

    CREATE = "create"
    """Nothing: the row is rejected."""
    UPSERT = "upsert"
    """Its values are added or replaced by index."""
    REPLACE = "replace"
    """Its values become just these."""


RowCommand = type[Create] | type[Upsert] | type[Put]


def row_commands(mode: Mode) -> RowCommand:
    """Return the command that a row of a batch or an import is."""
    match mode:
        case Mode.CREATE:
            return Create
        case Mode.UPSERT:
            return Upsert
        case Mode.REPLACE:
            return Put
        case _:
            assert_never(mode)


class Once(msgspec.Struct, Generic[A], frozen=True):
    """A request that has one effect however often it is sent.

    `digest` is a keyed digest of what is asked; `render` makes of an answer what will be repeated.
    `unkeyed` is the SHA-256 by which earlier versions knew the request; empty: none did.
    """

    key: RequestKey
    digest: bytes
    render: Callable[[A], StoredAnswer]
    unkeyed: bytes = b""

    def made(self, stored: StoredAnswer) -> bool:
        """Say whether it was the same request that was answered so."""
        known = self.digest, self.unkeyed
        return any(hmac.compare_digest(stored.digest, one) for one in known)


class Asked(msgspec.Struct, Generic[A], frozen=True, kw_only=True):
    """Who asks, from where, when, and by which ids: everything but the command itself.

    `at` is in epoch milliseconds; `changes` are the ids that changes will have, one for each
    command of the request.
    """

    principal: Principal
    address: IPv4Address | IPv6Address | None
    request_id: str
    at: int
    changes: tuple[UUID, ...]
    once: Once[A] | None = None


def change_ids(at: int, chance: Callable[[int], bytes], count: int) -> tuple[UUID, ...]:
    """Make UUIDv7s (RFC 9562 section 5.7) of epoch milliseconds and random octets."""
    octets = chance(count * _RANDOM_OCTETS)
    head = (at & 0xFFFF_FFFF_FFFF) << 80 | _VERSION_7_VARIANT_2
    numbers = [
        head | int.from_bytes(octets[n : n + _RANDOM_OCTETS], "big") & _RANDOM_BITS
        for n in range(0, count * _RANDOM_OCTETS, _RANDOM_OCTETS)
    ]
    # An import asks for 25,000 a second; msgspec makes them in a third of the constructor's time.
    return tuple([msgspec.convert(number.to_bytes(16, "big"), UUID) for number in numbers])
