"""Connections of one user, each with one request or one pipelined batch under way."""

import os
import socket
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final, Protocol

import msgspec

from loadtest.suites.arrivals import Arrivals
from loadtest.suites.framing import Stream
from loadtest.suites.tally import Outcome, Tally
from loadtest.suites.truth import Right
from loadtest.suites.window import Wait

PATIENCE: Final = 10.0
"""Seconds after which an answer counts as missing, and its connection is made anew."""

_ROOM: Final = 262_144
_READABLE: Final = 1  # EPOLLIN


class Poller(Protocol):
    """What is used of `select.epoll`: to wait for one connection of many."""

    def fileno(self) -> int:
        """Return its own file descriptor, readable when one of its own is."""
        ...

    def register(self, fd: int, eventmask: int) -> None:
        """Watch a file descriptor."""
        ...

    def poll(self, timeout: float) -> list[tuple[int, int]]:
        """Return those that can be read."""
        ...

    def close(self) -> None:
        """Watch no longer."""
        ...


class Exhausted(Exception):
    """What was prepared to be asked is used up."""


class Exchange(msgspec.Struct, frozen=True):
    """What is sent at once, and what answers it, by the place that the stream tells.

    `weight`: resolutions or registrations that it is worth. `refused`: what tells an answer that is
    not right and no wrong one either.
    """

    payload: bytes
    rights: tuple[Right, ...]
    weight: int
    refused: Right


class _Link:
    """One connection."""

    def __init__(self, sock: socket.socket, stream: Stream) -> None:
        self.sock = sock
        self.stream = stream
        self.exchange: Exchange | None = None
        self.since = 0.0
        self.open: dict[int, Right] = {}
        self.outcome = Outcome.RIGHT
        self.answer = b""

    def begin(self, exchange: Exchange, since: float) -> None:
        self.exchange, self.since, self.outcome = exchange, since, Outcome.RIGHT
        self.open = dict(enumerate(exchange.rights))
        try:
            sent = os.write(self.sock.fileno(), exchange.payload)
        except BlockingIOError:
            sent = 0
        if sent < len(exchange.payload):
            self.sock.sendall(exchange.payload[sent:])

    def read(self) -> bool:
        """Take what has come; say whether everything is answered."""
        data = os.read(self.sock.fileno(), _ROOM)
        if not data:
            raise ConnectionError("the server closed a connection of the driver")
        for place, answer in self.stream.feed(data):
            right = self.open.pop(place, None)
            if right is None or not right(answer):
                self._doubt(answer, refused=right is not None and self._refused(answer))
        return not self.open

    def _refused(self, answer: bytes) -> bool:
        return self.exchange is not None and self.exchange.refused(answer)

    def _doubt(self, answer: bytes, *, refused: bool) -> None:
        """Note an answer that is not right; one that is wrong outweighs those refused."""
        if self.outcome is not Outcome.WRONG:
            self.outcome = Outcome.REFUSED if refused else Outcome.WRONG
            self.answer = answer


class Fleet:
    """`count` connections to one address, which ask `exchanges`, each worth `weight`, in turn.

    Times are taken from when a question was due, so waiting for a free connection counts.
    """

    def __init__(
        self,
        address: tuple[str, int],
        exchanges: Iterator[Exchange],
        arrivals: Arrivals,
        *,
        count: int,
        weight: int = 1,
        stream: Callable[[], Stream],
        poller: Poller,
    ) -> None:
        self._address = address
        self._exchanges = exchanges
        self._arrivals = arrivals
        self._stream = stream
        self._poller = poller
        self._links: dict[int, _Link] = {}
        self._idle: list[_Link] = []
        self._due: deque[float] = deque()
        self._looked = 0.0
        self._count = count
        self._weight = weight

    def run(self, until: float, clock: Callable[[], float], wait: Wait, tally: Tally) -> None:
        """Ask and listen until the clock says `until`.

        Raises `OSError` when no connection can be made, and `Exhausted`.
        """
        while (now := clock()) < until:
            while len(self._links) < self._count:
                self._connect()
            due = self._arrivals.take(now, len(self._idle))
            self._due.extend([now] * due)
            if self._arrivals.is_late:
                tally.late += due * self._weight
            while self._idle and self._due:
                self._begin(self._idle.pop(), self._due.popleft(), tally)
            if wait(self._poller.fileno(), self._arrivals.wake(now, min(until, now + PATIENCE))):
                for fd, _ in self._poller.poll(0):
                    self._read(self._links[fd], clock, tally)
            self._give_up(now, tally)

    def close(self) -> None:
        """Close the connections; what is under way counts nowhere."""
        for link in self._links.values():
            link.sock.close()
        self._poller.close()

    def _connect(self) -> None:
        sock = socket.create_connection(self._address, timeout=PATIENCE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link = _Link(sock, self._stream())
        self._links[sock.fileno()] = link
        self._poller.register(sock.fileno(), _READABLE)
        self._idle.append(link)

    def _begin(self, link: _Link, since: float, tally: Tally) -> None:
        exchange = next(self._exchanges, None)
        if exchange is None:
            raise Exhausted("there is nothing left to ask: more should have been prepared")
        try:
            link.begin(exchange, since)
        except OSError:
            self._lose(link, tally)

    def _read(self, link: _Link, clock: Callable[[], float], tally: Tally) -> None:
        try:
            if not link.read():
                return
        except (OSError, ValueError):
            self._lose(link, tally)
            return
        if link.exchange is not None:
            tally.answered(
                link.outcome,
                seconds=clock() - link.since,
                answer=link.answer,
                weight=link.exchange.weight,
            )
            link.exchange = None
            self._idle.append(link)

    def _give_up(self, now: float, tally: Tally) -> None:
        if now - self._looked < 1.0:
            return
        self._looked = now
        over = now - PATIENCE
        for link in [k for k in self._links.values() if k.exchange and k.since < over]:
            self._lose(link, tally)
        while self._due and self._due[0] < over:
            self._due.popleft()
            tally.missing += self._weight

    def _lose(self, link: _Link, tally: Tally) -> None:
        if link.exchange is not None:
            tally.missing += link.exchange.weight
        del self._links[link.sock.fileno()]
        if link in self._idle:
            self._idle.remove(link)
        link.sock.close()
