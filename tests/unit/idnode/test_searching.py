"""Searching as a client, and at the command line."""

import asyncio
import json

import pytest
from aiohttp import web

from edge.server import serve
from idnode import Garbled, Refused, RegistryClient
from idnode.searching import Count, Match, MatchPage
from node.commands.search import line, remarks, run
from node.refusals import NotDone
from tests.unit.idnode.services import API_KEY, listener

MATCH = Match(
    handle="88.300.1/A\x1b",
    state="suspended",
    version=3,
    created_at="2026-01-01T00:00:00Z",
    changed_at="2026-02-01T00:00:00Z",
    template="t1",
)


@pytest.fixture
async def client(services):
    async with RegistryClient(services.registry, API_KEY) as found:
        for number in range(7):
            await found.create(
                {
                    "handle": f"88.300.1/S{number}",
                    "values": [{"index": 1, "type": "PRODUCT", "data": f"长焰煤{number % 2}"}],
                }
            )
        yield found


async def test_all_pages_come_one_after_the_other(client):
    terms = [("q", "焰煤"), ("field", "PRODUCT=*1"), ("field", "PRODUCT=长*")]
    found = [m async for page in client.searches.pages(terms, limit=2) for m in page.items]
    assert [match.handle for match in found] == [f"88.300.1/S{n}" for n in (1, 3, 5)]
    page = await client.searches.page([("count", "1")], limit=1)
    assert page.count == Count(7, exact=True)
    assert page.next


async def test_what_cannot_be_asked_is_refused(client):
    with pytest.raises(Refused) as refused:
        await client.searches.page([("state", "gone")])
    assert refused.value.problem.status == 400


async def test_an_answer_that_is_none():
    async def odd(_):
        return web.json_response({"items": [{"handle": 1}]})

    app = web.Application()
    app.router.add_get("/api/v1/search", odd)
    opened, base = listener()
    runner = await serve(app, [opened])
    async with RegistryClient(base, API_KEY) as client:
        with pytest.raises(Garbled):
            await client.searches.page([])
    await runner.cleanup()


def test_lines_for_people_and_for_programs():
    told = "88.300.1/A\\x1b  suspended  v3  2026-02-01T00:00:00Z  t1\n"
    assert line(MATCH, as_json=False) == told
    assert json.loads(line(MATCH, as_json=True))["version"] == 3


def test_what_is_to_be_said_of_a_search():
    assert remarks(MatchPage(items=())) == ""
    assert remarks(MatchPage(items=(), count=Count(7, exact=True))) == "7 found\n"
    late = MatchPage(items=(), count=Count(10_000, exact=False), lag_seconds=12.3)
    assert remarks(late).splitlines() == [
        "at least 10000 found",
        "what changed in the last 12 seconds may be missing",
    ]


@pytest.mark.parametrize(
    ("most", "told", "said"),
    [
        (100, 7, "7 found\n"),
        (3, 3, "7 found\nthere may be more; --limit shows more than 3\n"),
    ],
)
@pytest.mark.usefixtures("client")
async def test_at_the_command_line(services, capsys, most, told, said):
    def search():
        run(
            {"IDNODE_API_KEY": API_KEY},
            [("q", "焰煤")],
            most=most,
            count=True,
            as_json=False,
            server=services.registry.removeprefix("http://"),
            key_file=None,
        )

    await asyncio.to_thread(search)
    shown = capsys.readouterr()
    assert len(shown.out.splitlines()) == told
    assert shown.err == said


def test_nobody_searches_without_a_key():
    with pytest.raises(NotDone):
        run({}, [], most=1, count=False, as_json=False, server="127.0.0.1:1", key_file=None)
