"""Whatever clients send, in whatever pieces: with and without the short cut the answers are equal.

Two listeners serve one resolver, one of them with the short cut. Each conversation goes to both;
what comes back may differ in the request ids, the dates and the order of header fields.
"""

import asyncio
import contextlib
import json
import re
import socket

import pytest
import uvloop
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from edge.addresses import LOOPBACK, Networks
from edge.server import serve
from identifiers.directory import PrefixKind
from identifiers.records import State
from identifiers.values import Value
from resolver.transports.http import HttpResolution
from tests.unit.resolver.world import SITE, World

CONVERSATIONS = 600
NAMES = ("A", "a/b", "two words", "煤炭-1", "50%25", "line\nbreak", "q?x", "h#x", "timed", "large")
"""Suffixes of identifiers that exist."""
LAST = b"GET /api/site HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
URL = Value(index=1, type="URL", data=b"https://example.org/1", ttl=600)
SECRET = Value(index=3, type="NOTE", data=b"for us", permissions=0x0C)
TIMED = Value(index=1, type="URL", data=b"x", ttl=1_800_000_600, absolute=True)
LARGE = Value(index=1, type="NOTE", data=b"x" * 70_000)


class Watched:
    """What the listener is given: counts what goes the short way."""

    def __init__(self, inner):
        self.answered = 0
        self.batches = 0
        self.together = 0
        self._answer, self._answer_all = inner.answer, inner.answer_all
        self._answers = inner.answers
        self.batch = inner.batch
        self.mount, self.client, self.form, self.took, self.count = (
            inner.mount,
            inner.client,
            inner.form,
            inner.took,
            inner.count,
        )

    def answer(self, *asked):
        ready = self._answer(*asked)
        self.answered += ready is not None
        return ready

    def answers(self, *asked):
        told = self._answers(*asked)
        self.together += sum(ready is not None for ready in told)
        return told

    def answer_all(self, *asked):
        ready = self._answer_all(*asked)
        self.batches += ready is not None
        return ready


class Two:
    """Both listeners."""

    async def start(self):
        self.world = world = World(real_time=True, shared=False)
        await world.home("88.300", PrefixKind.SECONDARY)
        await world.home("88.300.1")
        await world.follower.step()
        for name in NAMES:
            value = {"timed": TIMED, "large": LARGE}.get(name, URL)
            await world.put(f"88.300.1/{name}", value, SECRET)
        await world.put("88.300.1/off", URL, state=State.SUSPENDED, reason="why")
        await world.put("88.300.1/none", SECRET)
        http = HttpResolution(
            world.resolver,
            SITE,
            clients=world.clients,
            proxies=Networks([]),
            rates=world.limits,
            counters=world.counters,
            clock=world.clock,
            epoch=lambda: 1_800_000_000.0,
            exchange=world.exchange,
        )
        self.short = Watched(http.at_once)
        self.runners, self.ports = [], []
        for at_once in (self.short, None):
            bound = socket.create_server(("127.0.0.1", 0))
            self.ports.append(bound.getsockname()[1])
            self.runners.append(
                await serve(http.application(), [bound], trusted=LOOPBACK, at_once=at_once)
            )

    async def stop(self):
        for runner in self.runners:
            await runner.cleanup()

    async def ask(self, pieces, turns=50):
        """Send the pieces, each after so many turns of the loop; return what comes back."""
        await self.world.follower.step()
        return await asyncio.gather(*(self._ask(port, pieces, turns) for port in self.ports))

    async def _ask(self, port, pieces, turns):
        loop = asyncio.get_running_loop()
        with socket.create_connection(("127.0.0.1", port)) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(0)
            reading = asyncio.create_task(read(sock))
            with contextlib.suppress(ConnectionError):  # closed early, by an answer that says so
                for piece in pieces:
                    for _ in range(turns):
                        await asyncio.sleep(0)  # the server runs in this loop too
                    await loop.sock_sendall(sock, piece)
            async with asyncio.timeout(10):
                return await reading


async def read(sock):
    got = b""
    with contextlib.suppress(ConnectionError):
        while data := await asyncio.get_running_loop().sock_recv(sock, 1 << 16):
            got += data
    return got


@pytest.fixture(scope="module")
def loop():
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        yield runner


@pytest.fixture(scope="module")
def two(loop):
    made = Two()
    loop.run(made.start())
    yield made
    loop.run(made.stop())


def escaped(name, draw_escape):
    return "".join(
        c if not escape and c.isascii() else "".join(f"%{b:02X}" for b in c.encode())
        for c, escape in zip(name, draw_escape, strict=False)
    )


@st.composite
def targets(draw, *, plain):
    name = draw(
        st.sampled_from((*NAMES, *NAMES, "none", "off", "unknown", "", "..", "../B", "./A"))
    )
    common = plain or draw(st.integers(0, 3)) > 0
    unusual = st.lists(st.booleans(), min_size=len(name), max_size=len(name))
    flags = [not (c.isalnum() and c.isascii()) for c in name] if common else draw(unusual)
    path = escaped(name, flags)
    mount = "/api/handles/88.300.1/"
    if not common:
        mount = draw(
            st.sampled_from(
                (
                    *(mount, "/api/handles/88.300.1%2F", "/api/handles/88.300.9/", "/api/handles/"),
                    *("/api/handles", "//api/handles/88.300.1/", "/api/handles//88.300.1/"),
                    *("/api/./handles/88.300.1/", "/API/handles/88.300.1/", "/88.300.1/"),
                    *("http://a/api/handles/88.300.1/", "/api/handles/0.NA/", "*", ""),
                )
            )
        )
        path += draw(
            st.sampled_from(
                (
                    *("", "?", "?index=1", "?type=URL", "?pretty", "?callback=f", "?publicOnly=no"),
                    *("?auth", "?index=x", "#x", "/", "//", "%00", "%0A", "%", "%zz", "%ff", " x"),
                    *("\t", "\x01", '"', "<", "\\", "^", "|", "{}", ";p=1", "+", "\xe9", "é", "@:"),
                )
            )
        )
    return (mount + path).encode("utf-8" if draw(st.booleans()) else "latin-1", "replace")


FIELDS = (
    *(b"User-Agent: plant/1.0", b"Accept: */*", b"Accept: application/json", b"Accept: text/html"),
    *(b"Accept: application/cbor", b"Accept: application/cbor;q=0.5, */*;q=0.1", b"accept:*/*"),
    *(b"Accept-Encoding: gzip, deflate", b"Accept-Language: zh-CN", b"Connection: keep-alive"),
    *(b"Connection: Keep-Alive", b"Host: b", b"CONNECTION: KEEP-ALIVE"),
)
ODD_FIELDS = (
    *(b"Connection: close", b"Connection: keep-alive, close", b"Connection: Upgrade"),
    *(b"Upgrade: h2c", b"Authorization: Basic MzAwOmE6Yg==", b"Cookie: a=b", b"X-Request-Id: r-7"),
    *(b"X-Forwarded-For: 192.0.2.1", b"Forwarded: for=192.0.2.1", b'If-None-Match: "v1"'),
    *(b"If-None-Match: *", b"Range: bytes=0-1", b"Expect: 100-continue", b"Content-Length: 0"),
    *(b"Content-Encoding: gzip", b"X-Api-Key: k", b"Accept : */*", b"Accept:", b"Accept:  */*  "),
    *(
        b"User-Agent: \xe9",
        b"Folded: a\r\n b",
        b"No-Colon",
        b": none",
        b"Accept: a\x00b",
        b"A: b\n",
    ),
    *(b"Content-Length: 1x", b"Content-Length: 00", b"Transfer-Encoding: identity"),
)


@st.composite
def requests(draw, *, plain):
    plain = plain or draw(st.integers(0, 4)) > 0
    method = b"GET"
    version = b"HTTP/1.1"
    fields = [b"Host: a", *draw(st.lists(st.sampled_from(FIELDS), max_size=3, unique=True))]
    body = b""
    if not plain:
        method = draw(st.sampled_from((b"GET", b"HEAD", b"POST", b"OPTIONS", b"PUT", b"get", b"X")))
        version = draw(st.sampled_from((b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/1.2", b"")))
        fields += draw(st.lists(st.sampled_from(ODD_FIELDS), max_size=2))
        fields = draw(st.permutations(fields))[draw(st.integers(0, 1)) :]
        kind = draw(st.integers(0, 5))
        if kind == 1:
            body = draw(st.sampled_from((b"hello", LAST)))
            fields.append(b"Content-Length: %d" % len(body))
        elif kind == 2:
            body = b"5\r\nhello\r\n0\r\n\r\n"
            fields.append(b"Transfer-Encoding: chunked")
    if not plain and draw(st.integers(0, 3)) == 0:
        body = b'{"handles":["88.300.1/A"]}'
        fields = [b"Host: a", b"Content-Type: application/json", b"Content-Length: %d" % len(body)]
        target, method, version = b"/api/resolve", b"POST", b"HTTP/1.1"
    else:
        target = draw(targets(plain=plain))
    start = b" ".join(part for part in (method, target, version) if part)
    return b"\r\n".join((start, *fields, b"", b"")) + body


BODIES = (
    *(b'{"handles":[]}', b"{}", b"[]", b"", b"x", b'{"handles":["88.300.1/A"],"more":1}', b"\xff"),
    *(
        b'{"handles":[1]}',
        b'{"handles":["a"],"handles":["88.300.1/A"]}',
        b'{"handles":["\\ud800"]}',
    ),
)


@st.composite
def batches(draw):
    names = draw(st.lists(st.sampled_from((*NAMES, *NAMES, "none", "unknown")), max_size=6))
    body = json.dumps(
        {"handles": [f"88.300.1/{n}" for n in names]}, ensure_ascii=draw(st.booleans())
    )
    told = draw(st.sampled_from(BODIES)) if draw(st.integers(0, 7)) == 0 else body.encode()
    length = len(told) + draw(st.sampled_from((0,) * 12 + (-1,)))
    fields = [b"Host: a", b"Content-Type: application/json", b"Content-Length: %d" % max(length, 0)]
    fields += draw(st.lists(st.sampled_from(FIELDS), max_size=2, unique=True))
    if draw(st.integers(0, 5)) == 0:
        fields += draw(st.lists(st.sampled_from(ODD_FIELDS), max_size=1))
        fields[1] = draw(
            st.sampled_from(
                (b"Content-Type: text/plain", b"content-type:application/json", fields[1])
            )
        )
    fields = draw(st.permutations(fields))
    target = draw(st.sampled_from((b"/api/resolve",) * 9 + (b"/api/resolve?x", b"/api/resolve/")))
    return b"\r\n".join((b"POST " + target + b" HTTP/1.1", *fields, b"", b"")) + told


@st.composite
def conversations(draw):
    plain = draw(st.booleans())
    either = st.one_of(requests(plain=plain), batches())
    asked = draw(st.lists(either, min_size=1, max_size=12))
    pipelined = draw(st.booleans())
    if not pipelined:
        pieces = [*asked, LAST]
    else:
        whole = b"".join((*asked, LAST))
        cuts = sorted(draw(st.lists(st.integers(0, len(whole)), max_size=6)))
        ends = zip([0, *cuts], [*cuts, len(whole)], strict=True)
        pieces = [whole[start:end] for start, end in ends]
    methods = [request.partition(b" ")[0] for request in asked]
    return pieces, methods, draw(st.sampled_from((2, 6, 50)))


def answers(stream, methods):
    """Return statuses, header fields and bodies, without what may differ."""
    found = []
    turn = iter(methods)
    while stream:
        head, _, stream = stream.partition(b"\r\n\r\n")
        start, *lines = head.split(b"\r\n")
        status = int(start.split(b" ")[1])
        fields = dict(line.lower().split(b": ", 1) for line in lines)
        length = int(fields.get(b"content-length", b"0"))
        bodyless = status >= 200 and next(turn, b"GET") == b"HEAD" and stream.startswith(b"HTTP/")
        if bodyless or status in (204, 304):
            length = 0
        body, stream = stream[:length], stream[length:]
        assert b"transfer-encoding" not in fields
        drawn = fields.get(b"x-request-id", b"")
        if re.fullmatch(rb"[0-9a-f]{16}", drawn):
            lines = [line for line in lines if not line.startswith(b"X-Request-Id: ")]
            body = body.replace(drawn, b"ID")
        lines = sorted(line for line in lines if not line.startswith(b"Date: "))
        found.append((start, lines, body))
    return found


@settings(
    max_examples=CONVERSATIONS,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(conversations())
def test_with_and_without_the_short_cut_the_answers_are_equal(loop, two, conversation):
    pieces, methods, turns = conversation
    before = two.short.answered
    check(methods, *loop.run(two.ask(pieces, turns)))
    event(f"answered the short way: {two.short.answered - before}")


@settings(
    max_examples=CONVERSATIONS // 4,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.lists(conversations(), min_size=2, max_size=5))
def test_so_they_are_on_several_connections_at_once(loop, two, several):
    async def ask():
        return await asyncio.gather(*(two.ask(pieces, turns) for pieces, _, turns in several))

    before = two.short.together
    for (_, methods, _), streams in zip(several, loop.run(ask()), strict=True):
        check(methods, *streams)
    event(f"answered together: {two.short.together - before}")


def check(methods, *streams):
    with_it, without_it = (answers(stream, methods) for stream in streams)
    assert with_it == without_it
    assert with_it, "closed without an answer"


def test_what_many_connections_repeat_is_answered_together(loop, two):
    request = b"GET /api/handles/88.300.1/A HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n"

    async def ask():
        pieces = [LAST.replace(b"close", b"keep-alive"), *[request] * 5, LAST]
        return await asyncio.gather(*(two.ask(pieces) for _ in range(4)))

    before = two.short.together
    for with_it, without_it in loop.run(ask()):
        assert answers(with_it, []) == answers(without_it, [])
    assert two.short.together > before


def test_a_batch_of_what_was_asked_for_before_does_go_the_short_way(loop, two):
    body = json.dumps({"handles": [f"88.300.1/{name}" for name in ("A", "a/b", "A")]}).encode()
    head = b"POST /api/resolve HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    request = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    loop.run(two.ask([request, LAST]))  # which waits for the store
    before = two.short.batches
    with_it, without_it = loop.run(two.ask([request, request, request, LAST]))
    assert answers(with_it, []) == answers(without_it, [])
    assert two.short.batches >= before + 2


def test_repeated_plain_requests_do_go_the_short_way(loop, two):
    request = b"GET /api/handles/88.300.1/A HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n"
    loop.run(two.ask([request, LAST]))
    before = two.short.answered
    with_it, without_it = loop.run(
        two.ask([LAST.replace(b"close", b"keep-alive"), request * 20, LAST])
    )
    assert answers(with_it, []) == answers(without_it, [])
    assert two.short.answered == before + 20
