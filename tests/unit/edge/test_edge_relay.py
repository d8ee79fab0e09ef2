import asyncio
import contextlib
import socket
from contextlib import aclosing
from ipaddress import ip_address

import aiohttp
import pytest
from aiohttp import web

from edge import relay
from edge.relay import RelayBounds, RelayedAuthority, origin_of
from edge.server import serve
from edge.streams import stream
from identifiers.errors import FateUnknown, StoreUnavailable
from identifiers.relay import Channel, HttpRequest, Origin
from identifiers.wire.handle import bodies, message
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.message import Message

ORIGIN = Origin(
    channel=Channel.TCP,
    address=ip_address("203.0.113.7"),
    trusted=False,
    secure=True,
    connection="0f" * 16,
    certificate=bytes(range(256)),
    login_first=True,
)
NOWHERE = Origin(channel=Channel.UDP, address=None, trusted=True, secure=False)
WORKER = {"Idnode-Origin": relay.written(NOWHERE)}


def listed(number):
    body = bodies.Handles((f"88.300.1/{number}",))
    return message.encode(
        Message(request_id=7, header=Header(op_code=105, response_code=1), body=body)
    )


LIST = [listed(n) for n in range(5)]


class Registry:
    """The other end: keeps what came, and answers as it is told."""

    def __init__(self):
        self.came = []
        self.pieces = LIST
        self.status = 200
        self.text = ""
        self.body = b""
        self.hold = None
        self.begun = asyncio.Event()
        self.gone = asyncio.Event()

    def app(self):
        app = web.Application(client_max_size=1 << 20)
        app.router.add_post(relay.MESSAGE_PATH, self.message)
        app.router.add_route("*", "/api/{rest:.*}", self.rest)
        return app

    async def message(self, request):
        self.came.append((origin_of(request), request.content_type, await request.read()))
        self.begun.set()
        if self.status != 200:
            return web.Response(status=self.status, text=self.text)
        return await stream(request, relay.MEDIA_TYPE, self.replies())

    async def replies(self):
        try:
            for at, piece in enumerate(self.pieces):
                if self.hold is not None and at:
                    await self.hold.wait()
                yield piece
        finally:
            self.gone.set()

    async def rest(self, request):
        self.came.append((origin_of(request), request.method, request.raw_path))
        self.begun.set()
        if self.hold is not None:
            await self.hold.wait()
        headers = {"ETag": '"v1"', "WWW-Authenticate": "Basic"}
        return web.Response(status=401, body=self.body or await request.read(), headers=headers)


@pytest.fixture
async def registry(tmp_path):
    """A registry on a Unix socket; `path` is the socket's, `end` closes it."""
    made = Registry()
    made.path = str(tmp_path / "relay.sock")
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    bound.bind(made.path)
    bound.listen(100)
    limits = relay.SERVER_LIMITS
    made.runner = await serve(made.app(), [bound], limits=limits)
    yield made
    await made.runner.cleanup()


@pytest.fixture
async def authority(registry):
    async with RelayedAuthority(registry.path) as made:
        yield made


async def all_of(authority, request=b"question", origin=ORIGIN):
    return [message async for message in authority.message(request, origin)]


async def test_a_message_goes_there_with_its_origin_and_all_replies_come_back(registry, authority):
    assert await all_of(authority) == LIST
    assert registry.came == [(ORIGIN, "application/x-hdl-message", b"question")]


async def test_where_nothing_is_known_nothing_is_told(registry, authority):
    await all_of(authority, origin=NOWHERE)
    assert registry.came[0][0] == NOWHERE


async def test_replies_are_cut_at_messages_however_they_travel(registry, authority):
    whole = b"".join(LIST)
    registry.pieces = [whole[at : at + 7] for at in range(0, len(whole), 7)]
    assert await all_of(authority) == LIST


async def test_no_reply_at_all_is_no_message(registry, authority):
    registry.pieces = []
    assert await all_of(authority) == []


@pytest.mark.parametrize("pieces", [[LIST[0], LIST[1][:-1]], [LIST[0], b"\x09" * 40]])
async def test_what_is_no_whole_message_leaves_the_fate_unknown(registry, authority, pieces):
    registry.pieces = pieces
    with pytest.raises(FateUnknown):
        await all_of(authority)


@pytest.mark.parametrize(
    ("status", "text", "error"),
    [
        (503, "overloaded", StoreUnavailable),
        (429, "", StoreUnavailable),
        (503, '{"type":"urn:idnode:problem:fate-unknown"}', FateUnknown),
        (500, "internal", FateUnknown),
        (400, "what", FateUnknown),
    ],
)
async def test_how_a_registry_that_does_not_answer_is_told(
    registry, authority, status, text, error
):
    registry.status, registry.text = status, text
    with pytest.raises(error):
        await all_of(authority)


async def test_without_a_registry_nothing_happened(tmp_path):
    async with RelayedAuthority(str(tmp_path / "nobody.sock")) as authority:
        with pytest.raises(StoreUnavailable):
            await all_of(authority)
        with pytest.raises(StoreUnavailable):
            await authority.http(HttpRequest(method="GET", target="/api/sessions"), ORIGIN)
        assert authority.under_way == 0


async def test_a_registry_that_nobody_runs_is_not_waited_for_long(tmp_path):
    # The supervisor keeps the socket open while it replaces the process.
    path = str(tmp_path / "relay.sock")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as bound:
        bound.bind(path)
        bound.listen(1)
        async with RelayedAuthority(path, RelayBounds(silence=0.05)) as authority:
            with pytest.raises(FateUnknown):
                await all_of(authority)


async def test_a_registry_that_ends_in_between_leaves_the_fate_unknown(registry, authority):
    registry.hold = asyncio.Event()
    got = []

    async def ask():
        async for reply in authority.message(b"question", ORIGIN):
            got.append(reply)  # noqa: PERF401 -- what came before the end counts

    asking = asyncio.create_task(ask())
    await registry.begun.wait()
    for connection in registry.runner.server.connections:
        connection.transport.abort()
    with pytest.raises(FateUnknown):
        await asking
    registry.hold.set()
    assert got == LIST[: len(got)]


async def test_whoever_goes_away_ends_the_work_for_it(registry, authority):
    registry.hold = asyncio.Event()
    async with aclosing(authority.message(b"question", ORIGIN)) as replies:
        assert await anext(replies) == LIST[0]
    assert authority.under_way == 0
    registry.hold.set()
    async with asyncio.timeout(10):
        await registry.gone.wait()


async def test_an_answer_that_does_not_end_is_given_up(registry):
    async with RelayedAuthority(registry.path, RelayBounds(whole=-1.0)) as authority:
        with pytest.raises(FateUnknown):
            await all_of(authority)


async def test_too_much_at_one_time_is_refused_and_a_turn_is_waited_for(registry):
    registry.hold = asyncio.Event()
    bounds = RelayBounds(connections=1, waiting=1)
    async with RelayedAuthority(registry.path, bounds) as authority:
        asking = [asyncio.create_task(all_of(authority)) for _ in range(2)]
        await registry.begun.wait()
        with pytest.raises(StoreUnavailable):
            await all_of(authority)
        registry.hold.set()
        assert await asyncio.gather(*asking) == [LIST, LIST]


async def test_whose_turn_does_not_come_is_told_that_nothing_happened(registry):
    registry.hold = asyncio.Event()
    async with RelayedAuthority(registry.path, RelayBounds(connections=1, turn=0.05)) as authority:
        first = asyncio.create_task(all_of(authority))
        await registry.begun.wait()
        with pytest.raises(StoreUnavailable):
            await all_of(authority)
        registry.hold.set()
        assert await first == LIST
        assert len(registry.came) == 1


async def test_a_request_of_the_rest_form_is_passed_on_as_it_came(registry, authority):
    request = HttpRequest(
        method="PUT",
        target="/api/handles/88.300.1/a%2Fb%20c?index=1&x=%7E#f",
        headers=(("Authorization", "Basic eA=="), ("Content-Type", "application/json")),
        body=b"[]",
    )
    answer = await authority.http(request, ORIGIN)
    assert registry.came == [(ORIGIN, "PUT", "/api/handles/88.300.1/a%2Fb%20c?index=1&x=%7E")]
    assert (answer.status, answer.body) == (401, b"[]")
    headers = {name.lower(): value for name, value in answer.headers}
    assert headers["etag"] == '"v1"'
    assert headers["www-authenticate"] == "Basic"
    assert not headers.keys() & {"date", "server", "content-length"}


async def test_head_tells_how_long_the_body_would_be(registry, authority):
    registry.body = b"x" * 17
    answer = await authority.http(HttpRequest(method="HEAD", target="/api/x"), ORIGIN)
    assert answer.body == b""
    assert ("Content-Length", "17") in answer.headers


async def test_what_our_processes_tell_each_other_is_no_clients_to_say(registry, authority):
    forged = (("idnode-origin", relay.written(NOWHERE)), ("IDNODE-ORIGIN", "{"))
    await authority.http(HttpRequest(method="GET", target="/api/x", headers=forged), ORIGIN)
    assert registry.came[0][0] == ORIGIN


async def test_octets_beyond_ascii_are_written_as_an_address_has_them(registry, authority):
    await authority.http(HttpRequest(method="GET", target="/api/handles/煤\udcff"), ORIGIN)
    assert registry.came[0][2] == "/api/handles/%E7%85%A4%FF"


async def test_an_answer_that_is_too_long_is_not_kept(authority, monkeypatch):
    monkeypatch.setattr(relay, "ANSWER_OCTETS", 10)
    with pytest.raises(FateUnknown):
        await authority.http(HttpRequest(method="PUT", target="/api/x", body=b"x" * 11), ORIGIN)


async def test_a_certificate_of_unusual_length_is_left_out(registry, authority):
    long = Origin(channel=Channel.HTTP, address=None, trusted=False, secure=True)
    for size, kept in ((relay.MAX_CERTIFICATE, True), (relay.MAX_CERTIFICATE + 1, False)):
        registry.came.clear()
        with contextlib.suppress(FateUnknown):
            origin = Origin(**{**_fields(long), "certificate": b"c" * size})
            await all_of(authority, origin=origin)
        assert bool(registry.came[0][0].certificate) is kept


def _fields(origin):
    return {name: getattr(origin, name) for name in origin.__struct_fields__}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Idnode-Origin": "{"},
        {"Idnode-Origin": '{"channel":"pigeon","trusted":true,"secure":true}'},
        {"Idnode-Origin": '{"channel":"tcp","trusted":true,"secure":true,"address":"here"}'},
        [("Idnode-Origin", relay.written(NOWHERE)), ("Idnode-Origin", relay.written(ORIGIN))],
    ],
)
async def test_what_no_worker_handed_on_is_refused(serving, headers):
    url = await serving(Registry().app(), limits=relay.SERVER_LIMITS)
    async with (
        aiohttp.ClientSession() as session,
        session.post(url + relay.MESSAGE_PATH, data=b"question", headers=headers) as answer,
    ):
        assert answer.status == 400


async def test_before_it_is_entered_there_is_no_way_there():
    with pytest.raises(StoreUnavailable):
        await all_of(RelayedAuthority("/nowhere"))
