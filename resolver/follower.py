"""Follows the change feed: what keeps the caches of this worker right within a second."""

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec
import structlog

from identifiers.changes import FeedPage
from identifiers.directory import PrefixDirectory
from identifiers.errors import StoreUnavailable
from identifiers.routes import is_prefix_record
from resolver.freshness import Freshness
from resolver.ports import ChangeFeed, DirectorySource
from resolver.tiers.local import LocalTier
from resolver.tiers.shared import SharedRecords

_SLICE: Final = 2000
"""Pairs applied in one turn of the loop: under a millisecond."""
_log = structlog.get_logger(__name__)


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds."""

    poll: float = 0.25
    """Between polls, unless a hint comes sooner."""
    poll_limit: float = 2.0
    """A poll that takes longer has failed."""
    start_over: float = 3600.0
    """After so long without a proof, begin anew with empty caches: nobody may see them anyway."""


class Follower:
    """Polls the feed and applies the news to the tiers; reads the directory when it changed.

    `use` is called with each new directory. `clock` is monotonic.
    """

    def __init__(
        self,
        *,
        feed: ChangeFeed,
        directories: DirectorySource,
        freshness: Freshness,
        local: LocalTier,
        shared: SharedRecords | None,
        use: Callable[[PrefixDirectory], None],
        clock: Callable[[], float],
        pace: Pace = Pace(),  # noqa: B008 -- frozen
    ) -> None:
        self._feed = feed
        self._directories = directories
        self._freshness = freshness
        self._local = local
        self._shared = shared
        self._use = use
        self._clock = clock
        self._pace = pace
        self._cursor: str | None = None
        self._directory_due = True
        self._following = True
        self._stepping = asyncio.Lock()
        self._again: asyncio.Task[bool] | None = None
        self.ready = asyncio.Event()
        """Set once the first directory is in use and the caches may be believed."""

    async def run(self) -> None:
        """Follow until cancelled. A store that is away is asked again, however long it takes."""
        async with asyncio.TaskGroup() as tasks:
            if self._shared is not None:
                tasks.create_task(self._shared.run())
            while True:
                await self.step()
                await self._feed.hint(self._pace.poll)

    async def caught_up(self) -> bool:
        """Poll from now on and apply, without waiting for the next turn; True: it is done.

        What was committed before this was called is then what this worker answers. All who ask
        while a poll is under way share the one after it.
        """
        if self._again is None:
            self._again = asyncio.create_task(self._once_more(), name="catching up")
        return await asyncio.shield(self._again)

    async def _once_more(self) -> bool:
        async with self._stepping:
            self._again = None  # whoever asks from here on may know of later commits
            return await self._step()

    async def step(self) -> bool:
        """Poll once and apply; True: the caches are proven right."""
        async with self._stepping:
            return await self._step()

    async def _step(self) -> bool:
        began = self._clock()
        try:
            await self._advance(began)
        except (StoreUnavailable, TimeoutError) as error:
            if self._following:
                _log.warning("change feed lost", why=str(error) or "no answer in time")
            self._following = False
            return False
        if not self._following:
            _log.info("change feed followed again")
        self._following = True
        self._freshness.prove(began)
        self.ready.set()
        return True

    async def _advance(self, began: float) -> None:
        if self._cursor is None or self._freshness.age(began) > self._pace.start_over:
            await self._begin()
        else:
            async with self._in_time():
                page = await self._feed.poll(self._cursor)
            await self._apply(page)
        if self._directory_due:
            async with self._in_time():
                directory = await self._directories.directory()
            self._use(directory)
            self._directory_due = False

    def _in_time(self) -> asyncio.Timeout:
        # Only what goes over the network: a large page may take its time to apply.
        return asyncio.timeout(self._pace.poll_limit)

    async def _begin(self) -> None:
        # The directory is read after the cursor was taken: what changes in between is news.
        async with self._in_time():
            cursor = await self._feed.start()
        self._forget()
        self._cursor = cursor

    async def _apply(self, page: FeedPage) -> None:
        if page.directory:
            self._directory_due = True
        if page.reset:
            self._forget()
        for start in range(0, len(page.superseded), _SLICE):
            news = page.superseded[start : start + _SLICE]
            # Routes and namespaces stand in the records of prefixes.
            if not self._directory_due and any(is_prefix_record(key) for key, _ in news):
                self._directory_due = True
            self._local.supersede(news)
            if self._shared is not None:
                # A first version has nothing before it that the shared tier could hold.
                self._shared.supersede([pair for pair in news if pair[1] > 1])
            if start + _SLICE < len(page.superseded):
                await asyncio.sleep(0)
        self._cursor = page.cursor

    def _forget(self) -> None:
        self._local.clear()
        if self._shared is not None:
            self._shared.forget()
        self._directory_due = True
