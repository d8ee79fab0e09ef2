"""How many identifiers an enterprise may have, held to in front of the store.

Only what is bounded is counted: once by the store, then by what is committed through here, and from
time to time by the store again. A unit of work is judged as a whole, with one sum for each bound:
bulk input pays for chunks and not for rows. Two writers past each other (a command at the command
line) may exceed a bound until the next count.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from time import monotonic
from typing import Final, TypeVar

import msgspec

from identifiers.changes import ChangeKind, Current, Touched, Writes
from identifiers.errors import FateUnknown, QuotaSpent
from identifiers.limits import Limits
from identifiers.names import prefix_of
from registry.access.limits import LimitBook
from registry.ports import RegistryStore

T = TypeVar("T")
Decide = Callable[[Current], tuple[Writes, T]]
COUNT_SECONDS: Final = 300.0
"""After so long the store counts again, when nothing is being written meanwhile."""


class _Account(msgspec.Struct):
    used: int
    at: float
    pending: int = 0


class Bound(msgspec.Struct, frozen=True):
    """At most `most` identifiers below `prefix` (empty: any) of an enterprise's."""

    enterprise: int
    prefix: str
    most: int


class Quotas:
    """Counts identifiers of those enterprises that are bounded."""

    def __init__(
        self, store: RegistryStore, book: LimitBook, steady: Callable[[], float] = monotonic
    ) -> None:
        self._store = store
        self._book = book
        self._steady = steady
        self._accounts: dict[tuple[int, str], _Account] = {}

    async def write(
        self,
        write: Callable[[Touched, Decide[T]], Awaitable[T]],
        touched: Touched,
        decide: Decide[T],
    ) -> T:
        """Do what `write` does, unless that exceeds a bound. Raises `QuotaSpent` then."""
        every = await self._book.every(self._steady())
        bounded = {number: limits for number, limits in every.items() if limits.quotas}
        bounds = await self._bounds(bounded, touched) if bounded else {}
        if not bounds:
            return await write(touched, decide)
        taken: Counter[Bound] = Counter()

        def judged(current: Current) -> tuple[Writes, T]:
            writes, result = decide(current)
            self._release(taken)
            taken.update(_growth(writes, bounds))
            self._reserve(taken)
            return writes, result

        try:
            result = await write(touched, judged)
        except FateUnknown:
            self._settle(taken)  # it may have happened; the next count tells
            raise
        except BaseException:
            self._release(taken)
            raise
        self._settle(taken)
        return result

    async def used(self, enterprise: int, prefix: str = "") -> int:
        """Return how many identifiers an enterprise has. Raises `StoreUnavailable`."""
        directory = await self._store.directory()
        total = 0
        for entry in directory.entries:
            if entry.enterprise != enterprise:
                continue
            above = str(entry.prefix)
            below: str | None = above
            while below is not None:
                home = directory.nearest(below)
                if home is not None and home.prefix == entry.prefix and _within(below, prefix):
                    total += await self._store.count(below)
                below = await self._store.next_prefix(above, "" if below == above else below)
        return total

    async def _bounds(
        self, bounded: Mapping[int, Limits], touched: Touched
    ) -> dict[str, tuple[Bound, ...]]:
        """Return the bounds that count for each prefix that is touched, counted."""
        directory = await self._store.directory()
        found: dict[str, tuple[Bound, ...]] = {}
        for prefix in {prefix_of(key) for key in touched.keys}:
            home = directory.nearest(prefix)
            limits = None if home is None else bounded.get(home.enterprise)
            if home is None or limits is None:
                continue
            bounds = tuple(
                Bound(home.enterprise, below, most)
                for below, most in limits.quotas.items()
                if _within(prefix, below)
            )
            for bound in bounds:
                await self._counted(bound)
            found[prefix] = bounds
        return found

    async def _counted(self, bound: Bound) -> None:
        place = bound.enterprise, bound.prefix
        known, now = self._accounts.get(place), self._steady()
        if known is not None and (known.pending or now - known.at < COUNT_SECONDS):
            return
        used = await self.used(bound.enterprise, bound.prefix)
        met = self._accounts.get(place)
        if met is known:  # nobody counted meanwhile
            self._accounts[place] = _Account(used, now, 0 if known is None else known.pending)

    def _reserve(self, taken: Counter[Bound]) -> None:
        for bound, growth in taken.items():
            account = self._accounts[bound.enterprise, bound.prefix]
            if growth > 0 and account.used + account.pending + growth > bound.most:
                taken.clear()
                raise QuotaSpent(used=account.used, most=bound.most, prefix=bound.prefix)
        for bound, growth in taken.items():
            self._accounts[bound.enterprise, bound.prefix].pending += max(growth, 0)

    def _release(self, taken: Counter[Bound]) -> None:
        for bound, growth in taken.items():
            self._accounts[bound.enterprise, bound.prefix].pending -= max(growth, 0)
        taken.clear()

    def _settle(self, taken: Counter[Bound]) -> None:
        for bound, growth in taken.items():
            account = self._accounts[bound.enterprise, bound.prefix]
            account.pending -= max(growth, 0)
            account.used += growth


def _within(prefix: str, above: str) -> bool:
    return not above or prefix == above or prefix.startswith(f"{above}.")


def _growth(writes: Writes, bounds: Mapping[str, tuple[Bound, ...]]) -> Counter[Bound]:
    by_prefix: Counter[str] = Counter()
    for written in writes.records:
        if written.kind is ChangeKind.CREATED:
            by_prefix[prefix_of(written.record.key)] += 1
        elif written.kind is ChangeKind.DELETED:
            by_prefix[prefix_of(written.record.key)] -= 1
    growth: Counter[Bound] = Counter()
    for prefix, more in by_prefix.items():
        for bound in bounds.get(prefix, ()):
            growth[bound] += more
    return growth
