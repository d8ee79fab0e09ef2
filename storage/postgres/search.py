"""Searches in what was projected: block after block, in the order of the change log.

Terms say which blocks may hold what is looked for (migration 0007), their bodies in which entries
it is, and the table of records whether these are still the newest versions.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Final

import msgspec

from identifiers.records import State
from identifiers.search import Found, Wanted
from storage.postgres import blocks
from storage.postgres.database import Database, Row
from storage.postgres.sql import load

_SQL: Final = load("search")
_FIRST: Final = 2
_MOST: Final = 32
"""Blocks that are fetched in one query: at first, and when that was not enough."""
_CANDIDATES: Final = 2048


class Place(msgspec.Struct, frozen=True, array_like=True, order=True):
    """Between two entries: `entry` of a block is the next one to be looked at."""

    block: int = 0
    entry: int = 0


class Leaf(msgspec.Struct, frozen=True):
    """What was found in some blocks. `looked` at so many entries; `end` is where to go on."""

    found: Sequence[tuple[Place, Found]]
    looked: int
    end: Place


class Walk:
    """A walk through all blocks that may hold what is wanted."""

    def __init__(self, database: Database, wanted: Wanted) -> None:
        self._database = database
        self._sieve = blocks.Sieve(wanted)

    async def leaves(self, begin: Place) -> AsyncIterator[Leaf]:
        """Yield what is found from `begin` on. Raises `StoreUnavailable`."""
        past, at_once = begin.block - 1, _FIRST
        while candidates := await self._candidates(past):
            at = 0
            while at < len(candidates):
                yield await self._leaf(candidates[at : at + at_once], begin)
                at, at_once = at + at_once, min(2 * at_once, _MOST)
            past = candidates[-1]
            if len(candidates) < _CANDIDATES:
                return

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

    async def _leaf(self, numbers: Sequence[int], begin: Place) -> Leaf:
        picked: list[tuple[Place, blocks.Entry]] = []
        looked = 0
        for row in await self._database.rows(_SQL["blocks"], numbers):
            block = blocks.read(*row)
            looked += len(block.entries)
            first = begin.entry if block.number == begin.block else 0
            picked += [
                (Place(block.number, place), entry)
                for place, entry in self._sieve.picked(block, first)
            ]
        return Leaf(await self._newest(picked), looked, Place(numbers[-1] + 1))

    async def _newest(
        self, picked: Sequence[tuple[Place, blocks.Entry]]
    ) -> Sequence[tuple[Place, Found]]:
        if not picked:
            return ()
        rows = await self._database.rows(
            _SQL["newest"], [e.key for _, e in picked], [e.version for _, e in picked]
        )
        return [(picked[row["place"] - 1][0], _found(row)) for row in rows]


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
