"""A key under a name, for an identity: who has it is known by it, and has no rights by that alone.

So stand the keys of administrators who are known on other nodes too: once a prefix is delegated,
the one above looks for keys of its names at the enterprise's node, and for those of the prefix's
own record ``0.NA/<prefix>`` in the record that it keeps itself.
"""

from uuid import UUID

import msgspec

from identifiers.changes import ChangeKind, Current, Touched, Writes, Written
from identifiers.names import PREFIX_RECORDS, Handle
from identifiers.principals import HandleIdentity
from registry.administration import Ordered
from registry.allotment import Unallotted
from registry.appointment import IndexTaken, key_value, with_key
from registry.ports import RegistryStore
from registry.prefixes import place_of
from registry.seals import Seals


class Identification(msgspec.Struct, frozen=True, kw_only=True):
    """The key that is to stand at `index` of `handle`.

    `public_key` is HS_PUBKEY data, or else `secret` is what an HS_SECKEY value is to hold.
    """

    handle: Handle
    index: int
    public_key: bytes = b""
    secret: bytes = b""

    def __repr__(self) -> str:
        return f"Identification(handle={self.handle.given!r}, index={self.index}, <key>)"


class OfPrefix(msgspec.Struct, frozen=True):
    """It is the record of a prefix: keys there are those of its administrators."""


class IsSigned(msgspec.Struct, frozen=True):
    """What is written under its prefix is signed, which is not done here."""


async def identify(
    store: RegistryStore, wanted: Identification, seals: Seals, change: UUID, ordered: Ordered
) -> HandleIdentity | IndexTaken | Unallotted | OfPrefix | IsSigned:
    """Let a key stand under a name that lives here; returns the identity to log in with.

    What else is in the record stays; a key at the index is replaced. Raises `StoreUnavailable` and
    `FateUnknown`.
    """
    if wanted.handle.prefix == PREFIX_RECORDS:
        return OfPrefix()
    place = place_of(await store.directory(), wanted.handle)
    if place.home is None or not place.lives_here:
        return Unallotted()
    if place.home.signed:
        return IsSigned()
    identity, now = HandleIdentity(wanted.handle.given, wanted.index), ordered.at // 1000
    (key,) = seals.sealed(place.key, (key_value(wanted.index, wanted.public_key, wanted.secret),))

    def decide(current: Current) -> tuple[Writes, HandleIdentity | IndexTaken]:
        stored = current.records.get(place.key)
        record = with_key(stored, (place.key, wanted.handle.given), (key,), now)
        if isinstance(record, IndexTaken):
            return Writes(), record
        kind = ChangeKind.CREATED if stored is None else ChangeKind.UPDATED
        detail = {"identity": str(identity), "key": key.type}
        return Writes(
            records=() if record is None else (Written(change, kind, record),),
            audit=(ordered.entry("identity.add", wanted.handle.given, detail),),
        ), identity

    return await store.write(Touched(keys=(place.key,)), decide)
