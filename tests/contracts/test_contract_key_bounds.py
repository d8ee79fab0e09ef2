"""Bounds of keys: what was said last, by record and index."""

import asyncio
from collections.abc import AsyncIterator
from ipaddress import ip_network

import pytest

from identifiers.changes import AuditEntry
from identifiers.errors import StoreUnavailable
from identifiers.keys.bounds import UNBOUNDED, Bounds, KeyBounds
from identifiers.principals import HandleIdentity
from identifiers.values import MAX_INDEX
from registry.access.ports import BoundStore
from storage.memory import MemoryKeyBounds, MemoryStore
from storage.postgres import Database, PostgresKeyBounds

AUDIT = AuditEntry(at=1, actor="a", action="x", subject="s", request="r")
RECORD, NAME = "0.NA/88.300.1", "88.300.1/煤"
NETWORKS = (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))


@pytest.fixture
async def in_memory() -> BoundStore:
    return MemoryKeyBounds(MemoryStore())


@pytest.fixture
async def in_tables(dsn: str) -> AsyncIterator[BoundStore]:
    async with Database(dsn, connections=2) as database:
        yield PostgresKeyBounds(database)


@pytest.fixture(params=["in_memory", "in_tables"])
def stores(request: pytest.FixtureRequest) -> BoundStore:
    found: BoundStore = request.getfixturevalue(request.param)
    return found


def bounded(
    handle: str, index: int, bounds: Bounds, by: str = "account:li", at: int = 7
) -> KeyBounds:
    return KeyBounds(HandleIdentity(handle, index), bounds, by, at)


async def test_bounds_are_what_was_said_last(stores: BoundStore) -> None:
    assert await stores.key_bounds(RECORD) == []
    was = 0
    for said in (Bounds(2**32, NETWORKS), Bounds(None, NETWORKS[:1]), Bounds(0)):
        one = bounded(RECORD, 301, said, at=max(2**41, was + 1))
        assert await stores.keep_key_bounds(one, AUDIT, was=was)
        assert await stores.key_bounds(RECORD) == [one]
        was = one.set_at
    again = bounded(RECORD, 301, Bounds(9), "key:k", 8)
    assert await stores.keep_key_bounds(again, AUDIT, was=was)
    assert await stores.key_bounds(RECORD) == [again]
    for was in (8, 0):  # what has none keeps none
        assert await stores.keep_key_bounds(bounded(RECORD, 301, UNBOUNDED), AUDIT, was=was)
        assert await stores.key_bounds(RECORD) == []
        assert await stores.bounded_handles("", 1) == []


@pytest.mark.parametrize("said", [Bounds(9), UNBOUNDED])
async def test_bounds_that_are_others_by_now_stay(stores: BoundStore, said: Bounds) -> None:
    one, other = bounded(RECORD, 1, Bounds(5), at=7), bounded(RECORD, 1, said, at=9)
    assert not await stores.keep_key_bounds(other, AUDIT, was=7)
    assert await stores.keep_key_bounds(one, AUDIT, was=0)
    for was in (0, 6, 8):
        assert not await stores.keep_key_bounds(other, AUDIT, was=was)
        assert await stores.key_bounds(RECORD) == [one]
    # Of two that saw the same one is late.
    late = bounded(RECORD, 1, Bounds(6), at=10)
    kept = [await stores.keep_key_bounds(each, AUDIT, was=7) for each in (other, late)]
    assert kept == [True, False]


async def test_of_many_that_saw_the_same_one_is_kept(stores: BoundStore) -> None:
    for was in (0, 7):
        every = [bounded(RECORD, 1, Bounds(n), at=7 + was) for n in range(5)]
        tasks = (stores.keep_key_bounds(one, AUDIT, was=was) for one in every)
        kept = await asyncio.gather(*tasks)
        assert sum(kept) == 1
        assert await stores.key_bounds(RECORD) == [every[kept.index(True)]]


async def test_bounds_are_found_by_record_in_order(stores: BoundStore) -> None:
    last = "0.NA/88.300.10"
    said = [
        bounded(*place, Bounds(5))
        for place in ((NAME, 3), (RECORD, MAX_INDEX), (RECORD, 0), (last, 1))
    ]
    for one in said:
        await stores.keep_key_bounds(one, AUDIT, was=0)
    assert await stores.key_bounds(RECORD) == [said[2], said[1]]
    assert await stores.key_bounds(NAME) == [said[0]]
    assert await stores.key_bounds(NAME, RECORD) == [said[2], said[1], said[0]]
    assert await stores.key_bounds() == []
    assert await stores.bounded_handles("", 9) == [RECORD, last, NAME]
    assert await stores.bounded_handles("", 2) == [RECORD, last]
    assert await stores.bounded_handles(RECORD, 1) == [last]
    assert await stores.bounded_handles(NAME, 1) == []


async def test_every_change_is_audited_with_it_in_tables(dsn: str) -> None:
    async with Database(dsn, connections=2) as database:
        stores = PostgresKeyBounds(database)
        for was, said in enumerate((Bounds(5), UNBOUNDED, Bounds(6))):
            one = bounded(RECORD, 1, said, at=1)
            # The third comes too late, and is not noted.
            assert await stores.keep_key_bounds(one, AUDIT, was=was) is (was < 2)
        rows = await database.rows("SELECT action, subject FROM audit")
        assert [tuple(row) for row in rows] == [("x", "s")] * 2


async def test_every_change_is_audited_with_it() -> None:
    memory = MemoryStore()
    stores = MemoryKeyBounds(memory)
    for kept in (True, False):
        assert await stores.keep_key_bounds(bounded(RECORD, 1, Bounds(5)), AUDIT, was=0) is kept
    assert memory.audited == [AUDIT]
    memory.down = True
    with pytest.raises(StoreUnavailable):
        await stores.keep_key_bounds(bounded(RECORD, 1, UNBOUNDED), AUDIT, was=7)
    with pytest.raises(StoreUnavailable):
        await stores.key_bounds(RECORD)
