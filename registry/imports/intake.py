"""Octets in, chunks of judged rows out. Pure: the time and the prefixes come with the octets."""

from collections.abc import Iterator
from typing import Final

import msgspec

from identifiers.directory import PrefixDirectory
from identifiers.faults import Invalid
from identifiers.names import Handle
from identifiers.principals import Allowed, Scope, Verdict
from identifiers.records import State
from identifiers.wire.handle.values import encode_values
from identifiers.wire.rows import FramingLost, Refused, Row, RowReader
from registry.answers import Denied, Faulty
from registry.commands import Asked
from registry.imports.trail import Trail
from registry.prefixes import permit
from registry.seals import Seals
from registry.submissions import fit

CHUNK_ROWS: Final = 1500
"""More in one commit saves little, and deciding them would hold up other requests for longer."""
CHUNK_BYTES: Final = 4 * 1024 * 1024


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A row that may be decided. `values` is their wire form, as of the chunk's time.

    So a chunk that waits is a few octets a row, not a dozen objects.
    """

    number: int
    handle: Handle
    key: str
    values: bytes
    state: State | None
    may_change_state: bool


class Rejected(msgspec.Struct, frozen=True, gc=False):
    """A row that is refused whatever is stored: for its faults, or for its prefix."""

    number: int
    handle: str
    reason: Faulty | Denied


class Chunk(msgspec.Struct, frozen=True):
    """Rows to be committed together, and how far the body is read behind them.

    `digest` is the SHA-256 of the first `offset` octets. `at` is the time of the rows in epoch
    milliseconds.
    """

    rows: tuple[Entry | Rejected, ...]
    offset: int
    digest: bytes
    at: int


class Terms(msgspec.Struct, frozen=True):
    """When rows are read (epoch milliseconds), and whose which prefix is then."""

    at: int
    directory: PrefixDirectory


class Permits:
    """What an asker may do below each prefix, each decided once for a chunk."""

    def __init__(self, asked: Asked[None], directory: PrefixDirectory) -> None:
        self._asked = asked
        self._directory = directory
        self._known: dict[str, tuple[Verdict, bool, bool]] = {}

    def of(self, handle: Handle) -> tuple[Verdict, bool, bool]:
        """Return the verdict, whether suffixes are folded, and whether states may be changed."""
        known = self._known.get(handle.prefix)
        if known is None:
            write = permit(self._directory, self._asked, Scope.WRITE, handle)
            state = permit(self._directory, self._asked, Scope.STATE, handle)
            known = (write.verdict, write.fold_suffix, isinstance(state.verdict, Allowed))
            self._known[handle.prefix] = known
        return known


class Intake:
    """Takes a body in pieces and gives it back in chunks.

    `done` octets were committed by earlier requests, with the SHA-256 `digest`; the reader does not
    give their rows again.
    """

    def __init__(
        self,
        reader: RowReader,
        asked: Asked[None],
        seals: Seals,
        *,
        done: int = 0,
        digest: bytes = b"",
        chunk_rows: int = CHUNK_ROWS,
    ) -> None:
        self._reader = reader
        self._asked = asked
        self._seals = seals
        self._trail = Trail(done, digest)
        self._chunk_rows = chunk_rows
        self._rows: list[Entry | Rejected] = []
        self._began = done
        self._at = 0
        self._permits = Permits(asked, PrefixDirectory(()))
        self.broken = False
        """No more rows can be told apart; the last row given says why."""

    def feed(self, data: bytes, terms: Terms) -> Iterator[Chunk]:
        """Take the next piece and give the chunks that it completes. Raises `Differs`."""
        self._trail.extend(data)
        if not self.broken:
            yield from self._chunks(self._reader.feed(data), terms)
        self._trail.trim()

    def finish(self, terms: Terms) -> Iterator[Chunk]:
        """Give what is left when the body has ended. Raises `Differs`."""
        if not self.broken:
            yield from self._chunks(self._reader.finish(), terms)
        offset, digest = self._trail.end()
        if self._rows:
            yield self._chunk(offset, digest)

    def end(self) -> tuple[int, bytes]:
        """Return the length of the whole body, and its SHA-256."""
        return self._trail.end()

    def _chunks(self, rows: Iterator[Row], terms: Terms) -> Iterator[Chunk]:
        try:
            for row in rows:
                if not self._rows:
                    self._begin(terms)
                self._rows.append(self._judged(row))
                end = row.end_offset
                if len(self._rows) >= self._chunk_rows or end - self._began >= CHUNK_BYTES:
                    yield self._chunk(end, self._trail.at(end))
        except FramingLost as lost:
            self.broken = True
            self._begin(terms)
            self._rows.append(Rejected(lost.number, "", Faulty(lost.faults)))

    def _begin(self, terms: Terms) -> None:
        self._at = terms.at
        self._permits = Permits(self._asked, terms.directory)

    def _chunk(self, offset: int, digest: bytes) -> Chunk:
        chunk = Chunk(tuple(self._rows), offset, digest, self._at)
        self._rows.clear()
        self._began = offset
        return chunk

    def _judged(self, row: Row) -> Entry | Rejected:
        content = row.content
        if isinstance(content, Refused):
            return Rejected(row.number, content.handle, Faulty(content.faults))
        try:
            handle = fit(content)
        except Invalid as invalid:
            return Rejected(row.number, content.handle, Faulty(invalid.faults))
        verdict, fold_suffix, may_change_state = self._permits.of(handle)
        if not isinstance(verdict, Allowed):
            return Rejected(row.number, content.handle, Denied(verdict))
        key = handle.key(fold_suffix=fold_suffix)
        return Entry(
            number=row.number,
            handle=handle,
            key=key,
            values=encode_values(self._seals.sealed(key, content.values), self._at // 1000),
            state=content.state,
            may_change_state=may_change_state,
        )
