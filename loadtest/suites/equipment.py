"""Gives the users of a suite what they ask, prepared and verified. Loaded by Locust only."""

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Final, assert_never

from loadtest.corpus import Corpus
from loadtest.suites import payloads, questions
from loadtest.suites.fleet import Exchange
from loadtest.suites.options import Address, Target, address
from loadtest.suites.profiles import BULK, SINGLES, Kind, Part, Suite, wanted
from loadtest.suites.tally import Book
from loadtest.suites.users import USERS, Connected, Driving, ResolveUdp

HTTP_QUESTIONS: Final = 4_096
"""Asked one by one beforehand, so there are fewer than over the Handle protocol."""
BULK_ENTERPRISES: Final = 4
"""The first ones register in bulk, in turn."""
BULK_FROM: Final = 10_000_000
"""The first own item that an enterprise registers in bulk: nobody else comes so far."""


def equip(suite: Suite, target: Target, book: Book, failed: list[str]) -> list[type[Driving]]:
    """Prepare everything; return the classes of users. Raises `WrongAnswer`, `OSError`."""
    prepared = _Preparation(suite, target)
    classes = []
    for part in suite.parts:
        user = USERS[part.kind]
        user.equip(part, suite.limits.late, book, failed)
        if issubclass(user, ResolveUdp):
            user.address = address(target.udp or target.handle)
            user.questions = prepared.handle().datagrams(single=suite.one_datagram)
        elif issubclass(user, Connected):
            user.address, user.exchanges = prepared.exchanges(part)
        classes.append(user)
    return classes


class _Preparation:
    """What the parts of one suite share: the corpus, the questions drawn, their references."""

    def __init__(self, suite: Suite, target: Target) -> None:
        self._suite, self._target = suite, target
        self._corpus: Corpus = target.corpus()
        self._drawn: Sequence[questions.Question] = questions.draw(
            self._corpus, target.registered, suite.shares, suite.questions, seed=target.seed
        )
        self._handle: payloads.HandlePayloads | None = None

    def handle(self) -> payloads.HandlePayloads:
        if self._handle is None:
            self._handle = payloads.HandlePayloads(
                self._corpus, self._drawn, address(self._target.handle)
            )
        return self._handle

    def exchanges(self, part: Part) -> tuple[Address, Iterator[Exchange]]:
        """Return where to ask and what; what is read comes round, what is written ends."""
        http, registry = address(self._target.http), address(self._target.registry)
        some = self._drawn[:HTTP_QUESTIONS]
        match part.kind:
            case Kind.TCP | Kind.UDP:
                return address(self._target.handle), itertools.cycle(
                    self.handle().pipelines(part.each)
                )
            case Kind.HTTP:
                return http, itertools.cycle(payloads.gets(self._corpus, some, http))
            case Kind.HTTP_BATCH:
                return http, itertools.cycle(
                    payloads.resolve_batches(self._corpus, some, http, part.each)
                )
            case Kind.REGISTER:
                return registry, iter(self._singles(part))
            case Kind.REGISTER_BULK:
                return registry, iter(self._bulk(part))
            case _:
                assert_never(part.kind)

    def _singles(self, part: Part) -> list[Exchange]:
        target = self._target
        count = wanted(self._suite, part, SINGLES)
        return list(payloads.registrations(self._corpus, target.keys, target.fresh, count))

    def _bulk(self, part: Part) -> list[Exchange]:
        numbers = range(1, min(BULK_ENTERPRISES, self._corpus.enterprises) + 1)
        each = math.ceil(wanted(self._suite, part, BULK) / part.each / len(numbers))
        series = [
            payloads.bulk_registrations(
                self._corpus,
                self._target.keys,
                number,
                BULK_FROM + self._target.fresh,
                count=each,
                size=part.each,
            )
            for number in numbers
        ]
        return [exchange for turn in zip(*series, strict=True) for exchange in turn]
