"""What the contract suite runs over, and how it looks behind the ports."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import asyncpg

from identifiers.changes import AuditEntry, ChangeKind
from identifiers.records import Record, State
from registry.business.ports import BusinessStore, DocumentStore, NoticeStore
from registry.business.searching import SearchIndex
from registry.business.templates import TemplateStore
from registry.ports import RegistryStore, ReverseLookup
from resolver.ports import ChangeFeed, DirectorySource, RecordSource
from storage.memory import (
    MemoryBusiness,
    MemoryReverse,
    MemorySearch,
    MemoryStore,
    MemoryTemplates,
)
from storage.postgres import (
    Database,
    Nudge,
    PostgresBusiness,
    PostgresDirectory,
    PostgresDocuments,
    PostgresFeed,
    PostgresNotices,
    PostgresRecords,
    PostgresReverse,
    PostgresSearch,
    PostgresStore,
    PostgresTemplates,
    SearchProjection,
)

Change = tuple[UUID, str, int, ChangeKind]


class Past(Protocol):
    """What was written beside the records."""

    async def changes(self) -> Sequence[Change]: ...

    async def audited(self) -> Sequence[AuditEntry]: ...

    async def history(self) -> Sequence[Record]: ...


@dataclass(frozen=True)
class Backend:
    store: RegistryStore
    records: RecordSource
    feed: ChangeFeed
    directory: DirectorySource
    past: Past
    reverse: ReverseLookup
    search: SearchIndex
    business: BusinessStore
    documents: DocumentStore
    notices: NoticeStore
    templates: TemplateStore
    project: Callable[[], Awaitable[None]]
    """Bring searches up to date."""


@dataclass(frozen=True)
class MemoryPast:
    store: MemoryStore

    async def changes(self) -> Sequence[Change]:
        return [(w.change, w.record.key, w.record.version, w.kind) for w in self.store.changes]

    async def audited(self) -> Sequence[AuditEntry]:
        return self.store.audited

    async def history(self) -> Sequence[Record]:
        return self.store.history


@dataclass(frozen=True)
class PostgresPast:
    dsn: str

    async def _rows(self, sql: str) -> Sequence[asyncpg.Record]:
        connection = await asyncpg.connect(self.dsn)
        try:
            return await connection.fetch(sql)
        finally:
            await connection.close()

    async def changes(self) -> Sequence[Change]:
        rows = await self._rows("SELECT change, key, version, kind FROM change ORDER BY xid, id")
        return [(UUID(int=c.int), key, version, ChangeKind(k)) for c, key, version, k in rows]

    async def audited(self) -> Sequence[AuditEntry]:
        rows = await self._rows(
            "SELECT at, actor, action, subject, request, detail, root FROM audit ORDER BY xid, id"
        )
        return [AuditEntry(**dict(row)) for row in rows]

    async def history(self) -> Sequence[Record]:
        rows = await self._rows(
            "SELECT key, coalesce(name, key) AS name, version, state, wire_values AS values,"
            " changed_at, reason, template FROM identifier_history ORDER BY replaced_at, key"
        )
        return [Record(**{**dict(row), "state": State(row["state"])}) for row in rows]


def memory_backend() -> Backend:
    store = MemoryStore()

    async def project() -> None:
        """Do nothing: the store in memory is never behind."""

    past, reverse = MemoryPast(store), MemoryReverse(store)
    business = MemoryBusiness(store)
    templates = MemoryTemplates(store)
    documents = business.documents
    return Backend(
        *(store, store, store, store, past, reverse, MemorySearch(store)),
        *(business, documents, business, templates),
        project,
    )


@asynccontextmanager
async def postgres_backend(dsn: str) -> AsyncIterator[Backend]:
    async with (
        Database(dsn, connections=16) as database,
        Nudge(dsn) as nudge,
        PostgresFeed(database, dsn) as feed,
    ):
        projection = SearchProjection(database, step=7)

        async def project() -> None:
            while (await projection.advance()).read:
                pass

        yield Backend(
            PostgresStore(database, nudge),
            PostgresRecords(database),
            feed,
            PostgresDirectory(database),
            PostgresPast(dsn),
            PostgresReverse(database),
            PostgresSearch(database),
            PostgresBusiness(database, nudge),
            PostgresDocuments(database),
            PostgresNotices(database),
            PostgresTemplates(database),
            project,
        )
