"""Bulk changes of state in dictionaries, beside the records of a `MemoryStore`."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from identifiers.changes import AuditEntry
from identifiers.jobs import Job, JobState
from storage.memory.store import MemoryStore


class MemoryJobs:
    """JobStore. Chunks are committed by the `MemoryStore`, and its switches count here too."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._parts: dict[UUID, Sequence[bytes]] = {}

    async def open_job(
        self, job: Job, parts: Sequence[bytes], most: int, entry: AuditEntry
    ) -> Job | None:
        """Store a new job, or return the one of its id; None: `most` others are open."""
        self._store.reach()
        jobs = self._store.jobs
        if job.id not in jobs:
            running = [j for j in jobs.values() if j.state is JobState.RUNNING]
            if sum(j.enterprise == job.enterprise for j in running) >= most:
                return None
            with self._store.committing():
                jobs[job.id] = job
                self._parts[job.id] = tuple(parts)
                self._store.audited.append(entry)
        return jobs[job.id]

    async def job(self, number: UUID) -> Job | None:
        """Return a job as far as it is committed."""
        self._store.reach()
        return self._store.jobs.get(number)

    async def jobs(self, enterprise: int, after: tuple[int, UUID], limit: int) -> Sequence[Job]:
        """Return up to `limit` jobs of an enterprise (0: of all), newest first, past `after`."""
        self._store.reach()
        own = (j for j in self._store.jobs.values() if enterprise in {0, j.enterprise})
        past = sorted((j for j in own if (j.created_at, j.id) < after), key=_age, reverse=True)
        return past[:limit]

    async def running(self, limit: int) -> Sequence[Job]:
        """Return jobs that are not finished, oldest first."""
        self._store.reach()
        found = (j for j in self._store.jobs.values() if j.state is JobState.RUNNING)
        return sorted(found, key=_age)[:limit]

    async def part(self, number: UUID, part: int) -> bytes | None:
        """Return a part (from 1) of the handles that a job names."""
        self._store.reach()
        if self._store.jobs[number].state is not JobState.RUNNING:
            return None
        return self._parts[number][part - 1] if part <= len(self._parts[number]) else None

    async def results(self, number: UUID, chunk: int) -> bytes | None:
        """Return what became of the rows of a chunk (from 1)."""
        self._store.reach()
        step = self._store.steps.get((number, chunk))
        return None if step is None else step.results

    async def end_job(
        self, number: UUID, state: JobState, why: str, at: int, entry: AuditEntry
    ) -> bool:
        """End a job that runs, at an epoch millisecond; False: it does not run any more."""
        self._store.reach()
        job = self._store.jobs.get(number)
        if job is None or job.state is not JobState.RUNNING:
            return False
        with self._store.committing():
            self._store.jobs[number] = msgspec.structs.replace(
                job, state=state, why=why, finished_at=at
            )
            self._store.audited.append(entry)
        return True


def _age(job: Job) -> tuple[int, UUID]:
    return job.created_at, job.id
