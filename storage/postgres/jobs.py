"""Bulk changes of state as far as they are committed."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from identifiers.changes import AuditEntry
from identifiers.jobs import Job, JobAction, JobCounts, JobState, Listed, Under
from storage.postgres import write
from storage.postgres.database import Database
from storage.postgres.pool import Connection
from storage.postgres.sql import load

_SQL: Final = load("jobs")
_LOCK: Final = "SELECT pg_advisory_xact_lock(759486955, $1)"
"""Who opens jobs of one enterprise waits for another who does, so that counting them is right."""


class PostgresJobs:
    """JobStore. Every method raises `StoreUnavailable`; those that write, `FateUnknown` too."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open_job(
        self, job: Job, parts: Sequence[bytes], most: int, entry: AuditEntry
    ) -> Job | None:
        """Store a new job, or return the one of its id; None: `most` others are open."""

        async def work(connection: Connection) -> bool:
            await connection.execute(_LOCK, job.enterprise)
            if await connection.fetchval(_SQL["job"], job.id) is not None:
                return True
            if await connection.fetchval(_SQL["count_open"], job.enterprise) >= most:
                return False
            await connection.execute(
                _SQL["open"],
                job.id,
                job.enterprise,
                job.owner,
                job.principal,
                job.request,
                job.digest,
                job.action.value,
                job.reason,
                msgspec.json.encode(job.selection).decode(),
                job.state,
                job.total,
                job.created_at,
            )
            await connection.execute(_SQL["keep_parts"], job.id, list(parts))
            await write.audit(connection, entry)
            return True

        return await self.job(job.id) if await self._database.commit(work) else None

    async def job(self, number: UUID) -> Job | None:
        """Return a job as far as it is committed."""
        row = await self._database.row(_SQL["job"], number)
        return None if row is None else _job(row)

    async def jobs(self, enterprise: int, after: tuple[int, UUID], limit: int) -> Sequence[Job]:
        """Return up to `limit` jobs of an enterprise (0: of all), newest first, past `after`."""
        found = await self._database.rows(_SQL["newest"], enterprise, *after, limit)
        return [_job(row) for row in found]

    async def running(self, limit: int) -> Sequence[Job]:
        """Return jobs that are not finished, oldest first."""
        return [_job(row) for row in await self._database.rows(_SQL["running"], limit)]

    async def part(self, number: UUID, part: int) -> bytes | None:
        """Return a part (from 1) of the handles that a job names."""
        row = await self._database.row(_SQL["part"], number, part)
        return None if row is None else row["handles"]

    async def results(self, number: UUID, chunk: int) -> bytes | None:
        """Return what became of the rows of a chunk (from 1)."""
        row = await self._database.row(_SQL["results"], number, chunk)
        return None if row is None else row["results"]

    async def end_job(
        self, number: UUID, state: JobState, why: str, at: int, entry: AuditEntry
    ) -> bool:
        """End a job that runs, at an epoch millisecond; False: it does not run any more."""

        async def work(connection: Connection) -> bool:
            ended = await connection.fetchval(_SQL["end"], number, state, why, at)
            if ended is not None:
                await connection.execute(_SQL["drop_parts"], number)
                await write.audit(connection, entry)
            return ended is not None

        return await self._database.commit(work)


def _job(row: Mapping[str, Any]) -> Job:
    selected = row["selected"]
    selection: Under | Listed
    if "parts" in msgspec.json.decode(selected):
        selection = msgspec.json.decode(selected, type=Listed)
    else:
        selection = msgspec.json.decode(selected, type=Under)
    return Job(
        id=UUID(int=row["id"].int),
        enterprise=row["enterprise"],
        owner=row["owner"],
        principal=row["principal"],
        request=row["request"],
        digest=row["digest"],
        action=JobAction(row["action"]),
        reason=row["reason"],
        selection=selection,
        state=JobState(row["state"]),
        total=row["total"],
        created_at=row["created_at"],
        why=row["why"],
        chunks=row["chunks"],
        cursor=row["cursor"],
        counts=JobCounts(row["changed"], row["unchanged"], row["rejected"]),
        finished_at=row["finished_at"],
    )
