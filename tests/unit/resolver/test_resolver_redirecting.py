"""The redirecting form over a real server: where browsers are sent, and which pages they see."""

import asyncio
import re
import socket
from base64 import b64encode
from hashlib import sha256
from ipaddress import ip_address
from types import SimpleNamespace

import aiohttp
import pytest
import yarl
from aiohttp import web

from edge.addresses import Networks
from edge.server import serve
from identifiers.records import State
from identifiers.values import Value
from identifiers.wire.handle.data import Admin, encode_admin
from identifiers.wire.handle.site import Interface, Server, Site, encode_site
from resolver.countries import Countries
from resolver.limits import Rates
from resolver.transports.admission import Admission
from resolver.transports.redirecting import Redirecting

EPOCH = 1_800_000_000
URL = Value(index=1, type="URL", data=b"https://example.org/a?b=1", ttl=600)
MAIL = Value(index=2, type="EMAIL", data=b"ops@example.org", timestamp=1_700_000_000)
SECRET = Value(index=3, type="NOTE", data=b"for us", permissions=0x0C)
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def alias(handle, ttl=300):
    return Value(index=9, type="HS_ALIAS", data=handle.encode(), ttl=ttl)


class Served:
    def __init__(self, world, base, session, chance):
        self.world, self.base, self.session, self.chance = world, base, session, chance

    async def get(self, path, method="GET", **headers):
        """Return status, headers and text of the answer; the path goes out as it is."""
        address = yarl.URL(self.base + path, encoded=True)
        options = {"headers": headers, "allow_redirects": False}
        async with self.session.request(method, address, **options) as response:
            return SimpleNamespace(
                status=response.status, headers=response.headers, text=await response.text()
            )


@pytest.fixture
async def start(make_world):
    runners, sessions = [], []

    async def start(**options):
        world = await make_world(real_time=True, **options)
        chance = SimpleNamespace(next=0.0)
        app = web.Application()
        Redirecting(
            world.resolver,
            Admission(
                clients=world.clients,
                proxies=Networks([]),
                rates=world.limits,
                counters=world.counters,
                clock=world.clock,
            ),
            world.counters,
            clock=world.clock,
            epoch=lambda: float(EPOCH),
            chance=lambda: chance.next,
            countries=Countries(["192.0.2.0/24,GB", "2001:db8::/32,GB", "127.0.0.0/8,FR"]),
        ).add_to(app.router)
        bound = socket.create_server(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{bound.getsockname()[1]}"
        runners.append(await serve(app, [bound]))
        sessions.append(aiohttp.ClientSession())
        await world.put("88.300.1/A", URL, MAIL, SECRET)
        return Served(world, base, sessions[-1], chance)

    yield start
    for session in sessions:
        await session.close()
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
async def at(start):
    return await start()


@pytest.mark.parametrize("path", ["/88.300.1/A", "/88.300.1%2FA", "/88.300.1/A?auth"])
async def test_a_browser_is_sent_to_the_url(at, path):
    answer = await at.get(path)
    assert answer.status == 302
    assert answer.headers["Location"] == "https://example.org/a?b=1"
    assert answer.headers["Expires"] == "Fri, 15 Jan 2027 08:10:00 GMT"
    assert answer.headers["Cache-Control"] == "public, max-age=600"


async def test_head_is_answered_like_get(at):
    answer = await at.get("/88.300.1/A", "HEAD")
    assert (answer.status, answer.text) == (302, "")
    assert answer.headers["Location"] == "https://example.org/a?b=1"


async def test_a_target_as_for_a_proxy_is_refused(at):
    host, port = at.base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET http://other.example/88.300.1/A HTTP/1.1\r\nHost: other.example\r\n\r\n")
    assert (await reader.readline()).split()[1] == b"400"
    writer.close()
    await writer.wait_closed()


async def test_other_methods_are_not(at):
    assert (await at.get("/88.300.1/A", "PUT")).status == 405


@pytest.mark.parametrize("path", ["/", "/favicon.ico", "/api/other", "/hrls/x", "/api", "/hrls"])
async def test_what_is_not_for_this_form(at, path):
    answer = await at.get(path)
    assert answer.status == 404
    assert answer.headers["Content-Type"] == "application/problem+json"


async def test_an_absolute_ttl_ends_at_its_second(at):
    until = Value(index=1, type="URL", data=b"https://e.example", ttl=EPOCH + 5, absolute=True)
    past = Value(index=1, type="URL", data=b"https://e.example", ttl=EPOCH - 5, absolute=True)
    await at.world.put("88.300.1/U", until)
    await at.world.put("88.300.1/P", past)
    assert (await at.get("/88.300.1/U")).headers["Cache-Control"] == "public, max-age=5"
    assert (await at.get("/88.300.1/P")).headers["Cache-Control"] == "no-cache"


async def test_without_the_store_answers_are_kept_for_a_short_time(at):
    await at.get("/88.300.1/A")
    at.world.freshness.fail(at.world.clock())
    at.world.freshness.until -= 10.0
    at.world.store.down = at.world.tier.down = True
    answer = await at.get("/88.300.1/A")
    assert (answer.status, answer.headers["Cache-Control"]) == (302, "public, max-age=30")


async def test_where_one_would_be_sent(at):
    answer = await at.get("/88.300.1/A?redirectionHeaders")
    assert answer.status == 200
    assert answer.headers["Location"] == "https://example.org/a?b=1"
    assert "Expires" in answer.headers


async def test_something_is_appended_to_the_registered_address_only(at):
    answer = await at.get("/88.300.1/A?urlappend=%26c=%E4%BA%8C%20")
    assert answer.headers["Location"] == "https://example.org/a?b=1&c=%E4%BA%8C"
    await at.world.put("88.300.1/BARE", Value(index=1, type="URL", data=b"https://example.org"))
    answer = await at.get("/88.300.1/BARE?urlappend=.evil.example")
    assert answer.status == 400
    assert "Location" not in answer.headers


async def test_filters_choose_among_values(at):
    await at.world.put(
        "88.300.1/TWO", URL, Value(index=7, type="URL", data=b"https://example.org/seven")
    )
    answer = await at.get("/88.300.1/TWO?index=7")
    assert answer.headers["Location"] == "https://example.org/seven"
    assert (await at.get("/88.300.1/TWO?type=EMAIL")).status == 404
    assert (await at.get("/88.300.1/TWO?index=x")).status == 400


# pages


async def test_the_values_as_a_table(at):
    answer = await at.get("/88.300.1/A?noredirect", **BROWSER)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    shown = (
        "88.300.1/A",
        "EMAIL",
        "ops@example.org",
        "2023-11-15 06:13:20 UTC+8",
        "2 public values",
    )
    assert all(text in answer.text for text in shown)
    assert 'href="https://example.org/a?b=1" rel="nofollow noopener noreferrer"' in answer.text
    assert "for us" not in answer.text
    assert answer.headers["Vary"] == "Accept-Language"


async def test_without_a_url_the_values_are_shown(at):
    await at.world.put("88.300.1/M", MAIL)
    answer = await at.get("/88.300.1/M")
    assert (answer.status, "ops@example.org" in answer.text) == (200, True)


async def test_the_table_in_chinese(at):
    answer = await at.get("/88.300.1/A?noredirect", **{"Accept-Language": "zh-CN,zh;q=0.9"})
    assert "<html lang=zh-CN>" in answer.text
    assert "共 2 个公开标识值" in answer.text


async def test_pages_run_nothing_and_load_nothing(at):
    nasty = '"><script>alert(1)</script>\u202e\x1b'
    await at.world.put(
        "88.300.1/<b>",
        Value(index=1, type="<i>", data=nasty.encode()),
        Value(index=2, type="URL", data=b'javascript:alert("x")'),
        Value(index=3, type="RAW", data=b"\x00\xff"),
        Value(index=4, type="HS_ADMIN", data=encode_admin(Admin(0xFFF, "0.NA/88.300.1", 200))),
    )
    answer = await at.get("/88.300.1/%3Cb%3E?noredirect")
    assert "<script" not in answer.text
    assert "<i>" not in answer.text
    assert 'href="javascript' not in answer.text
    assert "\\u{202e}\\u{1b}" not in answer.text  # that value is no text: in hexadecimal
    assert "0x00ff" in answer.text
    assert "111111111111" in answer.text
    policy = answer.headers["Content-Security-Policy"]
    style = re.search("<style>(.*)</style>", answer.text, re.DOTALL)[1]
    assert f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


async def test_invisible_characters_are_made_visible(at):
    await at.world.put("88.300.1/X", Value(index=1, type="NOTE", data="a\u202eb".encode()))
    assert "a\\u{202e}b" in (await at.get("/88.300.1/X")).text


@pytest.mark.parametrize(
    ("handle", "status", "english", "chinese"),
    [
        ("88.300.1/none", 404, "No such identifier", "没有登记该标识"),
        ("88.300.1/SUSPENDED", 404, "suspended since 1970-01-01 08:00:00 UTC+8", "起暂停"),
        ("88.300.1/REVOKED", 410, "Reason: 召回 &lt;b&gt;", "原因：召回 &lt;b&gt;"),
        ("88.300.1/RESERVED", 404, "No such identifier", "没有登记该标识"),
        ("88.999/x", 404, "does not answer for the prefix", "不负责解析该前缀"),
        ("no_prefix/x", 400, "prefix", "地址无效"),
        ("/88.300.1/A", 400, "prefix", "地址无效"),
    ],
)
async def test_why_there_is_nothing_to_show(at, handle, status, english, chinese):
    for state in (State.SUSPENDED, State.REVOKED, State.RESERVED):
        reason = "召回 <b>" if state is State.REVOKED else ""
        await at.world.put(f"88.300.1/{state.name}", URL, state=state, reason=reason)
    answer = await at.get(f"/{handle}")
    assert answer.status == status
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert english in answer.text
    answer = await at.get(f"/{handle}", **{"Accept-Language": "zh"})
    assert answer.status == status
    assert chinese in answer.text


async def test_a_template_that_cannot_be_used_says_so(at):
    bad = Value(index=1, type="HS_NAMESPACE", data=b"<oops")
    await at.world.put("88.300.1/T", bad)
    await at.world.follower.step()
    answer = await at.get("/88.300.1/T@1")
    assert answer.status == 404
    assert "cannot be used" in answer.text


async def test_while_nothing_can_be_looked_up(at):
    at.world.store.down = at.world.tier.down = True
    answer = await at.get("/88.300.1/other")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "2")


# aliases


async def test_an_alias_is_another_name(at):
    await at.world.put("88.300.1/NICK", alias("88.300.1/A 煤"), URL)
    answer = await at.get("/88.300.1/NICK?type=HS_ALIAS")
    assert answer.status == 301
    assert answer.headers["Location"] == "/88.300.1/A%20%E7%85%A4?type=HS_ALIAS"
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert (await at.get("/88.300.1/NICK?ignore_aliases")).status == 302
    assert (await at.get("/88.300.1/NICK?noredirect")).status == 200


async def test_a_chain_of_aliases_is_one_step(at):
    await at.world.put("88.300.1/N8", alias("88.300.1/A", ttl=50))
    for n in range(1, 8):
        await at.world.put(f"88.300.1/N{n}", alias(f"88.300.1/N{n + 1}"))
    answer = await at.get("/88.300.1/N1")
    assert (answer.status, answer.headers["Location"]) == (301, "/88.300.1/A")
    assert answer.headers["Cache-Control"] == "public, max-age=50"


async def test_aliases_lead_on_eight_times_and_not_in_circles(at):
    await at.world.put("88.300.1/N9", alias("88.300.1/A"))
    for n in range(1, 9):
        await at.world.put(f"88.300.1/N{n}", alias(f"88.300.1/N{n + 1}"))
    await at.world.put("88.300.1/ONE", alias("88.300.1/TWO"))
    await at.world.put("88.300.1/TWO", alias("88.300.1/ONE"))
    await at.world.put("88.300.1/SELF", alias("88.300.1/SELF"))
    for handle in ("N1", "ONE", "SELF"):
        answer = await at.get(f"/88.300.1/{handle}")
        assert answer.status == 404
        assert "circle" in answer.text
    assert (await at.get("/88.300.1/N2")).status == 301


async def test_an_alias_that_is_no_handle_is_a_value_like_others(at):
    for n, text in enumerate(("/evil.example/x", "no handle", "//evil.example")):
        await at.world.put(f"88.300.1/BAD{n}", alias(text))
        assert (await at.get(f"/88.300.1/BAD{n}")).status == 200


# 10320/loc


@pytest.fixture
async def located(at):
    xml = (
        '<locations><location id="0" href="https://uk.example/" country="gb" weight="0"/>'
        '<location id="1" href="https://one.example/" weight="1"/>'
        '<location id="2" href="https://two.example/" weight="1"/>'
        '<location id="3" href="https://data.example/" http_role="conneg"/></locations>'
    )
    loc = Value(index=5, type="10320/loc", data=xml.encode(), ttl=60)
    await at.world.put("88.300.1/LOC", URL, loc)
    return at


@pytest.mark.parametrize(
    ("query", "chance", "host"),
    [
        ("", 0.0, "one"),
        ("", 0.9, "two"),
        ("?locatt=id:0", 0.9, "uk"),
        ("?locatt=id", 0.9, "two"),
        ("?country=gb", 0.9, "uk"),
        ("?country=cn", 0.0, "one"),
        ("?ip=192.0.2.1", 0.9, "uk"),
        ("?ip=2001:db8::1", 0.9, "uk"),
        ("?ip=::ffff:192.0.2.1", 0.9, "uk"),
        ("?ip=198.51.100.1", 0.9, "two"),
        ("?ip=192.0.2.1&country=fr", 0.0, "one"),
    ],
)
async def test_one_of_several_locations(located, query, chance, host):
    located.chance.next = chance
    answer = await located.get(f"/88.300.1/LOC{query}", **BROWSER)
    assert (answer.status, answer.headers["Location"]) == (302, f"https://{host}.example/")
    assert answer.headers["Cache-Control"] == "private, max-age=60"


async def test_the_country_of_who_asks_counts(at):
    xml = (
        '<locations><location href="https://here.example/" country="FR" weight="0"/>'
        '<location href="https://there.example/"/></locations>'
    )
    await at.world.put("88.300.1/HERE", Value(index=1, type="10320/loc", data=xml.encode()))
    answer = await at.get("/88.300.1/HERE", **BROWSER)
    assert answer.headers["Location"] == "https://here.example/"
    assert answer.headers["Cache-Control"].startswith("private")
    answer = await at.get("/88.300.1/HERE?ip=198.51.100.1", **BROWSER)
    assert answer.headers["Location"] == "https://there.example/"


@pytest.mark.parametrize("ip", ["", "x", "192.0.2", "192.0.2.0/24", "1.2.3.4.5"])
async def test_what_is_no_address_is_told(located, ip):
    answer = await located.get(f"/88.300.1/LOC?ip={ip}", **BROWSER)
    assert answer.status == 400
    assert "ip must be an IPv4 or IPv6 address" in answer.text


async def test_a_template_makes_an_address_of_the_name(at):
    xml = '<locations><location href_template="https://data.example/{hdl}"/></locations>'
    await at.world.put("88.300.1/T 1", Value(index=1, type="10320/loc", data=xml.encode()))
    answer = await at.get("/88.300.1/T%201?urlappend=%3Fa", **BROWSER)
    assert answer.headers["Location"] == "https://data.example/88.300.1/T%201?a"


async def test_programs_have_a_location_of_their_own(located):
    answer = await located.get("/88.300.1/LOC", Accept="application/json")
    assert answer.headers["Location"] == "https://data.example/"


# delegated prefixes


def site(*interfaces, host="2001:db8::1"):
    server = Server(id=1, address=ip_address(host), public_key=b"", interfaces=interfaces)
    return encode_site(Site(serial=1, servers=(server,)))


@pytest.mark.parametrize(
    ("interfaces", "base"),
    [
        ((Interface(2, 1, 2641), Interface(2, 2, 8000)), "http://[2001:db8::1]:8000"),
        ((Interface(2, 2, 8000), Interface(2, 3, 8443)), "https://[2001:db8::1]:8443"),
    ],
)
async def test_who_is_delegated_to_is_redirected_to(at, interfaces, base):
    await at.world.put("0.NA/88.300.1", Value(index=1, type="HS_SITE.6", data=site(*interfaces)))
    await at.world.delegate("88.300.1")
    await at.world.follower.step()
    answer = await at.get("/88.300.1/x%20y?urlappend=/z")
    assert answer.status == 302
    assert answer.headers["Location"] == f"{base}/88.300.1/x%20y?urlappend=/z"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert (await at.get("/88.300.1/x?noredirect")).status == 300
    assert (await at.get("/88.300.1/x?doNotRefer")).status == 404


@pytest.mark.parametrize(
    ("kind", "data", "told"),
    [
        ("HS_SITE", site(Interface(2, 1, 2641), host="192.0.2.7"), "192.0.2.7"),
        ("HS_SERV", b"88.999/SERV", "HS_SERV"),
    ],
)
async def test_who_cannot_be_redirected_to_is_named(at, kind, data, told):
    await at.world.put("0.NA/88.300.1", Value(index=1, type=kind, data=data))
    await at.world.delegate("88.300.1")
    await at.world.follower.step()
    answer = await at.get("/88.300.1/x")
    assert (answer.status, told in answer.text) == (300, True)


async def test_the_rates_of_strangers_hold_here_too(start):
    at = await start(trusted=False, rates=Rates(http_per_host=1.0, http_burst=2.0, buckets=1 << 12))
    statuses = [(await at.get("/88.300.1/A")).status for _ in range(4)]
    assert statuses[:2] == [302, 302]
    assert statuses[-1] == 429


@pytest.mark.parametrize(
    "path", ["/", "/nothandle", "/nothandle?x=1", "/88.300.1/", "/88.300.1%2F"]
)
async def test_where_nothing_is_a_browser_gets_a_page_and_a_program_a_problem(at, path):
    answer = await at.get(path, **BROWSER)
    assert (answer.status, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert answer.headers.getall("Vary") == ["Accept-Language", "Accept"]
    assert "Nothing at this address" in answer.text
    assert "as in /88.300.1/A" in answer.text
    chinese = await at.get(path, **BROWSER, **{"Accept-Language": "zh-CN"})
    assert "此地址不存在" in chinese.text
    for headers in ({}, {"Accept": "application/json"}):
        assert (await at.get(path, **headers)).headers["Content-Type"] == "application/problem+json"
    posted = await at.get(path, "POST", **BROWSER)
    assert (posted.status, posted.headers["Content-Type"]) == (404, "application/problem+json")


async def test_the_methods_of_a_handle_are_told_as_before(at):
    for path in ("/88.300.1/A", "/88.300.1%2FA"):
        assert (await at.get(path, "POST", **BROWSER)).status == 405


async def test_one_value_is_one(at):
    await at.world.put("88.300.1/ONE", MAIL)
    assert "1 public value<" in (await at.get("/88.300.1/ONE")).text
    chinese = await at.get("/88.300.1/ONE", **{"Accept-Language": "zh"})
    assert "共 1 个公开标识值" in chinese.text


async def test_what_is_wrong_with_an_address_is_told_in_chinese(at):
    answer = await at.get("/88.300.1/A?ip=nonsense", **{"Accept-Language": "zh"})
    assert answer.status == 400
    assert "参数 ip 应为 IPv4 或 IPv6 地址" in answer.text
    assert "must be" not in answer.text
    answer = await at.get("/88.300.1/A?index=x", **{"Accept-Language": "zh"})
    assert "地址中有无法读取的内容：" in answer.text
