"""A prefix from the application to its end: approved, hosted, routed, handed on, given up."""

import json

import aiohttp
import pytest

from identifiers.principals import Role
from identifiers.wire.handle.codes import ResponseCode
from idnode import HandleClient, Refused
from idnode.handle import Transport
from node.commands.accounts import act, adding
from node.commands.administer import administer, creating_key
from node.config import load
from tests.e2e.nodes import until

PASSWORD = "a long password of nobody"
HERE = {"index": 1, "type": "URL", "data": "https://here.example/"}
THERE = {"index": 1, "type": "URL", "data": "https://there.example/"}
QUOTA_SPENT = "urn:idnode:problem:quota-spent"
CONNECTIONS = 12
NAME = "88.300.7/A"


class Caller:
    """Somebody with an account at a node, at its API."""

    def __init__(self, node, session, token):
        self.node = node
        self._session = session
        self._headers = {"Authorization": f"Bearer {token}"}

    async def __call__(self, method, path, body=None, status=200):
        url = f"{self.node.url('registry')}/api/v1{path}"
        async with self._session.request(method, url, json=body, headers=self._headers) as answer:
            assert answer.status == status, await answer.text()
            return await answer.json()


@pytest.fixture
async def session():
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
def entered(session):
    """Make an account at a node and log in with it."""

    async def enter(node, name, role, enterprise=None):
        work = adding(name, role=role, enterprise=enterprise, password=PASSWORD)
        await act(load(node.environment), work)
        body = {"name": name, "password": PASSWORD}
        async with session.post(f"{node.url('registry')}/api/v1/token", json=body) as answer:
            return Caller(node, session, (await answer.json())["token"])

    return enter


async def codes(node, handle, transport=Transport.TCP):
    """Return what every worker says, asked over connections of their own."""
    found = set()
    for _ in range(CONNECTIONS):
        async with HandleClient(
            *node.address("handle"), transport=transport, max_referrals=0
        ) as client:
            found.add((await client.resolve(handle)).code)
    return found


async def data(node, handle):
    """Return what a client finds that follows referrals."""
    async with node.handle(Transport.TCP) as client:
        return [value.data for value in (await client.resolve(handle)).values]


async def registered(node, handle, value, key=None):
    node.api_key = key or node.api_key
    async with node.registry() as registry:
        await registry.create({"handle": handle, "values": [value]})


async def far_node(make_node):
    """Return the enterprise's own node, with the name that is to be found there."""
    far = await make_node(IDNODE_WORKERS="1")
    far.prefix = "88.300.7"
    await far.enrol()
    await registered(far, NAME, THERE)
    return far


async def test_approved_hosted_routed_and_hosted_again(make_node, entered):
    near = await make_node(enrolled=True, IDNODE_ROUTES="127.0.0.0/8")
    far = await far_node(make_node)
    owner = await entered(near, "owner", Role.OWNER, 1)
    admin = await entered(near, "admin", Role.ADMINISTRATOR)

    asked = await owner("POST", "/prefix-applications", {"label": "7", "purpose": "运单"}, 201)
    assert asked["prefix"] == "88.300.7"
    await near.settled()
    assert await codes(near, NAME) == {ResponseCode.SERVER_NOT_RESPONSIBLE}
    with pytest.raises(Refused) as refused:
        await registered(near, NAME, HERE)
    assert refused.value.problem.type == "urn:idnode:problem:not-yours"

    await admin("POST", f"/prefix-applications/{asked['id']}/approval")

    async def seen():
        told = await owner("GET", "/prefixes/88.300.7")
        return told if told["resolvable_at"] else None

    told = await until(seen)
    assert told["state"] == "enabled"
    assert 0 <= told["effective_seconds"] < 60
    assert await codes(near, NAME) == {ResponseCode.HANDLE_NOT_FOUND}
    metrics = await near.metrics()
    assert metrics["idnode_prefix_effective_seconds_count"] == 2

    await registered(near, NAME, HERE)
    await near.settled()
    assert await data(near, NAME) == [b"https://here.example/"]

    host, port = far.address("handle")
    sites = [{"address": host, "tcp": port, "udp": port}]
    bad = [{"address": "10.0.0.1", "tcp": 99999}]
    faults = await owner("PUT", "/routes/88.300.7", {"sites": bad}, 422)
    assert [one["code"] for one in faults["errors"]] == ["route.not_public", "range"]
    routed = await owner("PUT", "/routes/88.300.7", {"sites": sites})
    assert (routed["hosting"], routed["sites"]) == ("not_hosted", sites)
    await near.settled()
    assert await codes(near, NAME) == {ResponseCode.SERVICE_REFERRAL}
    assert await codes(near, NAME, Transport.UDP) == {ResponseCode.SERVICE_REFERRAL}
    assert await codes(near, "0.NA/88.300.7.1") == {ResponseCode.PREFIX_REFERRAL}
    assert await data(near, NAME) == [b"https://there.example/"]
    with pytest.raises(Refused) as refused:
        await registered(near, "88.300.7/B", HERE)
    assert refused.value.problem.type == "urn:idnode:problem:prefix-delegated"

    await owner("PUT", "/prefixes/88.300.7/hosting", {"hosting": "applied"})
    back = await admin("DELETE", "/routes/88.300.7")
    assert (back["hosting"], back["sites"]) == ("hosted", [])
    await near.settled()
    assert await codes(near, NAME) == {ResponseCode.SUCCESS}
    assert await data(near, NAME) == [b"https://here.example/"]
    await registered(near, "88.300.7/B", HERE)
    history = await owner("GET", "/prefixes/88.300.7/history")
    assert [one["action"] for one in history["items"]] == [
        "prefix.hosting",
        "prefix.hosting",
        "prefix.route",
        "prefix.review",
        "prefix.apply",
    ]


async def test_handed_on_switched_off_and_forgotten(make_node, entered):
    node = await make_node(enrolled=True)

    async def told(*words):
        return json.loads((await node.command("prefix", *words)).stdout)

    await registered(node, "88.300.1/A", HERE)
    await node.command("prefix", "admin", "88.300.1", "--secret")
    old, other = node.api_key, (await node.command("enterprise", "add", "乙物流")).stdout.strip()
    admin = await entered(node, "admin", Role.ADMINISTRATOR)
    moved = await admin("POST", "/prefixes/88.300.1/transfer", {"enterprise": int(other)})
    assert moved["holder"] == "乙物流"
    # At once: the process that handed it on is the one that keys are shown to.
    with pytest.raises(Refused) as refused:
        await registered(node, "88.300.1/B", HERE, old)
    assert refused.value.problem.type == "urn:idnode:problem:not-yours"
    key = await administer(load(node.environment), creating_key(enterprise=int(other)))
    await registered(node, "88.300.1/B", HERE, key)
    await node.settled()
    assert await codes(node, "88.300.1/A") == {ResponseCode.SUCCESS}
    assert await codes(node, "0.NA/88.300.1") == {ResponseCode.HANDLE_NOT_FOUND}
    (both,) = [
        entry["detail"] for entry in await told("history", "88.300.1")
        if entry["action"] == "prefix.transfer"
    ]  # fmt: skip
    assert both == {"from": {"enterprise": 1}, "to": {"enterprise": int(other)}}

    assert (await told("suspend", "88.300.1", "--reason", "欠费"))["state"] == "disabled"
    await node.settled()
    assert await codes(node, "88.300.1/A") == {ResponseCode.SERVER_NOT_RESPONSIBLE}
    assert (await told("resume", "88.300.1"))["state"] == "enabled"
    await node.settled()
    assert await codes(node, "88.300.1/A") == {ResponseCode.SUCCESS}
    assert (await told("quota", "88.300.1", "2"))["quota"] == 2

    async def spent():
        try:
            await registered(node, "88.300.1/C", HERE)
        except Refused as refused:
            return refused.problem.type == QUOTA_SPENT
        async with node.registry() as registry:
            await registry.delete("88.300.1/C")
        return False

    await until(spent)
    assert (await told("quota", "88.300.1", "none"))["quota"] is None

    assert (await told("rule", "--reserved", "1-9"))["reserved"] == ["1-9"]
    assert (await told("rule"))["reserved"] == ["1-9"]
    given = await told("allot", "--enterprise", other)
    assert given["prefix"] == "88.300.10"
    await told("retire", "88.300.10", "--reason", "误操作")
    assert (await told("remove", "88.300.10"))["prefix"] == "88.300.10"
    gone = await node.command("prefix", "show", "88.300.10", check=False)
    assert (gone.returncode, gone.stdout) == (1, "")
    assert "there is no such prefix" in gone.stderr


async def test_applications_at_the_command_line(make_node):
    node = await make_node(enrolled=True, IDNODE_NATIONAL="reviewed")

    async def told(*words):
        return json.loads((await node.command("prefix", *words)).stdout)

    asked = await told("apply", "--enterprise", "1", "--label", "coal", "--elsewhere")
    assert asked["prefix"] == "88.300.COAL"
    assert [one["id"] for one in await told("applications")] == [asked["id"]]
    assert (await told("show", "88.300.COAL"))["state"] == "waiting"
    beside = await node.command("prefix", "home", "88.300.COAL", "--enterprise", "1", check=False)
    assert "is applied for" in beside.stderr
    assert (await told("approve", asked["id"]))["stage"] == "passed"
    assert (await told("show", "88.300.COAL"))["state"] == "in_review"
    assert (await told("record-national", asked["id"]))["stage"] == "approved"
    shown = await told("show", "88.300.COAL")
    assert (shown["state"], shown["hosting"], shown["sites"]) == ("enabled", "not_hosted", [])
    assert await told("applications") == []
    other = await told("apply", "--enterprise", "1", "--purpose", "别的")
    no = await told("reject", other["id"], "--reason", "重复")
    assert (no["stage"], no["reasons"]) == ("rejected", ["重复"])
    assert (await told("withdraw", other["id"]))["stage"] == "withdrawn"
    assert len(await told("applications", "--all")) == 2
    late = await node.command("prefix", "approve", other["id"], check=False)
    assert "the application is withdrawn" in late.stderr
