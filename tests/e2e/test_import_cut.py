"""A bulk import cut in the middle and sent again ends as one run, with the fate of every row."""

import asyncio
import io
import json

import aiohttp
import pytest

from identifiers.principals import Role
from loadtest.corpus import Corpus
from registry.signatures import claims_of
from tests.e2e.desks import People
from tests.e2e.journal import LOST
from tests.e2e.nodes import until

ROWS = 9000
BAD = {17, 2500, 5999}
NOTE = "使用前检查灯头、灯线与电池。" * 10
KEY = "2026-11-22-month-end"
TEMPLATE = {
    "prefix": "88.300.1",
    "version": "lamp-1",
    "title": "矿灯",
    "industry": {"category": "B", "division": "06", "group": "061", "class": "0610"},
    "items": [
        {"name": "SERIAL", "title": "编号", "required": True, "unique": True, "max_length": 32},
        {"name": "MADE_ON", "title": "生产日期", "type": "date"},
        {"name": "NOTE", "title": "说明", "max_length": 256},
    ],
}


def lines():
    """The corpus of one enterprise, with three rows that cannot be registered."""
    for number, line in enumerate(Corpus(enterprises=1).ndjson_of(1, 0, ROWS), 1):
        yield b'{"handle":"88.300.1/\\u0000","values":[]}\n' if number in BAD else line


def lamps():
    """Rows of a template; of those that do not fit it, the last has a serial that is taken."""
    for number in range(1, ROWS + 1):
        bad = number in BAD
        attributes = {"SERIAL": "S1" if number == max(BAD) else f"S{number}", "NOTE": NOTE}
        attributes |= {"MADE_ON": "2026-13-01" if bad and number != max(BAD) else "2026-11-01"}
        row = {"handle": f"88.300.1/{number}", "template": "lamp-1", "attributes": attributes}
        yield json.dumps(row).encode() + b"\n"


BODY = b"".join(lines())
LAMPS = b"".join(lamps())


class Client:
    def __init__(self, node, body=BODY):
        self.node = node
        self.body = body
        self.headers = {
            "Authorization": f"Bearer {node.api_key}",
            "Content-Type": "application/x-ndjson",
            "Idempotency-Key": KEY,
        }

    async def send(self, body):
        async with (
            aiohttp.ClientSession(headers=self.headers) as session,
            session.post(f"{self.node.url('registry')}/api/v1/imports", data=body) as answer,
        ):
            return answer.status, await answer.json()

    async def get(self, path, **query):
        async with (
            aiohttp.ClientSession(headers=self.headers) as session,
            session.get(f"{self.node.url('registry')}{path}", params=query) as answer,
        ):
            assert answer.status == 200
            return await answer.text()

    async def committed(self):
        """Return how many rows are done; 0 before the first and while nobody answers."""
        try:
            items = json.loads(await self.get("/api/v1/imports", idempotency_key=KEY))["items"]
        except LOST:
            return 0
        return items[0]["rows"] if items else 0


async def cut_by_kill(node, client):
    """Send two thirds, then kill the registry process."""

    async def body():
        yield client.body[: len(client.body) * 2 // 3]
        await until(client.committed)
        old = await node.kill("registry")
        await node.replaced("registry", old)

    with pytest.raises(LOST):
        await client.send(body())


async def cut_by_reader(node, client):
    """Send two thirds, then kill the process that reads the rows."""

    async def body():
        yield client.body[: len(client.body) * 2 // 3]
        await until(client.committed)
        (reader,) = (one for one in node.family() if "registry.reading" in one.cmdline())
        reader.kill()
        yield client.body[len(client.body) * 2 // 3 :]

    status, problem = await client.send(body())
    assert (status, problem["status"]) == (503, 503)


async def cut_by_client(_, client):
    """Send two thirds, then go away."""
    sent = asyncio.Event()

    async def body():
        yield client.body[: len(client.body) * 2 // 3]
        await until(client.committed)
        sent.set()
        await asyncio.Event().wait()

    sending = asyncio.create_task(client.send(body()))
    await sent.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending


@pytest.mark.parametrize("cut", [cut_by_kill, cut_by_reader, cut_by_client])
async def test_a_cut_import_sent_again_is_one_run(node, cut):
    client = Client(node)
    await cut(node, client)
    await is_one_run(client)


async def test_a_cut_import_with_a_template_sent_again_is_one_run(node):
    client = Client(node, LAMPS)
    await publish(node)
    await cut_by_kill(node, client)
    rejected = await is_one_run(client)
    codes = {row: problem["errors"][0]["code"] for row, problem in rejected.items()}
    first, second, last = sorted(BAD)
    # What the first run registered is not in the way of the second.
    assert codes == {first: codes[second], second: codes[first], last: "template.not_unique"}
    await node.settled()
    async with node.registry() as registry:
        async for one in registry.identifiers(node.prefix):
            serial = one.handle.partition("/")[2]
            assert (one.version, one.template) == (1, "88.300.1/lamp-1")
            assert one.attributes == {
                "SERIAL": f"S{serial}",
                "MADE_ON": "2026-11-01",
                "NOTE": NOTE,
            }


async def publish(node):
    """Put the template in force, by somebody who may write templates."""
    async with aiohttp.ClientSession() as session:
        owner = await People(node, session).person("owner", Role.OWNER, 1)
        await owner("POST", "templates", TEMPLATE)
        await owner("POST", "templates/88.300.1/lamp-1/publish")


async def is_one_run(client):
    """Send the body of an import that was cut; return why rows were rejected."""
    node, body = client.node, client.body
    assert 0 < await client.committed() < ROWS

    status, done = await client.send(io.BytesIO(body))
    assert status == 200
    assert (done["rows"], done["created"], done["rejected"]) == (ROWS, ROWS - len(BAD), len(BAD))

    rows = [json.loads(line) for line in (await client.get(done["results"], all="1")).splitlines()]
    assert [row["row"] for row in rows] == list(range(1, ROWS + 1))
    assert {row["row"] for row in rows if row["status"] == "rejected"} == BAD
    assert {row["version"] for row in rows if row["status"] == "created"} == {1}
    refused = (await client.get(done["results"])).splitlines()
    assert {json.loads(line)["row"] for line in refused} == BAD

    again = await client.send(io.BytesIO(body))
    assert again == (200, done)
    assert (await client.send(io.BytesIO(body + b"\n{}")))[0] == 422
    async with node.registry() as registry:
        stored = {one.handle async for one in registry.identifiers(node.prefix)}
    assert stored == {row["handle"] for row in rows if row["status"] == "created"}
    assert len(stored) == ROWS - len(BAD)
    return {row["row"]: row["problem"] for row in rows if row["status"] == "rejected"}


async def test_a_cut_import_under_a_signed_prefix_signs_each_row_once(node):
    roots = json.loads((await node.command("prefix", "sign", "88.300.1")).stdout)
    client = Client(node)
    await cut_by_kill(node, client)
    status, done = await client.send(io.BytesIO(client.body))
    assert (status, done["created"], done["rejected"]) == (200, ROWS - len(BAD), len(BAD))
    (issuer,) = roots
    async with node.registry() as registry:
        async for one in registry.identifiers(node.prefix):
            assert one.version == 1
            made = [v for v in one.values if v.type == "HS_SIGNATURE"]
            assert len(made) == 1
            assert str(claims_of(made[0]).issuer) == issuer
