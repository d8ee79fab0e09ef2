"""What is measured, in this order: the parts of a run and what they share."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Final

import msgspec

from loadtest.bench import (
    beside,
    cold,
    comparing,
    freshness,
    hot,
    http,
    importing,
    nodes,
    population,
    registering,
    restarting,
    signed,
    tcp,
    udp,
    unknown,
)
from loadtest.bench.profile import Profile, table

PREFIX: Final = "88.300.1"
_SEED: Final = 1


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """How much is asked and written."""

    identifiers: int = 1_000_000
    """Are imported, and all of them asked for."""
    draws: int = 200_000
    """Of the hot names, which are asked for in this order again and again."""
    seconds: float = 1.0
    """Of each round."""
    rest: float = 60.0
    """Seconds that the node may take to come to rest after it was written to."""
    redis: int = 45_000
    """Names that are asked of Redis."""
    batch: int = 48_000
    single: int = 6_000
    """Identifiers that are registered in batches, and one a request."""
    beside: int = 120_000
    """Identifiers that are imported beside look-ups."""
    writes: int = 30
    """Times that one identifier is written, and as often without Redis."""
    signed: int = 2
    """Rounds of certified look-ups."""


QUICK: Final = Sizes(
    identifiers=50_000,
    draws=20_000,
    seconds=0.3,
    rest=3.0,
    redis=15_000,
    batch=12_000,
    single=1_500,
    beside=30_000,
    writes=5,
    signed=1,
)


class Stage(msgspec.Struct, dict=True, frozen=True):
    """A node with one worker that holds the population, and what is asked of it."""

    node: nodes.Node
    key: str
    sizes: Sizes
    names: list[str]
    profile: Profile | None = None

    @cached_property
    def hot(self) -> hot.Hot:
        """Return the hot names, their questions and answers; the worker knows them afterwards."""
        return hot.known(self.node, population.popular(self.names, self.sizes.draws, _SEED))

    def more(self, start: int, count: int) -> Iterator[bytes]:
        """Yield identifiers of the corpus as JSON lines, `start` after those that are imported."""
        first = self.sizes.identifiers + start
        return population.lines(first, first + count, population.VALUES)


def _batch(stage: Stage) -> dict[str, Any]:
    lines = stage.more(0, stage.sizes.batch)
    return registering.batches(stage.node, stage.key, lines, count=stage.sizes.batch, rounds=2)


def _single(stage: Stage) -> dict[str, Any]:
    lines = stage.more(stage.sizes.batch, stage.sizes.single)
    return registering.singles(stage.node, stage.key, lines, count=stage.sizes.single, rounds=2)


def _udp(stage: Stage) -> dict[str, Any]:
    return udp.measure(stage.node, stage.hot, stage.sizes.seconds)


def _tcp(stage: Stage) -> dict[str, Any]:
    return tcp.measure(stage.node, stage.hot, stage.sizes.seconds)


def _http(stage: Stage) -> dict[str, Any]:
    return http.measure(stage.node, stage.hot.asked, stage.sizes.seconds)


def _http_batch(stage: Stage) -> dict[str, Any]:
    return http.measure_batch(stage.node, stage.hot.asked, stage.sizes.seconds)


def _signed(stage: Stage) -> dict[str, Any]:
    sizes = stage.sizes
    names = stage.hot.asked.names
    return signed.measure(stage.node, names, seconds=sizes.seconds, rounds=sizes.signed)


def _unknown(stage: Stage) -> dict[str, Any]:
    return unknown.measure(stage.node, PREFIX, stage.hot, stage.sizes.seconds)


def _beside(stage: Stage) -> dict[str, Any]:
    lines = stage.more(stage.sizes.batch + stage.sizes.single, stage.sizes.beside)
    return beside.measure(stage.node, stage.key, stage.hot, b"".join(lines))


WRITING: Final[Mapping[str, Callable[[Stage], dict[str, Any]]]] = {
    "batch": _batch,
    "single": _single,
}
"""With all of the node on all processors."""
POSTGRES: Final = "cold_postgres"
"""Makes the row `held` too, and a worker that holds everything."""
READING: Final[Mapping[str, Callable[[Stage], dict[str, Any]]]] = {
    "handle_udp": _udp,
    "handle_tcp": _tcp,
    "http": _http,
    "http_batch": _http_batch,
    "handle_tcp_signed": _signed,
    "half_unknown": _unknown,
    "handle_udp_beside_import": _beside,
}
"""With the worker on a processor of its own; the last one also with all on all again."""
FRESHNESS: Final = "freshness"
REDIS: Final = "cold_redis"
RESTART: Final = "rolling_restart"
OF_TWO: Final = (FRESHNESS, REDIS, RESTART)
"""Of a node with two workers."""
QUICKLY: Final = (*WRITING, POSTGRES, *READING)
"""Without a second node."""
NAMES: Final = (*QUICKLY, *OF_TWO)


def measure(stage: Stage, wanted: frozenset[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the wanted rows of a node whose import is done."""
    rested = 0.0
    for name, part in WRITING.items():
        if name in wanted:
            # What follows a write, the projection above all, is no part of the next one.
            rested += nodes.settle(stage.node, stage.sizes.rest)
            yield name, part(stage)
    rested += nodes.settle(stage.node, stage.sizes.rest)
    yield "settled", {"seconds": round(rested, 1)}
    nodes.pin_to_processors(stage.node)
    if POSTGRES in wanted:
        with _profiled(stage) as row:
            row.update(cold.postgres(stage.node, stage.names))
        yield from row.items()
    for name, part in READING.items():
        if name in wanted:
            with _profiled(stage) as row:
                row[name] = part(stage)
            yield from row.items()
    if POSTGRES in wanted:
        yield "filled", cold.filled(stage.node)


@contextmanager
def _profiled(stage: Stage) -> Iterator[dict[str, dict[str, Any]]]:
    """Give a place for rows; tell in the first one where the worker was, if that is wanted."""
    rows: dict[str, dict[str, Any]] = {}
    if stage.profile is None:
        yield rows
        return
    with stage.profile.of(comparing.worker(stage.node)) as seen:
        yield rows
    first = next(iter(rows.values()))
    first["profile"] = table(seen, first.get("microseconds"))


def measure_two(
    node: nodes.Node, key: str, sizes: Sizes, wanted: frozenset[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the wanted rows of a node with two workers."""
    body = b"".join(population.lines(0, sizes.redis, population.VALUES))
    importing.bulk(node, key, body)
    names = [item.handle for item in population.corpus().items(0, sizes.redis)]
    if FRESHNESS in wanted:
        yield FRESHNESS, freshness.measure(node, key, f"{PREFIX}/FRESH", writes=sizes.writes)
    nodes.pin_to_processors(node)
    if REDIS in wanted:
        yield REDIS, cold.redis(node, names)
    if RESTART in wanted:
        yield RESTART, restarting.measure(node, names[:1000])
