"""The change log of a `MemoryStore` as enterprises follow it: each change is a transaction."""

from collections.abc import Sequence

from identifiers.feeds import BEGINNING, LoggedChange, Place
from storage.memory.store import MemoryStore


class MemoryFollowers:
    """FollowerStore."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._read: dict[tuple[int, str], Place] = {}

    async def changes(self, after: Place, limit: int) -> Sequence[LoggedChange]:
        """Return up to `limit` changes past a place, in the order of commits."""
        self._store.reach()
        logged = [
            LoggedChange(
                Place(at, 1),
                written.change,
                written.record.key,
                written.record.version,
                written.kind,
                written.record.changed_at * 1000,
            )
            for at, written in enumerate(self._store.changes, 1)
        ]
        return [change for change in logged if change.place > after][:limit]

    async def end(self) -> Place:
        """Return the place behind all there is."""
        self._store.reach()
        count = len(self._store.changes)
        return Place(count, 1) if count else BEGINNING

    async def acknowledged(self, enterprise: int, consumer: str) -> Place | None:
        """Return how far a consumer says it has read; None: it never said anything."""
        self._store.reach()
        return self._read.get((enterprise, consumer))

    async def acknowledge(self, enterprise: int, consumer: str, place: Place, at: int) -> Place:
        """Keep that a consumer has read so far, unless it was further; return how far it is."""
        del at
        self._store.reach()
        with self._store.committing():
            known = self._read.get((enterprise, consumer), BEGINNING)
            self._read[enterprise, consumer] = max(known, place)
        return self._read[enterprise, consumer]
