"""A bulk change of state goes on after kill -9 and ends as one run, with the fate of every row."""

import io
import json

import aiohttp

from identifiers.wire.handle.codes import ResponseCode
from loadtest.corpus import Corpus
from tests.e2e.journal import LOST
from tests.e2e.nodes import until

ROWS = 6000
MISSING = "88.300.1/NOT-THERE"
JOBS = "/api/v1/jobs"


class Client:
    def __init__(self, node):
        self.node = node
        self.headers = {"Authorization": f"Bearer {node.api_key}"}

    async def call(self, method, path, status, **more):
        headers = self.headers | more.pop("headers", {})
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.request(method, self.node.url("registry") + path, **more) as answer,
        ):
            text = await answer.text()
            assert answer.status == status, text
            return text

    async def fill(self):
        """Register the corpus of one enterprise; return the names."""
        body = b"".join(Corpus(enterprises=1).ndjson_of(1, 0, ROWS))
        media = {"Content-Type": "application/x-ndjson"}
        await self.call("POST", "/api/v1/imports", 200, data=io.BytesIO(body), headers=media)
        return [json.loads(line)["handle"] for line in body.splitlines()]

    async def open(self, body):
        sent = await self.call("POST", JOBS, 202, json=body)
        return json.loads(sent)

    async def told(self, job):
        """Return a job as it is; None while nobody answers."""
        try:
            return json.loads(await self.call("GET", f"{JOBS}/{job['id']}", 200))
        except (*LOST, AssertionError):
            return None

    async def rows(self, job):
        lines = await self.call("GET", f"{job['results']}?all=1", 200)
        return [json.loads(line) for line in lines.splitlines()]

    async def comes_to(self, job, condition):
        async def so():
            now = await self.told(job)
            return now if now is not None and condition(now) else None

        return await until(so)


async def test_a_job_that_is_killed_in_the_middle_ends_as_one_run(node):
    client = Client(node)
    names = await client.fill()
    asked = [*names[: ROWS // 2], MISSING, *names[ROWS // 2 :]]
    body = {"action": "suspend", "reason": "质量核查", "handles": asked}
    job = await client.open(body)
    begun = await client.comes_to(job, lambda now: now["rows"] > 0)
    assert begun["rows"] < len(asked)
    old = await node.kill("registry")
    await node.replaced("registry", old)

    done = await client.comes_to(job, lambda now: now["state"] != "running")
    assert (done["state"], done["rows"], done["changed"], done["rejected"]) == (
        "done",
        len(asked),
        ROWS,
        1,
    )
    rows = await client.rows(job)
    assert [row["row"] for row in rows] == list(range(1, len(asked) + 1))
    assert [row["handle"] for row in rows] == asked
    assert {row["version"] for row in rows if row["status"] == "changed"} == {2}
    await node.settled()
    async with node.handle() as handle:
        reply = await handle.resolve(names[-1])
    assert (reply.code, reply.message) == (ResponseCode.HANDLE_NOT_FOUND, "suspended: 质量核查")

    again = await client.open({"action": "activate", "prefix": node.prefix})
    back = await client.comes_to(again, lambda now: now["state"] != "running")
    assert (back["state"], back["changed"], back["rejected"]) == ("done", ROWS, 0)
    past = json.loads(await client.call("GET", f"/api/v1/history/{names[7]}", 200))["items"]
    assert [item["action"] for item in past] == ["job.chunk", "job.chunk", "import.chunk"]
    assert len({item["actor"] for item in past}) == 1


async def test_a_job_is_called_off(node):
    client = Client(node)
    await client.fill()
    job = await client.open({"action": "revoke", "reason": "报废", "prefix": node.prefix})
    await client.comes_to(job, lambda now: now["rows"] > 0)
    ended = json.loads(await client.call("DELETE", f"{JOBS}/{job['id']}", 200))
    assert (ended["state"], 0 < ended["rows"] < ROWS) == ("cancelled", True)
    assert await client.told(job) == ended
    async with node.registry() as registry:
        states = [one.state async for one in registry.identifiers(node.prefix)]
    assert states.count("revoked") == ended["changed"]
