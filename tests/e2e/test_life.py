"""The life of an identifier: what every interface says of it, from reserved to revoked."""

import json
import socket

import aiohttp
import pytest
from aiohttp import web

from identifiers.principals import Role
from identifiers.wire.handle.codes import ResponseCode
from idnode import HandleClient
from idnode.handle import Transport
from node.commands.accounts import act, adding
from node.config import load
from tests.e2e.nodes import until

NAME = "88.300.1/LIFE-1"
VALUES = [{"index": 1, "type": "URL", "data": "https://coal.example/life"}]
CONNECTIONS = 8
"""New connections spread over the workers; so many to meet each of them."""


class Walk:
    """One client of everything that tells of the identifier."""

    def __init__(self, node):
        self.node = node
        self.key = {"Authorization": f"Bearer {node.api_key}"}

    async def call(self, method, path, body=None, base="registry", **headers):
        async with (
            aiohttp.ClientSession(headers=self.key if base == "registry" else {}) as session,
            session.request(
                method,
                self.node.url(base) + path,
                json=body,
                headers=headers,
                allow_redirects=False,
            ) as answer,
        ):
            return answer.status, dict(answer.headers), await answer.text()

    async def native(self, method, body=None, **headers):
        status, _, text = await self.call(method, f"/api/v1/identifiers/{NAME}", body, **headers)
        return status, text

    async def public(self):
        """Return what everybody is told: Handle code and text, REST status, page status."""
        found = set()
        for _ in range(CONNECTIONS):
            async with HandleClient(
                *self.node.address("handle"), transport=Transport.TCP
            ) as client:
                reply = await client.resolve(NAME)
            rest, _, said = await self.call("GET", f"/api/handles/{NAME}", base="http")
            page, _, shown = await self.call("GET", f"/{NAME}", base="http", Accept="text/html")
            told = "质量核查" in said, "质量核查" in shown
            found.add((reply.code, reply.message or "", rest, page, told))
        return found

    async def comes_to(self, code, text, rest, page, *, told=False):
        """Wait until every worker says the same."""
        wanted = {(code, text, rest, page, (told, told))}

        async def so():
            return await self.public() == wanted

        await until(so)


@pytest.fixture
def walk(node):
    return Walk(node)


async def test_every_state_is_told_alike_on_all_interfaces(walk):
    found, absent = ResponseCode.SUCCESS, ResponseCode.HANDLE_NOT_FOUND
    new = {"handle": NAME, "values": VALUES, "state": "reserved"}
    status, _, _ = await walk.call("POST", "/api/v1/identifiers", new)
    assert status == 201
    await walk.comes_to(absent, "", 404, 404)
    assert (await walk.native("GET"))[0] == 200

    assert (await walk.native("PATCH", {"state": "active"}))[0] == 200
    await walk.comes_to(found, "", 200, 302)

    held = {"state": "suspended", "reason": "质量核查"}
    assert (await walk.native("PATCH", held, **{"If-Match": '"v1"'}))[0] == 412
    assert (await walk.native("PATCH", held, **{"If-Match": '"v2"'}))[0] == 200
    await walk.comes_to(absent, "suspended: 质量核查", 404, 404, told=True)
    status, text = await walk.native("GET")
    assert (status, '"reason":"质量核查"' in text, "coal.example" in text) == (200, True, True)

    assert (await walk.native("PATCH", {"state": "active"}))[0] == 200
    await walk.comes_to(found, "", 200, 302)

    ended = {"state": "revoked", "reason": "质量核查"}
    assert (await walk.native("PATCH", ended))[0] == 200
    await walk.comes_to(absent, "revoked: 质量核查", 404, 410, told=True)
    status, text = await walk.native("GET")
    assert (status, '"state":"revoked"' in text) == (200, True)
    for method, body in (
        ("PATCH", {"state": "active"}),
        ("PUT", {"values": VALUES}),
        ("DELETE", None),
    ):
        assert (await walk.native(method, body))[0] == 409


async def test_a_prefix_keeps_names_once_they_are_active(walk, node):
    await node.command("prefix", "keep-names", node.prefix)

    async def kept():
        await walk.call("POST", "/api/v1/identifiers", {"handle": NAME, "values": VALUES})
        return (await walk.native("DELETE"))[0] == 409

    await until(kept)
    assert (await walk.native("PATCH", {"state": "reserved"}))[0] == 409
    await node.command("prefix", "keep-names", node.prefix, "--off")

    async def freed():
        return (await walk.native("DELETE"))[0] == 200

    await until(freed)


async def test_history_tells_who_and_a_version_comes_back(walk, node):
    past = f"/api/v1/history/{NAME}"
    await walk.call("POST", "/api/v1/identifiers", {"handle": NAME, "values": VALUES})
    batch = {"items": [{"handle": NAME, "values": [{**VALUES[0], "data": "https://b.example"}]}]}
    await walk.call("POST", "/api/v1/identifiers/batch?mode=upsert", batch)
    await walk.native("DELETE")
    status, _, text = await walk.call("GET", past)
    items = json.loads(text)["items"]
    assert status == 200
    assert [(i["version"], i["status"], i["action"]) for i in items] == [
        (3, "deleted", "identifier.delete"),
        (2, "updated", "identifier.batch"),
        (1, "created", "identifier.create"),
    ]
    key = f"key:{node.api_key.partition('.')[0]}"
    assert {i["actor"] for i in items} == {key}
    assert [d["index"] for d in items[1]["changed"]] == [1]
    status, _, _ = await walk.call("POST", past, {"version": 1}, **{"If-None-Match": "*"})
    assert status == 201
    await walk.comes_to(ResponseCode.SUCCESS, "", 200, 302)
    _, text = await walk.native("GET")
    assert ("https://coal.example/life" in text, '"version":4' in text) == (True, True)


async def test_relations_are_traced_from_both_ends(walk):
    load, wagon = "88.300.1/LOAD-1", "88.300.1/WAGON-1"
    carried = {"index": 2, "type": "REL.CARRIED_BY", "data": wagon}
    for name, values in ((wagon, VALUES), (load, [*VALUES, carried])):
        await walk.call("POST", "/api/v1/identifiers", {"handle": name, "values": values})

    async def traced():
        path = f"/api/v1/relations/{wagon}?direction=down"
        _, _, text = await walk.call("GET", path)
        return json.loads(text)["edges"]

    assert await until(traced) == [{"from": load, "relation": "carried_by", "to": wagon}]


async def test_a_webhook_is_told_of_changes_after_a_kill_too(make_node):
    node = await make_node(enrolled=True, IDNODE_WEBHOOK_LOOPBACK="on")
    walk, told = Walk(node), []

    async def take(request):
        told.extend(item["handle"] for item in (await request.json())["items"])
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/in", take)
    runner = web.AppRunner(app)
    await runner.setup()
    bound = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, bound).start()
    try:
        account = {"name": "boss", "password": "a long password of nobody"}
        work = adding("boss", role=Role.OWNER, enterprise=1, password=account["password"])
        await act(load(node.environment), work)
        _, _, text = await walk.call("POST", "/api/v1/token", account)
        walk.key = {"Authorization": f"Bearer {json.loads(text)['token']}"}
        target = {"name": "erp", "url": f"http://127.0.0.1:{bound.getsockname()[1]}/in"}
        status, _, text = await walk.call("POST", "/api/v1/webhooks", target)
        assert status == 201, text
        await walk.call("POST", "/api/v1/identifiers", {"handle": NAME, "values": VALUES})
        await until(lambda: told)
        await node.replaced("registry", await node.kill("registry"))
        await walk.call("POST", "/api/v1/identifiers", {"handle": f"{NAME}-2", "values": VALUES})
        await until(lambda: len(set(told)) > 1)
        # Killed before it was kept that the first was told, it is told once more.
        assert list(dict.fromkeys(told)) == [NAME, f"{NAME}-2"]
    finally:
        await runner.cleanup()
