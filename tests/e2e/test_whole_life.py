"""The whole life: from an application to a tombstone and a certificate, and the SNMS way beside it.

Each step that the SNMS-style interface has too is looked at from there. ``make e2e-large`` walks
with 100,000 identifiers.
"""

import asyncio
import json

import aiohttp
import pytest

from identifiers.principals import Role
from identifiers.wire.handle.codes import ResponseCode
from idnode import HandleClient
from idnode.handle import Transport
from tests.e2e.desks import PNG, Desk, People
from tests.e2e.nodes import all_looked_up, looked_up, until
from tests.unit.registry.business.conftest import PICTURES, particulars

NAME = "示例煤业有限公司"
TEMPLATE = {
    "version": "lamp-1",
    "title": "矿灯",
    "industry": {"category": "B", "division": "06", "group": "061", "class": "0610"},
    "items": [
        {"name": "SERIAL", "title": "编号", "required": True, "unique": True, "max_length": 32},
        {"name": "GRADE", "title": "防爆等级", "type": "enumeration", "choices": ["Ex-I", "Ex-II"]},
    ],
}
BAD = {3, 700}
"""Rows of the import that do not fit the template."""
PICTURE = {"Content-Type": "image/png"}
SLOW = 60
"""Seconds; far more than any step takes."""
CONNECTIONS = 8
"""Spread over the workers; so many to meet each of them."""
GONE = (-2, "标识不存在", None)


class Life:
    """An enterprise and its people, at a node where it becomes one."""

    def __init__(self, node, session):
        self.node = node
        self.session = session
        self.people = People(node, session)
        self.prefix = ""
        self.number = 0

    async def open(self):
        """Let the people of the node in, and somebody who applies for an enterprise."""
        self.admin = await self.people.person("admin", Role.ADMINISTRATOR)
        self.reviewer = await self.people.person("reviewer", Role.REVIEWER)
        self.office = await self.people.program("office", Role.ADMINISTRATOR)
        added = await self.node.command("enterprise", "add", NAME)
        self.number = int(added.stdout)
        self.owner = await self.people.person("owner", Role.OWNER, self.number)

    def name(self, row):
        return f"{self.prefix}/L-{row:06}"

    async def told(self, name):
        """Return what each of many connections is told: codes and texts."""
        found = set()
        for _ in range(CONNECTIONS):
            async with HandleClient(
                *self.node.address("handle"), transport=Transport.TCP, max_referrals=0
            ) as client:
                reply = await looked_up(client, name)
            found.add((reply.code, reply.message or ""))
        return found

    async def resolved(self, name):
        """Return type and text of the values that a client finds over UDP, TCP and HTTP alike."""
        found = []
        for transport in (Transport.UDP, Transport.TCP):
            async with self.node.handle(transport) as client:
                found.append((await looked_up(client, name)).values)
        async with self.node.http() as client:
            found.append((await looked_up(client, name)).values)
        assert found[0] == found[1] == found[2]
        return {value.type: value.data.decode() for value in found[0]}

    async def page(self, name):
        url = f"{self.node.url('http')}/{name}"
        async with self.session.get(url, headers={"Accept": "text/html"}) as answer:
            return answer.status, await answer.text()


@pytest.fixture
async def session():
    async with aiohttp.ClientSession() as opened:
        yield opened


NATIONAL = pytest.mark.parametrize("national", ["local", "sandbox"])
ROWS = [
    5_000,
    pytest.param(100_000, marks=[pytest.mark.large, pytest.mark.timeout(1800)], id="large"),
]


@NATIONAL
@pytest.mark.parametrize("rows", ROWS)
async def test_the_whole_life(make_node, session, national, rows):
    node = await make_node(IDNODE_NATIONAL=national, IDNODE_ROUTES="127.0.0.0/8")
    life = Life(node, session)
    await life.open()
    await applied_and_approved(life, national)
    await hosted(life)
    await routed(life, await far_node(make_node))
    await gives_access(life)
    await has_a_template(life)
    await imports(life, rows)
    await is_resolved(life, rows)
    await changes(life)
    await is_suspended_and_revoked(life)
    await has_a_history(life)
    await is_certified(life)


async def applied_and_approved(life, national):
    """An application with documents is rejected, mended, reviewed and approved."""
    files = {
        name: (await life.owner("POST", "documents", PNG + bytes([at]), 201, **PICTURE))["id"]
        for at, name in enumerate(PICTURES)
    }
    mobile = "10012345678"
    told = particulars(**files, contact_mobile=mobile)
    faulty = {"particulars": told | {"basic": told["basic"] | {"org_cert_no": "1"}}}
    faults = await life.owner("POST", "applications", faulty, 422)
    assert [one["pointer"] for one in faults["errors"]] == ["/particulars/basic/org_cert_no"]
    sent = {"particulars": told, "wanted": "MINE"}
    made = await life.owner("POST", "applications", sent, 201)
    again = await life.owner("POST", "applications", sent)
    assert again["id"] == made["id"]
    where = f"applications/{made['id']}"
    await life.reviewer("POST", f"{where}/rejection", {"reasons": ["联系地址不完整"]})
    seen = await life.owner("GET", where)
    assert (seen["stage"], seen["steps"][-1]["reasons"]) == ("rejected", ["联系地址不完整"])
    told["basic"]["org_address"] = "示例省示例市示例路 1 号"
    mended = await life.owner("PUT", where, {"particulars": told, "wanted": "MINE"})
    assert (mended["stage"], mended["revision"]) == ("submitted", 2)
    assert mobile not in json.dumps(await life.reviewer("GET", where))
    passed = await life.reviewer("POST", f"{where}/approval")
    assert passed["stage"] == {"local": "approved", "sandbox": "passed"}[national]

    async def approved():
        found = await life.owner("GET", where)
        return found if found["stage"] == "approved" else None

    async with asyncio.timeout(SLOW):
        done = await until(approved)
    reviews = {"local": ["approved"], "sandbox": ["passed", "approved"]}[national]
    assert [step["did"] for step in done["steps"]] == [
        "submitted",
        "rejected",
        "resubmitted",
        *reviews,
    ]
    assert done["enterprise"] == life.number
    member = await life.owner("GET", f"enterprises/{life.number}")
    assert (member["state"], bool(member["filing"])) == ("active", True)
    life.prefix = "88.300.MINE"
    page = await life.office("GET", "/snms/api/v3/ent/page")
    assert [(row["id"], row["entGeneralId"]) for row in page["content"]] == [
        (life.number, member["filing"])
    ]
    detail = await life.office("GET", f"/snms/api/v3/ent/detail?id={life.number}")
    assert detail["entBasicInfo"]["orgName"] == NAME


async def hosted(life):
    """The prefix is answered for, and everybody says that its names live here."""

    async def effective():
        told = await life.owner("GET", f"prefixes/{life.prefix}")
        return told if told["resolvable_at"] else None

    async with asyncio.timeout(SLOW):
        told = await until(effective)
    assert (told["state"], told["hosting"]) == ("enabled", "hosted")
    assert await life.told(life.name(1)) == {(ResponseCode.HANDLE_NOT_FOUND, "")}
    await seen_by_snms(life, life.prefix, proxy=4)


async def seen_by_snms(life, prefix, proxy):
    row = await life.office("GET", f"/snms/api/prefix/query?prefix={prefix}")
    assert (row["status"], row["entNameCn"]) == (1, NAME)
    page = await life.office("GET", f"/snms/api/prefix/page?entPrefix={prefix}")
    assert [(row["entPrefix"], row["proxyState"]) for row in page["content"]] == [(prefix, proxy)]


async def far_node(make_node):
    """Return an enterprise's own node, with one name."""
    far = await make_node(IDNODE_WORKERS="1")
    far.prefix = "88.300.7"
    await far.enrol()
    value = {"index": 1, "type": "URL", "data": "https://there.example/"}
    async with far.registry() as registry:
        await registry.create({"handle": f"{far.prefix}/A", "values": [value]})
    return far


async def routed(life, far):
    """A second prefix lives at the enterprise's own node: clients are referred there."""
    asked = await life.owner("POST", "prefix-applications", {"label": "7"}, 201)
    await life.admin("POST", f"prefix-applications/{asked['id']}/approval")
    host, port = far.address("handle")
    await life.owner("PUT", "routes/88.300.7", {"sites": [{"address": host, "tcp": port}]})
    await life.node.settled()
    name = "88.300.7/A"
    assert {code for code, _ in await life.told(name)} == {ResponseCode.SERVICE_REFERRAL}
    async with life.node.handle(Transport.TCP) as client:
        told = await looked_up(client, name)
    assert [value.data for value in told.values] == [b"https://there.example/"]
    await seen_by_snms(life, "88.300.7", proxy=1)


async def gives_access(life):
    """The owner lets a program in, and makes a key for the bulk import."""
    made = await life.owner("POST", "accounts", {"name": "mes", "role": "operator"}, 201)
    life.program = await life.people.enter("mes", made["secret"])
    terms = {"scopes": [f"identifiers:{what}" for what in ("read", "write", "state")]}
    life.node.api_key = (await life.owner("POST", "keys", terms | {"days": 1}, 201))["key"]
    life.key = Desk(life.node, life.session, life.node.api_key)
    await life.key("POST", "templates", {"prefix": life.prefix} | TEMPLATE, 403)


async def has_a_template(life):
    await life.owner("POST", "templates", {"prefix": life.prefix} | TEMPLATE)
    await life.owner("POST", f"templates/{life.prefix}/lamp-1/publish")
    path = f"/snms/api/v5/template?prefix={life.prefix}&version=lamp-1"
    told = await life.program("GET", path)
    assert [(one["idIndex"], one["idType"]) for one in told["items"]] == [
        (2000, "SERIAL"),
        (2001, "GRADE"),
    ]


def rows_of(life, count):
    """Yield the lines of an import; those in `BAD` are no lamps."""
    for row in range(count):
        attributes = {"SERIAL": f"S{row}", "GRADE": "Ex-III" if row in BAD else "Ex-I"}
        line = {"handle": life.name(row), "template": "lamp-1", "attributes": attributes}
        yield json.dumps(line).encode() + b"\n"


async def imports(life, count):
    """Everything is imported, and the fate of each row is told."""
    body = b"".join(rows_of(life, count))
    media = {"Content-Type": "application/x-ndjson"}
    done = await life.key("POST", "imports", body, **media)
    assert (done["rows"], done["created"], done["rejected"]) == (count, count - len(BAD), len(BAD))
    told = await life.key.text("GET", f"{done['results']}?all=1")
    results = [json.loads(line) for line in told.splitlines()]
    assert [(one["row"], one["handle"]) for one in results] == [
        (row + 1, life.name(row)) for row in range(count)
    ]
    rejected = {one["row"] - 1: one["problem"] for one in results if one["status"] == "rejected"}
    assert rejected.keys() == BAD
    faults = {one["pointer"] for problem in rejected.values() for one in problem["errors"]}
    assert faults == {"/attributes/GRADE"}


async def is_resolved(life, count):
    """Everything is there, over every transport, and for programs of the SNMS kind."""
    await life.node.settled()
    assert await life.resolved(life.name(1)) == {
        "TEMPLATE": "lamp-1",
        "SERIAL": "S1",
        "GRADE": "Ex-I",
    }
    async with life.node.http() as client:
        for start in range(0, count, 1000):
            rows = range(start, min(start + 1000, count))
            answers = await all_looked_up(client, [life.name(row) for row in rows])
            found = {row for row, answer in zip(rows, answers, strict=True) if answer.found}
            assert found == set(rows) - BAD
    detail = await life.program("GET", f"/identityv2/data/detail?handle={life.name(1)}")
    assert detail["templateVersion"] == "lamp-1"
    assert {v["type"]: v["data"]["value"] for v in detail["value"]}["SERIAL"] == "S1"


async def changes(life):
    """A change is seen everywhere; one that was made over the SNMS interface too."""
    path = f"identifiers/{life.name(1)}"
    await life.key("PATCH", path, {"attributes": {"GRADE": "no"}}, 422)
    grade = {"attributes": {"GRADE": "Ex-II"}}
    await life.key("PATCH", path, grade, **{"If-Match": '"v1"'})
    await life.key("PATCH", path, grade, 412, **{"If-Match": '"v1"'})
    await life.node.settled()
    assert (await life.resolved(life.name(1)))["GRADE"] == "Ex-II"
    detail = await life.program("GET", f"/identityv2/data/detail?handle={life.name(1)}")
    assert "Ex-II" in json.dumps(detail)
    value = {"index": 2000, "type": "SERIAL", "data": {"format": "string", "value": "S1-b"}}
    sent = {"handle": life.name(1), "templateVersion": "lamp-1", "value": [value]}
    await life.program("PUT", "/identityv2/data", sent)
    read = await life.key("GET", path)
    assert (read["version"], read["attributes"]) == (3, {"SERIAL": "S1-b"})


async def is_suspended_and_revoked(life):
    """What everybody is told of an identifier that is held back, and of one that has ended."""
    name, reason = life.name(1), "质量核查"
    path = f"identifiers/{name}"
    detail = f"/identityv2/data/detail?handle={name}"
    await life.key("PATCH", path, {"state": "suspended", "reason": reason})
    await life.node.settled()
    assert await life.told(name) == {(ResponseCode.HANDLE_NOT_FOUND, f"suspended: {reason}")}
    assert await life.program.call("GET", detail) == GONE
    await life.key("PATCH", path, {"state": "active"})
    await life.node.settled()
    assert {code for code, _ in await life.told(name)} == {ResponseCode.SUCCESS}
    assert (await life.program("GET", detail))["handle"] == name

    await life.key("PATCH", path, {"state": "revoked", "reason": reason})
    await life.node.settled()
    assert await life.told(name) == {(ResponseCode.HANDLE_NOT_FOUND, f"revoked: {reason}")}
    assert await life.program.call("GET", detail) == GONE
    status, page = await life.page(name)
    assert (status, reason in page) == (410, True)
    told = await life.key("GET", path)
    assert (told["state"], told["reason"]) == ("revoked", reason)
    await life.key("PATCH", path, {"state": "active"}, 409)


async def has_a_history(life):
    """Who did what, from the import to the end, whatever interface it came by."""
    items = (await life.owner("GET", f"history/{life.name(1)}"))["items"]
    key = f"key:{life.node.api_key.partition('.')[0]}"
    assert [(one["version"], one["actor"], one["state"]) for one in items] == [
        (6, key, "revoked"),
        (5, key, "active"),
        (4, key, "suspended"),
        (3, "account:mes", "active"),
        (2, key, "active"),
        (1, key, "active"),
    ]


async def is_certified(life):
    """The enterprise is verified and certified; anybody may check that."""
    found = {"outcome": "passed", "method": "registers"}
    await life.reviewer("POST", f"enterprises/{life.number}/verification", found)
    made = await life.admin("POST", "certificates", {"enterprise": life.number}, 201)
    nobody = Desk(life.node, life.session)
    path = f"certificates/{made['serial']}"
    checked = await nobody("GET", path)
    assert (checked["status"], checked["name"]) == ("valid", NAME)
    page = await nobody.text("GET", f"/{path}")
    assert ("有效" in page, NAME in page, "张某某" in page) == (True, True, False)
    await life.admin("POST", f"{path}/revocation", {"reason": "到期不续"})

    async def revoked():
        return (await nobody("GET", path))["status"] == "revoked"

    async with asyncio.timeout(SLOW):
        await until(revoked)
    assert "已吊销" in await nobody.text("GET", f"/{path}")
