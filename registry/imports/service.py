"""One import, from its first octet to its end, also over several requests."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from hashlib import sha256
from secrets import token_bytes
from time import time_ns
from typing import Final
from uuid import UUID

import msgspec

from identifiers.changes import (
    Import,
    ImportCounts,
    ImportState,
    RequestKey,
)
from identifiers.errors import Fenced
from identifiers.principals import Account, ApiKey, MissingScope, Scope
from registry.answers import Denied
from registry.commands import Asked, Mode
from registry.effects import audited, principal_name
from registry.imports.ahead import OneAhead, read_ahead
from registry.imports.committing import Committing, Prepared
from registry.imports.intake import CHUNK_ROWS, Chunk, Intake, Terms
from registry.imports.results import Fate, RowResult, unpack
from registry.imports.trail import Differs
from registry.imports.trying import AT_ONCE, Full, Trial
from registry.ports import RegistryStore
from registry.prefixes import Prefixes
from registry.reading.reader import HereReader, Piece, Reader
from registry.seals import Seals
from registry.shelf import Shelf
from registry.signing import Signatures

LISTED: Final = 100
"""Imports that are shown of a principal, the newest."""


class ImportRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of an import. Without a key it cannot be resumed.

    A dry run has none, whatever is sent: it tells what would become of the rows now.
    """

    key: str | None
    mode: Mode
    media_type: str
    dry_run: bool


class Finished(msgspec.Struct, frozen=True):
    """The import came to its end, now or (`again`) in an earlier request.

    `refusal` is the row that could not be told apart from the next, when the state is REFUSED.
    """

    done: Import
    again: bool
    refusal: RowResult | None = None


class OtherBody(msgspec.Struct, frozen=True):
    """The key belongs to an import of another body, mode or form."""


class Overtaken(msgspec.Struct, frozen=True):
    """A later request for the same import goes on with it."""


class Crowded(msgspec.Struct, frozen=True):
    """As many dry runs as there is room for go on; nothing was done."""


class TooLong(msgspec.Struct, frozen=True):
    """A dry run met more than is remembered; it ended behind the rows that are told."""

    tried: Import


ImportAnswer = Finished | OtherBody | Overtaken | Denied | Crowded | TooLong


def import_id(request: RequestKey) -> UUID:
    """Return the id of the import that a principal began with a key (UUIDv8, RFC 9562 5.8)."""
    made = bytearray(sha256(f"{request.principal}\n{request.key}".encode()).digest()[:16])
    made[6] = made[6] & 0x0F | 0x80
    made[8] = made[8] & 0x3F | 0x80
    return UUID(bytes=bytes(made))


class Imports:
    """Bulk imports. `clock` gives epoch nanoseconds, `chance` random octets.

    `signatures` signs what is written under prefixes that are marked for it, a chunk at a time,
    before its transaction begins; without it nothing is signed. `shelf` has the templates; without
    it there are none. `reader` reads the bodies; without one they are read here.
    """

    def __init__(
        self,
        store: RegistryStore,
        prefixes: Prefixes,
        seals: Seals,
        *,
        signatures: Signatures | None = None,
        shelf: Shelf | None = None,
        reader: Reader | None = None,
        clock: Callable[[], int] = time_ns,
        chance: Callable[[int], bytes] = token_bytes,
        chunk_rows: int = CHUNK_ROWS,
    ) -> None:
        self._store = store
        self._prefixes = prefixes
        self._seals = seals
        self._signatures = signatures or Signatures()
        self._shelf = shelf or Shelf()
        self._reader = reader or HereReader()
        self._clock = clock
        self._chance = chance
        self._chunk_rows = chunk_rows
        self._trials = 0
        self.rows = ImportCounts()
        """Rows committed by this process, by their fate; not those of dry runs."""

    async def run(
        self, wanted: ImportRequest, body: AsyncIterator[bytes], asked: Asked[None]
    ) -> ImportAnswer:
        """Take a body and register what it holds.

        Raises `StoreUnavailable`, `FateUnknown` and whatever reading `body` raises; then what is
        committed stays so, and the same body sent again with the same key goes on from there.
        """
        principal = asked.principal
        if isinstance(principal, ApiKey | Account) and Scope.WRITE not in principal.scopes:
            return Denied(MissingScope(Scope.WRITE))
        if not wanted.dry_run:
            return await self._run(wanted, body, asked)
        if self._trials >= AT_ONCE:
            return Crowded()
        self._trials += 1
        try:
            return await self._run(wanted, body, asked)
        finally:
            self._trials -= 1

    async def _run(
        self, wanted: ImportRequest, body: AsyncIterator[bytes], asked: Asked[None]
    ) -> ImportAnswer:
        try:
            running = await self._open(wanted, asked)
            if not _same(running, wanted):
                return OtherBody()
            if running.state is not ImportState.RUNNING:
                return await self._again(running, body)
            try:
                return await self._take(running, wanted.mode, body, asked)
            except Full:
                return TooLong(await self._given_up(running, asked))
        except Differs:
            return OtherBody()
        except Fenced:
            return Overtaken()

    async def find(self, number: UUID, asked: Asked[None]) -> Import | None:
        """Return an import of the asker's; None also for another's."""
        found = await self._store.find_import(number)
        return found if found is not None and found.request.principal == _owner(asked) else None

    async def list(self, asked: Asked[None]) -> tuple[Import, ...]:
        """Return the asker's newest imports."""
        return tuple(await self._store.imports(_owner(asked), LISTED))

    async def results(self, found: Import, *, every: bool) -> AsyncGenerator[tuple[RowResult, ...]]:
        """Yield what became of the rows, chunk by chunk: of the rejected, or of `every` one."""
        for number in range(1, found.chunks + 1):
            chunk = await self._store.import_chunk(found.id, number)
            if chunk is not None and (every or chunk.counts.rejected):
                kept = (r for r in unpack(chunk.results) if every or r.status is Fate.REJECTED)
                yield tuple(kept)

    async def _open(self, wanted: ImportRequest, asked: Asked[None]) -> Import:
        key = None if wanted.dry_run else wanted.key
        key = key or f"none:{self._chance(16).hex()}"
        request = RequestKey(_owner(asked), key)
        return await self._store.open_import(
            Import(
                id=import_id(request),
                request=request,
                mode=wanted.mode.value,
                media_type=wanted.media_type,
                dry_run=wanted.dry_run,
                state=ImportState.RUNNING,
                epoch=1,
                started_at=asked.at // 1000,
            )
        )

    async def _again(self, done: Import, body: AsyncIterator[bytes]) -> Finished | OtherBody:
        """Answer a repetition as the first time, once its body has proved to be the same."""
        digest, size = sha256(), 0
        async for data in body:
            digest.update(data)
            size += len(data)
            if size > done.offset:
                return OtherBody()
            await asyncio.sleep(0)
        if size != done.offset or not self._seals.is_of(done.digest, digest.digest()):
            return OtherBody()
        return Finished(done, again=True, refusal=await self._refusal(done))

    async def _take(
        self, running: Import, mode: Mode, body: AsyncIterator[bytes], asked: Asked[None]
    ) -> Finished:
        intake = Intake(
            asked,
            self._seals,
            done=running.offset,
            digest=running.digest,
            chunk_rows=self._chunk_rows,
        )
        committing = Committing(
            _trial(self._store, mode) if running.dry_run else self._store,
            self._prefixes,
            self._signatures,
            self._shelf,
            running=running,
            mode=mode,
            asked=asked,
            chance=self._chance,
        )
        async with (
            OneAhead() as ahead,
            aclosing(self._chunks(running, intake, body)) as read,
            aclosing(read_ahead(read)) as chunks,
        ):
            async for chunk in chunks:
                prepared = await committing.prepare(chunk)
                await ahead.go(self._commit(committing, prepared))
        offset, digest = intake.end()
        state = ImportState.REFUSED if intake.broken else ImportState.DONE
        return await self._finish(running, state, offset, digest, asked)

    async def _chunks(
        self, running: Import, intake: Intake, body: AsyncIterator[bytes]
    ) -> AsyncGenerator[Chunk]:
        async with (
            aclosing(self._pieces(intake, body)) as pieces,
            aclosing(self._reader.read(running.media_type, running.offset, pieces)) as blocks,
        ):
            async for block in blocks:
                for chunk in intake.take(block, await self._terms()):
                    yield chunk
        for chunk in intake.finish():
            yield chunk

    async def _pieces(self, intake: Intake, body: AsyncIterator[bytes]) -> AsyncGenerator[Piece]:
        async for data in body:
            intake.extend(data)
            yield Piece(data, self._clock() // 1_000_000_000)

    async def _terms(self) -> Terms:
        directory, book = await self._prefixes.picture(), await self._shelf.book()
        return Terms(self._clock() // 1_000_000, directory, book)

    async def _commit(self, committing: Committing, prepared: Prepared) -> None:
        counts = await committing.commit(prepared)
        if not prepared.order.running.dry_run:
            self.rows += counts

    async def _given_up(self, running: Import, asked: Asked[None]) -> Import:
        """End a dry run behind its last chunk that could be judged."""
        so_far = await self._store.find_import(running.id) or running
        state, offset, digest = ImportState.REFUSED, so_far.offset, so_far.digest
        return (await self._finish(so_far, state, offset, digest, asked)).done

    async def _finish(
        self, running: Import, state: ImportState, offset: int, digest: bytes, asked: Asked[None]
    ) -> Finished:
        now = self._clock() // 1_000_000
        done = msgspec.structs.replace(
            running, state=state, offset=offset, digest=digest, finished_at=now // 1000
        )
        entry = audited(asked, "import.finish", str(done.id), {"state": state.name.lower()})
        await self._store.finish_import(done, msgspec.structs.replace(entry, at=now))
        stored = await self._store.find_import(done.id)
        if stored is None:
            raise RuntimeError(f"import {done.id} is gone")
        return Finished(stored, again=False, refusal=await self._refusal(stored))

    async def _refusal(self, done: Import) -> RowResult | None:
        """Return the row that ended a refused import: the last of its last chunk."""
        if done.state is not ImportState.REFUSED:
            return None
        last = await self._store.import_chunk(done.id, done.chunks)
        return None if last is None else tuple(unpack(last.results))[-1]


def _trial(store: RegistryStore, mode: Mode) -> Trial:
    # What was created is not touched again by rows that only create.
    return Trial(store, keeps=mode is not Mode.CREATE)


def _owner(asked: Asked[None]) -> str:
    return principal_name(asked.principal)


def _same(running: Import, wanted: ImportRequest) -> bool:
    asked_for = (wanted.mode.value, wanted.media_type, wanted.dry_run)
    return (running.mode, running.media_type, running.dry_run) == asked_for
