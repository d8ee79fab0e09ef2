"""Users of Locust: each drives a window of datagrams or a fleet of connections in slices.

Imports gevent, so it is loaded by Locust only.
"""

import itertools
import time
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Final, Protocol

import gevent
from gevent.monkey import get_original
from gevent.socket import wait_read
from locust import User, constant, task
from locust.exception import StopUser

from loadtest.suites.arrivals import Arrivals
from loadtest.suites.fleet import Exchange, Exhausted, Fleet, Poller
from loadtest.suites.framing import HandleStream, HttpStream
from loadtest.suites.options import Address
from loadtest.suites.profiles import Kind, Part
from loadtest.suites.tally import Book, Tally
from loadtest.suites.window import OPEN_WINDOW, Datagram, Wait, Window

_SLICE: Final = 0.1
"""Seconds between two looks at whether the user is to stop, and at which step is measured."""
_PAUSE: Final = 0.2
_SHORTEST: Final = 1e-4
_epoll: Final = get_original("select", "epoll")
_GOLDEN: Final = 0.618_033_988_75
"""Multiples of it, modulo 1, are spread evenly however many there are."""


class Driver(Protocol):
    """What a user drives."""

    def run(self, until: float, clock: Any, wait: Wait, tally: Tally) -> None:
        """Ask and listen until the clock says `until`."""
        ...

    def close(self) -> None:
        """End."""
        ...


def readable(fd: int, seconds: float) -> bool:
    """Wait until a file descriptor can be read while other users go on."""
    try:
        wait_read(fd, timeout=max(seconds, _SHORTEST), timeout_exc=TimeoutError())
    except TimeoutError:
        return False
    return True


def new_poller() -> Poller:
    """Return the system's own epoll, which gevent hides; it is only ever asked without waiting."""
    poller: Poller = _epoll()
    return poller


class Driving(User):
    """A user of one part of the suite; `equip` says which, before the run."""

    abstract = True
    wait_time = constant(0)
    kind: ClassVar[Kind]
    part: ClassVar[Part]
    late: ClassVar[float]
    book: ClassVar[Book]
    numbers: ClassVar[Iterator[int]]
    failed: ClassVar[list[str]]

    @classmethod
    def equip(cls, part: Part, late: float, book: Book, failed: list[str]) -> None:
        """Tell all users of this class what they are to do, and where they note it."""
        cls.part, cls.late, cls.book, cls.failed = part, late, book, failed
        cls.numbers = itertools.count()
        cls.weight = part.users

    def on_start(self) -> None:
        """Make the sockets."""
        self._driver: Driver = self.driver(next(type(self).numbers))

    def on_stop(self) -> None:
        """Close the sockets."""
        self._driver.close()

    def driver(self, number: int) -> Driver:
        """Return the driver of the user with this number."""
        raise NotImplementedError

    @task
    def drive(self) -> None:
        """Go on for one slice."""
        tally = self.book.of(self.kind)
        try:
            self._driver.run(time.monotonic() + _SLICE, time.monotonic, readable, tally)
        except OSError:
            tally.missing += 1
            gevent.sleep(_PAUSE)
        except Exhausted as why:
            self.failed.append(f"{self.kind}: {why}")
            raise StopUser from why

    def arrivals(self, number: int) -> Arrivals:
        """Return the schedule of the user with this number."""
        return Arrivals(self.part.rate, (number * _GOLDEN) % 1, self.late)


class ResolveUdp(Driving):
    """A window of datagrams."""

    abstract = False
    kind = Kind.UDP
    address: ClassVar[Address]
    questions: ClassVar[Sequence[Datagram]]

    def driver(self, number: int) -> Window:
        """Return a socket that begins at a place of its own."""
        size = self.part.width if self.part.rate is None else OPEN_WINDOW
        first = int(number * _GOLDEN * len(self.questions)) % len(self.questions)
        return Window(self.address, self.questions, self.arrivals(number), size, first)


class Connected(Driving):
    """Users with connections. `exchanges` are gone through by all users of the class together."""

    abstract = True
    address: ClassVar[Address]
    exchanges: ClassVar[Iterator[Exchange]]
    stream: ClassVar[type[HandleStream | HttpStream]] = HttpStream

    def driver(self, number: int) -> Fleet:
        """Return connections."""
        return Fleet(
            self.address,
            self.exchanges,
            self.arrivals(number),
            count=self.part.width,
            weight=self.part.each,
            stream=self.stream,
            poller=new_poller(),
        )


class ResolveTcp(Connected):
    """Connections with batches pipelined."""

    abstract = False
    kind = Kind.TCP
    stream = HandleStream


class ResolveHttp(Connected):
    """Connections that are kept, one GET under way on each."""

    abstract = False
    kind = Kind.HTTP


class ResolveHttpBatch(Connected):
    """Batches by POST."""

    abstract = False
    kind = Kind.HTTP_BATCH


class RegisterSingle(Connected):
    """One new identifier to a request."""

    abstract = False
    kind = Kind.REGISTER


class RegisterBulk(Connected):
    """Many new identifiers to a request."""

    abstract = False
    kind = Kind.REGISTER_BULK


USERS: Final[dict[Kind, type[Driving]]] = {
    user.kind: user
    for user in (
        ResolveUdp,
        ResolveTcp,
        ResolveHttp,
        ResolveHttpBatch,
        RegisterSingle,
        RegisterBulk,
    )
}
