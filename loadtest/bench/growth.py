"""What a node's size costs: cold look-ups at a million identifiers and at ten.

``python -m loadtest.bench.growth [SIZE …]``; prints one JSON document. Cold names are ones that
nobody asked for before, drawn over the whole size, one question in flight over UDP; before them as
many others are asked at each size, to warm what is common to all. Beside each size stands what a
name takes that was just asked for: that part is the machine's, not the size's. Exits with 1 when an
answer was wrong.
"""

import json
import socket
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from random import Random
from typing import Any, Final

from loadtest.bench import importing, nodes, streams, wire
from loadtest.corpus import Corpus

_SIZES: Final = (1_000_000, 10_000_000)
_CHUNK: Final = 250_000
"""Identifiers of one import."""
_COLD: Final = 5_000
_WARMING: Final = 20_000
_PREFIX: Final = "88.300.1"
_PATIENCE: Final = 5.0


def main(sizes: Sequence[int]) -> int:
    """Fill one node to each of the sizes in turn."""
    corpus = Corpus(enterprises=1)
    told: list[dict[str, Any]] = []
    with nodes.node() as node:
        key = importing.enrol(node, corpus, _PREFIX)
        rows = corpus.ndjson(0, sizes[-1])
        here = 0
        for size in sizes:
            began = time.monotonic()
            for count in _chunks(size - here):
                importing.bulk(node, key, b"".join(islice(rows, count)))
            took = time.monotonic() - began
            told.append(_measure(node, corpus, size, (size - here) / took))
            here = size
    first, last = told[0]["cold_p50_ms"], told[-1]["cold_p50_ms"]
    document = {"growth": told, "cold_p50_last_to_first": round(last / first, 2)}
    sys.stdout.write(json.dumps(document, indent=2) + "\n")
    return int(any(size["wrong"] for size in told))


def _chunks(count: int) -> Iterator[int]:
    while count > 0:
        yield min(count, _CHUNK)
        count -= _CHUNK


def _measure(node: nodes.Node, corpus: Corpus, size: int, rate: float) -> dict[str, Any]:
    draw = Random(size)
    items = draw.sample(range(size), _WARMING + _COLD)
    names = [corpus.identifier(item)["handle"] for item in items]
    with socket.create_connection(node.address("handle"), timeout=_PATIENCE) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        warming, cold = names[:_WARMING], names[_WARMING:]
        wrong = _ask(sock, warming)[1]
        first, wrong_first = _ask(sock, cold)
        again, wrong_again = _ask(sock, cold)
    return {
        "identifiers": size,
        "imported_per_second": round(rate),
        "cold_p50_ms": round(statistics.median(first) * 1e3, 3),
        "asked_again_p50_ms": round(statistics.median(again) * 1e3, 3),
        "wrong": wrong + wrong_first + wrong_again,
    }


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


if __name__ == "__main__":
    sys.exit(main([int(size) for size in sys.argv[1:]] or _SIZES))
