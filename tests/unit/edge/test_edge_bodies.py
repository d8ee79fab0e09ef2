import asyncio
import json
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import web

from edge import bodies, streams
from edge.bodies import read_body, stream_body
from edge.server import Limits
from edge.streams import stream

LIMIT = 200_000


@pytest.fixture
async def base(serving):
    app = web.Application(client_max_size=1)

    async def whole(request):
        return web.Response(body=await read_body(request, LIMIT))

    async def pieces(request):
        return web.json_response([len(piece) async for piece in stream_body(request)])

    app.router.add_post("/whole", whole)
    app.router.add_post("/pieces", pieces)
    return await serving(app, limits=Limits(linger=0.0))


async def opened(base, head):
    parts = urlsplit(base)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(f"POST {head}\r\nHost: x\r\nConnection: close\r\n".encode())
    return reader, writer


async def ended(reader, writer):
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]), body


@pytest.mark.parametrize("size", [0, 1, 70_000, LIMIT])
@pytest.mark.parametrize("chunked", [True, False])
async def test_a_body_is_read_whole(base, size, chunked):
    body = bytes(n % 251 for n in range(size))

    async def in_pieces():
        for at in range(0, size, 999):
            yield body[at : at + 999]

    async with aiohttp.ClientSession() as session:
        answer = await session.post(f"{base}/whole", data=in_pieces() if chunked else body)
        assert await answer.read() == body


async def test_a_body_that_follows_its_header_is_read_too(base):
    reader, writer = await opened(base, "/whole HTTP/1.1")
    writer.write(b"Content-Length: 6\r\n\r\n")
    await writer.drain()
    for part in (b"abc", b"def"):
        await asyncio.sleep(0)
        writer.write(part)
        await writer.drain()
    assert await ended(reader, writer) == (200, b"abcdef")


@pytest.mark.parametrize("chunked", [True, False])
async def test_a_longer_one_is_refused(base, chunked):
    async def in_pieces():
        for _ in range(5):
            yield b"x" * 50_000

    data = in_pieces() if chunked else b"x" * (LIMIT + 1)
    async with aiohttp.ClientSession() as session:
        answer = await session.post(f"{base}/whole", data=data)
        assert answer.status == 413
        assert (await answer.json(content_type=None))["limit"] == LIMIT


async def test_a_small_one_that_does_not_say_its_length_is_measured(serving):
    app = web.Application()

    async def tiny(request):
        return web.Response(body=await read_body(request, 3))

    app.router.add_post("/", tiny)
    reader, writer = await opened(await serving(app), "/ HTTP/1.1")
    writer.write(b"Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n")
    status, _ = await ended(reader, writer)
    assert status == 413


async def test_a_stream_comes_in_slices(base):
    async with aiohttp.ClientSession() as session:
        answer = await session.post(f"{base}/pieces", data=b"x" * 300_000)
        sizes = await answer.json()
    assert sum(sizes) == 300_000
    assert max(sizes) <= 64 * 1024


@pytest.mark.parametrize("path", ["/whole", "/pieces"])
async def test_a_body_that_stands_still_is_given_up(base, path, monkeypatch):
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.02)
    reader, writer = await opened(base, f"{path} HTTP/1.1")
    writer.write(b"Content-Length: 100\r\n\r\nhalf")
    status, body = await ended(reader, writer)
    assert (status, json.loads(body)["type"]) == (408, "urn:idnode:problem:too-slow")


async def test_a_body_that_drips_is_given_up(base, monkeypatch):
    monkeypatch.setattr(bodies, "_GRACE_SECONDS", -1.0)
    monkeypatch.setattr(bodies, "MIN_RATE", 10**9)
    reader, writer = await opened(base, "/pieces HTTP/1.1")
    writer.write(b"Content-Length: 100\r\n\r\n")
    await writer.drain()
    writer.write(b"x" * 50)
    status, _ = await ended(reader, writer)
    assert status == 408


async def test_a_client_that_goes_away_is_not_answered(serving):
    app, seen = web.Application(), asyncio.Queue()

    async def handler(request):
        try:
            await read_body(request, LIMIT)
        except ConnectionError as error:
            seen.put_nowait(type(error).__mro__)
            raise

    app.router.add_post("/", handler)
    _, writer = await opened(await serving(app), "/ HTTP/1.1")
    writer.write(b"Content-Length: 100\r\n\r\nhalf")
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert ConnectionError in await seen.get()


async def test_a_client_that_takes_nothing_is_cut_off(serving, monkeypatch):
    monkeypatch.setattr(streams, "STALL_SECONDS", 0.02)
    app, seen = web.Application(), asyncio.Queue()

    async def endless():
        while True:
            yield b"x" * 1_000_000

    async def handler(request):
        try:
            return await stream(request, "text/plain", endless())
        except ConnectionResetError as error:
            seen.put_nowait(str(error))
            raise

    app.router.add_post("/", handler)
    _, writer = await opened(await serving(app), "/ HTTP/1.1")
    writer.write(b"Content-Length: 0\r\n\r\n")
    await writer.drain()
    assert await seen.get() == "the client takes nothing"
    writer.close()
