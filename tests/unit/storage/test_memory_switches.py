"""The switches of the stores in memory; what they do otherwise is in tests/contracts."""

import asyncio
from uuid import UUID

import pytest

from identifiers.changes import AuditEntry, ChangeKind, Enterprise, Leased, Touched, Writes, Written
from identifiers.errors import FateUnknown, StoreUnavailable
from identifiers.records import EMPTY_VALUES, Record, State
from storage.memory import MemorySharedTier, MemoryStore
from storage.memory.shared_tier import LEASE_SECONDS, TOMBSTONE_SECONDS

KEY = "88.300.1/A"
RECORD = Record(key=KEY, name=KEY, version=1, state=State.ACTIVE, values=EMPTY_VALUES, changed_at=1)
AUDIT = AuditEntry(at=1, actor="a", action="b", subject="c", request="d")


async def create(store: MemoryStore) -> None:
    writes = Writes(records=(Written(UUID(int=1), ChangeKind.CREATED, RECORD),))
    await store.write(Touched(keys=(KEY,)), lambda _: (writes, None))


async def test_down_means_unavailable_and_nothing_happens() -> None:
    store = MemoryStore()
    store.down = True
    for attempt in (create(store), store.fetch([KEY]), store.start(), store.directory()):
        with pytest.raises(StoreUnavailable):
            await attempt
    store.down = False
    assert await store.record(KEY) is None


async def test_a_lost_answer_is_committed() -> None:
    store = MemoryStore()
    store.lose_next_answer = True
    with pytest.raises(FateUnknown):
        await create(store)
    assert await store.record(KEY) == RECORD
    assert await store.add_enterprise(Enterprise(id=0, name="n"), AUDIT) == 1


async def test_a_lost_commit_is_not() -> None:
    store = MemoryStore()
    store.lose_next_commit = True
    with pytest.raises(FateUnknown):
        await create(store)
    assert await store.record(KEY) is None
    await create(store)
    assert await store.record(KEY) == RECORD


async def test_what_was_fetched_can_be_read_off() -> None:
    store = MemoryStore()
    await store.fetch([KEY, "88.300.1/B"])
    await store.fetch([KEY])
    assert store.fetches == [(KEY, "88.300.1/B"), (KEY,)]


async def test_a_shared_tier_that_is_down() -> None:
    tier = MemorySharedTier()
    (granted,) = await tier.look([KEY])
    assert isinstance(granted, Leased)
    await tier.fill([(granted, RECORD)])
    tier.down = True
    for attempt in (tier.look([KEY]), tier.fill([]), tier.supersede([(KEY, 2)])):
        with pytest.raises(StoreUnavailable):
            await attempt
    tier.down = False
    # It missed news, and so trusts nothing from before.
    assert isinstance((await tier.look([KEY]))[0], Leased)
    assert tier.looks == 2


async def test_a_flushed_tier_voids_leases() -> None:
    tier = MemorySharedTier()
    (granted,) = await tier.look([KEY])
    assert isinstance(granted, Leased)
    tier.flush()
    await tier.fill([(granted, RECORD)])
    assert isinstance((await tier.look([KEY]))[0], Leased)


async def test_values_leases_and_tombstones_end() -> None:
    now = 0.0
    tier = MemorySharedTier(ttl=100, clock=lambda: now)
    (granted,) = await tier.look([KEY])
    assert isinstance(granted, Leased)
    now = LEASE_SECONDS
    await tier.fill([(granted, RECORD)])  # too late
    (granted,) = await tier.look([KEY])
    assert isinstance(granted, Leased)
    await tier.fill([(granted, RECORD)])
    now += 99
    assert await tier.look([KEY]) == [RECORD]
    now += 1
    assert isinstance((await tier.look([KEY]))[0], Leased)
    await tier.supersede([(KEY, 2)])
    now += TOMBSTONE_SECONDS
    (granted,) = await tier.look([KEY])
    assert isinstance(granted, Leased)
    await tier.fill([(granted, RECORD)])
    assert await tier.look([KEY]) == [RECORD]


async def test_two_workers_wait_for_one_hint() -> None:
    store = MemoryStore()
    waiting = [asyncio.create_task(store.hint(3600)) for _ in range(2)]
    await asyncio.sleep(0)
    await create(store)
    await asyncio.gather(*waiting)
