"""The Handle protocol in HTTP, and servers that do not speak it."""

import asyncio

import pytest
from aiohttp import web

from idnode import FateUnknown, Garbled, HandleClient, Transport, Unreachable
from idnode.tunnel import MEDIA_TYPE, Tunnel


@pytest.fixture
async def tunnel(odd):
    found = Tunnel(odd.base + "/")
    yield found
    await found.close()


async def test_a_message_is_the_body(odd, tunnel):
    odd.answer = lambda: web.Response(body=b"reply", content_type=MEDIA_TYPE)
    assert await tunnel.ask(b"request") == b"reply"
    method, path, headers = odd.requests[0]
    assert (method, path, headers["Content-Type"]) == ("POST", "/", MEDIA_TYPE)


@pytest.mark.parametrize(
    "answer",
    [
        lambda: web.Response(text="<html>"),
        lambda: web.Response(body=b"x", content_type=MEDIA_TYPE, status=500),
        lambda: web.Response(status=302, headers={"Location": "http://x.example/"}),
        lambda: web.Response(body=bytes((1 << 20) + 1), content_type=MEDIA_TYPE),
    ],
)
async def test_what_is_no_handle_message(odd, tunnel, answer):
    odd.answer = answer
    with pytest.raises(Garbled):
        await tunnel.ask(b"request")


async def test_a_port_without_http_is_named():
    async def talk(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"\x02\x0b\x00\x00 no status line\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        async with HandleClient("127.0.0.1", port, transport=Transport.HTTP) as client:
            with pytest.raises(Garbled, match=rf":{port}/ does not speak HTTP: is it the Handle"):
                await client.resolve("88.300.1/A")


async def test_silence_leaves_the_fate_of_a_change_unknown(odd):
    odd.slow = asyncio.Event()
    tunnel = Tunnel(odd.base + "/", patience=0.05)
    with pytest.raises(Unreachable):
        await tunnel.ask(b"request")
    with pytest.raises(FateUnknown):
        await tunnel.ask(b"request", repeatable=False)
    odd.slow.set()
    await tunnel.close()


async def test_nobody_there_has_done_nothing():
    tunnel = Tunnel("http://127.0.0.1:1/")
    with pytest.raises(Unreachable):
        await tunnel.ask(b"request", repeatable=False)
    await tunnel.close()
