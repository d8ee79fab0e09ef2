"""An enterprise applies, is rejected, mends, is approved, and registers under its prefix."""

import json
from itertools import count

import pytest

from identifiers.wire.handle.codes import ResponseCode
from idnode import HandleClient, Refused, RegistryClient
from idnode.handle import Transport
from node.commands.administer import administer, creating_key
from node.config import load
from tests.e2e.nodes import until
from tests.unit.registry.business.conftest import PICTURES, particulars

PNG = b"\x89PNG\r\n\x1a\n"
DECIDED = ("submitted", "rejected", "resubmitted", "approved")


@pytest.fixture
def applied(tmp_path):
    """Write particulars to a file, their documents uploaded before; gives its path."""
    uploaded = {}

    async def write(node, **basic):
        for at, name in enumerate(PICTURES):
            if name not in uploaded:
                picture = tmp_path / f"{name}.png"
                picture.write_bytes(PNG + bytes([at]))
                done = await node.command("document", "add", str(picture))
                uploaded[name] = json.loads(done.stdout)["id"]
        path = tmp_path / "application.json"
        path.write_text(json.dumps(particulars(**(uploaded | basic))), encoding="utf-8")
        return str(path)

    return write


async def answered(node, handle, code):
    """Wait until every worker answers with a code; connections spread over them."""

    async def all_of_them():
        found = set()
        for _ in range(8):
            async with HandleClient(*node.address("handle"), transport=Transport.TCP) as client:
                found.add((await client.resolve(handle)).code)
        return found == {code}

    await until(all_of_them)


async def told(node, *words):
    return json.loads((await node.command("application", *words)).stdout)


async def test_from_an_application_to_an_answer(make_node, applied):
    node = await make_node()
    sent = await applied(node)
    first = await told(node, "submit", sent, "--wanted", "COAL")
    assert await told(node, "submit", sent, "--wanted", "COAL") == first
    number = first["id"]
    assert [one["id"] for one in await told(node, "list")] == [number]
    assert (await told(node, "reject", number, "--reason", "照片不清"))["stage"] == "rejected"
    mended = await applied(node, org_name="新示例煤业有限公司")
    again = await told(node, "resubmit", number, mended, "--wanted", "COAL")
    assert (again["stage"], again["revision"]) == ("submitted", 2)
    rejected, resubmitted = await told(node, "history", number)
    assert [step["reasons"] for step in rejected["steps"]] == [["照片不清"]]
    assert {"field": "/basic/org_name", "old": first["name"], "new": again["name"]} in resubmitted[
        "changes"
    ]
    approved = await told(node, "approve", number)
    assert approved["stage"] == "approved"
    assert approved["steps"][-1]["did"] == "approved"
    none = await node.command("application", "list")
    assert (json.loads(none.stdout), "--all lists" in none.stderr) == ([], True)
    every = await node.command("application", "list", "--all")
    assert ([one["id"] for one in json.loads(every.stdout)], every.stderr) == ([number], "")
    audited = await node.command("audit", "--since", "2024-01-01", "--json")
    entries = [json.loads(line) for line in audited.stdout.splitlines()]
    done = [one["action"] for one in entries if one["action"].startswith("application.")]
    assert done == [f"application.{did}" for did in DECIDED]
    assert (await node.command("audit")).stdout.count("\n") >= len(entries)
    wrong = await node.command("audit", "--since", "then", check=False)
    assert (wrong.returncode, "2024-01-31" in wrong.stderr) == (1, True)
    shown = await told(node, "show", number)
    assert [step["did"] for step in shown["steps"]] == [
        *DECIDED,
    ]
    assert "张某某" not in json.dumps(shown, ensure_ascii=False)
    settings = load(node.environment)
    key = await administer(settings, creating_key(enterprise=approved["enterprise"]))
    await node.settled()
    async with RegistryClient(node.url("registry"), key) as client, node.handle() as resolver:
        value = {
            "index": 1,
            "type": "URL",
            "data": {"format": "string", "value": "https://a.example"},
        }
        await client.create({"handle": "88.300.COAL/1", "values": [value]})
        assert (await resolver.resolve("88.300.COAL/1")).found
        number = str(approved["enterprise"])
        await node.command("enterprise", "suspend", number, "--reason", "逾期未年审")
        await answered(node, "88.300.COAL/1", ResponseCode.SERVER_NOT_RESPONSIBLE)
        await node.command("enterprise", "resume", number)
        history = json.loads((await node.command("enterprise", "history", number)).stdout)
        assert [one["did"] for one in history] == ["approved", "suspended", "resumed"]
        kept = json.loads((await node.command("enterprise", "show", number)).stdout)
        assert (kept["state"], kept["prefixes"]) == ("active", ["88.300.COAL"])
        await answered(node, "88.300.COAL/1", ResponseCode.SUCCESS)


async def test_a_refused_applicant_is_forgotten(make_node, applied):
    node = await make_node()
    number = (await told(node, "submit", await applied(node)))["id"]
    await told(node, "verify", number, "--method", "registers", "--failed")
    await told(node, "reject", number, "--reason", "查无此人")
    purged = await told(node, "purge", number)
    assert "legal_name" not in purged["particulars"]["basic"]
    shown = await told(node, "show", number)
    assert shown["verification"]["outcome"] == "failed"
    assert shown["steps"][-1]["did"] == "purged"


async def test_the_national_nodes_verdict_is_recorded(make_node, applied):
    node = await make_node(IDNODE_NATIONAL="reviewed")
    number = (await told(node, "submit", await applied(node)))["id"]
    assert (await told(node, "approve", number))["stage"] == "passed"
    assert (await told(node, "record-national", number))["stage"] == "approved"


async def test_what_is_wrong_is_told_with_its_place(make_node, applied):
    node = await make_node()
    sent = await applied(node, contact_email="x", city_code="1")
    done = await node.command("application", "submit", sent, check=False)
    assert done.returncode == 1
    assert "basic/contact_email is no e-mail address" in done.stderr
    assert "basic/city_code 1 is no division code" in done.stderr


async def test_an_enterprise_that_was_only_added_is_suspended_resumed_and_closed(make_node):
    node = await make_node()
    settings = load(node.environment)
    number = (await node.command("enterprise", "add", "示例")).stdout.strip()
    await node.command("prefix", "home", "88.300.50", "--enterprise", number)
    key = await administer(settings, creating_key(enterprise=int(number)))
    await node.settled()
    value = {"index": 1, "type": "URL", "data": {"format": "string", "value": "https://a.example"}}
    async with RegistryClient(node.url("registry"), key) as client:
        await client.create({"handle": "88.300.50/1", "values": [value]})
        done = await node.command("enterprise", "suspend", number, "--reason", "欠费")
        assert json.loads(done.stdout)["state"] == "suspended"
        await answered(node, "88.300.50/1", ResponseCode.SERVER_NOT_RESPONSIBLE)
        names = (f"88.300.50/N{at}" for at in count())

        async def registers_nothing():  # the registry looks for news by itself
            try:
                await client.create({"handle": next(names), "values": [value]})
            except Refused as why:
                return why.problem.status == 403
            return False

        await until(registers_nothing)
        await node.command("enterprise", "resume", number)
        await answered(node, "88.300.50/1", ResponseCode.SUCCESS)
    for words in (
        ("application", "verify", number, "--method", "papers"),
        ("certificate", "issue", number),
    ):
        done = await node.command(*words, check=False)
        assert (done.returncode, "nothing was filed of the enterprise" in done.stderr) == (1, True)
    history = json.loads((await node.command("enterprise", "history", number)).stdout)
    assert [one["did"] for one in history] == ["suspended", "resumed"]
    await node.command("enterprise", "close", number, "--reason", "注销")
    kept = json.loads((await node.command("enterprise", "show", number)).stdout)
    assert (kept["state"], kept["filing"], kept["particulars"]) == ("closed", None, None)
    done = await node.command("enterprise", "show", "99", check=False)
    assert (done.returncode, "idnode enterprise list" in done.stderr) == (1, True)
