"""Redis goes away at 0.7 of what the node can do without it: every device is answered, rightly."""

import asyncio
import os
import signal

import pytest

from loadtest.bench import datagrams, wire
from storage.embedded.valkey import EmbeddedValkey
from tests.e2e.journal import values
from tests.e2e.nodes import until

NAMES = 2000
UNKNOWN = 100
"""Names that do not exist: their absence is forgotten every few seconds, so they keep missing."""


@pytest.mark.large
async def test_no_answer_is_lost_or_wrong_while_redis_comes_and_goes(make_node, tmp_path):
    valkey = EmbeddedValkey(tmp_path / "valkey", maxmemory=32 << 20)
    try:
        node = await make_node(enrolled=True, IDNODE_REDIS_URL=await valkey.start())
        questions, sizes = await prepare(node)

        def load(seconds, rate=None):
            return asyncio.to_thread(
                datagrams.drive,
                node.address("handle"),
                questions,
                sizes,
                seconds=seconds,
                window=128,
                rate=rate,
            )

        await load(2)
        await valkey.stop()
        capacity = (await load(3)).rate
        await valkey.start()
        loading = asyncio.create_task(load(12, 0.7 * capacity))
        await trouble(valkey)
        told = await loading
        print(f"{told.rate:,.0f}/s of {capacity:,.0f}/s: lost {told.lost}, wrong {told.wrong}")  # noqa: T201 -- shown by make e2e-large
        assert told.answered > 6 * capacity
        assert (told.lost, told.wrong) == (0, 0)
    finally:
        await valkey.stop()


async def prepare(node):
    """Register the names; return questions for known and unknown ones, and their answers' sizes."""
    async with node.registry() as client:
        items = [{"handle": f"{node.prefix}/N{n}", "values": values(str(n))} for n in range(NAMES)]
        assert all(result.status == 201 for result in await client.batch(items))
    known = [item["handle"] for item in items]
    async with node.http() as http:
        await until(lambda: all_found(http, known))
    names = known + [f"{node.prefix}/UNKNOWN{n}" for n in range(UNKNOWN)]
    questions = [wire.resolution(name, at + 1) for at, name in enumerate(names)]
    host, port = node.address("handle")
    reader, writer = await asyncio.open_connection(host, port)
    sizes = []
    for question in questions:
        writer.write(question)
        head = await reader.readexactly(20)
        size = int.from_bytes(head[16:20], "big")
        await reader.readexactly(size)
        sizes.append(20 + size)
    writer.close()
    return questions, sizes


async def all_found(http, names):
    return all(answer.found for answer in await http.resolve_many(names))


async def trouble(valkey):
    """Hang, kill, restart; a restart of a cache without persistence is also a flush."""
    for number in (signal.SIGSTOP, signal.SIGKILL):
        await asyncio.sleep(2)  # the load is the subject: it has to last
        os.kill(valkey.pid, number)
    await valkey.wait()
    await asyncio.sleep(2)
    await valkey.start()
