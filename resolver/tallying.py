"""Gathers what reports need of a worker: who asked under which prefix, how many a second, how fast.

Everything is a sum since the last time it was taken; what cannot be stored is kept and taken again
with what came meanwhile. Nothing here grows without bound.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Final
from uuid import UUID

from identifiers.tallies import OTHER, Asked, Extreme, Latency, Tally, day_of

MOST_PAIRS: Final = 1 << 17
"""Pairs of prefix and source that wait to be taken; what comes above is told as of `OTHER`."""
MOST_TAKEN: Final = 1 << 13
"""Pairs in one tally: what the store takes in one go."""
MOST_SECONDS: Final = 86_400

Pair = tuple[str, str]
Series = dict[str, tuple[list[int], float]]
"""By transport: answers by bucket, and the seconds that they took."""


class _Day:
    """The counts of one day."""

    def __init__(self, day: date) -> None:
        self.day = day
        self.found: dict[Pair, int] = {}
        self.others: dict[Pair, int] = {}
        self.second: dict[int, int] = {}
        self.series: Series = {}
        self.quickest = Extreme(float("inf"), 0)
        self.slowest = Extreme(float("-inf"), 0)

    def __bool__(self) -> bool:
        return bool(self.found or self.others or self.second or self.series)


class Tallying:
    """The counts of one worker. `series` gives its answers by transport since it began."""

    def __init__(
        self, process: UUID, bounds: Sequence[float], series: Callable[[], Series]
    ) -> None:
        self._process = process
        self._bounds = bounds
        self._series = series
        self._told: Series = {}
        self._day = _Day(date.min)
        self._found = self._day.found
        self._waiting: list[_Day] = []
        self._number = 0

    def asked(self, prefix: str, source: str, *, found: bool, times: int = 1) -> None:
        """Count look-ups that were decided."""
        counts = self._day.found if found else self._day.others
        pair = (prefix, source)
        if pair in counts:
            counts[pair] += times
        elif len(counts) < MOST_PAIRS:
            counts[pair] = times
        else:
            counts[prefix, OTHER] = counts.get((prefix, OTHER), 0) + times

    def found(self, prefix: str, source: str, times: int = 1) -> None:
        """Count look-ups that found values, as `asked` does: the way of repeated questions."""
        try:
            self._found[prefix, source] += times
        except KeyError:
            self.asked(prefix, source, found=True, times=times)

    def prefixes(self) -> dict[str, int]:
        """Return the look-ups by prefix that were not taken yet."""
        sums: dict[str, int] = {}
        for counts in (self._day.found, self._day.others):
            for (prefix, _), count in counts.items():
                if prefix:
                    sums[prefix] = sums.get(prefix, 0) + count
        return sums

    def turn(self, second: int) -> None:
        """Say which epoch second it is; counts of a new day are kept apart."""
        day = day_of(second)
        if day == self._day.day:
            return
        if self._day.day == date.min:
            self._day.day = day  # what came before the first answer was given
            return
        self._settle()
        if self._day:
            self._waiting.append(self._day)
        self._day = _Day(day)
        self._found = self._day.found

    def answered(self, second: int, answers: int) -> None:
        """Count the answers of a second, or further ones of it."""
        seconds = self._day.second
        seconds[second] = seconds.get(second, 0) + answers
        if len(seconds) > MOST_SECONDS:
            del seconds[next(iter(seconds))]

    def took(self, quickest: Extreme, slowest: Extreme) -> None:
        """Note the quickest and the slowest answer of a second."""
        day = self._day
        day.quickest = min(day.quickest, quickest)
        day.slowest = max(day.slowest, slowest)

    def take(self) -> Tally | None:
        """Return what is to be stored next, and count it no longer; None: nothing."""
        if not self._waiting:
            self._settle()
        day = self._waiting[0] if self._waiting else self._day
        if not day:
            return None
        self._number += 1
        tally = self._tally(day)
        if self._waiting and not day:
            self._waiting.pop(0)
        return tally

    def _tally(self, day: _Day) -> Tally:
        pairs = sorted({**day.found, **day.others})[:MOST_TAKEN]
        latency = tuple(
            Latency(transport, bound, answers)
            for transport, (buckets, _) in sorted(day.series.items())
            for bound, answers in zip((*self._bounds, None), buckets, strict=True)
            if answers
        )
        counted = bool(day.second)
        tally = Tally(
            process=self._process,
            number=self._number,
            day=day.day,
            asked=tuple(Asked(*p, day.found.pop(p, 0), day.others.pop(p, 0)) for p in pairs),
            second=day.second,
            latency=latency,
            time={transport: seconds for transport, (_, seconds) in day.series.items()},
            quickest=day.quickest if counted else None,
            slowest=day.slowest if counted else None,
        )
        day.second, day.series = {}, {}
        day.quickest, day.slowest = Extreme(float("inf"), 0), Extreme(float("-inf"), 0)
        return tally

    def _settle(self) -> None:
        """Add to the day what was answered since this was last done."""
        for transport, (buckets, seconds) in self._series().items():
            before, spent = self._told.get(transport, ([0] * len(buckets), 0.0))
            new = [now - then for now, then in zip(buckets, before, strict=True)]
            if not any(new):
                continue
            kept, time = self._day.series.get(transport, ([0] * len(buckets), 0.0))
            sums = [a + b for a, b in zip(kept, new, strict=True)]
            self._day.series[transport] = (sums, time + seconds - spent)
            self._told[transport] = (list(buckets), seconds)
