"""The keys that identities name: values of records here, or who else has them."""

from typing import Final

import msgspec
import structlog

from identifiers.elsewhere import Holder
from identifiers.faults import Invalid
from identifiers.keys.bounds import Address
from identifiers.keys.responses import PUBLIC_KEY, SECRET_KEY
from identifiers.names import MAX_WIRE_BYTES, Handle, fold
from identifiers.principals import HandleIdentity
from identifiers.records import State
from identifiers.values import Value
from identifiers.wire.handle.values import decode_values
from registry.access.bounds import BoundsBook
from registry.elsewhere import Elsewhere, holder_of
from registry.ports import RegistryStore
from registry.prefixes import Prefixes, place_of
from registry.seals import SealBroken, Seals

MOST_KEYS: Final = 8
"""Keys of one handle that are tried for index 0."""
KEY_TYPES: Final = (PUBLIC_KEY, SECRET_KEY)
_log = structlog.get_logger(__name__)


class Key(msgspec.Struct, frozen=True):
    """A key as it is used; its identity has the canonical name of its record."""

    identity: HandleIdentity
    kind: str
    data: bytes


class Here(msgspec.Struct, frozen=True):
    """The key values that an identity names, of the record with the canonical name `name`.

    `stays`: it is the record of a delegated prefix, which stays here though the names do not.
    """

    name: str
    values: tuple[Value, ...]
    stays: bool = False


class Abroad(msgspec.Struct, frozen=True):
    """Another node has the record; `name` is its canonical name as it counts here.

    Just that name is asked about: other spellings may be somebody else's there.
    """

    name: str
    holder: Holder
    elsewhere: Elsewhere
    """Who asks."""


class KeyValues:
    """Finds keys. Without `elsewhere` those of other nodes are nobody's; `bounds` bound ours."""

    def __init__(
        self,
        store: RegistryStore,
        prefixes: Prefixes,
        seals: Seals,
        elsewhere: Elsewhere | None,
        bounds: BoundsBook | None = None,
    ) -> None:
        self._store = store
        self._prefixes = prefixes
        self._seals = seals
        self._elsewhere = elsewhere
        self._bounds = bounds

    async def counting(
        self, identity: HandleIdentity, *addresses: Address | None
    ) -> Here | Abroad | None:
        """Return what `find` does, without the keys that prove nobody now from all `addresses`.

        A key beyond its bounds is as one that is not there. Raises `StoreUnavailable`.
        """
        found = await self._find(identity)
        if self._bounds is not None and isinstance(found, Here) and found.values:
            values = await self._bounds.counting(found.name, found.values, *addresses)
            found = msgspec.structs.replace(found, values=values)
        return _tried(found)

    async def find(self, identity: HandleIdentity) -> Here | Abroad | None:
        """Return the key values that an identity names, or who has them; None: nobody is known.

        Raises `StoreUnavailable`.
        """
        return _tried(await self._find(identity))

    async def _find(self, identity: HandleIdentity) -> Here | Abroad | None:
        """Return all of them, however many."""
        try:
            handle = Handle.parse(identity.handle)
        except Invalid:
            return None
        directory = await self._prefixes.picture()
        place = place_of(directory, handle)
        if not place.lives_here:
            if self._elsewhere is None or len(place.key.encode()) > MAX_WIRE_BYTES:
                return None
            holder = holder_of(directory, handle, self._elsewhere.above)
            return None if holder is None else Abroad(place.key, holder, self._elsewhere)
        entry = directory.exact(str(place.target))
        stays = entry is not None and entry.routes is not None
        record = await self._store.record(place.key)
        if record is None or record.state is not State.ACTIVE:
            return Here(place.key, (), stays)
        wanted = (
            value
            for value in decode_values(record.values)
            if identity.index in (0, value.index) and fold(value.type) in KEY_TYPES
        )
        return Here(place.key, tuple(wanted), stays)

    def opened(self, found: Here, kinds: tuple[str, ...]) -> tuple[Key, ...]:
        """Return the keys of these types as they are used."""
        keys = []
        for value in found.values:
            kind = fold(value.type)
            if kind in kinds and (data := self._data(kind, found.name, value)) is not None:
                keys.append(Key(HandleIdentity(found.name, value.index), kind, data))
        return tuple(keys)

    def _data(self, kind: str, name: str, value: Value) -> bytes | None:
        if kind != SECRET_KEY:
            return value.data
        try:
            return self._seals.opened(name, value)
        except SealBroken as error:
            _log.error("a secret key proves nobody", reason=str(error))
            return None


def _tried(found: Here | Abroad | None) -> Here | Abroad | None:
    """Return what was found with as many keys as are tried.

    Only what is left is cut: a key beyond its bounds takes no place of one that counts.
    """
    if not isinstance(found, Here):
        return found
    return msgspec.structs.replace(found, values=found.values[:MOST_KEYS])
