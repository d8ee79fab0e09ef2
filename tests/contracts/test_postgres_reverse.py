"""What is particular to the reverse look-up in Postgres: the projection, its order, its plans."""

import asyncio
import logging
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from identifiers.reverse import Pattern, Search, Test, TooBroad
from identifiers.values import Value
from identifiers.wire.handle.values import encode_values
from storage.postgres import Database, PostgresReverse, ReverseProjection, migrate
from storage.postgres.reverse import NOTHING_TO_DO, has_trigram, like, text_range
from storage.postgres.sql import load
from tests.contracts.backends import Backend
from tests.contracts.units import put


def url(text: str) -> bytes:
    return encode_values([Value(index=1, type="URL", data=text.encode())])


def asked(text: str, limit: int = 1000) -> Search:
    return Search(tests=(Test("URL", Pattern.parse(text)),), limit=limit)


async def found(backend: Backend, text: str) -> list[str]:
    matches = await backend.reverse.search(asked(text))
    assert not isinstance(matches, TooBroad)
    return [match.name for match in matches]


async def test_steps_go_on_where_the_last_one_ended(postgres: Backend, dsn: str, sql: Any) -> None:
    for n in range(5):
        await put(postgres.store, f"88.300.1/N{n}", url("x"))
    async with Database(dsn) as database:
        first = await ReverseProjection(database, step=3).advance()
        assert first.read == 3
        assert first.age >= 0
        # Whoever comes next reads the rest: what was done is in the database only.
        second = ReverseProjection(database, step=3)
        assert (await second.advance()).read == 2
        assert await second.advance() == NOTHING_TO_DO
    assert await sql.fetchval("SELECT count(*) FROM reverse_lookup") == 5


async def test_a_step_that_is_cut_leaves_nothing(postgres: Backend, dsn: str, sql: Any) -> None:
    await put(postgres.store, "88.300.1/A", url("x"))
    before = await sql.fetchrow("SELECT * FROM projection")
    await sql.execute(
        "ALTER TABLE projection ADD CONSTRAINT cut CHECK (xid = '0')"  # the last statement fails
    )
    async with Database(dsn) as database:
        projection = ReverseProjection(database)
        with pytest.raises(asyncpg.CheckViolationError):
            await projection.advance()
        assert await sql.fetchval("SELECT count(*) FROM reverse_lookup") == 0
        assert await sql.fetchrow("SELECT * FROM projection") == before
        await sql.execute("ALTER TABLE projection DROP CONSTRAINT cut")
        assert (await projection.advance()).read == 1
    assert await found(postgres, "x") == ["88.300.1/A"]


async def test_several_take_turns(postgres: Backend, dsn: str) -> None:
    for n in range(20):
        await put(postgres.store, f"88.300.1/N{n}", url("x"))
    async with Database(dsn) as database:
        steps = [ReverseProjection(database, step=5).advance() for _ in range(6)]
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
        projection = ReverseProjection(database)
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


@pytest.mark.parametrize("text", ["*mine*", "*.pdf", "mine*"])
async def test_too_broad_a_search_is_given_up(postgres: Backend, dsn: str, text: str) -> None:
    for n in range(12):
        await put(postgres.store, f"88.300.1/N{n}", url(f"mine{n}.pdf"))
    await postgres.project()
    async with Database(dsn) as database:
        reverse = PostgresReverse(database, looked=10, fitting=10)
        assert await reverse.search(asked(text)) == TooBroad(10)
        matches = await reverse.search(asked(text, limit=10))
        assert not isinstance(matches, TooBroad)
        assert len(matches) == 10


async def test_few_of_many_are_found_by_trigrams(postgres: Backend, dsn: str) -> None:
    for n in range(12):
        await put(postgres.store, f"88.300.1/N{n}", url(f"mine-{n:03}.pdf"))
    await postgres.project()
    async with Database(dsn) as database:
        reverse = PostgresReverse(database, looked=10, fitting=10)
        matches = await reverse.search(asked("*-011*"))
        assert not isinstance(matches, TooBroad)
        assert [match.name for match in matches] == ["88.300.1/N11"]


async def test_without_trigrams(postgres: Backend, sql: Any) -> None:
    await sql.execute("DROP INDEX reverse_lookup_trigram")
    await put(postgres.store, "88.300.1/A", url("https://example.org/mine"))
    await postgres.project()
    assert await found(postgres, "*example*") == ["88.300.1/A"]


async def test_searches_walk_indexes(postgres: Backend, sql: Any) -> None:
    await put_many(postgres, 3000)
    # The table is so small that reading all of it is cheaper: what counts is that it need not be.
    await sql.execute("ANALYZE reverse_lookup; SET enable_seqscan = off")
    low, high = text_range(Test("URL", Pattern.parse("x12*")))
    by_range = (*low, *high, "x12%", 1000, "", ["NOTE"], ["y"], 10, 0)
    by_trigrams = ("URL", "%x12%", 1000, "", ["NOTE"], ["y"], 10, 0)
    for name, arguments, index in (
        ("by_range", by_range, "reverse_lookup_pkey"),
        ("by_trigrams", by_trigrams, "reverse_lookup_trigram"),
    ):
        rows = await sql.fetch(f"EXPLAIN {load('reverse')[name]}", *arguments)
        plan = "\n".join(row[0] for row in rows)
        assert index in plan, plan
        assert "Seq Scan" not in plan, plan
        assert plan.count("reverse_lookup_key") == 2, plan  # one probe by handle for each condition


async def put_many(backend: Backend, count: int) -> None:
    for start in range(0, count, 200):
        many = [
            Value(index=n + 1, type="URL", data=f"x{n}".encode())
            for n in range(start, min(start + 200, count))
        ]
        await put(backend.store, f"88.300.1/N{start}", encode_values(many))
    await backend.project()


def test_ranges_of_texts() -> None:
    def between(text: str) -> tuple[object, object]:
        return text_range(Test("URL", Pattern.parse(text)))

    assert between("ab") == (("URL", "ab"), ("URL", "ab\x01"))
    assert between("ab*") == (("URL", "ab"), ("URL", "ac"))
    assert between("a\ud7ff*") == (("URL", "a\ud7ff"), ("URL", "a\ue000"))
    assert between("a\U0010ffff*") == (("URL", "a\U0010ffff"), ("URL", "b"))
    assert between("*") == (("URL", ""), ("URL\x01", ""))


def test_patterns_for_like() -> None:
    assert like(Pattern.parse("a%b_c\\d*e")) == "a\\%b\\_c\\\\d%e"
    assert [has_trigram(Pattern.parse(t)) for t in ("*abc*", "*ab*c", "*矿山煤*", "*a-b-c")] == [
        True,
        False,
        False,
        False,
    ]


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
        assert "0002_pre_reverse_lookup.sql" in await migrate(dsn)
        assert await owner.fetchval("SELECT to_regclass('reverse_lookup_trigram')") is None
        assert await owner.fetchval("SELECT to_regclass('reverse_lookup_key')") is not None
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
        assert "0002_pre_reverse_lookup.sql" in await migrate(dsn)
        assert await owner.fetchval("SELECT to_regclass('reverse_lookup_trigram')") is None
    finally:
        await owner.close()
        await connection.execute("DROP DATABASE other_schema WITH (FORCE)")
        await connection.close()
