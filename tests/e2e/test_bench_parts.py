"""The bench's parts at a small size, on a node with one worker and on one with two."""

import asyncio
import os
from contextlib import closing

import pytest

from loadtest.bench import bars, importing, nodes, parts, population
from loadtest.bench.__main__ import amiss

SIZES = parts.Sizes(
    identifiers=600,
    draws=300,
    seconds=0.1,
    rest=0.6,
    redis=300,
    batch=4000,
    single=60,
    beside=1000,
    writes=1,
    signed=1,
)


@pytest.fixture
def processors():
    """The bench pins itself: let the other tests have their processors back."""
    before = os.sched_getaffinity(0)
    yield
    os.sched_setaffinity(0, before)


@pytest.fixture
async def running(make_node, request):
    node = await make_node(enrolled=True, IDNODE_WORKERS=str(request.param))
    return nodes.Node(node.environment, node.ready, node.pid), node.api_key


def measured(running, key, folder):
    with closing(population.Writing(folder, SIZES.identifiers, workers=1)) as writing:
        written = writing.done()
    figures = {"import": importing.measure(running, key, written)}
    stage = parts.Stage(node=running, key=key, sizes=SIZES, names=written.names)
    return figures | dict(parts.measure(stage, frozenset(parts.NAMES)))


@pytest.mark.usefixtures("processors")
@pytest.mark.parametrize("running", [1], indirect=True)
async def test_what_one_worker_does_is_measured_and_right(running, tmp_path):
    figures = await asyncio.to_thread(measured, *running, tmp_path)
    assert not amiss(figures)
    assert figures["import"]["identifiers"] == SIZES.identifiers
    assert figures["held"]["held"] >= SIZES.identifiers
    assert figures["cold_postgres"]["names"] == SIZES.identifiers
    for path in ("handle_udp", "handle_tcp", "http"):
        assert figures[path]["rate"] > 0
        assert figures[path]["reference_rate"] > 0
    unknown = figures["half_unknown"]
    assert (unknown["hot_answered"], unknown["hot_answered_alone"]) == (1.0, 1.0)
    assert unknown["unknown_answered"] > 0
    rows = bars.table(figures)
    assert len(rows) == len(bars.BARS) - 2  # the other two are of a node with two workers


@pytest.mark.usefixtures("processors")
@pytest.mark.parametrize("running", [2], indirect=True)
async def test_what_two_workers_do_is_measured_and_right(running):
    wanted = frozenset((parts.REDIS, parts.RESTART))
    figures = dict(
        await asyncio.to_thread(lambda: list(parts.measure_two(*running, SIZES, wanted)))
    )
    assert not amiss(figures)
    assert figures["cold_redis"]["names"] == SIZES.redis - 2
    assert figures["cold_redis"]["hits"] == 1.0
    assert figures["rolling_restart"]["workers_replaced"] == 2
    assert figures["rolling_restart"]["asked"] > 0
