"""Shows Locust what the users noted, many answers at a time: one by one costs 4.5 µs each."""

from collections import Counter
from typing import Final

from locust.stats import RequestStats, StatsEntry, bucket_response_time

from loadtest.suites.histogram import BOUNDS
from loadtest.suites.tally import Book, Tally

_SLOWEST: Final = BOUNDS[-1]


class _Shown(Tally):
    """What was shown of a tally."""


class Publisher:
    """Brings Locust's statistics up to what the open tallies of `book` say."""

    def __init__(self, stats: RequestStats, book: Book) -> None:
        self._stats = stats
        self._book = book
        self._shown: dict[str, _Shown] = {}

    def publish(self, step: str) -> None:
        """Show what came since the last time, under the name of the step."""
        for user, tally in self._book.items():
            shown = self._shown.setdefault(user, _Shown())
            self._show(user, step, tally, shown)

    def turned(self) -> None:
        """Say that the book's tallies begin anew."""
        self._shown.clear()

    def _show(self, user: str, step: str, tally: Tally, shown: _Shown) -> None:
        times = [a - b for a, b in zip(tally.times.counts, shown.times.counts, strict=True)]
        octets = tally.octets - shown.octets
        failures = Counter(
            {
                "wrong answer": tally.wrong - shown.wrong,
                "refused": tally.refused - shown.refused,
                "no answer": tally.missing - shown.missing,
            }
        )
        missing = failures["no answer"]
        for entry in (self._stats.total, self._stats.get(step, user)):
            _add(entry, times, octets)
            if missing:
                entry.num_requests += missing
                entry.num_none_requests += missing
        for name, count in failures.items():
            for _ in range(count):
                self._stats.log_error(user, step, name)
        shown.times.counts = list(tally.times.counts)
        shown.octets, shown.missing = tally.octets, tally.missing
        shown.wrong, shown.refused = tally.wrong, tally.refused


def _add(entry: StatsEntry, times: list[int], octets: int) -> None:
    """Add answers by bucket of time; the first goes the long way, which also moves the clocks."""
    first = True
    for seconds, count in zip((*BOUNDS, _SLOWEST), times, strict=True):
        if not count:
            continue
        took = 1000 * seconds
        if first:
            entry.log(took, octets)  # type: ignore[arg-type]  # its own clients log fractions too
            first, count = False, count - 1  # noqa: PLW2901 -- one of them is logged
        entry.num_requests += count
        entry.total_response_time += took * count  # type: ignore[assignment]  # as above
        entry.response_times[bucket_response_time(took)] += count
        entry.max_response_time = max(entry.max_response_time, took)  # type: ignore[assignment]  # as above
        if entry.last_request_timestamp is not None:
            entry.num_reqs_per_sec[int(entry.last_request_timestamp)] += count
