"""Bounds of keys in a table."""

from collections.abc import Sequence
from typing import Any, Final

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

    async def key_bounds(self, *handles: str) -> Sequence[KeyBounds]:
        """Return the bounds of the keys of some records, by name and index."""
        return [_bounds(row) for row in await self._database.rows(_SQL["of"], handles)]

    async def bounded_handles(self, after: str, limit: int) -> Sequence[str]:
        """Return up to `limit` canonical names past one of records whose keys have bounds."""
        return [row["handle"] for row in await self._database.rows(_SQL["handles"], after, limit)]

    async def keep_key_bounds(self, bounds: KeyBounds, audit: AuditEntry, *, was: int) -> bool:
        """Make the bounds of a key just these; `UNBOUNDED`: it has none any more.

        False: those that it has were not set at `was`.
        """

        async def work(connection: Connection) -> bool:
            if await connection.fetchval(*_asked(bounds, was)) is None:
                return False
            await write.audit(connection, audit)
            return True

        return await self._database.commit(work)


def _asked(bounds: KeyBounds, was: int) -> tuple[Any, ...]:
    """Return the statement that changes bounds which were set at `was`, and its arguments."""
    place, said = (bounds.identity.handle, bounds.identity.index), bounds.bounds
    if said == UNBOUNDED:
        return (_SQL["drop"], *place, was) if was else (_SQL["none"], *place)
    wanted = (*place, said.expires_at, said.networks, bounds.set_by, bounds.set_at)
    return (_SQL["change"], *wanted, was) if was else (_SQL["add"], *wanted)


def _bounds(row: asyncpg.Record) -> KeyBounds:
    return KeyBounds(
        HandleIdentity(row["handle"], row["index"]),
        Bounds(row["expires_at"], tuple(row["networks"])),
        row["set_by"],
        row["set_at"],
    )
