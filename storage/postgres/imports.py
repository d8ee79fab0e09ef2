"""Bulk imports as far as they are committed."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from identifiers.changes import (
    Import,
    ImportChunk,
    ImportCounts,
    ImportState,
    RequestKey,
)
from identifiers.errors import Fenced
from storage.postgres.database import Database
from storage.postgres.pool import Connection
from storage.postgres.sql import load

_SQL: Final = load("imports")


async def open_(connection: Connection, new: Import) -> Import:
    """Store `new`, or raise the epoch of the one of its id; within a transaction at hand."""
    row = await connection.fetchrow(
        _SQL["open"],
        new.id,
        new.request.principal,
        new.request.key,
        new.mode,
        new.media_type,
        new.dry_run,
        new.state,
        new.epoch,
        new.started_at,
        new.finished_at,
        new.chunks,
        new.offset,
        new.digest,
        *_counts(new.counts),
    )
    return _import(row)


async def finish(connection: Connection, done: Import) -> None:
    """Store the end of an import. Raises `Fenced`."""
    found = await connection.fetchval(
        _SQL["finish"],
        done.id,
        done.epoch,
        done.state,
        done.offset,
        done.digest,
        done.finished_at,
    )
    if found is None:
        raise Fenced(f"import {done.id} was opened again")


async def advance(connection: Connection, chunk: ImportChunk) -> None:
    """Store a chunk and what it adds to its import. Raises `Fenced`."""
    number = await connection.fetchval(
        _SQL["advance"],
        chunk.import_id,
        chunk.epoch,
        chunk.number,
        chunk.offset,
        chunk.digest,
        *_counts(chunk.counts),
        chunk.results,
    )
    if number is None:
        raise Fenced(f"chunk {chunk.number} of import {chunk.import_id} is not the next")


async def find(database: Database, import_id: UUID) -> Import | None:
    """Return one import."""
    row = await database.row(_SQL["find"], import_id)
    return None if row is None else _import(row)


async def newest(database: Database, principal: str, limit: int) -> Sequence[Import]:
    """Return a principal's imports, the newest first."""
    return [_import(row) for row in await database.rows(_SQL["newest"], principal, limit)]


async def chunk(database: Database, import_id: UUID, number: int) -> ImportChunk | None:
    """Return one committed chunk."""
    row = await database.row(_SQL["chunk"], import_id, number)
    if row is None:
        return None
    return ImportChunk(
        import_id=import_id,
        epoch=row["epoch"],
        number=number,
        offset=row["body_offset"],
        digest=row["digest"],
        counts=_read_counts(row),
        results=row["results"],
    )


def _counts(counts: ImportCounts) -> tuple[int, int, int, int]:
    return counts.created, counts.updated, counts.unchanged, counts.rejected


def _read_counts(row: Mapping[str, Any]) -> ImportCounts:
    return ImportCounts(row["created"], row["updated"], row["unchanged"], row["rejected"])


def _import(row: Mapping[str, Any]) -> Import:
    return Import(
        id=UUID(int=row["id"].int),  # a plain one, not the driver's
        request=RequestKey(row["principal"], row["request_key"]),
        mode=row["mode"],
        media_type=row["media_type"],
        dry_run=row["dry_run"],
        state=ImportState(row["state"]),
        epoch=row["epoch"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        chunks=row["chunks"],
        offset=row["body_offset"],
        digest=row["digest"],
        counts=_read_counts(row),
    )
