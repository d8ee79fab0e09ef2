"""In front of the store itself: a failure is remembered, so that one query a second rechecks."""

from collections.abc import Callable, Sequence

from identifiers.errors import StoreUnavailable
from identifiers.records import Record
from resolver.freshness import Freshness
from resolver.ports import RecordSource


class Guarded:
    """A record source that leaves a failing store alone. `clock` is monotonic."""

    def __init__(
        self, store: RecordSource, freshness: Freshness, clock: Callable[[], float]
    ) -> None:
        self._store = store
        self._freshness = freshness
        self._clock = clock
        self.questions = 0
        """How often the store was asked."""
        self.names = 0
        """For how many names in all."""

    async def fetch(self, keys: Sequence[str]) -> Sequence[Record | None]:
        """Return the record of each key. Raises `StoreUnavailable`, at once while remembered."""
        if not self._freshness.worth_asking(self._clock()):
            raise StoreUnavailable("the store was away a moment ago")
        self.questions += 1
        self.names += len(keys)
        try:
            records = await self._store.fetch(keys)
        except StoreUnavailable:
            self._freshness.fail(self._clock())
            raise
        self._freshness.recover()
        return records
