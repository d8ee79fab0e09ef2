"""A call whose answer takes long is waited for while the work goes on, and no longer."""

import asyncio
import json
from contextlib import AsyncExitStack

import pytest
from aiohttp import web

from idnode import NobodyThere, RegistryClient, Unreachable
from idnode.calls import Calls
from idnode.transfers import Transfers
from idnode.watching import STILL_SECONDS
from tests.unit.idnode.services import API_KEY, listener

LOOKS = int(STILL_SECONDS) + 20
COUNTS = {"created": 0, "updated": 0, "unchanged": 0, "rejected": 0}


class Times:
    """A clock that only sleeping moves."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        self.now += seconds
        await asyncio.sleep(0)


class SlowRegistry:
    """Has read a whole import and goes on with it, for as many looks as `until` says."""

    def __init__(self):
        self.base = ""
        self.until = LOOKS
        self.dry_run = False
        self.looks = 0
        self.posts = 0
        self.moves = True
        self.ill = False
        self.cut = False
        """The first time that an import is sent, the connection is cut at its end."""
        self.ended = asyncio.Event()

    def report(self, state):
        rows = self.looks * 1000 if self.moves else 7
        told = {"id": "now", "state": state, "mode": "create", "dry_run": self.dry_run}
        return told | COUNTS | {"rows": rows, "bytes": rows * 70, "results": "/r"}

    async def list(self, request):
        others = [{**self.report("done"), "id": "earlier"}]
        if self.posts and self.ill:
            return web.Response(status=503)
        if not self.posts:
            return web.json_response({"items": others})
        self.looks += 1
        if self.looks >= self.until:
            self.ended.set()
        keyed = "idempotency_key" in request.query
        mine = [self.report("running")]
        return web.json_response({"items": mine if keyed else others + mine})

    async def run(self, request):
        self.posts += 1
        await request.read()
        await self.ended.wait()
        if self.cut and self.posts == 1:
            request.transport.abort()
        return web.json_response(self.report("done"))


@pytest.fixture
async def registry():
    found = SlowRegistry()
    async with AsyncExitStack() as stack:
        app = web.Application()
        app.router.add_get("/api/v1/imports", found.list)
        app.router.add_post("/api/v1/imports", found.run)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        opened, found.base = listener()
        await web.SockSite(runner, opened).start()
        yield found
        found.ended.set()


@pytest.fixture
async def transfers(registry):
    times = Times()
    async with Calls(
        registry.base, API_KEY, clock=times, sleep=times.sleep, chance=lambda: 0.0
    ) as calls:
        yield Transfers(calls)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "rows.ndjson"
    path.write_text(json.dumps({"handle": "88.300.1/A"}) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("dry_run", [False, True])
async def test_an_import_is_waited_for_while_it_goes_on(registry, transfers, file, dry_run):
    registry.dry_run = dry_run
    seen = []
    report = await transfers.send(file, "ndjson", dry_run=dry_run, told=seen.append)
    assert (report.state, registry.posts) == ("done", 1)
    assert [one.rows for one in seen[:3]] == [1000, 2000, 3000]
    assert {(one.id, one.octets) for one in seen[:1]} == {("now", 70_000)}
    assert len(seen) >= LOOKS - 1  # far longer than anything may stand still


@pytest.mark.parametrize("ill", [False, True])
async def test_one_that_stands_still_is_given_up(registry, transfers, file, ill):
    registry.moves, registry.until, registry.ill = False, 10 * LOOKS, ill
    with pytest.raises(Unreachable, match="nothing has moved for 180 seconds"):
        await transfers.send(file, "ndjson")
    assert registry.posts == 1


async def test_one_that_is_cut_late_is_sent_again(registry, transfers, file):
    registry.cut = True
    report = await transfers.send(file, "ndjson")
    assert (report.state, registry.posts) == ("done", 2)


async def test_what_is_watched_has_no_limit_of_its_own(monkeypatch, odd):
    monkeypatch.setattr("idnode.calls.ANSWER_SECONDS", 0.01)
    odd.slow = asyncio.Event()

    class Standing:
        moved_at = 0.0

        async def stand(self):
            with pytest.raises(Unreachable, match="no answer in time"):
                await calls.call("GET", "/", repeat=False)
            odd.slow.set()
            await asyncio.Event().wait()

    async with Calls(odd.base, API_KEY) as calls:
        assert (await calls.call("POST", "/", watch=Standing())).status == 200


async def test_nobody_there_is_told_apart_from_who_went_away():
    async with AsyncExitStack() as stack:
        opened, base = listener()
        calls = await stack.enter_async_context(Calls(base, API_KEY, patience=0))
        runner = web.AppRunner(web.Application())
        await runner.setup()
        await web.SockSite(runner, opened).start()
        with pytest.raises(Exception, match="404"):
            await calls.call("GET", "/")
        await runner.cleanup()
        with pytest.raises(Unreachable) as gone:
            await calls.call("GET", "/")
        assert type(gone.value) is Unreachable
    async with RegistryClient(base, API_KEY, patience=0) as client:
        with pytest.raises(
            NobodyThere, match=rf"nobody answers at {base} \(Connection refused\): does"
        ):
            await client.get("88.300.1/A")
