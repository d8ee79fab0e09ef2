"""Bounds of keys in a table."""

from collections.abc import Sequence
from typing import Final

import asyncpg

from identifiers.changes import AuditEntry
from identifiers.keys.bounds import UNBOUNDED, Bounds, KeyBounds
from identifiers.principals import HandleIdentity
from storage.postgres import write
from storage.postgres.database import Database
from storage.postgres.pool import Connection
from storage.postgres.sql import load

_SQL: Final = load("key_bounds")


class PostgresKeyBounds:
    """BoundStore. Every method raises `StoreUnavailable`; what writes, `FateUnknown` too."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def key_bounds(self, handle: str) -> Sequence[KeyBounds]:
        """Return the bounds of the keys of a record, by index."""
        return [_bounds(row) for row in await self._database.rows(_SQL["of"], handle)]

    async def bounded_handles(self) -> Sequence[str]:
        """Return the canonical names of all records that have keys with bounds, in order."""
        return [row["handle"] for row in await self._database.rows(_SQL["handles"])]

    async def keep_key_bounds(self, bounds: KeyBounds, audit: AuditEntry) -> None:
        """Make the bounds of a key just these; `UNBOUNDED`: it has none any more."""
        identity, said = bounds.identity, bounds.bounds

        async def work(connection: Connection) -> None:
            if said == UNBOUNDED:
                await connection.execute(_SQL["drop"], identity.handle, identity.index)
            else:
                await connection.execute(
                    _SQL["keep"],
                    identity.handle,
                    identity.index,
                    said.expires_at,
                    said.networks,
                    bounds.set_by,
                    bounds.set_at,
                )
            await write.audit(connection, audit)

        await self._database.commit(work)


def _bounds(row: asyncpg.Record) -> KeyBounds:
    return KeyBounds(
        HandleIdentity(row["handle"], row["index"]),
        Bounds(row["expires_at"], tuple(row["networks"])),
        row["set_by"],
        row["set_at"],
    )
