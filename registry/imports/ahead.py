"""One chunk is committed while the next is decided and the one after it is read."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from typing import Any, Self, TypeVar

T = TypeVar("T")


async def read_ahead(items: AsyncGenerator[T]) -> AsyncGenerator[T]:
    """Yield `items`; while somebody is at one of them, the next is made."""
    coming = asyncio.create_task(_next(items))
    try:
        while (item := await coming) is not None:
            coming = asyncio.create_task(_next(items))
            yield item
    finally:
        coming.cancel()
        await asyncio.wait([coming])
        if not coming.cancelled():
            coming.exception()  # nobody comes to it any more


async def _next(items: AsyncGenerator[T]) -> T | None:
    return await anext(items, None)


class OneAhead:
    """Runs one thing behind the caller's back; the next waits until it has ended.

    On leaving, also by an error, what runs is waited for: a commit is never abandoned.
    """

    def __init__(self) -> None:
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                await self._join()
        finally:
            if self._running is not None:
                await asyncio.wait([self._running])
                if not self._running.cancelled():
                    self._running.exception()  # the first error is the one that is told

    async def go(self, work: Coroutine[Any, Any, None]) -> None:
        """Start `work` as soon as what runs has ended. Raises what that raised."""
        try:
            await self._join()
        except BaseException:
            work.close()
            raise
        self._running = asyncio.create_task(work)

    async def _join(self) -> None:
        if self._running is not None:
            # Forgotten only when it has ended: whoever is cancelled here waits for it on leaving.
            await asyncio.shield(self._running)
            self._running = None
