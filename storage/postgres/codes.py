"""Code rules and series in tables."""

from collections.abc import Sequence
from typing import Final, TypeVar

import msgspec

from identifiers.changes import AuditEntry, FirstAnswer
from identifiers.coding import Series, StoredRule
from storage.postgres import write
from storage.postgres.database import Database
from storage.postgres.pool import Connection
from storage.postgres.sql import load

T = TypeVar("T")

_SQL: Final = load("codes")


class PostgresCodes:
    """CodeStore. Every method raises `StoreUnavailable`; those that write, `FateUnknown` too."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep_rule(self, rule: StoredRule, audit: AuditEntry) -> None:
        """Store a rule, in place of one of the same name."""

        async def work(connection: Connection) -> None:
            await connection.execute(_SQL["keep_rule"], *msgspec.structs.astuple(rule))
            await write.audit(connection, audit)

        await self._database.commit(work)

    async def rule(self, prefix: str, name: str) -> StoredRule | None:
        """Return a rule."""
        row = await self._database.row(_SQL["rule"], prefix, name)
        return None if row is None else StoredRule(**dict(row))

    async def rules(
        self, prefixes: Sequence[str], after: tuple[str, str], limit: int
    ) -> Sequence[StoredRule]:
        """Return up to `limit` rules of just these prefixes by name, past `after`."""
        rows = await self._database.rows(_SQL["rules"], list(prefixes), *after, limit)
        return [StoredRule(**dict(row)) for row in rows]

    async def reserve(self, series: Series, count: int) -> int:
        """Reserve so many numbers; return the first of them."""

        async def work(connection: Connection) -> int:
            named = msgspec.structs.astuple(series)
            last: int = await connection.fetchval(_SQL["reserve"], *named, count)
            return last - count + 1

        return await self._database.commit(work)

    async def draw(self, names: Sequence[str]) -> frozenset[str]:
        """Note names and return those that were not noted before."""

        async def work(connection: Connection) -> frozenset[str]:
            rows = await connection.fetch(_SQL["draw"], list(names))
            return frozenset(row["name"] for row in rows)

        return await self._database.commit(work)

    async def answer(self, result: T, once: FirstAnswer[T]) -> None:
        """Keep the answer to a request. Raises `AnsweredBefore`."""

        async def work(_: Connection) -> T:
            return result

        await write.commit(self._database, work, once)
