"""JobStore, and chunks of jobs in units of work."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

import msgspec
import pytest

from identifiers.changes import Touched, Writes
from identifiers.errors import Fenced
from identifiers.jobs import Job, JobAction, JobCounts, JobState, JobStep, Listed, Under
from identifiers.records import State
from registry.business.jobs import NEWEST, JobStore
from registry.ports import RegistryStore
from storage.memory import MemoryJobs, MemoryStore
from storage.postgres import Database, Nudge, PostgresJobs, PostgresStore
from tests.contracts.units import AUDIT, NAMESPACE, record, written

UNDER = Under(prefix="88.300.1", begins="批次", state=State.ACTIVE, since=5, before=9)


@dataclass(frozen=True)
class Kept:
    store: RegistryStore
    jobs: JobStore


@pytest.fixture
def memory_kept() -> Kept:
    store = MemoryStore()
    return Kept(store, MemoryJobs(store))


@pytest.fixture
async def postgres_kept(dsn: str) -> AsyncIterator[Kept]:
    async with Database(dsn, connections=4) as database, Nudge(dsn) as nudge:
        yield Kept(PostgresStore(database, nudge), PostgresJobs(database))


@pytest.fixture(params=["memory", "postgres"])
def kept(request: pytest.FixtureRequest) -> Kept:
    found: Kept = request.getfixturevalue(f"{request.param}_kept")
    return found


def job(name: str, **more: Any) -> Job:
    fields: dict[str, Any] = {
        "enterprise": 1,
        "owner": "key:k1",
        "principal": "key:k1",
        "request": "r-1",
        "digest": b"d" * 32,
        "action": JobAction.SUSPEND,
        "reason": "质量核查",
        "selection": Listed(2),
        "state": JobState.RUNNING,
        "total": 3,
        "created_at": 1_700_000_000_000,
    }
    return Job(id=uuid5(NAMESPACE, name), **(fields | more))


def step(number: int, one: Job, **more: Any) -> JobStep:
    fields: dict[str, Any] = {
        "cursor": f"88.300.1/{number}",
        "counts": JobCounts(1, 2, 3),
        "results": bytes([number]),
    }
    return JobStep(job=one.id, number=number, **(fields | more))


async def advance(kept: Kept, one: JobStep, key: str = "88.300.1/A") -> None:
    def decide(current: Any) -> tuple[Writes, None]:
        stored = current.records.get(key)
        new = record(key, 1 if stored is None else stored.version + 1)
        return Writes(records=(written(new),), step=one), None

    await kept.store.write(Touched(keys=(key,)), decide)


@pytest.mark.parametrize("selection", [Listed(2), UNDER, Under(prefix="88.300.1")])
async def test_a_job_is_read_back_as_it_was(kept: Kept, selection: Any) -> None:
    given = job("one", selection=selection)
    assert await kept.jobs.open_job(given, [b"p1", b"p2"], 5, AUDIT) == given
    assert await kept.jobs.job(given.id) == given
    assert await kept.jobs.running(10) == [given]
    assert [await kept.jobs.part(given.id, n) for n in (1, 2, 3)] == [b"p1", b"p2", None]
    assert await kept.jobs.job(UUID(int=7)) is None


async def test_opened_again_it_is_the_first(kept: Kept) -> None:
    given = job("one")
    await kept.jobs.open_job(given, [b"p1"], 5, AUDIT)
    other = msgspec.structs.replace(given, digest=b"e" * 32, created_at=5)
    assert await kept.jobs.open_job(other, [b"q1"], 5, AUDIT) == given
    assert await kept.jobs.part(given.id, 1) == b"p1"


async def test_an_enterprise_has_so_many_open(kept: Kept) -> None:
    for n in range(2):
        assert await kept.jobs.open_job(job(f"{n}"), [], 2, AUDIT) is not None
    assert await kept.jobs.open_job(job("more"), [], 2, AUDIT) is None
    assert await kept.jobs.open_job(job("0"), [], 2, AUDIT) is not None
    assert await kept.jobs.open_job(job("theirs", enterprise=2), [], 2, AUDIT) is not None
    assert await kept.jobs.end_job(job("0").id, JobState.STOPPED, "internal", 9, AUDIT)
    assert await kept.jobs.open_job(job("more"), [], 2, AUDIT) is not None


async def test_jobs_are_listed_newest_first(kept: Kept) -> None:
    for n in range(3):
        await kept.jobs.open_job(job(f"{n}", created_at=100 + n), [], 9, AUDIT)
    await kept.jobs.open_job(job("theirs", enterprise=2, created_at=200), [], 9, AUDIT)
    first = await kept.jobs.jobs(1, NEWEST, 2)
    assert [one.created_at for one in first] == [102, 101]
    rest = await kept.jobs.jobs(1, (first[-1].created_at, first[-1].id), 2)
    assert [one.created_at for one in rest] == [100]
    assert len(await kept.jobs.jobs(0, NEWEST, 9)) == 4
    assert [one.created_at for one in await kept.jobs.running(2)] == [100, 101]


async def test_a_chunk_and_its_records_are_one_commit(kept: Kept) -> None:
    one = job("one")
    await kept.jobs.open_job(one, [b"p1", b"p2"], 5, AUDIT)
    await advance(kept, step(1, one))
    found = await kept.jobs.job(one.id)
    assert found is not None
    assert (found.chunks, found.cursor, found.counts) == (1, "88.300.1/1", JobCounts(1, 2, 3))
    await advance(kept, step(2, one, finished_at=77))
    found = await kept.jobs.job(one.id)
    assert found is not None
    assert (found.state, found.counts, found.finished_at) == (
        JobState.DONE,
        JobCounts(2, 4, 6),
        77,
    )
    assert [await kept.jobs.results(one.id, n) for n in (1, 2, 3)] == [b"\1", b"\2", None]
    assert await kept.jobs.part(one.id, 1) is None
    assert await kept.jobs.running(9) == []


@pytest.mark.parametrize("number", [1, 3])
async def test_only_the_next_chunk_is_taken(kept: Kept, number: int) -> None:
    one = job("one")
    await kept.jobs.open_job(one, [b"p1"], 5, AUDIT)
    await advance(kept, step(1, one))
    with pytest.raises(Fenced):
        await advance(kept, step(number, one))
    stored = await kept.store.record("88.300.1/A")
    assert stored is not None
    assert stored.version == 1


async def test_what_was_called_off_takes_no_chunk(kept: Kept) -> None:
    one = job("one")
    await kept.jobs.open_job(one, [b"p1"], 5, AUDIT)
    assert await kept.jobs.end_job(one.id, JobState.CANCELLED, "", 55, AUDIT)
    assert not await kept.jobs.end_job(one.id, JobState.STOPPED, "internal", 56, AUDIT)
    with pytest.raises(Fenced):
        await advance(kept, step(1, one))
    found = await kept.jobs.job(one.id)
    assert found is not None
    assert (found.state, found.why, found.finished_at) == (JobState.CANCELLED, "", 55)
    assert await kept.store.record("88.300.1/A") is None
    assert not await kept.jobs.end_job(UUID(int=7), JobState.STOPPED, "", 1, AUDIT)
