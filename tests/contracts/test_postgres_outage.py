"""Postgres stopped, killed, hung and back again: servers of the tests' own."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import psutil
import pytest

from identifiers.errors import FateUnknown, StoreUnavailable
from storage.embedded.postgres import EmbeddedPostgres
from storage.postgres import Database, Nudge, PostgresRecords, PostgresStore, migrate
from tests.contracts.backends import Backend, postgres_backend
from tests.contracts.units import put

KEY = "88.300.1/A"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path / "data")
    await migrate(await server.start())
    yield server
    await server.stop()


async def restarted(server: EmbeddedPostgres) -> str:
    await server.stop()
    return await server.start()


async def test_everything_recovers_by_itself(server: EmbeddedPostgres) -> None:
    dsn = await restarted(server)
    async with postgres_backend(dsn) as backend:
        await put(backend.store, KEY)
        cursor = await backend.feed.start()
        await put(backend.store, KEY)
        await server.stop()
        for attempt in (
            put(backend.store, KEY),
            backend.records.fetch([KEY]),
            backend.feed.poll(cursor),
            backend.directory.directory(),
        ):
            with pytest.raises(StoreUnavailable):
                await attempt
        await backend.feed.hint(0)
        await server.start()
        assert await put(backend.store, KEY) == 3
        page = await backend.feed.poll(cursor)
        assert sorted(page.superseded) == [(KEY, 2), (KEY, 3)]
        assert not page.reset


async def test_a_killed_server_loses_nothing_acknowledged(server: EmbeddedPostgres) -> None:
    dsn = await restarted(server)
    acknowledged: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    enough = asyncio.Event()

    async def writer(backend: Backend, key: str) -> None:
        while True:
            try:
                acknowledged[key] = await put(backend.store, key)
            except FateUnknown:
                unknown[key] += 1
                return
            except StoreUnavailable:
                return
            if acknowledged.total() > 400:
                enough.set()

    async with postgres_backend(dsn) as backend:
        keys = [f"88.300.1/W{n}" for n in range(8)]
        writers = [asyncio.create_task(writer(backend, key)) for key in keys]
        await enough.wait()
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        await asyncio.gather(*writers)
        await server.wait()
        await server.start()
        found = await backend.records.fetch(keys)
        for key, stored in zip(keys, found, strict=True):
            version = 0 if stored is None else stored.version
            assert acknowledged[key] <= version <= acknowledged[key] + unknown[key]
        # Records, changes and history agree: nothing was committed by halves.
        changes = Counter(key for _, key, _, _ in await backend.past.changes())
        assert changes == {r.key: r.version for r in found if r is not None}
        kept = Counter(record.key for record in await backend.past.history())
        assert all(kept[r.key] == r.version - 1 for r in found if r is not None)


async def test_a_server_that_hangs_is_given_up_and_found_again(server: EmbeddedPostgres) -> None:
    dsn = await restarted(server)
    async with (
        Database(dsn, connections=2, read_seconds=0.3) as database,
        Nudge(dsn) as nudge,
    ):
        store = PostgresStore(database, nudge)
        await put(store, KEY)
        stack = AsyncExitStack()
        other = await stack.enter_async_context(Database(dsn))
        await other.rows("SELECT 1")
        assert server.pid is not None
        processes = [psutil.Process(server.pid)]
        processes += processes[0].children(recursive=True)
        for process in processes:
            process.suspend()
        try:
            for _ in range(3):
                with pytest.raises(StoreUnavailable):
                    await PostgresRecords(database).fetch([KEY])
            await stack.aclose()  # closing needs no answer
        finally:
            for process in processes:
                process.resume()
        assert await put(store, KEY) == 2
