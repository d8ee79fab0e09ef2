"""The chunks of jobs, within the transactions that write what they change."""

from typing import Final

from identifiers.errors import Fenced
from identifiers.jobs import JobStep
from storage.postgres.pool import Connection
from storage.postgres.sql import load

_SQL: Final = load("jobs")


async def advance(connection: Connection, step: JobStep) -> None:
    """Store a chunk and what it adds to its job, within a transaction at hand. Raises `Fenced`."""
    number = await connection.fetchval(
        _SQL["advance"],
        step.job,
        step.number,
        step.cursor,
        step.counts.changed,
        step.counts.unchanged,
        step.counts.rejected,
        step.results,
        step.finished_at,
    )
    if number is None:
        raise Fenced(f"chunk {step.number} of job {step.job} is not the next, or it was ended")
    if step.finished_at:
        await connection.execute(_SQL["drop_parts"], step.job)
