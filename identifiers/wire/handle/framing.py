"""Messages to datagrams and streams, and back (RFC 3652 sections 2.1.2 and 2.3).

A datagram holds an envelope and at most 492 bytes of the message; packet *i* of a longer message
carries the bytes from 492 x *i*. On TCP a message stands behind its envelope and nothing is
between messages. Nothing here reads a clock or a socket.
"""

from collections.abc import Hashable
from enum import Enum
from typing import Final, Literal

import msgspec

from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle import envelope
from identifiers.wire.handle.codes import MAX_MESSAGE_BYTES, EnvelopeFlag
from identifiers.wire.handle.envelope import Envelope, decode_envelope, encode_envelope

MAX_DATAGRAM: Final = 512
PAYLOAD: Final = MAX_DATAGRAM - envelope.SIZE
"""Message bytes in a full datagram."""
PATIENCE: Final = 5.0
"""Seconds that the packets of one message may take."""


def split(message: bytes) -> list[bytes]:
    """Return the datagrams of a whole message (its envelope first).

    Every packet of several repeats the envelope with its own number and the truncation flag.
    """
    if len(message) <= MAX_DATAGRAM:
        return [message]
    outer = decode_envelope(message, len(message))
    outer = msgspec.structs.replace(outer, flags=outer.flags | EnvelopeFlag.TRUNCATED)
    return [
        encode_envelope(msgspec.structs.replace(outer, packet=packet))
        + message[start : start + PAYLOAD]
        for packet, start in enumerate(range(envelope.SIZE, len(message), PAYLOAD))
    ]


class _Parts:
    """The packets of one message so far, in a buffer of its announced length."""

    __slots__ = ("deadline", "first", "missing", "payload")

    def __init__(self, first: Envelope, deadline: float) -> None:
        self.first = first
        self.deadline = deadline
        self.payload = bytearray(first.message_length)
        self.missing = set(range(_packets(first)))


class UdpJoiner:
    """Joins the datagrams of longer messages, by sender and request id.

    Bounded: at most `max_messages` unfinished messages and `max_bytes` of their announced
    lengths; when full, a further message is refused until one completes or runs out of time.
    """

    def __init__(
        self,
        *,
        max_messages: int = 64,
        max_bytes: int = 1 << 20,
        limit: int = MAX_MESSAGE_BYTES,
        patience: float = PATIENCE,
    ) -> None:
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._limit = limit
        self._patience = patience
        self._open: dict[tuple[Hashable, int], _Parts] = {}
        self._bytes = 0
        self.refused = 0
        """Datagrams that found the joiner full."""

    def add(self, datagram: bytes, sender: Hashable, now: float) -> bytes | None:
        """Take one datagram; return the whole message when it was the last missing one.

        `now` in seconds of any steady clock. A packet seen before changes nothing. Raises
        `ProtocolError` for what is no packet of a message, or contradicts the message's others.
        """
        outer = decode_envelope(datagram, self._limit)
        if len(datagram) - envelope.SIZE == outer.message_length and not outer.packet:
            return datagram
        _check_packet(outer, len(datagram) - envelope.SIZE)
        key = (sender, outer.request_id)
        parts = self._open.get(key)
        if parts is None or parts.deadline <= now:
            self.expire(now)
            if not self._room_for(outer):
                self.refused += 1
                return None
            parts = self._open[key] = _Parts(outer, now + self._patience)
            self._bytes += outer.message_length
        elif not _same_message(parts.first, outer):
            raise ProtocolError("Packets of one request contradict each other")
        if outer.packet in parts.missing:
            start = outer.packet * PAYLOAD
            parts.payload[start : start + PAYLOAD] = datagram[envelope.SIZE :]
            parts.missing.discard(outer.packet)
        if parts.missing:
            return None
        self._drop(key)
        whole = msgspec.structs.replace(
            outer, packet=0, flags=outer.flags & ~EnvelopeFlag.TRUNCATED
        )
        return encode_envelope(whole) + bytes(parts.payload)

    def expire(self, now: float) -> int:
        """Forget messages whose time is over; return how many they were."""
        over = [key for key, parts in self._open.items() if parts.deadline <= now]
        for key in over:
            self._drop(key)
        return len(over)

    def _room_for(self, outer: Envelope) -> bool:
        return (
            len(self._open) < self._max_messages
            and self._bytes + outer.message_length <= self._max_bytes
        )

    def _drop(self, key: tuple[Hashable, int]) -> None:
        self._bytes -= self._open.pop(key).first.message_length


def _packets(outer: Envelope) -> int:
    return -(-outer.message_length // PAYLOAD)


def _check_packet(outer: Envelope, size: int) -> None:
    start = outer.packet * PAYLOAD
    if start >= outer.message_length or size != min(PAYLOAD, outer.message_length - start):
        raise ProtocolError("Invalid message length")


def _same_message(first: Envelope, other: Envelope) -> bool:
    return msgspec.structs.replace(other, packet=first.packet) == first


class NeedData(Enum):
    """The stream holds no whole message yet."""

    NEED_DATA = "need data"


NEED_DATA: Final = NeedData.NEED_DATA


class TcpFramer:
    """Cuts a TCP stream into messages: ``feed`` what came, then ``next_message`` until NEED_DATA.

    A message longer than `limit` bytes is refused as soon as its envelope is there, before any of
    it is kept. After a `ProtocolError` the stream is lost: answer and close.
    """

    __slots__ = ("_buffer", "_limit", "_wanted")

    def __init__(self, limit: int = MAX_MESSAGE_BYTES) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._wanted = 0

    @property
    def buffered(self) -> int:
        """Bytes of unfinished or untaken messages."""
        return len(self._buffer)

    @property
    def announced(self) -> int:
        """Bytes of the message under way, envelope included; 0 while its envelope is not there."""
        return self._wanted

    def begun(self, size: int) -> bytes:
        """Return the first bytes of what is buffered, up to `size`."""
        return bytes(self._buffer[:size])

    def feed(self, data: bytes) -> None:
        """Take what the socket gave. Raises `ProtocolError` when no message can come of it."""
        if self._wanted or len(self._buffer) + len(data) < envelope.SIZE:
            self._buffer += data
            return
        # Judge a new message's envelope before its bytes are buffered.
        start = bytes(self._buffer[: envelope.SIZE])
        self._wanted = self._measure(start + data[: envelope.SIZE - len(start)])
        self._buffer += data

    def skip(self, octets: int) -> None:
        """Take whole messages that were read off what is ``begun``."""
        del self._buffer[:octets]
        self._wanted = 0

    def next_message(self) -> bytes | Literal[NeedData.NEED_DATA]:
        """Return the next whole message (its envelope first) or NEED_DATA.

        Raises `ProtocolError` when the bytes behind the last message begin none.
        """
        if not self._wanted:
            if len(self._buffer) < envelope.SIZE:
                return NEED_DATA
            self._wanted = self._measure(bytes(self._buffer[: envelope.SIZE]))
        if len(self._buffer) < self._wanted:
            return NEED_DATA
        message = bytes(self._buffer[: self._wanted])
        del self._buffer[: self._wanted]
        self._wanted = 0
        return message

    def _measure(self, start: bytes) -> int:
        return envelope.SIZE + decode_envelope(start, self._limit).message_length
