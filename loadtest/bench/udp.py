"""Handle over UDP: how many answers a second, and how soon they come at half of that."""

import statistics
from typing import Any, Final

from loadtest.bench import comparing, datagrams, nodes, wire
from loadtest.bench.datagrams import Tally

_RUNS: Final = 5
"""Runs at half of the capacity; the median of their p99 counts."""
_OPEN: Final = 2048
"""Questions in flight after which open load would wait."""


def measure(node: nodes.Node, names: list[str], seconds: float) -> dict[str, Any]:
    """Ask for `names` in turn; every reply is checked."""
    questions = [wire.resolution(name, at + 1) for at, name in enumerate(names)]
    answers = comparing.ask_over_tcp(node, questions)
    sizes = [len(answers[question]) for question in questions]
    port = node.address("handle")[1]

    def drive(port: int) -> Tally:
        return datagrams.drive(("127.0.0.1", port), questions, sizes, seconds=seconds)

    def drive_gently(port: int, rate: float) -> Tally:
        return datagrams.drive(
            ("127.0.0.1", port), questions, sizes, seconds=seconds / 2, window=_OPEN, rate=rate
        )

    with nodes.reference("udp", answers) as bare:
        told = comparing.compare(node, bare, port, drive, "a bare loop: recvfrom, dict, sendto")
        half = told["rate"] / 2
        ours, theirs = [], []
        for _ in range(_RUNS):
            theirs.append(drive_gently(bare[1], half))
            ours.append(drive_gently(port, half))
    told["at_half_of_the_rate"] = _delays(ours, theirs)
    with nodes.c_echo() as echo:
        if echo is not None:
            told["c_echo"] = _echo(echo[1], questions, seconds, told["rate"])
    return told


def _delays(ours: list[Tally], theirs: list[Tally]) -> dict[str, Any]:
    p99, bare = (statistics.median(t.p99 for t in runs) for runs in (ours, theirs))
    return {
        "p50_ms": round(statistics.median(t.p50 for t in ours) * 1e3, 3),
        "p99_ms": round(p99 * 1e3, 3),
        "reference_p99_ms": round(bare * 1e3, 3),
        "times_the_reference": round(p99 / bare, 2),
        "lost": sum(t.lost for t in ours),
        "wrong": sum(t.wrong for t in ours),
    }


def _echo(port: int, questions: list[bytes], seconds: float, rate: float) -> dict[str, Any]:
    sizes = [len(question) for question in questions]
    runs = [
        datagrams.drive(("127.0.0.1", port), questions, sizes, seconds=seconds)
        for _ in range(comparing.ROUNDS)
    ]
    echoed = statistics.median(t.rate for t in runs)
    return {
        "reference": "a C program that echoes the questions",
        "reference_rate": round(echoed),
        "ratio": round(rate / echoed, 3),
        "driver_cpu_share": round(sum(t.cpu for t in runs) / sum(t.seconds for t in runs), 2),
    }
