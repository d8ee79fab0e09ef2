"""Drive a UDP server from Python, many datagrams per system call: ``datagrams.c`` is quicker."""

import itertools
import select
import socket
import time
from collections.abc import Container, Sequence
from typing import Final

import msgspec

from loadtest import mmsg

_REPLY_ROOM: Final = 2048
_PATIENCE_MS: Final = 200
_ANY: Final = -1
"""The size of an answer that is right when it is a success."""
_CODE: Final = 24
"""Where a message has its response code."""
_SUCCESS: Final = (1).to_bytes(4, "big")


class Tally(msgspec.Struct, frozen=True):
    """What one run of a driver saw. `seconds` of wall time, `cpu` seconds of the driver."""

    answered: int
    lost: int
    wrong: int
    seconds: float
    cpu: float
    p50: float = 0.0
    """Seconds from question to answer, of open load."""
    p99: float = 0.0
    timed: int = 0
    """Answers that these are of, and how many questions they are of."""
    timed_asked: int = 0
    asked: int = 0
    busy: int = 0
    """Times that the server said so instead of answering; the compiled driver counts them."""

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds if self.seconds else 0.0


def drive(
    address: tuple[str, int],
    questions: Sequence[bytes],
    sizes: Sequence[int],
    *,
    seconds: float,
    window: int = 64,
    rate: float | None = None,
    id_at: int = 8,
    timed: Container[bytes] | None = None,
) -> Tally:
    """Ask `questions` in turn, at most `window` in flight, and check every answer.

    Without `rate` a question goes out for each answer that comes in (closed load: what is the
    capacity?), with it so many a second (open load: how long do answers take?). An answer is right
    when its length is the one in `sizes` for the question whose four octets at `id_at` it repeats.
    When nothing came for 0.2 s what is in flight counts as lost. Of open load those questions are
    timed whose four octets are in `timed`, without it all. Raises `OSError` when the address
    refuses.
    """
    expected = {q[id_at : id_at + 4]: size for q, size in zip(questions, sizes, strict=True)}
    with socket.socket(
        socket.AF_INET6 if ":" in address[0] else socket.AF_INET, socket.SOCK_DGRAM
    ) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        sock.connect(address)
        run = _Run(sock.fileno(), questions, window, rate, id_at)
        run.timed = timed
        cpu = time.process_time()
        while (now := time.monotonic() - run.start) < seconds:
            run.ask(now)
            run.listen(now, expected)
        took, used = time.monotonic() - run.start, time.process_time() - cpu
    delays = sorted(run.delays)
    return Tally(
        run.answered,
        run.lost,
        run.wrong,
        took,
        used,
        _percentile(delays, 0.50),
        _percentile(delays, 0.99),
        len(delays),
        run.timed_asked,
        run.asked,
    )


def reply_to(address: tuple[str, int], question: bytes) -> bytes:
    """Ask one question and return its reply. Raises `TimeoutError` without one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(_PATIENCE_MS / 100)
        sock.connect(address)
        sock.send(question)
        return sock.recv(_REPLY_ROOM)


def drive_once(
    address: tuple[str, int],
    questions: Sequence[bytes],
    size: int | None,
    *,
    window: int,
    id_at: int = 8,
) -> Tally:
    """Ask each of `questions` once, at most `window` in flight.

    Every answer has `size` octets; without a size any success of the Handle protocol is right.
    """
    expected = {q[id_at : id_at + 4]: _ANY if size is None else size for q in questions}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        sock.connect(address)
        run = _Run(sock.fileno(), questions, window, None, id_at)
        cpu = time.process_time()
        while run.asked < len(questions) or run.in_flight:
            run.window = min(window, run.in_flight + len(questions) - run.asked)
            run.ask(0.0)
            run.window = window
            run.listen(time.monotonic() - run.start, expected)
        took, used = time.monotonic() - run.start, time.process_time() - cpu
    return Tally(run.answered, run.lost, run.wrong, took, used, asked=run.asked)


def _percentile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


class _Run:
    """The state of one `drive`; times are seconds since its start."""

    def __init__(
        self, fd: int, questions: Sequence[bytes], window: int, rate: float | None, id_at: int
    ) -> None:
        self.fd, self.window, self.rate = fd, window, rate
        self.id = slice(id_at, id_at + 4)
        self.turn = itertools.cycle(questions)
        self.out, self.back = mmsg.Vector(window, 512), mmsg.Vector(window, _REPLY_ROOM)
        self.poller = select.poll()
        self.poller.register(fd, select.POLLIN)
        self.asked = self.answered = self.lost = self.wrong = self.in_flight = 0
        self.heard_at = 0.0
        self.start = time.monotonic()
        self.timed: Container[bytes] | None = None
        self.timed_asked = 0
        self.asked_at: dict[bytes, float] = {}
        self.delays: list[float] = []

    def ask(self, now: float) -> None:
        """Send what the window, and the rate if there is one, has room for."""
        room = self.window - self.in_flight
        if self.rate is not None:
            room = min(room, int(now * self.rate) - self.asked)
        for at in range(room):
            question = next(self.turn)
            self.out.put(at, question)
            number = question[self.id]
            if self.rate is not None and (self.timed is None or number in self.timed):
                self.asked_at[number] = now
                self.timed_asked += 1
        if room > 0:
            mmsg.send(self.fd, self.out, room)
            self.asked += room
            self.in_flight += room

    def listen(self, began: float, expected: dict[bytes, int]) -> None:
        """Take and check what has come; give up what has not for too long."""
        if not self.poller.poll(_PATIENCE_MS if self.rate is None else 1):
            if began - self.heard_at > _PATIENCE_MS / 1000:
                self.lost += self.in_flight
                self.in_flight = 0
            return
        got = mmsg.receive(self.fd, self.back, self.window)
        now = began if self.rate is None else time.monotonic() - self.start
        for at in range(got):
            number = self.back.octets(at, self.id.start, 4)
            if not self._is_right(at, expected.get(number)):
                self.wrong += 1
            elif self.rate is not None and number in self.asked_at:
                self.delays.append(now - self.asked_at.pop(number))
        self.heard_at = began
        self.answered += got
        self.in_flight = max(0, self.in_flight - got)

    def _is_right(self, at: int, size: int | None) -> bool:
        if size == _ANY:
            return self.back.octets(at, _CODE, len(_SUCCESS)) == _SUCCESS
        return size == self.back.size(at)
