"""Redis and Postgres go away under load and come back; clients notice as little as can be."""

import asyncio
import itertools
import os
import signal
from contextlib import asynccontextmanager

import aiohttp
import pytest
from redis.asyncio import Redis

from identifiers.wire.handle.codes import ResponseCode
from idnode import RegistryClient
from idnode.handle import Transport
from storage.embedded.postgres import EmbeddedPostgres
from storage.embedded.valkey import EmbeddedValkey
from tests.e2e.journal import values
from tests.e2e.nodes import until

NAMES = 300
HARD_BOUND = 5
"""Seconds after which no replaced value may be served under one fault (docs/assurance.md, X)."""


class Servers:
    """A Postgres and a Valkey that belong to the test, so that they stay away when stopped."""

    def __init__(self, directory):
        directory.mkdir()
        self.postgres = EmbeddedPostgres(directory / "postgres")
        self.valkey = EmbeddedValkey(directory / "valkey", maxmemory=32 << 20)

    async def flush(self, url):
        async with Redis.from_url(url) as client:
            await client.flushall()


@pytest.fixture
async def servers(tmp_path):
    servers = Servers(tmp_path / "servers")
    yield servers
    await servers.valkey.stop()
    await servers.postgres.stop()


@pytest.fixture
async def node(make_node, servers):
    """A whole node over the test's servers, with `NAMES` identifiers."""
    node = await make_node(
        enrolled=True,
        IDNODE_DATABASE_URL=await servers.postgres.start(),
        IDNODE_REDIS_URL=await servers.valkey.start(),
    )
    async with node.registry() as client:
        items = [{"handle": name(node, n), "values": values(str(n))} for n in range(NAMES)]
        results = await client.batch(items)
    assert all(result.status == 201 for result in results)
    # Every worker has read the new prefix: a second at the most.
    await until(lambda: all_told(node, "0"))
    return node


def name(node, number):
    return f"{node.prefix}/N{number}"


class Load:
    """Devices that resolve known and unknown names over three transports, one after the other."""

    def __init__(self, node):
        self.node = node
        self.asked = 0
        self.wrong = []

    @asynccontextmanager
    async def running(self):
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            for number in range(6):
                tasks.create_task(self._device(number, stop))
            try:
                yield self
            finally:
                stop.set()

    async def more(self, questions=600):
        """Wait until so many more questions are answered."""
        goal = self.asked + questions
        async with asyncio.timeout(60):
            await until(lambda: self.asked >= goal)

    async def _device(self, number, stop):
        async with self.node.handle() as handle, self.node.http() as http:
            for turn in itertools.count(number * 50):
                if stop.is_set():
                    return
                known = turn % 2 == 0
                wanted = turn % NAMES if known else f"unknown-{number}-{turn}"
                asked = name(self.node, wanted)
                try:
                    if turn % 3 == 0:
                        answer = await http.resolve(asked)
                    else:
                        answer = await handle.resolve(
                            asked,
                            transport=Transport.UDP_THEN_TCP if turn % 3 == 1 else Transport.TCP,
                        )
                except Exception as error:  # noqa: BLE001 -- whatever reaches a client is what is looked for
                    self.wrong.append(f"{asked}: {error!r}")
                else:
                    self._check(asked, answer, known=known, wanted=wanted)
                self.asked += 1

    def _check(self, asked, answer, *, known, wanted):
        if known:
            right = answer.found and answer.values[1].data == str(wanted).encode()
        else:
            right = answer.code == ResponseCode.HANDLE_NOT_FOUND
        if not right:
            self.wrong.append(f"{asked}: {answer}")


async def test_redis_killed_hung_restarted_and_flushed_costs_no_client_an_error(node, servers):
    async with Load(node).running() as load:
        await load.more()
        os.kill(servers.valkey.pid, signal.SIGSTOP)
        await load.more()
        os.kill(servers.valkey.pid, signal.SIGKILL)
        await servers.valkey.wait()
        await load.more()
        url = await servers.valkey.start()
        await load.more()
        await servers.flush(url)
        await load.more()
    assert load.wrong == []
    await until(lambda: usable(node))


async def usable(node):
    # A sum over the workers, of which a test's node has two.
    return (await node.metrics())["idnode_shared_tier_usable"] == 2


async def test_a_change_reaches_every_worker_without_redis(node, servers):
    await servers.valkey.stop()
    async with node.registry() as client:
        for turn in range(5):
            assert await all_told(node, "0" if turn == 0 else f"new-{turn - 1}")
            await client.put({"handle": name(node, 0), "values": values(f"new-{turn}")})
            async with asyncio.timeout(HARD_BOUND):
                await until(lambda turn=turn: all_told(node, f"new-{turn}"))
            # Once told by all, the older value never comes back.
            assert await all_told(node, f"new-{turn}")


async def all_told(node, text):
    """Ask over sixteen new connections, which the workers share; say whether all are told this."""

    async def one():
        async with node.http() as http:
            return await http.resolve(name(node, 0))

    answers = await asyncio.gather(*(one() for _ in range(16)))
    return all(answer.found and answer.values[1].data == text.encode() for answer in answers)


async def test_postgres_stopped_leaves_the_cached_and_refuses_writes(node, servers):
    async with Load(node).running() as load:
        await load.more(3 * NAMES)
    assert load.wrong == []
    await until(lambda: all_told(node, "0"))
    await servers.postgres.stop()

    assert await all_told(node, "0")
    status, headers = await write(node, "while-away")
    assert status == 503
    assert int(headers["Retry-After"]) > 0
    async with node.handle() as client:
        answer = await client.resolve(name(node, "never-asked"), transport=Transport.TCP)
    assert answer.code == ResponseCode.SERVER_BUSY
    async with aiohttp.ClientSession() as session:
        url = f"{node.url('http')}/api/handles/{name(node, 'never-asked')}"
        async with session.get(url) as told:
            assert told.status == 503
            assert int(told.headers["Retry-After"]) > 0
    assert await all_told(node, "0")

    await servers.postgres.start()
    await until(lambda: written(node, "afterwards"))
    async with node.http() as http:
        await until(lambda: found(http, name(node, "afterwards")))
        assert not (await http.resolve(name(node, "while-away"))).found


async def write(node, suffix):
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {node.api_key}"}) as session,
        session.put(
            f"{node.url('registry')}/api/v1/identifiers/{name(node, suffix)}",
            json={"values": values(suffix)},
        ) as answer,
    ):
        return answer.status, answer.headers


async def written(node, suffix):
    return (await write(node, suffix))[0] in {200, 201}


async def found(http, asked):
    return (await http.resolve(asked)).found


async def test_a_client_waits_out_a_short_outage(node, servers):
    """The client library repeats under one key what met a 503."""
    await servers.postgres.stop()
    async with (
        RegistryClient(node.url("registry"), node.api_key) as client,
        asyncio.TaskGroup() as t,
    ):
        receipt = t.create_task(
            client.create({"handle": name(node, "patient"), "values": values("patient")})
        )
        await until(lambda: write_refused(node))
        await servers.postgres.start()
    assert receipt.result().version == 1


async def write_refused(node):
    return (await write(node, "probe"))[0] == 503
