"""Rows in, chunks of rows that may be decided out. Pure: time and prefixes come with the rows."""

from collections.abc import Iterator
from typing import Final

import msgspec

from identifiers.directory import PrefixDirectory
from identifiers.metadata.book import NO_TEMPLATES, Book
from identifiers.principals import Allowed
from registry.answers import Denied, Faulty
from registry.commands import Asked
from registry.imports.trail import Trail
from registry.reading.judging import Good, JudgedRow, Sketched
from registry.reading.rows import Block
from registry.rows import Entry, Permits, entered
from registry.seals import Seals

CHUNK_ROWS: Final = 5000
"""What a commit takes by itself is little beside so many; more are often `CHUNK_BYTES` anyway."""
CHUNK_BYTES: Final = 4 * 1024 * 1024


class Rejected(msgspec.Struct, frozen=True, gc=False):
    """A row that is refused whatever is stored: for its faults, or for its prefix."""

    number: int
    handle: str
    reason: Faulty | Denied


class Chunk(msgspec.Struct, frozen=True):
    """Rows to be committed together, and how far the body is read behind them.

    `digest` is what is kept of the SHA-256 of the first `offset` octets. `at` is the time of the
    rows in epoch milliseconds.
    """

    rows: tuple[Entry | Rejected, ...]
    offset: int
    digest: bytes
    at: int


def still_permitted(chunk: Chunk, permits: Permits) -> Chunk:
    """Return a chunk without the rows whose prefix its asker has lost since they were read."""
    verdicts = {
        row.row.prefix: permits.of(row.row).verdict for row in chunk.rows if isinstance(row, Entry)
    }
    if all(isinstance(verdict, Allowed) for verdict in verdicts.values()):
        return chunk
    rows = tuple(
        row
        if isinstance(row, Rejected) or isinstance(verdict := verdicts[row.row.prefix], Allowed)
        else Rejected(row.row.number, row.row.given, Denied(verdict))
        for row in chunk.rows
    )
    return msgspec.structs.replace(chunk, rows=rows)


class Terms(msgspec.Struct, frozen=True):
    """When rows are read (epoch milliseconds), whose which prefix is then, and the templates."""

    at: int
    directory: PrefixDirectory
    book: Book = NO_TEMPLATES


class Intake:
    """Takes the octets of a body and, behind them, its rows; gives these back in chunks.

    `done` octets were committed by earlier requests, with the `digest` that was kept of them; their
    rows are not given again.
    """

    def __init__(
        self,
        asked: Asked[None],
        seals: Seals,
        *,
        done: int = 0,
        digest: bytes = b"",
        chunk_rows: int = CHUNK_ROWS,
    ) -> None:
        self._asked = asked
        self._seals = seals
        self._trail = Trail(seals, done, digest)
        self._chunk_rows = chunk_rows
        self._rows: list[Entry | Rejected] = []
        self._began = done
        self._at = 0
        self._permits = Permits(asked, PrefixDirectory(()), NO_TEMPLATES)
        self.broken = False
        """No more rows can be told apart; the last row given says why."""

    def extend(self, data: bytes) -> None:
        """Take the next octets. Raises `Differs`."""
        self._trail.extend(data)

    def take(self, block: Block, terms: Terms) -> Iterator[Chunk]:
        """Take the next rows, all within the octets so far; give the chunks that they complete."""
        for row in block.rows:
            if not self._rows:
                self._at = terms.at
                self._permits = Permits(self._asked, terms.directory, terms.book)
            self._rows.append(self._entered(row))
            if len(self._rows) >= self._chunk_rows or row.end - self._began >= CHUNK_BYTES:
                yield self._chunk(row.end, self._trail.at(row.end))
        self.broken = block.lost
        self._trail.settle(block.fed)

    def finish(self) -> Iterator[Chunk]:
        """Give what is left when the body has ended. Raises `Differs`."""
        offset, digest = self._trail.end()
        if self._rows:
            yield self._chunk(offset, digest)

    def end(self) -> tuple[int, bytes]:
        """Return the length of the whole body, and what is kept of its SHA-256."""
        return self._trail.end()

    def _chunk(self, offset: int, digest: bytes) -> Chunk:
        chunk = Chunk(tuple(self._rows), offset, digest, self._at)
        self._rows.clear()
        self._began = offset
        return chunk

    def _entered(self, row: JudgedRow) -> Entry | Rejected:
        # What most rows are is asked first: to be none of a class takes three times as long.
        if isinstance(row, Good):
            entry = entered(row, self._permits, self._seals)
            return entry if isinstance(entry, Entry) else Rejected(row.number, row.given, entry)
        if isinstance(row, Sketched):
            good = row.good
            entry = entered(row, self._permits, self._seals)
            return entry if isinstance(entry, Entry) else Rejected(good.number, good.given, entry)
        return Rejected(row.number, row.handle, Faulty(row.faults))
