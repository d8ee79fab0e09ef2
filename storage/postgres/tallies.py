"""What was resolved, summed over all processes and nodes that share the database.

A tally is added whole and once: its process and number are claimed in the same transaction, so that
one whose fate is unknown is simply added again.
"""

from datetime import date
from typing import Final

from identifiers.tallies import (
    MOST_SOURCES,
    Day,
    Extreme,
    Latency,
    Peak,
    Source,
    Tally,
    UnderPrefix,
)
from storage.postgres.database import Database
from storage.postgres.pool import Connection
from storage.postgres.sql import load

_SQL: Final = load("tallies")
_NEVER: Final = Extreme(float("inf"), 0)
_OPENING: Final = (
    # A crash of the server costs the last fraction of a second: nobody waits for the disk.
    "BEGIN; SET LOCAL synchronous_commit = off; SET LOCAL lock_timeout = '2s'"
)
_SECONDS: Final = 10.0


class PostgresTallies:
    """TallyStore, and the sums for whoever reports. Days have room for `sources` pairs."""

    def __init__(self, database: Database, sources: int = MOST_SOURCES) -> None:
        self._database = database
        self._sources = sources

    async def add(self, tally: Tally) -> None:
        """Add a tally, unless it was added before. Raises `StoreUnavailable` and `FateUnknown`."""

        async def work(connection: Connection) -> None:
            if await connection.fetchval(_SQL["claim"], tally.process, tally.number) is not None:
                await self._add(connection, tally)

        await self._database.commit(work, opening=_OPENING, seconds=_SECONDS)

    async def _add(self, connection: Connection, tally: Tally) -> None:
        run, day = connection.execute, tally.day
        await run(_SQL["open_day"], day)
        if tally.asked:
            prefixes = [asked.prefix for asked in tally.asked]
            queries = [asked.found + asked.others for asked in tally.asked]
            await run(_SQL["prefixes"], day, prefixes, queries, [a.found for a in tally.asked])
            sources = [asked.source for asked in tally.asked]
            await run(_SQL["sources"], day, prefixes, sources, queries, self._sources)
        if tally.latency:
            await run(
                _SQL["latency"],
                day,
                [one.transport for one in tally.latency],
                [float("inf") if one.bound is None else one.bound for one in tally.latency],
                [one.answers for one in tally.latency],
            )
        await run(_SQL["seconds"], day, list(tally.second), list(tally.second.values()))
        quickest, slowest = tally.quickest or _NEVER, tally.slowest or Extreme(0.0, 0)
        time = sum(tally.time.values())
        await run(_SQL["extremes"], day, time, *_columns(quickest), *_columns(slowest))

    async def day(self, day: date) -> Day:
        """Return the sums of a day so far. Raises `StoreUnavailable`."""
        row = await self._database.row(_SQL["day"], day)
        latency = await self._database.rows(_SQL["by_latency"], day)
        answers = sum(one["answers"] for one in latency)
        return Day(
            day=day,
            answers=answers,
            seconds=0.0 if row is None else row["seconds"],
            peak=None if row is None or not row["peak"] else Peak(row["peak"], row["peak_at"]),
            quickest=None
            if row is None or not answers
            else Extreme(row["quickest"], row["quickest_at"]),
            slowest=None
            if row is None or not answers
            else Extreme(row["slowest"], row["slowest_at"]),
            latency=tuple(
                Latency(t, None if bound == float("inf") else bound, count)
                for t, bound, count in latency
            ),
            prefixes=tuple(
                UnderPrefix(*found) for found in await self._database.rows(_SQL["by_prefix"], day)
            ),
            sources=tuple(
                Source(*found) for found in await self._database.rows(_SQL["by_source"], day)
            ),
        )


def _columns(extreme: Extreme) -> tuple[float, int]:
    return extreme.seconds, extreme.at


async def prune(connection: Connection) -> None:
    """Take away what no report needs any more, within a transaction at hand."""
    for statement in ("prune_seconds", "prune_processes", "prune_sources"):
        await connection.execute(_SQL[statement])
