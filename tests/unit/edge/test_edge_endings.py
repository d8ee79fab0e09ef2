"""How connections end from the client's side: by "close" in a request, by half-closing."""

import asyncio
import re
import socket

import pytest
from aiohttp import web

from edge.bodies import read_body
from edge.protocol import Connection
from edge.server import Limits, dress
from edge.short_cut import head_of

GET = b"GET /%s HTTP/1.1\r\nHost: a\r\n\r\n"
CLOSE = b"GET /%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
POST = b"POST /%s HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s"
SHORT = b"/kept/a"
LARGE = b"x" * 300_000
LIMITS = Limits(idle=600.0, handler=600.0, linger=600.0, drain=0.05)


class Kept:
    """Has the answer to one address at hand."""

    mount, batch = "/kept/", "/many"

    def __init__(self):
        self.took, self.data = [], SHORT
        self.head = head_of([], len(SHORT))

    def client(self, host):
        return host

    def form(self, accept):
        return accept or "any"

    def answer(self, rest, *_):
        return self if rest == b"a" else None

    def answers(self, asked, _):
        return [self.answer(*one) for one in asked]

    def answer_all(self, *_):
        return None

    def count(self, _):
        self.took.clear()


async def told(request):
    """Return when the server knows that the answer to this request is the last one."""
    assert isinstance(request.protocol, Connection)
    while not request.protocol.ends:  # noqa: ASYNC110 -- no event tells
        await asyncio.sleep(0)


def an_app():
    app = web.Application()

    async def plain(request):
        return web.Response(body=request.path.encode())

    async def late(request):
        await told(request)
        return await plain(request)

    async def slow(request):
        await asyncio.sleep(0.02)
        return await plain(request)

    async def begun(request):
        response = web.StreamResponse(headers={"Content-Length": "10"})
        dress(request, response)
        await response.prepare(request)
        await response.write(b"begun")
        await told(request)
        await response.write(b"ended")
        return response

    async def echo(request):
        return web.Response(body=await read_body(request, 1000))

    async def large(_):
        return web.Response(body=LARGE)

    async def huge(_):
        return web.Response(body=LARGE * 40)

    app.router.add_get("/huge", huge)
    app.router.add_get("/large", large)
    app.router.add_get("/late", late)
    app.router.add_get("/begun", begun)
    app.router.add_get("/slow", slow)
    app.router.add_get("/{rest:.*}", plain)
    app.router.add_post("/echo", echo)
    return app


@pytest.fixture(params=["usual", "short cut"])
async def exchange(request, serving):
    """Give what sends pieces, half-closes then if asked to, and returns all that comes back.

    Each piece goes alone, once so many answers have come as are said with it.
    """
    at_once = Kept() if request.param == "short cut" else None
    base = await serving(an_app(), at_once=at_once, limits=LIMITS)
    port = int(base.rpartition(":")[2])

    async def exchange(*pieces, end=False):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(pieces[0])
        got = b""
        for piece in pieces[1:]:
            got += await reader.readuntil(b"\r\n\r\n")
            got += await reader.readexactly(int(re.findall(rb"Content-Length: (\d+)", got)[-1]))
            writer.write(piece)
        if end:
            writer.write_eof()
        got += await reader.read()
        writer.close()
        return answers(got)

    exchange.port, exchange.runner = port, serving.runners[-1]
    return exchange


def answers(stream):
    """Return the status, the body and whether it is the last one, of each answer."""
    found = []
    while stream:
        head, _, stream = stream.partition(b"\r\n\r\n")
        length = int(re.search(rb"Content-Length: (\d+)", head)[1])
        body, stream = stream[:length], stream[length:]
        status = int(head.split(b" ")[1])
        last = head.startswith(b"HTTP/1.0 ") or b"Connection: close" in head
        found.append((status, body if status == 200 else b"", last))
    return found


@pytest.mark.parametrize(
    "behind", [b"x", b"\r\n\r\n", b"\r\n\r\nx\r\n\r\n", GET % b"b", POST % (b"echo", 2, b"ab")]
)
async def test_what_stands_behind_close_costs_nobody_an_answer_and_gets_none(exchange, behind):
    assert await exchange(CLOSE % b"a" + behind) == [(200, b"/a", True)]
    assert await exchange(GET % b"a" + CLOSE % b"b" + behind) == [
        (200, b"/a", False),
        (200, b"/b", True),
    ]
    asked = POST.replace(b"Host: a", b"Host: a\r\nConnection: close") % (b"echo", 5, b"hello")
    assert await exchange(asked + behind) == [(200, b"hello", True)]


async def test_what_stands_before_something_that_is_not_http_is_answered(exchange):
    assert await exchange(GET % b"a" + GET % b"b" + b"\x00\r\n\r\n") == [
        (200, b"/a", False),
        (200, b"/b", False),
        (400, b"", True),
    ]


async def test_more_than_are_read_at_a_time_are_answered_in_order(exchange):
    asked = b"".join(GET % (b"%d" % number) for number in range(100))
    got = await exchange(asked + CLOSE % b"last")
    assert [body for _, body, _ in got] == [*(b"/%d" % n for n in range(100)), b"/last"]


async def test_a_body_of_blank_lines_is_a_body(exchange):
    body = b"\r\n" * 400
    assert await exchange(POST % (b"echo", len(body), body) + CLOSE % b"a") == [
        (200, body, False),
        (200, b"/a", True),
    ]


@pytest.mark.parametrize("name", [b"a", b"late", b"kept/a"])
async def test_who_half_closes_is_answered(exchange, name):
    got = await exchange(GET % name, end=True)
    assert [answer[:2] for answer in got] == [(200, b"/" + name)]


async def test_who_half_closes_after_several_is_answered_them_all(exchange):
    # The last one waits until the end has come, so all before it are answered with it in view.
    assert await exchange(GET % b"slow" + GET % b"a" + GET % b"late", end=True) == [
        (200, b"/slow", False),
        (200, b"/a", False),
        (200, b"/late", True),
    ]
    many = b"".join(GET % (b"%d" % number) for number in range(100))
    got = await exchange(GET % b"kept/a", GET % b"kept/a" + many, end=True)
    assert [body for _, body, _ in got] == [SHORT, SHORT, *(b"/%d" % n for n in range(100))]


async def test_an_answer_that_has_begun_is_ended(exchange):
    reader, writer = await asyncio.open_connection("127.0.0.1", exchange.port)
    writer.write(GET % b"begun")
    got = await reader.readuntil(b"\r\n\r\nbegun")
    writer.write_eof()
    assert answers(got + await reader.read()) == [(200, b"begunended", False)]
    writer.close()


@pytest.mark.parametrize(
    "part", [b"", GET[:-9], POST[:-2] % (b"echo", 9), POST % (b"echo", 9, b"eight oc")]
)
async def test_what_is_not_whole_is_not_answered(exchange, part):
    assert await exchange(part, end=True) == []
    assert await exchange(GET % b"a", part, end=True) == [(200, b"/a", False)]


async def test_the_beginning_of_another_keeps_no_answer_back(exchange):
    assert await exchange(GET % b"late" + GET[:9], end=True) == [(200, b"/late", True)]


BROKEN = b"POST /%s HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"


async def test_a_body_that_breaks_is_a_bad_request_at_once_and_the_last(exchange):
    asked = GET % b"a" + BROKEN % b"echo" + b"ZZ\r\n\r\n" + GET % b"b"
    assert await exchange(asked) == [(200, b"/a", False), (400, b"", True)]
    reader, writer = await asyncio.open_connection("127.0.0.1", exchange.port)
    writer.write(BROKEN % b"echo")
    await asyncio.sleep(0.02)  # nothing tells that it is waited for
    writer.write(b"ZZ\r\n\r\n")
    assert answers(await reader.read()) == [(400, b"", True)]
    writer.close()


async def test_a_body_that_nobody_wants_may_break_in_silence(exchange, caplog):
    assert await exchange(BROKEN % b"nowhere" + b"ZZ\r\n\r\n") == [(405, b"", True)]
    assert await exchange(BROKEN % b"nowhere", b"ZZ\r\n\r\n") == [(405, b"", False)]
    assert caplog.records == []


async def slow_reader(port, sent):
    """Return a connection on which the request was sent and hardly anything can be received."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(0)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
    sock.send(sent)
    return sock


async def received(sock):
    got = b""
    while data := await asyncio.get_running_loop().sock_recv(sock, 1 << 16):
        got += data
    return got


async def test_what_comes_after_the_last_answer_does_not_destroy_it(exchange):
    with await slow_reader(exchange.port, CLOSE % b"large") as sock:
        for _ in range(20):
            await asyncio.sleep(0.005)  # a closed connection would be reset by what comes on it
            sock.send(GET % b"a")
        assert answers(await received(sock)) == [(200, LARGE, True)]
    while exchange.runner.open:  # noqa: ASYNC110 -- no event tells
        await asyncio.sleep(0)


async def test_who_does_not_close_is_cut_off_in_the_end(serving):
    base = await serving(an_app(), limits=Limits(linger=0.02))
    with await slow_reader(int(base.rpartition(":")[2]), CLOSE % b"huge") as sock:
        await asyncio.sleep(0.1)  # longer than that, while the answer is being taken
        assert serving.runners[-1].open
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        assert len(await received(sock)) > 40 * len(LARGE)
        while serving.runners[-1].open:  # noqa: ASYNC110 -- no event tells
            await asyncio.sleep(0)
