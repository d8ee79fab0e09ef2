"""Limits of enterprises in tables."""

from collections.abc import Mapping
from typing import Final

from identifiers.changes import AuditEntry
from identifiers.limits import Limits, Rate
from storage.postgres import write
from storage.postgres.database import Database
from storage.postgres.pool import Connection
from storage.postgres.sql import load

_SQL: Final = load("limits")


class PostgresLimits:
    """LimitStore. Every method raises `StoreUnavailable`; `keep_limits`, `FateUnknown` too."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def limits(self) -> Mapping[int, Limits]:
        """Return the limits of the enterprises that have some of their own."""

        async def work(connection: Connection) -> Mapping[int, Limits]:
            quotas: dict[int, dict[str, int]] = {}
            for row in await connection.fetch(_SQL["quotas"]):
                quotas.setdefault(row["enterprise"], {})[row["prefix"]] = row["most"]
            rates = {
                row["enterprise"]: Rate(row["requests"], row["seconds"])
                for row in await connection.fetch(_SQL["rates"])
            }
            return {
                number: _limits(rates.get(number), quotas.get(number, {}))
                for number in {*quotas, *rates}
            }

        return await self._database.read(work)

    async def keep_limits(self, enterprise: int, limits: Limits, audit: AuditEntry) -> bool:
        """Make an enterprise's limits just these; False when there is no such enterprise."""

        async def work(connection: Connection) -> bool:
            if await connection.fetchval(_SQL["lock"], enterprise) is None:
                return False
            await connection.execute(_SQL["drop_quotas"], enterprise)
            await connection.execute(_SQL["drop_rate"], enterprise)
            for prefix, most in limits.quotas.items():
                await connection.execute(_SQL["add_quota"], enterprise, prefix, most)
            if (rate := limits.rate) is not None:
                await connection.execute(_SQL["add_rate"], enterprise, rate.requests, rate.seconds)
            await write.audit(connection, audit)
            return True

        return await self._database.commit(work)


def _limits(rate: Rate | None, quotas: dict[str, int]) -> Limits:
    prefixes = {prefix: most for prefix, most in quotas.items() if prefix}
    return Limits(rate, quotas.get(""), prefixes)
