"""Look-ups of names that a worker does not hold, each asked once: from PostgreSQL, and from Redis.

One worker is asked for all names there are: what it holds afterwards, and how long the collector
ever stopped it, is looked at too. Redis answers a worker only what was read from PostgreSQL since
that worker began to follow the news; so of two workers, which both looked once before, one is
stopped (SIGSTOP) while the other is asked, and what the first one read the second one then finds.
"""

import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from loadtest.bench import comparing, nodes, wire, workload
from loadtest.bench.asking import over_udp
from loadtest.bench.comparing import Contender, Runs

_WINDOW: Final = 512
_PIECE: Final = 50_000
"""Names asked for in one go; their rates' median counts."""
_BRIEF: Final = 15_000
"""So many while a worker is stopped: for four seconds it counts as hung."""
_NEWS: Final = 0.4
"""Seconds in which a worker that was stopped has read the news, and fills have reached Redis."""


def postgres(node: nodes.Node, names: Sequence[str]) -> dict[str, Any]:
    """Ask the only worker once for each of `names`.

    `queries` is how many a second PostgreSQL was asked for names. `held` tells of the worker.
    """
    worker = comparing.worker(node)
    empty, queries = _resident(worker), node.metric("idnode_store_questions_total")
    read = _once(node, worker, names)
    queries = node.metric("idnode_store_questions_total") - queries
    return {
        "cold_postgres": _told(read) | {"queries": round(queries / read.seconds)},
        "held": {"identifiers": len(names)} | _held(node, worker, empty),
    }


def filled(node: nodes.Node) -> dict[str, Any]:
    """Tell of the only worker when finished replies and pages have come beside what it holds."""
    worker = comparing.worker(node)
    return {"resident": _resident(worker), "longest_gc_pause_ms": _longest_pause(node)}


def redis(node: nodes.Node, names: Sequence[str]) -> dict[str, Any]:
    """Ask each of two workers once for each of `names`; tell of the second one.

    `hits` is the part of the names that Redis answered.
    """
    one, other = node.processes()["worker"]
    for worker, name in ((one, names[0]), (other, names[1])):
        with _stopped(one + other - worker):
            _once(node, worker, [name])
    found, hits = Runs(), 0.0
    for first in range(2, len(names), _BRIEF):
        some = names[first : first + _BRIEF]
        with _stopped(other):
            _once(node, one, some)
        before = node.metric("idnode_shared_tier_names_total", 'result="hit"')
        with _stopped(one):
            found += _once(node, other, some)
        hits += node.metric("idnode_shared_tier_names_total", 'result="hit"') - before
    return _told(found) | {"hits": round(hits / (len(names) - 2), 4)}


@contextmanager
def _stopped(worker: int) -> Iterator[None]:
    """Stop a worker until the block ends, and give the other one time to read the news."""
    os.kill(worker, signal.SIGSTOP)
    try:
        time.sleep(_NEWS)
        yield
    finally:
        os.kill(worker, signal.SIGCONT)
        time.sleep(_NEWS)


def _once(node: nodes.Node, worker: int, names: Sequence[str]) -> Runs:
    """Ask once for each name, of the worker that is there to answer."""
    port = node.address("handle")[1]
    whole = Runs()
    for first in range(0, len(names), _PIECE):
        questions = [wire.resolution(name, 0) for name in names[first : first + _PIECE]]
        with over_udp(workload.once(questions)) as ask:
            contender = Contender(worker, lambda _: ask(port, window=_WINDOW))
            whole += comparing.in_turn({"node": contender}, rounds=1)["node"]
    return whole


def _told(runs: Runs) -> dict[str, Any]:
    rates = [tally.rate for tally in runs.tallies]
    return {"names": runs.answered} | runs.told() | {"slowest_rate": round(min(rates))}


def _held(node: nodes.Node, worker: int, empty: int) -> dict[str, Any]:
    resident, held = _resident(worker), round(node.metric("idnode_cache_entries"))
    return {
        "held": held,
        "resident": resident,
        "resident_per_identifier": round((resident - empty) / max(held, 1)),
        "longest_gc_pause_ms": _longest_pause(node),
    }


def _longest_pause(node: nodes.Node) -> float:
    return round(1e3 * node.metric("process_gc_pause_longest_seconds", "worker"), 3)


def _resident(pid: int) -> int:
    """Return the resident memory of a process in octets."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (kibibytes,) = (line.split()[1] for line in lines if line.startswith("VmRSS:"))
    return int(kibibytes) * 1024
