"""What a caller is told when a commit goes wrong, and what then is stored."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import asyncpg
import pytest

from identifiers.changes import Current, RequestKey, Touched, Writes
from identifiers.errors import FateUnknown, StoreUnavailable
from storage.postgres import Database, NotDurable, PostgresRecords
from storage.postgres.database import Connection
from storage.postgres.locks import statement
from storage.postgres.pool import Census
from tests.contracts.backends import Backend
from tests.contracts.units import put, put_all, record, written

KEY = "88.300.1/A"


async def at_commit(sql: Any, body: str) -> None:
    """Run PL/pgSQL within COMMIT of every transaction that writes a change."""
    await sql.execute(
        f"""
        CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN {body}; RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON change
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION at_commit();
        """
    )


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    async with Database(dsn, connections=4) as database:
        yield database


async def test_a_warning_in_answer_to_commit_leaves_the_fate_unknown(
    postgres: Backend, sql: Any
) -> None:
    # What an operator's cancel leaves of a commit that waits for its standby.
    await at_commit(sql, "RAISE WARNING 'canceling wait' USING ERRCODE = '01000'")
    with pytest.raises(FateUnknown, match="canceling wait"):
        await put(postgres.store, KEY)
    stored = await postgres.store.record(KEY)
    assert stored is not None
    assert stored.version == 1


async def test_a_warning_before_commit_is_none_of_that(postgres: Backend, sql: Any) -> None:
    await sql.execute(
        """
        CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE WARNING 'by the way' USING ERRCODE = '01000'; RETURN NULL; END $$;
        CREATE TRIGGER warn AFTER INSERT ON change FOR EACH STATEMENT EXECUTE FUNCTION warn();
        """
    )
    assert await put(postgres.store, KEY) == 1
    assert await put(postgres.store, KEY) == 2


async def test_a_server_that_ends_within_commit_leaves_the_fate_unknown(
    postgres: Backend, sql: Any
) -> None:
    await at_commit(sql, "PERFORM pg_terminate_backend(pg_backend_pid())")
    with pytest.raises(FateUnknown):
        await put(postgres.store, KEY)
    await sql.execute("DROP TRIGGER at_commit ON change")
    assert await put(postgres.store, KEY) == 1


@pytest.mark.parametrize("state", ["23514", "40001"])
async def test_an_error_that_rolls_back_within_commit_is_told_as_such(
    postgres: Backend, sql: Any, state: str
) -> None:
    await at_commit(sql, f"RAISE EXCEPTION 'no' USING ERRCODE = '{state}'")
    with pytest.raises(StoreUnavailable, match=state):
        await put(postgres.store, KEY)
    assert await postgres.store.record(KEY) is None


async def test_a_commit_that_takes_too_long_leaves_the_fate_unknown(
    database: Database, sql: Any
) -> None:
    await at_commit(sql, "PERFORM pg_sleep(3600)")

    async def work(connection: Connection) -> None:
        await connection.execute(
            "INSERT INTO change (change, prefix, key, version, kind)"
            " VALUES (gen_random_uuid(), 'p', 'k', 1, 1)"
        )

    with pytest.raises(FateUnknown):
        await database.commit(work, seconds=0.2)
    # The server does not know that nobody waits any more, and keeps its locks.
    assert await sql.fetchval(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE query = 'COMMIT' AND state = 'active' AND datname = current_database()"
    )
    await sql.execute("DROP TRIGGER at_commit ON change")
    await database.commit(work)


async def test_work_that_takes_too_long_was_certainly_not_committed(database: Database) -> None:
    async def work(connection: Connection) -> None:
        await connection.execute("SELECT pg_sleep(3600)")

    with pytest.raises(StoreUnavailable):
        await database.commit(work, seconds=0.2)
    assert await database.row("SELECT 1 AS one") is not None


async def test_a_read_that_takes_too_long(dsn: str) -> None:
    async with Database(dsn, connections=1, read_seconds=0.2) as database:
        with pytest.raises(StoreUnavailable):
            await database.rows("SELECT pg_sleep(3600)")
        assert await database.row("SELECT 1 AS one") is not None


async def test_readers_wait_only_so_long_for_a_connection(dsn: str) -> None:
    async with Database(dsn, connections=1, read_seconds=1) as database:
        slow = asyncio.create_task(database.rows("SELECT pg_sleep(3600)"))
        await asyncio.sleep(0)
        with pytest.raises(StoreUnavailable):
            await database.rows("SELECT 1")
        assert not slow.done()
        with pytest.raises(StoreUnavailable):
            await slow


async def test_a_cancelled_caller_does_not_stop_its_transaction(dsn: str, sql: Any) -> None:
    await sql.execute("SELECT pg_advisory_lock(42)")
    begun = asyncio.Event()
    async with Database(dsn) as database:

        async def work(connection: Connection) -> None:
            begun.set()
            await connection.execute("SELECT pg_advisory_xact_lock(42)")
            await connection.execute("INSERT INTO enterprise VALUES (DEFAULT, 'n', '', '')")

        caller = asyncio.create_task(database.commit(work))
        await begun.wait()
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        await sql.execute("SELECT pg_advisory_unlock(42)")
    assert await sql.fetchval("SELECT count(*) FROM enterprise") == 1


async def test_an_error_nobody_waits_for_any_more_is_not_left_behind(dsn: str, sql: Any) -> None:
    await sql.execute("SELECT pg_advisory_lock(42)")
    async with Database(dsn) as database:
        caller = asyncio.create_task(
            database.commit(lambda c: c.execute("SELECT 1 / 0"), opening="BEGIN")
        )
        await asyncio.sleep(0)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller


async def test_who_waits_for_a_lock_too_long_is_told_to_come_back(
    postgres: Backend, sql: Any
) -> None:
    async with sql.transaction():
        await sql.execute(statement(Touched(keys=(KEY,))))
        with pytest.raises(StoreUnavailable, match="55P03"):
            await put(postgres.store, KEY)
    assert await put(postgres.store, KEY) == 1


async def test_a_bulk_unit_waits_longer(postgres: Backend, sql: Any) -> None:
    names = tuple(f"88.300.1/N{n}" for n in range(100))
    async with sql.transaction():
        await sql.execute(statement(Touched(keys=names)))
        waiting = asyncio.create_task(put_all(postgres.store, names))
        done, _ = await asyncio.wait({waiting}, timeout=1.5)  # longer than a small one would
        assert not done
    await waiting


async def test_a_writer_past_the_locks_is_found_out_at_the_write(
    postgres: Backend, sql: Any
) -> None:
    await put(postgres.store, KEY)

    def decide(_: Current) -> tuple[Writes, None]:
        return Writes(records=(written(record(KEY, 2)),)), None

    blocker = sql.transaction()
    await blocker.start()
    await sql.execute("UPDATE identifier SET version = 2 WHERE key = $1", KEY)
    waiting = asyncio.create_task(postgres.store.write(Touched(keys=(KEY,)), decide))
    await waits_for_a_lock(sql)
    await blocker.commit()
    with pytest.raises(StoreUnavailable, match="past the locks"):
        await waiting
    assert [change[2] for change in await postgres.past.changes()] == [1]


async def test_a_bulk_writer_past_the_locks_is_found_out(postgres: Backend, sql: Any) -> None:
    names = tuple(f"88.300.1/N{n}" for n in range(200))
    blocker = sql.transaction()
    await blocker.start()
    await sql.execute(
        "INSERT INTO identifier (prefix, key, version, state, wire_values, created_at, changed_at)"
        " VALUES ('88.300.1', '88.300.1/N7', 1, 1, '', 1, 1)"
    )
    waiting = asyncio.create_task(put_all(postgres.store, names))
    await waits_for_a_lock(sql)
    await blocker.commit()
    with pytest.raises(StoreUnavailable, match="past the locks"):
        await waiting
    assert await postgres.past.changes() == []


async def waits_for_a_lock(sql: Any) -> None:
    async with asyncio.timeout(30):
        while not await sql.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await sql.execute("SELECT pg_sleep(0.01)")


async def test_a_transaction_that_the_server_rolled_back_is_not_taken_for_committed(
    database: Database,
) -> None:
    async def work(connection: Connection) -> None:
        with suppress(asyncpg.UndefinedTableError):
            await connection.execute("TABLE nothing_of_that_name")

    with pytest.raises(StoreUnavailable, match="ROLLBACK"):
        await database.commit(work)


async def test_a_mistake_in_a_statement_is_no_outage(database: Database) -> None:
    with pytest.raises(asyncpg.UndefinedTableError):
        await database.rows("SELECT * FROM nothing_of_that_name")


async def test_a_server_that_does_not_keep_what_it_commits_is_refused(dsn: str, sql: Any) -> None:
    name = await sql.fetchval("SELECT current_database()")
    async with Database(dsn, connections=2) as early:
        await early.verify()
        await sql.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
        async with Database(dsn) as late:
            with pytest.raises(NotDurable, match="synchronous_commit = off"):
                await late.rows("SELECT 1")
        async with Database(dsn, durable=False) as reader:
            assert await PostgresRecords(reader).fetch([KEY]) == [None]
            await reader.verify()
        # Its connections are older than the setting.
        await early.commit(lambda c: c.execute("SELECT 1"))
        await sql.execute(f"ALTER DATABASE {name} RESET synchronous_commit")


async def test_connections_are_made_before_somebody_waits(dsn: str) -> None:
    async with Database(dsn, connections=4) as database:
        await database.open(3)
        assert database.census() == Census(used=0, idle=3, connecting=0)
    async with Database("postgresql:///nobody?host=/nowhere") as nowhere:
        with pytest.raises(StoreUnavailable):
            await nowhere.open(2)


async def test_writes_are_refused_while_the_minute_s_look_finds_no_durability(
    dsn: str,
) -> None:
    async with Database(dsn, connections=1) as database:
        await database.commit(lambda c: c.execute("SET synchronous_commit = off"))
        await database.verify()
        with pytest.raises(NotDurable):
            await database.commit(lambda c: c.execute("SELECT 1"))
        await database.rows("SET synchronous_commit = on")
        await database.verify()
        await database.commit(lambda c: c.execute("SELECT 1"))


async def test_too_many_requests_in_one_unit(postgres: Backend) -> None:
    requests = tuple(RequestKey("p", str(n)) for n in range(257))
    with pytest.raises(ValueError, match="257 requests"):
        await postgres.store.write(Touched(requests=requests), lambda _: (Writes(), None))
