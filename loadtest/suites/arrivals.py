"""When the next question is due: as many a second as wanted, or whenever there is room."""

import math
from typing import Final

_PATIENT: Final = 0.002
"""Seconds that a driver sleeps at least: what is due meanwhile goes out together."""


class Arrivals:
    """The schedule of one user. `rate` a second (open load), None: as answers come (closed load).

    Open load does not slow down with the server, so that what a slow server makes its users wait
    for shows. `phase` (0 … 1) shifts it, so that users do not all ask at the same moment.
    A `take` that comes more than `late` seconds after its time is the driver's own doing.
    """

    def __init__(self, rate: float | None, phase: float = 0.0, late: float = math.inf) -> None:
        self._rate = rate
        self._phase = phase
        self._began: float | None = None
        self._taken = 0
        self._late = late
        self.is_late = False
        """Whether the last `take` was."""

    def take(self, now: float, room: int) -> int:
        """Return how many questions go out now: all that are due, or `room` when load is closed."""
        if self._rate is None:
            return room
        if self._began is None:
            self._began = now
        due = math.floor((now - self._began) * self._rate + self._phase) - self._taken
        self.is_late = due > 0 and now - self._next() > self._late
        self._taken += due
        return due

    def wake(self, now: float, deadline: float) -> float:
        """Return for how many seconds nothing is due, and at most until `deadline`."""
        if self._rate is None or self._began is None:
            return max(0.0, deadline - now)
        return max(_PATIENT, min(self._next(), deadline) - now)

    def _next(self) -> float:
        assert self._rate is not None  # noqa: S101 -- closed load has no schedule
        assert self._began is not None  # noqa: S101 -- taken from before
        return self._began + (self._taken + 1 - self._phase) / self._rate
