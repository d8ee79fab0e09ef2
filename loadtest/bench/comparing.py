"""The node beside bare references, in turn: what decides is their ratio in one run."""

import socket
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, Final, NamedTuple

import msgspec

from loadtest.bench import nodes, streams, wire
from loadtest.bench.datagrams import Tally

ROUNDS: Final = 3
_AT_ONCE: Final = 64
"""Questions sent before their answers are read."""


class Contender(NamedTuple):
    """A server that takes its turn: its process, and how it is asked in a round."""

    pid: int
    ask: Callable[[int], Tally]


class Runs(msgspec.Struct):
    """What all rounds of a contender came to."""

    tallies: list[Tally] = []
    program: float = 0.0
    """Seconds of the processor in the server's program, and in the kernel for it."""
    kernel: float = 0.0

    @property
    def used(self) -> float:
        """Seconds of the processor."""
        return self.program + self.kernel

    @property
    def answered(self) -> int:
        """How many answers."""
        return sum(tally.answered for tally in self.tallies)

    @property
    def seconds(self) -> float:
        """How long all rounds took."""
        return sum(tally.seconds for tally in self.tallies)

    @property
    def rate(self) -> float:
        """The median of the rounds."""
        return statistics.median(tally.rate for tally in self.tallies)

    @property
    def microseconds(self) -> float:
        """Processor time an answer."""
        return 1e6 * self.used / max(self.answered, 1)

    def __add__(self, other: "Runs") -> "Runs":
        """Return these rounds and those."""
        return Runs(
            self.tallies + other.tallies,
            self.program + other.program,
            self.kernel + other.kernel,
        )

    def told(self) -> dict[str, Any]:
        """Return what is told of every path.

        `driver_bound`: the driver worked longer on an answer than the server, so that the rate is
        the driver's and the server could do more.
        """
        driver = sum(tally.cpu for tally in self.tallies)
        return {
            "rate": round(self.rate),
            "microseconds": round(self.microseconds, 2),
            "microseconds_in_kernel": round(1e6 * self.kernel / max(self.answered, 1), 2),
            "busy": sum(tally.busy for tally in self.tallies),
            "lost": sum(tally.lost for tally in self.tallies),
            "wrong": sum(tally.wrong for tally in self.tallies),
            "worker_cpu_share": round(self.used / self.seconds, 2),
            "driver_cpu_share": round(driver / self.seconds, 2),
            "driver_bound": driver > self.used,
        }


def in_turn(contenders: Mapping[str, Contender], rounds: int = ROUNDS) -> dict[str, Runs]:
    """Ask the contenders in turn, as many times as there are rounds."""
    runs = {name: Runs() for name in contenders}
    for number in range(rounds):
        for name, contender in contenders.items():
            program, kernel = nodes.cpu_times(contender.pid)
            runs[name].tallies.append(contender.ask(number))
            now_program, now_kernel = nodes.cpu_times(contender.pid)
            runs[name].program += now_program - program
            runs[name].kernel += now_kernel - kernel
    return runs


def beside(ours: Runs, theirs: Runs, words: str) -> dict[str, Any]:
    """Tell a path beside a reference, which `words` describe.

    The rates are medians of the rounds. Processor time an answer suffers less from what else a
    shared machine does.
    """
    reference = theirs.told()
    return ours.told() | {
        "reference": words,
        "reference_rate": reference["rate"],
        "ratio": round(ours.rate / theirs.rate, 3),
        "reference_microseconds": reference["microseconds"],
        "reference_microseconds_in_kernel": reference["microseconds_in_kernel"],
        "ratio_by_processor_time": round(theirs.microseconds / max(ours.microseconds, 1e-9), 3),
        "reference_wrong": reference["wrong"] + reference["lost"],
        "reference_driver_bound": reference["driver_bound"],
    }


@contextmanager
def processor_time(pid: int) -> Iterator[list[float]]:
    """Give a list that holds the processor seconds of a process when the block has ended."""
    spent = [nodes.cpu_seconds(pid)]
    yield spent
    spent[0] = nodes.cpu_seconds(pid) - spent[0]


def worker(node: nodes.Node) -> int:
    """Return the process id of the node's only worker."""
    (pid,) = node.processes()["worker"]
    return pid


def ask_over_tcp(node: nodes.Node, questions: Sequence[bytes]) -> dict[bytes, bytes]:
    """Ask each question once and check each answer whole."""
    answers: dict[bytes, bytes] = {}
    waiting = iter(questions)
    with socket.create_connection(node.address("handle"), timeout=5) as sock:
        messages = streams.read_messages(sock)
        while some := list(islice(waiting, _AT_ONCE)):
            sock.sendall(b"".join(some))
            for question in some:
                answer = answers[question] = next(messages)
                if not wire.is_success(answer, question):
                    sys.exit(f"a wrong answer: {answer.hex()}")
    return answers
