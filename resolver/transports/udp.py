"""Handle over UDP: datagrams in, datagrams out, on sockets that were opened elsewhere.

The sockets are read directly, until nothing waits or the rest of the loop is due (``turns``); what
is in this process is answered at once, without a task. Misses are bounded: over the bound the
datagram is dropped and counted, and the client asks again. Several workers may share one socket.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import aclosing
from socket import socket
from time import thread_time
from typing import Any, Final

import msgspec
import structlog

from identifiers.relay import Channel, Origin
from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle import envelope
from identifiers.wire.handle.codes import EnvelopeFlag
from identifiers.wire.handle.framing import MAX_DATAGRAM, PAYLOAD, UdpJoiner, split
from identifiers.wire.handle.resolution import handle_of
from resolver import limits
from resolver.clients import Client, Clients
from resolver.complaints import Complaints
from resolver.counters import Counters, Event, Result, Transport
from resolver.limits import Limits, ProvenPaths
from resolver.transports.beyond import Certifying, Reply
from resolver.transports.datagrams import Port
from resolver.transports.handle import Answer, Asking, HandleExchange, Pending, Silence
from resolver.transports.misses import Gathering, Misses
from resolver.transports.origins import origin_of
from resolver.transports.repeats import Plain
from resolver.turns import Turns

_AT_ONCE: Final = 64
"""Datagrams that are read between two looks at the time."""
_LOOK_AGAIN: Final = 0.01
"""Seconds between two looks whether all packets are sent."""
_PART: Final = Silence(Event.DROPPED_PACKET)
_FLAGS_AT: Final = 2
_PACKET: Final = slice(12, 16)
_TRUNCATED: Final = int(EnvelopeFlag.TRUNCATED)
_FIRST_PACKET: Final = bytes(4)

_log = structlog.get_logger(__name__)


class UdpBounds(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one worker's UDP."""

    misses: int = 1024
    """Look-ups that wait for the store, and requests that wait for the registry."""
    drain: float = 2.0
    """Seconds that these get when the listener is closed."""
    leaving: float = 12.0
    """The same when other workers read on: until all are answered that can be."""


class UdpListener:
    """Answers on bound, non-blocking sockets. `clock` is monotonic, `spent` processor time."""

    def __init__(
        self,
        sockets: Iterable[socket],
        exchange: HandleExchange,
        *,
        clients: Clients,
        rates: Limits,
        proven: ProvenPaths,
        counters: Counters,
        clock: Callable[[], float],
        turns: Turns,
        spent: Callable[[], float] = thread_time,
        bounds: UdpBounds = UdpBounds(),  # noqa: B008 -- frozen
    ) -> None:
        self._exchange = exchange
        self._clients = clients
        self._rates = rates
        self._proven = proven
        self._counters = counters
        self._clock = clock
        self._bounds = bounds
        self._misses = Misses(bounds.misses)
        self._turns = turns
        self._spent = spent
        self._gathering = Gathering[tuple[Asking | Plain, _Asked]](
            self._misses, bounds.misses, self._answer_together, lambda: turns.misses(clock())
        )
        self._complaints = Complaints()
        self._joiner = UdpJoiner()
        self._ports = [
            Port(number, bound, self._turn, counters) for number, bound in enumerate(sockets)
        ]

    def start(self) -> None:
        """Begin to read."""
        for port in self._ports:
            port.open()

    async def leave(self) -> None:
        """Stop reading, and answer all that was read: others read on."""
        await self.close(self._bounds.leaving)

    async def close(self, patience: float | None = None) -> None:
        """Stop reading and let misses under way end. The sockets stay open: they are others'."""
        for port in self._ports:
            port.stop_reading()
        self._gathering.depart()
        await self._misses.close(self._bounds.drain if patience is None else patience)
        until = self._clock() + self._bounds.drain
        while any(port.unsent for port in self._ports):
            if self._clock() >= until:
                break
            await asyncio.sleep(_LOOK_AGAIN)
        for port in self._ports:
            port.close()

    def _turn(self, port: Port) -> None:
        """Answer what has come, for as long as a turn may last. Raises as the socket does."""
        spent, turns = self._spent, self._turns
        until = turns.begin(port.number, spent())
        try:
            self._answer_some(port)
            while spent() < until:
                self._answer_some(port)
        finally:
            turns.end(spent())

    def _answer_some(self, port: Port) -> None:
        receive, send, clients = port.receive, port.send, port.clients
        look, began = self._exchange.look, self._clock()
        repeated = 0
        try:
            for _ in range(_AT_ONCE):
                data, source = receive(limits.MAX_UDP_REQUEST + 1)
                try:
                    client = clients.get(source)
                    if client is None:
                        self._take(port, data, source, began)
                        continue
                    reply = look(data, client, began)
                    if type(reply) is bytes and len(reply) <= MAX_DATAGRAM:
                        send(reply, source)
                        repeated += 1
                    else:
                        self._answer_known(reply, port, data, source, client, began)
                except Exception:  # noqa: BLE001 -- one packet never ends it; counted and logged
                    self._failed()
        finally:
            if repeated:
                now = self._clock()
                self._counters.answered(Transport.UDP, Result.FOUND, now - began, now, repeated)
                self._turns.answered(now)

    def _take(self, port: Port, data: bytes, source: Any, now: float) -> None:
        """Answer a datagram from where none of a trusted client is known to come."""
        if not limits.client_port(source[1], own=source[:2] == port.name):
            return self._counters.happened(Event.DROPPED_PORT)
        client = self._clients.of(source[0])
        if not client.trusted:
            return self._answer(port, data, source, client, self._exchange.plain)
        port.know(source, client)
        reply = self._exchange.look(data, client, now)
        return self._answer_known(reply, port, data, source, client, now)

    def _answer_known(  # noqa: PLR0917 -- what is known; what came, where, from whom and when
        self,
        reply: bytes | Plain | None,
        port: Port,
        data: bytes,
        source: Any,
        client: Client,
        now: float,
    ) -> None:
        """Answer a trusted client with the `reply` that was known, or otherwise."""
        if reply is None:
            return self._answer(port, data, source, client, self._exchange.anew)
        asked = _Asked(port, source, client, len(data), now)
        if isinstance(reply, Plain):
            return self._miss(reply, asked)
        return self._send(Reply(reply, Result.FOUND, handle_of(data)), asked)

    def _answer(
        self,
        port: Port,
        data: bytes,
        source: Any,
        client: Client,
        plain: Callable[[bytes, Client, float], Reply | Pending | None],
    ) -> None:
        now = self._clock()
        size = len(data)
        answer: Answer | None = None
        if size <= limits.MAX_UDP_REQUEST:
            answer = plain(data, client, now)
        if answer is None:
            answer = self._odd(data, source, client, now)
        asked = _Asked(port, source, client, size, now)
        if isinstance(answer, Reply):
            self._turns.answered(now)
            return self._send(answer, asked)
        return self._answer_otherwise(answer, asked)

    def _miss(self, plain: Plain, asked: "_Asked") -> None:
        if self._misses.full or self._gathering.full:
            return self._counters.happened(Event.DROPPED_FULL)
        return self._gathering.add((plain, asked))

    def _answer_otherwise(self, answer: Pending | Silence | None, asked: "_Asked") -> None:
        if answer is None:
            return None  # further packets of the request are to come
        if isinstance(answer, Silence):
            return self._counters.happened(answer.event)
        if self._misses.full or self._gathering.full:
            return self._counters.happened(Event.DROPPED_FULL)
        if isinstance(answer, Asking) and answer.gathers(asked.client):
            return self._gathering.add((answer, asked))
        if isinstance(answer, Certifying) and not self._may_send(
            answer.reply, answer.octets, asked
        ):
            return None  # nothing is signed that is not sent
        return self._misses.start(self._answer_later(answer, asked))

    def _odd(self, data: bytes, source: Any, client: Client, now: float) -> Answer | None:
        if len(data) > limits.MAX_UDP_REQUEST:
            return _PART
        if not _one_of_several(data):
            return self._exchange.general(data, client, now)
        if not client.trusted:
            # Strangers' go to TCP: each would have us keep what its forged address began.
            return _PART
        if self._exchange.hands_on:
            return self._exchange.part(data, client, now)
        try:
            whole = self._joiner.add(data, source, now)
        except ProtocolError:
            return _PART  # it may be a part of an answer: only whole messages show what they are
        return None if whole is None else self._exchange.at_once(whole, client, now)

    async def _answer_together(self, gathered: "list[tuple[Asking | Plain, _Asked]]") -> None:
        plain = [(one, asked) for one, asked in gathered if isinstance(one, Plain)]
        asking = [(one, asked) for one, asked in gathered if isinstance(one, Asking)]
        if plain and asking:
            await asyncio.gather(self._answer_plain(plain), self._answer_asking(asking))
        elif plain:
            await self._answer_plain(plain)
        else:
            await self._answer_asking(asking)

    async def _answer_plain(self, gathered: "list[tuple[Plain, _Asked]]") -> None:
        try:
            plain = [(one, asked.client) for one, asked in gathered]
            answers = await self._exchange.tell_together(plain, self._clock())
        except Exception:  # noqa: BLE001 -- as in `_answer_some`
            if len(gathered) == 1:
                return self._failed()
            # What one fails of is not to cost the others their answers; they ask again together.
            await asyncio.gather(*(self._answer_plain([alone]) for alone in gathered))
            return None
        sent: dict[float, int] = {}
        for answer, (one, asked) in zip(answers, gathered, strict=True):
            if isinstance(answer, bytes) and len(answer) <= MAX_DATAGRAM:
                asked.port.send(answer, asked.source)
                sent[asked.at] = sent.get(asked.at, 0) + 1
                continue
            try:
                if isinstance(answer, bytes):
                    self._send(Reply(answer, Result.FOUND, handle_of(one.request)), asked)
                elif isinstance(answer, Reply):
                    self._send(answer, asked)
                else:
                    self._answer_otherwise(answer, asked)
            except Exception:  # noqa: BLE001 -- as in `_answer_some`
                self._failed()
        now = self._clock()
        for at, times in sent.items():
            self._counters.answered(Transport.UDP, Result.FOUND, now - at, now, times)
        return None

    async def _answer_asking(self, gathered: "list[tuple[Asking, _Asked]]") -> None:
        try:
            asking = [(asking, asked.client) for asking, asked in gathered]
            # As of now: what is believed is not to outlive its proof by how long they have waited.
            answers = await self._exchange.together(asking, self._clock())
        except Exception:  # noqa: BLE001 -- as in `_answer_some`
            if len(gathered) == 1:
                return self._failed()
            await asyncio.gather(*(self._answer_asking([alone]) for alone in gathered))  # as above
            return None
        for answer, (_, asked) in zip(answers, gathered, strict=True):
            try:
                if isinstance(answer, Reply):
                    self._send(answer, asked)
                else:
                    self._answer_otherwise(answer, asked)
            except Exception:  # noqa: BLE001 -- as in `_answer_some`
                self._failed()
        return None

    async def _answer_later(self, pending: Pending, asked: "_Asked") -> None:
        judged = isinstance(pending, Certifying)

        def sendable(signing: Certifying) -> bool:
            nonlocal judged
            judged = judged or self._may_send(signing.reply, signing.octets, asked)
            return judged

        try:
            replies = self._exchange.replies(
                pending, asked.client, asked.at, asked.origin, sendable
            )
            async with aclosing(replies):
                async for reply in replies:
                    self._send(reply, asked, judged=judged)
        except Exception:  # noqa: BLE001 -- as in `_answer_some`
            self._failed()

    def _send(self, reply: Reply, asked: "_Asked", *, judged: bool = False) -> None:
        data = reply.data
        packets = (data,) if len(data) <= MAX_DATAGRAM else split(data)
        if (
            not judged
            and (not asked.client.trusted or len(packets) > 1)
            and not self._may_send(reply, len(data), asked)
        ):
            return None
        for packet in packets:
            asked.port.send(packet, asked.source)
        now = self._clock()
        return self._counters.answered(Transport.UDP, reply.result, now - asked.at, now)

    def _may_send(self, reply: Reply, size: int, asked: "_Asked") -> bool:
        """Say whether a reply of `size` octets may be sent; counts why not."""
        refused = self._refused(reply, _on_the_way(size), asked)
        if refused is not None:
            self._counters.happened(refused)
        return refused is None

    def _refused(self, reply: Reply, octets: int, asked: "_Asked") -> Event | None:
        client, now = asked.client, asked.at
        most = limits.largest_reply(client, asked.size, proven=self._proven.proven(client, now))
        small_site = reply.result is Result.SITE and octets <= MAX_DATAGRAM
        if octets > most and not small_site:
            return Event.SILENCED
        error = reply.result not in {Result.FOUND, Result.SITE}
        if not self._rates.answers(client, reply.subject, error=error, now=now):
            return Event.LIMITED
        return None

    def _failed(self) -> None:
        self._counters.happened(Event.FAILED)
        kept_back = self._complaints.admit(self._clock())
        if kept_back is not None:
            _log.exception("a datagram failed", transport="udp", not_logged=kept_back)


class _Asked(msgspec.Struct, frozen=True, gc=False):
    """A datagram as its answer needs it: where from, how many octets, when (monotonic)."""

    port: Port
    source: Any
    client: Client
    size: int
    at: float

    def origin(self) -> Origin:
        """Return where it came from, for the registry."""
        return origin_of(Channel.UDP, self.source[0], self.client)


def _on_the_way(size: int) -> int:
    """Return how many octets of datagrams a message of `size` octets takes."""
    payload = size - envelope.SIZE
    return payload + envelope.SIZE * max(-(-payload // PAYLOAD), 1)


def _one_of_several(data: bytes) -> bool:
    # Older clients do not set the flag, but their first packet is then full and says it is short
    # of its message; a whole message of 512 octets says it is whole.
    if len(data) < envelope.SIZE:
        return False
    if data[_FLAGS_AT] & _TRUNCATED or data[_PACKET] != _FIRST_PACKET:
        return True
    return len(data) == MAX_DATAGRAM and (
        int.from_bytes(data[16:20], "big") > MAX_DATAGRAM - envelope.SIZE
    )
