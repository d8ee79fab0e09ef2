"""Enterprises over HTTP on a real node: taken in through two reviews, certified, suspended."""

import asyncio
import json

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from identifiers.keys.public import parse_public_key
from identifiers.trust.claims import decode_certificate
from identifiers.trust.jws import parse, verify_token
from identifiers.wire.handle.codes import ResponseCode
from idnode import HandleClient, Refused
from idnode.handle import Transport
from tests.e2e.nodes import COMMAND, until
from tests.unit.registry.business.conftest import PICTURES, particulars

PNG = b"\x89PNG\r\n\x1a\n"
PASSWORD = "correct horse battery staple"
NAME = "88.300.COAL"
SLOW = 60
"""Seconds; far more than anything here takes."""


class Office:
    """The API as people of the node and of enterprises use it."""

    def __init__(self, session, base):
        self.session = session
        self.base = base
        self.tokens = {}

    async def log_in(self, name):
        body = {"name": name, "password": PASSWORD}
        self.tokens[name] = (await self.send("POST", "token", body))["token"]

    async def send(self, method, path, body=None, *, who="", raw=None, status=None):
        headers = {"Authorization": f"Bearer {self.tokens[who]}"} if who else {}
        data, media = (raw, "image/png") if raw else (json.dumps(body), "application/json")
        headers |= {"Content-Type": media}
        url = f"{self.base}/api/v1/{path}"
        async with self.session.request(method, url, data=data, headers=headers) as answer:
            assert answer.ok if status is None else answer.status == status, await answer.text()
            return await answer.json(content_type=None)


@pytest.fixture
async def office(make_node):
    """A node whose national node is the sandbox, with two people of it logged in."""
    node = await make_node(IDNODE_NATIONAL="sandbox")
    async with aiohttp.ClientSession() as session:
        office = Office(session, node.url("registry"))
        for role in ("administrator", "reviewer"):
            await account(node, role, "--role", role)
            await office.log_in(role)
        yield node, office


async def account(node, name, *words):
    command = [*COMMAND, "account", "add", name, *words]
    process = await asyncio.create_subprocess_exec(
        *command,
        env=node.environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await process.communicate(PASSWORD.encode() + b"\n")
    assert process.returncode == 0, errors


async def applied(office):
    """Upload the documents and apply; gives the application as it was taken."""
    files = {}
    for at, name in enumerate(PICTURES):
        sent = await office.send("POST", "documents", raw=PNG + bytes([at]), who="administrator")
        files[name] = sent["id"]
    body = {"particulars": particulars(**files), "wanted": "COAL"}
    return await office.send("POST", "applications", body, who="administrator")


async def every_worker(node, code):
    """Wait until each of many connections, spread over the workers, gets the same answer."""

    async def told():
        found = set()
        for _ in range(8):
            async with HandleClient(*node.address("handle"), transport=Transport.TCP) as client:
                found.add((await client.resolve(f"{NAME}/1")).code)
        return found == {code}

    async with asyncio.timeout(SLOW):
        await until(told)


async def test_an_enterprise_from_its_application_to_its_end(office, tmp_path):
    node, office = office
    number = await taken_in(office)
    await account(node, "owner", "--role", "owner", "--enterprise", str(number))
    await office.log_in("owner")
    terms = {"scopes": ["identifiers:write"], "days": 1}
    node.api_key = (await office.send("POST", "keys", terms, who="owner"))["key"]
    value = {"index": 1, "type": "URL", "data": "https://coal.example/"}
    async with node.registry() as registry:
        await registry.create({"handle": f"{NAME}/1", "values": [value]})
    await every_worker(node, ResponseCode.SUCCESS)
    serial = await certified(node, office, number, tmp_path)
    where = f"enterprises/{number}"
    async with node.registry() as registry:
        why = {"reason": "逾期未年审"}
        await office.send("POST", f"{where}/suspension", why, who="administrator")
        with pytest.raises(Refused):  # at once, not when the picture of prefixes is read anew
            await registry.create({"handle": f"{NAME}/2", "values": [value]})
        await office.send("POST", f"{where}/resumption", who="administrator")
        await registry.create({"handle": f"{NAME}/2", "values": [value]})
    await office.send("POST", f"{where}/suspension", why, who="administrator")
    await every_worker(node, ResponseCode.SERVER_NOT_RESPONSIBLE)
    assert (await office.send("GET", f"certificates/{serial}"))["status"] == "suspended"
    await office.send("POST", f"{where}/resumption", who="administrator")
    await every_worker(node, ResponseCode.SUCCESS)
    await office.send("POST", f"{where}/closing", {"reason": "注销"}, who="administrator")
    await every_worker(node, ResponseCode.SERVER_NOT_RESPONSIBLE)
    assert (await office.send("GET", f"certificates/{serial}"))["status"] == "revoked"
    history = (await office.send("GET", f"{where}/history", who="administrator"))["items"]
    assert [one["did"] for one in history] == [
        "approved",
        *("suspended", "resumed") * 2,
        "closed",
    ]


async def taken_in(office):
    taken = await applied(office)
    where = f"applications/{taken['id']}"
    passed = await office.send("POST", f"{where}/approval", who="reviewer")
    assert passed["stage"] == "passed"

    async def approved():
        return (await office.send("GET", where, who="reviewer"))["enterprise"]

    async with asyncio.timeout(SLOW):
        number = await until(approved)
    shown = await office.send("GET", where, who="reviewer")
    assert [(step["did"], step["by"]) for step in shown["steps"]] == [
        ("submitted", "account:administrator"),
        ("passed", "account:reviewer"),
        ("approved", "sandbox"),
    ]
    return number


async def certified(node, office, number, tmp_path):
    """Give the enterprise a key and a certificate over it; gives its serial number."""
    public = tmp_path / "key.pub"
    make_key(public)
    await node.command("prefix", "admin", NAME, "--public-key", str(public))
    found = {"outcome": "passed", "method": "registers"}
    await office.send("POST", f"enterprises/{number}/verification", found, who="reviewer")
    wish = {"enterprise": number}
    made = await office.send("POST", "certificates", wish, who="administrator")
    checked = await office.send("GET", f"certificates/{made['serial']}")
    assert (checked["status"], checked["index"]) == ("valid", 400)
    done = await node.command("certificate", "check", made["serial"])
    assert json.loads(done.stdout) == checked

    async def held():
        async with HandleClient(*node.address("handle")) as client:
            values = (await client.resolve(f"0.NA/{NAME}")).values
        return [value for value in values if value.type == "HS_CERT"]

    async with asyncio.timeout(SLOW):
        (value,) = await until(held)
    assert value.data.decode() == made["token"]
    async with HandleClient(*node.address("handle")) as client:
        above = {v.index: v for v in (await client.resolve("0.NA/88.300")).values}
    token = parse(value.data)
    assert verify_token(token, parse_public_key(above[390].data))
    assert decode_certificate(token.payload).key == parse_public_key(public.read_bytes())
    return made["serial"]


def make_key(public):
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public.write_bytes(
        made.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
