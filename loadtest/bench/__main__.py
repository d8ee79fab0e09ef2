"""Measure and print one JSON document; what is measured stands in `main`, in this order.

Each wire's rate is taken beside a bare reference that answers octets of the same sizes, in turn,
three rounds; the ratio of the medians is what counts, the machine's speed drifts. One worker on one
processor; driver, registry and stores on the other; for what writes, all on both. What a worker
holds is looked at in a second node, how soon a write is told and how fast cold names are read in a
third one with two workers. Exits with 1 when an answer was wrong or lost.
"""

import argparse
import json
import os
import sys
from itertools import islice
from typing import Any

from loadtest import machine
from loadtest.bench import (
    beside,
    cold,
    comparing,
    freshness,
    held,
    http,
    importing,
    nodes,
    registering,
    signed,
    streams,
    udp,
    wire,
)
from loadtest.bench.datagrams import Tally
from loadtest.corpus import Corpus

_ROUNDS = 3
_BATCH = 32
_QUESTIONS = 4096
_PREFIX = "88.300.1"
_WRITES = 50
_SINGLE = 12
"""One in so many is registered by itself."""


def main() -> int:
    """Run everything and print the document."""
    arguments = _arguments()
    corpus = Corpus(enterprises=1)
    with nodes.node() as node:
        key = importing.enrol(node, corpus, _PREFIX)
        result: dict[str, Any] = {"machine": machine.facts() | {"commit": machine.commit()}}
        count = arguments.identifiers
        result["import"] = importing.measure(node, key, corpus.ndjson(0, count), count)
        # The corpus has rows of nine values and more; an identifier of five is as common.
        short = importing.shortened(corpus.ndjson(count, 2 * count))
        result["import_five_values"] = importing.measure(node, key, short, count)
        lines = corpus.ndjson(2 * count, 5 * count)
        result["batch"] = registering.batches(node, key, lines, count=count, rounds=_ROUNDS)
        result["single"] = registering.singles(
            node, key, lines, count=count // _SINGLE, rounds=_ROUNDS
        )
        hot = [
            corpus.identifier(n)["handle"]
            for n in range(min(10_000, arguments.identifiers // _ROUNDS))
        ]
        names = wire.zipf(_in_one_datagram(node, hot), _QUESTIONS, seed=1)
        _pin(node)
        result["handle_udp"] = udp.measure(node, names, arguments.seconds)
        result["handle_tcp"] = _measure_tcp(node, names, arguments.seconds)
        result["http"] = http.measure(node, names, arguments.seconds)
        result["http_batch"] = http.measure_batch(node, names, arguments.seconds)
        result["handle_tcp_signed"] = signed.measure(
            node, names, seconds=arguments.seconds, rounds=_ROUNDS
        )
        questions = [wire.resolution(name, at + 1) for at, name in enumerate(names)]
        result["handle_udp_beside_import"] = beside.measure(
            node, key, questions, islice(lines, count // 2), result["handle_udp"]["rate"]
        )
    with nodes.node() as node:
        key = importing.enrol(node, corpus, _PREFIX)
        _pin(node)
        result["held"] = held.measure(
            node, key, _PREFIX, count=arguments.held, seconds=arguments.seconds
        )
    with nodes.node(workers=2) as node:
        key = importing.enrol(node, corpus, _PREFIX)
        result["freshness"] = freshness.measure(node, key, f"{_PREFIX}/FRESH", writes=_WRITES)
        _pin(node)
        result |= cold.measure(node, key, _PREFIX, count=arguments.cold)
    sys.stdout.write(json.dumps(result, indent=2) + "\n")
    return int(_amiss(result))


def _amiss(told: dict[str, Any]) -> bool:
    """Say whether an answer was wrong or lost, on any path or in any part of one."""
    within = any(_amiss(part) for part in told.values() if isinstance(part, dict))
    return within or bool(told.get("wrong") or told.get("lost"))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="idnode bench", description=__doc__)
    parser.add_argument("--identifiers", type=int, default=150_000, help="how many are imported")
    parser.add_argument("--cold", type=int, default=60_000, help="how many are asked once, cold")
    parser.add_argument("--held", type=int, default=100_000, help="how many a worker holds at once")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each round")
    return parser.parse_args()


def _pin(node: nodes.Node) -> None:
    for role, processes in node.processes().items():
        nodes.pin(processes, nodes.SERVER_CPU if role == "worker" else nodes.DRIVER_CPU)
    nodes.pin([os.getpid()], nodes.DRIVER_CPU)


def _in_one_datagram(node: nodes.Node, names: list[str]) -> list[str]:
    # A window counts datagrams, so over UDP one answer has to be one; the others are left out for
    # every wire, so that all carry the same octets.
    questions = [wire.resolution(name, 1) for name in names]
    answers = comparing.ask_over_tcp(node, questions)
    return [
        name
        for name, question in zip(names, questions, strict=True)
        if len(answers[question]) <= wire.DATAGRAM
    ]


def _measure_tcp(node: nodes.Node, names: list[str], seconds: float) -> dict[str, Any]:
    questions = [wire.resolution(name, at + 1) for at, name in enumerate(names)]
    batches = [b"".join(questions[at : at + _BATCH]) for at in range(0, len(questions), _BATCH)]
    answers = comparing.ask_over_tcp(node, questions)
    sizes = [
        sum(len(answers[q]) for q in questions[at : at + _BATCH])
        for at in range(0, len(questions), _BATCH)
    ]
    right = {wire.timeless(answer) for answer in answers.values()}

    def check(stream: bytes) -> int:
        return sum(wire.timeless(m) not in right for m in wire.messages(stream))

    def drive(port: int) -> Tally:
        return streams.drive(
            ("127.0.0.1", port),
            batches,
            sizes,
            check,
            per_batch=_BATCH,
            connections=4,
            seconds=seconds,
        )

    with nodes.reference("tcp", answers) as bare:
        return comparing.compare(
            node,
            bare,
            _port(node, "handle"),
            drive,
            f"a bare asyncio echo, {_BATCH} requests pipelined",
        )


def _port(node: nodes.Node, name: str) -> int:
    return node.address(name)[1]


if __name__ == "__main__":
    sys.exit(main())
