"""What enterprises may use of the node: the limits that are kept, and requests against them."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from identifiers.limits import NO_LIMITS, Allowance, Bucket, Limits, Rate
from registry.access.ports import LimitStore

BOOK_SECONDS: Final = 5.0
"""How old the picture of all limits may be."""
_BUCKETS: Final = 65_536


class LimitBook:
    """All limits, at most `BOOK_SECONDS` old; they are few, and most enterprises have none."""

    def __init__(self, store: LimitStore) -> None:
        self._store = store
        self._found: Mapping[int, Limits] = {}
        self._read_at: float | None = None

    async def every(self, monotonic: float) -> Mapping[int, Limits]:
        """Return the limits of the enterprises that have some. Raises `StoreUnavailable`."""
        if self._read_at is None or monotonic - self._read_at >= BOOK_SECONDS:
            # Whoever comes meanwhile is judged by what was known: nobody waits twice.
            known, self._read_at = self._read_at, monotonic
            try:
                self._found = await self._store.limits()
            except BaseException:
                self._read_at = known
                raise
        return self._found

    def forget(self) -> None:
        """Have the limits read anew: some were changed here."""
        self._read_at = None


class Rates:
    """Counts the requests of enterprises. `rate` is everybody's; None: there is none."""

    def __init__(self, book: LimitBook, rate: Rate | None) -> None:
        self._book = book
        self._rate = rate
        self._buckets: OrderedDict[int, Bucket] = OrderedDict()

    async def take(self, enterprise: int, monotonic: float) -> Allowance | None:
        """Take one request of an enterprise; None: it has no limit. Raises `StoreUnavailable`."""
        limits = (await self._book.every(monotonic)).get(enterprise, NO_LIMITS)
        rate = limits.rate or self._rate
        if rate is None:
            return None
        bucket = self._buckets.get(enterprise, Bucket())
        self._buckets[enterprise], allowance = bucket.take(rate, monotonic)
        self._buckets.move_to_end(enterprise)
        if len(self._buckets) > _BUCKETS:
            self._buckets.popitem(last=False)
        return allowance
