"""API keys of enterprises, made and ended by those who hold some already.

A key never gives more than its maker has: scopes, prefixes, networks, and of another key the end.
"""

from collections.abc import Callable, Sequence
from ipaddress import IPv4Network, IPv6Network
from secrets import token_bytes
from typing import Any, Final

import msgspec

from identifiers.changes import FirstAnswer, StoredKey
from identifiers.faults import Fault
from identifiers.keys.bounds import within as within_networks
from identifiers.principals import Account, ApiKey
from registry.access.ports import KeyStore
from registry.administration import KeyTerms, NoEnterprise, foreign_faults, key_faults
from registry.answers import Faulty
from registry.commands import Asked
from registry.effects import at_first, audited
from registry.keys import ID_BYTES, SECRET_BYTES, NewKey, hashed, make_key

_MILLI: Final = 1000
Network = IPv4Network | IPv6Network


class MadeKey(msgspec.Struct, frozen=True):
    """A key as it is kept, and the whole of it, which is told this once."""

    key: StoredKey
    new: NewKey


class NoKey(msgspec.Struct, frozen=True):
    """There is none of that id that the asker may see, or it is in force no more."""


class Keys:
    """Makes, replaces and ends API keys. `pepper` is the node's secret to hash them with."""

    def __init__(
        self, store: KeyStore, pepper: bytes, chance: Callable[[int], bytes] = token_bytes
    ) -> None:
        self._store = store
        self._pepper = pepper
        self._chance = chance

    async def create(self, terms: KeyTerms, asked: Asked[Any]) -> MadeKey | NoEnterprise | Faulty:
        """Make a key."""
        ends_at = asked.at // _MILLI + terms.life
        faults = (*key_faults(terms), *await self._beyond(terms, ends_at, asked))
        if faults:
            return Faulty(faults)
        if all(one.id != terms.enterprise for one in await self._store.enterprises()):
            return NoEnterprise()
        if foreign := foreign_faults(await self._store.directory(), terms):
            return Faulty(foreign)
        made = self._made(terms, asked.at // _MILLI)
        audit = audited(asked, "key.create", made.key.id, _told(made))
        await self._store.add_key(made.key, audit, at_first(asked.once, lambda _: made))
        return made

    async def rotate(
        self, key_id: str, whose: int | None, overlap: int, asked: Asked[Any]
    ) -> MadeKey | NoKey | Faulty:
        """Make a key on the terms of another, for as long again; that one ends after `overlap`.

        Seconds. Whoever holds the key itself may do so too. `whose` None: of any enterprise.
        """
        there = await self.find(key_id, whose)
        now = asked.at // _MILLI
        if isinstance(there, NoKey) or there.revoked_at or there.expires_at <= now:
            return NoKey()
        terms = KeyTerms(
            enterprise=there.enterprise,
            scopes=there.scopes,
            life=there.expires_at - there.created_at,
            label=there.label,
            prefixes=there.prefixes,
            networks=there.networks,
        )
        itself = isinstance(asked.principal, ApiKey) and asked.principal.id == key_id
        if not itself and (faults := await self._beyond(terms, now + terms.life, asked)):
            return Faulty(faults)
        made = self._made(terms, now, replaces=key_id)
        audit = audited(asked, "key.rotate", key_id, _told(made))
        once: FirstAnswer[bool] | None = at_first(asked.once, lambda kept: made if kept else None)
        kept = await self._store.rotate_key(made.key, now + overlap, audit, once)
        return made if kept else NoKey()

    async def revoke(self, key_id: str, whose: int | None, asked: Asked[Any]) -> StoredKey | NoKey:
        """End a key; of one that was ended before nothing changes."""
        there = await self.find(key_id, whose)
        if isinstance(there, StoredKey):
            entry = audited(asked, "key.revoke", key_id, {"enterprise": there.enterprise})
            await self._store.revoke_key(key_id, asked.at // _MILLI, entry)
        return there

    async def find(self, key_id: str, whose: int | None) -> StoredKey | NoKey:
        """Return a key; `whose` None: of any enterprise."""
        there = await self._store.key(key_id)
        return NoKey() if there is None or whose not in {None, there.enterprise} else there

    async def page(self, whose: int | None, after: str, limit: int) -> Sequence[StoredKey]:
        """Return up to `limit` keys past an id."""
        return await self._store.keys_page(whose, after, limit)

    async def _beyond(self, terms: KeyTerms, ends_at: int, asked: Asked[Any]) -> tuple[Fault, ...]:
        maker = asked.principal
        if not isinstance(maker, ApiKey | Account):
            return ()  # an operator, at the command line
        faults = list(_beyond_scopes(maker, terms))
        if isinstance(maker, ApiKey):
            faults.extend(_beyond_bounds(maker, terms))
            own = await self._store.key(maker.id)
            if own is None or own.expires_at < ends_at:
                faults.append(Fault("key.life", "/days"))
        return tuple(faults)

    def _made(self, terms: KeyTerms, now: int, replaces: str = "") -> MadeKey:
        new = make_key(self._chance(ID_BYTES + SECRET_BYTES))
        key = StoredKey(
            id=new.id,
            enterprise=terms.enterprise,
            hashed=hashed(new.token, self._pepper),
            scopes=terms.scopes,
            prefixes=terms.prefixes,
            networks=terms.networks,
            label=terms.label,
            created_at=now,
            expires_at=now + terms.life,
            replaces=replaces,
        )
        return MadeKey(key, new)


def _beyond_scopes(maker: ApiKey | Account, terms: KeyTerms) -> tuple[Fault, ...]:
    more = sorted(terms.scopes - maker.scopes)
    return (Fault("key.scopes", "/scopes", {"scopes": ", ".join(more)}),) if more else ()


def _beyond_bounds(maker: ApiKey, terms: KeyTerms) -> Sequence[Fault]:
    faults = []
    within = terms.prefixes and all(
        any(own.covers(wanted) for own in maker.prefixes) for wanted in terms.prefixes
    )
    if maker.prefixes and not within:
        told = ", ".join(map(str, maker.prefixes))
        faults.append(Fault("key.prefixes", "/prefixes", {"prefixes": told}))
    if not within_networks(terms.networks, maker.networks):
        told = ", ".join(map(str, maker.networks))
        faults.append(Fault("key.networks", "/networks", {"networks": told}))
    return faults


def _told(made: MadeKey) -> dict[str, Any]:
    key = made.key
    return {
        "key": key.id,
        "enterprise": key.enterprise,
        "scopes": sorted(key.scopes),
        "prefixes": [str(prefix) for prefix in key.prefixes],
        "networks": [str(network) for network in key.networks],
        "expires_at": key.expires_at,
    }
