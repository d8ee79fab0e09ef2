"""What is asked for again and again: a Zipf draw of the identifiers, with the right answers."""

from collections.abc import Sequence
from typing import NamedTuple

from loadtest.bench import comparing, nodes, wire
from loadtest.bench.population import Popular
from loadtest.bench.workload import Exchange, Workload


class Hot(NamedTuple):
    """Questions of the Handle protocol and their answers, each verified whole."""

    asked: Popular
    answers: dict[bytes, bytes]

    @property
    def workload(self) -> Workload:
        """As they were drawn."""
        return Workload(self._exchanges(), self.asked.draws)

    @property
    def warming(self) -> Workload:
        """Each of them once."""
        return Workload(self._exchanges(), range(len(self.answers)))

    def _exchanges(self) -> Sequence[Exchange]:
        passing = (wire.EXPIRATION.start, wire.EXPIRATION.stop)
        return [Exchange(question, answer, passing) for question, answer in self.answers.items()]


def known(node: nodes.Node, asked: Popular) -> Hot:
    """Ask the node once for each name; afterwards a worker holds them all."""
    questions = [wire.resolution(name, at + 1) for at, name in enumerate(asked.names)]
    return Hot(asked, comparing.ask_over_tcp(node, questions))


def start(draws: Sequence[int], number: int) -> int:
    """Return with which draw a round begins: the same one for all servers."""
    return len(draws) * number // comparing.ROUNDS % len(draws)
