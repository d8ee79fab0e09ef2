"""The bench's rows about writing, at a small size: they count what was done, and what was not."""

import asyncio
import os

import pytest

from loadtest.bench import beside, comparing, hot, nodes, registering, wire
from loadtest.bench.population import Popular
from loadtest.corpus import Corpus

CORPUS = Corpus(enterprises=1)


@pytest.fixture
def processors():
    """The bench sets on which processors it runs: let the other tests have theirs back."""
    before = os.sched_getaffinity(0)
    yield
    os.sched_setaffinity(0, before)


@pytest.mark.usefixtures("processors")
async def test_what_is_written_is_counted(make_node):
    node = await make_node(enrolled=True, IDNODE_WORKERS="1")
    running = nodes.Node(node.environment, node.ready, node.pid)

    def told(row, first, count, each=1):
        lines = CORPUS.ndjson_of(1, first, first + count)
        return row(running, node.api_key, lines, count=count, rounds=each)

    single = await asyncio.to_thread(told, registering.singles, 0, 90, 3)
    again = await asyncio.to_thread(told, registering.singles, 0, 30)
    batches = await asyncio.to_thread(told, registering.batches, 100, 2 * registering.BATCH)
    async with node.registry() as registry:
        stored = [one async for one in registry.identifiers(node.prefix)]
    right = (row["identifiers"] - row["wrong"] for row in (single, again, batches))
    assert sum(right) == len(stored) == 90 + 2 * registering.BATCH
    assert again["wrong"] > 0  # they are there already, but for those that were told to come again
    assert min(single["rate"], batches["rate"]) > 0

    names = [CORPUS.identifier_of(1, at)["handle"] for at in range(90)]
    questions = [wire.resolution(name, 1) for name in names]
    answers = await asyncio.to_thread(comparing.ask_over_tcp, running, questions)
    names = [
        name
        for name, question in zip(names, questions, strict=True)
        if len(answers[question]) <= wire.DATAGRAM
    ]
    asked = await asyncio.to_thread(hot.known, running, Popular(names, list(range(len(names)))))
    body = b"".join(CORPUS.ndjson_of(1, 20_000, 23_000))
    reads = await asyncio.to_thread(beside.measure, running, node.api_key, asked, body)
    assert (reads["wrong"], reads["lost"]) == (0, 0)
    assert reads["asked_a_second"] > 0
    assert reads["import_rate"] > 0
