"""History and relations as a client, and at the command line."""

import asyncio
import json

import pytest
from aiohttp import web

from edge.server import serve
from idnode import Garbled, Refused, RegistryClient
from idnode.tracing import Change, Related, Relation, Trace, Version
from node.commands.tracing import history_lines, relation_lines, tell_history, tell_relations
from tests.unit.idnode.services import API_KEY, listener

COAL, MIX = "88.300.1/COAL", "88.300.1/MIX"


def made(handle, origin):
    values = [{"index": 1, "type": "REL.MADE_FROM", "data": origin}]
    return {"handle": handle, "values": values}


@pytest.fixture
async def client(services):
    async with RegistryClient(services.registry, API_KEY) as found:
        await found.create(made(COAL, "88.300.1/FACE"))
        await found.create(made(MIX, COAL))
        for number in range(101):
            value = {"index": 2, "type": "URL", "data": f"https://{number}.example"}
            await found.patch(COAL, values=[value])
        yield found


async def test_all_versions_come_newest_first(client):
    versions = [one async for one in client.tracings.history(COAL)]
    assert [one.version for one in versions] == list(range(102, 0, -1))
    newest, first = versions[0], versions[-1]
    assert (newest.actor, newest.status, newest.state) == ("key:one", "updated", "active")
    (changed,) = newest.changed
    assert changed.old["data"]["value"] == "https://99.example"
    assert changed.new["data"]["value"] == "https://100.example"
    assert first.changed[0].old is None


async def test_relations_up_and_down(client):
    up = await client.tracings.relations(MIX, depth=5)
    assert [(node.handle, node.steps) for node in up.nodes] == [(COAL, 1), ("88.300.1/FACE", 2)]
    assert up.nodes[1].missing
    assert up.edges[0] == Relation(source=MIX, relation="made_from", target=COAL)
    down = await client.tracings.relations(COAL, "down")
    assert [node.handle for node in down.nodes] == [MIX]
    other = await client.tracings.relations(MIX, relation="part_of")
    assert (other.nodes, other.truncated) == ((), False)


async def test_what_is_not_there_is_refused(client):
    with pytest.raises(Refused) as refused:
        await client.tracings.relations("88.300.1/NONE")
    assert refused.value.problem.status == 404


async def test_an_answer_that_is_none():
    async def odd(_):
        return web.json_response({"items": [{"version": "1"}]})

    app = web.Application()
    app.router.add_get("/api/v1/history/{handle}", odd)
    opened, base = listener()
    runner = await serve(app, [opened])
    async with RegistryClient(base, API_KEY) as client:
        with pytest.raises(Garbled):
            [one async for one in client.tracings.history(COAL)]
    await runner.cleanup()


VERSION = Version(
    version=3,
    status="state",
    state="suspended",
    was="active",
    at="2026-02-01T00:00:00Z",
    actor=None,
    action="identifier.patch",
    request="r",
    change=None,
    reason="核查\x1b",
    changed=(
        Change(
            index=1,
            old={"index": 1, "type": "URL", "data": {"format": "string", "value": "https://a"}},
            new=None,
        ),
        Change(index=2, old=None, new={"index": 2, "type": "HS_SECKEY", "secret": True}),
        Change(
            index=3,
            old=None,
            new={"type": "HS_ADMIN", "data": {"format": "admin", "value": {"index": 300}}},
        ),
    ),
)


def test_versions_for_people_and_for_programs():
    assert history_lines(VERSION, as_json=False).splitlines() == [
        "v3  2026-02-01T00:00:00Z  active → suspended  ?  identifier.patch  (核查\\x1b)",
        "  1  URL https://a → -",
        "  2  - → HS_SECKEY (secret)",
        '  3  - → HS_ADMIN {"index":300}',
    ]
    assert json.loads(history_lines(VERSION, as_json=True))["version"] == 3


def test_relations_for_people_and_for_programs():
    trace = Trace(
        handle=MIX,
        direction="up",
        depth=2,
        nodes=(
            Related(handle=COAL, steps=1, state="suspended"),
            Related(handle="88.300.10/W", steps=1, foreign=True),
        ),
        edges=(
            Relation(source=MIX, relation="made_from", target=COAL),
            Relation(source=MIX, relation="carried_by", target="88.300.10/W"),
        ),
        truncated=False,
    )
    assert relation_lines(trace, as_json=False).splitlines() == [
        f"{MIX}  made_from  {COAL}  (suspended)",
        f"{MIX}  carried_by  88.300.10/W  (another's)",
    ]
    assert json.loads(relation_lines(trace, as_json=True))["edges"][0]["from"] == MIX


@pytest.mark.usefixtures("client")
async def test_at_the_command_line(services, capsys):
    given = {
        "as_json": False,
        "server": services.registry.removeprefix("http://"),
        "key_file": None,
    }
    environ = {"IDNODE_API_KEY": API_KEY}
    await asyncio.to_thread(tell_history, environ, COAL, most=2, **given)
    shown = capsys.readouterr()
    versions = [line for line in shown.out.splitlines() if line.startswith("v")]
    assert [line.partition(" ")[0] for line in versions] == ["v102", "v101"]
    assert shown.err == "there are more; --limit shows more than 2\n"
    await asyncio.to_thread(
        tell_relations, environ, COAL, direction="down", depth=1, relation="", **given
    )
    assert capsys.readouterr().out == f"{MIX}  made_from  {COAL}\n"
