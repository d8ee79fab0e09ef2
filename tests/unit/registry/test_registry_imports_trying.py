"""What a dry run knows of its earlier rows."""

import asyncio
import random

import pytest

from identifiers.changes import Held, Touched, Writes
from identifiers.records import EMPTY_VALUES, State
from identifiers.wire.handle.values import encode_values
from registry.imports.trying import Full, Names, Trial
from storage.memory import MemoryStore
from tests.contracts.units import delete, put, record, written
from tests.unit.registry.world import value

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
    trial = Trial(store, keeps=False)
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
    trial = Trial(store, keeps=False)
    await tried(trial, record(A), record(B))
    shown = (await tried(trial, record(A), record(B))).records
    assert (shown[A].version, shown[A].state) == (3, State.ACTIVE)
    assert shown[B] == store.records[B]


async def test_what_rows_may_change_again_is_shown_as_it_was_to_be_written():
    store = MemoryStore()
    await put(store, A)
    trial = Trial(store, keeps=True)
    first, second = record(A, version=2), record(A, version=3, state=State.RESERVED)
    await tried(trial, first)
    assert (await tried(trial, second)).records == {A: first}
    assert await trial.fetch([A, B]) == [second, None]
    assert store.records[A].version == 1


async def test_who_would_hold_what_is_shown():
    trial = Trial(MemoryStore(), keeps=False)
    touched = Touched(claims=(b"one", b"two"))
    await tried(trial, held=[Held(A, (b"one", b"three"))], touched=touched)
    assert (await tried(trial, touched=touched)).holders == {b"one": A}


async def test_what_would_be_let_go_is_free_also_where_it_is_stored():
    store = MemoryStore()
    store.holders = {b"one": A, b"two": B}
    trial = Trial(store, keeps=True)
    touched = Touched(claims=(b"one", b"two", b"three"))
    await tried(trial, held=[Held(A, (b"three",))], touched=touched)
    assert (await tried(trial, touched=touched)).holders == {b"two": B, b"three": A}
    swapped = [Held(A, (b"two",)), Held(B, (b"three",))]
    await tried(trial, held=swapped, touched=touched)
    assert (await tried(trial, touched=touched)).holders == {b"two": A, b"three": B}
    assert store.holders == {b"one": A, b"two": B}


async def test_beyond_its_names_a_trial_ends():
    trial = Trial(MemoryStore(), keeps=False, names=1)
    await tried(trial, record(A))
    await tried(trial, record(A))
    await tried(trial, record(B))
    with pytest.raises(Full):
        await tried(trial)
    with pytest.raises(Full):
        await trial.fetch([A])


async def test_beyond_its_room_for_claims_a_trial_ends():
    trial = Trial(MemoryStore(), keeps=False, octets=500)
    for claim in (b"one", b"two"):
        await tried(trial, held=[Held(A, (claim,))])
    await tried(trial, held=[Held(B, (b"three",))])
    with pytest.raises(Full):
        await tried(trial)


async def test_a_record_that_is_not_kept_any_more_ends_a_trial_where_it_is_met():
    trial = Trial(MemoryStore(), keeps=True, octets=600)
    await tried(trial, record(A))
    await tried(trial, record(B))  # there is room for one
    assert [one and one.key for one in await trial.fetch([A, "88.300.1/C"])] == [A, None]
    with pytest.raises(Full):
        await trial.fetch([B])
    with pytest.raises(Full):
        await tried(trial, record(B))


async def test_a_record_that_grew_out_of_its_room_is_not_told_as_it_was():
    trial = Trial(MemoryStore(), keeps=True, octets=600)
    await tried(trial, record(A))
    await tried(trial, record(A, version=2, values=encode_values([value(1, b"x" * 200)])))
    with pytest.raises(Full):
        await trial.fetch([A])
    await tried(trial, record(B))
    assert [one.key for one in await trial.fetch([B])] == [B]
