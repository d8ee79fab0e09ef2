"""Waits until every worker knows what was committed, for clients that read what they wrote."""

import asyncio
from collections.abc import Mapping
from typing import Final

from node.control import Question, ask_all

PATIENCE: Final = 0.5
"""Seconds. A worker that does not answer in time is being replaced, or knows within a second."""


class Settling:
    """Asks the siblings to look for news. Those who wait at the same time share the asking."""

    def __init__(self, siblings: Mapping[str, str], patience: float = PATIENCE) -> None:
        self._siblings = siblings
        self._patience = patience
        self._asking = asyncio.Lock()
        self._next: asyncio.Task[None] | None = None

    async def settled(self) -> None:
        """Return when all that was committed before is known, or after the patience. No raise."""
        if self._next is None:
            self._next = asyncio.create_task(self._ask(), name="settling")
        await asyncio.shield(self._next)

    async def _ask(self) -> None:
        async with self._asking:
            self._next = None  # whoever comes from here on committed later
            await ask_all(self._siblings, Question.CAUGHT_UP, bool, self._patience)
