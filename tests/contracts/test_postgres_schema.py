"""What is particular to the schema: migrations, the audit log, partitions, plans."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import msgspec
import pytest

from identifiers.changes import RequestKey, Touched, Writes
from identifiers.errors import StoreUnavailable
from storage.postgres import Database, Phase, Unsuitable, check_schema, maintain, migrate
from storage.postgres.schema import Migration, migrations
from storage.postgres.sql import load
from storage.postgres.upkeep import name_of
from tests.contracts.backends import Backend
from tests.contracts.units import AUDIT, answer_to, put_all

LATER = Migration(
    number=len(migrations()) + 1,
    phase=Phase.PRE,
    name="9999_pre_later.sql",
    sql="CREATE TABLE later (id int); INSERT INTO later VALUES (1)",
)
LAST = Migration(
    number=LATER.number + 1, phase=Phase.POST, name="9999_post_last.sql", sql="DROP TABLE later"
)


# migrations


async def test_nothing_is_applied_twice(dsn: str) -> None:
    assert await migrate(dsn) == []
    async with Database(dsn) as database:
        await check_schema(database)


async def test_phases_are_applied_apart(dsn: str) -> None:
    known = [*migrations(), LATER, LAST]
    assert await migrate(dsn, [Phase.PRE], known) == [LATER.name]
    assert await migrate(dsn, [Phase.PRE], known) == []
    assert await migrate(dsn, known=known) == [LAST.name]


async def test_many_may_migrate_at_once(dsn: str) -> None:
    known = [*migrations(), LATER]
    applied = await asyncio.gather(*(migrate(dsn, known=known) for _ in range(4)))
    assert sorted(applied, key=len) == [[], [], [], [LATER.name]]


async def test_a_failing_migration_leaves_nothing(dsn: str, sql: Any) -> None:
    broken = msgspec.structs.replace(LATER, sql=LATER.sql + "; TABLE nowhere")
    with pytest.raises(asyncpg.UndefinedTableError):
        await migrate(dsn, known=[*migrations(), broken])
    assert await sql.fetchval("SELECT to_regclass('later')") is None
    assert await migrate(dsn, known=[*migrations(), LATER]) == [LATER.name]


async def test_a_newer_database_is_refused(dsn: str) -> None:
    await migrate(dsn, known=[*migrations(), LATER])
    with pytest.raises(Unsuitable, match="newer than this release"):
        await migrate(dsn)
    async with Database(dsn) as database:
        with pytest.raises(Unsuitable, match="newer than this release"):
            await check_schema(database)


async def test_a_changed_file_is_refused(dsn: str) -> None:
    first, *rest = migrations()
    changed = msgspec.structs.replace(first, sql=f"{first.sql} ")
    with pytest.raises(Unsuitable, match="was changed after"):
        await migrate(dsn, known=[changed, *rest])


async def test_an_empty_database_is_not_served(dsn: str, sql: Any) -> None:
    await sql.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    async with Database(dsn) as database:
        with pytest.raises(Unsuitable, match="idnode migrate"):
            await check_schema(database)


async def test_a_database_that_is_not_utf8_is_refused(postgres_server: str) -> None:
    connection = await asyncpg.connect(postgres_server)
    provider = "LOCALE_PROVIDER libc" if connection.get_server_version().major > 14 else ""
    await connection.execute(
        f"CREATE DATABASE latin ENCODING 'LATIN1' {provider} LOCALE 'C' TEMPLATE template0"
    )
    with pytest.raises(Unsuitable, match="LATIN1"):
        await migrate(postgres_server.replace("/idnode?", "/latin?"))
    await connection.execute("DROP DATABASE latin")
    await connection.close()


async def test_an_unreachable_server() -> None:
    with pytest.raises(StoreUnavailable):
        await migrate("postgresql://nobody@127.0.0.1:1/nothing")


# the audit log


@pytest.mark.parametrize(
    "statement", ["UPDATE audit SET actor = 'me'", "DELETE FROM audit", "TRUNCATE audit"]
)
async def test_the_audit_log_only_grows(postgres: Backend, sql: Any, statement: str) -> None:
    await postgres.store.write(Touched(), lambda _: (Writes(audit=(AUDIT,)), None))
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        await sql.execute(statement)
    assert await postgres.past.audited() == [AUDIT]


# partitions of stored answers


async def partitions(sql: Any) -> list[str]:
    rows = await sql.fetch(load("upkeep")["partitions"])
    return sorted(row["name"] for row in rows)


async def test_partitions_are_there_ahead_and_go_when_their_time_is_over(
    dsn: str, sql: Any
) -> None:
    today = datetime.now(UTC).date()
    for days in (3, 4, 9):
        day = today - timedelta(days)
        await sql.execute(
            f"CREATE TABLE {name_of(day)} PARTITION OF idempotency"
            f" FOR VALUES FROM ('{day} 00:00+00') TO ('{day + timedelta(1)} 00:00+00')"
        )
    async with Database(dsn) as database:
        for _ in range(2):
            await maintain(database)
            kept = [name_of(today + timedelta(days)) for days in (-3, 0, 1, 2, 3)]
            assert await partitions(sql) == kept


async def test_maintaining_at_the_same_time(dsn: str, sql: Any) -> None:
    async with Database(dsn) as database:
        await asyncio.gather(*(maintain(database) for _ in range(4)))
    assert len(await partitions(sql)) == 4


async def test_answers_are_kept_without_any_partition_for_the_day(
    postgres: Backend, dsn: str, sql: Any
) -> None:
    request = RequestKey("key:k1", "late")
    given = answer_to(request)
    await postgres.store.write(
        Touched(requests=(request,)), lambda _: (Writes(answers=(given,)), None)
    )
    assert await sql.fetchval("SELECT count(*) FROM idempotency_default") == 1
    async with Database(dsn) as database:
        await maintain(database)  # cannot make today's partition, and goes on
    today = datetime.now(UTC).date()
    assert await partitions(sql) == [name_of(today + timedelta(days)) for days in (1, 2, 3)]
    assert await postgres.store.answer(request) == given


async def test_what_fell_into_the_default_partition_goes_in_the_end(dsn: str, sql: Any) -> None:
    today = datetime.now(UTC).date()
    old = today - timedelta(9)
    await sql.execute(
        "INSERT INTO idempotency (principal, key, digest, status, headers, body, stored_at)"
        " SELECT 'p', d::text, '', 200, '', '', now() - make_interval(days => d)"
        " FROM generate_series(0, 6, 2) d"
    )
    await sql.execute(
        f"CREATE TABLE {name_of(old)} PARTITION OF idempotency"
        f" FOR VALUES FROM ('{old} 00:00+00') TO ('{old + timedelta(1)} 00:00+00')"
    )
    async with Database(dsn) as database:
        await maintain(database)
    assert await sql.fetch("SELECT key FROM idempotency ORDER BY key") == [("0",), ("2",)]


# plans


async def test_fetching_probes_one_partition_for_each_name(postgres: Backend, sql: Any) -> None:
    names = tuple(f"88.300.1/N{n}" for n in range(3000))
    await put_all(postgres.store, names)
    await sql.execute("SET plan_cache_mode = force_generic_plan")
    for name, arguments in (("fetch", (names[:100],)), ("fetch_under", ("88.300.1", names[:100]))):
        statement = load("records")[name]
        rows = await sql.fetch(f"EXPLAIN (ANALYZE, COSTS OFF) {statement}", *arguments)
        plan = "\n".join(row[0] for row in rows)
        assert "Seq Scan" not in plan
        scans = [line for line in plan.splitlines() if "Index Scan" in line]
        assert sum("never executed" not in line for line in scans) == 1


async def test_paging_walks_the_index(postgres: Backend, sql: Any) -> None:
    await put_all(postgres.store, tuple(f"88.300.1/N{n}" for n in range(3000)))
    await sql.execute("ANALYZE identifier; SET plan_cache_mode = force_generic_plan")
    rows = await sql.fetch(f"EXPLAIN {load('records')['page']}", "88.300.1", "88.300.1/N5", 100)
    plan = "\n".join(row[0] for row in rows)
    assert "Sort" not in plan
    assert "Seq Scan" not in plan
