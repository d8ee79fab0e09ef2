"""A small real Handle server on loopback, with the ways in which real ones misbehave."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from aiohttp import web

from identifiers.outcomes import Absent, Found
from identifiers.queries import Query
from identifiers.records import Record, State
from identifiers.values import Value
from identifiers.wire.handle import bodies, framing, message, translate
from identifiers.wire.handle.codes import OpCode
from identifiers.wire.handle.framing import NEED_DATA, TcpFramer
from identifiers.wire.handle.translate import Site
from identifiers.wire.handle.values import encode_values, filter_blob
from tests.unit.idnode.services import Services, both_ways, listener

EXPIRES = 0x7FFF_FFFF


def record(handle: str, *texts: str) -> Record:
    values = tuple(
        Value(index=at, type="URL", data=text.encode(), timestamp=1_700_000_000)
        for at, text in enumerate(texts, 1)
    )
    return Record(
        key=handle,
        name=handle,
        version=1,
        state=State.ACTIVE,
        values=encode_values(values),
        changed_at=0,
    )


class SmallServer(asyncio.DatagramProtocol):
    """Answers resolutions from a dictionary, on UDP and TCP, one port."""

    def __init__(self) -> None:
        self.records = {
            r.key: r
            for r in (
                record("88.300.1/A", "https://a.example/1", "https://a.example/2"),
                record("88.300.1/LONG", *(f"https://long.example/{n:03}" for n in range(90))),
            )
        }
        self.datagrams = 0
        self.connections = 0
        self.drop = 0
        """How many datagrams are not answered."""
        self.reorder = False
        self.silent_udp = False
        self.one_reply_each = False
        self.hang_up = 0
        """How many connections are closed without a word."""
        self.garbage = b""
        self.hold: asyncio.Event | None = None
        self._held: list[bytes] = []
        self.port = 0

    async def start(self) -> None:
        self._tcp, self._udp, self.port = await both_ways(self._talk, self)

    async def stop(self) -> None:
        self._udp.close()
        self._tcp.close()
        await asyncio.sleep(0)  # asyncio closes a datagram socket in its next turn
        await self._tcp.wait_closed()

    def answer(self, received: bytes) -> bytes:
        request = message.decode(received)
        to, site = translate.reply_to(request, received), Site(serial=1)
        if request.header.op_code == OpCode.GET_SITE_INFO:
            return translate.reply(to, bodies.SiteInfo(b"a site record"), site, EXPIRES)
        query: Query = translate.to_query(request)
        found = self.records.get(query.text)
        if found is None:
            return translate.outcome_reply(to, query, Absent("no such name"), site, EXPIRES)
        values = filter_blob(found.values, query.indexes, query.types, public_only=True)
        return translate.outcome_reply(to, query, Found(found, values), site, EXPIRES)

    def datagram_received(self, data, addr) -> None:
        self.datagrams += 1
        if self.silent_udp:
            return
        if self.drop:
            self.drop -= 1
            return
        if self.garbage:
            self._udp.sendto(self.garbage, addr)
        packets = framing.split(self.answer(data))
        for packet in reversed(packets) if self.reorder else packets:
            self._udp.sendto(packet, addr)

    async def _talk(self, reader, writer) -> None:
        self.connections += 1
        framer = TcpFramer()
        try:
            if self.hang_up:
                self.hang_up -= 1
                return
            while data := await reader.read(1 << 16):
                framer.feed(data)
                while (received := framer.next_message()) is not NEED_DATA:
                    if self.hold is not None:
                        self._held.append(received)
                        if self.hold.is_set():
                            for held in reversed(self._held):
                                writer.write(self.answer(held))
                            self._held.clear()
                        continue
                    writer.write(self.garbage or self.answer(received))
                    if self.one_reply_each:
                        await writer.drain()
                        return
        finally:
            writer.close()


@pytest.fixture
async def services():
    async with AsyncExitStack() as stack:
        found = Services()
        await found.start(stack)
        yield found


@pytest.fixture
async def odd():
    """Answer every request with what `odd.answer` gives; `odd.requests` are those that came."""
    found = Odd()
    async with AsyncExitStack() as stack:
        opened, found.base = listener()
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", found.handle)
        runner = web.AppRunner(app)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.SockSite(runner, opened).start()
        yield found


class Odd:
    """A server that is none of ours, or one that is ill."""

    base = ""

    def __init__(self) -> None:
        self.answer = web.Response
        self.requests = []
        self.slow = None

    async def handle(self, request):
        if self.slow is not None:
            await self.slow.wait()
        self.requests.append((request.method, request.path_qs, dict(request.headers)))
        return self.answer()


@pytest.fixture
async def server():
    found = SmallServer()
    await found.start()
    yield found
    await found.stop()
