"""Reading records."""

from collections.abc import Sequence
from typing import Final

from identifiers.names import prefix_of
from identifiers.records import Record
from storage.postgres import rows
from storage.postgres.database import Database
from storage.postgres.pool import Connection
from storage.postgres.sql import load

_SQL: Final = load("records")


class PostgresRecords:
    """RecordSource: the truth at the end of the cache tiers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def fetch(self, keys: Sequence[str]) -> Sequence[Record | None]:
        """Return the record of each key, in order, in one query. Raises `StoreUnavailable`."""

        async def work(connection: Connection) -> dict[str, Record]:
            return await stored(connection, keys)

        found = await self._database.read(work)
        return [found.get(key) for key in keys]

    async def page(self, prefix: str, after: str, limit: int) -> Sequence[Record]:
        """Return up to `limit` records under just `prefix` past `after`, without deleted ones."""
        found = await self._database.rows(_SQL["page"], prefix, after, limit)
        return [rows.record(row) for row in found]

    async def next_prefix(self, above: str, after: str) -> str | None:
        """Return the first prefix past `after` derived from `above` that has records."""
        found = await self._database.rows(_SQL["next_prefix"], f"{above}.", f"{above}/", after)
        return str(found[0][0]) if found else None

    async def count(self, prefix: str) -> int:
        """Return how many records there are under just `prefix`, without deleted ones."""
        ((number,),) = await self._database.rows(_SQL["count"], prefix)
        return int(number)


async def stored(connection: Connection, keys: Sequence[str]) -> dict[str, Record]:
    """Return the rows that exist of `keys`, on a connection at hand."""
    prefixes = {prefix_of(key) for key in keys}
    if len(prefixes) == 1:
        found = await connection.fetch(_SQL["fetch_under"], *prefixes, keys)
    else:
        found = await connection.fetch(_SQL["fetch"], keys)
    return {row[0]: rows.record(row) for row in found}
