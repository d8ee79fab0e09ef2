"""FollowerStore: the change log in the order of commits, and how far consumers are."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from identifiers.changes import ChangeKind
from identifiers.feeds import BEGINNING, Place
from registry.business.feed import FollowerStore
from registry.ports import RegistryStore
from storage.memory import MemoryFollowers, MemoryStore
from storage.postgres import Database, Nudge, PostgresFollowers, PostgresStore
from tests.contracts.units import delete, put, put_all


@dataclass(frozen=True)
class Kept:
    store: RegistryStore
    log: FollowerStore


@pytest.fixture
def memory_kept() -> Kept:
    store = MemoryStore()
    return Kept(store, MemoryFollowers(store))


@pytest.fixture
async def postgres_kept(dsn: str) -> AsyncIterator[Kept]:
    async with Database(dsn, connections=6) as database, Nudge(dsn) as nudge:
        yield Kept(PostgresStore(database, nudge), PostgresFollowers(database))


@pytest.fixture(params=["memory", "postgres"])
def kept(request: pytest.FixtureRequest) -> Kept:
    found: Kept = request.getfixturevalue(f"{request.param}_kept")
    return found


async def test_changes_are_read_from_place_to_place(kept: Kept) -> None:
    assert await kept.log.changes(BEGINNING, 9) == []
    assert await kept.log.end() == BEGINNING
    await put(kept.store, "88.1/A")
    await put_all(kept.store, ("88.1/B", "88.1/C"))
    await put(kept.store, "88.1/A")
    await delete(kept.store, "88.1/A")
    first = await kept.log.changes(BEGINNING, 2)
    rest = await kept.log.changes(first[-1].place, 9)
    told = [(c.key, c.version, c.kind) for c in (*first, *rest)]
    assert sorted(told[1:3]) == [
        ("88.1/B", 1, ChangeKind.CREATED),
        ("88.1/C", 1, ChangeKind.CREATED),
    ]
    assert (told[0], *told[3:]) == (
        ("88.1/A", 1, ChangeKind.CREATED),
        ("88.1/A", 2, ChangeKind.UPDATED),
        ("88.1/A", 3, ChangeKind.DELETED),
    )
    assert [c.place for c in (*first, *rest)] == sorted({c.place for c in (*first, *rest)})
    assert await kept.log.end() == rest[-1].place
    assert all(c.at > 1_600_000_000_000 for c in (*first, *rest))


async def test_who_reads_while_others_write_misses_nothing(kept: Kept) -> None:
    names = [f"88.{n % 3}/{n}" for n in range(60)]
    turns = asyncio.Semaphore(4)  # who reads waits for a connection, and not for long

    async def write(name: str) -> None:
        async with turns:
            await put(kept.store, name)

    writing = asyncio.gather(*map(write, names))
    seen: list[str] = []
    place = BEGINNING
    while len(seen) < len(names):
        for change in await kept.log.changes(place, 7):
            seen.append(change.key)
            place = change.place
        await asyncio.sleep(0)  # the store in memory never waits
    await writing
    assert sorted(seen) == sorted(names)


async def test_a_consumer_goes_forwards_only(kept: Kept) -> None:
    assert await kept.log.acknowledged(1, "erp") is None
    assert await kept.log.acknowledge(1, "erp", Place(5, 2), 100) == Place(5, 2)
    assert await kept.log.acknowledge(1, "erp", Place(4, 9), 101) == Place(5, 2)
    assert await kept.log.acknowledge(1, "erp", Place(10, 1), 102) == Place(10, 1)
    assert await kept.log.acknowledged(1, "erp") == Place(10, 1)
    assert await kept.log.acknowledged(2, "erp") is None
    assert await kept.log.acknowledged(1, "other") is None


async def test_what_is_not_settled_is_not_told(postgres_kept: Kept, sql: Any) -> None:
    """A transaction that began before may still commit rows that come before others'."""
    async with sql.transaction():
        await sql.execute("SELECT pg_current_xact_id()")
        await put(postgres_kept.store, "88.1/A")
        assert await postgres_kept.log.changes(BEGINNING, 9) == []
        assert await postgres_kept.log.end() == BEGINNING
    assert len(await postgres_kept.log.changes(BEGINNING, 9)) == 1
