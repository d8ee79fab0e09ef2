"""The change log as enterprises follow it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from identifiers.changes import ChangeKind
from identifiers.feeds import BEGINNING, LoggedChange, Place
from storage.postgres.database import Database
from storage.postgres.pool import Connection
from storage.postgres.sql import load

_SQL: Final = load("followers")


class PostgresFollowers:
    """FollowerStore. Every method raises `StoreUnavailable`; `acknowledge`, `FateUnknown` too."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def changes(self, after: Place, limit: int) -> Sequence[LoggedChange]:
        """Return up to `limit` settled changes past a place, in the order of commits."""
        found = await self._database.rows(_SQL["changes"], str(after.transaction), after.id, limit)
        return [
            LoggedChange(
                _place(row),
                UUID(int=row["change"].int),
                row["key"],
                row["version"],
                ChangeKind(row["kind"]),
                row["at"],
            )
            for row in found
        ]

    async def end(self) -> Place:
        """Return the place behind all that is settled."""
        row = await self._database.row(_SQL["end"])
        return BEGINNING if row is None else _place(row)

    async def acknowledged(self, enterprise: int, consumer: str) -> Place | None:
        """Return how far a consumer says it has read; None: it never said anything."""
        row = await self._database.row(_SQL["acknowledged"], enterprise, consumer)
        return None if row is None else _place(row)

    async def acknowledge(self, enterprise: int, consumer: str, place: Place, at: int) -> Place:
        """Keep that a consumer has read so far, unless it was further; return how far it is."""

        async def work(connection: Connection) -> Place:
            await connection.execute(
                _SQL["acknowledge"], enterprise, consumer, str(place.transaction), place.id, at
            )
            row = await connection.fetchrow(_SQL["acknowledged"], enterprise, consumer)
            return _place(row)

        return await self._database.commit(work)


def _place(row: Mapping[str, Any]) -> Place:
    return Place(int(row["xid"]), row["id"])
