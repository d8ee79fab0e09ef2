"""One server, and the transports that lead to it."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Final, assert_never

from identifiers.wire.handle.codes import UNKNOWN_SITE_SERIAL
from idnode import datagrams, streams
from idnode.datagrams import Datagrams
from idnode.errors import Unreachable
from idnode.questions import UNREAD_REQUEST
from idnode.streams import Streams
from idnode.transport import Address, Transport

if TYPE_CHECKING:
    from idnode.tunnel import Tunnel

Write = Callable[[int], bytes]
"""Writes a request with the id that it is given."""


class Peer:
    """A server. Any number of questions may be asked at once; they share the sockets.

    `draw` gives request ids, 32 unpredictable bits each: who could guess them could answer.
    `site_serial` is that of the site record that is known of the server; it is told when that is
    out of date. The record in a referral is none: it is numbered by whoever refers.
    """

    def __init__(
        self,
        address: Address,
        *,
        draw: Callable[[], int],
        udp_patience: tuple[float, ...] = datagrams.PATIENCE,
        tcp_patience: float = streams.PATIENCE,
    ) -> None:
        self.address: Final = address
        self.site_serial = UNKNOWN_SITE_SERIAL
        self._draw: Final = draw
        self._udp_patience: Final = udp_patience
        self._tcp_patience: Final = tcp_patience
        self._opening: Final = asyncio.Lock()
        self._udp: Datagrams | None = None
        self._tcp: Final = Streams(address.host, address.tcp, tcp_patience)
        self._http: Tunnel | None = None
        self._in_flight: set[int] = set()

    async def ask(self, write: Write, transport: Transport, *, repeatable: bool = True) -> bytes:
        """Send a request over `transport` and return its reply.

        Raises `Unreachable`, `Garbled`, and `FateUnknown` for a request that is not `repeatable`
        and may have been received.
        """
        request_id = self._fresh_id()
        try:
            return await self._ask(write(request_id), request_id, transport, repeatable=repeatable)
        finally:
            self._in_flight.discard(request_id)

    async def messages(self, write: Write) -> AsyncGenerator[bytes]:
        """Send a request over TCP and yield the messages of its reply, until nobody takes more."""
        self._must_have(self.address.tcp, "TCP")
        request_id = self._fresh_id()
        try:
            async with aclosing(self._tcp.messages(write(request_id), request_id)) as messages:
                async for message in messages:
                    yield message
        finally:
            self._in_flight.discard(request_id)

    async def close(self) -> None:
        """Close all sockets."""
        if self._udp is not None:
            await self._udp.close()
        await self._tcp.close()
        if self._http is not None:
            await self._http.close()

    async def _ask(
        self, request: bytes, request_id: int, transport: Transport, *, repeatable: bool
    ) -> bytes:
        match transport:
            case Transport.UDP:
                return await self._over_udp(request, request_id, repeatable=repeatable)
            case Transport.TCP:
                return await self._over_tcp(request, request_id, repeatable=repeatable)
            case Transport.HTTP:
                return await self._over_http(request, repeatable=repeatable)
            case Transport.UDP_THEN_TCP:
                if self.address.udp and repeatable:
                    try:
                        return await self._over_udp(request, request_id, repeatable=True)
                    except Unreachable:
                        # Lost, or too long for an address that has not proved itself.
                        if not self.address.tcp:
                            raise
                return await self._over_tcp(request, request_id, repeatable=repeatable)
            case _ as never:
                assert_never(never)

    async def _over_udp(self, request: bytes, request_id: int, *, repeatable: bool) -> bytes:
        self._must_have(self.address.udp, "UDP")
        async with self._opening:
            if self._udp is None:
                self._udp = await Datagrams.open(
                    self.address.host, self.address.udp, self._udp_patience
                )
        return await self._udp.ask(request, request_id, repeatable=repeatable)

    async def _over_tcp(self, request: bytes, request_id: int, *, repeatable: bool) -> bytes:
        self._must_have(self.address.tcp, "TCP")
        return await self._tcp.ask(request, request_id, repeatable=repeatable)

    async def _over_http(self, request: bytes, *, repeatable: bool) -> bytes:
        self._must_have(self.address.http, "HTTP")
        if self._http is None:
            # Who asks over the Handle protocol only need not wait for an HTTP library.
            from idnode.tunnel import Tunnel  # noqa: PLC0415 -- see above

            self._http = Tunnel(self.address.http, self._tcp_patience)
        return await self._http.ask(request, repeatable=repeatable)

    def _must_have(self, interface: int | str, name: str) -> None:
        if not interface:
            raise Unreachable(f"{self.address.host} has no interface for {name}")

    def _fresh_id(self) -> int:
        while (drawn := self._draw()) in self._in_flight or drawn == UNREAD_REQUEST:
            pass
        self._in_flight.add(drawn)
        return drawn
