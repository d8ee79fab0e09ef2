"""How often a class of complaints may be logged: pure (`assurance` R-DOS-6)."""

from typing import Final

_PER_SECOND: Final = 10


class Complaints:
    """Lets ten a second through, and says with the first of the next second how many were kept."""

    __slots__ = ("_ends", "_kept", "_said")

    def __init__(self) -> None:
        self._ends = float("-inf")
        self._said = 0
        self._kept = 0

    def admit(self, now: float) -> int | None:
        """Return how many were kept back before this one, or None: keep this one back too."""
        if now >= self._ends:
            self._ends = now + 1.0
            self._said = 0
        if self._said >= _PER_SECOND:
            self._kept += 1
            return None
        self._said += 1
        kept, self._kept = self._kept, 0
        return kept
