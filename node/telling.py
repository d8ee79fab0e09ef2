"""Stores what a worker counts for reports, every second and once more at its end."""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from identifiers.errors import FateUnknown, StoreUnavailable
from identifiers.tallies import Tally
from resolver.ports import TallyStore

_EVERY: Final = 1.0
_log = structlog.get_logger(__name__)


class Telling:
    """Tells `store` what `take` gives. What could not be stored is told again before anything else.

    A process that is killed takes with it what it counted since it last told: a second, or the time
    for which the store was away.
    """

    def __init__(self, store: TallyStore, take: Callable[[], Tally | None]) -> None:
        self._store = store
        self._take = take
        self._untold: Tally | None = None

    async def run(self, every: float = _EVERY) -> None:
        """Go on until cancelled."""
        while True:
            await asyncio.sleep(every)
            await self.tell()

    async def tell(self) -> None:
        """Store all that was counted by now, as far as the store can be reached."""
        while (tally := self._untold or self._take()) is not None:
            self._untold = tally
            try:
                await self._store.add(tally)
            except (StoreUnavailable, FateUnknown) as why:
                _log.warning("counts are told later", why=str(why))
                return
            self._untold = None
