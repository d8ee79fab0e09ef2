"""The races of the change feed that only real transactions show (assurance 2.3, 2.4)."""

import asyncio
import random
from typing import Any

import asyncpg
import pytest

from identifiers.errors import StoreUnavailable
from storage.postgres import Database, PostgresFeed, maintain
from storage.postgres.feed import MOST
from storage.postgres.rows import pack_news
from storage.postgres.sql import load
from storage.postgres.wakeups import KeptConnection
from tests.contracts.backends import Backend
from tests.contracts.units import put, record, written

KEY = "88.300.1/A"
LATE = "88.300.1/LATE"
TELL = "INSERT INTO invalidation (packed) VALUES ($1)"


async def test_a_writer_that_took_its_id_first_and_commits_last_is_heard(
    postgres: Backend, sql: Any
) -> None:
    cursor = await postgres.feed.start()
    async with sql.transaction():
        await sql.execute(TELL, pack_news([written(record(LATE))]))
        await put(postgres.store, KEY)
        early = await postgres.feed.poll(cursor)
        # Not held back by the open transaction, and not repeated while it lasts.
        assert early.superseded == ((KEY, 1),)
        between = await postgres.feed.poll(early.cursor)
        assert between.superseded == ()
    late = await postgres.feed.poll(between.cursor)
    assert late.superseded == ((LATE, 1),)
    assert (await postgres.feed.poll(late.cursor)).superseded == ()


async def test_what_is_rolled_back_is_no_news(postgres: Backend, sql: Any) -> None:
    cursor = await postgres.feed.start()
    transaction = sql.transaction()
    await transaction.start()
    await sql.execute(TELL, pack_news([written(record(LATE))]))
    page = await postgres.feed.poll(cursor)
    await transaction.rollback()
    assert (await postgres.feed.poll(page.cursor)).superseded == ()


async def test_nothing_is_missed_among_long_and_short_transactions(
    postgres: Backend, dsn: str
) -> None:
    rounds, writers = 30, 5
    start = await postgres.feed.start()
    done = asyncio.Event()

    async def writer(name: int) -> None:
        chance = random.Random(name)
        connection = await asyncpg.connect(dsn)
        for version in range(1, rounds + 1):
            async with connection.transaction():
                news = [written(record(f"88.300.1/W{name}", version))]
                await connection.execute(TELL, pack_news(news))
                for _ in range(chance.choice((0, 0, 0, 3, 20))):
                    await connection.execute("SELECT 1")
        await connection.close()

    async def follower() -> list[tuple[str, int]]:
        seen: list[tuple[str, int]] = []
        cursor, last = start, False
        while not last:
            last = done.is_set()
            page = await postgres.feed.poll(cursor)
            assert not page.reset
            seen += page.superseded
            cursor = page.cursor
        return seen

    followers = [asyncio.create_task(follower()) for _ in range(2)]
    await asyncio.gather(*(writer(name) for name in range(writers)))
    done.set()
    expected = sorted(
        (f"88.300.1/W{name}", version)
        for name in range(writers)
        for version in range(1, rounds + 1)
    )
    for seen in await asyncio.gather(*followers):
        assert sorted(seen) == expected


async def test_ids_follow_versions(postgres: Backend, sql: Any) -> None:
    await asyncio.gather(*(put(postgres.store, KEY) for _ in range(40)))
    versions = [row[0] for row in await sql.fetch("SELECT version FROM change ORDER BY xid, id")]
    assert versions == list(range(1, 41))


async def test_a_cursor_older_than_the_kept_news_means_a_reset(
    postgres: Backend, dsn: str, sql: Any
) -> None:
    old = await postgres.feed.start()
    await put(postgres.store, KEY)
    async with Database(dsn) as database:
        await maintain(database)
        await sql.execute("UPDATE invalidation_horizon SET at = at - interval '16 minutes'")
        young = await postgres.feed.start()
        await maintain(database)
    assert await sql.fetchval("SELECT count(*) FROM invalidation") == 0
    assert (await postgres.feed.poll(old)).reset
    page = await postgres.feed.poll(young)
    assert not page.reset
    assert not (await postgres.feed.poll(page.cursor)).reset


async def test_young_news_stay_while_older_go(postgres: Backend, dsn: str, sql: Any) -> None:
    await put(postgres.store, KEY)
    async with Database(dsn) as database:
        await maintain(database)
        await sql.execute("UPDATE invalidation_horizon SET at = at - interval '16 minutes'")
        cursor = await postgres.feed.start()
        await put(postgres.store, LATE)
        await maintain(database)
    assert await sql.fetchval("SELECT count(*) FROM invalidation") == 1
    assert (await postgres.feed.poll(cursor)).superseded == ((LATE, 1),)


async def test_more_news_than_a_page_holds_mean_a_reset(postgres: Backend, sql: Any) -> None:
    cursor = await postgres.feed.start()
    await put(postgres.store, KEY)
    await sql.execute(TELL, pack_news([written(record("x" * (MOST - 200)))]))
    page = await postgres.feed.poll(cursor)
    assert len(page.superseded) == 2
    await sql.execute(TELL, pack_news([written(record("x" * 200))]))
    page = await postgres.feed.poll(cursor)
    assert page.reset
    assert page.superseded == ()
    again = await postgres.feed.poll(page.cursor)
    assert (again.reset, again.superseded) == (False, ())


async def test_another_timeline_means_a_reset(postgres: Backend) -> None:
    _, _, snapshot = (await postgres.feed.start()).partition("/")
    assert (await postgres.feed.poll(f"0000002A/{snapshot}")).reset


async def test_a_cursor_from_the_future_means_a_reset(postgres: Backend) -> None:
    timeline, _, _ = (await postgres.feed.start()).partition("/")
    assert (await postgres.feed.poll(f"{timeline}/9000000:9000000:")).reset


async def test_the_ear_hears_again_after_its_connection_was_cut(
    postgres: Backend, sql: Any
) -> None:
    await postgres.feed.hint(30)  # it listens
    assert await cut(sql, "idnode-ear") == 1
    await postgres.feed.hint(30)  # it listens again, and news may have come meanwhile
    waiting = asyncio.create_task(postgres.feed.hint(3600))
    await put(postgres.store, KEY)
    async with asyncio.timeout(30):
        await waiting


async def test_nudges_go_on_after_their_connection_was_cut(postgres: Backend, sql: Any) -> None:
    await postgres.feed.hint(30)
    await put(postgres.store, KEY)
    await postgres.feed.hint(30)
    assert await cut(sql, "idnode-nudge") == 1
    async with asyncio.timeout(30):
        waiting = asyncio.create_task(postgres.feed.hint(3600))
        while not waiting.done():  # the first news after the cut may go unheard: polling finds it
            await put(postgres.store, KEY)
            await asyncio.wait({waiting}, timeout=0.1)


async def cut(sql: Any, application: str) -> int:
    cut = await sql.fetch(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE application_name = $1 AND datname = current_database()",
        application,
    )
    return len(cut)


async def test_a_mistake_of_ours_is_told_and_ends_no_wake_ups(
    dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    again = asyncio.Event()
    mistakes = [ValueError("of ours")]

    async def use(_: object) -> None:
        if mistakes:
            raise mistakes.pop()
        again.set()
        await asyncio.Event().wait()

    kept = KeptConnection(dsn, "test", use)
    kept.start()
    await again.wait()
    await kept.stop()
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], ValueError)


async def test_without_a_server_there_is_no_cursor() -> None:
    nowhere = "postgresql://nobody@127.0.0.1:1/nothing"
    async with Database(nowhere) as database, PostgresFeed(database, nowhere) as feed:
        with pytest.raises(StoreUnavailable):
            await feed.start()
        await feed.hint(0)


async def test_polling_finds_its_rows_by_the_index(postgres: Backend, sql: Any) -> None:
    for _ in range(3):
        await sql.execute(
            "INSERT INTO invalidation (packed) SELECT '\\x90' FROM generate_series(1, 5000)"
        )
    await sql.execute("ANALYZE invalidation")
    snapshot = (await postgres.feed.start()).partition("/")[2]
    plan = await sql.fetch(f"EXPLAIN {load('feed')['poll']}", snapshot, MOST)
    assert "invalidation_xid" in "\n".join(row[0] for row in plan)
