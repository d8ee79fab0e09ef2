"""The reverse look-up: from values to the active identifiers that carry them."""

from collections.abc import Sequence
from typing import Final

from identifiers.records import State
from identifiers.reverse import Match, Search, TooBroad
from identifiers.search import START, Wanted
from storage.postgres.database import Database
from storage.postgres.search import Walk

LOOKED: Final = 200_000
"""Identifiers beside which a search looks before it is given up: half a second."""


class PostgresReverse:
    """ReverseLookup: searches in what was projected; normally a second behind the records."""

    def __init__(self, database: Database, looked: int = LOOKED) -> None:
        self._database = database
        self._looked = looked

    async def search(self, search: Search) -> Sequence[Match] | TooBroad:
        """Return a page of what is looked for. Raises `StoreUnavailable`."""
        wanted = Wanted(tests=search.tests, begins=search.begins, states=frozenset({State.ACTIVE}))
        end = search.offset + search.limit
        matches: list[Match] = []
        walk = Walk(self._database, wanted)
        async for picked in walk.picked(START):
            matches += [Match(one.key, one.name) for _, one in await walk.newest(picked)]
            if len(matches) >= end:
                break
            if walk.entries - len(matches) > self._looked:
                return TooBroad(self._looked)
        return matches[search.offset : end]
