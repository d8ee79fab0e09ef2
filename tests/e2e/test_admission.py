"""An enterprise applies, is rejected, mends, is approved, and registers under its prefix."""

import json

import pytest

from idnode import RegistryClient
from node.commands.administer import administer, creating_key
from node.config import load
from tests.unit.registry.business.conftest import particulars


@pytest.fixture
def applied(tmp_path):
    """Write particulars to a file; gives its path."""

    def write(**basic):
        path = tmp_path / "application.json"
        path.write_text(json.dumps(particulars(**basic)), encoding="utf-8")
        return str(path)

    return write


async def told(node, *words):
    return json.loads((await node.command("application", *words)).stdout)


async def test_from_an_application_to_an_answer(make_node, applied):
    node = await make_node()
    first = await told(node, "submit", applied(), "--wanted", "COAL")
    assert await told(node, "submit", applied(), "--wanted", "COAL") == first
    number = first["id"]
    assert [one["id"] for one in await told(node, "list")] == [number]
    assert (await told(node, "reject", number, "--reason", "照片不清"))["stage"] == "rejected"
    mended = applied(org_cert_image="f-9")
    again = await told(node, "resubmit", number, mended, "--wanted", "COAL")
    assert (again["stage"], again["revision"]) == ("submitted", 2)
    approved = await told(node, "approve", number)
    assert approved["stage"] == "approved"
    assert await told(node, "list") == []
    shown = await told(node, "show", number)
    assert [step["did"] for step in shown["steps"]] == [
        "submitted",
        "rejected",
        "resubmitted",
        "approved",
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


async def test_what_is_wrong_is_told_with_its_place(make_node, applied):
    node = await make_node()
    done = await node.command(
        "application", "submit", applied(contact_email="x", city_code="1"), check=False
    )
    assert done.returncode == 1
    assert "basic/contact_email is no e-mail address" in done.stderr
    assert "basic/city_code 1 is no division code" in done.stderr
