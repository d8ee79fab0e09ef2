"""Relations by looking at every record of a `MemoryStore`, never behind them."""

from collections.abc import Collection, Sequence

from identifiers.relations import Edge, Relation, edges_of
from storage.memory.store import MemoryStore


class MemoryRelations:
    """RelationStore."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def above(
        self, keys: Sequence[str], relations: Collection[Relation], limit: int
    ) -> Sequence[Edge]:
        """Return up to `limit` relations that some identifiers have."""
        found = [e for e in await self._all() if e.source in keys and e.relation in relations]
        return sorted(found)[:limit]

    async def below(
        self, keys: Sequence[str], relations: Collection[Relation], limit: int
    ) -> Sequence[Edge]:
        """Return up to `limit` relations that others have to some."""
        found = [e for e in await self._all() if e.target in keys and e.relation in relations]
        return sorted(found, key=lambda e: (e.target, e.relation, e.source))[:limit]

    async def _all(self) -> Sequence[Edge]:
        directory = await self._store.directory()
        records = self._store.records.values()
        return [edge for record in records for edge in edges_of(record, directory)]
