"""What the client has besides single identifiers: states, feed, jobs, and the rest of the API."""

import json

import pytest
from aiohttp import web

from idnode import Garbled, Refused, RegistryClient, Unavailable
from idnode.jobs import StateJobs
from tests.unit.idnode.services import API_KEY

A, B, C = (f"88.300.1/{name}" for name in "ABC")
VALUES = [{"index": 1, "type": "URL", "data": "https://1.example"}]


@pytest.fixture
async def client(services):
    async with RegistryClient(services.registry, API_KEY) as found:
        for name in (A, B, C):
            await found.create({"handle": name, "values": VALUES})
        yield found


async def test_a_state_is_changed_with_a_reason(client):
    receipt = await client.patch(A, state="suspended", reason="核查")
    assert (receipt.state, receipt.version) == ("suspended", 2)
    assert (await client.get(A)).reason == "核查"


async def test_what_was_comes_back(client):
    await client.patch(A, values=[VALUES[0] | {"data": "https://2.example"}])
    with pytest.raises(Refused) as refused:
        await client.restore(A, 1, if_version=1)
    assert refused.value.problem.status == 412
    assert (await client.restore(A, 1, if_version=2)).version == 3
    assert (await client.get(A)).values[0].data == b"https://1.example"


async def test_news_come_from_cursor_to_cursor(client):
    first = await client.feed.page(limit=2)
    assert ([one.handle for one in first.items], first.more) == ([A, B], True)
    then = await client.feed.page(first.next)
    assert [(one.handle, one.kind, one.version) for one in then.items] == [(C, "created", 1)]
    assert (await client.feed.page(await client.feed.latest())).items == ()


async def test_who_follows_gets_again_what_he_had_not_finished(client):
    first = client.feed.follow("erp", limit=2)
    assert [one.handle for one in await anext(first)] == [A, B]
    await first.aclose()
    again = client.feed.follow("erp", limit=2)
    assert [one.handle for one in await anext(again)] == [A, B]
    assert [one.handle for one in await anext(again)] == [C]
    await again.aclose()
    rest = client.feed.follow("erp")
    assert [one.handle for one in await anext(rest)] == [C]
    await rest.aclose()


async def test_who_follows_waits_for_news(client):
    await client.feed.acknowledge("erp", await client.feed.latest())
    news = client.feed.follow("erp", wait=1)
    await client.patch(B, state="suspended", reason="r")
    assert [(one.handle, one.kind) for one in await anext(news)] == [(B, "state")]
    await news.aclose()


async def test_a_job_is_begun_awaited_and_told(client, services):
    job = await client.jobs.open("suspend", reason="核查", handles=[A, B, "88.300.1/NONE"])
    assert (job.state, job.total) == ("running", 3)

    async def work(_):
        await services.jobs.turn()

    done = await StateJobs(client._calls, sleep=work).finished(job.id)
    assert (done.state, done.rows, done.changed, done.rejected) == ("done", 3, 2, 1)
    (rejected,) = [row async for row in client.jobs.results(done)]
    assert (rejected.row, rejected.handle, rejected.problem.status) == (3, "88.300.1/NONE", 404)
    rows = [row async for row in client.jobs.results(done, every=True)]
    assert [row.status for row in rows] == ["changed", "changed", "rejected"]


async def test_a_job_of_a_prefix_is_called_off(client):
    job = await client.jobs.open("delete", prefix="88.300.1", where={"begins": "A"}, key="one")
    assert (
        await client.jobs.open("delete", prefix="88.300.1", where={"begins": "A"}, key="one")
    ).id
    assert (await client.jobs.cancel(job.id)).state == "cancelled"
    assert await client.get(A) is not None


async def test_any_noun_is_asked(client):
    told = await client.api.call("GET", f"identifiers/{A}")
    assert told["version"] == 1
    names = [one["handle"] async for one in client.api.items("search", {"limit": "2"})]
    assert names == [A, B, C]
    made = {"handle": "88.300.1/D", "values": VALUES}
    assert (await client.api.call("POST", "identifiers", made))["status"] == "created"
    replaced = await client.api.call(
        "PUT", f"identifiers/{A}", made | {"handle": A}, if_match='"v1"'
    )
    assert replaced["status"] == "unchanged"


@pytest.mark.parametrize("repeat", [None, True])
async def test_what_may_not_be_safe_to_repeat_is_sent_once(odd, repeat):
    def later():
        return web.Response(status=503, headers={"Retry-After": "0"})

    odd.answer = later
    async with RegistryClient(odd.base, API_KEY, patience=0.5) as client:
        with pytest.raises(Unavailable):
            await client.api.call("POST", "keys", {"scopes": []}, repeat=repeat)
    assert (len(odd.requests) > 1) is bool(repeat)


async def test_nothing_told_is_nothing(odd):
    odd.answer = lambda: web.Response(status=204)
    async with RegistryClient(odd.base, API_KEY) as client:
        assert await client.api.call("DELETE", "webhooks/erp") == {}
        with pytest.raises(Garbled):
            [one async for one in client.api.items("keys")]


@pytest.mark.parametrize("told", [b"[]", b"{", json.dumps({"items": [1]}).encode()])
async def test_what_is_no_answer_is_garbled(odd, told):
    odd.answer = lambda: web.Response(body=told)
    async with RegistryClient(odd.base, API_KEY) as client:
        job = None
        for asked in (client.feed.page(), client.feed.latest(), client.jobs.get("1")):
            with pytest.raises(Garbled):
                job = await asked
        assert job is None


async def test_a_row_that_is_none_is_garbled(odd, client):
    job = await client.jobs.open("suspend", reason="r", handles=[A])
    odd.answer = lambda: web.Response(body=b'\n{"row": "x"}\n')
    async with RegistryClient(odd.base, API_KEY) as other:
        with pytest.raises(Garbled):
            [row async for row in other.jobs.results(job)]
