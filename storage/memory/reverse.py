"""The reverse look-up by looking at every record."""

from collections.abc import Sequence

from identifiers.reverse import Match, Search, TooBroad, fits_all
from storage.memory.store import MemoryStore


class MemoryReverse:
    """ReverseLookup over the records of a `MemoryStore`, never behind them.

    `broad` set: every search answers that it is too broad.
    """

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self.broad: TooBroad | None = None

    async def search(self, search: Search) -> Sequence[Match] | TooBroad:
        """Return a page of what is looked for, by canonical handle."""
        stored = await self._store.fetch(sorted(self._store.records))
        if self.broad is not None:
            return self.broad
        found = [r for r in stored if r is not None and fits_all(search, r)]
        page = found[search.offset : search.offset + search.limit]
        return [Match(record.key, record.name) for record in page]
