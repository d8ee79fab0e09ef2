"""The change feed of an enterprise: what changed under its prefixes, in the order of commits."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import Final, Protocol

import msgspec

from identifiers.directory import PrefixDirectory
from identifiers.feeds import BEGINNING, LoggedChange, Place
from identifiers.names import PREFIX_RECORDS, Handle, Prefix, prefix_of
from identifiers.principals import Account, ApiKey
from registry.prefixes import Prefixes, place_of

SCANNED: Final = 5000
"""Changes, of anybody, that are looked at together."""
_SCANS: Final = 20
"""How often one answer looks on for changes of the asker's."""
_LOOK_SECONDS: Final = 0.5
"""Between two looks of those who wait for news."""
WAITING: Final = 200
"""Who may wait for news at a time; others are answered at once."""


class FollowerStore(Protocol):
    """Where the change log is read, and how far consumers are. Raises `StoreUnavailable`."""

    async def changes(self, after: Place, limit: int) -> Sequence[LoggedChange]:
        """Return up to `limit` settled changes past a place, in the order of commits."""
        ...

    async def end(self) -> Place:
        """Return the place behind all that is settled."""
        ...

    async def acknowledged(self, enterprise: int, consumer: str) -> Place | None:
        """Return how far a consumer says it has read; None: it never said anything."""
        ...

    async def acknowledge(self, enterprise: int, consumer: str, place: Place, at: int) -> Place:
        """Keep that a consumer has read so far, unless it was further; return how far it is."""
        ...


class Follower(msgspec.Struct, frozen=True):
    """Who follows: an enterprise (None: the node, all there is), within some prefixes if any."""

    enterprise: int | None
    prefixes: tuple[Prefix, ...] = ()

    @classmethod
    def of(cls, principal: ApiKey | Account) -> "Follower":
        """Return whom somebody follows for."""
        prefixes = principal.prefixes if isinstance(principal, ApiKey) else ()
        return cls(principal.enterprise, prefixes)

    def sees(self, directory: PrefixDirectory, handle: Handle) -> bool:
        """Say whether a name is one of those that are followed."""
        place = place_of(directory, handle)
        if self.enterprise is None:
            return True
        if place.home is None or place.home.enterprise != self.enterprise or place.home.applied:
            return False
        return not self.prefixes or any(prefix.covers(place.target) for prefix in self.prefixes)


class News(msgspec.Struct, frozen=True):
    """Some changes, and the place behind all that was looked at. `more`: the log goes on."""

    changes: tuple[LoggedChange, ...]
    place: Place
    more: bool


class Feed:
    """Reads the log for enterprises. Every method may raise `StoreUnavailable`."""

    def __init__(
        self,
        store: FollowerStore,
        prefixes: Prefixes,
        *,
        clock: Callable[[], float] = monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._prefixes = prefixes
        self._clock = clock
        self._sleep = sleep
        self._waiting = 0

    async def end(self) -> Place:
        """Return the place behind all there is by now."""
        return await self._store.end()

    async def read(self, follower: Follower, after: Place, limit: int, wait: float = 0.0) -> News:
        """Return up to `limit` changes past a place; if there is none, wait up to `wait` seconds.

        One that is answered with none begins anew at `place` all the same: nothing before it is
        his.
        """
        until = self._clock() + wait
        news = await self._news(follower, after, limit)
        if self._waiting >= WAITING:
            return news
        self._waiting += 1
        try:
            while not news.changes and (news.more or self._clock() < until):
                if not news.more:
                    await self._sleep(_LOOK_SECONDS)
                if self._clock() >= until:
                    break
                news = await self._news(follower, news.place, limit)
        finally:
            self._waiting -= 1
        return news

    async def begin(self, enterprise: int | None, consumer: str) -> Place:
        """Return the place behind what a consumer has acknowledged, or the beginning."""
        return await self._store.acknowledged(enterprise or 0, consumer) or BEGINNING

    async def acknowledge(
        self, enterprise: int | None, consumer: str, place: Place, at: int
    ) -> Place:
        """Keep that a consumer has read so far; return how far it is, which may be further."""
        return await self._store.acknowledge(enterprise or 0, consumer, place, at)

    async def _news(self, follower: Follower, after: Place, limit: int) -> News:
        directory = await self._prefixes.picture()
        seen: dict[str, bool] = {}
        found: list[LoggedChange] = []
        for _ in range(_SCANS):
            scanned = await self._store.changes(after, SCANNED)
            for change in scanned:
                after = change.place
                if _sees(follower, directory, change.key, seen):
                    found.append(change)
                    if len(found) == limit:
                        return News(tuple(found), after, more=True)
            if len(scanned) < SCANNED:
                return News(tuple(found), after, more=False)
            if found:
                break
        return News(tuple(found), after, more=True)


def _sees(follower: Follower, directory: PrefixDirectory, key: str, seen: dict[str, bool]) -> bool:
    prefix = prefix_of(key)
    if prefix == PREFIX_RECORDS:
        return follower.sees(directory, Handle.parse(key))
    known = seen.get(prefix)
    if known is None:
        known = seen[prefix] = follower.sees(directory, Handle.parse(key))
    return known
