import asyncio
import io
import json
import socket
from urllib.parse import quote

import aiohttp
import msgspec
import pytest
import yarl

from edge.addresses import LOOPBACK, Networks
from edge.server import serve
from identifiers.records import State
from identifiers.values import Value
from identifiers.wire import cborform
from resolver.limits import Rates
from resolver.transports import rest
from resolver.transports.batch import BATCH_OCTETS
from resolver.transports.http import HttpResolution
from tests.unit.resolver.world import SITE

URL = Value(index=1, type="URL", data=b"https://example.org/1", ttl=600)
OTHER = Value(index=2, type="MAIL", data=b"ops@example.org", ttl=60)
NOBODY = Networks([])
SECRET = Value(index=3, type="NOTE", data=b"for us", permissions=0x0C)


class Served:
    def __init__(self, world, base, session):
        self.world, self.base, self.session = world, base, session

    async def ask(self, path, method="GET", **options):
        """Return status, headers and body of the answer; the path goes out as it is."""
        address = yarl.URL(self.base + path, encoded=True)
        async with self.session.request(method, address, **options) as response:
            return response.status, response.headers, await response.read()

    async def document(self, path, **options):
        status, _, body = await self.ask(path, **options)
        return status, json.loads(body)

    async def batch(self, handles, **options):
        status, headers, body = await self.ask(
            "/api/resolve", "POST", json={"handles": handles}, **options
        )
        return status, headers, body


@pytest.fixture
async def start(make_world):
    runners, sessions = [], []

    async def start(proxies=NOBODY, **options):
        world = await make_world(real_time=True, **options)
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
            authority=world.authority,
        )
        bound = socket.create_server(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{bound.getsockname()[1]}"
        runners.append(await serve(http.application(), [bound]))
        sessions.append(aiohttp.ClientSession())
        await world.put("88.300.1/A", URL, OTHER, SECRET)
        return Served(world, base, sessions[-1])

    yield start
    for session in sessions:
        await session.close()
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
async def at(start):
    return await start()


async def test_a_look_up_in_the_rest_form(at):
    status, headers, body = await at.ask("/api/handles/88.300.1/A")
    assert status == 200
    assert headers["Content-Type"] == "application/json"
    assert headers["ETag"] == '"v1"'
    assert headers["Cache-Control"] == "public, max-age=60"
    assert headers["Vary"] == "Accept"
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert json.loads(body) == {
        "responseCode": 1,
        "handle": "88.300.1/A",
        "values": [
            {
                "index": 1,
                "type": "URL",
                "data": {"format": "string", "value": "https://example.org/1"},
                "ttl": 600,
                "timestamp": "1970-01-01T00:00:00Z",
            },
            {
                "index": 2,
                "type": "MAIL",
                "data": {"format": "string", "value": "ops@example.org"},
                "ttl": 60,
                "timestamp": "1970-01-01T00:00:00Z",
            },
        ],
    }
    counted = at.world.counters.snapshot()["answers"]["http"]["found"]
    assert sum(counted["buckets"]) == 1


@pytest.mark.parametrize("path", ["88.300.1/a%2Fb", "88.300.1%2Fa%2Fb", "88.300.1/a/b"])
async def test_slashes_may_be_encoded_or_not(at, path):
    await at.world.put("88.300.1/a/b", URL)
    status, document = await at.document("/api/handles/" + path)
    assert (status, document["handle"]) == (200, "88.300.1/a/b")


@pytest.mark.parametrize("safe", ["", "/.&=+煤"])
@pytest.mark.parametrize("suffix", ["煤 一号", "..", "a?b#c%d&e=f+g", "x//", "a/../b", "%2F"])
async def test_odd_names_are_found(at, suffix, safe):
    await at.world.put("88.300.1/" + suffix, URL)
    status, document = await at.document("/api/handles/" + quote("88.300.1/" + suffix, safe=safe))
    assert (status, document["handle"]) == (200, "88.300.1/" + suffix)


async def test_filters_are_a_union(at):
    status, document = await at.document("/api/handles/88.300.1/A?index=2&type=url&index=77")
    assert status == 200
    assert [value["index"] for value in document["values"]] == [1, 2]
    status, document = await at.document("/api/handles/88.300.1/A?index=3")
    assert (status, document["responseCode"], document["values"]) == (200, 200, [])


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("88.300.1/none", 404, 100),
        ("20.500/x", 400, 301),
        ("nonsense", 400, 102),
        ("88.300.1/%FF", 400, 102),
        ("88.300.1/A?index=x", 400, 4),
        ("88.300.1/A?callback=a(", 400, 4),
        ("88.300.1/A?publicOnly=no", 503, 5),
    ],
)
async def test_how_look_ups_end(at, path, status, code):
    got, document = await at.document("/api/handles/" + path)
    assert (got, document["responseCode"]) == (status, code)


async def test_who_logs_in_is_told_that_it_is_not_offered(at):
    headers = {"Authorization": "Basic MzAwJTNBMC5OQS84OC4zMDAuMTp4"}
    status, document = await at.document("/api/handles/88.300.1/A", headers=headers)
    assert (status, document["responseCode"]) == (503, 5)
    status, document = await at.document("/api/handles/88.300.1/A?publicOnly", headers=headers)
    assert (status, document["responseCode"]) == (200, 1)


async def test_a_revoked_name_says_why(at):
    await at.world.put("88.300.1/R", state=State.REVOKED, reason="recall")
    status, document = await at.document("/api/handles/88.300.1/R")
    assert (status, document["message"]) == (404, "revoked: recall")


async def test_without_a_store_it_is_unavailable_for_a_while(at):
    at.world.store.down = True
    status, headers, body = await at.ask("/api/handles/88.300.1/B")
    assert (status, headers["Retry-After"], json.loads(body)["responseCode"]) == (503, "2", 3)
    assert headers["Cache-Control"] == "no-store"


async def test_a_stale_answer_says_so_and_may_be_kept_for_30_seconds(at):
    await at.ask("/api/handles/88.300.1/A?index=1")
    at.world.store.down = True
    at.world.freshness.until -= 100.0
    status, headers, _ = await at.ask("/api/handles/88.300.1/A?index=1")
    assert status == 200
    assert headers["Cache-Control"] == "public, max-age=30"
    assert headers["Cache-Status"] == "idnode; hit; ttl=-100"


async def test_entity_tags(at):
    path = "/api/handles/88.300.1/A"
    _, headers, _ = await at.ask(path)
    known = {"If-None-Match": headers["ETag"]}
    status, headers, body = await at.ask(path, headers=known)
    assert (status, headers["ETag"], body) == (304, '"v1"', b"")
    assert headers["Cache-Control"] == "public, max-age=60"
    for other in ("?index=1", "?pretty"):
        assert (await at.ask(path + other, headers=known))[0] == 200
    assert (await at.ask(path, headers=known | {"Accept": "application/cbor"}))[0] == 200
    await at.world.put("88.300.1/A", OTHER)
    await at.world.follower.step()
    status, headers, _ = await at.ask(path, headers=known)
    assert (status, headers["ETag"]) == (200, '"v2"')


async def test_a_repeated_look_up_is_answered_like_the_first_one_until_news_come(at):
    path = "/api/handles/88.300.1/A"
    varying = {"date", "x-request-id"}

    async def plain(**headers):
        status, answered, body = await at.ask(path, headers=headers)
        return status, {k: v for k, v in answered.items() if k.lower() not in varying}, body

    kinds = ({}, {"Accept": "application/cbor"}, {"Accept": "*/*"}, {"If-None-Match": '"v1"'})
    first = [await plain(**headers) for headers in kinds]
    for _ in range(3):
        assert [await plain(**headers) for headers in kinds] == first
    assert [status for status, _, _ in first] == [200, 200, 200, 304]
    http = at.world.counters.snapshot()["answers"]["http"]["found"]
    assert sum(http["buckets"]) == 16
    assert at.world.counters.tallying.prefixes() == {"88.300.1": 16}
    await at.world.put("88.300.1/A", OTHER)
    await at.world.follower.step()
    _, headers, body = await at.ask(path)
    assert headers["ETag"] == '"v2"'
    assert b"example.org/1" not in body


async def test_who_logs_in_is_not_given_a_finished_page(at):
    path = "/api/handles/88.300.1/A"
    for _ in range(3):
        assert (await at.ask(path))[0] == 200
    assert (await at.ask(path, headers={"Authorization": "Bearer x"}))[0] == 503


async def test_a_page_ages_with_an_absolute_ttl(at):
    await at.world.put("88.300.1/T", Value(index=1, type="X", data=b"", ttl=0, absolute=True))
    until = Value(index=1, type="X", data=b"", ttl=1_800_000_100, absolute=True)
    await at.world.put("88.300.1/U", until)
    for _ in range(3):
        for name, control in (("T", "no-cache"), ("U", "public, max-age=100")):
            _, headers, _ = await at.ask("/api/handles/88.300.1/" + name)
            assert headers["Cache-Control"] == control


async def test_head_has_the_headers_of_get_and_no_body(at):
    path = "/api/handles/88.300.1/A"
    _, of_get, body = await at.ask(path)
    status, of_head, nothing = await at.ask(path, "HEAD")
    assert (status, nothing) == (200, b"")
    assert of_head["Content-Length"] == str(len(body))
    assert of_head["ETag"] == of_get["ETag"]
    assert (await at.ask("/api/handles/88.300.1/none", "HEAD"))[0] == 404


async def test_cbor_when_it_is_preferred(at):
    path = "/api/handles/88.300.1/A"
    accept = {"Accept": "application/json;q=0.5, application/cbor"}
    status, headers, body = await at.ask(path, headers=accept)
    assert (status, headers["Content-Type"]) == (200, "application/cbor")
    assert cborform.load(body) == json.loads((await at.ask(path))[2])
    _, headers, _ = await at.ask(path, headers={"Accept": "text/html"})
    assert headers["Content-Type"] == "application/json"


async def test_pretty_and_jsonp(at):
    path = "/api/handles/88.300.1/A"
    _, _, body = await at.ask(path + "?pretty")
    assert body.startswith(b'{\n  "responseCode": 1')
    _, headers, body = await at.ask(path + "?callback=show")
    assert headers["Content-Type"] == "application/javascript"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert body.startswith(b'show({"responseCode":1,')
    assert body.endswith(b"});")


async def test_many_at_once_each_for_itself_in_order(at):
    await at.world.put("88.300.1/R", state=State.SUSPENDED, reason="recall")
    handles = ["88.300.1/A", "20.500/x", "bad", "88.300.1/none", "88.300.1/R", "88.300.1/A"]
    status, headers, body = await at.batch(handles)
    results = json.loads(body)["results"]
    assert status == 200
    assert headers["Cache-Control"] == "no-store"
    assert [result["handle"] for result in results] == handles
    assert [result["responseCode"] for result in results] == [1, 301, 102, 100, 100, 1]
    assert results[0] == (await at.document("/api/handles/88.300.1/A"))[1]
    assert results[4]["message"] == "suspended: recall"


async def test_two_thousand_at_once_are_asked_for_in_few_questions(at):
    names = [f"88.300.1/{number}" for number in range(2000)]
    for name in names[::2]:
        await at.world.put(name, URL)
    at.world.store.fetches.clear()
    status, _, body = await at.batch(names)
    codes = [result["responseCode"] for result in json.loads(body)["results"]]
    assert (status, codes) == (200, [1, 100] * 1000)
    assert len(at.world.store.fetches) <= 4
    at.world.store.fetches.clear()
    _, headers, body = await at.batch(names, headers={"Accept": "application/cbor"})
    assert headers["Content-Type"] == "application/cbor"
    results = cborform.load(body, 100_000)["results"]
    assert [result["responseCode"] for result in results] == codes
    assert at.world.store.fetches == []


async def test_more_than_two_thousand_are_refused(at):
    status, headers, body = await at.batch(["88.300.1/A"] * 2001)
    assert (status, json.loads(body)["limit"]) == (413, 2000)
    assert headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b'{"handles": ["a/b"], "handles": []}', "application/json", 422),
        (b'{"handles": [1]}', "application/json", 422),
        (b'{"handles": ["a/\\u0000"]}', "application/json", 422),
        (b'{"handles": ["a/\\ud800"]}', "application/json", 422),
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b'{"handles": []}', "text/plain", 415),
        (b'{"handles": ["' + b"x" * (1 << 20) + b'"]}', "application/json", 413),
    ],
)
async def test_bad_batches_get_problem_documents(at, body, content_type, status):
    got, headers, answer = await at.ask(
        "/api/resolve", "POST", data=io.BytesIO(body), headers={"Content-Type": content_type}
    )
    assert got == status
    assert headers["Content-Type"] == "application/problem+json"
    assert json.loads(answer)["status"] == status


async def test_an_empty_batch_has_no_results(at):
    assert json.loads((await at.batch([]))[2]) == {"results": []}


@pytest.mark.parametrize("item", [b"1", b"NaN", b'"\\u0000"', b"{}"])
async def test_a_batch_of_nothing_but_faults_is_told_a_hundred(at, item):
    count = ((1 << 20) - 20) // (len(item) + 1)
    body = b'{"handles":[' + b",".join([item] * count) + b"]}"
    status, _, answer = await at.ask(
        "/api/resolve", "POST", data=body, headers={"Content-Type": "application/json"}
    )
    errors = json.loads(answer)["errors"]
    assert status == 422
    assert (len(errors), errors[-1]["code"]) == (101, "more")
    assert len(answer) < 20_000


async def test_a_name_that_is_asked_for_often_is_not_written_often(at, monkeypatch):
    """As the store had it, and once more as the page that is kept."""
    wrote = []
    tell = rest.tell
    monkeypatch.setattr(rest, "tell", lambda *a, **o: wrote.append(a[1]) or tell(*a, **o))
    handles = ["88.300.1/A", "88.300.1/a", "88.300.1/none"] * 600
    results = json.loads((await at.batch(handles))[2])["results"]
    assert [result["handle"] for result in results] == handles
    assert set(wrote) == set(handles)
    assert len(wrote) <= 2 * len(set(handles))


@pytest.mark.parametrize("accept", ["application/json", "application/cbor"])
async def test_a_batch_of_large_records_is_answered_in_part(at, accept):
    for number in range(3):
        large = Value(index=1, type="NOTE", data=bytes([65 + number]) * 60_000)
        values = [msgspec.structs.replace(large, index=index) for index in (1, 2, 3)]
        await at.world.put(f"88.300.1/L{number}", *values)
    handles = [f"88.300.1/L{number % 3}" for number in range(2000)]
    at.world.store.fetches.clear()
    status, _, body = await at.batch(handles, headers={"Accept": accept})
    results = (
        json.loads(body)["results"]
        if accept == "application/json"
        else cborform.load(body, 100_000)["results"]
    )
    codes = [result["responseCode"] for result in results]
    answered = codes.count(1)
    assert status == 200
    assert [result["handle"] for result in results] == handles
    assert codes == [1] * answered + [3] * (2000 - answered)
    assert 80 < answered < 100
    assert "ask for this one again" in results[-1]["message"]
    assert len(body) < BATCH_OCTETS + 200_000 + 2000 * 200
    assert len(at.world.store.fetches) == 1
    counted = at.world.counters.snapshot()["answers"]["http"]
    assert sum(counted["unavailable"]["buckets"]) == 2000 - answered


async def test_the_site_record(at):
    status, document = await at.document("/api/site")
    assert status == 200
    assert document["serialNumber"] == 1
    assert document["servers"][0]["interfaces"][0]["port"] == 2641


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/api/handles/88.300.1/A"),
        ("DELETE", "/api/handles/88.300.1/A"),
        ("POST", "/api/handles/88.300.1/A"),
        ("GET", "/api/handles?prefix=88.300.1"),
        ("GET", "/api/handles/"),
        ("GET", "/api/prefixes"),
        ("POST", "/api/sessions"),
        ("GET", "/api/sessions/this"),
        ("GET", "/api/verifications/300:0.NA/88.300.1"),
    ],
)
async def test_what_needs_somebody_is_not_offered(at, method, path):
    status, _, body = await at.ask(path, method)
    assert (status, json.loads(body)["responseCode"]) == (503, 5)


async def test_unknown_paths_and_methods_get_problem_documents(at):
    for path, method, status in (("/", "GET", 404), ("/api", "GET", 404), ("/x", "POST", 404)):
        got, headers, _ = await at.ask(path, method)
        assert (got, headers["Content-Type"]) == (status, "application/problem+json")
    assert (await at.ask("/api/resolve"))[0] == 405


async def test_scripts_of_any_origin_may_ask(at):
    headers = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    for path in ("/api/resolve", "/api/handles/88.300.1/A"):
        status, answered, _ = await at.ask(path, "OPTIONS", headers=headers)
        assert status == 204
        assert answered["Access-Control-Allow-Origin"] == "*"
        assert "POST" in answered["Access-Control-Allow-Methods"]
        assert answered["Access-Control-Max-Age"] == "86400"


class TestStrangers:
    @pytest.fixture
    async def at(self, start):
        return await start(
            trusted=False, rates=Rates(http_per_host=0.001, http_burst=5.0, buckets=1 << 12)
        )

    async def test_rates_end_in_429(self, at):
        statuses = [(await at.ask("/api/handles/88.300.1/A"))[0] for _ in range(7)]
        assert statuses == [200] * 5 + [429] * 2
        status, headers, body = await at.ask("/api/handles/88.300.1/A")
        assert (status, headers["Retry-After"]) == (429, "1")
        assert json.loads(body)["type"].endswith("too-many-requests")
        assert at.world.counters.snapshot()["events"] == {"limited": 3}

    async def test_many_at_once_cost_more(self, at):
        assert (await at.batch(["88.300.1/A"] * 300))[0] == 200
        assert (await at.batch(["88.300.1/A"] * 300))[0] == 429

    async def test_nobody_over_the_rate_has_a_body_read(self, at):
        for _ in range(5):
            assert (await at.ask("/api/handles/88.300.1/A"))[0] == 200

        async def never():
            yield b'{"handles":['
            await asyncio.Event().wait()

        status, _, _ = await at.ask(
            "/api/resolve", "POST", data=never(), headers={"Content-Type": "application/json"}
        )
        assert status == 429

    async def test_a_large_body_costs_more_whatever_is_in_it(self, at):
        body = b'{"handles":[]' + b" " * (1 << 19) + b"}"
        headers = {"Content-Type": "application/json"}
        assert (await at.ask("/api/resolve", "POST", data=body, headers=headers))[0] == 429

    async def test_bodies_that_are_waited_for_are_in_flight(self, start):
        at = await start(trusted=False)
        release = asyncio.Event()

        async def slowly():
            yield b'{"handles":'
            await release.wait()
            yield b"[]}"

        headers = {"Content-Type": "application/json"}
        asking = [
            asyncio.create_task(at.ask("/api/resolve", "POST", data=slowly(), headers=headers))
            for _ in range(40)
        ]
        done = []
        for finished in asyncio.as_completed(asking):
            done.append((await finished)[0])
            if len(done) == 8:
                release.set()
        assert sorted(done) == [200] * 32 + [429] * 8

    async def test_requests_at_one_time_are_bounded(self, start):
        # However long forty connections take: who gave up would make room for another.
        at = await start(trusted=False, patience=600.0)
        go, fetch = asyncio.Event(), at.world.store.fetch

        async def wait(keys):
            await go.wait()
            return await fetch(keys)

        at.world.store.fetch = wait
        asking = [
            asyncio.create_task(at.ask(f"/api/handles/88.300.1/{number}")) for number in range(40)
        ]
        done = []
        for finished in asyncio.as_completed(asking):
            done.append((await finished)[0])
            if len(done) == 8:
                go.set()
        assert sorted(done) == [404] * 32 + [429] * 8

    async def test_a_trusted_proxy_says_who_asks(self, start):
        at = await start(proxies=LOOPBACK)
        for address, trusted in (("203.0.113.7", False), ("10.0.0.1", True), ("nonsense", True)):
            request = {"X-Forwarded-For": address}
            seen = []
            of = at.world.clients.of
            at.world.clients.of = lambda host, of=of, seen=seen: seen.append(of(host)) or seen[-1]
            assert (await at.ask("/api/handles/88.300.1/A", headers=request))[0] == 200
            at.world.clients.of = of
            assert [client.trusted for client in seen] == [trusted]


# the redirecting form beside the others


async def test_browsers_are_sent_on_and_nothing_else_is_shadowed(at):
    status, headers, _ = await at.ask("/88.300.1/A", allow_redirects=False)
    assert (status, headers["Location"]) == (302, "https://example.org/1")
    assert (await at.ask("/api/handles/88.300.1/A"))[0] == 200
    assert (await at.ask("/api/site"))[0] == 200
    assert (await at.ask("/api/resolve"))[0] == 405
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE"):
        assert (await at.ask("/api/unheard/of", method))[0] == 404
    assert (await at.ask("/api/unheard/of", "OPTIONS"))[0] in {200, 204}
    assert (await at.ask("/api/site", "DELETE"))[0] == 405
    assert (await at.ask("/hrls/handles?URL=*"))[0] == 503
    message = at.world.question("88.300.1/A")
    tunnelled = {"data": message, "headers": {"Content-Type": "application/x-hdl-message"}}
    status, _, reply = await at.ask("/88.300.1/A", "POST", **tunnelled)
    assert (status, reply[24:28]) == (200, b"\0\0\0\1")
