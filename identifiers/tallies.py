"""What one process resolved within one day, on its way to where all processes' counts are summed.

Days are those of Beijing (UTC+8, without summer time), as reports to the national node count.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

OTHER: Final = "other"
"""The source of look-ups whose sources are not told apart."""
MOST_SOURCES: Final = 1 << 18
"""Pairs of prefix and source address that are told apart in a day: 2^17 addresses that ask under
two prefixes each."""
_BEIJING: Final = timedelta(hours=8)


class Asked(msgspec.Struct, frozen=True, order=True):
    """Look-ups under a prefix by one source; prefix "": none of this node's."""

    prefix: str
    source: str
    found: int
    """Values were answered."""
    others: int


class Latency(msgspec.Struct, frozen=True, order=True):
    """Answers over one transport that took up to `bound` seconds (None: longer than any bound)."""

    transport: str
    bound: float | None
    answers: int


class Extreme(msgspec.Struct, frozen=True, order=True):
    """The time that one answer took, and the epoch second in which it was given."""

    seconds: float
    at: int


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """Counts since the tally before it: `number` rises by one for each of a `process`.

    `second` has answers by epoch second; `time` is the sum of their seconds by transport.
    """

    process: UUID
    number: int
    day: date
    asked: tuple[Asked, ...]
    second: Mapping[int, int]
    latency: tuple[Latency, ...]
    time: Mapping[str, float]
    quickest: Extreme | None
    slowest: Extreme | None


def day_of(second: float) -> date:
    """Return the day in Beijing at an epoch second."""
    return (datetime.fromtimestamp(second, UTC) + _BEIJING).date()


class UnderPrefix(msgspec.Struct, frozen=True):
    """Look-ups of a day under a prefix ("": none of this node's), and how many found values."""

    prefix: str
    queries: int
    found: int


class Source(msgspec.Struct, frozen=True):
    """Look-ups of a day under a prefix by one address, or by all those that are `OTHER`."""

    prefix: str
    source: str
    queries: int


class Peak(msgspec.Struct, frozen=True):
    """The most answers of all processes in one second, and that second (epoch)."""

    answers: int
    at: int


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """The sums of a day in Beijing over all processes. `seconds` is the time of all answers."""

    day: date
    answers: int
    seconds: float
    peak: Peak | None
    quickest: Extreme | None
    slowest: Extreme | None
    latency: tuple[Latency, ...]
    prefixes: tuple[UnderPrefix, ...]
    sources: tuple[Source, ...]
