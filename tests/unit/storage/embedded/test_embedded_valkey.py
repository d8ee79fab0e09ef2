"""The embedded Valkey, on real servers."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio
import redis.exceptions

from storage.embedded.errors import AlreadyRunningError, StartFailedError
from storage.embedded.server import Server
from storage.embedded.valkey import EmbeddedValkey

MIB = 1024 * 1024


@pytest.fixture
async def valkey(home: Path) -> AsyncIterator[EmbeddedValkey]:
    server = EmbeddedValkey(home / "valkey", maxmemory=16 * MIB)
    yield server
    await server.stop()


async def ask(url: str, *command: str) -> Any:
    async with redis.asyncio.Redis.from_url(url, decode_responses=True) as client:
        return await client.execute_command(*command)  # type: ignore[no-untyped-call]


def names_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def told_of(pid: int | None) -> bytes:
    """What every user of the machine, or of the account, can read about a process."""
    process = Path(f"/proc/{pid}")
    return (process / "cmdline").read_bytes() + (process / "environ").read_bytes()


async def test_it_serves_as_configured(valkey: EmbeddedValkey, home: Path) -> None:
    server: Server = valkey
    began = time.perf_counter()
    url = await server.start()
    print(f"start {time.perf_counter() - began:.2f} s")  # noqa: T201 reported, not asserted
    shown = {
        "maxmemory": str(16 * MIB),
        "maxmemory-policy": "allkeys-lfu",
        "appendonly": "no",
        "save": "",
        "port": "0",
    }
    assert {name: (await ask(url, "CONFIG", "GET", name))[name] for name in shown} == shown
    assert (home / "valkey.run" / "valkey.sock").stat().st_mode & 0o777 == 0o600
    await server.stop()
    assert (await server.wait(), valkey.pid) == (0, None)
    assert names_in(home) == ["valkey.lock", "valkey.log"]


async def test_another_password_is_refused(valkey: EmbeddedValkey) -> None:
    url = await valkey.start()
    for wrong in (url.partition("?")[0], url + "x"):
        with pytest.raises(
            redis.exceptions.ConnectionError, match=r"authenticat|WRONGPASS|invalid"
        ):
            await ask(wrong, "PING")


async def test_the_password_is_not_in_the_list_of_processes(valkey: EmbeddedValkey) -> None:
    url = await valkey.start()
    password = url.rpartition("=")[2].encode()
    assert len(password) >= 32
    assert password not in told_of(valkey.pid)


async def test_a_killed_server_is_noticed_and_comes_back_empty(valkey: EmbeddedValkey) -> None:
    url = await valkey.start()
    await ask(url, "SET", "key", "value")
    died = asyncio.create_task(valkey.wait())
    assert valkey.pid is not None
    os.kill(valkey.pid, signal.SIGKILL)
    assert await died == -signal.SIGKILL
    assert await valkey.start() == url
    assert await ask(url, "GET", "key") is None


async def test_a_server_that_ignores_the_first_signal_is_killed(valkey: EmbeddedValkey) -> None:
    await valkey.start()
    assert valkey.pid is not None
    os.kill(valkey.pid, signal.SIGSTOP)
    child = valkey._child
    assert child is not None
    await child.stop([(signal.SIGTERM, 0.05)])
    assert await valkey.wait() == -signal.SIGKILL


async def test_the_second_of_two_is_told_who_is_first(valkey: EmbeddedValkey, home: Path) -> None:
    await valkey.start()
    with pytest.raises(RuntimeError, match="running already"):
        await valkey.start()
    with pytest.raises(AlreadyRunningError, match=f"pid {valkey.pid}"):
        await EmbeddedValkey(home / "valkey", maxmemory=MIB, patience=0.1).start()


@pytest.mark.parametrize("name", ["d" * 100, "煤" * 40, 'a "quoted" \\ name & ?#%41'])
async def test_any_path_will_do(home: Path, name: str) -> None:
    server = EmbeddedValkey(home / name / "valkey", maxmemory=MIB)
    url = await server.start()
    assert await ask(url, "PING") is True
    await server.stop()
    with pytest.raises(redis.exceptions.ConnectionError):
        await ask(url, "PING")


async def test_a_start_that_fails_says_what_the_server_said(home: Path) -> None:
    server = EmbeddedValkey(home / "valkey", maxmemory=-5)
    with pytest.raises(StartFailedError, match=r"(?s)ended with status 1.*maxmemory"):
        await server.start()
    assert server.pid is None


async def test_a_server_that_says_nothing_is_given_up(home: Path) -> None:
    silent = home / "silent"
    silent.write_text("#!/bin/sh\nexec /bin/sleep 600\n")
    silent.chmod(0o755)
    server = EmbeddedValkey(home / "valkey", maxmemory=MIB, program=silent, silence=0.05)
    with pytest.raises(StartFailedError, match=r"gave no answer within 0\.05 s"):
        await server.start()
    assert server.pid is None


async def test_before_a_start_there_is_nothing_to_wait_for_or_to_stop(
    valkey: EmbeddedValkey,
) -> None:
    await valkey.stop()
    with pytest.raises(RuntimeError, match="not started"):
        await valkey.wait()


async def test_files_that_cannot_be_written_are_told_as_a_failed_start(home: Path) -> None:
    (home / "var").touch()
    with pytest.raises(StartFailedError, match=r"Not a directory|File exists"):
        await EmbeddedValkey(home / "var" / "valkey", maxmemory=MIB).start()
