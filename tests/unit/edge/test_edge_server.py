import asyncio
import json
import os
import subprocess
import sys
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from edge.addresses import LOOPBACK
from edge.bodies import read_body
from edge.server import Limits, dress, request_id
from identifiers.errors import FateUnknown, StoreUnavailable
from identifiers.faults import Fault, Invalid


def an_app():
    app = web.Application()

    async def ok(request):
        return web.json_response({"id": request_id(request)})

    async def echo(request):
        return web.Response(body=await read_body(request, 1000))

    async def unavailable(_):
        raise StoreUnavailable("down")

    async def unknown(_):
        raise FateUnknown("lost")

    async def invalid(_):
        raise Invalid([Fault("required", "/handle"), Fault("empty", "/values")])

    async def bug(_):
        raise KeyError("secret detail")

    async def slow(_):
        await asyncio.Event().wait()

    async def half(request):
        response = web.StreamResponse()
        dress(request, response)
        await response.prepare(request)
        await response.write(b"half")
        raise ValueError("in the middle")

    async def moved(_):
        raise web.HTTPFound("/ok")

    app.router.add_get("/ok", ok)
    app.router.add_post("/echo", echo)
    app.router.add_get("/unavailable", unavailable)
    app.router.add_get("/unknown", unknown)
    app.router.add_get("/invalid", invalid)
    app.router.add_get("/bug", bug)
    app.router.add_get("/slow", slow)
    app.router.add_get("/half", half)
    app.router.add_get("/moved", moved)
    return app


@pytest.fixture
async def base(serving):
    return await serving(an_app())


@pytest.fixture
async def client():
    async with aiohttp.ClientSession() as session:
        yield session


async def raw(base, sent):
    """Send octets, return everything that comes back."""
    parts = urlsplit(base)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(sent)
    await writer.drain()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


def body_of(answer):
    return json.loads(answer.partition(b"\r\n\r\n")[2])


async def test_every_answer_is_dressed_and_no_version_leaks(base, client):
    answer = await client.get(f"{base}/ok", headers={"X-Request-Id": "trace-1.a_B"})
    assert answer.headers["X-Request-Id"] == "trace-1.a_B"
    assert answer.headers["Server"] == "idnode"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert await answer.json() == {"id": "trace-1.a_B"}


@pytest.mark.parametrize("asked", ["", "a b", "x" * 65, "é", "a\tb"])
async def test_an_unfit_request_id_is_replaced(base, client, asked):
    answer = await client.get(f"{base}/ok", headers={"X-Request-Id": asked})
    made = answer.headers["X-Request-Id"]
    assert len(made) == 16
    assert (await answer.json())["id"] == made


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/nothing", 404, "no-route"),
        ("/unavailable", 503, "unavailable"),
        ("/unknown", 503, "fate-unknown"),
        ("/invalid", 422, "invalid"),
    ],
)
async def test_errors_are_problem_documents(base, client, path, status, code):
    answer = await client.get(base + path)
    document = await answer.json(content_type="application/problem+json")
    assert answer.status == status == document["status"]
    assert document["type"] == f"urn:idnode:problem:{code}"
    assert document["request_id"] == answer.headers["X-Request-Id"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert ("Retry-After" in answer.headers) == (status == 503)


async def test_all_faults_are_told_in_the_clients_language(base, client):
    answer = await client.get(f"{base}/invalid", headers={"Accept-Language": "zh-CN"})
    document = await answer.json(content_type=None)
    assert document["title"] == "请求内容有误。"
    assert document["errors"] == [
        {"pointer": "/handle", "code": "required", "detail": "必填"},
        {"pointer": "/values", "code": "empty", "detail": "不能为空"},
    ]


async def test_a_wrong_method_names_the_right_ones(base, client):
    answer = await client.delete(f"{base}/ok")
    assert answer.status == 405
    assert answer.headers["Allow"] == "GET, HEAD"
    assert (await answer.json(content_type=None))["type"].endswith(":method-not-allowed")


async def test_an_unknown_error_is_logged_and_told_as_internal(base, client):
    with capture_logs() as logs:
        answer = await client.get(f"{base}/bug")
    text = await answer.text()
    assert answer.status == 500
    assert "secret detail" not in text
    (entry,) = [line for line in logs if line["event"] == "internal error"]
    assert isinstance(entry["exc_info"], KeyError)


async def test_requests_are_logged_when_that_is_asked_for(serving, client):
    base = await serving(an_app(), log_requests=True)
    with capture_logs() as logs:
        await (await client.get(f"{base}/ok?key=hidden")).read()
    (entry,) = [line for line in logs if line["event"] == "request"]
    assert (entry["method"], entry["path"], entry["status"]) == ("GET", "/ok", 200)


async def test_a_begun_answer_that_fails_is_cut(base, client):
    with pytest.raises(aiohttp.ClientPayloadError):
        await (await client.get(f"{base}/half")).read()


async def test_redirections_pass(base, client):
    answer = await client.get(f"{base}/moved", allow_redirects=False)
    assert (answer.status, answer.headers["Server"]) == (302, "idnode")


async def test_encoded_bodies_are_refused_before_they_are_read(base, client):
    answer = await client.post(
        f"{base}/echo", data=b"\x1f\x8b", headers={"Content-Encoding": "gzip"}
    )
    assert answer.status == 415
    assert (await answer.json(content_type=None))["type"].endswith(":content-encoding")


async def test_a_handler_that_takes_too_long_is_ended(serving, client):
    base = await serving(an_app(), limits=Limits(handler=0.05))
    answer = await client.get(f"{base}/slow")
    assert answer.status == 503
    assert (await answer.json(content_type=None))["type"].endswith(":timed-out")


async def test_an_idle_connection_is_closed_and_a_trusted_one_is_kept(serving):
    limits = Limits(idle=0.05, trusted_idle=600.0)
    ours = await serving(an_app(), limits=limits, trusted=LOOPBACK)
    other = await serving(an_app(), limits=limits)
    reader, writer = await asyncio.open_connection(*ours.removeprefix("http://").split(":"))
    stranger, strange = await asyncio.open_connection(*other.removeprefix("http://").split(":"))
    assert await stranger.read() == b""
    # The trusted one was opened first and is open still.
    writer.write(b"GET /ok HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert (await reader.read()).split(b" ", 2)[1] == b"200"
    writer.close()
    strange.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        (
            b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        ),
        b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"GET /ok HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 9000 + b"\r\n\r\n",
    ],
)
async def test_what_is_not_http_is_told_so_and_cut_off(base, sent):
    answer = await raw(base, sent)
    assert answer.split(b" ", 2)[1] == b"400"
    assert b"aiohttp" not in answer
    assert body_of(answer)["type"] == "urn:idnode:problem:bad-request"


async def test_a_broken_chunk_is_a_bad_request(base):
    answer = await raw(
        base,
        b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
        b"Connection: close\r\n\r\nZZ\r\n",
    )
    assert answer.split(b" ", 2)[1] == b"400"


async def test_an_unknown_expectation_is_a_problem_document(base):
    answer = await raw(
        base, b"GET /ok HTTP/1.1\r\nHost: a\r\nExpect: tea\r\nConnection: close\r\n\r\n"
    )
    assert answer.split(b" ", 2)[1] == b"417"
    assert b"aiohttp" not in answer
    assert body_of(answer)["type"] == "urn:idnode:problem:expectation"


def test_without_the_c_parser_nothing_is_served():
    program = (
        "import asyncio, edge.server; from aiohttp import web\n"
        "asyncio.run(edge.server.serve(web.Application(), []))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "AIOHTTP_NO_EXTENSIONS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert "C parser is missing" in done.stderr


async def test_requests_in_progress_are_bounded_whoever_asks(serving):
    go, turned_away = asyncio.Event(), []

    async def wait(_):
        await go.wait()
        return web.Response()

    app = web.Application()
    app.router.add_get("/", wait)
    base = await serving(
        app, limits=Limits(in_flight=3), trusted=LOOPBACK, turned_away=lambda: turned_away.append(1)
    )
    async with aiohttp.ClientSession() as session:

        async def ask():
            async with session.get(base) as response:
                return response.status, response.headers, await response.read()

        answers = []
        for finished in asyncio.as_completed([asyncio.create_task(ask()) for _ in range(5)]):
            answers.append(await finished)
            if len(answers) == 2:
                go.set()
        assert [status for status, _, _ in answers] == [503, 503, 200, 200, 200]
        assert answers[0][1]["Retry-After"] == "1"
        assert json.loads(answers[0][2])["type"] == "urn:idnode:problem:overloaded"
        assert len(turned_away) == 2
        assert (await ask())[0] == 200
