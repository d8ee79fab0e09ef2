"""An application of the SNMS kind on a real node, from the application to a referral."""

import json

import aiohttp

from identifiers.snms.applications import told_particulars
from tests.unit.registry.business.conftest import PICTURES, particulars

PNG = b"\x89PNG\r\n\x1a\n"
USER = {"userName": "mine", "mobile": "10012345678", "email": "a@b.example", "password": "0" * 64}
ITEM = {
    "name": "批次号",
    "idType": "BATCH_NO",
    "idIndex": 2000,
    "required": True,
    "metadata": {"type": "string", "minLength": 1, "maxLength": 16},
}
TEMPLATE = {
    "prefix": "88.300.MINE",
    "version": "coal-1",
    "industryCategory": "B",
    "industrySpecific": "06",
    "industryTrade": "061",
    "industrySubclass": "0610",
    "type": 2,
    "items": [ITEM],
}
DONE = (1, "success", True)


class Application:
    """A program that calls the interface."""

    def __init__(self, node, session):
        self._base = node.url("registry")
        self._session = session
        self._headers = {}

    async def log_in(self, name, secret):
        _, _, found = await self.call(
            "POST", "/identity/token", {"username": name, "password": secret}
        )
        self._headers = {"Authorization": f"Bearer {found['token']}"}

    async def call(self, method, path, body=None, **more):
        async with self._session.request(
            method, self._base + path, json=body, headers=self._headers, **more
        ) as answer:
            assert answer.status == 200
            found = await answer.json()
        return found["status"], found["message"], found["data"]

    async def upload(self, octets):
        form = aiohttp.FormData()
        form.add_field("file", octets, filename="a.png", content_type="image/png")
        path = f"{self._base}/snms/api/file/upload"
        async with self._session.post(path, data=form, headers=self._headers) as answer:
            return (await answer.json())["data"]["id"]


async def told(node, *words):
    return json.loads((await node.command(*words)).stdout)


async def program(node, name, *options):
    made = await node.command("account", "add", name, "--program", *options)
    return made.stdout.strip().splitlines()[-1]


async def test_from_an_application_to_a_referral(make_node):
    node = await make_node(IDNODE_ROUTES="203.0.113.0/24")
    async with aiohttp.ClientSession() as session:
        office = Application(node, session)
        await office.log_in("office", await program(node, "office", "--role", "administrator"))
        files = {name: await office.upload(PNG + bytes([at])) for at, name in enumerate(PICTURES)}
        sent = told_particulars(particulars(1, **files))
        basic = sent["entBasicInfo"] | {"entPrefix": "88.300.MINE"}
        sent |= {"sysUser": USER, "entBasicInfo": basic}
        assert await office.call("POST", "/snms/api/v3/ent/apply", sent) == DONE
        (one,) = await told(node, "application", "list")
        approved = await told(node, "application", "approve", one["id"])
        _, _, page = await office.call("GET", "/snms/api/v3/ent/page")
        assert [row["id"] for row in page["content"]] == [approved["enterprise"]]
        await node.settled()

        number = str(approved["enterprise"])
        app = Application(node, session)
        secret = await program(node, "mine", "--role", "operator", "--enterprise", number)
        await app.log_in("mine", secret)
        assert await app.call("POST", "/snms/api/v5/template", TEMPLATE) == DONE
        value = {"index": 2000, "type": "BATCH_NO", "data": {"format": "string", "value": "B-1"}}
        body = {"handle": "88.300.MINE/1", "templateVersion": "coal-1", "value": [value]}
        assert await app.call("POST", "/identityv2/data", body) == DONE
        await node.settled()
        async with node.handle() as resolver:
            found = await resolver.resolve("88.300.MINE/1")
            assert {value.index: value.data for value in found.values} == {
                1001: b"coal-1",
                2000: b"B-1",
            }

        route = {
            "entPrefix": "88.300.MINE",
            "hdlType": "HS_SITE",
            "ipType": "4",
            "ip": "203.0.113.7",
            "tcpPort": "2641",
        }
        config = {"entPrefixConfig": route}
        assert (await app.call("POST", "/snms/api/ent/config", config))[0] == -3
        assert await office.call("POST", "/snms/api/ent/config", config) == DONE
        await node.settled()
        _, _, page = await office.call("GET", "/snms/api/prefix/page?entPrefix=MINE")
        assert page["content"][0]["proxyState"] == 1
        async with node.http() as resolver:
            assert not (await resolver.resolve("88.300.MINE/1")).found


async def test_the_interface_can_be_switched_off(make_node):
    node = await make_node(IDNODE_SNMS="off")
    url = node.url("registry") + "/identity/token"
    async with aiohttp.ClientSession() as session, session.post(url, json={}) as answer:
        assert answer.status == 404
