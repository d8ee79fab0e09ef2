"""Keeps a projection of the change log up to date, in the background and out of the way."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final, Protocol

import structlog

from identifiers.errors import FateUnknown, StoreUnavailable
from node.metrics import Family, gauge

POLL_SECONDS: Final = 0.5
"""How long news may lie there unseen; the reverse look-up is at most two seconds behind."""
_BESIDE_IMPORTS: Final = 9.0
"""Seconds of rest for each second of work while somebody imports: an import has the machine."""
_CATCHING_UP: Final = 0.25

_log = structlog.get_logger(__name__)


class Step(Protocol):
    """What one step did: `read` changes; the oldest of them was `age` seconds old."""

    @property
    def read(self) -> int:
        """How many changes were read; 0: there are no more."""
        ...

    @property
    def age(self) -> float:
        """How old the oldest change was, in seconds."""
        ...


def rest_after(read: int, seconds: float, *, importing: bool) -> float:
    """Return how long to rest after a step that `read` changes and took `seconds`."""
    if not read:
        return POLL_SECONDS
    return seconds * (_BESIDE_IMPORTS if importing else _CATCHING_UP)


class Projecting:
    """Takes step after step. `imported` counts rows of bulk imports, ever rising."""

    def __init__(
        self,
        name: str,
        advance: Callable[[], Awaitable[Step]],
        imported: Callable[[], int],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._name = name
        self._advance = advance
        self._imported = imported
        self._sleep = sleep
        self._lag = 0.0

    async def run(self) -> None:
        """Go on until cancelled; while the store is away, look for it twice a second."""
        imported = self._imported()
        while True:
            began, read = monotonic(), 0
            try:
                step = await self._advance()
            except (StoreUnavailable, FateUnknown) as why:
                _log.warning("projection put off", projection=self._name, why=str(why))
            else:
                self._lag, read = step.age, step.read
            before, imported = imported, self._imported()
            await self._sleep(rest_after(read, monotonic() - began, importing=imported != before))

    def families(self) -> list[Family]:
        """Return how far behind the projection is."""
        return [
            gauge(
                "idnode_projection_lag_seconds",
                "Age of the oldest change that the last step of a projection found to do.",
                {(("projection", self._name),): self._lag},
            )
        ]
