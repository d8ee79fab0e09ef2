"""How a projection is kept up to date."""

import asyncio

import msgspec
import pytest

from identifiers.errors import FateUnknown, StoreUnavailable
from node.metrics import text
from node.projecting import POLL_SECONDS, Projecting, rest_after


class Done(msgspec.Struct, frozen=True):
    read: int
    age: float


def test_it_rests_more_beside_bulk_work() -> None:
    assert rest_after(0, 1.0, busy=True) == POLL_SECONDS
    assert rest_after(0, 1.0, busy=False) == POLL_SECONDS
    assert rest_after(500, 1.0, busy=True) == 19.0
    assert rest_after(500, 1.0, busy=False) == 0.25


async def test_it_goes_on_through_outages_and_tells_its_lag() -> None:
    steps: list[Done | Exception] = [
        Done(5, 1.5),
        StoreUnavailable("away"),
        FateUnknown("who knows"),
        Done(0, 0.0),
    ]
    rests: list[float] = []
    lags: list[str] = []

    async def advance() -> Done:
        step = steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    async def sleep(seconds: float) -> None:
        rests.append(seconds)
        lags.append(text(projecting.families()).splitlines()[-1].rpartition(" ")[2])
        if not steps:
            raise asyncio.CancelledError

    projecting = Projecting("reverse", advance, lambda: 0, sleep)
    with pytest.raises(asyncio.CancelledError):
        await projecting.run()
    assert lags == ["1.5", "1.5", "1.5", "0"]
    assert rests[1:] == [POLL_SECONDS] * 3
    assert rests[0] < POLL_SECONDS
