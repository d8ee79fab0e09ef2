"""All workers are replaced under load: no answer is lost or wrong, no Handle connection is cut."""

import asyncio
import json
import os
import signal

import pytest

from tests.e2e.drivers import register, under_load
from tests.e2e.nodes import until


@pytest.fixture
async def load(node):
    async with under_load(node) as load:
        yield load


@pytest.mark.timeout(180)
async def test_no_answer_is_lost_or_wrong_while_all_workers_are_replaced(node, load):
    wires, webs = load.wires, load.webs
    before = await node.pids()
    for _ in range(2):
        answered = load.answered
        done = await node.command("restart")
        assert done.stdout == "replaced: worker-0, worker-1\n"
        await until(
            lambda counts=answered: all(
                now > count + 50 for now, count in zip(load.answered, counts, strict=True)
            )
        )
    await load.finish()
    after = await node.pids()
    assert {before["worker-0"], before["worker-1"]}.isdisjoint(after.values())
    load.assert_nothing_is_lost_or_wrong()
    assert all(web.opened > 1 for web in webs), "no HTTP connection had to be made anew"
    # What workers counted that have ended is among the sums.
    metrics = await node.metrics()
    for transport, drivers in (("udp", wires[:2]), ("tcp", wires[2:]), ("http", webs)):
        counted = metrics[
            f'idnode_resolve_requests_total{{transport="{transport}",result="found"}}'
        ]
        assert counted == sum(driver.answered for driver in drivers), transport
    # And so it is in the sums of the day, which workers tell every second.
    total = sum(load.answered)

    async def reported():
        return json.loads((await node.command("report")).stdout)

    async with asyncio.timeout(20):
        while (found := await reported())["answers"] < total:  # noqa: ASYNC110 -- as operators do
            await asyncio.sleep(0.1)
    assert found["answers"] == total
    assert found["prefixes"] == [{"prefix": node.prefix, "queries": total, "found": total}]
    assert found["sources"] == [{"prefix": node.prefix, "source": "127.0.0.1", "queries": total}]
    assert 0 < found["peak"]["answers"] < total


@pytest.mark.timeout(120)
async def test_a_worker_that_hangs_is_replaced(node):
    names = await register(node)
    hung = await node.kill("worker-0", signal.SIGSTOP)
    async with asyncio.timeout(20):
        await node.replaced("worker-0", hung)
    async with node.handle() as client:
        for name in names:
            assert (await client.resolve(name)).found
    with pytest.raises(ProcessLookupError):
        os.kill(hung, 0)
