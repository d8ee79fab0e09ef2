"""When to stop asking a server that fails, and when to try again: pure, time comes in."""

from typing import Final

FAILURES: Final = 3
"""So many failures on end open the breaker, or one that is certain."""
FIRST_PAUSE: Final = 0.25
LAST_PAUSE: Final = 4.0
"""Seconds to the next probe: doubled each time, so that it closes within 5 s of recovery."""
_PROBE_PATIENCE: Final = 1.0


class Breaker:
    """Closed: everybody may ask. Open: one probe each pause. Times are monotonic seconds."""

    __slots__ = ("_failures", "_pause", "_probe_at", "_probing")

    def __init__(self) -> None:
        self._failures = 0
        self._pause = 0.0
        self._probe_at = 0.0
        self._probing = False

    @property
    def open(self) -> bool:
        """Say whether the server is given a pause."""
        return self._pause > 0

    def allows(self, now: float) -> bool:
        """Say whether to ask the server now; who is let through an open breaker is the probe."""
        if not self.open:
            return True
        if now < self._probe_at:
            return False
        self._probing = True
        self._probe_at = now + _PROBE_PATIENCE  # a probe that is never heard of blocks nobody long
        return True

    def succeeded(self) -> None:
        """The server answered."""
        self._failures, self._pause, self._probing = 0, 0.0, False

    def failed(self, now: float, *, certain: bool = False) -> None:
        """The server did not answer; `certain`: it is not there, rather than slow this once."""
        self._failures += 1
        if self._probing:
            self._pause = min(self._pause * 2, LAST_PAUSE)
            self._probe_at = now + self._pause
            self._probing = False
        elif self.open:
            pass  # asked before it opened
        elif certain or self._failures >= FAILURES:
            self._pause = FIRST_PAUSE
            self._probe_at = now + FIRST_PAUSE
