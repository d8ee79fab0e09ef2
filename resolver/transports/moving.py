"""Connections that move from a worker that leaves to one that stays, unnoticed at their far ends.

All workers of a node share both ends of one pair of sockets. Who leaves puts its connections in,
one message each with the open socket and what goes with it; whoever serves takes them out. In
between they wait there, also when a worker dies.
"""

import socket
from typing import Final

import msgspec
import structlog

MOST_READ: Final = 64 * 1024
"""Octets of an unfinished message that may go with a connection."""
_ROOM: Final = 2 * MOST_READ


class Moved(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What a connection is, beside its socket, when all that was taken from it is answered.

    `read` are octets of its next message. Somebody may have logged in under its `name` (`known`).
    `age` in seconds; `taken` counts its requests.
    """

    read: bytes
    name: str
    known: bool
    login_first: bool
    pooled: bool
    taken: int
    age: float


_log = structlog.get_logger(__name__)
_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(Moved)


class Passage:
    """Both ends of the pair, which keeps messages apart (SOCK_SEQPACKET)."""

    def __init__(self, into: socket.socket, out: socket.socket) -> None:
        self._into = into
        self.out: Final = out
        """Readable when a connection waits."""

    def put(self, descriptor: int, moved: Moved) -> bool:
        """Put a connection in; False: there is no room just now."""
        try:
            socket.send_fds(self._into, [_encoder.encode(moved)], [descriptor])
        except BlockingIOError:
            return False
        return True

    def take(self) -> tuple[socket.socket, Moved] | None:
        """Take a connection out; None: another one was quicker, or it was lost on its way.

        The system closes what it has no free descriptor for (MSG_CTRUNC, unix(7)).
        """
        try:
            data, descriptors, _, _ = socket.recv_fds(self.out, _ROOM, 1)
        except BlockingIOError:
            return None
        if not descriptors:
            _log.warning("no free descriptor: a connection that came from another worker is lost")
            return None
        return socket.socket(fileno=descriptors[0]), _decoder.decode(data)
