"""News for caches, in an order that loses nothing.

Ids do not follow commits: a transaction that took its id first may commit last. So a cursor is no
number but a snapshot, which says of every transaction whether it was visible at the time: a poll
returns each transaction's news once, as soon as it is visible, and a long transaction delays
nobody's (`assurance` 2.3, 2.4).
"""

from itertools import chain
from types import TracebackType
from typing import Final, Self

from identifiers.changes import FeedPage
from storage.postgres import rows
from storage.postgres.database import Database
from storage.postgres.sql import load
from storage.postgres.wakeups import Ear

_SQL: Final = load("feed")
MOST: Final = 4 * 2**20
"""Octets of news in one page, about 100,000 names. Who missed more had better begin anew: reading
on while a bulk import goes on, it might never catch up."""


class PostgresFeed:
    """ChangeFeed. `dsn` is for the connection that listens for hints.

    A cursor reads ``<timeline>/<snapshot>``. Another timeline (a standby was promoted, a backup
    restored), a cursor older than the kept news (about 15 minutes) and more news than a page holds
    mean a reset.
    """

    def __init__(self, database: Database, dsn: str) -> None:
        self._database = database
        self._ear = Ear(dsn)

    async def __aenter__(self) -> Self:
        await self._ear.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._ear.__aexit__(kind, error, traceback)

    async def start(self) -> str:
        """Return the cursor of now. Raises `StoreUnavailable`."""
        ((cursor,),) = await self._database.rows(_SQL["now"])
        return str(cursor)

    async def poll(self, cursor: str) -> FeedPage:
        """Return all news past `cursor`. Raises `StoreUnavailable`."""
        timeline, _, snapshot = cursor.partition("/")
        found = await self._database.rows(_SQL["poll"], snapshot, MOST)
        news = [row for row in found if row["packed"] is not None]
        return FeedPage(
            superseded=tuple(chain.from_iterable(rows.unpack_news(row["packed"]) for row in news)),
            directory=any(row["directory"] for row in news),
            cursor=f"{found[0]['timeline']}/{found[0]['snapshot']}",
            reset=found[0]["lost"] or found[0]["timeline"] != timeline,
        )

    async def hint(self, seconds: float) -> None:
        """Return when news may have come, at the latest after `seconds`. Never raises."""
        await self._ear.hear(seconds)
