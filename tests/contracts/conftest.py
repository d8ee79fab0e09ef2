"""Every port over memory and over real servers.

One Postgres and one Valkey per test process, started from the wheels; without them the suite
fails. ``IDNODE_PG_BIN`` names another Postgres, to try the suite on an older one. Each test has a
database of its own, a copy of one that is migrated once, and names of its own in the shared tier.
"""

import os
from collections.abc import AsyncIterator, Callable
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from resolver.ports import SharedTier
from storage.embedded.postgres import EmbeddedPostgres
from storage.embedded.valkey import EmbeddedValkey
from storage.memory import MemorySharedTier
from storage.postgres import migrate
from storage.redis import RedisServer, RedisSharedTier
from tests.contracts.backends import Backend, memory_backend, postgres_backend

MAC_KEY = bytes(range(32))
TEMPLATE = "contract_template"
_numbers = count(1)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Return the address of the server, its template database made."""
    programs = os.environ.get("IDNODE_PG_BIN")
    server = EmbeddedPostgres(
        tmp_path_factory.mktemp("postgres") / "data", bin_dir=Path(programs) if programs else None
    )
    dsn = await server.start()
    connection = await asyncpg.connect(dsn)
    await connection.execute(f"CREATE DATABASE {TEMPLATE}")
    await connection.close()
    await migrate(database_at(dsn, TEMPLATE))
    yield dsn
    await server.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def valkey_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    server = EmbeddedValkey(tmp_path_factory.mktemp("valkey") / "data", maxmemory=64 * 2**20)
    yield await server.start()
    await server.stop()


def database_at(dsn: str, name: str) -> str:
    """Return the address of another database of the same server."""
    return dsn.replace("/idnode?", f"/{name}?")


@pytest.fixture
async def dsn(postgres_server: str) -> AsyncIterator[str]:
    """Return the address of a migrated, empty database."""
    name = f"contract_{next(_numbers)}"
    connection = await asyncpg.connect(postgres_server)
    await connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    yield database_at(postgres_server, name)
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


@pytest.fixture
async def sql(dsn: str) -> AsyncIterator[Any]:
    """Return a connection of the test's own to the database under test."""
    connection = await asyncpg.connect(dsn)
    yield connection
    connection.terminate()


@pytest.fixture
def memory() -> Backend:
    return memory_backend()


@pytest.fixture
async def postgres(dsn: str) -> AsyncIterator[Backend]:
    async with postgres_backend(dsn) as backend:
        yield backend


@pytest.fixture(params=["memory", "postgres"])
def backend(request: pytest.FixtureRequest) -> Backend:
    """Return all ports of one store; memory alone starts no server."""
    return request.getfixturevalue(request.param)


@pytest.fixture
async def redis_server(valkey_server: str) -> AsyncIterator[RedisServer]:
    async with RedisServer(valkey_server) as server:
        yield server


Workers = Callable[[], SharedTier]


@pytest.fixture
def memory_workers() -> Workers:
    return MemorySharedTier().view


@pytest.fixture
def redis_workers(redis_server: RedisServer) -> Workers:
    namespace = f"contract-{next(_numbers)}"
    return lambda: RedisSharedTier(redis_server, MAC_KEY, look_seconds=5, namespace=namespace)


@pytest.fixture(params=["memory_workers", "redis_workers"])
def workers(request: pytest.FixtureRequest) -> Workers:
    """Return what makes the shared tier of one more worker, all over the same contents."""
    return request.getfixturevalue(request.param)
