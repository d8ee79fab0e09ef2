"""The reverse look-up: a projection of the change log, and the searches in it.

The log is read in the order of commits: only what is below the transaction horizon, by (xid, id).
What a step writes and how far it read are one transaction, so that a step happens once, whatever
ends the process. What is projected is the record as it is now and not as it was at the change:
steps may be repeated, and a record that changes often is written once.
"""

import logging
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Final

import msgspec

from identifiers.records import Record
from identifiers.reverse import Match, Pattern, Search, Test, TooBroad, searchable
from identifiers.wire.cursor import ProtocolError
from storage.postgres import records, rows
from storage.postgres.database import Database
from storage.postgres.pool import Connection
from storage.postgres.sql import load

_SQL: Final = load("reverse")
STEP: Final = 500
"""Changes of one step: some 20 milliseconds of the event loop."""
LOOKED: Final = 200_000
"""Values along an index that a search looks at before it is given up."""
FITTING: Final = 50_000
"""Values that the trigram index may find: all of them are fetched before the first is told."""
_TRIED: Final = 20_000
"""Values that are tried first even so: what nearly every value fits is found there at once."""
_OPENING: Final = (
    # To lose a step costs its repetition: nobody waits for the disk.
    "BEGIN; SET LOCAL synchronous_commit = off; SET LOCAL lock_timeout = '1s'"
)
_TRIGRAM: Final = 3
_LAST: Final = "\U0010ffff"
_SURROGATES: Final = range(0xD800, 0xE000)

_log = logging.getLogger(__name__)


class Progress(msgspec.Struct, frozen=True):
    """What a step did: `read` changes; the oldest of them was `age` seconds old."""

    read: int
    age: float


NOTHING_TO_DO: Final = Progress(0, 0.0)


class ReverseProjection:
    """Reads the change log on. Any number of processes may: they take turns."""

    def __init__(self, database: Database, step: int = STEP) -> None:
        self._database = database
        self._step = step

    async def advance(self) -> Progress:
        """Project the next changes. Raises `StoreUnavailable` and `FateUnknown`: step again."""
        waiting = await self._database.row(_SQL["waiting"])
        if waiting is None or not waiting[0]:
            return NOTHING_TO_DO
        return await self._database.commit(self._advance, opening=_OPENING)

    async def _advance(self, connection: Connection) -> Progress:
        claimed = await connection.fetchrow(_SQL["claim"])
        changes = await connection.fetch(_SQL["changes"], claimed["xid"], claimed["id"], self._step)
        if not changes:  # another process was quicker
            return NOTHING_TO_DO
        age = max(0.0, changes[0]["age"])
        settled = list(takewhile(lambda change: change["settled"], changes))
        if settled:
            keys = list(dict.fromkeys(change["key"] for change in settled))
            stored = await records.stored(connection, keys)
            wanted = [entry for key in keys if key in stored for entry in _entries(stored[key])]
            columns = zip(*wanted, strict=True) if wanted else ((), (), (), ())
            await connection.execute(_SQL["project"], keys, *columns)
            await connection.execute(_SQL["advance"], settled[-1]["xid"], settled[-1]["id"])
        return Progress(len(settled), age)


def _entries(record: Record) -> Iterator[tuple[str, str | None, str, str]]:
    try:
        found = searchable(record)
    except ProtocolError as error:
        # One record that nobody can read must not keep all that come after it from being found.
        _log.error("the values of %r cannot be read, so it is not findable: %s", record.key, error)
        return
    name = rows.stored_name(record)
    for kind, text in found:
        yield record.key, name, kind, text


class PostgresReverse:
    """ReverseLookup: searches in what was projected; normally a second behind the records."""

    def __init__(self, database: Database, looked: int = LOOKED, fitting: int = FITTING) -> None:
        self._database = database
        self._looked = looked
        self._fitting = fitting
        self._trigrams: bool | None = None

    async def search(self, search: Search) -> Sequence[Match] | TooBroad:
        """Return a page of what is looked for. Raises `StoreUnavailable`."""
        if self._trigrams is None:
            row = await self._database.row(_SQL["has_trigrams"])
            self._trigrams = bool(row and row[0])
        first, *others = sorted(search.tests, key=_narrowness, reverse=True)
        if not self._trigrams or first.pattern.head or not has_trigram(first.pattern):
            return await self._by_range(first, others, search, self._looked)
        tried = min(max(_TRIED, 4 * (search.offset + search.limit)), self._looked)
        found = await self._by_range(first, others, search, tried)
        if not isinstance(found, TooBroad):
            return found
        return await self._by_trigrams(first, others, search)

    async def _by_range(
        self, first: Test, others: Sequence[Test], search: Search, most: int
    ) -> Sequence[Match] | TooBroad:
        low, high = text_range(first)
        found = await self._matches(
            "by_range",
            *low,
            *high,
            like(first.pattern),
            most,
            search.begins,
            [test.type for test in others],
            [like(test.pattern) for test in others],
            search.limit,
            search.offset,
        )
        if len(found) >= search.limit:
            return found
        looked = await self._count("looked_by_range", *low, *high, most)
        return found if looked < most else TooBroad(most)

    async def _by_trigrams(
        self, first: Test, others: Sequence[Test], search: Search
    ) -> Sequence[Match] | TooBroad:
        pattern, most = like(first.pattern), self._fitting
        if await self._count("looked_by_trigrams", pattern, most) >= most:
            return TooBroad(most)
        return await self._matches(
            "by_trigrams",
            first.type,
            pattern,
            most,
            search.begins,
            [test.type for test in others],
            [like(test.pattern) for test in others],
            search.limit,
            search.offset,
        )

    async def _matches(self, statement: str, *arguments: object) -> Sequence[Match]:
        found = await self._database.rows(_SQL[statement], *arguments)
        return [Match(key, name) for key, name in found]

    async def _count(self, statement: str, *arguments: object) -> int:
        ((count,),) = await self._database.rows(_SQL[statement], *arguments)
        return int(count)


def _narrowness(test: Test) -> tuple[int, int]:
    """Order tests by how few values they are likely to fit."""
    pattern = test.pattern
    if pattern.exact:
        return 3, len(pattern.head)
    if pattern.head:
        return 2, len(pattern.head)
    return (1 if has_trigram(pattern) else 0), sum(map(len, pattern.pieces))


def has_trigram(pattern: Pattern) -> bool:
    """Say whether a piece has three letters or digits of ASCII in a row.

    Whether others count as letters depends on the locale of the database.
    """
    for piece in pattern.pieces:
        run = 0
        for character in piece:
            run = run + 1 if character.isascii() and character.isalnum() else 0
            if run == _TRIGRAM:
                return True
    return False


def like(pattern: Pattern) -> str:
    """Write a pattern for LIKE, whose escape character is the backslash."""
    return "%".join(
        piece.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        for piece in pattern.pieces
    )


def text_range(test: Test) -> tuple[tuple[str, str], tuple[str, str]]:
    """Return (type, text) of the first that may fit, and of the first after all that may.

    Text is ordered by its octets, and so by its code points (collation "C", UTF-8).
    """
    head, low = test.pattern.head, (test.type, test.pattern.head)
    if test.pattern.exact:
        return low, (test.type, f"{head}\x01")
    stem = head.rstrip(_LAST)
    if not stem:
        return low, (f"{test.type}\x01", "")
    after = ord(stem[-1]) + 1
    if after in _SURROGATES:
        after = _SURROGATES.stop
    return low, (test.type, stem[:-1] + chr(after))
