"""Keeps a projection of the change log up to date, in the background and out of the way."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final, Protocol

import structlog

from identifiers.errors import FateUnknown, StoreUnavailable
from node.metrics import Family, gauge

POLL_SECONDS: Final = 0.5
"""How long news may lie there unseen; searches are at most two seconds behind."""
BULK: Final = 8000
"""Changes a second from which on writing goes first: bulk work has the machine. Fewer are followed
as they come, which takes half of a processor at the most."""
WINDOW: Final = 3.0
"""Seconds over which they are counted: thousands come at once, with the commit of an import."""
_BESIDE_BULK: Final = 19.0
"""Seconds of rest for each second of work meanwhile."""
_CATCHING_UP: Final = 0.25
_TIDY_SECONDS: Final = 2.0
"""How long it is between two tidyings."""

_log = structlog.get_logger(__name__)


class Step(Protocol):
    """What one step did: `read` changes; the oldest of them was `age` seconds old.

    `more`: there are probably more.
    """

    @property
    def read(self) -> int:
        """How many changes were read; 0: there are no more."""
        ...

    @property
    def age(self) -> float:
        """How old the oldest change was, in seconds."""
        ...

    @property
    def more(self) -> bool:
        """Whether there are probably more changes to be read right away."""
        ...


class Projection(Protocol):
    """What follows the change log."""

    async def advance(self) -> Step:
        """Project the next changes."""
        ...

    async def tidy(self) -> int:
        """Keep what is projected in order, a little at a time; return how much that made of it."""
        ...


def rest_after(step: Step, seconds: float, *, busy: bool) -> float:
    """Return how long to rest after a step that took `seconds`."""
    if busy and step.read:
        return seconds * _BESIDE_BULK
    # What comes in the meantime is one step then: fewer and larger ones cost less.
    return seconds * _CATCHING_UP if step.more else POLL_SECONDS


def _is_bulk(looks: deque[tuple[float, int]], now: float, written: int) -> bool:
    """Say whether much was written lately; `looks` has when it was looked, and what was then."""
    while len(looks) > 1 and looks[1][0] <= now - WINDOW:
        looks.popleft()
    since, before = looks[0]
    looks.append((now, written))
    return written - before > BULK * max(now - since, WINDOW)


class Projecting:
    """Takes step after step. `written` counts changes of this process, ever rising."""

    def __init__(
        self,
        name: str,
        projection: Projection,
        written: Callable[[], int],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._name = name
        self._projection = projection
        self._written = written
        self._sleep = sleep
        self._clock = clock
        self._lag = 0.0

    async def run(self) -> None:
        """Go on until cancelled; while the store is away, look for it twice a second."""
        tidied = self._clock()
        looks = deque([(tidied, self._written())])
        while True:
            began, rest = self._clock(), POLL_SECONDS
            busy = _is_bulk(looks, began, self._written())
            try:
                step = await self._projection.advance()
                self._lag = step.age
                rest = rest_after(step, self._clock() - began, busy=busy)
                if not busy and not step.more and began - tidied >= _TIDY_SECONDS:
                    tidied = began
                    await self._projection.tidy()
            except (StoreUnavailable, FateUnknown) as why:
                _log.warning("projection put off", projection=self._name, why=str(why))
            await self._sleep(rest)

    def families(self) -> list[Family]:
        """Return how far behind the projection is."""
        return [
            gauge(
                "idnode_projection_lag_seconds",
                "Age of the oldest change that the last step of a projection found to do.",
                {(("projection", self._name),): self._lag},
            )
        ]
