"""What a TCP connection has sent and nobody has answered yet: cut into messages, timed, bounded.

Messages that are longer than a look-up are for the registry. Whether anybody takes one is judged by
its first octets, before much of it is kept; strangers share a few seats for them.
"""

from typing import Any, Final

from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle import envelope
from identifiers.wire.handle.codes import ResponseCode
from identifiers.wire.handle.framing import NEED_DATA, TcpFramer
from resolver.transports.desk import Desk
from resolver.transports.handle import START

_TOO_LONG: Final = "Message is too long"
_TOO_MANY: Final = "Too many long messages"


class Intake:
    """The octets of one connection. After a `ProtocolError` they cannot be cut any more."""

    __slots__ = ("_began", "_desk", "_framer", "_seated", "trusted")

    def __init__(self, desk: Desk[Any]) -> None:
        pace = desk.pace
        self._desk = desk
        self._framer = TcpFramer(
            pace.long_octets if desk.exchange.hands_on else pace.message_octets
        )
        self._began: float | None = None
        self._seated = False
        self.trusted = False
        """Whether long messages need no seat."""

    @property
    def buffered(self) -> int:
        """Octets that are here."""
        return self._framer.buffered

    @property
    def partial(self) -> bool:
        """Whether the first message is surely not whole: it says that it is longer."""
        return self._framer.announced > self._framer.buffered

    @property
    def due(self) -> float | None:
        """When the message that has begun must be whole; None: none has."""
        if self._began is None:
            return None
        pace = self._desk.pace
        long = self._is_long(self._framer.announced)
        return self._began + (pace.long_message if long else pace.message)

    def begun(self, octets: int) -> bytes:
        """Return the first octets of what is here."""
        return self._framer.begun(octets)

    def feed(self, data: bytes) -> None:
        """Take what the peer sent. Raises `ProtocolError`."""
        self._framer.feed(data)

    def skip(self, octets: int) -> None:
        """Take whole messages that were answered off what is `begun`."""
        if octets:
            self._framer.skip(octets)
            self._began = None

    def next(self) -> bytes | None:
        """Take the next message; None: it is not whole yet. Raises `ProtocolError`."""
        message = self._framer.next_message()
        if message is NEED_DATA:
            if not self._framer.buffered:
                self._began = None
            elif self._began is None:
                self._began = self._desk.clock()
            self._judge()
            return None
        self._began = None
        self.leave()
        if self._is_long(len(message)) and not self._desk.exchange.takes_long(message):
            raise ProtocolError(_TOO_LONG)
        return message

    def leave(self) -> None:
        """Give the seat back, if a long message had one."""
        if self._seated:
            self._seated = False
            self._desk.long.leave()

    def _is_long(self, octets: int) -> bool:
        return octets > self._desk.pace.message_octets + envelope.SIZE

    def _judge(self) -> None:
        framer, desk = self._framer, self._desk
        if self._seated or not self._is_long(framer.announced):
            return
        start = framer.begun(START)
        if len(start) < START:
            return
        if not desk.exchange.takes_long(start):
            raise ProtocolError(_TOO_LONG)
        if not self.trusted:
            if not desk.long.take():
                raise ProtocolError(_TOO_MANY, ResponseCode.SERVER_BUSY)
            self._seated = True
