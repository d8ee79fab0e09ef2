"""Webhooks, and what came of telling them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from identifiers.changes import AuditEntry, FirstAnswer
from identifiers.feeds import Place
from identifiers.webhooks import Delivery, Webhook
from storage.postgres import write
from storage.postgres.database import Database
from storage.postgres.pool import Connection
from storage.postgres.sql import load

_SQL: Final = load("webhooks")
_LOCK: Final = "SELECT pg_advisory_xact_lock(759486956, $1)"
"""Who adds webhooks of one enterprise waits for another who does, so that counting is right."""


class PostgresWebhooks:
    """WebhookStore. Every method raises `StoreUnavailable`; those that write, `FateUnknown` too."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self,
        hook: Webhook,
        most: int,
        entry: AuditEntry,
        once: FirstAnswer[bool | None] | None = None,
    ) -> bool | None:
        """Store a new webhook; False: there is one of the name, None: there are `most` others."""

        async def work(connection: Connection) -> bool | None:
            await connection.execute(_LOCK, hook.enterprise)
            if await connection.fetchrow(_SQL["find"], hook.enterprise, hook.name) is not None:
                return False
            if await connection.fetchval(_SQL["count"], hook.enterprise) >= most:
                return None
            await connection.execute(
                _SQL["add"],
                hook.enterprise,
                hook.name,
                hook.url,
                hook.sealed,
                str(hook.place.transaction),
                hook.place.id,
                hook.next_at,
                hook.created_at,
            )
            await write.audit(connection, entry)
            return True

        return await write.commit(self._database, work, once)

    async def list(self, enterprise: int) -> Sequence[Webhook]:
        """Return an enterprise's webhooks by name."""
        return [_hook(row) for row in await self._database.rows(_SQL["list"], enterprise)]

    async def find(self, enterprise: int, name: str) -> Webhook | None:
        """Return a webhook."""
        row = await self._database.row(_SQL["find"], enterprise, name)
        return None if row is None else _hook(row)

    async def due(self, now: int, limit: int) -> Sequence[Webhook]:
        """Return webhooks that may be told of something by now."""
        return [_hook(row) for row in await self._database.rows(_SQL["due"], now, limit)]

    async def keep(
        self, before: Webhook, after: Webhook, told: Delivery | AuditEntry | None, most: int
    ) -> bool:
        """Store what a webhook became, with what was done; False: it is not as before any more.

        Of its deliveries the newest `most` are kept.
        """

        async def work(connection: Connection) -> bool:
            named = before.enterprise, before.name
            kept = await connection.fetchval(
                _SQL["keep"],
                *named,
                str(before.place.transaction),
                before.place.id,
                str(after.place.transaction),
                after.place.id,
                after.attempts,
                after.failing_since,
                after.next_at,
                after.parked,
            )
            if kept is None:
                return False
            if isinstance(told, AuditEntry):
                await write.audit(connection, told)
            elif told is not None:
                await connection.execute(_SQL["note"], *named, *_row(told))
                await connection.execute(_SQL["forget"], *named, most)
            return True

        return await self._database.commit(work)

    async def renew(
        self,
        hook: Webhook,
        sealed: bytes,
        entry: AuditEntry,
        once: FirstAnswer[bool] | None = None,
    ) -> bool:
        """Store what signs from now on; False: it is not what `hook` has any more."""

        async def work(connection: Connection) -> bool:
            named = hook.enterprise, hook.name
            kept = await connection.fetchval(_SQL["renew"], *named, hook.sealed, sealed)
            if kept is not None:
                await write.audit(connection, entry)
            return kept is not None

        return await write.commit(self._database, work, once)

    async def remove(self, enterprise: int, name: str, entry: AuditEntry) -> bool:
        """Forget a webhook and what came of it; False: there is none."""

        async def work(connection: Connection) -> bool:
            gone = await connection.fetchval(_SQL["remove"], enterprise, name)
            if gone is not None:
                await write.audit(connection, entry)
            return gone is not None

        return await self._database.commit(work)

    async def deliveries(self, enterprise: int, name: str, limit: int) -> Sequence[Delivery]:
        """Return what came of telling a webhook, newest first."""
        return [
            Delivery(
                number=UUID(int=row["delivery"].int),
                at=row["at"],
                attempt=row["attempt"],
                changes=row["changes"],
                status=row["status"],
                error=row["error"],
                milliseconds=row["milliseconds"],
            )
            for row in await self._database.rows(_SQL["deliveries"], enterprise, name, limit)
        ]


def _row(delivery: Delivery) -> tuple[object, ...]:
    return (
        delivery.number,
        delivery.at,
        delivery.attempt,
        delivery.changes,
        delivery.status,
        delivery.error,
        delivery.milliseconds,
    )


def _hook(row: Mapping[str, Any]) -> Webhook:
    return Webhook(
        enterprise=row["enterprise"],
        name=row["name"],
        url=row["url"],
        sealed=row["sealed"],
        place=Place(int(row["transaction"]), row["id"]),
        next_at=row["next_at"],
        created_at=row["created_at"],
        parked=row["parked"],
        attempts=row["attempts"],
        failing_since=row["failing_since"],
    )
