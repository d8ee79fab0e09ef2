"""`HandleClient`: resolution over the Handle protocol (RFC 3652), UDP first and TCP after it."""

import asyncio
import secrets
from collections.abc import Callable, Iterable
from enum import StrEnum
from types import TracebackType
from typing import Final, Self, assert_never

from idnode import datagrams, questions, streams
from idnode.datagrams import Datagrams
from idnode.errors import Unreachable
from idnode.resolution import Resolution
from idnode.streams import Streams


class Transport(StrEnum):
    """Over what a question goes."""

    UDP_THEN_TCP = "udp-then-tcp"
    UDP = "udp"
    TCP = "tcp"


class HandleClient:
    """Asks one server. Any number of questions may be asked at once; they share the sockets.

    Args:
        host: a numeric address or a name.
        port: 2641 by registration.
        transport: what questions take that do not say otherwise.
        udp_patience: seconds to wait for a reply after each sending.
        tcp_patience: seconds for connecting and for a reply.
        draw: gives request ids, 32 unpredictable bits each: who could guess them could answer.
    """

    def __init__(
        self,
        host: str,
        port: int = 2641,
        *,
        transport: Transport = Transport.UDP_THEN_TCP,
        udp_patience: tuple[float, ...] = datagrams.PATIENCE,
        tcp_patience: float = streams.PATIENCE,
        draw: Callable[[], int] = lambda: secrets.randbits(32),
    ) -> None:
        self._host: Final = host
        self._port: Final = port
        self._transport: Final = transport
        self._udp_patience: Final = udp_patience
        self._draw: Final = draw
        self._udp: Datagrams | None = None
        self._opening: Final = asyncio.Lock()
        self._tcp: Final = Streams(host, port, tcp_patience)
        self._in_flight: set[int] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._udp is not None:
            await self._udp.close()
        await self._tcp.close()

    async def resolve(
        self,
        handle: str,
        *,
        indexes: Iterable[int] = (),
        types: Iterable[str] = (),
        authoritative: bool = False,
        transport: Transport | None = None,
    ) -> Resolution:
        """Look up `handle`; the filters form a union, and both empty means all public values.

        `authoritative` asks past the server's caches. Not found is an answer and no exception.
        Raises `Unreachable`, `Garbled`, and ValueError for a handle that nobody can be asked about.
        """
        indexes, types = tuple(indexes), tuple(types)

        def question(request_id: int, *, keep_alive: bool) -> bytes:
            return questions.resolution(
                handle,
                request_id,
                indexes=indexes,
                types=types,
                authoritative=authoritative,
                keep_alive=keep_alive,
            )

        return questions.read_resolution(handle, await self._ask(question, transport))

    async def site(self, transport: Transport | None = None) -> bytes:
        """Return the server's own HS_SITE record (`identifiers.wire.handle.site` reads it)."""
        return questions.read_site(await self._ask(questions.site, transport))

    async def _ask(self, question: Callable[..., bytes], transport: Transport | None) -> bytes:
        request_id = self._fresh_id()
        try:
            match transport or self._transport:
                case Transport.UDP:
                    return await self._over_udp(question, request_id)
                case Transport.TCP:
                    return await self._over_tcp(question, request_id)
                case Transport.UDP_THEN_TCP:
                    try:
                        return await self._over_udp(question, request_id)
                    except Unreachable:
                        # Lost, or too long for an address that has not proved itself.
                        return await self._over_tcp(question, request_id)
                case _ as never:
                    assert_never(never)
        finally:
            self._in_flight.discard(request_id)

    async def _over_udp(self, question: Callable[..., bytes], request_id: int) -> bytes:
        async with self._opening:
            if self._udp is None:
                self._udp = await Datagrams.open(self._host, self._port, self._udp_patience)
        return await self._udp.ask(question(request_id, keep_alive=False), request_id)

    async def _over_tcp(self, question: Callable[..., bytes], request_id: int) -> bytes:
        return await self._tcp.ask(question(request_id, keep_alive=True), request_id)

    def _fresh_id(self) -> int:
        while (drawn := self._draw()) in self._in_flight or drawn == questions.UNREAD_REQUEST:
            pass
        self._in_flight.add(drawn)
        return drawn
