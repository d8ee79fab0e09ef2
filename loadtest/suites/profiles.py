"""The suites: who asks how much, in which steps, and what must hold. Pure data."""

import math
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec

from loadtest.suites.questions import Shares


class Kind(StrEnum):
    """A kind of user."""

    UDP = "Handle UDP"
    TCP = "Handle TCP"
    HTTP = "HTTP GET"
    HTTP_BATCH = "HTTP batch"
    REGISTER = "register single"
    REGISTER_BULK = "register bulk"


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Users of one kind.

    rate: requests a second of one user, None for closed load. users: how many at scale 1. width:
    datagrams in flight (UDP) or connections of one user. each: questions of one request.
    """

    kind: Kind
    rate: float | None = None
    users: int = 1
    width: int = 8
    each: int = 1


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What holds at a step that counts as borne.

    p99: seconds. answered: share of the questions that got the right answer. at_least: right
    answers a second at the highest step that is borne; below it the suite fails. late: seconds
    after its time from which a question was asked too late, by the driver. under_way: seconds of
    the schedule that may still be under way when a step ends.
    """

    p99: float = 0.05
    answered: float = 0.9999
    at_least: float = 0.0
    late: float = 0.05
    under_way: float = 0.5


class Suite(msgspec.Struct, frozen=True, kw_only=True):
    """A mix of users. `steps` are scales: each multiplies the users of every part.

    Open load goes up the steps until a limit breaks: that is the knee; or until the driver has no
    room for the next. Closed load tells the capacity. one_datagram: only names whose answers need
    no second packet.
    """

    title: str
    parts: tuple[Part, ...]
    steps: tuple[int, ...] = (1,)
    seconds: float = 5.0
    shares: Shares = Shares()
    limits: Limits = Limits()
    one_datagram: bool = False
    questions: int = 16_384
    """Drawn before the run; they are asked again and again in the same order."""

    @property
    def is_open(self) -> bool:
        """Whether questions come by the clock. A suite is open or closed, never both."""
        return all(part.rate is not None for part in self.parts)

    def offered(self, scale: int) -> float | None:
        """Return the resolutions and registrations a second that a step asks for; None: closed."""
        if not self.is_open:
            return None
        return scale * sum(part.users * (part.rate or 0.0) * part.each for part in self.parts)


SETTLE: Final = 1.0
"""Seconds of a step before it is measured."""
SINGLES: Final = 6_000
"""Single registrations prepared for each second of closed load."""
BULK: Final = 30_000
"""The same in batches."""

_MIX: Final = (
    # One unit is 2,500 a second: what devices, gateways, systems and people of a province ask.
    # Lists of registrations have a suite of their own: one may take longer than a look-up here.
    Part(kind=Kind.UDP, rate=1_500.0),
    Part(kind=Kind.TCP, rate=62.5, each=8, width=4),
    Part(kind=Kind.HTTP, rate=245.0),
    Part(kind=Kind.HTTP_BATCH, rate=2.5, each=100, width=2),
    Part(kind=Kind.REGISTER, rate=5.0, width=4),
)

_LADDER: Final = (1, 2, 4, 8, 16)

SUITES: Final[Mapping[str, Suite]] = MappingProxyType(
    {
        "scan": Suite(
            title="every name once, cold",
            parts=(Part(kind=Kind.TCP, rate=125.0, each=8, width=16),),
            steps=(2,),
            seconds=12.0,
            shares=Shares(scanned=1.0),
            limits=Limits(p99=0.5),
            questions=60_000,
        ),
        "udp": Suite(
            title="Handle UDP, hot, to the knee",
            parts=(Part(kind=Kind.UDP, rate=5_000.0),),
            steps=_LADDER,
            seconds=3.0,
            one_datagram=True,
        ),
        "tcp": Suite(
            title="Handle TCP, hot, 8 pipelined, to the knee",
            parts=(Part(kind=Kind.TCP, rate=625.0, each=8, width=8),),
            steps=_LADDER,
            seconds=3.0,
        ),
        "http": Suite(
            title="HTTP GET, hot, to the knee",
            parts=(Part(kind=Kind.HTTP, rate=1_000.0, width=16),),
            steps=(*_LADDER, 32),
            seconds=3.0,
        ),
        "udp-window": Suite(
            title="Handle UDP, hot, a window of 64",
            parts=(Part(kind=Kind.UDP, width=64),),
            one_datagram=True,
        ),
        "tcp-pipeline": Suite(
            title="Handle TCP, hot, 32 pipelined on each of 4 connections",
            parts=(Part(kind=Kind.TCP, each=32, width=4),),
        ),
        "http-connections": Suite(
            title="HTTP GET, hot, 32 connections",
            parts=(Part(kind=Kind.HTTP, width=32),),
        ),
        "batch": Suite(
            # Not closed: a driver in Python is slower than the server, and the run INVALID.
            title="HTTP batches of 100, hot, to the knee",
            parts=(Part(kind=Kind.HTTP_BATCH, rate=50.0, each=100, width=4),),
            steps=_LADDER,
            seconds=3.0,
        ),
        "batch-connections": Suite(
            title="HTTP batches of 100, hot, 4 connections",
            parts=(Part(kind=Kind.HTTP_BATCH, each=100, width=4),),
        ),
        "register": Suite(
            title="single registrations, 64 callers",
            parts=(Part(kind=Kind.REGISTER, width=64),),
            limits=Limits(p99=1.0, answered=1.0),
        ),
        "bulk": Suite(
            title="batches of 500 registrations, 4 callers",
            parts=(Part(kind=Kind.REGISTER_BULK, each=500, width=4),),
            limits=Limits(p99=5.0, answered=1.0),
        ),
        "mixed": Suite(
            title="all kinds of look-up, single registrations; 5 % unknown, 5 % scans; to the knee",
            parts=_MIX,
            steps=_LADDER,
            shares=Shares(unknown=0.05, scanned=0.05),
            questions=32_768,
            limits=Limits(p99=0.1, at_least=9_500.0),
        ),
        "tiny": Suite(
            title="a few of everything: proves that the suites work",
            parts=(
                Part(kind=Kind.UDP, rate=150.0),
                Part(kind=Kind.TCP, rate=12.5, each=4, width=2),
                Part(kind=Kind.HTTP, rate=30.0),
                Part(kind=Kind.HTTP_BATCH, rate=5.0, each=10, width=2),
                Part(kind=Kind.REGISTER, rate=5.0, width=2),
                Part(kind=Kind.REGISTER_BULK, rate=2.0, each=10, width=2),
            ),
            seconds=3.0,
            shares=Shares(unknown=0.1, scanned=0.1),
            # It proves nothing about rates, so it may run where everything else runs too.
            limits=Limits(p99=5.0, answered=0.99, late=1.0, under_way=1.5),
            questions=1_024,
        ),
    }
)

PROFILES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "standard": ("scan", "udp", "tcp", "http", "batch", "mixed", "register", "bulk"),
        "capacity": ("udp-window", "tcp-pipeline", "http-connections", "batch-connections"),
        "tiny": ("tiny",),
    }
)


def wanted(suite: Suite, part: Part, closed: int) -> int:
    """Return how many registrations a part needs: what it asks for, or `closed` a second."""
    seconds = suite.seconds + 2 * SETTLE + 1
    if part.rate is None:
        return math.ceil(closed * seconds * len(suite.steps))
    return math.ceil(part.rate * part.users * part.each * seconds * sum(suite.steps))


def used(suite: Suite) -> int:
    """Return how many items of the stream a suite may have registered."""
    closed = {Kind.REGISTER: SINGLES, Kind.REGISTER_BULK: BULK}
    return sum(
        wanted(suite, part, closed[part.kind]) for part in suite.parts if part.kind in closed
    )
