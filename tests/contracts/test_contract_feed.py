"""ChangeFeed."""

import asyncio

from identifiers.changes import Enterprise, Touched, Writes
from identifiers.directory import PrefixEntry, PrefixKind
from identifiers.names import Prefix
from tests.contracts.backends import Backend
from tests.contracts.units import AUDIT, put, put_all

KEY = "88.300.1/A"


async def test_news_come_once_and_in_full(backend: Backend) -> None:
    await put(backend.store, "88.300.1/BEFORE")
    cursor = await backend.feed.start()
    first = await backend.feed.poll(cursor)
    assert (first.superseded, first.directory, first.reset) == ((), False, False)
    await put(backend.store, KEY)
    await put(backend.store, KEY)
    second = await backend.feed.poll(first.cursor)
    assert sorted(second.superseded) == [(KEY, 1), (KEY, 2)]
    assert not second.directory
    third = await backend.feed.poll(second.cursor)
    assert third.superseded == ()


async def test_a_cursor_may_be_used_again(backend: Backend) -> None:
    cursor = await backend.feed.start()
    await put(backend.store, KEY)
    for _ in range(2):
        assert (await backend.feed.poll(cursor)).superseded == ((KEY, 1),)


async def test_bulk_news_come_whole(backend: Backend) -> None:
    cursor = await backend.feed.start()
    names = tuple(f"88.300.1/N{n}" for n in range(1000))
    await put_all(backend.store, names)
    page = await backend.feed.poll(cursor)
    assert sorted(page.superseded) == sorted((name, 1) for name in names)


async def test_prefixes_are_news(backend: Backend) -> None:
    cursor = await backend.feed.start()
    enterprise = await backend.store.add_enterprise(Enterprise(id=0, name="矿"), AUDIT)
    entry = PrefixEntry(
        prefix=Prefix.parse("88.300.1"), kind=PrefixKind.ENTERPRISE, enterprise=enterprise
    )
    assert await backend.store.home_prefix(entry, AUDIT)
    page = await backend.feed.poll(cursor)
    assert page.directory
    assert page.superseded == ()
    again = await backend.feed.poll(page.cursor)
    assert not again.directory


async def test_units_without_records_are_no_news(backend: Backend) -> None:
    cursor = await backend.feed.start()
    await backend.store.write(Touched(), lambda _: (Writes(audit=(AUDIT,)), None))
    page = await backend.feed.poll(cursor)
    assert (page.superseded, page.directory) == ((), False)


async def test_a_hint_comes_with_news(backend: Backend) -> None:
    await backend.feed.hint(0)
    waiting = asyncio.create_task(backend.feed.hint(3600))
    await put(backend.store, KEY)
    async with asyncio.timeout(30):
        await waiting


async def test_a_hint_is_not_lost_while_nobody_waits(backend: Backend) -> None:
    await backend.feed.hint(0)
    await put(backend.store, KEY)
    async with asyncio.timeout(30):
        await backend.feed.hint(3600)


async def test_without_news_a_hint_ends_at_its_time(backend: Backend) -> None:
    await backend.feed.hint(0.01)
    await backend.feed.hint(0)


async def test_followers_of_concurrent_writers_miss_nothing(backend: Backend) -> None:
    done = asyncio.Event()

    async def follower() -> list[tuple[str, int]]:
        seen: list[tuple[str, int]] = []
        cursor = start
        last = False
        while not last:
            last = done.is_set()
            page = await backend.feed.poll(cursor)
            seen += page.superseded
            cursor = page.cursor
            await asyncio.sleep(0)
        return seen

    async def writer(name: int) -> None:
        for _ in range(15):
            await put(backend.store, f"88.300.1/W{name}")

    start = await backend.feed.start()
    followers = [asyncio.create_task(follower()) for _ in range(2)]
    await asyncio.gather(*(writer(name) for name in range(6)))
    done.set()
    expected = sorted((f"88.300.1/W{name}", v) for name in range(6) for v in range(1, 16))
    for seen in await asyncio.gather(*followers):
        assert sorted(seen) == expected
