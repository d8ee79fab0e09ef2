"""Limits of enterprises: what was said last, whole."""

from collections.abc import AsyncIterator

import pytest

from identifiers.changes import AuditEntry, Enterprise
from identifiers.limits import NO_LIMITS, Limits, Rate
from registry.access.ports import LimitStore
from storage.memory import MemoryLimits, MemoryStore
from storage.postgres import Database, Nudge, PostgresLimits, PostgresStore

AUDIT = AuditEntry(at=1, actor="a", action="x", subject="s", request="r")
ENTERPRISE = Enterprise(id=0, name="示例煤业")


@pytest.fixture
async def in_memory() -> LimitStore:
    memory = MemoryStore()
    await memory.add_enterprise(ENTERPRISE, AUDIT)
    return MemoryLimits(memory)


@pytest.fixture
async def in_tables(dsn: str) -> AsyncIterator[LimitStore]:
    async with Database(dsn, connections=2) as database, Nudge(dsn) as nudge:
        await PostgresStore(database, nudge).add_enterprise(ENTERPRISE, AUDIT)
        yield PostgresLimits(database)


@pytest.fixture(params=["in_memory", "in_tables"])
def stores(request: pytest.FixtureRequest) -> LimitStore:
    return request.getfixturevalue(request.param)


async def test_limits_are_what_was_said_last(stores: LimitStore) -> None:
    assert await stores.limits() == {}
    whole = Limits(Rate(60, 10), 10**12, {"88.300.1": 5, "88.300.1.7": 0})
    for said in (whole, Limits(identifiers=3), Limits(Rate(1, 2)), whole):
        assert await stores.keep_limits(1, said, AUDIT)
        assert await stores.limits() == {1: said}
    assert await stores.keep_limits(1, NO_LIMITS, AUDIT)
    assert await stores.limits() == {}


async def test_nobody_has_limits_who_is_not_there(stores: LimitStore) -> None:
    assert not await stores.keep_limits(9, Limits(identifiers=3), AUDIT)
    assert await stores.limits() == {}
