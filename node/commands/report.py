"""``report``: what was resolved on a day, as JSON."""

import asyncio
import sys
import time
from collections.abc import Mapping
from datetime import date

import msgspec

from identifiers.tallies import Day, day_of
from node import config
from node.database import reachable
from storage.postgres import Database, PostgresTallies, check_schema


def run(environ: Mapping[str, str], day: date | None) -> None:
    """Write the sums of a day in Beijing, by default of today."""
    found = asyncio.run(_day(config.load(environ), day or day_of(time.time())))
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n")


async def _day(settings: config.Settings, day: date) -> Day:
    async with reachable(settings) as dsn, Database(dsn, connections=1, durable=False) as database:
        await check_schema(database)
        return await PostgresTallies(database).day(day)
