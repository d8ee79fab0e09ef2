import asyncio
from contextlib import asynccontextmanager

import msgspec
import pytest

from identifiers.errors import StoreUnavailable
from identifiers.records import EMPTY_VALUES, PublicRecord, Record, State
from identifiers.values import Value
from identifiers.wire.handle.values import encode_values
from resolver.tiers.partial import Incomplete
from resolver.tiers.shared import Carrying, SharedRecords
from storage.memory import MemorySharedTier


def record(key, version=1):
    return Record(
        key=key,
        name=key,
        version=version,
        state=State.ACTIVE,
        values=EMPTY_VALUES,
        changed_at=0,
    )


class Behind:
    def __init__(self):
        self.records = {}
        self.asked = []
        self.down = False

    async def fetch(self, keys):
        self.asked.append(list(keys))
        if self.down:
            raise StoreUnavailable("away")
        return [self.records.get(key) for key in keys]


class Setting:
    def __init__(self, **carrying):
        self.now = 100.0
        self.tier = MemorySharedTier(clock=lambda: self.now)
        self.behind = Behind()
        self.shared = SharedRecords(self.tier, self.behind, Carrying(pause=0.0, **carrying))

    @asynccontextmanager
    async def carrying(self):
        """Run the carrier and let it do all there is to do."""
        task = asyncio.create_task(self.shared.run())
        try:
            for _ in range(20):
                await asyncio.sleep(0)
            yield
        finally:
            task.cancel()


@pytest.fixture
def at():
    return Setting()


async def test_what_is_missing_is_read_behind_and_filled(at):
    at.behind.records = {"a": record("a")}
    assert await at.shared.fetch(["a", "x"]) == [record("a"), None]
    async with at.carrying():
        assert await at.shared.fetch(["a"]) == [record("a")]
        assert at.behind.asked == [["a", "x"]]


async def test_what_everybody_may_read_whole_is_marked_as_it_is_read(at):
    values = encode_values([Value(index=1, type="URL", data=b"https://example.org/1")])
    at.behind.records = {"a": msgspec.structs.replace(record("a"), values=values)}
    (read,) = await at.shared.fetch(["a"])
    assert type(read) is PublicRecord
    async with at.carrying():
        assert await at.shared.fetch(["a"]) == [read]
        assert len(at.behind.asked) == 1


async def test_what_another_fills_just_now_is_read_without_waiting(at):
    at.behind.records = {"a": record("a")}
    await at.shared.fetch(["something else"])
    other = at.tier.view()
    (lease,) = await other.look(["a"])
    assert lease is not None
    assert await at.shared.fetch(["a"]) == [record("a")]
    async with at.carrying():
        await other.fill([(lease, record("a", 2))])
        assert await at.shared.fetch(["a"]) == [record("a", 2)]


async def test_a_tier_that_is_away_is_passed_by_until_it_is_back(at):
    at.behind.records = {"a": record("a")}
    at.tier.down = True
    assert await at.shared.fetch(["a"]) == [record("a")]
    assert not at.shared.usable
    at.tier.down = False
    await at.shared.fetch(["a"])
    assert at.tier.looks == 0
    async with at.carrying():
        assert at.shared.usable
        await at.shared.fetch(["a"])
        assert at.tier.looks == 2


async def test_no_query_tries_whether_the_tier_is_back(at):
    at.behind.records = {"a": record("a")}
    at.tier.down = True
    tried = []
    look = at.tier.look

    async def count(keys):
        tried.append(keys)
        return await look(keys)

    at.tier.look = count
    async with at.carrying():
        for _ in range(10):
            assert await at.shared.fetch(["b"]) == [None]
        before = len(tried)
        for _ in range(10):
            await asyncio.sleep(0)
        assert len(tried) > before
    assert tried[0] == tried[-1] == ["b"]


async def test_what_the_tier_has_is_not_lost_with_the_store(at):
    at.behind.records = {"a": record("a")}
    await at.shared.fetch(["a"])
    async with at.carrying():
        at.behind.down = True
        with pytest.raises(Incomplete) as caught:
            await at.shared.fetch(["a", "b"])
        assert caught.value.got == {"a": record("a")}
        assert await at.shared.fetch(["a"]) == [record("a")]


async def test_a_superseded_version_is_not_believed_before_the_tombstone_is_there(at):
    at.behind.records = {"a": record("a")}
    await at.shared.fetch(["a"])
    async with at.carrying():
        pass
    at.behind.records = {"a": record("a", 2)}
    at.shared.supersede([("a", 2)])
    assert await at.shared.fetch(["a"]) == [record("a", 2)]
    async with at.carrying():
        # Now the tombstone is: another worker cannot read the old version either.
        (there,) = await at.tier.view().look(["a"])
        assert there != record("a")


async def test_tombstones_are_carried_once_the_tier_is_back(at):
    at.behind.records = {"a": record("a")}
    await at.shared.fetch(["a"])
    async with at.carrying():
        at.tier.down = True
        at.shared.supersede([("a", 2)])
        for _ in range(20):
            await asyncio.sleep(0)
        at.tier.down = False
        for _ in range(20):
            await asyncio.sleep(0)
        other = at.tier.view()
        assert not isinstance((await other.look(["a"]))[0], Record)


async def test_too_many_tombstones_end_in_trusting_nothing_old():
    at = Setting(tombstones=3)
    at.behind.records = {"a": record("a")}
    await at.shared.fetch(["a"])
    async with at.carrying():
        pass
    at.behind.records = {"a": record("a", 2)}
    at.shared.supersede([("a", 2), *((f"k{n}", 2) for n in range(3))])
    assert await at.shared.fetch(["a"]) == [record("a", 2)]


async def test_more_tombstones_and_fills_than_travel_at_once():
    at = Setting(at_once=2)
    names = [f"k{n}" for n in range(7)]
    at.behind.records = {name: record(name) for name in names}
    await at.shared.fetch(names)
    async with at.carrying():
        await at.shared.fetch(names)
        assert at.behind.asked == [names]
    at.shared.supersede([(name, 2) for name in names])
    async with at.carrying():
        looked = await at.tier.view().look(names)
        assert not any(isinstance(there, Record) for there in looked)


async def test_a_newer_tombstone_is_not_lost_while_the_older_travels(at):
    carried = []
    go = asyncio.Event()

    class Slow:
        async def supersede(self, pairs):
            carried.extend(pairs)
            await go.wait()

    at.shared = SharedRecords(Slow(), at.behind)
    at.shared.supersede([("a", 2)])
    async with at.carrying():
        at.shared.supersede([("a", 3), ("a", 2)])
        go.set()
        for _ in range(5):
            await asyncio.sleep(0)
    assert carried == [("a", 2), ("a", 3)]
