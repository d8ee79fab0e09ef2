"""Versions of identifiers: the newest and those it replaced, with who wrote them."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from identifiers.changes import AuditEntry, ChangeKind
from identifiers.feeds import Place
from identifiers.history import BULK_ACTIONS, KEPT_DAYS, Version
from identifiers.names import prefix_of
from identifiers.records import Record
from storage.postgres import rows
from storage.postgres.database import Database
from storage.postgres.pool import Connection
from storage.postgres.sql import load

_SQL: Final = load("history")
PRUNED: Final = 20_000
"""Versions that are dropped at a time: every minute, so much more than is ever written so often."""


class PostgresHistory:
    """HistoryStore and ArchiveStore. Every method raises `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def versions(self, key: str, below: int, limit: int) -> Sequence[Version]:
        """Return up to `limit` versions of a record, newest first, from the first below `below`."""

        async def work(connection: Connection) -> Sequence[Version]:
            found = await connection.fetch(_SQL["versions"], prefix_of(key), key, below, limit)
            written = {row["xid"] for row in found if row["xid"] is not None}
            entries = await _entries(connection, key, sorted(written))
            return [
                Version(
                    record=rows.record(tuple(row)[:8]),
                    change=None if row["change"] is None else UUID(int=row["change"].int),
                    kind=None if row["kind"] is None else ChangeKind(row["kind"]),
                    at=row["at"],
                    entries=tuple(entries[row["xid"]]),
                )
                for row in found
            ]

        return await self._database.read(work)

    async def version(self, key: str, number: int) -> Record | None:
        """Return one version of a record; None when it never was or is no longer kept."""
        row = await self._database.row(_SQL["version"], prefix_of(key), key, number)
        return None if row is None else rows.record(tuple(row))

    async def replaced(self, prefix: str, after: tuple[str, int], limit: int) -> Sequence[Record]:
        """Return up to `limit` replaced versions under just a prefix, past a key and version."""
        found = await self._database.rows(_SQL["replaced"], prefix, *after, limit)
        return [rows.record(tuple(row)) for row in found]

    async def entries(self, after: Place, limit: int) -> Sequence[tuple[Place, AuditEntry]]:
        """Return up to `limit` entries of the audit log past a place."""
        found = await self._database.rows(_SQL["audit"], str(after.transaction), after.id, limit)
        told = []
        for row in found:
            columns = dict(row)
            place = Place(int(columns.pop("xid")), columns.pop("id"))
            told.append((place, AuditEntry(**columns)))
        return told


async def prune(connection: Connection, days: int = KEPT_DAYS, most: int = PRUNED) -> int:
    """Drop up to `most` versions that were replaced more than `days` ago; return how many."""
    dropped: int = await connection.fetchval(_SQL["prune"], days, most)
    return dropped


async def _entries(
    connection: Connection, key: str, written: Sequence[str]
) -> dict[str, list[AuditEntry]]:
    found: dict[str, list[AuditEntry]] = defaultdict(list)
    if written:
        for row in await connection.fetch(
            _SQL["entries"], list(written), key, sorted(BULK_ACTIONS)
        ):
            columns = dict(row)
            found[columns.pop("xid")].append(AuditEntry(**columns))
    return found
