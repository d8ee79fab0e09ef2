"""Look-ups of names that a worker does not hold, each asked once: from PostgreSQL, and from Redis.

Of two workers one is stopped (SIGSTOP) while the other is asked. What the first one read from
PostgreSQL it left in Redis, where the second one then finds it. Redis is trusted by a worker from
its first look on, so both look once before.
"""

import json
import os
import signal
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from loadtest.bench import comparing, datagrams, importing, nodes, wire
from loadtest.bench.datagrams import Tally

VALUES: Final = 300
"""Octets of the values of one identifier, as a reply carries them."""
_EMPTY: Final = 4 + 4 + 4 + 1 + 4 + 1 + 4 + 3 + 4 + 4
"""Those of one URL without its text, and the number of values."""
_WARM: Final = 64
_WINDOW: Final = 512
_ROUND: Final = 5000
"""Names asked for in one go: a worker that is stopped for four seconds counts as hung."""
_NEWS: Final = 0.4
"""Seconds in which a worker that was stopped has read the news, and fills have reached Redis."""


def handle(prefix: str, number: int) -> str:
    """Return the name of an identifier; all are of one length."""
    return f"{prefix}/COLD{number:08d}"


def lines(prefix: str, first: int, last: int) -> Iterator[bytes]:
    """Yield identifiers with one value each."""
    for number in range(first, last):
        text = f"https://cold.example/{number:08d}/".ljust(VALUES - _EMPTY, "x")
        value = {"index": 1, "type": "URL", "data": {"format": "string", "value": text}}
        yield json.dumps({"handle": handle(prefix, number), "values": [value]}).encode() + b"\n"


def measure(node: nodes.Node, key: str, prefix: str, *, count: int) -> dict[str, Any]:
    """Import `count` identifiers and ask for each, in turn from PostgreSQL and from Redis.

    `node` has two workers. `hits` is the part of the names that Redis answered, `queries` how many
    a second PostgreSQL was asked.
    """
    importing.bulk(node, key, b"".join(lines(prefix, 0, count)))
    names = [handle(prefix, number) for number in range(count)]
    workers = tuple(node.processes()["worker"])
    for at, worker in enumerate(workers):
        _ask(node, worker, workers, names[at * _WARM : (at + 1) * _WARM])
    cold = names[2 * _WARM :]
    each = min(_ROUND, len(cold) // comparing.ROUNDS)
    postgres, redis = [], []
    hits = queries = 0.0
    starts = range(0, len(cold) - each + 1, each)
    for start in starts:
        some = cold[start : start + each]
        before = node.metric("idnode_store_questions_total")
        postgres.append(_ask(node, workers[0], workers, some))
        queries += node.metric("idnode_store_questions_total") - before
        before = node.metric("idnode_shared_tier_names_total", 'result="hit"')
        redis.append(_ask(node, workers[1], workers, some))
        hits += node.metric("idnode_shared_tier_names_total", 'result="hit"') - before
    seconds = sum(run.seconds for run, _ in postgres)
    return {
        "cold_postgres": _told(postgres) | {"queries": round(queries / seconds)},
        "cold_redis": _told(redis) | {"hits": round(hits / (each * len(starts)), 4)},
    }


def _ask(
    node: nodes.Node, worker: int, workers: Sequence[int], names: Sequence[str]
) -> tuple[Tally, float]:
    """Ask one worker for names; give also the processor time that it took."""
    questions = [wire.resolution(name, at + 1) for at, name in enumerate(names)]
    size = len(questions[0]) - 8 + VALUES
    with _only(worker, workers), comparing.processor_time(worker) as spent:
        run = datagrams.drive_once(node.address("handle"), questions, size, window=_WINDOW)
    return run, spent[0]


@contextmanager
def _only(worker: int, workers: Sequence[int]) -> Iterator[None]:
    """Stop the other workers until the block ends, and give this one time to read the news."""
    others = [other for other in workers if other != worker]
    for other in others:
        os.kill(other, signal.SIGSTOP)
    try:
        time.sleep(_NEWS)
        yield
    finally:
        for other in others:
            os.kill(other, signal.SIGCONT)
        time.sleep(_NEWS)


def _told(asked: Sequence[tuple[Tally, float]]) -> dict[str, Any]:
    runs, used = [run for run, _ in asked], sum(spent for _, spent in asked)
    answered = sum(run.answered for run in runs)
    return {
        "names": answered,
        "octets_of_values": VALUES,
        "rate": round(statistics.median(run.rate for run in runs)),
        "worker_cpu_us_per_name": round(1e6 * used / answered, 1),
        "lost": sum(run.lost for run in runs),
        "wrong": sum(run.wrong for run in runs),
        "worker_cpu_share": round(used / sum(run.seconds for run in runs), 2),
    }
