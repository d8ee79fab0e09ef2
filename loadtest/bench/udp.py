"""Handle over UDP: how many answers a second, and how soon they come at half of that."""

import statistics
from typing import Any, Final

from loadtest.bench import comparing, hot, nodes
from loadtest.bench.asking import over_udp
from loadtest.bench.comparing import Contender
from loadtest.bench.datagrams import Tally
from loadtest.bench.hot import Hot
from loadtest.bench.workload import Exchange, Workload

_RUNS: Final = 5
"""Runs at half of the capacity; the median of their p99 counts."""


def measure(node: nodes.Node, asked: Hot, seconds: float) -> dict[str, Any]:
    """Ask for hot names beside a bare loop."""
    port, draws = node.address("handle")[1], asked.asked.draws
    with over_udp(asked.warming) as ask:
        ask(port)
    with over_udp(asked.workload) as ask, nodes.reference("udp", asked.answers) as bare:

        def asks(port: int) -> Contender:
            pid = bare[0] if port == bare[1] else comparing.worker(node)
            return Contender(
                pid, lambda number: ask(port, seconds=seconds, start=hot.start(draws, number))
            )

        runs = comparing.in_turn({"bare": asks(bare[1]), "node": asks(port)})
        told = comparing.beside(runs["node"], runs["bare"], "a bare loop: recvfrom, dict, sendto")
        half = told["rate"] / 2
        ours, theirs = [], []
        for number in range(_RUNS):
            at = hot.start(draws, number)
            theirs.append(ask(bare[1], seconds=seconds / 2, rate=half, start=at))
            ours.append(ask(port, seconds=seconds / 2, rate=half, start=at))
    told["at_half_of_the_rate"] = _delays(ours, theirs, half)
    with nodes.c_echo() as echo:
        if echo is not None:
            told["c_echo"] = _echo(echo, asked, seconds, told["rate"])
    return told


def _delays(ours: list[Tally], theirs: list[Tally], asked: float) -> dict[str, Any]:
    p99, bare = (statistics.median(t.p99 for t in runs) for runs in (ours, theirs))
    return {
        "asked_a_second": round(asked),
        "p50_ms": round(statistics.median(t.p50 for t in ours) * 1e3, 3),
        "p99_ms": round(p99 * 1e3, 3),
        "reference_p50_ms": round(statistics.median(t.p50 for t in theirs) * 1e3, 3),
        "reference_p99_ms": round(bare * 1e3, 3),
        "times_the_reference": round(p99 / max(bare, 1e-9), 2),
        "lost": sum(t.lost for t in ours),
        "wrong": sum(t.wrong for t in ours),
    }


def _echo(echo: tuple[int, int], asked: Hot, seconds: float, rate: float) -> dict[str, Any]:
    questions = Workload(
        [Exchange(question, question) for question in asked.answers], asked.asked.draws
    )
    pid, port = echo
    with over_udp(questions) as ask:
        run = comparing.in_turn({"echo": Contender(pid, lambda _: ask(port, seconds=seconds / 2))})
    told = run["echo"].told()
    return {
        "reference": "a C program that echoes the questions",
        "reference_rate": told["rate"],
        "ratio": round(rate / told["rate"], 3),
        "driver_cpu_share": told["driver_cpu_share"],
        "reference_driver_bound": told["driver_bound"],
    }
