"""One chunk is committed while the next is read."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Self


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
