"""What a node's size costs: cold look-ups at a million identifiers and at ten, side by side.

``python -m loadtest.bench.growth [SIZE SIZE]``; prints one JSON document. Two nodes of one worker
each are filled and stay; both come to rest and are warmed by as many look-ups. Then cold names are
asked for, ones that nobody asked for before, drawn over the whole of a node, one question in flight
over TCP: a few of one node, as many of the other, by turns, so that whatever else the machine does
falls on both. Each name is asked for once more right away: that a worker holds it then, and what
remains is the machine's. The ratio of the medians counts; the ratios of the turns tell how far it
can be trusted. Exits with 1 when an answer was wrong. What it wrote is gone when it ends, also by
Ctrl-C.
"""

import argparse
import json
import shutil
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import chain
from random import Random
from typing import Any, Final

import msgspec

from loadtest import machine
from loadtest.bench import importing, nodes, population, streams, wire

SIZES: Final = (1_000_000, 10_000_000)
BAR: Final = 1.3
"""Cold p50 at the larger size over that at the smaller, at most."""
_CHUNK: Final = 250_000
"""Identifiers of one import."""
_COLD: Final = 6_000
_WARMING: Final = 20_000
_TURN: Final = 100
"""Names of one turn."""
_PREFIX: Final = "88.300.1"
_PATIENCE: Final = 5.0
_REST: Final = 600.0
_OCTETS: Final = 2_000
"""Of disk that an identifier takes for a while: table, history, indexes, write-ahead log."""


class Side(msgspec.Struct):
    """One of the nodes and what it told."""

    link: socket.socket
    size: int
    imported_per_second: float
    rested: float
    names: Sequence[str]
    """Those to be asked for: first the warming ones, then the cold ones."""
    cold: list[list[float]] = []
    """Seconds that each name took, by turn."""
    again: list[list[float]] = []
    wrong: int = 0

    def told(self) -> dict[str, Any]:
        """Return the row of this size."""
        cold, again = list(chain(*self.cold)), list(chain(*self.again))
        return {
            "identifiers": self.size,
            "imported_per_second": round(self.imported_per_second),
            "rest_seconds": round(self.rested, 1),
            "cold_p50_ms": _milliseconds(statistics.median(cold)),
            "cold_p90_ms": _milliseconds(statistics.quantiles(cold, n=10)[-1]),
            "asked_again_p50_ms": _milliseconds(statistics.median(again)),
            "wrong": self.wrong,
        }


def main(words: Sequence[str] | None = None) -> int:
    """Measure the sizes given, by default `SIZES`, and print what was found."""
    parser = argparse.ArgumentParser(prog="loadtest.bench.growth", description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, help="of the two nodes, the smaller first")
    parser.add_argument("--cold", type=int, default=_COLD, help="names asked of each")
    parser.add_argument("--warming", type=int, default=_WARMING, help="names asked of each before")
    given = parser.parse_args(words)
    sizes = tuple(given.sizes) or SIZES
    fewest = given.cold + given.warming
    if len(sizes) != len(SIZES) or min(sizes) < fewest:
        parser.error(f"give two sizes of at least {fewest:,}")
    nodes.unwind_on_signals()
    try:
        document = measure(sizes, cold=given.cold, warming=given.warming)
    except KeyboardInterrupt:
        return 130
    sys.stdout.write(json.dumps(document, indent=2) + "\n")
    return int(any(row["wrong"] for row in document["growth"]))


def measure(sizes: Sequence[int], *, cold: int, warming: int) -> dict[str, Any]:
    """Fill two nodes and ask them by turns. Exits when the disk has no room for them."""
    _check_room(sum(sizes))
    with ExitStack() as stack:
        filled = [_filled(stack, size) for size in sizes]
        rested = [nodes.settle(node, _REST) for node, _ in filled]
        # A connection over which nothing is said is closed long before a large node has rested.
        sides = [
            Side(
                link=stack.enter_context(_linked(node)),
                size=size,
                imported_per_second=rate,
                rested=rest,
                names=_drawn(size, warming + cold),
            )
            for size, (node, rate), rest in zip(sizes, filled, rested, strict=True)
        ]
        for side in sides:
            _, wrong = _ask(side.link, side.names[:warming])
            side.wrong += wrong
        for first in range(warming, warming + cold, _TURN):
            # Who goes first changes: what the first one leaves behind is not always the same one's.
            for side in sides if first // _TURN % 2 else reversed(sides):
                _turn(side, side.names[first : first + _TURN])
    return _document(sides)


def _filled(stack: ExitStack, size: int) -> tuple[nodes.Node, float]:
    """Start a node and import `size` identifiers; return it with how many it took a second."""
    node = stack.enter_context(nodes.node())
    key = importing.enrol(node, population.corpus(), _PREFIX)
    rows = population.lines(0, size, population.VALUES)
    spent = 0.0
    for count in _chunks(size):
        body = population.take(rows, count)
        began = time.monotonic()
        if importing.bulk(node, key, body)["created"] != count:
            sys.exit("an import left something out")
        spent += time.monotonic() - began
    return node, size / spent


def _linked(node: nodes.Node) -> socket.socket:
    link = socket.create_connection(node.address("handle"), timeout=_PATIENCE)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return link


def _chunks(count: int) -> Iterator[int]:
    while count > 0:
        yield min(count, _CHUNK)
        count -= _CHUNK


def _drawn(size: int, count: int) -> list[str]:
    corpus = population.corpus()
    items = Random(size).sample(range(size), count)
    return [corpus.identifier(item)["handle"] for item in items]


def _turn(side: Side, names: Sequence[str]) -> None:
    for told in (side.cold, side.again):
        took, wrong = _ask(side.link, names)
        told.append(took)
        side.wrong += wrong


def _ask(sock: socket.socket, names: Sequence[str]) -> tuple[list[float], int]:
    """Ask one after the other; return the seconds that each took, and how many were wrong."""
    took: list[float] = []
    wrong = 0
    for number, name in enumerate(names, start=1):
        question = wire.resolution(name, number)
        began = time.perf_counter()
        sock.sendall(question)
        answer = streams.read_message(sock)
        took.append(time.perf_counter() - began)
        wrong += not wire.is_success(answer, question)
    return took, wrong


def _document(sides: Sequence[Side]) -> dict[str, Any]:
    rows = [side.told() for side in sides]
    small, large = sides
    ratios = [
        statistics.median(theirs) / statistics.median(ours)
        for ours, theirs in zip(small.cold, large.cold, strict=True)
    ]
    ratio = round(rows[1]["cold_p50_ms"] / rows[0]["cold_p50_ms"], 3)
    low, _, high = statistics.quantiles(ratios, n=4)
    return {
        "machine": machine.facts() | {"commit": machine.commit()},
        "growth": rows,
        "cold_p50_last_to_first": ratio,
        "of_turns": {"median": round(statistics.median(ratios), 3),
                     "quartiles": [round(low, 3), round(high, 3)]},
        "bar": f"at most {BAR}",
        "reached": ratio <= BAR,
    }  # fmt: skip


def _check_room(identifiers: int) -> None:
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if free < identifiers * _OCTETS:
        need = identifiers * _OCTETS // 2**30 + 1
        sys.exit(f"{tempfile.gettempdir()} has {free // 2**30} GiB free, {need} are needed")


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1e3, 4)


if __name__ == "__main__":
    sys.exit(main())
