"""Counts of many processes add up, each tally once, whatever happens on its way."""

import asyncio
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import msgspec

from identifiers.tallies import Asked, Extreme, Latency, Peak, Source, Tally, UnderPrefix
from storage.postgres import Database, PostgresTallies, maintain

DAY = date(2026, 5, 29)
SECOND = 1_780_000_000


def tally(process: UUID, number: int = 1, **more: Any) -> Tally:
    given: dict[str, Any] = {
        "day": DAY,
        "asked": (Asked("88.300.1", "192.0.2.1", 3, 1),),
        "second": {SECOND: 4},
        "latency": (Latency("udp", 0.001, 3), Latency("udp", None, 1)),
        "time": {"udp": 9.0},
        "quickest": Extreme(0.0005, SECOND),
        "slowest": Extreme(8.0, SECOND),
    }
    return Tally(process=process, number=number, **(given | more))


async def test_a_day_without_any_is_empty(dsn: str) -> None:
    async with Database(dsn) as database:
        found = await PostgresTallies(database).day(DAY)
    assert (found.answers, found.peak, found.slowest, found.prefixes) == (0, None, None, ())


async def test_counts_of_several_processes_add_up_and_peaks_are_of_sums(dsn: str) -> None:
    one, other = uuid4(), uuid4()
    async with Database(dsn) as database:
        store = PostgresTallies(database)
        await store.add(tally(one))
        await store.add(
            tally(
                other,
                asked=(Asked("88.300.1", "192.0.2.1", 1, 0), Asked("88.300", "192.0.2.9", 0, 2)),
                second={SECOND: 2, SECOND + 1: 5},
                quickest=Extreme(0.0001, SECOND + 1),
                slowest=Extreme(1.0, SECOND + 1),
            )
        )
        # Only sums count: five answers of one process in a second are fewer than four and two.
        found = await store.day(DAY)
        assert found.peak == Peak(6, SECOND)
        await store.add(
            tally(one, 2, second={SECOND + 1: 2}, asked=(), quickest=None, slowest=None)
        )
        assert (await store.day(DAY)).peak == Peak(7, SECOND + 1)
    assert found.prefixes == (UnderPrefix("88.300", 2, 0), UnderPrefix("88.300.1", 5, 4))
    assert found.sources == (
        Source("88.300", "192.0.2.9", 2),
        Source("88.300.1", "192.0.2.1", 5),
    )
    assert found.latency == (Latency("udp", 0.001, 6), Latency("udp", None, 2))
    assert (found.answers, found.seconds) == (8, 18.0)
    assert (found.quickest, found.slowest) == (Extreme(0.0001, SECOND + 1), Extreme(8.0, SECOND))


async def test_a_tally_that_comes_again_is_not_added_again(dsn: str) -> None:
    process = uuid4()
    async with Database(dsn) as database:
        store = PostgresTallies(database)
        for number in (1, 1, 2, 2, 1):
            await store.add(tally(process, number))
        assert (await store.day(DAY)).answers == 8


async def test_many_at_once_do_not_wait_for_one_another_for_ever(dsn: str) -> None:
    pairs = tuple(Asked(f"88.300.{n}", f"192.0.2.{n}", 1, 0) for n in range(200))
    async with Database(dsn) as database:
        store = PostgresTallies(database)
        await asyncio.gather(
            *(
                store.add(tally(uuid4(), asked=pairs[at:] + pairs[:at], second={SECOND + at: 1}))
                for at in range(0, 200, 20)
            )
        )
        found = await store.day(DAY)
    assert {prefix.queries for prefix in found.prefixes} == {10}
    assert found.answers == 40


async def test_sources_above_the_bound_are_others_and_nothing_is_left_out(dsn: str) -> None:
    process = uuid4()

    def asked(*numbers: int) -> tuple[Asked, ...]:
        return tuple(Asked("88.300.1", f"192.0.2.{n}", 1, 0) for n in numbers)

    async with Database(dsn) as database:
        store = PostgresTallies(database, sources=2)
        await store.add(tally(process, 1, asked=asked(1, 2)))
        await store.add(tally(process, 2, asked=asked(2, 3, 4)))
        found = await store.day(DAY)
    assert found.sources == (
        Source("88.300.1", "192.0.2.2", 2),
        Source("88.300.1", "other", 2),
        Source("88.300.1", "192.0.2.1", 1),
    )
    assert found.prefixes == (UnderPrefix("88.300.1", 5, 5),)


async def test_what_is_long_over_is_taken_away_but_no_sums(dsn: str, sql: Any) -> None:
    async with Database(dsn) as database:
        store = PostgresTallies(database)
        await store.add(tally(uuid4(), day=date(2020, 1, 1), second={SECOND - 10**8: 4}))
        await sql.execute("UPDATE tally_process SET at = now() - interval '3 days'")
        await maintain(database)
        found = await store.day(date(2020, 1, 1))
    assert await sql.fetchval("SELECT count(*) FROM resolved_second") == 0
    assert await sql.fetchval("SELECT count(*) FROM tally_process") == 0
    assert msgspec.structs.replace(found, sources=()).answers == 4
    assert found.sources == ()
    assert found.peak == Peak(4, SECOND - 10**8)
