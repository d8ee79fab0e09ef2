"""How long what was read is kept, and when it is read again: pure. Durations are seconds.

Lives are scattered by a tenth below their bound, so that what was filled together does not run out
together. In the last tenth of its life a record that is asked for again and again is read anew
before it runs out, so that nobody waits for it (`assurance` 2.5).
"""

from enum import Enum
from typing import Final

import msgspec

_TENTH: Final = 0.1
HOT: Final = 2
"""Askings since it was kept, the one at hand included, that make a record worth reading anew."""


class Age(Enum):
    """What to do with a record that was found."""

    FRESH = "answer"
    EARLY = "answer, and read it anew"
    OVER = "ask"


class Lives(msgspec.Struct, frozen=True, kw_only=True):
    """The bounds; `assurance` I8 has those of unknown names."""

    known: float = 300.0
    unknown: float = 5.0

    def due(self, asked: float, chance: float) -> float:
        """Return when the last tenth of a record's life begins; it was asked for at `asked`.

        `chance` is drawn from [0, 1).
        """
        return asked + self.known * (1.0 - _TENTH - _TENTH * chance)

    def ends(self, due: float) -> float:
        """Return when that life is over."""
        return due + self.known * _TENTH

    def unknown_until(self, asked: float, chance: float) -> float:
        """Return until when a name may be told as unknown."""
        return asked + self.unknown * (1.0 - _TENTH * chance)

    def judge(self, due: float, uses: int, now: float) -> Age:
        """Say what to do with a record that was asked for `uses` times since it was kept."""
        if now < due:
            return Age.FRESH
        if self.ends(due) <= now:
            return Age.OVER
        return Age.EARLY if uses >= HOT else Age.FRESH
