"""The embedded PostgreSQL under root, whom it refuses."""

import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from storage.embedded.binaries import find_postgres
from storage.embedded.identity import Account, UserNamespace
from storage.embedded.postgres import EmbeddedPostgres

pytestmark = pytest.mark.usefixtures("root")


async def value(dsn: str, query: str) -> Any:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def uid_of(pid: int | None) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


def owner_of(path: Path) -> int:
    return path.stat().st_uid


async def test_root_leaves_files_and_modes_as_they_are(home: Path) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    server = EmbeddedPostgres(closed / "postgres", identities=[UserNamespace()])
    assert await value(await server.start(), "SELECT 1") == 1
    await server.stop()
    assert {path.stat().st_uid for path in (closed / "postgres").iterdir()} == {0}
    assert closed.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("reach", [False, True])
async def test_root_without_user_namespaces_uses_an_account(
    home: Path,
    reach: bool,  # noqa: FBT001 a parameter of the table
) -> None:
    parent = home / "var"
    parent.mkdir(mode=0o700 if reach else 0o755)
    account = Account(uid=65534, gid=65534, reach=reach)
    server = EmbeddedPostgres(parent / "postgres", identities=[account])
    dsn = await server.start()
    assert await value(dsn, "SELECT 1") == 1
    assert uid_of(server.pid) == 65534
    await server.stop()
    assert (parent / "postgres").stat().st_uid == 65534
    # from now on the data is that account's, and it runs as its owner
    by_itself = EmbeddedPostgres(parent / "postgres")
    assert await by_itself.start() == dsn
    assert uid_of(by_itself.pid) == 65534
    await by_itself.stop()


async def test_data_made_in_a_user_namespace_is_handed_to_the_account(home: Path) -> None:
    first = EmbeddedPostgres(home / "postgres", identities=[UserNamespace()])
    await value(await first.start(), "CREATE TABLE kept AS SELECT 7 AS n")
    await first.stop()
    account = Account(uid=65534, gid=65534)
    then = EmbeddedPostgres(home / "postgres", identities=[account])
    assert await value(await then.start(), "SELECT n FROM kept") == 7
    await then.stop()


async def test_programs_in_a_closed_directory_send_the_account_to_the_next_choice(
    home: Path,
) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    (closed / "bin").symlink_to(find_postgres(None).directory)
    choices = [Account(uid=65534, gid=65534), Account(uid=65534, gid=65534, reach=True)]
    server = EmbeddedPostgres(home / "postgres", bin_dir=closed / "bin", identities=choices)
    assert await value(await server.start(), "SELECT 1") == 1
    await server.stop()


@pytest.mark.parametrize("access", [0o755, 0o700])
async def test_a_container_that_forbids_user_namespaces(
    home: Path, new_owner: Callable[..., Awaitable[Any]], access: int
) -> None:
    os.chmod(home, access)  # noqa: PTH101 at once, nothing to wait for
    container = Path(__file__).with_name("container.py")
    owner = await new_owner("asyncio", [sys.executable, str(container), sys.executable])
    ready = await owner.ready()
    assert await value(ready["dsn"], "SELECT 1") == 1
    assert uid_of(ready["pids"][0]) == owner_of(home / "postgres") != 0
