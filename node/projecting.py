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
_BUSY: Final = 500
"""Changes a second from which on writing goes first: bulk work has the machine."""
_BESIDE_BULK: Final = 19.0
"""Seconds of rest for each second of work meanwhile."""
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


def rest_after(read: int, seconds: float, *, busy: bool) -> float:
    """Return how long to rest after a step that `read` changes and took `seconds`."""
    if not read:
        return POLL_SECONDS
    return seconds * (_BESIDE_BULK if busy else _CATCHING_UP)


class Projecting:
    """Takes step after step. `written` counts changes of this process, ever rising."""

    def __init__(
        self,
        name: str,
        advance: Callable[[], Awaitable[Step]],
        written: Callable[[], int],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._name = name
        self._advance = advance
        self._written = written
        self._sleep = sleep
        self._lag = 0.0

    async def run(self) -> None:
        """Go on until cancelled; while the store is away, look for it twice a second."""
        written, looked = self._written(), monotonic()
        while True:
            began, read = monotonic(), 0
            try:
                step = await self._advance()
            except (StoreUnavailable, FateUnknown) as why:
                _log.warning("projection put off", projection=self._name, why=str(why))
            else:
                self._lag, read = step.age, step.read
            before, written = written, self._written()
            since, looked = looked, monotonic()
            busy = written - before > _BUSY * (looked - since)
            await self._sleep(rest_after(read, looked - began, busy=busy))

    def families(self) -> list[Family]:
        """Return how far behind the projection is."""
        return [
            gauge(
                "idnode_projection_lag_seconds",
                "Age of the oldest change that the last step of a projection found to do.",
                {(("projection", self._name),): self._lag},
            )
        ]
