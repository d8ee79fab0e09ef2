"""When a process that ended is started again: at once, unless it keeps dying young. Pure."""

from typing import Final

import msgspec

GROWN_UP: Final = 10.0
"""Seconds after which a process counts as having worked."""
_FIRST: Final = 0.1
_LONGEST: Final = 5.0
"""Seconds between two starts of a process that keeps dying young."""


class History(msgspec.Struct, frozen=True):
    """How often a process died young, one time after the other."""

    young_deaths: int = 0

    def after(self, lived: float) -> "History":
        """Return the history after a process that lived so many seconds."""
        return History(self.young_deaths + 1 if lived < GROWN_UP else 0)

    @property
    def delay(self) -> float:
        """Seconds to wait before the next start: 0, 0, 0.1, 0.2, 0.4 … 5."""
        if self.young_deaths <= 1:
            return 0.0
        return min(_FIRST * 2.0 ** min(self.young_deaths - 2, 16), _LONGEST)
