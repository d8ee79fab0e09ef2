import asyncio
import os

import pytest

from loadtest.bench import http, nodes
from loadtest.bench.population import Popular


@pytest.fixture
def processors():
    """The bench pins itself: let the other tests have their processors back."""
    before = os.sched_getaffinity(0)
    yield
    os.sched_setaffinity(0, before)


@pytest.fixture
async def running(make_node):
    node = await make_node(enrolled=True, IDNODE_WORKERS="1")
    async with node.registry() as registry:
        for name in ("A", "B C"):
            values = [{"index": 1, "type": "URL", "data": f"https://{name[0]}.example"}]
            await registry.create({"handle": f"88.300.1/{name}", "values": values})
    return nodes.Node(node.environment, node.ready, node.pid)


@pytest.mark.usefixtures("processors")
async def test_look_ups_are_compared_with_both_references(running):
    asked = Popular(["88.300.1/A", "88.300.1/B C"], [0, 1, 0])
    told = await asyncio.to_thread(http.measure, running, asked, 0.2)
    assert told["wrong"] == told["plain_aiohttp"]["wrong"] == 0
    assert told["rate"] > 0
    assert told["reference_rate"] > told["plain_aiohttp"]["reference_rate"] > 0


async def test_batches_count_by_the_name(running):
    asked = Popular(["88.300.1/A", "88.300.1/B C"], [0, 1])
    told = await asyncio.to_thread(http.measure_batch, running, asked, 0.2)
    assert told["wrong"] == 0
    assert told["rate"] > http.NAMES
