"""The Handle protocol over UDP: many questions in flight on one socket, each asked up to thrice."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, cast

from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle import framing
from identifiers.wire.handle.framing import UdpJoiner
from idnode.errors import FateUnknown, Unreachable, reason_of

PATIENCE: Final = (0.5, 1.0, 1.5)
"""Seconds to wait after each sending, as every Handle client does."""
WINDOW: Final = 64
"""Questions in flight; more wait here, where they are not lost: replies to some hundred at once
overrun the socket's buffer."""
_REQUEST_ID: Final = slice(8, 12)
"""Where the envelope has it."""


class _Question:
    """A request on its way: sent again until its reply is there or patience is at its end."""

    __slots__ = ("_loop", "_patience", "_request", "_send", "_sent", "_timer", "_where", "reply")

    def __init__(
        self,
        request: bytes,
        send: Callable[[bytes], None],
        patience: tuple[float, ...],
        where: str,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._request = request
        self._send = send
        self._patience = patience
        self._sent = 0
        self._where = where
        self.reply: asyncio.Future[bytes] = self._loop.create_future()
        self.again()

    def again(self) -> None:
        """Send it once more, or give it up."""
        if self._sent == len(self._patience):
            self.fail(f"{self._where}: no answer after {self._sent} requests")
            return
        self._timer = self._loop.call_later(self._patience[self._sent], self.again)
        self._sent += 1
        self._send(self._request)

    def answer(self, reply: bytes) -> None:
        """Take the reply; a second one changes nothing."""
        if not self.reply.done():
            self.reply.set_result(reply)

    def fail(self, why: str) -> None:
        """Give it up."""
        if not self.reply.done():
            self.reply.set_exception(Unreachable(why))

    def end(self) -> None:
        """Send it no more."""
        self._timer.cancel()


class Datagrams(asyncio.DatagramProtocol):
    """A connected UDP socket. Replies are told apart by request id, and joined from packets."""

    def __init__(self, where: str, patience: tuple[float, ...] = PATIENCE) -> None:
        self._where = where
        self._patience = patience
        self._transport: asyncio.DatagramTransport | None = None
        self._waiting: dict[int, _Question] = {}
        self._joiner = UdpJoiner(max_messages=4096, max_bytes=64 << 20)
        self._loop = asyncio.get_running_loop()
        self._window = asyncio.Semaphore(WINDOW)
        self._closed: asyncio.Future[None] = self._loop.create_future()
        self.sent = 0
        """Requests, repetitions included."""

    @classmethod
    async def open(
        cls, host: str, port: int, patience: tuple[float, ...] = PATIENCE
    ) -> "Datagrams":
        """Open a socket to one server. Raises `Unreachable` for a name that means no address."""
        loop = asyncio.get_running_loop()
        where = f"{host} port {port}, UDP"
        try:
            _, found = await loop.create_datagram_endpoint(
                lambda: cls(where, patience), remote_addr=(host, port)
            )
        except OSError as why:
            raise Unreachable(f"{where}: {reason_of(why)}") from why
        return found

    async def ask(self, request: bytes, request_id: int, *, repeatable: bool = True) -> bytes:
        """Send a request until its whole reply is there, or just once unless it is `repeatable`.

        Raises `Unreachable` when none came, or the other host says that nobody listens, and
        `FateUnknown` in its place for what is sent just once.
        """
        patience = self._patience if repeatable else (sum(self._patience),)
        async with self._window:
            if self._transport is None or self._transport.is_closing():
                raise Unreachable("the client is closed")
            question = _Question(request, self._send, patience, self._where)
            self._waiting[request_id] = question
            try:
                return await question.reply
            except Unreachable as why:
                if repeatable:
                    raise
                raise FateUnknown(str(why)) from why
            finally:
                del self._waiting[request_id]
                question.end()

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
        question = self._waiting.get(int.from_bytes(data[_REQUEST_ID], "big"))
        if question is None:
            return
        try:
            whole = self._joiner.add(data, addr, self._loop.time())
        except ProtocolError:
            return
        if whole is not None:
            question.answer(whole)

    def error_received(self, exc: Exception) -> None:
        """Give up what waits: an ICMP message says that nobody listens there."""
        for question in self._waiting.values():
            question.fail(f"{self._where}: {reason_of(exc)}")

    def connection_lost(self, _exc: Exception | None) -> None:
        """Give up what waits, and note that the socket is closed."""
        for question in self._waiting.values():
            question.fail("the client is closed")
        self._closed.set_result(None)

    def _send(self, request: bytes) -> None:
        self.sent += 1
        if self._transport is not None:
            for packet in framing.split(request):
                self._transport.sendto(packet)
