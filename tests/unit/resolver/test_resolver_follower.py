import asyncio

import pytest

from identifiers.changes import FeedPage
from identifiers.directory import PrefixDirectory
from identifiers.outcomes import Absent, Found, NotHomed, Referral, Unavailable
from identifiers.queries import Query
from identifiers.values import Value
from resolver.follower import Follower, Pace
from resolver.freshness import Freshness

URL = Value(index=1, type="URL", data=b"https://example.org/1")
OTHER = Value(index=1, type="URL", data=b"https://example.org/2")


async def test_a_change_is_answered_after_the_next_poll(world):
    await world.put("88.300.1/A", URL)
    before = await world.look("88.300.1/A")
    await world.put("88.300.1/A", OTHER)
    assert await world.look("88.300.1/A") == before
    assert await world.follower.step()
    after = await world.look("88.300.1/A")
    assert isinstance(after, Found)
    assert after.record.version == 2
    assert b"example.org/2" in after.values


async def test_whoever_wants_to_read_what_was_written_has_it_looked_for(world):
    await world.put("88.300.1/A", URL)
    await world.look("88.300.1/A")
    await world.put("88.300.1/A", OTHER)
    assert await world.follower.caught_up()
    assert (await world.look("88.300.1/A")).record.version == 2
    world.store.down = True
    assert not await world.follower.caught_up()


async def test_those_who_ask_during_a_poll_share_the_next_one(world):
    polls, began, going_on = [], asyncio.Event(), asyncio.Event()
    poll = world.follower._feed.poll

    async def slow(cursor):
        polls.append(cursor)
        began.set()
        await going_on.wait()
        return await poll(cursor)

    world.follower._feed.poll = slow
    first = asyncio.create_task(world.follower.step())
    await began.wait()
    waiting = [asyncio.create_task(world.follower.caught_up()) for _ in range(5)]
    await asyncio.sleep(0)
    going_on.set()
    assert await asyncio.gather(first, *waiting) == [True] * 6
    assert len(polls) == 2


async def test_a_new_name_is_answered_after_the_next_poll(world):
    assert await world.look("88.300.1/A") == Absent()
    await world.put("88.300.1/A", URL)
    assert await world.look("88.300.1/A") == Absent()
    await world.follower.step()
    assert isinstance(await world.look("88.300.1/A"), Found)


async def test_a_new_prefix_is_known_after_the_next_poll(world):
    assert await world.look("88.300.2/A") == NotHomed()
    await world.home("88.300.2")
    await world.follower.step()
    assert await world.look("88.300.2/A") == Absent()


async def test_a_delegation_is_known_after_the_next_poll(world):
    site = Value(index=1, type="HS_SITE", data=b"site")
    await world.put("88.300.1/A", URL)
    await world.put("0.NA/88.300.1", site)
    await world.follower.step()
    assert isinstance(await world.look("88.300.1/A"), Found)
    await world.delegate("88.300.1")
    await world.follower.step()
    assert await world.look("88.300.1/A") == Referral((site,))
    await world.delegate("88.300.1", away=False)
    await world.follower.step()
    assert isinstance(await world.look("88.300.1/A"), Found)


async def test_new_routes_are_known_after_the_next_poll(world):
    await world.delegate("88.300.1")
    await world.follower.step()
    assert await world.look("88.300.1/A") == NotHomed()
    for data in (b"one", b"two"):
        site = Value(index=1, type="HS_SITE", data=data)
        await world.put("0.NA/88.300.1", site)
        await world.follower.step()
        assert await world.look("88.300.1/A") == Referral((site,))


async def test_only_what_concerns_prefixes_makes_the_directory_be_read(world):
    pictures = []
    world.follower._use = pictures.append
    await world.put("88.300.1/A", URL)
    await world.follower.step()
    assert pictures == []
    await world.put("0.NA/88.300.1", URL)
    await world.follower.step()
    assert len(pictures) == 1


async def test_first_versions_cost_the_shared_tier_nothing(world):
    told = []
    world.shared.supersede = told.extend
    await world.put("88.300.1/A", URL)
    await world.put("88.300.1/B", URL)
    await world.put("88.300.1/B", OTHER)
    await world.follower.step()
    assert told == [("88.300.1/B", 2)]


async def test_without_a_store_there_is_no_proof_and_with_it_there_is_again(world):
    world.store.down = True
    world.clock.now += 3.0
    assert not await world.follower.step()
    assert world.freshness.age(world.clock.now) == 3.0
    world.store.down = False
    assert await world.follower.step()
    assert world.freshness.age(world.clock.now) == 0.0


async def test_news_of_the_time_without_a_store_are_not_missed(world):
    await world.put("88.300.1/A", URL)
    await world.look("88.300.1/A")
    await world.put("88.300.1/A", OTHER)
    world.store.down = True
    assert not await world.follower.step()
    world.store.down = False
    await world.follower.step()
    assert (await world.look("88.300.1/A")).record.version == 2


async def test_a_directory_that_could_not_be_read_is_read_next_time(world):
    await world.home("88.300.2")
    reading = world.store.directory

    async def fail():
        raise TimeoutError

    world.store.directory = fail
    assert not await world.follower.step()
    assert await world.look("88.300.2/A") == NotHomed()
    world.store.directory = reading
    assert await world.follower.step()
    assert await world.look("88.300.2/A") == Absent()


async def test_after_an_hour_without_proof_everything_begins_anew(world):
    await world.put("88.300.1/A", URL)
    await world.look("88.300.1/A")
    await world.follower.step()
    world.clock.now += 3601.0
    assert world.local.outlived("88.300.1/A") is not None
    assert await world.follower.step()
    assert world.local.outlived("88.300.1/A") is None


async def test_a_reset_drops_the_caches_and_reads_the_directory(world):
    await world.put("88.300.1/A", URL)
    await world.look("88.300.1/A")
    await world.follower.step()
    forgotten = []
    world.tier.forget = lambda: forgotten.append(True)
    poll = world.store.poll

    async def reset(cursor):
        page = await poll(cursor)
        return FeedPage(page.superseded, directory=False, cursor=page.cursor, reset=True)

    world.store.poll = reset
    await world.home("88.300.2")
    assert await world.follower.step()
    assert world.local.outlived("88.300.1/A") is None
    assert forgotten == [True]
    assert await world.look("88.300.2/A") == Absent()


async def test_a_large_page_is_applied_in_slices_that_leave_the_loop_time(world):
    pairs = tuple((f"88.300.1/{number}", 2) for number in range(10_000))

    async def poll(_):
        return FeedPage(pairs, directory=False, cursor="1")

    world.store.poll = poll
    turns = 0
    stepping = asyncio.create_task(world.follower.step())
    while not stepping.done():
        turns += 1
        await asyncio.sleep(0)
    assert stepping.result()
    assert turns >= len(pairs) // 2000


async def test_a_poll_that_hangs_has_failed():
    class Hanging:
        async def start(self):
            return "0"

        async def poll(self, _):
            await asyncio.Event().wait()

        async def directory(self):
            return PrefixDirectory([])

    class Nothing:
        def clear(self):
            pass

    now = 100.0
    follower = Follower(
        feed=Hanging(),
        directories=Hanging(),
        freshness=Freshness(),
        local=Nothing(),
        shared=None,
        use=lambda _: None,
        clock=lambda: now,
        pace=Pace(poll_limit=0.01),
    )
    assert await follower.step()
    assert not await follower.step()


@pytest.mark.parametrize("shared", [True, False])
async def test_following_goes_on_until_cancelled(make_world, shared):
    world = await make_world(shared=shared)
    running = asyncio.create_task(world.follower.run())
    await asyncio.wait_for(world.follower.ready.wait(), 5)
    for value, version in ((URL, 1), (OTHER, 2)):
        await world.put("88.300.1/A", value)
        for _ in range(1000):
            found = await world.look("88.300.1/A")
            if isinstance(found, Found) and found.record.version == version:
                break
            await asyncio.sleep(0)
        else:
            pytest.fail(f"version {version} never came")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_before_the_first_directory_everything_is_unavailable(make_world):
    world = await make_world()
    world.resolver._directory = None
    query = Query(handle=b"88.300.1/A")
    now = world.clock.now
    assert isinstance(world.resolver.answer_now(query, world.trusted, now), Unavailable)
    assert isinstance(await world.resolver.answer(query, world.trusted, now), Unavailable)
    (answer,) = await world.resolver.answer_all([query], world.trusted, now)
    assert isinstance(answer, Unavailable)
