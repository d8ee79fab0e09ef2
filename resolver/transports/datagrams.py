"""One socket for datagrams: says when some have come, keeps a few while the system takes none."""

import asyncio
from collections import deque
from collections.abc import Callable
from socket import socket
from typing import Any, Final

import structlog

from resolver.clients import Client
from resolver.counters import Counters, Event

_UNSENT: Final = 1024
"""Packets kept while the system takes none."""
_KNOWN: Final = 4096
"""Sources that are remembered."""

_log = structlog.get_logger(__name__)


class Port:
    """One socket, the `number`th of its listener; `turn` is called when something has come."""

    def __init__(
        self, number: int, bound: socket, turn: Callable[["Port"], None], counters: Counters
    ) -> None:
        bound.settimeout(0.0)
        self.number = number
        self._socket = bound
        self._turn = turn
        self._counters = counters
        self._unsent: deque[tuple[bytes, Any]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.clients: Final[dict[Any, Client]] = {}
        """Trusted clients by where they ask from: they are answered without further ado."""
        self.name = bound.getsockname()[:2]

    @property
    def receive(self) -> Callable[[int], tuple[bytes, Any]]:
        """Take one, of up to so many octets, and where it is from. Raises as the socket does."""
        return self._socket.recvfrom

    def open(self) -> None:
        """Begin to say when there are some."""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._readable)

    def know(self, source: Any, client: Client) -> None:
        """Note a trusted client, and that it may ask from there."""
        if len(self.clients) >= _KNOWN:
            self.clients.clear()
        self.clients[source] = client

    def stop_reading(self) -> None:
        """Say it no longer; what is kept is sent."""
        if self._loop is not None:
            self._loop.remove_reader(self._socket)

    @property
    def unsent(self) -> int:
        """Return how many are kept."""
        return len(self._unsent)

    def close(self) -> None:
        """Give up what is kept. The socket stays open."""
        if self._loop is not None:
            self._loop.remove_writer(self._socket)
        self._counters.happened(Event.UNSENT, len(self._unsent))
        self._unsent.clear()

    def _readable(self) -> None:
        try:
            self._turn(self)
        except BlockingIOError:
            return
        except OSError as error:
            # An ICMP error of an earlier reply, told to whoever reads next.
            self._counters.happened(Event.UNSENT)
            _log.debug("udp socket", why=str(error))

    def send(self, packet: bytes, to: Any) -> None:
        """Send one, or keep it. What cannot be sent is counted."""
        if self._unsent:
            return self._keep(packet, to)
        try:
            self._socket.sendto(packet, to)
        except BlockingIOError:
            self._keep(packet, to)
        except OSError:
            # No route, or a filter of the system: the client will ask again.
            self._counters.happened(Event.UNSENT)
        return None

    def _keep(self, packet: bytes, to: Any) -> None:
        if len(self._unsent) >= _UNSENT:
            return self._counters.happened(Event.UNSENT)
        if not self._unsent and self._loop is not None:
            self._loop.add_writer(self._socket, self._writable)
        return self._unsent.append((packet, to))

    def _writable(self) -> None:
        while self._unsent:
            packet, to = self._unsent[0]
            try:
                self._socket.sendto(packet, to)
            except BlockingIOError:
                return
            except OSError:
                self._counters.happened(Event.UNSENT)
            self._unsent.popleft()
        if self._loop is not None:
            self._loop.remove_writer(self._socket)
