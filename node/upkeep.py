"""What is tried again until the store is there, what is done every minute, how the store is."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from identifiers.errors import FateUnknown, StoreUnavailable
from storage.postgres import Database

_PATIENCE: Final = 60.0
"""Seconds that a starting node waits for a database that is being started elsewhere."""
_BETWEEN_TRIES: Final = 0.5
_BETWEEN_LINES: Final = 10.0
_BETWEEN_CHORES: Final = 60.0
_log = structlog.get_logger(__name__)


async def once_reachable(
    attempt: Callable[[], Awaitable[object]],
    where: str,
    *,
    patience: float = _PATIENCE,
    between: float = _BETWEEN_TRIES,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Do it, trying again while the store cannot be reached, for as long as a start may wait.

    `where` tells in the log what is waited for: at once, and then every ten seconds.
    """
    now = clock()
    give_up, tell = now + patience, now
    while True:
        try:
            await attempt()
        except StoreUnavailable as why:
            now = clock()
            if now >= give_up:
                raise
            if now >= tell:
                _log.warning("waiting for the database", server=where, why=str(why))
                tell = now + _BETWEEN_LINES
            await asyncio.sleep(between)
        else:
            return


async def keep_up(
    chore: Callable[[], Awaitable[object]], *, between: float = _BETWEEN_CHORES
) -> None:
    """Do it every minute until cancelled; when the store is away, the next time will do."""
    while True:
        try:
            await chore()
        except (StoreUnavailable, FateUnknown) as why:
            _log.warning("maintenance put off", why=str(why))
        await asyncio.sleep(between)


async def answers(database: Database) -> str:
    """Return ``ok`` when the database answers, else why not."""
    try:
        await database.rows("SELECT 1")
    except StoreUnavailable as why:
        return str(why)
    return "ok"
