"""Bounds of keys in a dictionary, beside the records of a `MemoryStore`."""

from collections.abc import Sequence

from identifiers.changes import AuditEntry
from identifiers.keys.bounds import UNBOUNDED, KeyBounds
from storage.memory.store import MemoryStore


class MemoryKeyBounds:
    """BoundStore. What was audited stands in the `MemoryStore`; its switches count here too."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._bounds: dict[tuple[str, int], KeyBounds] = {}

    async def key_bounds(self, handle: str) -> Sequence[KeyBounds]:
        """Return the bounds of the keys of a record, by index."""
        self._store.reach()
        return [self._bounds[place] for place in sorted(self._bounds) if place[0] == handle]

    async def bounded_handles(self) -> Sequence[str]:
        """Return the canonical names of all records that have keys with bounds, in order."""
        self._store.reach()
        return sorted({handle for handle, _ in self._bounds})

    async def keep_key_bounds(self, bounds: KeyBounds, audit: AuditEntry) -> None:
        """Make the bounds of a key just these; `UNBOUNDED`: it has none any more."""
        self._store.reach()
        place = (bounds.identity.handle, bounds.identity.index)
        with self._store.committing():
            if bounds.bounds == UNBOUNDED:
                self._bounds.pop(place, None)
            else:
                self._bounds[place] = bounds
            self._store.audited.append(audit)
