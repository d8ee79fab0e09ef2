"""HistoryStore: versions with who wrote them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from identifiers.changes import ChangeKind, Touched, Writes
from identifiers.history import author
from identifiers.records import PAGE_BYTES, State
from registry.business.history import NEWEST, HistoryStore
from registry.ports import RegistryStore
from storage.memory import MemoryHistory, MemoryStore
from storage.postgres import Database, Nudge, PostgresHistory, PostgresStore
from storage.postgres.history import prune
from tests.contracts.units import AUDIT, delete, put, record, written

KEY = "88.300.1/A"


@dataclass(frozen=True)
class Kept:
    store: RegistryStore
    history: HistoryStore


@pytest.fixture
def memory_kept() -> Kept:
    store = MemoryStore()
    return Kept(store, MemoryHistory(store))


@pytest.fixture
async def postgres_kept(dsn: str) -> AsyncIterator[Kept]:
    async with Database(dsn, connections=4) as database, Nudge(dsn) as nudge:
        yield Kept(PostgresStore(database, nudge), PostgresHistory(database))


@pytest.fixture(params=["memory", "postgres"])
def kept(request: pytest.FixtureRequest) -> Kept:
    found: Kept = request.getfixturevalue(f"{request.param}_kept")
    return found


async def test_versions_are_told_newest_first(kept: Kept) -> None:
    await put(kept.store, KEY, b"\0\0\0\1a")
    await put(kept.store, KEY, b"\0\0\0\1b", state=State.SUSPENDED, reason="质量核查")
    await delete(kept.store, KEY)
    await put(kept.store, "88.300.1/B")
    found = await kept.history.versions(KEY, NEWEST, 10)
    assert [v.record.version for v in found] == [3, 2, 1]
    assert [v.record.state.name for v in found] == ["DELETED", "SUSPENDED", "ACTIVE"]
    assert [v.kind for v in found] == [ChangeKind.DELETED, ChangeKind.UPDATED, ChangeKind.CREATED]
    assert found[1].record == record(KEY, 2, b"\0\0\0\1b", state=State.SUSPENDED, reason="质量核查")
    assert [v.change for v in found] == [
        written(record(KEY, number)).change for number in (3, 2, 1)
    ]
    assert all(isinstance(v.change, UUID) and v.at is not None for v in found)
    page = await kept.history.versions(KEY, 3, 1)
    assert [v.record.version for v in page] == [2]
    assert await kept.history.versions("88.300.1/NONE", NEWEST, 10) == []


async def test_one_version(kept: Kept) -> None:
    await put(kept.store, KEY, b"\0\0\0\1a")
    await put(kept.store, KEY, b"\0\0\0\1b")
    assert await kept.history.version(KEY, 1) == record(KEY, 1, b"\0\0\0\1a")
    assert await kept.history.version(KEY, 2) == record(KEY, 2, b"\0\0\0\1b")
    assert await kept.history.version(KEY, 3) is None


async def test_pages_of_large_versions_are_short(kept: Kept) -> None:
    for n in range(6):
        await put(kept.store, KEY, bytes([n]) * (PAGE_BYTES // 4))
    assert len(await kept.history.versions(KEY, NEWEST, 10)) == 4


async def test_who_wrote_a_version_is_told_of_its_transaction(kept: Kept) -> None:
    """Two who write in one transaction, one of them a batch, and a third in another."""
    keys = ("88.300.1/A", "88.300.1/B", "88.300.1/C")
    new = [written(record(key)) for key in keys]
    entries = (
        msgspec.structs.replace(
            AUDIT,
            actor="key:one",
            subject=keys[0],
            action="identifier.create",
            detail=msgspec.json.encode({"version": 1, "change": new[0].change}),
        ),
        msgspec.structs.replace(
            AUDIT,
            actor="key:two",
            subject="2 identifiers",
            action="identifier.batch",
            detail=msgspec.json.encode({"changes": [new[1].change, new[2].change]}),
            root=b"r" * 32,
        ),
    )
    writes = Writes(records=tuple(new), audit=entries)
    await kept.store.write(Touched(keys=keys), lambda _: (writes, None))
    actors = []
    for key in keys:
        (version,) = await kept.history.versions(key, NEWEST, 1)
        entry = author(version)
        actors.append(entry and entry.actor)
    assert actors == ["key:one", "key:two", "key:two"]


async def test_a_large_new_unit_is_told_with_its_author_too(kept: Kept) -> None:
    keys = tuple(f"88.300.1/{n:03}" for n in range(200))
    entry = msgspec.structs.replace(AUDIT, action="import.chunk", subject="an import")
    writes = Writes(records=tuple(written(record(key)) for key in keys), audit=(entry,))
    await kept.store.write(Touched(keys=keys), lambda _: (writes, None))
    await put(kept.store, keys[7], b"\0\0\0\1b")
    newest, first = await kept.history.versions(keys[7], NEWEST, 5)
    assert author(newest) is None
    told = author(first)
    assert told is not None
    assert (told.action, told.subject) == ("import.chunk", "an import")


async def test_versions_that_were_replaced_long_ago_are_dropped(
    postgres_kept: Kept, dsn: str, sql: Any
) -> None:
    for n in range(4):
        await put(postgres_kept.store, KEY, bytes([n]))
    await sql.execute(
        "UPDATE identifier_history SET replaced_at = now() - make_interval(days => 183 - "
        "2 * version::int)"
    )
    connection = await asyncpg.connect(dsn)
    assert await prune(connection, most=1) == 1
    assert await prune(connection) == 0
    await connection.close()
    found = await postgres_kept.history.versions(KEY, NEWEST, 10)
    assert [v.record.version for v in found] == [4, 3, 2]
