"""Postgres behind a slow path: a proxy of the tests' own that delays every octet either way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from identifiers.errors import StoreUnavailable
from storage.postgres import Database, Nudge, PostgresRecords, PostgresStore
from tests.contracts.units import put

KEY = "88.300.1/A"
ROUND_TRIP = 0.15
"""Seconds: making a connection takes several, each look-up one."""


async def _carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    loop = asyncio.get_running_loop()
    while octets := await source.read(65536):
        loop.call_later(ROUND_TRIP / 2, target.write, octets)


@asynccontextmanager
async def slow_path(dsn: str, directory: Path) -> AsyncIterator[str]:
    """Give the address of a delaying way to the server of `dsn`, which is on a Unix socket."""
    (behind,) = parse_qs(urlsplit(dsn).query)["host"]
    name = f".s.PGSQL.{urlsplit(dsn).port or 5432}"
    ways: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        ways.add(task)
        there, back = await asyncio.open_unix_connection(f"{behind}/{name}")
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_carry(reader, back))
                group.create_task(_carry(there, writer))
        finally:
            for end in (writer, back):
                end.transport.abort()
            ways.discard(task)

    server = await asyncio.start_unix_server(serve, directory / name)
    yield dsn.replace(behind, str(directory))
    server.close()
    for task in ways:
        task.cancel()
    await asyncio.gather(*ways, return_exceptions=True)


async def test_a_slow_path_is_no_outage(dsn: str, tmp_path: Path) -> None:
    async with slow_path(dsn, tmp_path) as slow, Database(slow) as database, Nudge(slow) as nudge:
        records = PostgresRecords(database)
        # Making a connection takes longer than a look-up waits: the first ones are refused …
        for _ in range(20):
            try:
                await records.fetch([KEY])
            except StoreUnavailable:
                continue
            break
        # … and those after them are answered, as long as the connection lives.
        for _ in range(3):
            assert await records.fetch([KEY]) == [None]
        assert await put(PostgresStore(database, nudge), KEY) == 1


async def test_a_server_that_accepts_and_says_nothing_is_given_up_soon(tmp_path: Path) -> None:
    async def say_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        quiet.append(writer)

    quiet: list[asyncio.StreamWriter] = []
    server = await asyncio.start_unix_server(say_nothing, tmp_path / ".s.PGSQL.5432")
    async with Database(f"postgresql://n@/idnode?host={tmp_path}", connections=2) as database:
        for _ in range(5):
            with pytest.raises(StoreUnavailable, match="no connection within"):
                await PostgresRecords(database).fetch([KEY])
        assert len(quiet) == 1
    server.close()
    for writer in quiet:
        writer.transport.abort()
