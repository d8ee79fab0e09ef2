"""Check values of the secrets that a database was made with, by the names of their files."""

from collections.abc import Callable, Mapping
from typing import Final

from identifiers.changes import AuditEntry
from storage.postgres import write
from storage.postgres.database import Database
from storage.postgres.pool import Connection
from storage.postgres.sql import load

_SQL: Final = load("key_checks")

Kept = Mapping[str, bytes | None]
"""None: the secret is in use since before values were kept."""


async def key_checks(database: Database) -> Kept:
    """Return what is kept; nothing, where the schema has no room for it yet.

    Raises `StoreUnavailable`.
    """
    return await database.read(_kept)


async def keep_key_checks(
    database: Database, decide: Callable[[Kept], Mapping[str, bytes]]
) -> None:
    """Keep what `decide` returns of what is kept; nobody else keeps anything meanwhile.

    What it raises comes out, and nothing is kept. Raises `StoreUnavailable` and `FateUnknown`.
    """

    async def work(connection: Connection) -> None:
        await connection.execute(_SQL["lock"])
        decided = decide(await _kept(connection))
        await connection.executemany(_SQL["keep"], list(decided.items()))

    await database.commit(work)


async def forget_key_check(database: Database, secret: str, audit: AuditEntry) -> bool:
    """Forget the value of a secret. False: none is kept.

    Raises `StoreUnavailable` and `FateUnknown`.
    """

    async def work(connection: Connection) -> bool:
        if await connection.fetchval(_SQL["forget"], secret) is None:
            return False
        await write.audit(connection, audit)
        return True

    return await database.commit(work)


async def _kept(connection: Connection) -> Kept:
    if not await connection.fetchval(_SQL["exists"]):
        return {}
    return {row["secret"]: row["value"] for row in await connection.fetch(_SQL["kept"])}
