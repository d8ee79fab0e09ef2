"""What the figures of a run have to reach, beside what they are."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

Figures = Mapping[str, Any]


class Bar(NamedTuple):
    """A figure and its bar, at least or at most; `alone` is what the machine takes away."""

    path: str
    place: str
    """Where the figure stands in the document, by dots."""
    least: float | None = None
    most: float | None = None
    alone: Callable[[Figures], float] | None = None
    """Gives the figure that a machine with nothing else to do would have shown."""
    counts: Callable[[Figures], bool] | None = None
    """Whether this machine and this size allow to speak of the bar at all."""


def _by_processor_time(path: str) -> Callable[[Figures], float]:
    return lambda figures: float(figures[path]["ratio_by_processor_time"])


def _on_a_whole_processor(path: str) -> Callable[[Figures], float]:
    return lambda figures: float(round(1e6 / max(figures[path]["microseconds"], 1e-3)))


_NEARLY_A_MILLION: Final = 990_000
"""A busy store leaves a few questions unanswered."""
_LOOP: Final = 160_000

BARS: Final = (
    Bar("Handle UDP, of a bare Python loop", "handle_udp.ratio", 0.6,
        alone=_by_processor_time("handle_udp")),
    Bar("Handle UDP, answers a second where the loop has 160,000", "handle_udp.rate", 94_000,
        alone=_on_a_whole_processor("handle_udp"),
        counts=lambda figures: figures["handle_udp"]["reference_rate"] >= _LOOP),
    Bar("Handle UDP, p99 at half of the rate, times the loop's",
        "handle_udp.at_half_of_the_rate.times_the_reference", most=3),
    Bar("Handle TCP, of a bare asyncio echo", "handle_tcp.ratio", 0.5,
        alone=_by_processor_time("handle_tcp")),
    Bar("HTTP GET, of bare httptools", "http.ratio", 0.7, alone=_by_processor_time("http")),
    Bar("HTTP GET, times plain aiohttp", "http.plain_aiohttp.ratio", 4,
        alone=lambda figures: float(figures["http"]["plain_aiohttp"]["ratio_by_processor_time"])),
    Bar("HTTP batches of 100, names a second", "http_batch.rate", 300_000,
        alone=_on_a_whole_processor("http_batch")),
    Bar("from Redis, names a second", "cold_redis.rate", 40_000,
        alone=_on_a_whole_processor("cold_redis")),
    Bar("from PostgreSQL, names a second", "cold_postgres.rate", 25_000,
        alone=_on_a_whole_processor("cold_postgres")),
    Bar("beside unknown names, part of the hot ones answered", "half_unknown.hot_answered", 0.999),
    Bar("beside unknown names, p99 times that without", "half_unknown.times_alone", most=2),
    Bar("beside unknown names, questions to PostgreSQL a second",
        "half_unknown.postgres_transactions", most=1000),
    Bar("beside an import, p99 in ms at 0.3 of the rate", "handle_udp_beside_import.p99_ms",
        most=5),
    Bar("beside an import, identifiers a second that it takes in",
        "handle_udp_beside_import.import_rate", 15_000),
    Bar("resident octets of a worker that holds a million names", "held.resident", most=900_000_000,
        counts=lambda figures: figures["held"]["held"] >= _NEARLY_A_MILLION),
    Bar("longest stop by the collector in ms", "filled.longest_gc_pause_ms", most=5),
    Bar("rolling restart of all workers, lost answers", "rolling_restart.lost", most=0,
        counts=lambda figures: figures["rolling_restart"]["workers_replaced"] > 1),
    Bar("bulk import, identifiers a second", "import.rate", 40_000),
    Bar("batches of 2,000 from 4 callers, identifiers a second", "batch.rate", 25_000),
    Bar("single POSTs from 64 callers, identifiers a second", "single.rate", 3_000),
)  # fmt: skip


def table(figures: Figures) -> list[dict[str, Any]]:
    """Return figure, bar and whether it was reached, of every bar whose path was measured.

    `reached` is None where this machine, or this size, does not allow to say. A rate or a ratio of
    rates is also told, and judged, as it follows from processor time (`by_processor_time`): what
    else a shared machine does changes that less.
    """
    return [_row(bar, figures) for bar in BARS if bar.place.partition(".")[0] in figures]


def _row(bar: Bar, figures: Figures) -> dict[str, Any]:
    figure: Any = figures
    for part in bar.place.split("."):
        figure = figure[part]
    counts = bar.counts is None or bar.counts(figures)
    row = {
        "path": bar.path,
        "figure": figure,
        "bar": f"at most {bar.most:,}" if bar.least is None else f"at least {bar.least:,}",
        "reached": _reached(bar, figure) if counts else None,
    }
    if bar.alone is not None:
        alone = bar.alone(figures)
        row["by_processor_time"] = alone
        row["reached_by_processor_time"] = _reached(bar, alone) if counts else None
    return row


def _reached(bar: Bar, figure: float) -> bool:
    return (bar.least is None or figure >= bar.least) and (bar.most is None or figure <= bar.most)
