"""What this worker counts: answers by transport and result with their latency, events, prefixes.

Cheap enough for every answer: a bisection and a few additions, no library. A snapshot is plain
JSON.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Mapping
from enum import IntEnum, StrEnum
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from identifiers import outcomes
from identifiers.outcomes import Outcome
from identifiers.tallies import Extreme, Tally
from resolver.tallying import Series, Tallying

BOUNDS: Final = (
    # Seconds; an answer counts in the first bucket whose bound it does not pass, or in the last.
    *(0.000_02, 0.000_05, 0.000_1, 0.000_2, 0.000_5),
    *(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0),
)


class Transport(IntEnum):
    """How a question came. Numbers are places in a list: an enum as a key hashes slowly."""

    UDP = 0
    TCP = 1
    HTTP = 2


class Result(IntEnum):
    """How it was answered."""

    FOUND = 0
    VALUES_ABSENT = 1
    ABSENT = 2
    NOT_HOMED = 3
    REFERRAL = 4
    LOGIN_NEEDED = 5
    INVALID = 6
    UNAVAILABLE = 7
    SITE = 8
    UNSUPPORTED = 9
    MALFORMED = 10
    FORWARDED = 11
    """By the registry, whatever its answer says."""
    OUTDATED = 12
    """The client knows an older record of this site."""


class Event(StrEnum):
    """What happened beside answers. Each is a count of its own."""

    DROPPED_FULL = "dropped_full"
    """A miss while as many as allowed were under way (UDP)."""
    DROPPED_PORT = "dropped_port"
    """A source port that no client has."""
    DROPPED_RESPONSE = "dropped_response"
    """An answer, or too short to be told from one."""
    DROPPED_PACKET = "dropped_packet"
    """One of several packets of a request, or a datagram longer than a request may be."""
    LIMITED = "limited"
    """Over the rate of its source."""
    SILENCED = "silenced"
    """The reply would have been too large for an unproven source."""
    UNSENT = "unsent"
    """The system did not take the reply."""
    FAILED = "failed"
    """An unexpected error; it is in the log."""
    ACCEPTED = "accepted"
    """A connection (TCP)."""
    REFUSED = "refused"
    """A connection over a limit (TCP, HTTP)."""
    OVERLOADED = "overloaded"
    """A request while as many as allowed were in progress (HTTP)."""
    SHORT_CUT = "short_cut"
    """An answer that was given before a request was made of it (HTTP); of a batch each counts."""
    TIMED_OUT = "timed_out"
    """A connection closed for its silence or slowness (TCP)."""


def label(number: Transport | Result) -> str:
    """Return the word that a snapshot has for it."""
    return number.name.lower()


_RESULTS: Final[Mapping[type, Result]] = MappingProxyType(
    {
        outcomes.Found: Result.FOUND,
        outcomes.ValuesAbsent: Result.VALUES_ABSENT,
        outcomes.Absent: Result.ABSENT,
        outcomes.NotHomed: Result.NOT_HOMED,
        outcomes.Referral: Result.REFERRAL,
        outcomes.NeedsAuthentication: Result.LOGIN_NEEDED,
        outcomes.InvalidName: Result.INVALID,
        outcomes.PassedOnTooOften: Result.INVALID,
        outcomes.Unavailable: Result.UNAVAILABLE,
    }
)


def result_of(outcome: Outcome) -> Result:
    """Return what an outcome counts as. A test holds the table to the whole union."""
    return _RESULTS[type(outcome)]


_NOBODYS: Final = UUID(int=0)


class _Series:
    """One transport and result: answers by bucket, and the sum of their seconds."""

    __slots__ = ("buckets", "seconds")

    def __init__(self) -> None:
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0


class Counters:
    """The counts of one worker since it began. `epoch` gives the wall clock in seconds.

    `process` tells its tallies from those of all other processes there ever are.

    The wall clock is read about once a second of answers: it only names seconds.
    """

    def __init__(self, epoch: Callable[[], float], process: UUID = _NOBODYS) -> None:
        self._epoch = epoch
        self.tallying: Final = Tallying(process, BOUNDS, self._by_transport)
        """What reports need, until it is taken from there."""
        self.asked: Final = self.tallying.asked
        self.found: Final = self.tallying.found
        self._series = [[_Series() for _ in Result] for _ in Transport]
        self.short: Final[list[float]] = []
        """Seconds of each answer given before a request was made of it (HTTP), all of them found.

        Whoever adds to it calls `count_short` before long, and when a second begins.
        """
        self._events: Counter[Event] = Counter()
        self._second_ends = float("-inf")
        self._in_second = 0
        self._second = 0
        self._quickest = float("inf")
        self._slowest = float("-inf")
        self._short_cuts = 0

    def answered(
        self, transport: Transport, result: Result, seconds: float, now: float, times: int = 1
    ) -> None:
        """Count an answer that took `seconds`, or several alike; `now` is monotonic."""
        series = self._series[transport][result]
        series.buckets[bisect_left(BOUNDS, seconds)] += times
        series.seconds += seconds * times
        if now >= self._second_ends:
            self._turn_second(now)
        if not self._quickest <= seconds <= self._slowest:
            self._quickest = min(self._quickest, seconds)
            self._slowest = max(self._slowest, seconds)
        self._in_second += times

    def count_short(self, now: float) -> None:
        """Count what is in `short`."""
        self._settle_short()
        if now >= self._second_ends:
            self._turn_second(now)

    def happened(self, event: Event, times: int = 1) -> None:
        """Count an event."""
        self._events[event] += times

    def take(self) -> Tally | None:
        """Return what reports need of all that was counted since this was last asked."""
        self._close_second()
        return self.tallying.take()

    def snapshot(self) -> dict[str, Any]:
        """Return all counts as JSON knows them."""
        self._settle_short()
        events = {str(event): count for event, count in self._events.items()}
        if self._short_cuts:
            short = str(Event.SHORT_CUT)
            events[short] = events.get(short, 0) + self._short_cuts
        return {
            "bounds": list(BOUNDS),
            "answers": {
                label(transport): {
                    label(result): {"buckets": list(series.buckets), "seconds": series.seconds}
                    for result, series in zip(Result, by_result, strict=True)
                    if any(series.buckets)
                }
                for transport, by_result in zip(Transport, self._series, strict=True)
            },
            "events": events,
        }

    def _turn_second(self, now: float) -> None:
        self._close_second()
        wall = self._epoch()
        self._second = int(wall)
        self._second_ends = now + 1.0 - wall % 1.0
        self.tallying.turn(self._second)

    def _settle_short(self) -> None:
        short = self.short
        if not short:
            return
        short.sort()
        series = self._series[Transport.HTTP][Result.FOUND]
        counted = 0
        for bucket, bound in enumerate((*BOUNDS, short[-1])):
            within = bisect_right(short, bound, counted)
            series.buckets[bucket] += within - counted
            counted = within
        series.seconds += sum(short)
        self._quickest = min(self._quickest, short[0])
        self._slowest = max(self._slowest, short[-1])
        self._in_second += counted
        self._short_cuts += counted
        short.clear()

    def _close_second(self) -> None:
        self._settle_short()
        if not self._in_second:
            return
        second = self._second
        self.tallying.answered(second, self._in_second)
        self.tallying.took(Extreme(self._quickest, second), Extreme(self._slowest, second))
        self._in_second = 0
        self._quickest, self._slowest = float("inf"), float("-inf")

    def _by_transport(self) -> Series:
        return {
            label(transport): (
                [sum(counts) for counts in zip(*(one.buckets for one in by_result), strict=True)],
                sum(one.seconds for one in by_result),
            )
            for transport, by_result in zip(Transport, self._series, strict=True)
        }


assert all(low < high for low, high in pairwise(BOUNDS))  # noqa: S101 -- bisection needs it
