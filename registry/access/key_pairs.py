"""Key pairs (and secret keys) of an enterprise: which there are, and how far each counts.

The keys are values of records and stay that; what is kept beside them are bounds. These belong to
the place, ``index:handle``: a key that takes the place of another has them too.
"""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, Final

import msgspec

from identifiers.changes import ChangeKind, Current, Touched, Writes, Written
from identifiers.directory import PrefixDirectory
from identifiers.faults import Fault
from identifiers.keys.bounds import UNBOUNDED, Bounds, KeyBounds, within
from identifiers.keys.responses import PUBLIC_KEY
from identifiers.names import PREFIX_RECORDS, Handle, Prefix, fold
from identifiers.principals import ApiKey, HandleIdentity
from identifiers.records import Record, State
from identifiers.routes import record_key
from identifiers.wire.handle.values import decode_values
from registry.access.accounts import Overtaken
from registry.access.bounds import BoundsBook
from registry.access.ports import BoundStore
from registry.answers import Faulty, Locked, Stale, ValuesExist
from registry.appointment import Appointment, added
from registry.commands import Asked
from registry.effects import audited, principal_name
from registry.keyvalues import KEY_TYPES
from registry.ports import RegistryStore
from registry.prefixes import Prefixes, place_of

_MILLI: Final = 1000
MOST_BOUNDED: Final = 5_000
"""Records with bounds that are looked through for one page, whosever they are."""


class KeyPair(msgspec.Struct, frozen=True, kw_only=True):
    """A key of an identity, and its bounds.

    `kind` is HS_PUBKEY or HS_SECKEY, empty where bounds stand and no key does any more. `set_at` in
    epoch milliseconds, 0 where nobody set any.
    """

    identity: HandleIdentity
    kind: str
    bounds: Bounds = UNBOUNDED
    set_by: str = ""
    set_at: int = 0

    @property
    def version(self) -> int:
        """What tells its bounds from those before and after; 1: nobody set any."""
        return self.set_at or 1


class Whose(msgspec.Struct, frozen=True):
    """Which enterprise (0: the node) has a name, and the prefix that it is judged by."""

    enterprise: int
    under: Prefix


class Listed(msgspec.Struct, frozen=True):
    """Some keys, and the name to go on past; empty: these are the last."""

    pairs: tuple[KeyPair, ...]
    after: str = ""


class Added(msgspec.Struct, frozen=True):
    """A key that administers a prefix; `new`: it did not before."""

    pair: KeyPair
    new: bool


class NoKeyPair(msgspec.Struct, frozen=True):
    """No key stands there, or not here."""


class KeyPairs:
    """Shows keys and sets their bounds, which those who prove identities read in `book`.

    Every method raises `StoreUnavailable`; `add` and `bound` raise `FateUnknown` too.
    """

    def __init__(
        self, store: RegistryStore, kept: BoundStore, prefixes: Prefixes, book: BoundsBook
    ) -> None:
        self._store = store
        self._kept = kept
        self._prefixes = prefixes
        self._book = book

    async def whose(self, handle: str) -> Whose | None:
        """Return whose a name is; None: nobody's. Raises `Invalid` for what is no name."""
        place = place_of(await self._prefixes.picture(), Handle.parse(handle))
        return None if place.home is None else Whose(place.home.enterprise, place.target)

    async def find(self, identity: HandleIdentity) -> KeyPair | NoKeyPair:
        """Return the key that stands there, or the bounds that were left of one.

        Raises `Invalid` for what is no name.
        """
        place = place_of(await self._prefixes.picture(), Handle.parse(identity.handle))
        for pair in await self._of(place.key):
            if pair.identity.index == identity.index:
                return pair
        return NoKeyPair()

    async def page(
        self, whose: int | None, after: str, limit: int, only: tuple[Prefix, ...] = ()
    ) -> Listed:
        """Look through up to `limit` records past a name; return their keys, by name and index.

        Those are the records of prefixes, and whatever has keys with bounds: of one enterprise, or
        (None) of all; `only` about these prefixes, if there are any. An enterprise's other names
        are not looked through.
        """
        directory = await self._prefixes.picture()
        bounded = await self._kept.bounded_handles(after, MOST_BOUNDED)
        # Of names past the last of these nobody knows yet which have bounds.
        end = bounded[-1] if len(bounded) == MOST_BOUNDED else ""
        own = (e for e in directory.entries if whose in {None, e.enterprise})
        candidates = {*map(record_key, (e.prefix for e in own)), *bounded}
        within_page = sorted(n for n in candidates if after < n and (not end or n <= end))
        shown = (n for n in within_page if _shows(directory, n, whose, only))
        looked = list(islice(shown, limit))
        said = await self._kept.key_bounds(*looked)
        pairs: list[KeyPair] = []
        for name, record in zip(looked, await self._store.fetch(looked), strict=True):
            of_it = [one for one in said if one.identity.handle == name]
            pairs.extend(_pairs(name, _kinds(directory, name, record), of_it))
        return Listed(tuple(pairs), end if next(shown, None) is None else looked[-1])

    async def add(
        self, identity: HandleIdentity, public_key: bytes, asked: Asked[Any]
    ) -> Added | NoKeyPair | Locked | ValuesExist | Faulty:
        """Have a public key stand there and administer the prefix whose record that is.

        `public_key` is HS_PUBKEY data that is fit; `asked` has one id. Bounds of the place are its.
        Keys of other names are values like others. Raises `Invalid` for what is no name.
        """
        handle = Handle.parse(identity.handle)
        if handle.prefix != PREFIX_RECORDS or not identity.index:
            return NoKeyPair()
        # Asked anew: who handed the prefix on shall leave no key there.
        place = place_of(await self._store.directory(), handle)
        if not place.lives_here:
            return NoKeyPair()
        wanted = Appointment(prefix=place.target, index=identity.index, public_key=public_key)

        def decide(current: Current) -> tuple[Writes, Locked | ValuesExist | Faulty | bool]:
            stored = current.records.get(wanted.name)
            record = added(stored, wanted, asked.at // _MILLI)
            if not isinstance(record, Record):
                return Writes(), False if record is None else record
            kind = ChangeKind.CREATED if stored is None else ChangeKind.UPDATED
            entry = audited(asked, "key_pair.add", str(wanted.identity), {"key": PUBLIC_KEY})
            written = Written(asked.changes[0], kind, record)
            return Writes(records=(written,), audit=(entry,)), True

        answer = await self._store.write(Touched(keys=(wanted.name,)), decide)
        if not isinstance(answer, bool):
            return answer
        pair = await self.find(wanted.identity)
        return pair if isinstance(pair, NoKeyPair) else Added(pair, answer)

    async def bound(
        self,
        identity: HandleIdentity,
        bounds: Bounds,
        asked: Asked[Any],
        seen: frozenset[int] | None = None,
    ) -> KeyPair | NoKeyPair | Stale | Overtaken | Faulty:
        """Make a key's bounds just these; `UNBOUNDED` lifts them, of a key that is gone too.

        `seen`: only if those that it has are of one of these versions.
        """
        there = await self.find(identity)
        if isinstance(there, NoKeyPair) or (not there.kind and bounds != UNBOUNDED):
            return NoKeyPair()
        if seen is not None and there.version not in seen:
            return Stale(there.version)
        if faults := await self._beyond(there.bounds, bounds, asked):
            return Faulty(faults)
        # Later than those before, whatever the clock says: by it they are told from each other.
        by, at = principal_name(asked.principal), max(asked.at, there.set_at + 1)
        entry = audited(
            asked,
            "key_pair.bound",
            str(there.identity),
            {"old": _told(there.bounds), "new": _told(bounds)},
        )
        wanted = KeyBounds(there.identity, bounds, by, at)
        kept = await self._kept.keep_key_bounds(wanted, entry, was=there.set_at)
        self._book.forget()
        if not kept:
            return Overtaken()
        if bounds == UNBOUNDED:
            return KeyPair(identity=there.identity, kind=there.kind)
        return KeyPair(
            identity=there.identity, kind=there.kind, bounds=bounds, set_by=by, set_at=at
        )

    async def _beyond(self, old: Bounds, new: Bounds, asked: Asked[Any]) -> tuple[Fault, ...]:
        """Return how an API key would give more than it has itself; to give less is free."""
        maker = asked.principal
        if not isinstance(maker, ApiKey):
            return ()
        faults = []
        if new.later_than(old):
            own = await self._store.key(maker.id)
            if own is None or new.later_than(Bounds(own.expires_at)):
                faults.append(Fault("key.life", "/expires_at"))
        if new.wider_than(old) and not within(new.networks, maker.networks):
            told = ", ".join(map(str, maker.networks))
            faults.append(Fault("key.networks", "/networks", {"networks": told}))
        return tuple(faults)

    async def _of(self, name: str) -> Sequence[KeyPair]:
        directory = await self._prefixes.picture()
        kinds = _kinds(directory, name, await self._store.record(name))
        return _pairs(name, kinds, await self._kept.key_bounds(name))


def _kinds(directory: PrefixDirectory, name: str, record: Record | None) -> Mapping[int, str]:
    """Return the types of a record's keys by index; of one that does not live here, none."""
    if record is None or record.state is not State.ACTIVE:
        return {}
    if not place_of(directory, Handle.parse(name)).lives_here:
        return {}
    found = {value.index: fold(value.type) for value in decode_values(record.values)}
    return {index: kind for index, kind in found.items() if kind in KEY_TYPES}


def _pairs(name: str, kinds: Mapping[int, str], bounded: Sequence[KeyBounds]) -> Sequence[KeyPair]:
    known = {one.identity.index: one for one in bounded}
    pairs = []
    for index in sorted({*known, *kinds}):
        pair = KeyPair(identity=HandleIdentity(name, index), kind=kinds.get(index, ""))
        if (said := known.get(index)) is not None:
            pair = msgspec.structs.replace(
                pair, bounds=said.bounds, set_by=said.set_by, set_at=said.set_at
            )
        pairs.append(pair)
    return pairs


def _shows(
    directory: PrefixDirectory, name: str, whose: int | None, only: tuple[Prefix, ...]
) -> bool:
    place = place_of(directory, Handle.parse(name))
    if only and not any(prefix.covers(place.target) for prefix in only):
        return False
    return whose is None or (place.home is not None and place.home.enterprise == whose)


def _told(bounds: Bounds) -> dict[str, Any]:
    networks = [str(network) for network in bounds.networks]
    return {"expires_at": bounds.expires_at, "networks": networks}
