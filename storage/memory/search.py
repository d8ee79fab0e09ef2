"""Search by looking at every record."""

from collections.abc import Sequence

from identifiers.records import Record, State
from identifiers.reverse import public_texts
from identifiers.search import Counted, Found, Page, Place, Wanted, may_fit, texts_fit
from storage.memory.store import MemoryStore


class MemorySearch:
    """SearchIndex over the records of a `MemoryStore`, never behind them."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def page(self, wanted: Wanted, begin: Place, limit: int) -> Page:
        """Return up to `limit` that fit, in the order in which they changed, from a place on."""
        fitting = [(at, found) for at, found in self._fitting(wanted) if at >= begin.block]
        page = tuple(found for _, found in fitting[:limit])
        more = Place(fitting[limit - 1][0] + 1) if len(fitting) >= limit else None
        return Page(page, more)

    async def count(self, wanted: Wanted, most: int) -> Counted:
        """Count what fits as far as `most`."""
        number = len(self._fitting(wanted))
        return Counted(min(number, most), exact=number <= most)

    async def named(self, keys: Sequence[str]) -> Sequence[Found]:
        """Return those that are stored of some canonical handles, without deleted ones."""
        self._store.reach()
        records = (self._store.records.get(key) for key in keys)
        return [self._found(r) for r in records if r is not None and _is_there(r)]

    async def names(self, prefix: str, begins: str, after: str, limit: int) -> Sequence[Found]:
        """Return what is stored under just a prefix, by canonical handle past `after`."""
        self._store.reach()
        keys = sorted(
            key
            for key in self._store.records
            if key.startswith((f"{prefix}/",)) and key.startswith(begins) and key > after
        )
        records = (self._store.records[key] for key in keys)
        return [self._found(record) for record in records if _is_there(record)][:limit]

    async def lag(self) -> float:
        """Return 0."""
        self._store.reach()
        return 0.0

    def _fitting(self, wanted: Wanted) -> list[tuple[int, Found]]:
        self._store.reach()
        order = {w.record.key: at for at, w in enumerate(self._store.changes)}
        fitting = [
            (order[key], self._found(record))
            for key, record in self._store.records.items()
            if _is_there(record)
            and may_fit(wanted, self._found(record))
            and texts_fit(wanted, record.name, public_texts(record.values))
        ]
        return sorted(fitting, key=lambda pair: pair[0])

    def _found(self, record: Record) -> Found:
        versions = [record, *(r for r in self._store.history if r.key == record.key)]
        return Found(
            key=record.key,
            name=record.name,
            version=record.version,
            state=record.state,
            template=record.template,
            changed_at=record.changed_at,
            created_at=min(versions, key=lambda r: r.version).changed_at,
        )


def _is_there(record: Record) -> bool:
    return record.state is not State.DELETED
