"""The Handle protocol over UDP: many questions in flight on one socket, each asked up to thrice."""

import asyncio
from typing import Any, Final, cast

from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle import framing
from identifiers.wire.handle.envelope import decode_envelope
from identifiers.wire.handle.framing import UdpJoiner
from idnode.errors import Unreachable

PATIENCE: Final = (0.5, 1.0, 1.5)
"""Seconds to wait after each sending, as every Handle client does."""


class Datagrams(asyncio.DatagramProtocol):
    """A connected UDP socket. Replies are told apart by request id, and joined from packets."""

    def __init__(self, patience: tuple[float, ...] = PATIENCE) -> None:
        self._patience = patience
        self._transport: asyncio.DatagramTransport | None = None
        self._waiting: dict[int, asyncio.Future[bytes]] = {}
        self._joiner = UdpJoiner(max_messages=4096, max_bytes=64 << 20)
        self._loop = asyncio.get_running_loop()
        self._closed: asyncio.Future[None] = self._loop.create_future()
        self.sent = 0
        """Requests, repetitions included."""

    @classmethod
    async def open(
        cls, host: str, port: int, patience: tuple[float, ...] = PATIENCE
    ) -> "Datagrams":
        """Open a socket to one server. Raises `Unreachable` for a name that means no address."""
        loop = asyncio.get_running_loop()
        try:
            _, found = await loop.create_datagram_endpoint(
                lambda: cls(patience), remote_addr=(host, port)
            )
        except OSError as why:
            raise Unreachable(f"{host} port {port}, UDP: {why}") from why
        return found

    async def ask(self, request: bytes, request_id: int) -> bytes:
        """Send a request until its whole reply is there.

        Raises `Unreachable` when none came, or the other host says that nobody listens.
        """
        reply: asyncio.Future[bytes] = self._loop.create_future()
        self._waiting[request_id] = reply
        try:
            for seconds in self._patience:
                self._send(request)
                await asyncio.wait({reply}, timeout=seconds)
                if reply.done():
                    return reply.result()
        finally:
            del self._waiting[request_id]
        raise Unreachable(f"no answer over UDP after {len(self._patience)} requests")

    async def close(self) -> None:
        """Close the socket."""
        if self._transport is not None:
            self._transport.close()
            await self._closed

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the socket."""
        # asyncio's own datagram transport is no instance of its class in Python 3.11.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        """Take one packet; noise is passed over, for the question will be asked again."""
        try:
            if decode_envelope(data).request_id not in self._waiting:
                return
            whole = self._joiner.add(data, addr, self._loop.time())
        except ProtocolError:
            return
        if whole is not None:
            reply = self._waiting[decode_envelope(whole).request_id]
            if not reply.done():
                reply.set_result(whole)

    def error_received(self, exc: Exception) -> None:
        """Give up what waits: an ICMP message says that nobody listens there."""
        for reply in self._waiting.values():
            if not reply.done():
                reply.set_exception(Unreachable(f"UDP: {exc}"))

    def connection_lost(self, _exc: Exception | None) -> None:
        """Note that the socket is closed."""
        self._closed.set_result(None)

    def _send(self, request: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            raise Unreachable("the client is closed")
        for packet in framing.split(request):
            self._transport.sendto(packet)
        self.sent += 1
