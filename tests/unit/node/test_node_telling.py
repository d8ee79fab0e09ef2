import asyncio

import pytest

from identifiers.errors import FateUnknown, StoreUnavailable
from node.telling import Telling


class Store:
    """Takes numbers, and fails as it is told."""

    def __init__(self):
        self.added, self.errors = [], []

    async def add(self, tally):
        if self.errors:
            raise self.errors.pop(0)
        self.added.append(tally)


@pytest.fixture
def counted():
    return [3, 2, 1]


async def test_all_that_was_counted_is_told(counted):
    store = Store()
    await Telling(store, lambda: counted.pop() if counted else None).tell()
    assert store.added == [1, 2, 3]


@pytest.mark.parametrize("error", [StoreUnavailable("away"), FateUnknown("lost")])
async def test_what_was_not_stored_is_told_first_the_next_time(counted, error):
    store = Store()
    telling = Telling(store, lambda: counted.pop() if counted else None)
    store.errors.append(error)
    await telling.tell()
    assert store.added == []
    assert counted == [3, 2], "the rest waits where it is counted"
    await telling.tell()
    assert store.added == [1, 2, 3]


async def test_it_goes_on_until_it_is_cancelled(counted):
    store = Store()
    running = asyncio.create_task(Telling(store, lambda: counted.pop() if counted else None).run(0))
    while len(store.added) < 3:  # noqa: ASYNC110 -- no event tells
        await asyncio.sleep(0)
    counted.append(4)
    while len(store.added) < 4:  # noqa: ASYNC110 -- no event tells
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait({running})
