"""Commits the chunks of one import, each decided while the one before it is written."""

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec

from identifiers.changes import Current, Import, ImportCounts, Touched, Writes
from identifiers.directory import PrefixDirectory
from identifiers.errors import StoreUnavailable
from identifiers.metadata.book import Book
from registry.commands import Asked, Mode, change_ids
from registry.effects import NOTHING
from registry.imports.chunks import Order, decide_chunk, deciding, to_claim, to_sign
from registry.imports.intake import Chunk, still_permitted
from registry.imports.trying import Target
from registry.prefixes import Prefixes
from registry.rows import Entry, Permits
from registry.shelf import Shelf
from registry.signatures import OUTDATED, Drafts, Outdated
from registry.signing import Signatures

SIGNINGS: Final = 5
"""How often a chunk is signed anew because its records changed meanwhile."""
_NOTHING_STORED: Final = Current({}, {})


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A chunk that may be committed as long as prefixes are what `directory` says.

    `writes` is what it writes if nothing of it is stored; None: that was not decided.
    """

    directory: PrefixDirectory
    chunk: Chunk
    keys: tuple[str, ...]
    order: Order
    writes: Writes | None = None


class _Outcome(msgspec.Struct, frozen=True):
    """What came of a transaction, and whether anything of the chunk was stored before."""

    counts: ImportCounts | Outdated
    met: bool


class Committing:
    """Commits the chunks that one request brings to the import `running`, in order.

    Most imports bring what is not there yet. So a chunk is decided as if nothing of it were stored,
    while the store still writes the chunk before it; if that proves true under the locks, nothing
    is left to decide there. After a chunk of which something was stored, the next is not guessed.
    """

    def __init__(
        self,
        store: Target,
        prefixes: Prefixes,
        signatures: Signatures,
        shelf: Shelf,
        *,
        running: Import,
        mode: Mode,
        asked: Asked[None],
        chance: Callable[[int], bytes],
    ) -> None:
        self._store = store
        self._prefixes = prefixes
        self._signatures = signatures
        self._shelf = shelf
        self._running = running
        self._mode = mode
        self._asked = asked
        self._chance = chance
        self._number = running.chunks
        self._guessing = True

    async def prepare(self, chunk: Chunk) -> Prepared:
        """Return the next chunk, ready to be committed. Raises `StoreUnavailable`."""
        self._number += 1
        directory, book = await self._prefixes.picture(), await self._shelf.book()
        prepared = self._prepared(chunk, self._number, directory, book)
        order = prepared.order
        if not self._guessing or order.drafts.signing or order.claims:
            return prepared
        steps = deciding(prepared.chunk, _NOTHING_STORED, order, self._asked)
        while True:
            await asyncio.sleep(0)  # others go on between any two steps
            try:
                next(steps)
            except StopIteration as end:
                if isinstance(end.value, Outdated):
                    return prepared
                return msgspec.structs.replace(prepared, writes=end.value)

    async def commit(self, prepared: Prepared) -> ImportCounts:
        """Commit a chunk and return its rows by their fate.

        Raises `StoreUnavailable`, `FateUnknown` and `Fenced`.
        """
        # Not what was so when the rows were read: a body may take its time.
        directory, book = await self._prefixes.picture(), await self._shelf.book()
        if directory is not prepared.directory:
            prepared = self._prepared(prepared.chunk, prepared.order.number, directory, book)
        for _ in range(SIGNINGS):
            if prepared.order.drafts.signing:
                prepared = await self._signed(prepared)
            outcome = await self._write(prepared)
            if not isinstance(outcome.counts, Outdated):
                self._guessing = not outcome.met
                return outcome.counts
            if prepared.order.book.unique:
                prepared = await self._claiming(prepared)
        raise StoreUnavailable("what this import meets changes all the time")

    def _prepared(
        self, chunk: Chunk, number: int, directory: PrefixDirectory, book: Book
    ) -> Prepared:
        chunk = still_permitted(chunk, Permits(self._asked, directory, book))
        names = {row.key: row.row.prefix for row in chunk.rows if isinstance(row, Entry)}
        order = Order(
            running=self._running,
            mode=self._mode,
            number=number,
            changes=change_ids(chunk.at, self._chance, len(chunk.rows)),
            drafts=Drafts(self._signatures.marks(directory, names.items())),
            claims=_claims(chunk) if book.unique else frozenset(),
            book=book,
        )
        return Prepared(directory=directory, chunk=chunk, keys=tuple(names), order=order)

    async def _signed(self, prepared: Prepared) -> Prepared:
        """Return a chunk with the signatures that it needs, by what is stored just now."""
        chunk, order = prepared.chunk, prepared.order
        found = await self._store.fetch(prepared.keys)
        stored = {record.key: record for record in found if record is not None}
        bare = await asyncio.to_thread(to_sign, chunk, stored, order)
        drafts = await self._signatures.signed(bare, order.drafts, chunk.at // 1000)
        return msgspec.structs.replace(
            prepared, order=msgspec.structs.replace(order, drafts=drafts)
        )

    async def _claiming(self, prepared: Prepared) -> Prepared:
        """Return a chunk that locks what it claims, by what is stored just now."""
        order = prepared.order
        found = await self._store.fetch(prepared.keys)
        stored = {record.key: record for record in found if record is not None}
        claims = to_claim(prepared.chunk, stored, order)
        order = msgspec.structs.replace(order, claims=claims)
        return msgspec.structs.replace(prepared, order=order, writes=None)

    async def _write(self, prepared: Prepared) -> _Outcome:
        def decide(current: Current) -> tuple[Writes, _Outcome]:
            met, writes = bool(current.records), prepared.writes
            if met or writes is None:
                writes = _decided(prepared.chunk, current, prepared.order, self._asked)
            if writes is None:
                return NOTHING, _Outcome(OUTDATED, met)
            counts = ImportCounts() if writes.chunk is None else writes.chunk.counts
            return writes, _Outcome(counts, met)

        touched = Touched(keys=prepared.keys, claims=tuple(prepared.order.claims))
        return await self._store.write(touched, decide)


def _claims(chunk: Chunk) -> frozenset[bytes]:
    rows = (row for row in chunk.rows if isinstance(row, Entry))
    return frozenset(claim for row in rows for claim in row.claims)


def _decided(chunk: Chunk, current: Current, order: Order, asked: Asked[None]) -> Writes | None:
    writes = decide_chunk(chunk, current, order, asked)
    return None if isinstance(writes, Outdated) else writes
