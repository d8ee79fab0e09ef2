"""The node beside a bare reference, in turn: what decides is their ratio in one run."""

import socket
import statistics
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from loadtest.bench import nodes, streams, wire
from loadtest.bench.datagrams import Tally

ROUNDS: Final = 3


def compare(
    node: nodes.Node,
    bare: tuple[int, int],
    port: int,
    drive: Callable[[int], Tally],
    words: str,
) -> dict[str, Any]:
    """Let `drive` ask a bare server (process id, port) and the node's `port` in turn.

    The rates are medians of the rounds. Processor time an answer is told too: it suffers less from
    what else a shared machine does.
    """
    (worker,) = node.processes()["worker"]
    ours: list[Tally] = []
    theirs: list[Tally] = []
    used = bare_used = 0.0
    for _ in range(ROUNDS):
        with processor_time(bare[0]) as spent:
            theirs.append(drive(bare[1]))
        bare_used += spent[0]
        with processor_time(worker) as spent:
            ours.append(drive(port))
        used += spent[0]
    took = sum(t.seconds for t in ours)
    each, bare_each = (
        seconds / sum(t.answered for t in runs)
        for seconds, runs in ((used, ours), (bare_used, theirs))
    )
    rate, reference = (statistics.median(t.rate for t in runs) for runs in (ours, theirs))
    return {
        "reference": words,
        "rate": round(rate),
        "reference_rate": round(reference),
        "ratio": round(rate / reference, 3),
        "microseconds": round(each * 1e6, 2),
        "reference_microseconds": round(bare_each * 1e6, 2),
        "ratio_by_processor_time": round(bare_each / each, 3),
        "lost": sum(t.lost for t in ours),
        "wrong": sum(t.wrong for t in ours),
        "worker_cpu_share": round(used / took, 2),
        "driver_cpu_share": round(sum(t.cpu for t in ours) / took, 2),
    }


@contextmanager
def processor_time(pid: int) -> Iterator[list[float]]:
    """Give a list that holds the processor seconds of a process when the block has ended."""
    spent = [nodes.cpu_seconds(pid)]
    yield spent
    spent[0] = nodes.cpu_seconds(pid) - spent[0]


def ask_over_tcp(node: nodes.Node, questions: list[bytes]) -> dict[bytes, bytes]:
    """Ask one after the other and check each answer whole."""
    answers: dict[bytes, bytes] = {}
    with socket.create_connection(node.address("handle"), timeout=5) as sock:
        for question in questions:
            sock.sendall(question)
            answer = answers[question] = streams.read_message(sock)
            if not wire.is_success(answer, question):
                sys.exit(f"a wrong answer: {answer.hex()}")
    return answers
