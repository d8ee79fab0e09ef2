"""Versions of identifiers, of those in a `MemoryStore`."""

from collections.abc import Sequence

from identifiers.changes import AuditEntry
from identifiers.feeds import Place
from identifiers.history import BULK_ACTIONS, Version
from identifiers.names import prefix_of
from identifiers.records import PAGE_BYTES, Record
from storage.memory.store import MemoryStore


class MemoryHistory:
    """HistoryStore and ArchiveStore. `kept` False: replaced versions were dropped."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self.kept = True

    async def versions(self, key: str, below: int, limit: int) -> Sequence[Version]:
        """Return up to `limit` versions of a record, newest first, from the first below `below`."""
        self._store.reach()
        logged = {w.record.version: w for w in self._store.changes if w.record.key == key}
        page: list[Version] = []
        octets = 0
        for record in self._records(key):
            if record.version >= below:
                continue
            if len(page) >= limit or octets >= PAGE_BYTES:
                break
            octets += len(record.values)
            written = logged.get(record.version)
            if written is None:
                page.append(Version(record=record))
                continue
            entries = self._store.beside[written.change]
            page.append(
                Version(
                    record=record,
                    change=written.change,
                    kind=written.kind,
                    at=record.changed_at * 1000,
                    entries=tuple(
                        e for e in entries if e.subject == key or e.action in BULK_ACTIONS
                    ),
                )
            )
        return page

    async def version(self, key: str, number: int) -> Record | None:
        """Return one version of a record; None when it never was or is no longer kept."""
        self._store.reach()
        return next((r for r in self._records(key) if r.version == number), None)

    async def replaced(self, prefix: str, after: tuple[str, int], limit: int) -> Sequence[Record]:
        """Return up to `limit` replaced versions under just a prefix, past a key and version."""
        self._store.reach()
        own = [r for r in self._store.history if prefix_of(r.key) == prefix and self.kept]
        past = sorted((r for r in own if (r.key, r.version) > after), key=_named)
        return past[:limit]

    async def entries(self, after: Place, limit: int) -> Sequence[tuple[Place, AuditEntry]]:
        """Return up to `limit` entries of the audit log past a place."""
        self._store.reach()
        told = [(Place(1, at), entry) for at, entry in enumerate(self._store.audited, 1)]
        return [(place, entry) for place, entry in told if place > after][:limit]

    def _records(self, key: str) -> list[Record]:
        newest = self._store.records.get(key)
        replaced = [r for r in self._store.history if r.key == key and self.kept]
        return [*([] if newest is None else [newest]), *reversed(replaced)]


def _named(record: Record) -> tuple[str, int]:
    return record.key, record.version
