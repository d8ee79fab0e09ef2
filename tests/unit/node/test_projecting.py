"""How a projection is kept up to date."""

import asyncio
from itertools import count

import msgspec
import pytest

from identifiers.errors import FateUnknown, StoreUnavailable
from node.metrics import text
from node.projecting import BULK, POLL_SECONDS, Projecting, rest_after


class Done(msgspec.Struct, frozen=True):
    read: int
    age: float
    more: bool = False


class Steps:
    """Gives what it is made of, step by step."""

    def __init__(self, *steps: Done | Exception) -> None:
        self.left = list(steps)
        self.tidied = 0

    async def advance(self) -> Done:
        step = self.left.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    async def tidy(self) -> int:
        self.tidied += 1
        return 0


def test_it_rests_more_beside_bulk_work() -> None:
    for busy in (True, False):
        assert rest_after(Done(0, 0), 1.0, busy=busy) == POLL_SECONDS
    assert rest_after(Done(500, 0), 1.0, busy=True) == 19.0
    assert rest_after(Done(500, 0, more=True), 1.0, busy=False) == 0.25
    assert rest_after(Done(499, 0), 1.0, busy=False) == POLL_SECONDS


async def test_it_goes_on_through_outages_and_tells_its_lag() -> None:
    steps = Steps(
        Done(5, 1.5, more=True),
        StoreUnavailable("away"),
        FateUnknown("who knows"),
        Done(0, 0.0),
    )
    rests: list[float] = []
    lags: list[str] = []

    async def sleep(seconds: float) -> None:
        rests.append(seconds)
        lags.append(text(projecting.families()).splitlines()[-1].rpartition(" ")[2])
        if not steps.left:
            raise asyncio.CancelledError

    projecting = Projecting("search", steps, lambda: 0, sleep)
    with pytest.raises(asyncio.CancelledError):
        await projecting.run()
    assert lags == ["1.5", "1.5", "1.5", "0"]
    assert rests[1:] == [POLL_SECONDS] * 3
    assert rests[0] < POLL_SECONDS


async def test_it_tidies_now_and_then_and_never_beside_bulk_work() -> None:
    idle, behind = Done(0, 0.0), Done(5, 0.0, more=True)
    steps = Steps(*[idle] * 12, *[behind] * 4, *[idle] * 12)
    seconds = count(0.0, 0.5)
    written = count(6 * BULK, 6 * BULK)
    rounds = 0
    tidied: list[int] = []

    async def sleep(_: float) -> None:
        nonlocal rounds
        rounds += 1
        tidied.append(steps.tidied)
        if not steps.left:
            raise asyncio.CancelledError

    projecting = Projecting(
        "search",
        steps,
        lambda: next(written) if rounds > 15 else 0,
        sleep,
        lambda: next(seconds),
    )
    with pytest.raises(asyncio.CancelledError):
        await projecting.run()
    assert tidied[11] > 1
    assert tidied[11] == tidied[-1]


@pytest.mark.parametrize(("a_second", "bulk"), [(5000, False), (12_000, True)])
async def test_what_comes_at_once_every_second_counts_by_the_second(
    a_second: int, *, bulk: bool
) -> None:
    steps = Steps(*[Done(2500, 0.0)] * 20)
    now = 0.0
    rests: list[float] = []

    def clock() -> float:
        nonlocal now
        now += 0.01
        return now

    async def sleep(seconds: float) -> None:
        nonlocal now
        rests.append(seconds)
        now += POLL_SECONDS
        if not steps.left:
            raise asyncio.CancelledError

    projecting = Projecting("search", steps, lambda: a_second * int(now), sleep, clock)
    with pytest.raises(asyncio.CancelledError):
        await projecting.run()
    assert (rests[-1] != POLL_SECONDS) is bulk
    assert bulk or rests == [POLL_SECONDS] * len(rests)
