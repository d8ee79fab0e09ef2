"""The schema: which migrations there are, which are applied, and applying the rest."""

import logging
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from hashlib import sha256
from importlib.resources import files
from typing import Final

import asyncpg
import msgspec

from storage.postgres.database import Database, primary
from storage.postgres.errors import DRIVER_ERRORS, Unsuitable, raise_translated
from storage.postgres.pool import Connection
from storage.postgres.sql import load

_SQL: Final = load("schema")
_FILE: Final = re.compile(r"(\d{4})_(pre|post)_[a-z0-9_]+\.sql")
_LOCK: Final = 0x69646E6F64655F6D  # "idnode_m": one migrates, the others wait
_OLDEST_SERVER: Final = 140000
_CONNECT_SECONDS: Final = 10.0

_log = logging.getLogger(__name__)


class Phase(StrEnum):
    """Before or after the programs are replaced by those of a new release."""

    PRE = "pre"
    POST = "post"


class Migration(msgspec.Struct, frozen=True, kw_only=True):
    """One numbered file."""

    number: int
    phase: Phase
    name: str
    sql: str

    @property
    def checksum(self) -> bytes:
        """Return the SHA-256 of the file."""
        return sha256(self.sql.encode()).digest()


def migrations() -> Sequence[Migration]:
    """Return the migrations of this release, by number. Raises `ValueError` for a gap."""
    found = [
        Migration(
            number=int(match[1]),
            phase=Phase(match[2]),
            name=file.name,
            sql=file.read_text("utf-8"),
        )
        for file in files("storage.postgres.migrations").iterdir()
        if (match := _FILE.fullmatch(file.name))
    ]
    found.sort(key=lambda migration: migration.number)
    if [m.number for m in found] != list(range(1, len(found) + 1)):
        raise ValueError(f"migrations are not numbered 1, 2, …: {[m.name for m in found]}")
    return found


def pending(known: Sequence[Migration], applied: Mapping[int, bytes]) -> Sequence[Migration]:
    """Return what is still to be applied; `applied` gives checksums by number.

    Raises `Unsuitable` when the database is newer than this release, or was made by other files.
    """
    newest = known[-1].number
    if newer := sorted(number for number in applied if number > newest):
        raise Unsuitable(
            f"the database is newer than this release: it has migration {newer[-1]}, "
            f"this release knows {newest}. Start the release that made it, or a later one"
        )
    for migration in known:
        if applied.get(migration.number, migration.checksum) != migration.checksum:
            raise Unsuitable(
                f"{migration.name} was changed after it was applied to this database. "
                "Restore the released file"
            )
    return [migration for migration in known if migration.number not in applied]


async def migrate(
    dsn: str,
    phases: Sequence[Phase] = (Phase.PRE, Phase.POST),
    known: Sequence[Migration] | None = None,
) -> Sequence[str]:
    """Apply what is pending of `phases`, in order, and return the names.

    Any number of processes may call this at the same time. `known` is for tests. Raises
    `Unsuitable`, and `StoreUnavailable` when the server cannot be reached.
    """
    try:
        connection = await asyncpg.connect(
            dsn,
            timeout=_CONNECT_SECONDS,
            server_settings={"application_name": "idnode-migrate"},
            **primary(dsn),
        )
        try:
            return await _migrate(connection, phases, migrations() if known is None else known)
        finally:
            await connection.close(timeout=_CONNECT_SECONDS)
    except DRIVER_ERRORS as error:
        raise_translated(error)


async def check_schema(database: Database) -> None:
    """Raise `Unsuitable` unless the schema is the one this release works on.

    Pending *post* migrations are in order. Raises `StoreUnavailable`.
    """

    async def work(connection: Connection) -> Mapping[int, bytes]:
        return await _applied(connection)

    applied = await database.read(work)
    missing = [m.name for m in pending(migrations(), applied) if m.phase is Phase.PRE]
    if missing:
        raise Unsuitable(f"run `idnode migrate` first; pending: {', '.join(missing)}")


async def _migrate(
    connection: Connection, phases: Sequence[Phase], known: Sequence[Migration]
) -> Sequence[str]:
    await _check_server(connection)
    # Held by the session; it ends with the connection, however that ends.
    await connection.execute(f"SELECT pg_advisory_lock({_LOCK})")
    await connection.execute(_SQL["create"])
    todo = [m for m in pending(known, await _applied(connection)) if m.phase in phases]
    for migration in todo:
        async with connection.transaction():
            await connection.execute(migration.sql)
            await connection.execute(
                _SQL["record"], migration.number, migration.name, migration.checksum
            )
        _log.info("applied %s", migration.name)
    return [migration.name for migration in todo]


async def _applied(connection: Connection) -> Mapping[int, bytes]:
    if not await connection.fetchval(_SQL["exists"]):
        return {}
    return {row["number"]: row["checksum"] for row in await connection.fetch(_SQL["applied"])}


async def _check_server(connection: Connection) -> None:
    check_server(*await connection.fetchrow(_SQL["server"]))


def check_server(version: int, encoding: str, standby: bool) -> None:  # noqa: FBT001 -- a row
    """Raise `Unsuitable` for a server or database that no schema of ours may be made on."""
    if version < _OLDEST_SERVER:
        raise Unsuitable(f"PostgreSQL 14 or newer is needed; this is {version // 10000}")
    if encoding != "UTF8":
        raise Unsuitable(
            f"the database is encoded in {encoding}; "
            "make a new one: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
        )
    if standby:
        raise Unsuitable("this server is a standby: name the primary")
