"""What a dry run knows of its earlier rows."""

import asyncio
import random

from identifiers.changes import Held, Touched, Writes
from identifiers.records import EMPTY_VALUES, State
from registry.imports.trying import Names, Trial
from storage.memory import MemoryStore
from tests.contracts.units import delete, put, record, written

A, B = "88.300.1/A", "88.300.1/B"


async def tried(trial, *records, held=(), touched=None):
    """Write records by a trial; returns what `decide` was shown."""
    keys = tuple(one.key for one in records)

    def decide(current):
        return Writes(records=tuple(map(written, records)), held=tuple(held)), current

    return await trial.write(touched or Touched(keys=keys), decide)


async def test_names_are_there_once_they_were_added():
    drawn = random.Random(7)
    names, known = Names(), set()
    for _ in range(60):
        fresh = {f"88.300.1/{drawn.randrange(10**6)}" for _ in range(drawn.randrange(40))} - known
        await names.add(fresh)
        known |= fresh
    assert names.count == len(known)
    assert all(name in names for name in known)
    assert not any(f"88.300.2/{number}" in names for number in range(1000))


async def test_others_go_on_while_many_names_are_added():
    names, turns = Names(), 0

    async def other():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    going = asyncio.create_task(other())
    for begin in (0, 20_000):
        await names.add(f"88.300.1/{number}" for number in range(begin, begin + 20_000))
    going.cancel()
    assert turns >= 4
    assert names.count == 40_000
    assert all(f"88.300.1/{number}" in names for number in range(40_000))
    assert list(names._runs[0]) == sorted(names._runs[0])


async def test_what_would_be_there_is_shown_and_nothing_is_written():
    store = MemoryStore()
    trial = Trial(store)
    assert (await tried(trial, record(A))).records == {}
    shown = (await tried(trial, record(A), record(B))).records
    assert list(shown) == [A]
    assert (shown[A].version, shown[A].state, shown[A].values) == (1, State.ACTIVE, EMPTY_VALUES)
    assert [one and one.key for one in await trial.fetch([A, "88.300.1/C", B])] == [A, None, B]
    assert (store.records, store.changes) == ({}, [])


async def test_what_was_deleted_would_be_there_again_and_what_is_there_is_shown_as_it_is():
    store = MemoryStore()
    await put(store, A)
    await put(store, B)
    await delete(store, A)
    trial = Trial(store)
    await tried(trial, record(A), record(B))
    shown = (await tried(trial, record(A), record(B))).records
    assert (shown[A].version, shown[A].state) == (3, State.ACTIVE)
    assert shown[B] == store.records[B]


async def test_who_would_hold_what_is_shown():
    trial = Trial(MemoryStore())
    touched = Touched(claims=(b"one", b"two"))
    await tried(trial, held=[Held(A, (b"one", b"three"))], touched=touched)
    assert (await tried(trial, touched=touched)).holders == {b"one": A}


async def test_beyond_a_bound_nothing_is_remembered():
    trial = Trial(MemoryStore(), names=1, claims=1)
    await tried(trial, record(A), held=[Held(A, (b"one",))])
    await tried(trial, record(B), held=[Held(B, (b"two",))])
    found = await trial.fetch([A, B])
    assert [one and one.key for one in found] == [A, None]
    assert (await tried(trial, touched=Touched(claims=(b"two",)))).holders == {}
