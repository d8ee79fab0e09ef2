"""The tier that all workers share, in front of the store. Losing it costs latency only.

A record is asked for there first; who gets a lease reads the store and fills. Fills and tombstones
are carried by one task (`run`), so that neither an answer nor a poll of the feed waits for them.
The same task finds out when a lost tier is back, so that no query has to try. Until the shared tier
has taken a tombstone, what it gives is checked against it here.
"""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from itertools import islice

import msgspec
import structlog

from identifiers.changes import Leased
from identifiers.errors import StoreUnavailable
from identifiers.records import Record
from resolver.ports import RecordSource, SharedTier
from resolver.tiers.partial import with_also
from resolver.view import looked_at

_log = structlog.get_logger(__name__)


class Carrying(msgspec.Struct, frozen=True, kw_only=True):
    """How much waits to be carried, and how long a failing tier is left alone."""

    fills: int = 4096
    tombstones: int = 200_000
    at_once: int = 1000
    pause: float = 1.0
    """Seconds."""


class SharedRecords:
    """A record source: the shared tier where it can be asked, the source behind where not.

    `run` must be running, or nothing is ever filled.
    """

    def __init__(
        self,
        tier: SharedTier,
        behind: RecordSource,
        carrying: Carrying = Carrying(),  # noqa: B008 -- frozen
    ) -> None:
        self._tier = tier
        self._behind = behind
        self._carrying = carrying
        # A fill that is dropped is a lease that runs out: nobody misses it.
        self._fills: deque[tuple[Leased, Record]] = deque(maxlen=carrying.fills)
        self._tombstones: dict[str, int] = {}
        self._work = asyncio.Event()
        self._lost_over: str | None = None
        """The key that was asked for when the tier was lost: the question to try again with."""
        self.hits = 0
        """Names that the shared tier had, since the start."""
        self.misses = 0
        """Names that it was asked for and did not have."""

    @property
    def usable(self) -> bool:
        """Say whether the shared tier is asked at present."""
        return self._lost_over is None

    async def fetch(self, keys: Sequence[str]) -> Sequence[Record | None]:
        """Return the record of each key. Raises `StoreUnavailable` when the source behind does.

        What the shared tier has is not lost then: it comes with an `Incomplete`.
        """
        if not self.usable:
            return await self._behind.fetch(keys)
        try:
            looked = await self._tier.look(keys)
        except StoreUnavailable as error:
            self._lost(error, keys[0])
            return await self._behind.fetch(keys)
        got: dict[str, Record | None] = {}
        leases: dict[str, Leased] = {}
        for key, there in zip(keys, looked, strict=True):
            if isinstance(there, Record):
                if there.version >= self._tombstones.get(key, 0):
                    got[key] = there
            elif there is not None:
                leases[key] = there
        # Where another worker fills just now, the store is asked at once: a read by primary key is
        # sooner done than a wait for somebody else's.
        missing = [key for key in keys if key not in got]
        self.hits += len(got)
        self.misses += len(missing)
        if missing:
            got |= await self._from_behind(missing, got)
            self._fill(leases, got)
        return [got[key] for key in keys]

    def supersede(self, superseded: Sequence[tuple[str, int]]) -> None:
        """Believe no older version from now on, and have the tombstones carried."""
        known = self._tombstones
        for key, version in superseded:
            if known.get(key, 0) < version:
                known[key] = version
        if len(known) > self._carrying.tombstones:
            _log.warning("shared tier forgotten", waiting=len(known))
            self.forget()
        elif known:
            self._work.set()

    def forget(self) -> None:
        """Believe nothing that was stored before now."""
        self._tier.forget()
        self._tombstones.clear()
        self._fills.clear()

    async def run(self) -> None:
        """Carry fills and tombstones to the shared tier until cancelled."""
        while True:
            await self._work.wait()
            self._work.clear()
            try:
                await self._try_again()
                await self._carry()
            except StoreUnavailable as error:
                self._lost(error, next(iter(self._tombstones), ""))
                self._fills.clear()
                await asyncio.sleep(self._carrying.pause)
                self._work.set()

    async def _try_again(self) -> None:
        if self._lost_over is not None:
            await self._tier.look([self._lost_over])
            self._lost_over = None
            _log.info("shared tier asked again")

    def _fill(self, leases: Mapping[str, Leased], got: Mapping[str, Record | None]) -> None:
        for key, lease in leases.items():
            record = got[key]
            if record is not None:
                self._fills.append((lease, record))
        if self._fills:
            self._work.set()

    async def _from_behind(
        self, keys: Sequence[str], others: Mapping[str, Record | None]
    ) -> dict[str, Record | None]:
        try:
            records = await self._behind.fetch(keys)
        except StoreUnavailable as error:
            raise with_also(error, others) from error
        # What is found here is kept with the record, in this process and in the shared tier.
        looked = [record and looked_at(record) for record in records]
        return dict(zip(keys, looked, strict=True))

    async def _carry(self) -> None:
        while self._tombstones or self._fills:
            tombstones = list(islice(self._tombstones.items(), self._carrying.at_once))
            if tombstones:
                await self._tier.supersede(tombstones)
                for key, version in tombstones:
                    if self._tombstones.get(key) == version:
                        del self._tombstones[key]
            fills = [
                self._fills.popleft() for _ in range(min(len(self._fills), self._carrying.at_once))
            ]
            if fills:
                await self._tier.fill(fills)

    def _lost(self, error: StoreUnavailable, over: str) -> None:
        if self._lost_over is None:
            _log.warning("shared tier passed by", why=str(error))
            self._lost_over = over
            self._work.set()
