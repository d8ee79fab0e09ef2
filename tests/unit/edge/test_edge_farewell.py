import asyncio

import pytest
from aiohttp import web

from edge import farewell
from edge.addresses import Address
from edge.server import serve
from node.listeners import bound, listen_tcp

REQUEST = b"GET /%d HTTP/1.1\r\nHost: n\r\n\r\n"


class Client:
    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    def send(self, *numbers):
        self.writer.write(b"".join(REQUEST % number for number in numbers))

    async def answer(self):
        """Return the body, and whether it was said that the connection ends."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        (length,) = (int(f[16:]) for f in head.split(b"\r\n") if f.startswith(b"content-length: "))
        return await self.reader.readexactly(length), b"connection: close" in head


@pytest.fixture
async def server():
    """Gives the server, a way to connect, and what holds answers back until it is set."""
    go, writers = asyncio.Event(), []

    async def number(request):
        if request.path == "/0":
            await go.wait()
        return web.Response(text=request.path)

    app = web.Application()
    app.router.add_get("/{number}", number)
    listening = listen_tcp(Address("127.0.0.1", 0))
    address = bound(listening)
    runner = await serve(app, [listening])

    async def connect():
        reader, writer = await asyncio.open_connection(address.host, address.port)
        writers.append(writer)
        return Client(reader, writer)

    yield runner, connect, go
    for writer in writers:
        writer.close()
    await runner.cleanup()


async def test_the_next_answer_says_that_it_is_the_last(server):
    runner, connect, _ = server
    client = await connect()
    client.send(1)
    assert await client.answer() == (b"/1", False)
    leaving = asyncio.create_task(farewell.leave(runner, 10))
    await asyncio.sleep(0)
    client.send(2)
    assert await client.answer() == (b"/2", True)
    assert await client.reader.read() == b""
    client.writer.close()
    await leaving


async def test_of_pipelined_requests_all_are_answered(server):
    runner, connect, go = server
    client = await connect()
    client.send(0, 1, 2)
    while not runner.open:  # noqa: ASYNC110 -- no event tells
        await asyncio.sleep(0)
    leaving = asyncio.create_task(farewell.leave(runner, 10))
    await asyncio.sleep(0.05)
    go.set()
    got = [await client.answer() for _ in range(3)]
    assert got == [(b"/0", False), (b"/1", False), (b"/2", True)]
    assert await client.reader.read() == b""
    client.writer.close()
    await leaving


async def test_nobody_new_is_let_in_and_the_silent_are_not_waited_for(server):
    runner, connect, _ = server
    silent = await connect()
    silent.send(1)
    await silent.answer()
    await farewell.leave(runner, 0.05)
    with pytest.raises(ConnectionRefusedError):
        await connect()
    await runner.cleanup()
    assert await silent.reader.read() == b""
