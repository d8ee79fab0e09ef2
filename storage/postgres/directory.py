"""Enterprises and the prefixes allotted to them."""

from collections.abc import Sequence
from typing import Final

import asyncpg

from identifiers.changes import Delegated, Enterprise
from identifiers.directory import NO_REASON, Off, OffAs, PrefixDirectory, PrefixEntry, PrefixKind
from identifiers.names import Prefix
from identifiers.records import EMPTY_VALUES
from identifiers.routes import record_key, said_by
from storage.postgres import rows
from storage.postgres.database import Database
from storage.postgres.pool import Connection
from storage.postgres.sql import load

_SQL: Final = load("directory")


class PostgresDirectory:
    """DirectorySource."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def directory(self) -> PrefixDirectory:
        """Return the picture of all prefixes. Raises `StoreUnavailable`."""
        return await self._database.read(picture)


async def picture(connection: Connection) -> PrefixDirectory:
    """Return the picture of all prefixes as a transaction at hand sees it."""
    entries = [_entry(row) for row in await connection.fetch(_SQL["all"])]
    return PrefixDirectory(sorted(entries, key=lambda entry: entry.prefix))


def _entry(row: asyncpg.Record) -> PrefixEntry:
    routes, namespace = said_by(row["wire_values"] or EMPTY_VALUES)
    return PrefixEntry(
        prefix=Prefix(tuple(row["prefix"].split("."))),
        kind=PrefixKind(row["kind"]),
        enterprise=row["enterprise"],
        enabled=row["enabled"],
        fold_suffix=row["fold_suffix"],
        signed=row["signed"],
        keeps=row["keeps"],
        routes=routes if row["delegated"] else None,
        namespace=namespace,
        applied=row["applied"],
        unhosted=row["unhosted"],
        quota=row["quota"],
        off=NO_REASON if row["enabled"] else Off(OffAs(row["off_as"]), row["off_reason"]),
    )


async def home(connection: Connection, entry: PrefixEntry) -> bool:
    """Allot a prefix within a transaction at hand; False when it is allotted already.

    Raises `ValueError` when there is no such enterprise.
    """
    try:
        homed = await connection.fetchval(
            _SQL["home"],
            str(entry.prefix),
            entry.kind,
            entry.enterprise,
            entry.enabled,
            entry.fold_suffix,
            rows.pack_news(()),
        )
    except asyncpg.ForeignKeyViolationError as error:
        raise ValueError(f"there is no enterprise {entry.enterprise}") from error
    return homed is not None


async def hand_over(connection: Connection, entry: PrefixEntry) -> bool:
    """Make a prefix of the node's own an enterprise's within a transaction at hand.

    False when it is not the node's own or is in use. Raises `ValueError` when there is no such
    enterprise.
    """
    try:
        handed = await connection.fetchval(
            _SQL["hand_over"],
            str(entry.prefix),
            entry.kind,
            entry.enterprise,
            entry.fold_suffix,
            record_key(entry.prefix),
            rows.pack_news(()),
        )
    except asyncpg.ForeignKeyViolationError as error:
        raise ValueError(f"there is no enterprise {entry.enterprise}") from error
    return handed is not None


async def delegate(connection: Connection, moved: Delegated) -> None:
    """Mark a prefix within a transaction at hand. Raises `ValueError` when it was not allotted."""
    marked = await connection.fetchval(
        _SQL["delegate"], str(moved.prefix), moved.away, rows.pack_news(())
    )
    if marked is None:
        raise ValueError(f"{moved.prefix} was never allotted")


async def sign(connection: Connection, prefix: Prefix, *, signed: bool) -> bool:
    """Mark a prefix within a transaction at hand; False when it was not allotted."""
    marked = await connection.fetchval(_SQL["sign"], str(prefix), signed, rows.pack_news(()))
    return marked is not None


async def keep(connection: Connection, prefix: Prefix, *, keeps: bool) -> bool:
    """Mark a prefix within a transaction at hand; False when it was not allotted."""
    marked = await connection.fetchval(_SQL["keep"], str(prefix), keeps, rows.pack_news(()))
    return marked is not None


async def enable(connection: Connection, prefix: Prefix, *, enabled: bool) -> bool:
    """Switch a prefix within a transaction at hand; False when that changes nothing."""
    switched = await connection.fetchval(_SQL["enable"], str(prefix), enabled, rows.pack_news(()))
    return switched is not None


async def add_enterprise(connection: Connection, enterprise: Enterprise) -> int:
    """Store an enterprise within a transaction at hand and return its id."""
    number: int = await connection.fetchval(
        _SQL["add_enterprise"], enterprise.name, enterprise.credit_code, enterprise.industry
    )
    return number


async def enterprises(database: Database) -> Sequence[Enterprise]:
    """Return all enterprises, by id."""
    return [Enterprise(**dict(row)) for row in await database.rows(_SQL["enterprises"])]
