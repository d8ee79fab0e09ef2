"""The embedded PostgreSQL, on real servers."""

import asyncio
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from storage.embedded.cluster import check_owner, live_postmaster
from storage.embedded.errors import (
    AlreadyRunningError,
    BinariesMissingError,
    DataDirectoryError,
    StartFailedError,
)
from storage.embedded.postgres import EmbeddedPostgres, _ask
from storage.embedded.process import Answer
from storage.embedded.server import Server


@pytest.fixture(scope="module")
def made_before() -> Iterator[Path]:
    """Data of an earlier run, to be copied."""
    with tempfile.TemporaryDirectory(prefix="idnode-test-", dir="/tmp") as name:
        asyncio.run(_make(Path(name)))
        yield Path(name)


async def _make(home: Path) -> None:
    server = EmbeddedPostgres(home / "postgres")
    await server.start()
    await server.stop()


@pytest.fixture
async def fresh(home: Path) -> AsyncIterator[EmbeddedPostgres]:
    """A server that has not been started before."""
    server = EmbeddedPostgres(home / "postgres")
    yield server
    await server.stop()


@pytest.fixture
def used_home(home: Path, made_before: Path) -> Path:
    """A home where a server has been before."""
    shutil.copytree(made_before / "postgres", home / "postgres")
    shutil.copy(made_before / "postgres.password", home)
    return home


@pytest.fixture
async def postgres(used_home: Path) -> AsyncIterator[EmbeddedPostgres]:
    """A server that has been started before, on data of its own."""
    server = EmbeddedPostgres(used_home / "postgres")
    yield server
    await server.stop()


async def fetch(dsn: str, query: str, **connect: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(dsn, **connect)
    try:
        rows: list[asyncpg.Record] = await connection.fetch(query)
        return rows
    finally:
        await connection.close()


def modes_in(directory: Path) -> dict[str, str]:
    return {path.name: oct(path.stat().st_mode & 0o777) for path in directory.iterdir()}


def there(path: Path) -> bool:
    return path.exists()


async def value(dsn: str, query: str) -> object:
    return (await fetch(dsn, query))[0][0]


async def test_data_and_address_stay_over_restarts(fresh: EmbeddedPostgres) -> None:
    server: Server = fresh
    began = time.perf_counter()
    dsn = await server.start()
    first = time.perf_counter() - began
    await fetch(dsn, "CREATE TABLE kept AS SELECT 7 AS n")
    await server.stop()
    assert (await server.wait(), fresh.pid) == (0, None)
    began = time.perf_counter()
    assert await server.start() == dsn
    print(f"first start {first:.2f} s, second {time.perf_counter() - began:.2f} s")  # noqa: T201 reported, not asserted
    assert await value(dsn, "SELECT n FROM kept") == 7


async def test_what_the_server_is_made_with(fresh: EmbeddedPostgres, home: Path) -> None:
    dsn = await fresh.start()
    shown = {
        "listen_addresses": "",
        "fsync": "on",
        "synchronous_commit": "on",
        "data_checksums": "on",
        "server_encoding": "UTF8",
        "jit": "off",
        "idle_in_transaction_session_timeout": "10s",
        "max_wal_size": "2GB",
        "TimeZone": "UTC",
    }
    assert {name: await value(dsn, f"SHOW {name}") for name in shown} == shown
    locale = await fetch(
        dsn,
        "SELECT datlocprovider, datlocale, datctype FROM pg_database"
        " WHERE datname = current_database()",
    )
    assert [tuple(row) for row in locale] == [(b"b", "C.UTF-8", "C.UTF-8")]
    assert modes_in(home) == {
        "postgres": "0o700",
        "postgres.lock": "0o600",
        "postgres.log": "0o600",
        "postgres.password": "0o600",
        "postgres.run": "0o700",
    }
    # pg_trgm knows Chinese letters
    await fetch(dsn, "CREATE EXTENSION pg_trgm")
    assert await value(dsn, "SELECT cardinality(show_trgm('二级节点A1'))") == 7


async def test_settings_can_be_given_but_not_a_port_to_listen_on(used_home: Path) -> None:
    given = {"work_mem": "7MB", "listen_addresses": "*"}
    server = EmbeddedPostgres(used_home / "postgres", settings=given)
    dsn = await server.start()
    try:
        assert await value(dsn, "SHOW work_mem") == "7MB"
        assert await value(dsn, "SHOW listen_addresses") == ""
    finally:
        await server.stop()


async def test_another_password_is_refused(postgres: EmbeddedPostgres) -> None:
    dsn = await postgres.start()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await fetch(dsn, "SELECT 1", password="guess")


async def test_ctrl_c_is_not_for_the_server(postgres: EmbeddedPostgres) -> None:
    await postgres.start()
    assert postgres.pid is not None
    assert os.getsid(postgres.pid) == postgres.pid


async def test_a_killed_postmaster_is_noticed_and_comes_back(postgres: EmbeddedPostgres) -> None:
    dsn = await postgres.start()
    await fetch(dsn, "CREATE TABLE acknowledged AS SELECT 7 AS n")
    open_connections = [await asyncpg.connect(dsn) for _ in range(5)]
    died = asyncio.create_task(postgres.wait())
    assert postgres.pid is not None
    os.kill(postgres.pid, signal.SIGKILL)
    assert await died == -signal.SIGKILL
    assert await postgres.start() == dsn
    assert await value(dsn, "SELECT n FROM acknowledged") == 7
    for connection in open_connections:
        connection.terminate()


async def test_a_server_full_of_clients_counts_as_ready(used_home: Path) -> None:
    # after a restart the pools of the workers can be there before our own question
    few = {"max_connections": "4", "superuser_reserved_connections": "0"}
    server = EmbeddedPostgres(used_home / "postgres", settings=few)
    dsn = await server.start()
    clients = [await asyncpg.connect(dsn) for _ in range(4)]
    assert await _ask(dsn) is Answer.READY
    for client in clients:
        client.terminate()
    await server.stop()
    assert await _ask(dsn) is Answer.NONE


async def test_a_half_made_directory_is_discarded(fresh: EmbeddedPostgres, home: Path) -> None:
    unfinished = home / "postgres.new"
    (unfinished / "base").mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    assert await value(await fresh.start(), "SELECT 1") == 1
    assert not unfinished.exists()


async def test_an_empty_directory_is_as_good_as_none(fresh: EmbeddedPostgres, home: Path) -> None:
    (home / "postgres").mkdir()
    assert await value(await fresh.start(), "SELECT 1") == 1


async def test_a_cancelled_first_start_leaves_nothing_running(
    home: Path,
    file_made: Callable[[Path], Awaitable[None]],
    processes_of: Callable[[Path], list[int]],
    process_end: Callable[[int], Awaitable[None]],
) -> None:
    server = EmbeddedPostgres(home / "postgres")
    starting = asyncio.create_task(server.start())
    await file_made(home / "postgres.new" / "PG_VERSION")
    running = processes_of(home)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    for pid in set(running) - {os.getpid()}:
        await process_end(pid)
    assert await value(await server.start(), "SELECT 1") == 1
    await server.stop()


async def test_the_second_of_two_is_told_who_is_first(
    postgres: EmbeddedPostgres, home: Path
) -> None:
    await postgres.start()
    with pytest.raises(RuntimeError, match="running already"):
        await postgres.start()
    with pytest.raises(AlreadyRunningError, match=f"pid {postgres.pid}") as refused:
        await EmbeddedPostgres(home / "postgres", patience=0.1).start()
    assert refused.value.pid == postgres.pid


async def test_a_server_that_does_not_hold_the_lock_is_seen_too(
    postgres: EmbeddedPostgres, home: Path
) -> None:
    await postgres.start()
    (home / "postgres.lock").unlink()  # as if it had been started by hand
    with pytest.raises(AlreadyRunningError) as refused:
        await EmbeddedPostgres(home / "postgres", patience=0.1).start()
    assert refused.value.pid == postgres.pid


async def test_a_pid_that_passed_on_to_another_process_is_no_server(
    postgres: EmbeddedPostgres, home: Path
) -> None:
    await postgres.start()
    await postgres.stop()
    other = await asyncio.create_subprocess_exec("/bin/cat", stdin=asyncio.subprocess.PIPE)
    noted = home / "postgres" / "postmaster.pid"
    noted.write_text(f"{other.pid}\n{home / 'postgres'}\n")
    assert live_postmaster(home / "postgres") is None
    assert await value(await postgres.start(), "SELECT 1") == 1
    assert other.stdin is not None
    other.stdin.close()
    await other.wait()


@pytest.mark.parametrize("content", ["", "garbage\n"])
def test_an_unreadable_pid_file_names_nobody(tmp_path: Path, content: str) -> None:
    (tmp_path / "postmaster.pid").write_text(content)
    assert live_postmaster(tmp_path) is None


@pytest.mark.parametrize("name", ["d" * 100, "煤" * 40, 'a "q", & ?#%41 \\ name'])
async def test_any_data_path_will_do(home: Path, name: str) -> None:
    server = EmbeddedPostgres(home / name / "postgres")
    dsn = await server.start()
    directory = Path(str(await value(dsn, "SHOW unix_socket_directories")))
    assert directory.parent == Path("/tmp")  # noqa: S108 what is asked
    await server.stop()
    assert not there(directory)


async def test_data_of_another_version_is_refused(home: Path) -> None:
    (home / "postgres").mkdir(mode=0o700)
    (home / "postgres" / "PG_VERSION").write_text("17\n")
    (home / "postgres.password").write_text("secret")
    with pytest.raises(DataDirectoryError, match=r"made by PostgreSQL 17, .* is PostgreSQL 18"):
        await EmbeddedPostgres(home / "postgres").start()


async def test_a_lost_password_is_told(postgres: EmbeddedPostgres, home: Path) -> None:
    await postgres.start()
    await postgres.stop()
    password = home / "postgres.password"
    password.rename(home / "elsewhere")
    with pytest.raises(DataDirectoryError, match=r"postgres.password is missing"):
        await postgres.start()
    password.write_text("another")
    with pytest.raises(DataDirectoryError, match="is not the one of"):
        await postgres.start()
    assert postgres.pid is None


async def test_a_start_that_fails_says_what_the_server_said(home: Path) -> None:
    server = EmbeddedPostgres(home / "postgres", settings={"shared_buffers": "plenty"})
    with pytest.raises(StartFailedError, match=r'(?s)ended with status 1.*"shared_buffers"'):
        await server.start()
    assert server.pid is None


async def test_an_initdb_that_fails_says_what_it_said(home: Path) -> None:
    server = EmbeddedPostgres(home / "postgres", bin_dir=_broken_programs(home / "bin"))
    with pytest.raises(StartFailedError, match=r"(?s)initdb failed with status 3.*no space"):
        await server.start()
    assert not (home / "postgres").exists()


def _broken_programs(directory: Path) -> Path:
    directory.mkdir()
    scripts = {
        "postgres": "echo 'postgres (PostgreSQL) 18.6'",
        "initdb": "echo 'no space left on device'; exit 3",
    }
    for name, line in scripts.items():
        (directory / name).write_text(f"#!/bin/sh\n{line}\n")
        (directory / name).chmod(0o755)
    return directory


async def test_programs_that_cannot_be_run_are_told_with_a_way_out(home: Path) -> None:
    directory = _broken_programs(home / "bin")
    (directory / "postgres").write_text("#!/bin/sh\necho 'wrong machine'; exit 126\n")
    with pytest.raises(BinariesMissingError, match=r"(?s)IDNODE_DATABASE_URL.*wrong machine"):
        await EmbeddedPostgres(home / "postgres", bin_dir=directory).start()


async def test_before_a_start_there_is_nothing_to_wait_for_or_to_stop(home: Path) -> None:
    server = EmbeddedPostgres(home / "postgres")
    await server.stop()
    with pytest.raises(RuntimeError, match="not started"):
        await server.wait()


def test_only_the_main_thread_may_start_it(home: Path) -> None:
    # the kernel would end the server with the thread
    raised: list[str] = []

    def start() -> None:
        try:
            asyncio.run(EmbeddedPostgres(home / "postgres").start())
        except RuntimeError as error:
            raised.append(str(error))

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert raised == ["embedded servers are started from the main thread only"]


def test_another_users_data_is_refused_to_all_but_root(tmp_path: Path) -> None:
    owner = tmp_path.stat().st_uid
    for euid in (0, owner):
        check_owner(tmp_path, euid)
    check_owner(tmp_path / "none yet", owner + 1)
    with pytest.raises(DataDirectoryError, match=f"belongs to uid {owner}: run the node as"):
        check_owner(tmp_path, owner + 1)


async def test_files_that_cannot_be_written_are_told_as_a_failed_start(home: Path) -> None:
    (home / "var").touch()
    with pytest.raises(StartFailedError, match=r"Not a directory|File exists"):
        await EmbeddedPostgres(home / "var" / "postgres").start()
