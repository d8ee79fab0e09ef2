"""The unit of work: lock, read, decide, write, commit.

The order is that of `assurance` 2.1 and 2.3: locks before the first transaction id, reading after
the locks in a fresh snapshot, then everything that belongs together in one statement (many new
records go by COPY before it), then COMMIT.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Any, Final, TypeVar

import asyncpg
import msgspec

from identifiers.changes import (
    AuditEntry,
    Current,
    FirstAnswer,
    Held,
    RequestKey,
    StoredAnswer,
    Touched,
    Writes,
    Written,
)
from identifiers.errors import AnsweredBefore, StoreUnavailable
from storage import unit
from storage.postgres import (
    claims,
    copying,
    directory,
    imports,
    job_steps,
    locks,
    records,
    rows,
)
from storage.postgres.database import WRITE_SECONDS, Database, Work
from storage.postgres.pool import Connection
from storage.postgres.sql import load

T = TypeVar("T")

_SQL: Final = load("write")
_BULK_SECONDS: Final = 30.0
_BULK_OPENING: Final = "BEGIN; SET LOCAL lock_timeout = '10s'; SET LOCAL statement_timeout = '30s'"
_COPY_FROM: Final = 128
"""From so many new records on, COPY is faster than arrays."""
_Headers = tuple[tuple[str, str], ...]
_headers: Final = msgspec.msgpack.Decoder(_Headers)


async def write(
    database: Database, touched: Touched, decide: Callable[[Current], tuple[Writes, T]]
) -> T:
    """Do one unit of work; see `registry.ports.RegistryStore.write`."""
    bulk = locks.are_many(touched)
    opening = _BULK_OPENING if bulk else "BEGIN"
    if lock := locks.statement(touched):
        opening = f"{opening}; {lock}"

    async def work(connection: Connection) -> T:
        return await within(connection, touched, decide)

    return await database.commit(
        work, opening=opening, seconds=_BULK_SECONDS if bulk else WRITE_SECONDS
    )


async def within(
    connection: Connection, touched: Touched, decide: Callable[[Current], tuple[Writes, T]]
) -> T:
    """Do one unit of work within a transaction at hand that holds the locks of `touched`."""
    current = await _current(connection, touched)
    writes, result = decide(current)
    unit.check(touched, current, writes)
    await _store(connection, writes)
    return result


async def answer(database: Database, request: RequestKey) -> StoredAnswer | None:
    """Return the stored first answer to a request."""

    async def work(connection: Connection) -> StoredAnswer | None:
        return (await _answers(connection, (request,))).get(request)

    return await database.read(work)


async def commit(database: Database, work: Work[T], once: FirstAnswer[T] | None) -> T:
    """Run `work` in a transaction, with the answer to its request; see `Database.commit`.

    Raises `AnsweredBefore` when the request has one already.
    """
    if once is None:
        return await database.commit(work)
    request = once.request
    touched = Touched(requests=(request,))

    async def first(connection: Connection) -> T:
        if (told := (await _answers(connection, (request,))).get(request)) is not None:
            raise AnsweredBefore(told)
        result = await work(connection)
        if (answer := once.of(result)) is not None:
            await _store_rest(connection, Writes(answers=(answer,)), ())
        return result

    return await database.commit(first, opening=f"BEGIN; {locks.statement(touched)}")


async def audit(connection: Connection, entry: AuditEntry) -> None:
    """Write one audit entry within a transaction at hand."""
    await connection.execute(_SQL["audit"], *_audit_row(entry))


async def _current(connection: Connection, touched: Touched) -> Current:
    keys = (*touched.keys, *touched.reads)
    return Current(
        await records.stored(connection, keys) if keys else {},
        await _answers(connection, touched.requests) if touched.requests else {},
        await claims.holders(connection, touched.claims) if touched.claims else {},
    )


async def _answers(
    connection: Connection, requests: Sequence[RequestKey]
) -> dict[RequestKey, StoredAnswer]:
    found = await connection.fetch(
        _SQL["answers"], [r.principal for r in requests], [r.key for r in requests]
    )
    answers = (
        StoredAnswer(
            request=RequestKey(principal, key),
            digest=digest,
            status=status,
            headers=_headers.decode(headers),
            body=body,
        )
        for principal, key, digest, status, headers, body in found
    )
    return {answer.request: answer for answer in answers}


async def _store(connection: Connection, writes: Writes) -> None:
    if writes.chunk is not None:
        await imports.advance(connection, writes.chunk)
    if writes.step is not None:
        await job_steps.advance(connection, writes.step)
    for moved in writes.delegated:
        await directory.delegate(connection, moved)
    if writes.held:
        await _hold(connection, writes.held)
    new = [w for w in writes.records if w.record.version == 1]
    try:
        if len(new) < _COPY_FROM:
            await _store_rest(connection, writes, writes.records)
        else:
            await _copy(connection, new)
            rest = [w for w in writes.records if w.record.version != 1]
            await _store_rest(connection, writes, rest)
    except asyncpg.UniqueViolationError as error:
        raise StoreUnavailable(f"somebody writes past the locks: {error}") from error


async def _hold(connection: Connection, held: Sequence[Held]) -> None:
    try:
        await claims.hold(connection, held)
    except asyncpg.UniqueViolationError as error:
        raise StoreUnavailable(f"somebody writes past the locks: {error}") from error


async def _copy(connection: Connection, new: Sequence[Written]) -> None:
    changes: list[bytes] = []

    async def identifiers() -> AsyncGenerator[bytes]:
        yield copying.BEGIN
        for at in range(0, len(new), copying.PIECE):
            copies = copying.copies(new[at : at + copying.PIECE])
            changes.append(copies.changes)
            yield copies.identifiers
            # The server stores it while the next are encoded, and others go on.
            await asyncio.sleep(0)
        yield copying.END

    async with aclosing(identifiers()) as source:
        await connection.copy_to_table(
            "identifier", source=source, columns=copying.IDENTIFIER, format="binary"
        )
    octets = b"".join((copying.BEGIN, *changes, copying.END))
    # The driver takes octets for the name of a file, and a view of octets for octets.
    await connection.copy_to_table(
        "change", source=memoryview(octets), columns=copying.CHANGE, format="binary"
    )


async def _store_rest(connection: Connection, writes: Writes, written: Sequence[Written]) -> None:
    stored = await connection.fetchval(
        _SQL["store"],
        *_record_columns(written),
        *_columns(_AUDIT_WIDTH, [_audit_row(entry) for entry in writes.audit]),
        *_columns(_ANSWER_WIDTH, [_answer_row(answer) for answer in writes.answers]),
        rows.pack_news(writes.records) if writes.records else None,
    )
    if stored != len(written):
        # The version is compared at the write too (`assurance` I23).
        raise StoreUnavailable(
            f"somebody writes past the locks: {len(written) - stored} versions moved on"
        )


def _record_columns(written: Sequence[Written]) -> tuple[list[Any], ...]:
    stored = [w.record for w in written]
    return (
        rows.by_prefix(r.key for r in stored),
        [r.key for r in stored],
        [rows.stored_name(r) for r in stored],
        [r.version for r in stored],
        [r.state for r in stored],
        [r.reason for r in stored],
        [r.template for r in stored],
        [r.values for r in stored],
        [r.changed_at for r in stored],
        [w.change for w in written],
        [w.kind for w in written],
    )


def _columns(width: int, rows_: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows_, strict=True)] or [[] for _ in range(width)]


_AUDIT_WIDTH: Final = 7
_ANSWER_WIDTH: Final = 6


def _audit_row(entry: AuditEntry) -> tuple[Any, ...]:
    return (
        entry.at,
        entry.actor,
        entry.action,
        entry.subject,
        entry.request,
        entry.detail,
        entry.root,
    )


def _answer_row(answer: StoredAnswer) -> tuple[Any, ...]:
    return (
        answer.request.principal,
        answer.request.key,
        answer.digest,
        answer.status,
        msgspec.msgpack.encode(answer.headers),
        answer.body,
    )
