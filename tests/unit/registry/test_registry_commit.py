import asyncio

import pytest

from identifiers.changes import ChangeKind, Writes, Written
from identifiers.errors import FateUnknown, StoreUnavailable
from identifiers.records import Record, State
from registry.commit import MOST_KEYS, GroupCommit, Unit
from storage.memory import MemoryStore
from tests.unit.registry.world import NOW, asked, once


class WatchedStore(MemoryStore):
    """Tells what travelled together, and can be made to wait before it writes."""

    def __init__(self):
        super().__init__()
        self.groups = []
        self.entered = asyncio.Semaphore(0)
        self.gate = asyncio.Event()
        self.gate.set()
        self.refused = set()

    async def write(self, touched, decide):
        self.groups.append(touched.keys)
        self.entered.release()
        await self.gate.wait()
        if self.refused.intersection(touched.keys):
            raise ValueError("this record cannot be stored")
        return await super().write(touched, decide)


def bump(key, *, requests=()):
    """A unit that writes the next version of one record and returns its number."""

    def decide(current):
        stored = current.records.get(key)
        version = 1 if stored is None else stored.version + 1
        record = Record(
            key=key, name=key, version=version, state=State.ACTIVE, values=b"", changed_at=NOW
        )
        return Writes(records=(Written(asked().changes[0], ChangeKind.UPDATED, record),)), version

    return Unit((key,), requests, decide)


@pytest.fixture
def watched():
    return WatchedStore()


async def submitted(commit, units):
    """Submit `units` in their order; returns the tasks that wait for the answers."""
    tasks = [asyncio.create_task(commit.submit(unit)) for unit in units]
    await asyncio.sleep(0)
    return tasks


async def test_a_lone_unit_waits_for_nobody(watched):
    commit = GroupCommit(watched, gather=3600)
    assert await commit.submit(bump("88.300.1/A")) == 1
    assert watched.groups == [("88.300.1/A",)]


async def test_what_arrives_during_a_commit_travels_together(watched):
    commit = GroupCommit(watched, parallel=1, gather=0)
    watched.gate.clear()
    tasks = await submitted(commit, [bump(f"88.300.1/{n}") for n in range(20)])
    watched.gate.set()
    assert await asyncio.gather(*tasks) == [1] * 20
    assert sum(len(group) for group in watched.groups) == 20
    assert len(watched.groups) <= 2


async def test_a_group_has_a_largest_size(watched):
    commit = GroupCommit(watched, parallel=1, gather=0)
    tasks = await submitted(commit, [bump(f"88.300.1/{n}") for n in range(3 * MOST_KEYS)])
    await asyncio.gather(*tasks)
    assert max(len(group) for group in watched.groups) == MOST_KEYS


async def test_a_group_takes_no_more_than_its_share(watched):
    commit = GroupCommit(watched, parallel=2, gather=0)
    watched.gate.clear()
    tasks = await submitted(commit, [bump(f"88.300.1/{n}") for n in range(MOST_KEYS)])
    await watched.entered.acquire()
    await watched.entered.acquire()
    assert [len(group) for group in watched.groups] == [MOST_KEYS // 2] * 2
    watched.gate.set()
    assert await asyncio.gather(*tasks) == [1] * MOST_KEYS


async def test_a_unit_larger_than_a_group_travels_alone(watched):
    commit = GroupCommit(watched, parallel=1, gather=0)
    keys = tuple(f"88.300.1/{n}" for n in range(MOST_KEYS + 1))
    large = Unit(keys, (), lambda _: (Writes(), "large"))
    tasks = await submitted(commit, [bump("88.300.1/A"), large, bump("88.300.1/B")])
    assert await asyncio.gather(*tasks) == [1, "large", 1]
    assert keys in watched.groups


async def test_large_units_leave_a_carrier_to_small_ones(watched):
    commit = GroupCommit(watched, parallel=2, gather=0)
    watched.gate.clear()

    def large(letter):
        keys = tuple(f"88.300.1/{letter}{n}" for n in range(MOST_KEYS + 1))
        return Unit(keys, (), lambda _: (Writes(), letter))

    tasks = await submitted(commit, [large("A"), large("B"), bump("88.300.1/small")])
    await watched.entered.acquire()
    await watched.entered.acquire()
    assert [len(group) for group in watched.groups] == [MOST_KEYS + 1, 1]
    watched.gate.set()
    assert await asyncio.gather(*tasks) == ["A", "B", 1]


async def test_units_without_records_fill_a_group_too(watched):
    commit = GroupCommit(watched, parallel=1, gather=0)
    nothing = [Unit((), (), lambda _: (Writes(), "done")) for _ in range(3 * MOST_KEYS)]
    tasks = await submitted(commit, nothing)
    assert await asyncio.gather(*tasks) == ["done"] * len(nothing)
    assert len(watched.groups) >= 3


async def test_one_record_is_changed_in_the_order_of_arrival(watched):
    commit = GroupCommit(watched, gather=0)
    units = [bump("88.300.1/A"), bump("88.300.1/B"), bump("88.300.1/A"), bump("88.300.1/A")]
    tasks = await submitted(commit, units)
    assert await asyncio.gather(*tasks) == [1, 1, 2, 3]
    assert all(len(set(group)) == len(group) for group in watched.groups)


async def test_one_request_key_is_in_one_group_at_a_time(watched):
    commit = GroupCommit(watched, gather=0)
    request = once().key
    tasks = await submitted(commit, [bump(f"88.300.1/{n}", requests=(request,)) for n in range(3)])
    await asyncio.gather(*tasks)
    assert [len(group) for group in watched.groups] == [1, 1, 1]


async def test_what_collides_does_not_hold_up_the_rest(watched):
    commit = GroupCommit(watched, parallel=2, gather=0)
    watched.gate.clear()
    first = await submitted(commit, [bump("88.300.1/A")])
    others = await submitted(commit, [bump("88.300.1/A"), bump("88.300.1/B")])
    watched.gate.set()
    assert await asyncio.gather(*first, *others) == [1, 2, 1]


async def test_a_failing_member_fails_alone(watched):
    commit = GroupCommit(watched, parallel=1, gather=0)
    watched.refused = {"88.300.1/3"}
    watched.gate.clear()
    tasks = await submitted(commit, [bump(f"88.300.1/{n}") for n in range(6)])
    watched.gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [r for r in results if r != 1] == [results[3]]
    assert isinstance(results[3], ValueError)


async def test_a_decision_that_raises_harms_nobody_else(watched):
    def broken(_):
        raise ZeroDivisionError

    commit = GroupCommit(watched, parallel=1, gather=0)
    watched.gate.clear()
    tasks = await submitted(
        commit, [bump("88.300.1/A"), Unit(("88.300.1/X",), (), broken), bump("88.300.1/B")]
    )
    watched.gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(r) for r in results] == [int, ZeroDivisionError, int]


@pytest.mark.parametrize(
    ("switch", "error", "committed"),
    [
        ("down", StoreUnavailable, 0),
        ("lose_next_answer", FateUnknown, 5),
        ("lose_next_commit", FateUnknown, 0),
    ],
)
async def test_a_fault_of_the_store_is_everybodys(watched, switch, error, committed):
    commit = GroupCommit(watched, parallel=1, gather=0)
    setattr(watched, switch, True)
    whole = Unit(tuple(f"88.300.1/{n}" for n in range(5)), (), _five)
    results = await asyncio.gather(
        *await submitted(commit, [whole, bump("88.300.1/0")]), return_exceptions=True
    )
    assert type(results[0]) is error
    assert len([key for key in watched.records if key != "88.300.1/0"]) == max(committed - 1, 0)


def _five(current):
    writes = [bump(f"88.300.1/{n}").decide(current)[0] for n in range(5)]
    return Writes(records=tuple(r for w in writes for r in w.records)), 5


async def test_everybody_in_a_group_gets_an_exception_of_their_own(watched):
    commit = GroupCommit(watched, parallel=1, gather=0)
    watched.down = True
    watched.gate.clear()
    tasks = await submitted(commit, [bump(f"88.300.1/{n}") for n in range(4)])
    watched.gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(r) for r in results} == {StoreUnavailable}
    assert len({id(r) for r in results}) == 4


async def test_a_full_queue_is_said_at_once(watched):
    commit = GroupCommit(watched, depth=3, parallel=1, gather=0)
    watched.gate.clear()
    first = await submitted(commit, [bump("88.300.1/first")])
    await asyncio.sleep(0)
    waiting = await submitted(commit, [bump(f"88.300.1/{n}") for n in range(3)])
    with pytest.raises(StoreUnavailable, match="wait already"):
        await commit.submit(bump("88.300.1/more"))
    watched.gate.set()
    assert await asyncio.gather(*first, *waiting) == [1] * 4


async def test_who_goes_away_is_committed_all_the_same(watched):
    commit = GroupCommit(watched, parallel=1, gather=0)
    watched.gate.clear()
    (task,) = await submitted(commit, [bump("88.300.1/A")])
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    watched.gate.set()
    await commit.close()
    assert watched.records["88.300.1/A"].version == 1


async def test_close_waits_for_all_that_was_submitted(watched):
    commit = GroupCommit(watched, parallel=1, gather=0)
    tasks = await submitted(commit, [bump("88.300.1/A"), bump("88.300.1/A")])
    await commit.close()
    assert [task.done() for task in tasks] == [True, True] or await asyncio.gather(*tasks)
    assert watched.records["88.300.1/A"].version == 2


async def test_random_traffic_gives_every_record_its_versions_in_order(watched):
    commit = GroupCommit(watched, gather=0)
    keys = [f"88.300.1/{n * n % 7}" for n in range(200)]
    answers = await asyncio.gather(*(commit.submit(bump(key)) for key in keys))
    seen: dict[str, list[int]] = {}
    for key, version in zip(keys, answers, strict=True):
        seen.setdefault(key, []).append(version)
    assert all(versions == list(range(1, len(versions) + 1)) for versions in seen.values())


async def test_a_unit_that_comes_in_the_turn_in_which_all_carriers_end_is_carried(watched):
    """Both groups are released by one event, and a third unit is submitted in that same turn."""
    commit = GroupCommit(watched, parallel=2, gather=0)
    watched.gate.clear()
    tasks = await submitted(commit, [bump("88.300.1/A")])
    await watched.entered.acquire()
    tasks += await submitted(commit, [bump("88.300.1/B")])
    await watched.entered.acquire()

    async def late():
        await watched.gate.wait()
        return await commit.submit(bump("88.300.1/C"))

    tasks.append(asyncio.create_task(late()))
    await asyncio.sleep(0)
    watched.gate.set()
    await asyncio.wait(tasks[:2])
    await commit.close()
    assert not commit._queue
    assert await asyncio.gather(*tasks) == [1, 1, 1]
