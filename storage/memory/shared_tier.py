"""The shared cache tier in a dictionary: leases, versions and tombstones as in Redis."""

import time
from collections.abc import Callable, Sequence

import msgspec

from identifiers.changes import Leased
from identifiers.errors import StoreUnavailable
from identifiers.records import Record

LEASE_SECONDS = 10.0
TOMBSTONE_SECONDS = 60.0


class _Slot(msgspec.Struct):
    """What is kept of one key: a record or a tombstone, and the lease to fill it."""

    version: int = 0
    record: Record | None = None
    granted: int = 0
    expires: float = 0.0
    token: str = ""
    token_expires: float = 0.0


class MemorySharedTier:
    """SharedTier for one worker; `view` gives another worker's over the same contents.

    `clock` is monotonic seconds. While `down` is true every method but `forget` raises
    `StoreUnavailable`. `looks` counts the calls of `look`.
    """

    def __init__(self, *, ttl: float = 600.0, clock: Callable[[], float] = time.monotonic) -> None:
        self.down = False
        self.looks = 0
        self._ttl = ttl
        self._clock = clock
        self._slots: dict[str, _Slot] = {}
        self._grants = [0]
        self._since: int | None = None

    def view(self) -> "MemorySharedTier":
        """Return another worker's tier: the same contents, its own trust and switches."""
        other = MemorySharedTier(ttl=self._ttl, clock=self._clock)
        other._slots = self._slots
        other._grants = self._grants
        return other

    def flush(self) -> None:
        """Lose everything, as a restart does."""
        self._slots.clear()

    def forget(self) -> None:
        """Trust nothing that was stored before now."""
        self._since = None

    async def look(self, keys: Sequence[str]) -> Sequence[Record | Leased | None]:
        """Return for each key the record, a lease to fill it, or None: another fills it now."""
        self._reach()
        self.looks += 1
        self._grants[0] += 1
        grant = self._grants[0]
        if self._since is None:
            self._since = grant
        return [self._look(key, grant, self._since) for key in keys]

    def _look(self, key: str, grant: int, since: int) -> Record | Leased | None:
        now = self._clock()
        slot = self._slots.setdefault(key, _Slot())
        if slot.record is not None and slot.expires > now and slot.granted >= since:
            return slot.record
        if slot.token and slot.token_expires > now:
            return None
        slot.token, slot.token_expires = f"{grant}-{key}", now + LEASE_SECONDS
        return Leased(slot.token)

    async def fill(self, filled: Sequence[tuple[Leased, Record]]) -> None:
        """Store records under their leases; one that is older than what is known is refused."""
        self._reach()
        now = self._clock()
        for lease, record in filled:
            slot = self._slots.get(record.key)
            if slot is None or slot.token != lease.token or slot.token_expires <= now:
                continue
            slot.token = ""
            if slot.expires > now and record.version < slot.version:
                continue
            slot.version, slot.record = record.version, record
            slot.granted = int(lease.token.partition("-")[0])
            slot.expires = now + self._ttl

    async def supersede(self, superseded: Sequence[tuple[str, int]]) -> None:
        """Make every version older than the given one unreadable."""
        if self.down:
            self.forget()
        self._reach()
        now = self._clock()
        for key, version in superseded:
            slot = self._slots.setdefault(key, _Slot())
            if slot.expires > now and slot.version >= version:
                continue
            slot.version, slot.record, slot.token = version, None, ""
            slot.expires = now + TOMBSTONE_SECONDS

    def _reach(self) -> None:
        if self.down:
            raise StoreUnavailable("the shared tier in memory is switched off")
