"""Bounds of keys: what was said last, by record and index."""

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
    for said in (Bounds(2**32, NETWORKS), Bounds(None, NETWORKS[:1]), Bounds(0)):
        one = bounded(RECORD, 301, said, at=2**41)
        await stores.keep_key_bounds(one, AUDIT)
        assert await stores.key_bounds(RECORD) == [one]
    again = bounded(RECORD, 301, Bounds(9), "key:k", 8)
    await stores.keep_key_bounds(again, AUDIT)
    assert await stores.key_bounds(RECORD) == [again]
    for _ in range(2):  # what has none keeps none
        await stores.keep_key_bounds(bounded(RECORD, 301, UNBOUNDED), AUDIT)
        assert await stores.key_bounds(RECORD) == []
        assert await stores.bounded_handles() == []


async def test_bounds_are_found_by_record_in_order(stores: BoundStore) -> None:
    said = [
        bounded(*place, Bounds(5))
        for place in ((NAME, 3), (RECORD, MAX_INDEX), (RECORD, 0), ("0.NA/88.300.10", 1))
    ]
    for one in said:
        await stores.keep_key_bounds(one, AUDIT)
    assert await stores.key_bounds(RECORD) == [said[2], said[1]]
    assert await stores.key_bounds(NAME) == [said[0]]
    assert await stores.bounded_handles() == [RECORD, "0.NA/88.300.10", NAME]


async def test_every_change_is_audited_with_it_in_tables(dsn: str) -> None:
    async with Database(dsn, connections=2) as database:
        stores = PostgresKeyBounds(database)
        for said in (Bounds(5), UNBOUNDED):
            await stores.keep_key_bounds(bounded(RECORD, 1, said), AUDIT)
        rows = await database.rows("SELECT action, subject FROM audit")
        assert [tuple(row) for row in rows] == [("x", "s")] * 2


async def test_every_change_is_audited_with_it() -> None:
    memory = MemoryStore()
    stores = MemoryKeyBounds(memory)
    await stores.keep_key_bounds(bounded(RECORD, 1, Bounds(5)), AUDIT)
    assert memory.audited == [AUDIT]
    memory.down = True
    with pytest.raises(StoreUnavailable):
        await stores.keep_key_bounds(bounded(RECORD, 1, UNBOUNDED), AUDIT)
    with pytest.raises(StoreUnavailable):
        await stores.key_bounds(RECORD)
