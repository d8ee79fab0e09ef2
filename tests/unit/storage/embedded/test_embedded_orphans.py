"""Servers end with the process that started them, however it ends, and whoever it runs as."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import redis.asyncio

from storage.embedded.postgres import EmbeddedPostgres
from storage.embedded.valkey import EmbeddedValkey

NewOwner = Callable[..., Awaitable[Any]]
Processes = Callable[[Path], list[int]]
End = Callable[[int], Awaitable[None]]
FileMade = Callable[[Path], Awaitable[None]]


async def check(dsn: str, url: str) -> None:
    connection = await asyncpg.connect(dsn)
    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()
    async with redis.asyncio.Redis.from_url(url) as client:
        assert await client.ping()


def names_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def uid_of(path: Path) -> int:
    return path.stat().st_uid


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
async def test_no_process_outlives_a_killed_owner(
    home: Path, loop: str, new_owner: NewOwner, processes_of: Processes, process_end: End
) -> None:
    owner = await new_owner(loop)
    ready = await owner.ready()
    await check(ready["dsn"], ready["url"])
    client = await asyncpg.connect(ready["dsn"])  # a client does not keep the server alive
    running = processes_of(home)
    assert set(ready["pids"]) < set(running)
    assert owner.process.pid not in running
    await owner.kill()
    await asyncio.gather(*map(process_end, running))
    assert processes_of(home) == []
    client.terminate()
    log = (home / "postgres.log").read_text()
    assert log.rstrip().endswith("database system is shut down")


async def test_a_start_right_after_the_kill_waits_for_the_old_servers(
    home: Path, new_owner: NewOwner
) -> None:
    owner = await new_owner()
    ready = await owner.ready()
    await owner.kill()
    postgres = EmbeddedPostgres(home / "postgres")
    valkey = EmbeddedValkey(home / "valkey", maxmemory=1024 * 1024)
    try:
        dsn, url = await postgres.start(), await valkey.start()
        assert dsn == ready["dsn"]
        assert not {postgres.pid, valkey.pid} & set(ready["pids"])
        await check(dsn, url)
    finally:
        await postgres.stop()
        await valkey.stop()


async def test_owner_and_servers_killed_at_once(new_owner: NewOwner) -> None:
    # nobody may be there to reap the postmaster, whose number then looks like a live process
    owner = await new_owner()
    ready = await owner.ready()
    for pid in ready["pids"]:
        os.kill(pid, signal.SIGKILL)
    await owner.kill()
    again = await (await new_owner()).ready()
    assert again["dsn"] == ready["dsn"]
    await check(again["dsn"], again["url"])


async def test_an_owner_killed_while_it_makes_the_data_leaves_no_half(
    home: Path, new_owner: NewOwner, file_made: FileMade
) -> None:
    owner = await new_owner()
    await file_made(home / "postgres.new" / "PG_VERSION")
    await owner.kill()
    assert not (home / "postgres").exists()
    ready = await (await new_owner()).ready()
    await check(ready["dsn"], ready["url"])
    assert not (home / "postgres.new").exists()


async def test_an_ordinary_user_needs_nothing_special(
    home: Path, as_ordinary_user: list[str], new_owner: NewOwner, processes_of: Processes
) -> None:
    os.chown(home, 65534, 65534)
    owner = await new_owner("asyncio", as_ordinary_user)
    ready = await owner.ready()
    await check(ready["dsn"], ready["url"])
    assert {uid_of(Path(f"/proc/{pid}")) for pid in processes_of(home)} == {65534}
    assert {uid_of(home / name) for name in names_in(home)} == {65534}
    await owner.kill()
    # root takes over as the owner of the data, and leaves them his
    postgres = EmbeddedPostgres(home / "postgres")
    assert await postgres.start() == ready["dsn"]
    assert uid_of(Path(f"/proc/{postgres.pid}")) == 65534
    await postgres.stop()
