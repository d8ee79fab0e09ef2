"""One TCP connection: messages in, replies out in the order of the requests.

What waits for the store or the registry keeps its place in a queue; everything behind it waits with
it. While the peer does not take its replies, or too much waits, nothing more is read. A reply of
several messages is taken from the registry as fast as the peer takes it.
"""

import asyncio
import secrets
from collections import deque
from contextlib import aclosing
from typing import Final, cast

import structlog

from identifiers.relay import Channel, Origin
from identifiers.wire.cursor import ProtocolError
from resolver.clients import Client
from resolver.counters import Event, Result, Transport
from resolver.transports.beyond import Forwarding, Reply
from resolver.transports.desk import Desk, Slot, Waiting
from resolver.transports.handle import Asking, Pending, Silence, keeps_alive
from resolver.transports.intake import Intake
from resolver.transports.moving import MOST_READ, Moved, Passage
from resolver.transports.origins import origin_of

_TURN: Final = 64
"""Messages answered in one turn of the loop."""
_REPEATED: Final = 256
"""The same of those that were answered before."""
_REPEATED_READ: Final = 64 * 1024
_REPEATED_OCTETS: Final = 256 * 1024
_TURN_OCTETS: Final = 64 * 1024
"""Reply octets after which a turn ends; also how much the transport takes before it says stop."""
_NEVER: Final = float("inf")
_log = structlog.get_logger(__name__)


class Connection(asyncio.Protocol):
    """The protocol of one connection. The listener looks at `deadline` and calls `expire`."""

    client: Client
    _transport: asyncio.Transport

    def __init__(
        self,
        desk: "Desk[Connection]",
        *,
        login_first: bool = False,
        moved: Moved | None = None,
    ) -> None:
        self._desk = desk
        self.moved = moved
        """What it was in the worker that it comes from."""
        self._login_first = login_first
        self._intake = Intake(desk)
        self._slots: deque[Slot] = deque()
        self._opened = 0.0
        self._taken = 0
        self._pooled = False
        self._host = ""
        self._name = ""
        self._known = False
        self._stalled: float | None = None
        self._again = False
        self._starved = False
        self._reading = True
        self._eof = False
        self._ending = False
        self._closed = False
        self._draining = False
        self._leaving = False
        self.deadline = _NEVER

    # what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, or cut it when it is one too many."""
        self._transport = cast("asyncio.Transport", transport)
        self._opened = self._desk.clock()
        peer = transport.get_extra_info("peername")
        if not peer:
            self._cut()  # it has gone again already
            return
        self._host = peer[0]
        self.client = self._desk.clients.of(peer[0])
        if not self._desk.admit(self):
            self._cut()
            return
        self._intake.trusted = self.client.trusted
        self._transport.set_write_buffer_limits(high=_TURN_OCTETS)
        if self.moved is not None:
            self._go_on_from(self.moved)
        self._regulate()

    def data_received(self, data: bytes) -> None:
        """Take what the peer sent."""
        if self._ending or self._closed:
            return
        out: list[bytes] = []
        enough = False
        if not self._intake.buffered:
            octets, enough = self._repeat(data, out)
            data = data[octets:]
        if data:
            try:
                self._intake.feed(data)
            except ProtocolError as error:
                self._last_words(error)
        self._work(out, enough=enough)

    def eof_received(self) -> bool:
        """Answer what is still to be answered, then close."""
        self._eof = True
        self._work()
        return not self._closed

    def pause_writing(self) -> None:
        """Stop taking requests: the peer does not take its replies."""
        self._stalled = self._desk.clock()

    def resume_writing(self) -> None:
        """Go on."""
        self._stalled = None
        self._work()

    def connection_lost(self, _: Exception | None) -> None:
        """Forget the connection; look-ups under way end for nobody."""
        self._closed = True
        for slot in self._slots:
            slot.take()
        self._slots.clear()
        self._intake.leave()
        self._desk.leave(self)

    # what the listener calls

    def expire(self) -> None:
        """Close it: its deadline is over."""
        self._desk.counters.happened(Event.TIMED_OUT)
        self._cut()

    def drain(self) -> None:
        """Close as soon as nothing is under way."""
        self._draining, self._leaving = True, False
        self._work()

    def cut(self) -> None:
        """Close at once."""
        self._cut()

    def move(self, passage: Passage) -> None:
        """Put it where another worker takes it, once nothing is under way; till then call again.

        Nothing more is read meanwhile, except the rest of a message that is too long to go along.
        """
        if self._closed or self._ending or self._eof:
            return  # it ends by itself
        self._leaving = self._intake.buffered <= MOST_READ
        self._regulate()
        if not self._leaving or self._slots or self._again or self._starved:
            return
        transport = self._transport
        if self._stalled is not None or transport.get_write_buffer_size():
            return
        moved = Moved(
            read=self._intake.begun(MOST_READ),
            name=self._name,
            known=self._known,
            login_first=self._login_first,
            pooled=self._pooled,
            taken=self._taken,
            age=self._desk.clock() - self._opened,
        )
        if passage.put(transport.get_extra_info("socket").fileno(), moved):
            self._closed = True
            transport.abort()  # closes our copy: to its peer the connection stays open

    # within

    def _go_on_from(self, moved: Moved) -> None:
        self._opened -= moved.age
        self._name, self._known = moved.name, moved.known
        self._taken, self._pooled = moved.taken, moved.pooled
        if moved.read:
            self.data_received(moved.read)

    def _work(self, out: list[bytes] | None = None, *, enough: bool = False) -> None:
        """Answer what can be. `out` goes out first; `enough`: that is a turn's worth."""
        if self._closed:
            return
        out = [] if out is None else out
        self._collect(out)
        more = enough or self._answer_some(out)
        self._collect(out)
        if out:
            self._transport.write(out[0] if len(out) == 1 else b"".join(out))
        if more and not self._again and not self._closed:
            self._again = True
            asyncio.get_running_loop().call_soon(self._work_again)
        self._regulate()

    def _work_again(self) -> None:
        self._again = False
        self._work()

    def _fed(self) -> None:
        self._starved = False
        self._work()

    def _collect(self, out: list[bytes]) -> None:
        slots = self._slots
        while slots:
            first = slots[0]
            if not first.ended and self._stalled is not None:
                return  # an answer without end must not pile up
            if first.data:
                out.append(first.take())
            if not first.ended:
                return
            slots.popleft()

    def _answer_some(self, out: list[bytes]) -> bool:
        """Answer what is buffered, up to a turn's worth; True: there may be more to answer."""
        intake = self._intake
        if not intake.buffered:
            return False
        enough = False
        if not intake.partial:  # a long message in drops is not to be copied for each of them
            octets, enough = self._repeat(intake.begun(_REPEATED_READ), out)
            intake.skip(octets)
        return enough or self._answer_each(out)

    def _answer_each(self, out: list[bytes]) -> bool:
        size = 0
        for _ in range(_TURN):
            if size >= _TURN_OCTETS:
                return True
            if self._blocked():
                return False
            try:
                request = self._intake.next()
            except ProtocolError as error:
                self._last_words(error)
                return False
            if request is None:
                return False
            size += self._take(request, out)
        return True

    def _repeat(self, stream: bytes, out: list[bytes]) -> tuple[int, bool]:
        """Answer the first messages of `stream` that were answered before: a short cut.

        Returns their octets, and whether they are a turn's worth.
        """
        if self._slots or self._known or self._blocked():
            return 0, False
        desk, now = self._desk, self._desk.clock()
        left = _REPEATED if self.client.trusted else desk.pace.requests - self._taken - 1
        answered, octets = desk.exchange.repeat(
            stream, self.client, now, out, min(left, _REPEATED), _REPEATED_OCTETS
        )
        if not answered:
            return 0, False
        self._taken += answered
        self._pooled = self._pooled or self._taken > 1 or keeps_alive(stream)
        done = desk.clock()
        desk.counters.answered(Transport.TCP, Result.FOUND, done - now, done, times=answered)
        desk.turns.answered(done)
        return octets, answered == _REPEATED

    def _blocked(self) -> bool:
        if self._ending or self._stalled is not None:
            return True
        if len(self._slots) >= self._desk.pace.waiting:
            return True
        for misses in (self._desk.misses, self._desk.gathering):
            if misses.full and not self._starved:
                self._starved = True
                misses.wake(self._fed)
        return self._starved

    def _take(self, request: bytes, out: list[bytes]) -> int:
        desk = self._desk
        now = desk.clock()
        self._taken += 1
        # Some clients read until the server closes; who keeps pools asks again, or says so.
        self._pooled = self._pooled or self._taken > 1 or keeps_alive(request)
        if self._taken >= desk.pace.requests and not self.client.trusted:
            self._ending = True
        try:
            answer = desk.exchange.at_once(request, self.client, now, known=self._known)
        except Exception:  # noqa: BLE001 -- one request never ends the loop; counted and logged
            self.failed()
            return 0
        if isinstance(answer, Reply):
            done = desk.clock()
            desk.counters.answered(Transport.TCP, answer.result, done - now, done)
            return self._queue(answer.data, out)
        if isinstance(answer, Silence):
            desk.counters.happened(answer.event)
            return 0
        if isinstance(answer, Forwarding) and answer.logs_in:
            self._known = True
        slot = Slot()
        self._slots.append(slot)
        if isinstance(answer, Asking) and answer.gathers(self.client):
            desk.gathering.add(Waiting(answer, self, slot, now))
        else:
            desk.misses.start(self._later(answer, slot, now))
        return 0

    def told(self, answer: Reply | Pending, slot: Slot, began: float) -> None:
        """Take the answer to a miss that waited with others."""
        if self._closed:
            return
        if isinstance(answer, Reply):
            now = self._desk.clock()
            self._desk.counters.answered(Transport.TCP, answer.result, now - began, now)
            slot.data, slot.ended = answer.data, True
        else:
            self._desk.misses.start(self._later(answer, slot, began))

    def send_on(self) -> None:
        """Send what has its turn, once answers were `told`."""
        if self._slots and self._slots[0].ended:
            self._work()

    def _queue(self, data: bytes, out: list[bytes]) -> int:
        if self._slots:
            self._slots.append(Slot(data))
        else:
            out.append(data)
        return len(data)

    async def _later(self, pending: Pending, slot: Slot, began: float) -> None:
        desk = self._desk
        try:
            replies = desk.exchange.replies(pending, self.client, began, self._origin)
            async with aclosing(replies):
                async for reply in replies:
                    await slot.room()
                    if self._closed:
                        return
                    now = desk.clock()
                    desk.counters.answered(Transport.TCP, reply.result, now - began, now)
                    slot.data = reply.data
                    self._fill(slot)
        except Exception:  # noqa: BLE001 -- as in `_take`
            self.failed()
            return
        slot.ended = True
        self._fill(slot)

    def _fill(self, slot: Slot) -> None:
        if self._slots and self._slots[0] is slot:
            self._work()

    def _origin(self) -> Origin:
        if not self._name:
            self._name = secrets.token_hex(16)
        return origin_of(
            Channel.TCP, self._host, self.client, self._name, login_first=self._login_first
        )

    def _last_words(self, error: ProtocolError) -> None:
        reply = self._desk.exchange.unreadable(error, self._desk.clock())
        self._slots.append(Slot(reply.data))
        self._ending = True

    def failed(self) -> None:
        """Count and log the error that is being handled, and end."""
        # Replies have no gaps: a request that cannot be answered ends its connection.
        desk = self._desk
        desk.counters.happened(Event.FAILED)
        kept_back = desk.complaints.admit(desk.clock())
        if kept_back is not None:
            _log.exception("a request failed", transport="tcp", not_logged=kept_back)
        self._cut()

    def _regulate(self) -> None:
        if self._closed or self._transport.is_closing():
            return
        if self._quiet() and (self._ending or self._eof or self._draining):
            self._closed = True
            self._transport.close()
            self.deadline = self._desk.clock() + self._desk.pace.write_stall
            return
        self._read(
            not (self._ending or self._eof or self._again or self._starved or self._leaving)
            and self._stalled is None
            and len(self._slots) < self._desk.pace.waiting
        )
        self.deadline = self._due()

    def _read(self, wanted: bool) -> None:  # noqa: FBT001 -- its only argument
        if wanted == self._reading:
            return
        self._reading = wanted
        if wanted:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def _quiet(self) -> bool:
        if self._slots or self._again or self._starved or self._stalled is not None:
            return False
        # Whole messages that were left in the buffer are answered first, parts of one never.
        return self._ending or self._eof or not self._intake.buffered

    def _due(self) -> float:
        pace = self._desk.pace
        if self._stalled is not None:
            return self._stalled + pace.write_stall
        if self._slots or self._again or self._starved:
            return _NEVER
        if (due := self._intake.due) is not None:
            return due
        if self.client.trusted:
            lone = self._taken and not self._pooled
            return self._desk.clock() + (pace.lone_idle if lone else pace.trusted_idle)
        if not self._taken:
            return self._opened + pace.first_byte
        return min(self._desk.clock() + pace.idle, self._opened + pace.lifetime)

    def _cut(self) -> None:
        self._closed = True
        self._transport.abort()
