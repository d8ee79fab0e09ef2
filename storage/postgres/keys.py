"""API keys."""

from collections.abc import Sequence
from typing import Final

import asyncpg

from identifiers.changes import StoredKey
from identifiers.names import Prefix
from identifiers.principals import Scope
from storage.postgres.database import Database
from storage.postgres.pool import Connection
from storage.postgres.sql import load

_SQL: Final = load("keys")


async def add(connection: Connection, key: StoredKey) -> None:
    """Store a key within a transaction at hand.

    Raises `ValueError` when the id is taken or there is no such enterprise.
    """
    try:
        await connection.execute(
            _SQL["add"],
            key.id,
            key.enterprise,
            key.hashed,
            sorted(key.scopes),
            [str(prefix) for prefix in key.prefixes],
            key.networks,
            key.label,
            key.created_at,
            key.expires_at,
            key.revoked_at,
            key.replaces,
        )
    except asyncpg.UniqueViolationError as error:
        raise ValueError(f"there is a key {key.id} already") from error
    except asyncpg.ForeignKeyViolationError as error:
        raise ValueError(f"there is no enterprise {key.enterprise}") from error


async def find(database: Database, key_id: str) -> StoredKey | None:
    """Return a key, revoked and expired ones too."""
    row = await database.row(_SQL["find"], key_id)
    return None if row is None else _key(row)


async def every(database: Database) -> Sequence[StoredKey]:
    """Return all keys, revoked and expired ones too, by enterprise, age and id."""
    return [_key(row) for row in await database.rows(_SQL["every"])]


def _key(row: asyncpg.Record) -> StoredKey:
    return StoredKey(
        id=row["id"],
        enterprise=row["enterprise"],
        hashed=row["hashed"],
        scopes=frozenset(Scope(scope) for scope in row["scopes"]),
        prefixes=tuple(Prefix(tuple(prefix.split("."))) for prefix in row["prefixes"]),
        networks=tuple(row["networks"]),
        label=row["label"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        replaces=row["replaces"],
    )


async def revoke(connection: Connection, key_id: str, at: int) -> bool:
    """End a key within a transaction at hand; False when there is none in force by that id."""
    return await connection.fetchval(_SQL["revoke"], key_id, at) is not None


async def page(
    database: Database, enterprise: int | None, after: str, limit: int
) -> Sequence[StoredKey]:
    """Return up to `limit` keys past an id, of one enterprise or (None) of all."""
    return [_key(row) for row in await database.rows(_SQL["page"], enterprise, after, limit)]


async def shorten(connection: Connection, key_id: str, ends_at: int) -> bool:
    """Let a key end sooner within a transaction at hand; False when none is in force."""
    return await connection.fetchval(_SQL["shorten"], key_id, ends_at) is not None
