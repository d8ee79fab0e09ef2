"""What is particular to searching in Postgres: the projection, its order, its blocks, its plans."""

import asyncio
import itertools
import logging
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from identifiers.records import State
from identifiers.reverse import Pattern, Search, Test, TooBroad
from identifiers.search import START, Counted, Wanted
from identifiers.values import Value
from identifiers.wire.handle.values import encode_values
from storage.postgres import (
    Database,
    PostgresReverse,
    PostgresSearch,
    SearchProjection,
    migrate,
)
from storage.postgres.following import NOTHING_TO_DO
from tests.contracts.backends import Backend
from tests.contracts.units import delete, put, put_all


def url(text: str) -> bytes:
    return encode_values([Value(index=1, type="URL", data=text.encode())])


def asked(text: str, limit: int = 1000) -> Search:
    return Search(tests=(Test("URL", Pattern.parse(text)),), limit=limit)


async def found(backend: Backend, text: str) -> list[str]:
    matches = await backend.reverse.search(asked(text))
    assert not isinstance(matches, TooBroad)
    return [match.name for match in matches]


async def entries(sql: Any) -> list[int]:
    return [row[0] for row in await sql.fetch("SELECT entries FROM search_block ORDER BY id")]


async def test_steps_go_on_where_the_last_one_ended(postgres: Backend, dsn: str, sql: Any) -> None:
    for n in range(5):
        await put(postgres.store, f"88.300.1/N{n}", url("x"))
    async with Database(dsn) as database:
        first = await SearchProjection(database, step=3).advance()
        assert (first.read, first.more) == (3, True)
        assert first.age >= 0
        # Whoever comes next reads the rest: what was done is in the database only.
        second = SearchProjection(database, step=3)
        assert (await second.advance()).read == 2
        assert await second.advance() == NOTHING_TO_DO
    assert await entries(sql) == [3, 2]


async def test_a_step_that_is_cut_leaves_nothing(postgres: Backend, dsn: str, sql: Any) -> None:
    await put(postgres.store, "88.300.1/A", url("x"))
    before = await sql.fetchrow("SELECT * FROM projection")
    await sql.execute(
        "ALTER TABLE projection ADD CONSTRAINT cut CHECK (xid = '0')"  # the last statement fails
    )
    async with Database(dsn) as database:
        projection = SearchProjection(database)
        with pytest.raises(asyncpg.CheckViolationError):
            await projection.advance()
        assert await entries(sql) == []
        assert await sql.fetchrow("SELECT * FROM projection") == before
        await sql.execute("ALTER TABLE projection DROP CONSTRAINT cut")
        assert (await projection.advance()).read == 1
    assert await found(postgres, "x") == ["88.300.1/A"]


async def test_a_large_step_is_written_piece_by_piece(
    postgres: Backend, dsn: str, sql: Any
) -> None:
    for start in range(0, 300, 50):
        await put_all(postgres.store, tuple(f"88.300.1/N{n:03}" for n in range(start, start + 50)))
    await sql.execute("UPDATE identifier SET wire_values = $1", url("x"))
    async with Database(dsn) as database:
        assert (await SearchProjection(database, held=1).advance()).read == 300
    assert await entries(sql) == [128, 128, 44]
    assert len(await found(postgres, "x")) == 300


async def test_several_take_turns(postgres: Backend, dsn: str) -> None:
    for n in range(20):
        await put(postgres.store, f"88.300.1/N{n}", url("x"))
    async with Database(dsn) as database:
        steps = [SearchProjection(database, step=5).advance() for _ in range(6)]
        done = await asyncio.gather(*steps)
    assert sum(step.read for step in done) == 20
    assert len(await found(postgres, "x")) == 20


async def test_nothing_is_passed_over_while_an_older_transaction_runs(
    postgres: Backend, dsn: str, sql: Any
) -> None:
    transaction = sql.transaction()
    await transaction.start()
    await sql.execute(
        "INSERT INTO change (change, prefix, key, version, kind)"
        " VALUES (gen_random_uuid(), '88.300.1', '88.300.1/LATE', 1, 1)"
    )
    await put(postgres.store, "88.300.1/A", url("x"))
    async with Database(dsn) as database:
        projection = SearchProjection(database)
        waiting = await projection.advance()
        assert waiting.read == 0  # the younger one is committed, and waits for the older
        await transaction.commit()
        assert (await projection.advance()).read == 2
    assert await found(postgres, "x") == ["88.300.1/A"]


async def test_a_record_that_cannot_be_read_holds_up_nobody(
    postgres: Backend, caplog: pytest.LogCaptureFixture
) -> None:
    await put(postgres.store, "88.300.1/A", url("x"))
    await put(postgres.store, "88.300.1/B", url("x"))
    await postgres.project()
    await put(postgres.store, "88.300.1/A", b"\0\0\0\1x")
    await put(postgres.store, "88.300.1/C", url("x"))
    with caplog.at_level(logging.ERROR):
        await postgres.project()
    assert "88.300.1/A" in caplog.text
    assert await found(postgres, "x") == ["88.300.1/B", "88.300.1/C"]


@pytest.mark.parametrize("text", ["*ne*", "*.pdf", "mine*"])
async def test_too_broad_a_search_is_given_up(postgres: Backend, dsn: str, text: str) -> None:
    for n in range(12):
        # What is looked at in vain counts: each has four octets in a row that are looked for.
        values = [Value(index=1, type="URL", data=b"mine%d.pdf" % n)]
        values += [Value(index=2, type="NOTE", data=b"never")]
        await put(postgres.store, f"88.300.1/N{n}", encode_values(values))
    await postgres.project()
    tests = (Test("URL", Pattern.parse(text)), Test("NOTE", Pattern.parse("*v*r*v*")))
    async with Database(dsn) as database:
        reverse = PostgresReverse(database, looked=10)
        assert await reverse.search(Search(tests=tests)) == TooBroad(10)
        matches = await reverse.search(asked(text))
        assert not isinstance(matches, TooBroad)
        assert len(matches) == 12


async def test_few_of_many_are_found_by_their_terms(postgres: Backend, dsn: str) -> None:
    for n in range(12):
        await put(postgres.store, f"88.300.1/N{n}", url(f"mine-{n:03}.pdf"))
        await postgres.project()
    async with Database(dsn) as database:
        reverse = PostgresReverse(database, looked=0)  # blocks without it are not looked at
        for text in ("*-011*", "mine-011.pdf", "mine-011*", "*11.pdf"):
            matches = await reverse.search(asked(text))
            assert not isinstance(matches, TooBroad)
            assert [match.name for match in matches] == ["88.300.1/N11"]


async def test_blocks_that_hold_little_are_put_together(
    postgres: Backend, dsn: str, sql: Any
) -> None:
    async with Database(dsn) as database:
        projection = SearchProjection(database, round_=8)
        for n in range(12):
            await put(postgres.store, f"88.300.1/N{n % 4}", url(f"x{n // 4}"))
            assert (await projection.advance()).read == 1
        assert await entries(sql) == [1] * 12
        assert await projection.tidy() == 8  # all of the first eight were replaced since
        assert await projection.tidy() == 3
        assert await entries(sql) == [4]
        assert await projection.tidy() == 0  # it has no company
        assert await found(postgres, "x2") == [f"88.300.1/N{n}" for n in range(4)]
        assert await found(postgres, "x1") == []
        for n in range(4):
            await delete(postgres.store, f"88.300.1/N{n}")
        await projection.advance()
        assert await projection.tidy() == 1
        assert await entries(sql) == []


async def test_what_waits_in_the_list_of_the_index_is_sorted_in_while_there_is_time(
    postgres: Backend, dsn: str, sql: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.postgres.projection._MANY_TERMS", 10)
    await put(postgres.store, "88.300.1/A", url("https://example.org/"))
    async with Database(dsn) as database:
        projection = SearchProjection(database)
        await projection.advance()
        await projection.tidy()
    # Nothing waits any more: to sort it in again moves no pages.
    moved = await sql.fetchval("SELECT gin_clean_pending_list('search_block_terms'::regclass)")
    assert moved == 0
    assert await found(postgres, "https://example.org/") == ["88.300.1/A"]


async def test_what_others_have_put_together_is_left_alone(
    postgres: Backend, dsn: str, sql: Any
) -> None:
    async with Database(dsn) as database:
        projection = SearchProjection(database)
        for n in range(6):
            await put(postgres.store, f"88.300.1/N{n}", url("x"))
            await projection.advance()
        done = await asyncio.gather(*(SearchProjection(database).tidy() for _ in range(3)))
    assert sum(done) == 5
    assert sum(await entries(sql)) == 6
    assert len(await found(postgres, "x")) == 6


async def test_one_page_looks_only_so_far_and_one_count_takes_only_so_long(
    postgres: Backend, dsn: str
) -> None:
    for n in range(6):
        await put(postgres.store, f"88.300.1/N{n}", url("xyz" if n == 5 else "x_yz"))
        await postgres.project()
    seconds = itertools.count()
    words = Wanted(words=("x", "yz"), states=frozenset({State.ACTIVE}))
    last = Wanted(words=("xy",))
    async with Database(dsn) as database:
        search = PostgresSearch(database, looked=2, clock=lambda: float(next(seconds)))
        page = await search.page(last, START, 10)
        assert page.found == ()
        pages = 1
        while page.more is not None and not page.found:
            page = await search.page(last, page.more, 10)
            pages += 1
        assert [one.name for one in page.found] == ["88.300.1/N5"]
        assert pages == 3
        assert await search.count(words, 100) == Counted(2, exact=False)
        assert await PostgresSearch(database).count(words, 100) == Counted(6, exact=True)


async def test_searches_walk_the_index_of_terms(postgres: Backend, sql: Any) -> None:
    await put(postgres.store, "88.300.1/A", url("x"))
    await postgres.project()
    await sql.execute(
        "ANALYZE search_block; LOAD 'auto_explain'; SET auto_explain.log_min_duration = 0;"
        "SET auto_explain.log_nested_statements = on; SET auto_explain.log_analyze = off;"
        "SET client_min_messages = log"
    )
    ask = await sql.prepare("SELECT * FROM search_candidates(0, $1, $2, $3, $4, $5, $6, 9)")
    await ask.fetch([], [], *(every := (0, 2**62) * 2))
    plans: list[str] = []
    sql.add_log_listener(lambda _, message: plans.append(message.message))
    for needed, one_of in (([1], []), ([], [1, 2]), ([1], [2, 3])):
        await ask.fetch(needed, one_of, *every)
        plan = "\n".join(plans)
        assert "search_block_terms" in plan, plan
        assert "Seq Scan" not in plan, plan
        plans.clear()


async def test_everything_is_found_in_whatever_order_it_was_written(postgres: Backend) -> None:
    long = "长" * 300  # 900 octets: a block is full of so long texts before it has 128 entries
    for n in range(150):
        await put(postgres.store, f"88.300.1/N{n:03}", url(f"{long}{n % 3}"))
    await postgres.project()
    for n in range(3):
        assert len(await found(postgres, f"{long}{n}")) == 50
    assert len(await found(postgres, "长*")) == 150


async def test_who_may_not_make_extensions_does_without_trigrams(postgres_server: str) -> None:
    connection = await asyncpg.connect(postgres_server)
    await connection.execute("CREATE ROLE plain LOGIN PASSWORD 'plain'")
    await connection.execute("CREATE DATABASE without_trigrams TEMPLATE template0")
    admins = postgres_server.replace("/idnode?", "/without_trigrams?")
    owner = await asyncpg.connect(admins)
    await owner.execute("GRANT ALL ON SCHEMA public TO plain")
    user = urlsplit(admins).netloc
    dsn = admins.replace(user, "plain:plain@", 1)
    try:
        applied = await migrate(dsn)
        assert {"0002_pre_reverse_lookup.sql", "0015_post_search.sql"} <= set(applied)
        assert await owner.fetchval("SELECT to_regclass('reverse_lookup')") is None
    finally:
        await owner.close()
        await connection.execute("DROP DATABASE without_trigrams WITH (FORCE)")
        await connection.execute("DROP ROLE plain")
        await connection.close()


async def test_an_extension_that_is_out_of_sight_is_done_without(postgres_server: str) -> None:
    connection = await asyncpg.connect(postgres_server)
    await connection.execute("CREATE DATABASE other_schema TEMPLATE template0")
    dsn = postgres_server.replace("/idnode?", "/other_schema?")
    owner = await asyncpg.connect(dsn)
    await owner.execute("CREATE SCHEMA aside; CREATE EXTENSION pg_trgm SCHEMA aside")
    try:
        assert "0015_post_search.sql" in await migrate(dsn)
    finally:
        await owner.close()
        await connection.execute("DROP DATABASE other_schema WITH (FORCE)")
        await connection.close()
