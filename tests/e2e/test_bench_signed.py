import asyncio
import os

import pytest

from loadtest.bench import nodes, signed


@pytest.fixture
def processors():
    """The bench pins itself: let the other tests have their processors back."""
    before = os.sched_getaffinity(0)
    yield
    os.sched_setaffinity(0, before)


@pytest.mark.usefixtures("processors")
async def test_signed_answers_are_verified_and_counted(make_node):
    node = await make_node(enrolled=True, IDNODE_WORKERS="1")
    async with node.registry() as registry:
        values = [{"index": 1, "type": "URL", "data": "https://signed.example"}]
        await registry.create({"handle": "88.300.1/SIGNED", "values": values})
    running = nodes.Node(node.environment, node.ready, node.pid)
    told = await asyncio.to_thread(
        signed.measure, running, ["88.300.1/SIGNED"], seconds=0.2, rounds=1
    )
    assert told["rate"] > 0
    assert told["reference_rate"] > 0
    assert told["wrong"] == 0
    # What is not there is no answer of the kind that is counted.
    told = await asyncio.to_thread(
        signed.measure, running, ["88.300.1/NOBODY"], seconds=0.05, rounds=1
    )
    assert told["wrong"]
    assert (told["rate"], told["worker_ms_per_answer"]) == (0, None)
