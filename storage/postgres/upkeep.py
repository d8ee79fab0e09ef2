"""What must be done every minute, by one process: nothing breaks when it is late."""

import logging
import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

import asyncpg
import msgspec

from storage.postgres import history, tallies
from storage.postgres.database import Database
from storage.postgres.pool import Connection
from storage.postgres.sql import load

_SQL: Final = load("upkeep")
_AHEAD: Final = 3
_KEPT: Final = 4
"""Days: an answer is kept for 72 hours, and its partition ends up to a day after it was stored."""
# Who makes or drops a partition shuts out everybody: for a moment, or not at all this time.
_OPENING: Final = (
    "BEGIN; SET LOCAL lock_timeout = '500ms'; SELECT pg_advisory_xact_lock(7594869555148547437)"
)
_OURS: Final = re.compile(r"idempotency_\d{8}")

_log = logging.getLogger(__name__)


class Partitions(msgspec.Struct, frozen=True):
    """Which partitions of stored answers to make and which to drop."""

    make: tuple[date, ...]
    drop: tuple[str, ...]


def name_of(day: date) -> str:
    """Return the name of a day's partition."""
    return f"idempotency_{day:%Y%m%d}"


def plan(existing: Iterable[str], today: date) -> Partitions:
    """Decide about partitions: today's and some days ahead must be, old ones must go."""
    ours = frozenset(name for name in existing if _OURS.fullmatch(name))
    wanted = [today + timedelta(days) for days in range(_AHEAD + 1)]
    oldest = name_of(today - timedelta(_KEPT - 1))  # the names are in the order of their days
    return Partitions(
        tuple(day for day in wanted if name_of(day) not in ours),
        tuple(sorted(name for name in ours if name < oldest)),
    )


async def maintain(database: Database) -> None:
    """Check durability, prune news for caches and old versions, keep partitions of answers.

    Raises `StoreUnavailable` and `FateUnknown`; all of it may be repeated.
    """
    await database.verify()

    async def prune(connection: Connection) -> None:
        await connection.execute(_SQL["prune_news"])
        await tallies.prune(connection)
        await history.prune(connection)

    await database.commit(prune)
    existing = [row["name"] for row in await database.rows(_SQL["partitions"])]
    ((today,),) = await database.rows(_SQL["today"])
    todo = plan(existing, today)
    for day in todo.make:
        await _make(database, day)
    if todo.drop:
        await _drop(database, todo.drop, today)


async def _make(database: Database, day: date) -> None:
    statement = (
        f"CREATE TABLE IF NOT EXISTS {name_of(day)} PARTITION OF idempotency"
        f" FOR VALUES FROM ('{day} 00:00+00') TO ('{day + timedelta(1)} 00:00+00')"
    )

    async def work(connection: Connection) -> None:
        await connection.execute(statement)

    try:
        await database.commit(work, opening=_OPENING)
    except asyncpg.CheckViolationError:
        # Nobody maintained for days, and that day's answers fell into the default partition.
        _log.info("%s is not made: its rows are in the default partition", name_of(day))


async def _drop(database: Database, names: Iterable[str], today: date) -> None:
    async def work(connection: Connection) -> None:
        for name in names:
            await connection.execute(f"DROP TABLE IF EXISTS {name}")
        await connection.execute(_SQL["sweep_default"], today - timedelta(_KEPT - 1))

    await database.commit(work, opening=_OPENING)
