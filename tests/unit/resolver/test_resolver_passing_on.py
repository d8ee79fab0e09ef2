"""What goes to the registry over HTTP: messages in a tunnel, and the REST form."""

import asyncio
import io
import json
import socket
from ipaddress import ip_address

import aiohttp
import pytest
import yarl

from edge.addresses import LOOPBACK, Networks
from edge.server import serve
from identifiers.errors import FateUnknown, StoreUnavailable
from identifiers.relay import Channel, HttpAnswer
from identifiers.values import Value
from identifiers.wire.handle import bodies
from identifiers.wire.handle.codes import OpCode, ResponseCode
from identifiers.wire.handle.framing import NEED_DATA, TcpFramer
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.message import Message, decode, encode
from resolver.limits import Rates
from resolver.transports.http import HttpResolution
from tests.unit.resolver.world import SITE, Somebody

URL = Value(index=1, type="URL", data=b"https://example.org/1")
NOBODY = Networks([])
MESSAGE = "application/x-hdl-message"


def listed(number, size=0):
    body = bodies.Handles((f"88.300.1/{number}" + "x" * size,))
    header = Header(op_code=OpCode.LIST_HANDLES, response_code=1)
    return encode(Message(request_id=7, header=header, body=body))


class Served:
    def __init__(self, world, base, session):
        self.world, self.base, self.session = world, base, session

    async def ask(self, path, method="GET", **options):
        address = yarl.URL(self.base + path, encoded=True)
        async with self.session.request(method, address, **options) as response:
            return response.status, response.headers, await response.read()

    async def post(self, message, path="/", **options):
        """Send a message through the tunnel and return the messages that answer it."""
        headers = {"Content-Type": MESSAGE}
        status, headers, body = await self.ask(
            path, "POST", data=message, headers=headers, **options
        )
        assert (status, headers["Content-Type"]) == (200, MESSAGE)
        framer, found = TcpFramer(), []
        framer.feed(body)
        while (one := framer.next_message()) is not NEED_DATA:
            found.append(decode(one))
        assert framer.buffered == 0
        return found

    def results(self):
        answers = self.world.counters.snapshot()["answers"]["http"]
        return {result: sum(series["buckets"]) for result, series in answers.items()}


@pytest.fixture
async def start(make_world):
    runners, sessions = [], []

    async def start(*replies, proxies=NOBODY, authority=True, **options):
        somebody = Somebody(*replies) if authority else None
        world = await make_world(real_time=True, authority=somebody, **options)
        http = HttpResolution(
            world.resolver,
            SITE,
            clients=world.clients,
            proxies=proxies,
            rates=world.limits,
            counters=world.counters,
            clock=world.clock,
            epoch=lambda: 1_800_000_000.0,
            exchange=world.exchange,
            authority=somebody,
        )
        bound = socket.create_server(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{bound.getsockname()[1]}"
        runners.append(await serve(http.application(), [bound]))
        sessions.append(aiohttp.ClientSession())
        await world.put("88.300.1/A", URL)
        return Served(world, base, sessions[-1])

    yield start
    for session in sessions:
        await session.close()
    for runner in runners:
        await runner.cleanup()


class TestTunnel:
    @pytest.mark.parametrize(
        "path", ["/", "/any/path", "/api/resolve", "/api/handles/88.300.1/A", "/api/sessions"]
    )
    async def test_a_look_up_is_answered_on_any_path(self, start, path):
        at = await start()
        for number in (1, 2):  # a miss and a hit
            (answer,) = await at.post(at.world.question("88.300.1/A", number), path)
            assert (answer.request_id, answer.header.response_code) == (number, 1)
        assert at.results() == {"found": 2}

    @pytest.mark.parametrize("count", [0, 1, 2, 5])
    async def test_the_registrys_messages_come_one_after_the_other(self, start, count):
        at = await start(*[listed(n, 50_000) for n in range(count)])
        request = at.world.request(OpCode.LIST_HANDLES, bodies.Named("0.NA/88.300.1"))
        answers = await at.post(request)
        assert [a.body.handles[0].rstrip("x") for a in answers] == [
            f"88.300.1/{n}" for n in range(count)
        ]
        ((came, origin),) = at.world.authority.came
        assert came == request
        assert (origin.channel, origin.address) == (Channel.HTTP, ip_address("127.0.0.1"))
        assert (origin.trusted, origin.secure) == (True, True)
        assert (origin.connection, origin.certificate) == ("", b"")

    async def test_without_the_registrys_answer_the_server_is_busy(self, start):
        at = await start()
        at.world.authority.error = StoreUnavailable("away")
        request = at.world.request(OpCode.DELETE_HANDLE, bodies.Named("88.300.1/A"))
        (answer,) = await at.post(request)
        assert answer.header.response_code == ResponseCode.SERVER_BUSY

    async def test_who_goes_away_ends_the_work(self, start):
        at = await start(*[listed(n, 50_000) for n in range(400)])
        request = at.world.request(OpCode.LIST_HANDLES, bodies.Named("0.NA/88.300.1"))
        headers = {"Content-Type": MESSAGE}
        async with at.session.post(at.base, data=request, headers=headers) as response:
            await response.content.readexactly(1000)
            response.close()
        await at.world.until(lambda: not at.world.authority.under_way)
        assert at.world.authority.taken < 400

    async def test_what_is_no_request_is_told_so(self, start):
        at = await start()
        for body in (b"", b"short", listed(1)):
            status, headers, _ = await at.ask(
                "/", "POST", data=body, headers={"Content-Type": MESSAGE}
            )
            assert (status, headers["Content-Type"]) == (400, "application/problem+json")
        (answer,) = await at.post(at.world.question("88.300.1/A")[:-9])
        assert answer.header.response_code == ResponseCode.PROTOCOL_ERROR

    async def test_only_what_is_for_the_registry_may_be_long(self, start):
        at = await start(listed(1))
        long = at.world.request(4242, bodies.Raw(b"x" * 200_000))
        assert (await at.post(long))[0].body.handles == ("88.300.1/1",)
        look_up = at.world.request(1, bodies.Asked("88.300.1/A", (), ("x" * 100_000,)))
        assert (await at.post(look_up))[0].header.response_code == ResponseCode.PROTOCOL_ERROR
        status, _, _ = await at.ask(
            "/", "POST", data=b"x" * 262_165, headers={"Content-Type": MESSAGE}
        )
        assert status == 413

    async def test_strangers_are_limited(self, start):
        rates = Rates(http_burst=2.0, http_per_host=1.0, buckets=1 << 12)
        at = await start(trusted=False, rates=rates)
        headers = {"Content-Type": MESSAGE}
        question = at.world.question("88.300.1/A")
        got = [(await at.ask("/", "POST", data=question, headers=headers))[0] for _ in range(4)]
        assert got[:2] == [200, 200]
        assert 429 in got


ANSWER = HttpAnswer(
    status=401,
    headers=(("WWW-Authenticate", 'Basic realm="handle"'), ("Content-Type", "application/json")),
    body=b'{"responseCode":402}',
)
CALLS = [
    ("PUT", "/api/handles/88.300.1/A?overwrite=true"),
    ("DELETE", "/api/handles/88.300.1/A"),
    ("POST", "/api/handles/88.300.1/A"),
    ("GET", "/api/handles?prefix=88.300.1"),
    ("GET", "/api/handles/88.300.1/A?publicOnly=false"),
    ("GET", "/api/prefixes"),
    ("POST", "/api/sessions"),
    ("GET", "/api/sessions/this"),
    ("GET", "/api/verifications/300%3A88.300.1/A"),
    ("GET", "/hrls/handles?URL=*"),
]


class TestRestForm:
    @pytest.mark.parametrize(("method", "path"), CALLS)
    async def test_what_needs_somebody_goes_to_the_registry(self, start, method, path):
        at = await start(ANSWER)
        body = b"[]" if method in {"PUT", "POST"} else None
        status, headers, answer = await at.ask(path, method, data=body)
        assert (status, answer) == (401, ANSWER.body)
        assert headers["WWW-Authenticate"] == 'Basic realm="handle"'
        assert headers["Access-Control-Allow-Origin"] == "*"
        ((came, origin),) = at.world.authority.came
        assert (came.method, came.target, came.body) == (method, path, body or b"")
        assert origin.channel is Channel.HTTP
        assert at.results() == {"forwarded": 1}

    async def test_who_names_somebody_in_a_look_up_is_for_the_registry(self, start):
        at = await start(ANSWER)
        for path, status in (("88.300.1/A", 401), ("88.300.1/A?publicOnly", 200)):
            headers = {"Authorization": "Basic eA=="}
            assert (await at.ask(f"/api/handles/{path}", headers=headers))[0] == status
        assert len(at.world.authority.came) == 1

    async def test_only_known_headers_are_passed_on(self, start):
        at = await start(ANSWER)
        sent = {
            "Authorization": "Basic eA==",
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Idnode-Origin": '{"channel":"http","trusted":true,"secure":true}',
            "Idnode-Anything": "x",
            "X-Forwarded-For": "203.0.113.9",
            "X-Request-Id": "mine",
            "Cookie": "a=b",
        }
        await at.ask("/api/sessions", "POST", headers=sent)
        ((came, _),) = at.world.authority.came
        headers = dict(came.headers)
        assert headers["Authorization"] == "Basic eA=="
        assert headers["X-Request-Id"] == "mine"
        assert {name.lower() for name in headers} == {
            *("authorization", "content-type", "accept", "x-request-id")
        }

    async def test_a_header_that_is_no_text_is_not_passed_on(self, start):
        at = await start(ANSWER)
        host, port = at.base.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            b"DELETE /api/handles/88.300.1/A HTTP/1.1\r\nHost: x\r\nAccept: \xff\r\n"
            b"Connection: close\r\n\r\n"
        )
        answer = await reader.read()
        writer.close()
        assert answer.startswith(b"HTTP/1.1 401 ")
        ((came, _),) = at.world.authority.came
        assert came.headers[0][0] == "X-Request-Id"

    @pytest.mark.parametrize(
        ("error", "told"),
        [(StoreUnavailable("away"), "nothing was done"), (FateUnknown("lost"), "was lost")],
    )
    async def test_without_the_registrys_answer_it_is_unavailable(self, start, error, told):
        at = await start()
        at.world.authority.error = error
        status, headers, body = await at.ask("/api/handles/88.300.1/A", "DELETE")
        assert (status, headers["Retry-After"]) == (503, "2")
        document = json.loads(body)
        assert document["responseCode"] == ResponseCode.SERVER_BUSY
        assert told in document["message"]
        assert at.results() == {"unavailable": 1}
        assert (await at.ask("/api/handles/88.300.1/A"))[0] == 200

    @pytest.mark.parametrize(("method", "path"), CALLS)
    async def test_without_a_registry_nothing_of_it_is_offered(self, start, method, path):
        at = await start(authority=False)
        status, _, body = await at.ask(path, method)
        assert (status, json.loads(body)["responseCode"]) == (503, 5)

    async def test_a_body_of_more_than_a_mebibyte_is_refused(self, start):
        at = await start(ANSWER)
        status, _, _ = await at.ask(
            "/api/handles/88.300.1/A", "PUT", data=io.BytesIO(bytes((1 << 20) + 1))
        )
        assert status == 413
        assert at.world.authority.came == []

    async def test_strangers_are_limited(self, start):
        rates = Rates(http_burst=1.0, http_per_host=0.001, buckets=1 << 12)
        at = await start(ANSWER, trusted=False, rates=rates)
        got = [(await at.ask("/api/sessions", "POST"))[0] for _ in range(3)]
        assert got == [401, 429, 429]

    async def test_scripts_may_ask_before_they_write(self, start):
        at = await start()
        _, headers, _ = await at.ask("/api/handles/88.300.1/A", "OPTIONS")
        assert {"PUT", "DELETE"} <= set(headers["Access-Control-Allow-Methods"].split(", "))
        assert "Authorization" in headers["Access-Control-Allow-Headers"]
        # Not "true": what a browser sends by itself (cookies, certificates) counts for no script.
        assert "Access-Control-Allow-Credentials" not in headers


FORWARDED = [
    # (who is a trusted proxy, its headers, the address, whether the way was secret)
    (NOBODY, {}, "127.0.0.1", True),
    (NOBODY, {"X-Forwarded-For": "203.0.113.9"}, "127.0.0.1", False),
    (NOBODY, {"X-Forwarded-Proto": "https"}, "127.0.0.1", True),
    (LOOPBACK, {}, "127.0.0.1", True),
    (LOOPBACK, {"X-Forwarded-For": "203.0.113.9"}, "203.0.113.9", False),
    (
        LOOPBACK,
        {"X-Forwarded-For": "10.0.0.1, 203.0.113.9", "X-Forwarded-Proto": "https"},
        "203.0.113.9",
        True,
    ),
    (
        LOOPBACK,
        {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http"},
        "203.0.113.9",
        False,
    ),
]


@pytest.mark.parametrize(("proxies", "headers", "address", "secure"), FORWARDED)
async def test_the_registry_is_told_who_asks_and_how(start, proxies, headers, address, secure):
    at = await start(ANSWER, proxies=proxies)
    await at.ask("/api/sessions", "POST", headers=headers)
    ((_, origin),) = at.world.authority.came
    assert (str(origin.address), origin.secure) == (address, secure)
    assert origin.trusted == (address == "127.0.0.1")
