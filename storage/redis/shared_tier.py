"""The cache tier that all workers of a node share.

A worker trusts a value only if the database was read for it after the worker began to follow the
change feed: whatever changed later, the feed tells it, and it supersedes the value. A value's lease
carries the moment (its grant), and `_since` is the oldest grant to trust. The worker begins to
trust anew when news could not be passed on, because the server was away, and when another server
answers than before or the same one was started anew: what it was told may be lost, and what it
holds may be older than that. So nobody has to remember what the server missed, and a server that
comes back with old contents harms nobody.
"""

import random
import secrets
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

from identifiers.changes import Leased
from identifiers.errors import StoreUnavailable
from identifiers.records import Record
from storage.redis import sealed
from storage.redis.scripts import load
from storage.redis.server import Argument, RedisServer

T = TypeVar("T")

LOOK_SECONDS: Final = 0.02
"""The database answers nearly as fast: who waits longer is better off asking it (R-DOS-5)."""
WRITE_SECONDS: Final = 0.25
LEASE_MILLISECONDS: Final = 10_000
TOMBSTONE_MILLISECONDS: Final = 60_000
"""Longer than a lease (`assurance` 2.4)."""
BATCH: Final = 256
"""Keys in one script call: a script shuts out all others while it runs."""
FORMAT: Final = 4
"""Of values, raised when it changes: workers of two releases do not read each other's."""
_NOTHING: Final = 10**sealed.DIGITS - 1

_LOOK: Final = load("look")
_FILL: Final = load("fill")
_SUPERSEDE: Final = load("supersede")
_DISCARD: Final = load("discard")


class RedisSharedTier:
    """SharedTier over Redis 6 or newer, or Valkey.

    `mac_key`: 32 secret octets, the same for all workers. `ttl`: seconds that a value lives, ±10 %
    as `chance` (0 up to 1) says. `look_seconds`: how long a look may take. `seed`: random text for
    the tokens of one call. `namespace` keeps several nodes on one server apart.
    """

    def __init__(
        self,
        server: RedisServer,
        mac_key: bytes,
        *,
        ttl: float = 600.0,
        look_seconds: float = LOOK_SECONDS,
        chance: Callable[[], float] = random.random,
        seed: Callable[[], str] = lambda: secrets.token_hex(8),
        namespace: str = "idnode",
    ) -> None:
        self._server = server
        self._seals = sealed.Seals(mac_key)
        self._ttl = ttl
        self._look_seconds = look_seconds
        self._chance = chance
        self._seed = seed
        self._clock_key = f"{namespace}:{FORMAT}:clock"
        self._value = f"{namespace}:{FORMAT}:r:"
        self._lease = f"{namespace}:{FORMAT}:l:"
        self._since: int | None = None
        self._forgotten = 0
        server.when_replaced(self.forget)

    def forget(self) -> None:
        """Trust nothing that was stored before now."""
        self._since = None
        self._forgotten += 1

    async def look(self, keys: Sequence[str]) -> Sequence[Record | Leased | None]:
        """Return for each key the record, a lease to fill it, or None: another fills it now.

        A lease with an empty token means that nobody can fill it. Raises `StoreUnavailable`.
        """
        found: list[Record | Leased | None] = []
        for batch in _batches(keys):
            found += await self._look(batch)
        return found

    async def _look(self, keys: Sequence[str]) -> Sequence[Record | Leased | None]:
        since, forgotten = self._since, self._forgotten
        reply = await self._server.run(
            _LOOK,
            [self._clock_key, *self._names(keys)],
            [_NOTHING if since is None else since, self._seed(), LEASE_MILLISECONDS],
            seconds=self._look_seconds,
        )
        if since is None and reply[0] and forgotten == self._forgotten:
            self._since = int(reply[0])
        found: list[Record | Leased | None] = []
        bad: list[tuple[str, bytes]] = []
        leased: dict[bytes, Leased] = {}  # all leases of one look have one token, or none
        unseal = self._seals.unseal
        for key, value in zip(keys, reply[1:], strict=True):
            if value is None:
                found.append(None)
                continue
            if value[:1] == b"L":
                lease = leased.get(value)
                if lease is None:
                    lease = leased[value] = Leased(value[1:].decode())
                found.append(lease)
                continue
            if forgotten != self._forgotten:
                # The call itself may have met a new server, with the trust it had in the former.
                found.append(Leased(""))
                continue
            record = unseal(key, value)
            if record is None:
                bad.append((key, value))
            found.append(record or Leased(""))
        if bad:
            await self._discard(bad)
        return found

    async def _discard(self, bad: Sequence[tuple[str, bytes]]) -> None:
        await self._server.run(
            _DISCARD,
            [self._value + key for key, _ in bad],
            [value for _, value in bad],
            seconds=self._look_seconds,
        )

    async def fill(self, filled: Sequence[tuple[Leased, Record]]) -> None:
        """Store records under their leases; one that is older than what is known is refused.

        Raises `StoreUnavailable`.
        """
        for batch in _batches([(lease, record) for lease, record in filled if lease.token]):
            # The leases of one look have one token.
            grants = {lease.token: sealed.grant_of(lease.token) for lease, _ in batch}
            arguments: list[Argument] = []
            for lease, record in batch:
                token = lease.token
                value = self._seals.seal(record, grants[token])
                arguments += (token, self._milliseconds(), value)
            names = self._names([record.key for _, record in batch])
            await self._server.run(_FILL, names, arguments, seconds=WRITE_SECONDS)

    async def supersede(self, superseded: Sequence[tuple[str, int]]) -> None:
        """Make every version older than the given one unreadable, for this worker at least.

        Raises `StoreUnavailable` when it is for this worker only.
        """
        if self._since is None:
            # Nothing stored up to now will ever be trusted here; nor may a look that is under way
            # begin the trust earlier than this news.
            self.forget()
            return
        # A first version replaces nothing; a bulk import consists of them.
        replacing = [(key, version) for key, version in superseded if version > 1]
        try:
            for batch in _batches(replacing):
                await self._server.run(
                    _SUPERSEDE,
                    self._names([key for key, _ in batch]),
                    [TOMBSTONE_MILLISECONDS, *(sealed.number(version) for _, version in batch)],
                    seconds=WRITE_SECONDS,
                    insist=True,
                )
        except StoreUnavailable:
            self.forget()
            raise

    def _names(self, keys: Sequence[str]) -> list[str]:
        value, lease = self._value, self._lease
        return [value + key for key in keys] + [lease + key for key in keys]

    def _milliseconds(self) -> int:
        return int(self._ttl * 1000 * (0.9 + 0.2 * self._chance()))


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]
