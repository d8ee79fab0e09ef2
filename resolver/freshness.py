"""What this worker may believe: pure. Durations are seconds, moments are monotonic.

A *proof* is a finished poll of the change feed, dated by the moment it *began*. While there is one
younger than 4 s the caches are believed; without one the store is asked past all caches; when the
store is away too, what was right at the last proof is shown for up to an hour (`assurance` 2.4,
I7; RFC 8767).
"""

from typing import Final

import msgspec

NEVER: Final = float("-inf")


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long what is believed."""

    proof: float = 4.0
    """A proof counts for so long."""
    stale: float = 3600.0
    """What was right at the last proof is shown for so long while the store is away."""
    recheck: float = 1.0
    """A store that failed is asked again by one query in so long."""


class Freshness:
    """The state of one worker. Every method takes the time, none waits."""

    __slots__ = ("_asked_again_at", "_failed", "_patience", "until")

    def __init__(self, patience: Patience = Patience()) -> None:  # noqa: B008 -- frozen
        self._patience = patience
        self.until = NEVER
        """Until when caches may answer (`believed`); the next proof moves it."""
        self._failed = False
        self._asked_again_at = NEVER

    def prove(self, began: float) -> None:
        """Note a poll that began then, has ended, and whose news are applied everywhere."""
        self.until = max(self.until, began + self._patience.proof)
        self._failed = False

    def fail(self, now: float) -> None:
        """Note that the store was asked and did not answer."""
        self._failed = True
        self._asked_again_at = now + self._patience.recheck

    def recover(self) -> None:
        """Note that the store answered."""
        self._failed = False

    def age(self, now: float) -> float:
        """Return how old the last proof is; infinity before the first."""
        return now - (self.until - self._patience.proof)

    def believed(self, now: float) -> bool:
        """Say whether caches may answer."""
        return now <= self.until

    def stale_shown(self, now: float) -> bool:
        """Say whether what is kept may be shown while the store is away."""
        return self.age(now) <= self._patience.stale

    def shows_stale(self, now: float) -> bool:
        """Say whether the store is away for so long that what is kept may be out of date."""
        return self._failed and not self.believed(now)

    def away(self, now: float) -> bool:
        """Say whether the store failed so short a time ago that it is not asked again yet."""
        return self._failed and now < self._asked_again_at

    def worth_asking(self, now: float) -> bool:
        """Say whether to ask the store; after a failure, true for one caller per `recheck`."""
        if not self._failed:
            return True
        if now < self._asked_again_at:
            return False
        self._asked_again_at = now + self._patience.recheck
        return True
