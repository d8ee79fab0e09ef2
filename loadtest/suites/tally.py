"""What users of one kind saw while one step was measured."""

from collections.abc import Iterable
from enum import Enum
from typing import Final

from loadtest.suites.histogram import Histogram

_EXAMPLES: Final = 3


class Outcome(Enum):
    """What an answer is worth."""

    RIGHT = "right"
    WRONG = "wrong"
    REFUSED = "refused"


class Tally:
    """Counts are resolutions or registrations; a batch of a hundred counts as a hundred.

    asked: questions that the schedule wanted asked and that are decided, one way or another.
    right, wrong: answers. refused: told that the server is too busy. missing: no answer in time, or
    never sent because nobody was free. stray: answers to what was given up, or twice; they count
    nowhere else. late: questions that the driver itself asked too late.
    """

    __slots__ = (
        "examples",
        "late",
        "missing",
        "octets",
        "refused",
        "right",
        "stray",
        "times",
        "wrong",
    )

    def __init__(self) -> None:
        self.right = self.wrong = self.refused = self.missing = 0
        self.stray = self.late = self.octets = 0
        self.times = Histogram()
        self.examples: list[bytes] = []

    @property
    def asked(self) -> int:
        """Everything that is decided."""
        return self.right + self.wrong + self.refused + self.missing

    def answered(self, outcome: Outcome, *, seconds: float, answer: bytes, weight: int = 1) -> None:
        """Count an answer to `weight` questions at once."""
        self.times.add(seconds, weight)
        self.octets += len(answer)
        if outcome is Outcome.RIGHT:
            self.right += weight
            return
        if outcome is Outcome.REFUSED:
            self.refused += weight
            return
        self.wrong += weight
        if len(self.examples) < _EXAMPLES:
            self.examples.append(answer)

    def merge(self, other: "Tally") -> None:
        """Add what another saw."""
        self.right += other.right
        self.wrong += other.wrong
        self.refused += other.refused
        self.missing += other.missing
        self.stray += other.stray
        self.late += other.late
        self.octets += other.octets
        self.times.merge(other.times)
        self.examples = (self.examples + other.examples)[:_EXAMPLES]


class Book:
    """The tallies of all kinds of users, of the step that is under way."""

    def __init__(self) -> None:
        self._open: dict[str, Tally] = {}

    def of(self, user: str) -> Tally:
        """Return the tally to write to now; ask again before long, steps change."""
        tally = self._open.get(user)
        if tally is None:
            tally = self._open[user] = Tally()
        return tally

    def items(self) -> Iterable[tuple[str, Tally]]:
        """Return the tallies that are open."""
        return self._open.items()

    def turn(self) -> dict[str, Tally]:
        """Close the tallies and return them; new ones begin empty."""
        closed, self._open = self._open, {}
        return closed
