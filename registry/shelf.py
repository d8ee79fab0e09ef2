"""The book of templates in force, read anew when it may have changed."""

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Final, Protocol

from identifiers.metadata.book import NO_TEMPLATES, Book
from identifiers.metadata.shelves import TemplateNews

BOOK_SECONDS: Final = 1.0
"""How old the book may be: as old as the picture of prefixes."""


class NewsSource(Protocol):
    """Tells what changed of templates."""

    async def news(self, serial: int) -> TemplateNews:
        """Return what was published, revised, withdrawn or demanded after a serial."""
        ...


class Shelf:
    """The book, at most `BOOK_SECONDS` old. Without a source there are no templates."""

    def __init__(
        self, source: NewsSource | None = None, clock: Callable[[], float] = monotonic
    ) -> None:
        self._source = source
        self._clock = clock
        self._serial = 0
        self._book = NO_TEMPLATES
        self._read_at: float | None = None
        self._forgotten = 0
        self._reading = asyncio.Lock()

    async def book(self) -> Book:
        """Return the book. Raises `StoreUnavailable`."""
        if self._source is None or self._fresh():
            return self._book
        async with self._reading:
            if not self._fresh():
                began, forgotten = self._clock(), self._forgotten
                self._take(await self._source.news(self._serial))
                if forgotten == self._forgotten:
                    self._read_at = began
        return self._book

    def forget(self) -> None:
        """Have the book read anew: templates were changed here.

        One that is being read meanwhile may be of before, and does not count as fresh.
        """
        self._read_at = None
        self._forgotten += 1

    def _fresh(self) -> bool:
        return self._read_at is not None and self._clock() - self._read_at < BOOK_SECONDS

    def _take(self, news: TemplateNews) -> None:
        if news.serial == self._serial:
            return
        self._serial = news.serial
        demands = {demand.prefix: demand.demanded for demand in news.demands}
        self._book = self._book.revised(news.templates, demands)
