"""What an identifier can stand for, and words that several kinds share."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from loadtest.corpus.draws import Draws
from loadtest.corpus.enterprises import Enterprise

Describe = Callable[[Enterprise, int, Draws], tuple[str, ...]]
"""(owner, serial of this kind from 1, draws) → the suffix, then one text for each type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A sort of thing that is given identifiers.

    Texts never hold a quotation mark, a backslash or a control character, so that they can be set
    into JSON as they are; a test holds this.
    """

    path: str  # stands in the URL
    types: tuple[str, ...]  # of the values from index 2000 on
    describe: Describe
    ttl: int = 86_400  # seconds


STATES = ("在用", "在用", "在用", "备用", "检修")
DAYS = tuple(date.fromordinal(date(2026, 1, 1).toordinal() + day).isoformat() for day in range(365))
"""The days of 2026."""

# Z is an authority letter that none of these provinces has given out, so no such plate exists.
_PLATE_PROVINCES = "晋蒙陕宁贵"
_SERIAL_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


def day(draw: int) -> str:
    """Return a day of 2026 as ISO 8601."""
    return DAYS[draw % len(DAYS)]


def earlier_day(draw: int) -> str:
    """Return a day of 2015 … 2025 as ISO 8601."""
    return f"{2015 + (draw >> 9) % 11}{DAYS[draw % len(DAYS)][4:]}"


def decimal(hundredths: int) -> str:
    """Return an integer number of hundredths with two decimals."""
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def plate(draw: int) -> str:
    """Return an ordinary plate in the form of GA 36-2018, five places without I and O."""
    letter = _SERIAL_LETTERS[draw % len(_SERIAL_LETTERS)]
    return f"{_PLATE_PROVINCES[draw % 5]}Z{letter}{draw * 7 % 10_000:04d}"
