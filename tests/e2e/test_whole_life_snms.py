"""The whole life at the SNMS-style interface; each step is looked at from the other side.

Where it has no call (reviews, states, histories, certificates), the node's own API does it, and
what programs of the SNMS kind are told is looked at.
"""

import json
from datetime import UTC, datetime

import aiohttp
import pytest

from identifiers.coding import BEIJING
from identifiers.principals import Role
from identifiers.snms.applications import told_particulars
from identifiers.snms.envelope import BUSY
from identifiers.wire.handle.codes import ResponseCode
from idnode.handle import Transport
from tests.e2e.desks import PNG, People
from tests.e2e.nodes import all_looked_up, looked_up, until
from tests.unit.registry.business.conftest import PICTURES, particulars

PREFIX = "88.300.MINE"
USER = {"userName": "mine", "mobile": "10012345678", "email": "a@b.example", "password": "0" * 64}
ITEM = {
    "name": "批次号",
    "idType": "BATCH_NO",
    "idIndex": 2000,
    "required": True,
    "metadata": {"type": "string", "minLength": 1, "maxLength": 16},
}
TEMPLATE = {
    "prefix": PREFIX,
    "version": "coal-1",
    "industryCategory": "B",
    "industrySpecific": "06",
    "industryTrade": "061",
    "industrySubclass": "0610",
    "type": 2,
    "items": [ITEM],
}
DATA = "/identityv2/data"
MANY = 2000
TEMPLATES = "/snms/api/v5/template"
MISSING = (-2, "标识不存在", None)


def batch(row, number):
    value = {"index": 2000, "type": "BATCH_NO", "data": {"format": "string", "value": number}}
    return {"handle": f"{PREFIX}/{row}", "templateVersion": "coal-1", "value": [value]}


def number_of(detail):
    """Return the batch number that an identifier tells."""
    return next(v["data"]["value"] for v in detail["value"] if v["type"] == "BATCH_NO")


async def fates(program, method, path, items):
    """Return what became of the items of a list; those it was not the time for are sent again."""
    told = {}

    async def sent():
        places = [at for at in range(len(items)) if at not in told]
        answers = zip(
            places, await program(method, path, [items[at] for at in places]), strict=True
        )
        told.update((at, one) for at, one in answers if one["msg"] != BUSY)
        return len(told) == len(items)

    await until(sent)
    return [told[at] for at in range(len(items))]


@pytest.fixture
async def session():
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.mark.parametrize("national", ["local", "sandbox"])
async def test_the_whole_life(make_node, session, national):
    node = await make_node(IDNODE_NATIONAL=national, IDNODE_ROUTES="203.0.113.0/24")
    people = People(node, session)
    office = await people.program("office", Role.ADMINISTRATOR)
    admin = await people.person("admin", Role.ADMINISTRATOR)
    number = await is_taken_in(office, admin)
    owner = await people.person("owner", Role.OWNER, number)
    made = await owner("POST", "accounts", {"name": "mine", "role": "operator"}, 201)
    today = datetime.now(UTC).astimezone(BEIJING).date().isoformat()
    program = await people.enter("mine", made["secret"], today)
    await has_a_prefix(office, program, owner)
    await has_a_template(program, owner)
    await registers(node, program, owner)
    await registers_many(node, program, owner)
    await ends(node, program, owner)
    await is_routed(node, office, program, owner)
    await is_certified(office, admin, number)


async def is_taken_in(office, admin):
    """Apply, be rejected, apply anew; return the number of the enterprise."""
    files = {name: await office.upload(PNG + bytes([at])) for at, name in enumerate(PICTURES)}

    def application(**basic):
        told = told_particulars(particulars(**files, **basic))
        return told | {
            "sysUser": USER,
            "entBasicInfo": told["entBasicInfo"] | {"entPrefix": PREFIX},
        }

    path = "/snms/api/v3/ent/apply"
    status, message, _ = await office.call("POST", path, application(contact_email="nobody"))
    assert (status, "email" in message.lower()) == (-2, True), message
    await office("POST", path, application())
    (first,) = (await admin("GET", "applications"))["items"]
    assert first["wanted"] == "MINE"
    mended = application(org_address="示例省示例市示例路 1 号")
    assert (await office.call("POST", path, mended))[:2] == (-2, "该单位已有申请正在审核")
    await admin("POST", f"applications/{first['id']}/rejection", {"reasons": ["地址不完整"]})
    await office("POST", path, mended)
    seen = await admin("GET", "applications?stage=submitted")
    (again,) = seen["items"]
    await admin("POST", f"applications/{again['id']}/approval")

    async def listed():
        return (await office("GET", "/snms/api/v3/ent/page"))["content"]

    (row,) = await until(listed)
    member = await admin("GET", f"enterprises/{row['id']}")
    assert (member["state"], member["filing"]) == ("active", row["entGeneralId"])
    detail = await office("GET", f"/snms/api/v3/ent/detail?id={row['id']}")
    assert detail["entBasicInfo"]["orgAddr"] == "示例省示例市示例路 1 号"
    assert "10012345678" not in json.dumps(detail)
    assert (await office.call("POST", path, mended))[:2] == (-2, "单位已存在")
    return row["id"]


async def has_a_prefix(office, program, owner):
    row = await office("GET", f"/snms/api/prefix/query?prefix={PREFIX}")
    assert (row["prefix"], row["status"], row["entNameCn"]) == (PREFIX, 1, "示例煤业有限公司")
    assert (await program.call("GET", "/snms/api/prefix/page"))[0] == -3
    told = await owner("GET", f"prefixes/{PREFIX}")
    assert (told["state"], told["hosting"]) == ("enabled", "hosted")


async def has_a_template(program, owner):
    await program("POST", TEMPLATES, TEMPLATE)
    assert (await program.call("POST", TEMPLATES, TEMPLATE))[:2] == (-2, "模板已存在")
    more = ITEM | {"name": "等级", "idType": "GRADE", "idIndex": 2001, "required": False}
    grown = {"prefix": PREFIX, "version": "coal-1", "items": [more]}
    await program("PUT", TEMPLATES, grown)
    told = await program("GET", f"{TEMPLATES}?prefix={PREFIX}&version=coal-1")
    assert [item["idType"] for item in told["items"]] == ["BATCH_NO", "GRADE"]
    seen = await owner("GET", f"templates/{PREFIX}/coal-1")
    assert (seen["stage"], seen["revision"]) == ("published", 2)
    assert [item["title"] for item in seen["items"]] == ["批次号", "等级"]


async def registers(node, program, owner):
    """One identifier: made, read, changed; everybody sees it."""
    name = f"{PREFIX}/1"
    detail = f"{DATA}/detail?handle={name}"
    status, message, _ = await program.call("POST", DATA, batch(1, "x" * 17))
    assert (status, message) == (-2, "value.0.data: 长 17 个字符，应为 1 至 16")
    await program("POST", DATA, batch(1, "B-1"))
    assert await program.call("POST", DATA, batch(1, "B-1")) == (-2, "标识已存在", None)
    assert number_of(await program("GET", detail)) == "B-1"
    await program("PUT", DATA, batch(1, "B-1b"))
    read = await owner("GET", f"identifiers/{name}")
    assert (read["attributes"], read["version"]) == ({"BATCH_NO": "B-1b"}, 2)
    await node.settled()
    for transport in (Transport.UDP, Transport.TCP):
        async with node.handle(transport) as client:
            found = {v.index: v.data for v in (await looked_up(client, name)).values}
        assert found == {1001: b"coal-1", 2000: b"B-1b"}
    async with node.http() as client:
        assert (await looked_up(client, name)).found


async def registers_many(node, program, owner):
    """Lists of 2,000: each item has its fate, in order."""
    rows = range(MANY)
    made = await program("POST", f"{DATA}/batchCreate", [batch(row, f"B-{row}") for row in rows])
    assert [one["handle"] for one in made] == [f"{PREFIX}/{row}" for row in rows]
    assert [row for row in rows if made[row]["code"] != 1] == [1]
    assert made[1]["msg"] == "标识已存在"
    some = range(100)
    changed = [batch(row, f"C-{row}") for row in some] + [batch("none", "C")]
    updated = await fates(program, "PUT", f"{DATA}/batchUpdate", changed)
    refused = [one for one in updated if one["code"] != 1]
    assert refused == [{"handle": f"{PREFIX}/none", "code": -2, "msg": "标识不存在"}]
    gone = [f"{PREFIX}/{row}" for row in some[50:]]
    deleted = await fates(program, "DELETE", f"{DATA}/batchDelete", gone)
    assert {one["code"] for one in deleted} == {1}
    await program("DELETE", DATA, {"handle": f"{PREFIX}/49"})
    missing = await program.call("GET", f"{DATA}/detail?handle={PREFIX}/49")
    assert missing == (-2, "没有找到标识", None)
    await owner("GET", f"identifiers/{PREFIX}/49", status=404)
    assert (await owner("GET", f"identifiers/{PREFIX}/7"))["attributes"] == {"BATCH_NO": "C-7"}
    await node.settled()
    async with node.http() as client:
        answers = await all_looked_up(client, [f"{PREFIX}/{row}" for row in rows[:1000]])
    found = [row for row, answer in zip(rows[:1000], answers, strict=True) if answer.found]
    assert found == [row for row in rows[:1000] if row not in range(49, 100)]


async def ends(node, program, owner):
    """Held back, and ended: programs are told that there is no such identifier."""
    name = f"{PREFIX}/7"
    detail = f"{DATA}/detail?handle={name}"
    for state in ("suspended", "revoked"):
        await owner("PATCH", f"identifiers/{name}", {"state": state, "reason": "质量核查"})
        assert await program.call("GET", detail) == MISSING
        assert (await program.call("PUT", DATA, batch(7, "D")))[0] == -2
        await node.settled()
        async with node.handle() as client:
            reply = await looked_up(client, name)
        assert (reply.code, reply.message) == (
            ResponseCode.HANDLE_NOT_FOUND,
            f"{state}: 质量核查",
        )
    assert await program.call("POST", DATA, batch(7, "D")) == (-2, "标识已存在", None)
    items = (await owner("GET", f"history/{name}"))["items"]
    assert items[-1]["actor"] == "account:mine"


async def is_routed(node, office, program, owner):
    route = {
        "entPrefix": PREFIX,
        "hdlType": "HS_SITE",
        "ipType": "4",
        "ip": "203.0.113.7",
        "tcpPort": "2641",
    }
    config = {"entPrefixConfig": route}
    assert (await program.call("POST", "/snms/api/ent/config", config))[0] == -3
    await office("POST", "/snms/api/ent/config", config)
    page = await office("GET", "/snms/api/prefix/page?entPrefix=MINE")
    assert [row["proxyState"] for row in page["content"]] == [1]
    told = await owner("GET", f"routes/{PREFIX}")
    assert (told["hosting"], told["sites"]) == (
        "not_hosted",
        [{"address": "203.0.113.7", "tcp": 2641}],
    )
    await node.settled()
    async with node.http() as client:
        assert not (await looked_up(client, f"{PREFIX}/1")).found


async def is_certified(office, admin, number):
    """The interface has no certificates; it goes on listing the enterprise."""
    found = {"outcome": "passed", "method": "registers"}
    await admin("POST", f"enterprises/{number}/verification", found)
    made = await admin("POST", "certificates", {"enterprise": number}, 201)
    assert (await admin("GET", f"certificates/{made['serial']}"))["status"] == "valid"
    assert (await office("GET", "/snms/api/v3/ent/page"))["totalElements"] == 1
