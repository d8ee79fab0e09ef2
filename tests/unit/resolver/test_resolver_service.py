import asyncio

import pytest

from identifiers.errors import StoreUnavailable
from identifiers.outcomes import Absent, Found, InvalidName, NotHomed, Unavailable, ValuesAbsent
from identifiers.queries import Query
from identifiers.values import Value
from identifiers.wire.handle.values import decode_values
from storage.memory import MemorySharedTier

URL = Value(index=1, type="URL", data=b"https://example.org/1")
OTHER = Value(index=1, type="URL", data=b"https://example.org/2")


def ask(handle, **fields):
    return Query(handle=handle.encode(), **fields)


def now(world, handle, client=None, **fields):
    return world.resolver.answer_now(
        ask(handle, **fields), client or world.trusted, world.clock.now
    )


async def carry(world):
    """Let what waits for the shared tier arrive there."""
    await world.shared._carry()


async def test_a_repeated_question_is_answered_without_waiting(world):
    await world.put("88.300.1/A", URL)
    assert now(world, "88.300.1/A") is None
    found = await world.look("88.300.1/A")
    assert isinstance(found, Found)
    assert now(world, "88.300.1/A") == found
    assert len(world.store.fetches) == 1


async def test_what_does_not_live_here_or_is_no_name_needs_no_waiting(world):
    assert now(world, "20.500/x") == NotHomed()
    assert isinstance(now(world, "nothing"), InvalidName)
    assert await world.resolver.answer(ask("20.500/x"), world.trusted, 0.0) == NotHomed()


async def test_names_are_echoed_by_nobody_but_found_by_their_canonical_form(world):
    await world.home("88.300.5", fold_suffix=True)
    await world.follower.step()
    await world.put("88.300.5/abc", URL, key="88.300.5/ABC")
    for spelling in ("88.300.5/abc", "88.300.5/ABC", "88.300.5/aBc"):
        assert isinstance(await world.look(spelling), Found)
    assert await world.look("88.300.1/abc") == Absent()


async def test_many_are_answered_in_order_and_asked_together(world):
    for name in "ABC":
        await world.put(f"88.300.1/{name}", URL)
    await world.look("88.300.1/B")
    names = [
        "88.300.1/A",
        "20.500/x",
        "88.300.1/B",
        "bad",
        "88.300.1/C",
        "88.300.1/A",
        "88.300.1/-",
    ]
    answers = await world.resolver.answer_all(
        [ask(name) for name in names], world.trusted, world.clock.now
    )
    kinds = [Found, NotHomed, Found, InvalidName, Found, Found, Absent]
    assert [type(answer) for answer in answers] == kinds
    assert [a.record.key for a in answers if isinstance(a, Found)] == [
        names[0],
        names[2],
        names[4],
        names[5],
    ]
    assert world.store.fetches == [("88.300.1/B",), ("88.300.1/A", "88.300.1/C", "88.300.1/-")]


async def test_an_authoritative_question_of_a_trusted_client_goes_past_the_caches(world):
    await world.put("88.300.1/A", URL)
    await world.look("88.300.1/A")
    await world.put("88.300.1/A", OTHER)
    assert (await world.look("88.300.1/A")).record.version == 1
    stranger = await world.look("88.300.1/A", world.stranger, authoritative=True)
    assert stranger.record.version == 1
    assert (await world.look("88.300.1/A", authoritative=True)).record.version == 2
    assert (await world.look("88.300.1/A")).record.version == 2


async def test_an_authoritative_question_is_not_answered_from_a_cache_when_the_store_is_away(world):
    await world.put("88.300.1/A", URL)
    await world.look("88.300.1/A")
    world.store.down = True
    assert isinstance(await world.look("88.300.1/A", authoritative=True), Unavailable)


async def test_look_ups_are_counted_by_the_prefix_they_live_under(world):
    await world.put("88.300.1/A", URL)
    for handle in ("88.300.1/A", "88.300.1/A", "88.300.1.9/x", "88.300/x", "20.500/x"):
        await world.look(handle)
    await world.resolver.answer_all(
        [ask("88.300.1/A"), ask("88.300.1/new")], world.trusted, world.clock.now
    )
    assert world.counters.tallying.prefixes() == {"88.300.1": 5, "88.300": 1}


class TestWithoutTheStore:
    @pytest.fixture
    async def known(self, world):
        """Return a world that knows one record and one absent name, and whose store then goes."""
        await world.put("88.300.1/A", URL)
        await world.look("88.300.1/A")
        await world.look("88.300.1/none")
        await carry(world)
        await world.follower.step()
        world.store.down = True
        return world

    async def test_what_is_kept_goes_on_being_answered_also_past_its_life(self, known):
        for passed in (0.0, 3.0, 10.0, 400.0, 3000.0):
            known.clock.now += passed
            assert isinstance(await known.look("88.300.1/A"), Found), passed
        assert known.resolver.stale(known.clock.now) == 3413.0

    async def test_an_answer_is_stale_only_when_it_may_be_out_of_date(self, known):
        assert known.resolver.stale(known.clock.now) is None
        await known.look("88.300.1/B")
        assert known.resolver.stale(known.clock.now) is None
        known.clock.now += 5.0
        assert known.resolver.stale(known.clock.now) == 5.0
        known.store.down = False
        await known.follower.step()
        assert known.resolver.stale(known.clock.now) is None

    async def test_until_an_hour_after_the_last_proof(self, known):
        known.clock.now += 3601.0
        assert isinstance(await known.look("88.300.1/A"), Unavailable)

    async def test_what_is_not_kept_is_unavailable(self, known):
        assert isinstance(await known.look("88.300.1/B"), Unavailable)
        known.clock.now += 10.0
        assert isinstance(await known.look("88.300.1/B"), Unavailable)
        assert isinstance(await known.look("88.300.1/none"), Unavailable)

    async def test_the_store_is_asked_once_a_second(self, known):
        asked = 0
        reach = known.store.reach

        def count():
            nonlocal asked
            asked += 1
            reach()

        known.store.reach = count
        known.clock.now += 10.0
        for _ in range(100):
            known.clock.now += 0.05
            await known.look("88.300.1/A")
            await known.look("88.300.1/B")
        assert asked in (5, 6)

    async def test_stale_answers_need_no_waiting_while_the_failure_is_remembered(self, known):
        known.clock.now += 10.0
        assert now(known, "88.300.1/A") is None
        await known.look("88.300.1/A")
        assert isinstance(now(known, "88.300.1/A"), Found)

    async def test_it_comes_back_by_itself(self, known):
        known.clock.now += 10.0
        assert isinstance(await known.look("88.300.1/B"), Unavailable)
        known.store.down = False
        await known.put("88.300.1/B", URL)
        known.clock.now += 1.0
        assert isinstance(await known.look("88.300.1/B"), Found)

    async def test_what_another_worker_shared_is_answered_too(self, known):
        known.local.clear()
        assert isinstance(await known.look("88.300.1/A"), Found)
        known.local.clear()
        known.clock.now += 10.0
        assert isinstance(await known.look("88.300.1/A"), Found)

    async def test_one_that_is_unavailable_takes_no_other_along(self, known):
        names = ["88.300.1/A", "88.300.1/B"]
        for passed in (0.0, 10.0, 1.0):
            known.clock.now += passed
            answers = await known.resolver.answer_all(
                [ask(name) for name in names], known.trusted, known.clock.now
            )
            assert [type(answer) for answer in answers] == [Found, Unavailable]


async def test_without_proof_the_store_itself_is_asked(world):
    await world.put("88.300.1/A", URL)
    await world.look("88.300.1/A")
    await carry(world)
    await world.put("88.300.1/A", OTHER)
    world.clock.now += 4.1
    assert now(world, "88.300.1/A") is None
    assert (await world.look("88.300.1/A")).record.version == 2


async def test_a_store_that_does_not_answer_in_time_is_away(world):
    await world.put("88.300.1/A", URL)
    await world.look("88.300.1/A")
    hang = asyncio.Event()

    async def fetch(_):
        await hang.wait()
        raise StoreUnavailable

    world.store.fetch = fetch
    world.clock.now += 10.0
    assert isinstance(await world.look("88.300.1/A"), Found)
    assert world.freshness.away(world.clock.now)
    hang.set()


async def test_losing_the_shared_tier_costs_no_answer(world):
    await world.put("88.300.1/A", URL)
    world.tier.down = True
    assert isinstance(await world.look("88.300.1/A"), Found)


async def test_workers_share_what_one_has_read(make_world):
    first = await make_world()
    await first.put("88.300.1/A", URL)
    await first.look("88.300.1/A")
    await carry(first)
    assert isinstance(first.tier, MemorySharedTier)
    first.local.clear()
    assert isinstance(await first.look("88.300.1/A"), Found)
    assert len(first.store.fetches) == 1


async def test_an_alias_is_returned_and_not_followed(world):
    alias = Value(index=1, type="HS_ALIAS", data=b"88.300.1/A")
    await world.put("88.300.1/NICK", alias)
    await world.put("88.300.1/A", Value(index=1, type="URL", data=b"u"))
    found = await world.look("88.300.1/NICK")
    assert decode_values(found.values) == (alias,)
    assert isinstance(await world.look("88.300.1/NICK", types=("URL",)), ValuesAbsent)
