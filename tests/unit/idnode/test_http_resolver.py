import asyncio

import pytest
from aiohttp import web

from identifiers.values import Value
from idnode import Garbled, HttpResolver, Refused, RegistryClient, Unaskable, Unreachable
from tests.unit.idnode.services import API_KEY

NAMES = ("88.300.1/A", "88.300.1/二级/节点", "88.300.1/a b?c#d%41..//../e", "88.300.1/..")


@pytest.fixture
async def resolver(services):
    async with RegistryClient(services.registry, API_KEY) as registry:
        for name in NAMES:
            await registry.create(
                {
                    "handle": name,
                    "values": [
                        {"index": 1, "type": "URL", "data": f"https://x.example/{name}"},
                        {"index": 2, "type": "RAW", "data": {"format": "hex", "value": "00ff"}},
                        {
                            "index": 3,
                            "type": "HS_ADMIN",
                            "data": {
                                "format": "admin",
                                "value": {
                                    "handle": "0.NA/88.300.1",
                                    "index": 200,
                                    "permissions": "011111110011",
                                },
                            },
                            "permissions": "1110",
                            "ttl": 60,
                        },
                    ],
                }
            )
    await services.follow()
    async with HttpResolver(services.http + "/") as found:
        yield found


@pytest.mark.parametrize("name", NAMES)
async def test_any_name_is_asked_for_as_it_is(resolver, name):
    found = await resolver.resolve(name)
    assert (found.found, found.handle) == (True, name)
    assert found.values[0].data == f"https://x.example/{name}".encode()
    assert found.values[1].data == b"\x00\xff"
    assert isinstance(found.values[2], Value)


async def test_filters_are_sent(resolver):
    assert [v.index for v in (await resolver.resolve(NAMES[0], indexes=[2])).values] == [2]
    assert [v.index for v in (await resolver.resolve(NAMES[0], types=["url"])).values] == [1]
    nothing = await resolver.resolve(NAMES[0], indexes=[9], authoritative=True)
    assert (nothing.found, nothing.code, nothing.values) == (False, 200, ())


async def test_what_is_not_there_is_an_answer(resolver):
    assert (await resolver.resolve("88.300.1/nobody")).code == 100
    elsewhere = await resolver.resolve("99.1/x")
    assert (elsewhere.code, bool(elsewhere.message)) == (301, True)
    assert (await resolver.resolve("nonsense")).code == 102


async def test_many_are_answered_in_order_and_in_several_questions(resolver, monkeypatch):
    monkeypatch.setattr("idnode.http.BATCH_LIMIT", 3)
    asked = [*NAMES, "88.300.1/nobody", *reversed(NAMES)]
    found = await resolver.resolve_many(asked)
    assert [answer.handle for answer in found] == asked
    assert [answer.found for answer in found] == [True] * 4 + [False] + [True] * 4
    assert found[0] == await resolver.resolve(NAMES[0])
    assert await resolver.resolve_many([]) == []


async def test_a_store_that_is_away_is_an_answer_too(services, resolver):
    services.store.down = True
    assert (await resolver.resolve("88.300.1/never-asked")).code == 3


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (lambda: web.Response(text="<html>"), Refused, "<html>"),
        (lambda: web.json_response([1]), Garbled, "not a JSON object"),
        (lambda: web.json_response({}), Garbled, "cannot be read"),
        (lambda: web.json_response({"responseCode": "x"}), Garbled, "cannot be read"),
        (lambda: web.json_response({"responseCode": 1, "values": [7]}), Garbled, "cannot be read"),
        (lambda: web.json_response({"responseCode": 1, "values": 7}), Garbled, "cannot be read"),
        (lambda: web.Response(body=b"{", content_type="application/json"), Garbled, "not a JSON"),
    ],
)
async def test_who_is_no_resolver_is_told_apart(odd, answer, error, words):
    odd.answer = answer
    async with HttpResolver(odd.base) as resolver:
        with pytest.raises(error, match=words):
            await resolver.resolve("88.300.1/A")


async def test_a_batch_whose_answer_does_not_fit(odd):
    odd.answer = lambda: web.json_response({"results": []})
    async with HttpResolver(odd.base) as resolver:
        with pytest.raises(Garbled, match="does not fit"):
            await resolver.resolve_many(["88.300.1/A"])
        odd.answer = lambda: web.json_response({}, status=500)
        with pytest.raises(Refused, match="500"):
            await resolver.resolve_many(["88.300.1/A"])


async def test_nobody_there():
    async with HttpResolver("http://127.0.0.1:1") as resolver:
        with pytest.raises(Unreachable, match=r"127\.0\.0\.1:1"):
            await resolver.resolve("88.300.1/A")
    async with HttpResolver("http://[") as resolver:
        with pytest.raises(Garbled, match="no address"):
            await resolver.resolve("88.300.1/A")


async def test_what_no_request_can_say(resolver):
    with pytest.raises(Unaskable, match="lone surrogate"):
        await resolver.resolve("88.300.1/\ud800")
    with pytest.raises(Unaskable, match="lone surrogate"):
        await resolver.resolve_many(["88.300.1/\ud800"])


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"\x02\x0b\xff\x00abc\r\n\r\n", r"does not speak HTTP: is it the Handle port\?$"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 20_000 + b"\r\n\r\n", r": broken HTTP, or a header"),
    ],
)
async def test_octets_that_are_no_http_are_told_in_words(octets, words):
    async def talk(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(octets)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as listening:
        base = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        async with HttpResolver(base) as resolver:
            with pytest.raises(Garbled, match=words) as told:
                await resolver.resolve("88.300.1/A")
        assert "aaaa" not in str(told.value)


async def test_too_slow(odd):
    odd.slow = asyncio.Event()
    async with HttpResolver(odd.base, patience=0.05) as resolver:
        with pytest.raises(Unreachable, match="no answer in time"):
            await resolver.resolve("88.300.1/A")
    odd.slow.set()


async def test_it_has_to_be_entered():
    with pytest.raises(RuntimeError, match="async with"):
        await HttpResolver("http://127.0.0.1:1").resolve("88.300.1/A")
