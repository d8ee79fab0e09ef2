"""What is made while somebody is at what was made before."""

import asyncio
from contextlib import aclosing

import pytest

from registry.imports.ahead import read_ahead


async def made(log, count):
    try:
        for number in range(count):
            log.append(f"made {number}")
            yield number
    finally:
        log.append("closed")


async def test_the_next_is_made_while_somebody_is_at_one():
    log = []
    async with aclosing(read_ahead(made(log, 3))) as items:
        async for number in items:
            await asyncio.sleep(0)
            log.append(f"used {number}")
    assert log == ["made 0", "made 1", "used 0", "made 2", "used 1", "closed", "used 2"]


async def test_an_error_comes_behind_what_was_made_before_it():
    async def breaking():
        yield 1
        raise ValueError("broken")

    items = read_ahead(breaking())
    assert await anext(items) == 1
    await asyncio.sleep(0)
    with pytest.raises(ValueError, match="broken"):
        await anext(items)


@pytest.mark.parametrize("turns", [0, 3])
async def test_whoever_leaves_early_leaves_nothing_behind(turns):
    async def breaking():
        yield 1
        await asyncio.sleep(0)
        raise ValueError("nobody comes to it")

    source = breaking()
    async with aclosing(source), aclosing(read_ahead(source)) as items:
        assert await anext(items) == 1
        for _ in range(turns):
            await asyncio.sleep(0)
    with pytest.raises(StopAsyncIteration):
        await anext(source)
