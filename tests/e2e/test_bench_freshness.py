import asyncio

import pytest

from loadtest.bench import freshness, nodes


async def measured(node, key, writes):
    running = nodes.Node(node.environment, node.ready, node.pid)
    handle = f"{node.prefix}/FRESH"
    return await asyncio.to_thread(freshness.measure, running, key, handle, writes=writes)


async def test_every_worker_is_asked_how_soon_it_tells_a_write(node):
    told = await measured(node, node.api_key, 3)
    assert (told["workers"], told["writes"], told["wrong"]) == (2, 6, 0)
    for redis in ("redis_up", "redis_stopped"):
        assert 0 < told[redis]["median_ms"] <= told[redis]["max_ms"]
    # Redis goes on where it was stopped, and the workers go back to it.
    async with node.http() as http, node.registry() as registry:
        assert (await http.resolve(f"{node.prefix}/FRESH")).found
        assert (await registry.delete(f"{node.prefix}/FRESH")).version == 8


async def test_a_refused_write_is_no_figure(node):
    with pytest.raises(ConnectionError, match="401"):
        await measured(node, "nobody.nothing", 1)


def test_a_write_that_was_never_told_has_no_time():
    assert freshness._summary([None, None]) == {"median_ms": None, "max_ms": None}
    assert freshness._summary([0.002, None, 0.004]) == {"median_ms": 3.0, "max_ms": 4.0}
