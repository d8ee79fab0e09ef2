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

    async def key_bounds(self, *handles: str) -> Sequence[KeyBounds]:
        """Return the bounds of the keys of some records, by name and index."""
        self._store.reach()
        return [self._bounds[place] for place in sorted(self._bounds) if place[0] in handles]

    async def bounded_handles(self, after: str, limit: int) -> Sequence[str]:
        """Return up to `limit` canonical names past one of records whose keys have bounds."""
        self._store.reach()
        return sorted({handle for handle, _ in self._bounds if handle > after})[:limit]

    async def keep_key_bounds(self, bounds: KeyBounds, audit: AuditEntry, *, was: int) -> bool:
        """Make the bounds of a key just these; `UNBOUNDED`: it has none any more.

        False: those that it has were not set at `was`.
        """
        self._store.reach()
        place = (bounds.identity.handle, bounds.identity.index)
        there = self._bounds.get(place)
        if was != (0 if there is None else there.set_at):
            return False
        with self._store.committing():
            if bounds.bounds == UNBOUNDED:
                self._bounds.pop(place, None)
            else:
                self._bounds[place] = bounds
            self._store.audited.append(audit)
        return True
