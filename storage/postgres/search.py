"""Searches in what was projected: block after block, in the order of the change log.

Terms say which blocks may hold what is looked for (migration 0007), their bodies in which entries
it is, and the table of records whether these are still the newest versions.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from time import monotonic
from typing import Final, NamedTuple

from identifiers.records import State
from identifiers.search import START, Counted, Found, Page, Place, Wanted
from storage.postgres import blocks
from storage.postgres.database import Database, Row
from storage.postgres.sieve import Sieve
from storage.postgres.sql import load

_SQL: Final = load("search")
_FIRST: Final = 2
_MOST: Final = 16
"""Blocks that are fetched in one query: at first, and when that was not enough."""
_CANDIDATES: Final = 2048
LOOKED: Final = 256
"""Blocks that are looked at for one page: some 30 milliseconds."""
COUNTING: Final = 0.05
"""Seconds after which nothing more is counted."""
_LAST: Final = "\U0010ffff"
_SURROGATES: Final = range(0xD800, 0xE000)


class Picked(NamedTuple):
    """An entry, and where the one after it is."""

    after: Place
    entry: blocks.Entry


class PostgresSearch:
    """SearchIndex: what was projected, and the names of records as they are."""

    def __init__(
        self,
        database: Database,
        looked: int = LOOKED,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._database = database
        self._looked = looked
        self._clock = clock

    async def page(self, wanted: Wanted, begin: Place, limit: int) -> Page:
        """Return up to `limit` that fit from a place on. Raises `StoreUnavailable`."""
        found: list[Found] = []
        walk = Walk(self._database, wanted)
        async for picked in walk.picked(begin):
            for first in range(0, len(picked), limit):
                some = picked[first : first + limit]
                newest = await walk.newest(some)
                if len(found) + len(newest) >= limit:
                    newest = newest[: limit - len(found)]
                    return Page((*found, *(one for _, one in newest)), newest[-1][0])
                found += [one for _, one in newest]
            if walk.blocks >= self._looked and not walk.ended:
                return Page(tuple(found), walk.place)
        return Page(tuple(found))

    async def count(self, wanted: Wanted, most: int) -> Counted:
        """Count what fits, as far as `most` and for `COUNTING`. Raises `StoreUnavailable`."""
        number, give_up = 0, self._clock() + COUNTING
        walk = Walk(self._database, wanted)
        async for picked in walk.picked(START):
            number += await walk.live(picked)
            if number > most or (self._clock() >= give_up and not walk.ended):
                return Counted(min(number, most), exact=False)
        return Counted(number, exact=True)

    async def named(self, keys: Sequence[str]) -> Sequence[Found]:
        """Return those that are stored now of some canonical handles, without deleted ones."""
        return [_found(row) for row in await self._database.rows(_SQL["named"], keys)]

    async def names(self, prefix: str, begins: str, after: str, limit: int) -> Sequence[Found]:
        """Return what is stored now under just a prefix, by canonical handle past `after`.

        Handles begin with `begins`. Without deleted ones. Raises `StoreUnavailable`.
        """
        rows = await self._database.rows(
            _SQL["names"], prefix, begins, successor(begins), after, limit
        )
        return [_found(row) for row in rows]

    async def lag(self) -> float:
        """Return how many seconds the projection is behind. Raises `StoreUnavailable`."""
        row = await self._database.row(_SQL["lag"])
        return max(0.0, row[0]) if row is not None else 0.0


class Walk:
    """A walk through all blocks that may hold what is wanted.

    `blocks` and `entries` say how many were looked at so far, `place` where to go on, `ended` that
    there is nothing more.
    """

    def __init__(self, database: Database, wanted: Wanted) -> None:
        self._database = database
        self._sieve = Sieve(wanted)
        self.blocks = 0
        self.entries = 0
        self.place = START
        self.ended = False

    async def picked(self, begin: Place) -> AsyncIterator[Sequence[Picked]]:
        """Yield the versions from `begin` on for which everything holds, of some blocks at a time.

        Raises `StoreUnavailable`.
        """
        past, at_once = begin.block - 1, _FIRST
        while candidates := await self._candidates(past):
            at = 0
            while at < len(candidates):
                numbers = candidates[at : at + at_once]
                at, at_once = at + at_once, min(2 * at_once, _MOST)
                self.ended = at >= len(candidates) < _CANDIDATES
                yield await self._look(numbers, begin)
            past = candidates[-1]
            if len(candidates) < _CANDIDATES:
                return

    async def newest(self, picked: Sequence[Picked]) -> Sequence[tuple[Place, Found]]:
        """Return what is still the newest version, and where to go on after it."""
        if not picked:
            return ()
        rows = await self._database.rows(_SQL["newest"], *_versions(picked))
        return [(picked[row["place"] - 1].after, _found(row)) for row in rows]

    async def live(self, picked: Sequence[Picked]) -> int:
        """Return how many of them are still the newest version."""
        if not picked:
            return 0
        row = await self._database.row(_SQL["count_newest"], *_versions(picked))
        return 0 if row is None else int(row[0])

    async def _candidates(self, past: int) -> Sequence[int]:
        wanted = self._sieve.wanted
        rows = await self._database.rows(
            _SQL["candidates"],
            past,
            self._sieve.needed,
            self._sieve.one_of,
            wanted.changed.since,
            wanted.changed.until,
            wanted.created.since,
            wanted.created.until,
            _CANDIDATES,
        )
        return [number for (number,) in rows]

    async def _look(self, numbers: Sequence[int], begin: Place) -> Sequence[Picked]:
        found: list[Picked] = []
        for row in await self._database.rows(_SQL["blocks"], numbers):
            block = blocks.read(*row)
            self.entries += block.size
            first = begin.entry if block.number == begin.block else 0
            found += [
                Picked(Place(block.number, place + 1), entry)
                for place, entry in self._sieve.picked(block, first)
            ]
        self.blocks += len(numbers)
        self.place = Place(numbers[-1] + 1)
        return found


def _versions(picked: Sequence[Picked]) -> tuple[list[str], list[int]]:
    return [one.entry.key for one in picked], [one.entry.version for one in picked]


def _found(row: Row) -> Found:
    return Found(
        key=row["key"],
        name=row["name"],
        version=row["version"],
        state=State(row["state"]),
        template=row["template"],
        changed_at=row["changed_at"],
        created_at=row["created_at"],
    )


def successor(text: str) -> str:
    """Return what comes after every text that begins with `text`, which is not empty.

    Text is ordered by its octets, and so by its code points (collation "C", UTF-8).
    """
    stem = text.rstrip(_LAST)
    after = ord(stem[-1]) + 1
    if after in _SURROGATES:
        after = _SURROGATES.stop
    return stem[:-1] + chr(after)
