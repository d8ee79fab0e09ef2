"""Kill -9 of any process while eight writers write: nothing acknowledged is lost or halved."""

import asyncio
import os
import random
import signal

import pytest

from tests.e2e.journal import Journal, Writer, compare
from tests.e2e.nodes import until

KILLS = 24
# The supervisor ends everything with it and is started again by hand, as a service manager would.
VICTIMS = ("registry", "postgres", "worker-0", "registry", "valkey", "worker-1", "postgres", "all")


@pytest.mark.timeout(600)
async def test_no_kill_loses_or_halves_an_acknowledged_write(node):
    journal, stop = Journal(), asyncio.Event()
    seen = node.family()
    draw = random.Random(7)
    async with asyncio.TaskGroup() as tasks:
        for number in range(8):
            writer = Writer(
                number, node.prefix, node.api_key, lambda: node.url("registry"), journal
            )
            tasks.create_task(writer.run(stop))
        try:
            for turn in range(KILLS):
                await progress(journal, draw.randrange(5, 60))
                await kill(node, VICTIMS[turn % len(VICTIMS)])
                seen += node.family()
            await progress(journal, 50)
        finally:
            stop.set()
    assert journal.writes > KILLS * 5
    assert journal.repeated > 0
    assert journal.unanswered > 0, "no kill met a request in flight: the test saw nothing"
    assert await compare(journal, node.url("registry"), node.api_key) == []
    await resolve_all(node, journal)
    await node.stop()
    await node.all_gone(seen)


async def progress(journal, writes):
    """Wait for more acknowledged writes: no kill may stop the node for good."""
    goal = journal.writes + writes
    async with asyncio.timeout(60):
        await until(lambda: journal.writes >= goal)


async def kill(node, name):
    if name == "all":
        family = node.family()
        os.kill(node.pid, signal.SIGKILL)
        await node.wait()
        await node.all_gone(family)
        await node.start()
        return
    # One killed a moment ago may not be back yet: the kill waits for its victim.
    await until(lambda: present(node, name))
    await node.kill(name)


async def present(node, name):
    return name in await node.pids()


async def resolve_all(node, journal):
    """Every acknowledged write is what a device is told, over UDP."""
    async with node.handle() as client:
        for handle, (_, text) in journal.acknowledged.items():
            answer = await client.resolve(handle)
            assert answer.found, handle
            assert [value.data for value in answer.values] == [
                f"https://x.example/{text}".encode(),
                text.encode(),
            ]
