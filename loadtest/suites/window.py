"""A window of datagrams in flight at one UDP socket, each timed and verified by its request id."""

import itertools
import socket
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec

from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle.envelope import SIZE as ENVELOPE
from identifiers.wire.handle.framing import MAX_DATAGRAM, UdpJoiner
from loadtest import mmsg
from loadtest.suites.arrivals import Arrivals
from loadtest.suites.tally import Outcome, Tally
from loadtest.suites.truth import Right, refused

PATIENCE: Final = 1.0
"""Seconds after which an answer counts as missing."""
OPEN_WINDOW: Final = 2048
"""Questions that open load leaves in flight; what is due beyond is missing, not postponed."""

_BURST: Final = 64
_ROOM: Final = 2048
_ID: Final = slice(8, 12)
_RECEIVE_BUFFER: Final = 4 << 20

Wait = Callable[[int, float], bool]
"""Waits until a file descriptor can be read, for so many seconds at most; says whether it can."""


class Datagram(msgspec.Struct, frozen=True):
    """A question as it is sent, with any request id, and what answers it."""

    payload: bytes
    right: Right


class Window:
    """One UDP socket with at most `size` questions in flight.

    `questions` are asked in turn under ever new request ids, so an answer to what was given up is
    known as such. Answers in several packets are joined.
    """

    def __init__(
        self,
        address: tuple[str, int],
        questions: Sequence[Datagram],
        arrivals: Arrivals,
        size: int,
        first: int = 0,
    ) -> None:
        self._sock = socket.socket(
            socket.AF_INET6 if ":" in address[0] else socket.AF_INET, socket.SOCK_DGRAM
        )
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        self._sock.setblocking(False)  # noqa: FBT003 -- positional only
        self._sock.connect(address)
        self._fd = self._sock.fileno()
        self._size = size
        self._arrivals = arrivals
        self._turn: Iterator[Datagram] = itertools.cycle([*questions[first:], *questions[:first]])
        self._ids = itertools.count(1)
        self._in_flight: dict[bytes, tuple[Right, float]] = {}
        self._out, self._back = mmsg.Vector(_BURST, MAX_DATAGRAM), mmsg.Vector(_BURST, _ROOM)
        self._joiner = UdpJoiner(max_messages=2 * OPEN_WINDOW, max_bytes=1 << 26)

    def run(self, until: float, clock: Callable[[], float], wait: Wait, tally: Tally) -> None:
        """Ask and listen until the clock says `until`."""
        while (now := clock()) < until:
            self._ask(now, tally)
            if wait(self._fd, self._arrivals.wake(now, min(until, now + PATIENCE))):
                self._take(clock(), tally)
            self._give_up(clock(), tally)

    def close(self) -> None:
        """Close the socket; what is in flight counts nowhere."""
        self._sock.close()

    def _ask(self, now: float, tally: Tally) -> None:
        room = self._size - len(self._in_flight)
        due = self._arrivals.take(now, room)
        tally.missing += max(0, due - room)
        if self._arrivals.is_late:
            tally.late += due
        left = min(due, room)
        while left > 0:
            count = min(left, _BURST)
            for at in range(count):
                question = next(self._turn)
                request_id = (next(self._ids) & 0xFFFF_FFFF).to_bytes(4, "big")
                payload = question.payload
                self._out.put(at, payload[:8] + request_id + payload[12:])
                self._in_flight[request_id] = question.right, now
            try:
                mmsg.send(self._fd, self._out, count)
            except (BlockingIOError, ConnectionRefusedError):
                tally.missing += left - count  # these count as missing when their time is over
                return
            left -= count

    def _take(self, now: float, tally: Tally) -> None:
        back = self._back
        try:
            got = mmsg.receive(self._fd, back, _BURST)
        except (BlockingIOError, ConnectionRefusedError):
            return
        for at in range(got):
            reply = back.octets(at, 0, back.size(at))
            if int.from_bytes(reply[16:20], "big") + ENVELOPE == len(reply):
                self._answered(reply, now, tally)
            else:
                self._join(reply, now, tally)

    def _answered(self, reply: bytes, now: float, tally: Tally) -> None:
        asked = self._in_flight.pop(reply[_ID], None)
        if asked is None:
            tally.stray += 1
            return
        right, sent = asked
        outcome = Outcome.RIGHT
        if not right(reply):
            outcome = Outcome.REFUSED if refused(reply) else Outcome.WRONG
        tally.answered(outcome, seconds=now - sent, answer=reply)

    def _join(self, packet: bytes, now: float, tally: Tally) -> None:
        try:
            reply = self._joiner.add(packet, None, now)
        except ProtocolError:
            reply = packet  # which no verification takes for right
        if reply is not None:
            self._answered(reply, now, tally)

    def _give_up(self, now: float, tally: Tally) -> None:
        # Questions are in the order of their sending.
        while self._in_flight:
            oldest = next(iter(self._in_flight))
            if now - self._in_flight[oldest][1] < PATIENCE:
                return
            del self._in_flight[oldest]
            tally.missing += 1
