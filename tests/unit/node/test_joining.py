import asyncio
import contextlib
import random
import time

import pytest
from structlog.testing import capture_logs

from identifiers.directory import PrefixDirectory
from identifiers.errors import FateUnknown, StoreUnavailable
from node import control
from node.assignment import Role
from node.control import Health
from node.gauges import freshness_check
from node.joining import Checked, first_picture
from node.lifecycle import keeps_nothing
from node.listeners import listen_unix
from node.upkeep import keep_up, once_reachable
from resolver.follower import Follower, Pace
from resolver.freshness import Freshness
from resolver.tiers.local import LocalTier
from storage.memory import MemoryStore
from storage.postgres import Unsuitable

QUICK = {"patience": 0.0, "look_around": 0.01}


@pytest.fixture
async def sibling(tmp_path):
    """A worker that serves as long as `sibling.serving` says so."""
    health = Health("worker-1", Role.WORKER)
    listener = listen_unix(tmp_path / "worker-1.sock")
    server = await control.answer(listener, health, list, keeps_nothing)
    yield health
    server.close()
    await server.wait_closed()


@pytest.fixture
def siblings(tmp_path):
    return {n: str(tmp_path / f"{n}.sock") for n in ("registry", "worker-0", "worker-1")}


async def test_who_knows_already_joins_at_once(siblings):
    known = asyncio.Event()
    known.set()
    assert await first_picture(known, siblings) is True


async def test_who_learns_while_waiting_joins_then(siblings):
    known = asyncio.Event()
    asyncio.get_running_loop().call_soon(known.set)
    assert await first_picture(known, siblings) is True


async def test_who_knows_nothing_waits_while_a_sibling_answers(siblings, sibling):
    sibling.serving = True
    known = asyncio.Event()
    joining = asyncio.create_task(first_picture(known, siblings, **QUICK))
    await asyncio.sleep(0.1)
    assert not joining.done()
    known.set()
    assert await joining is True


async def test_who_knows_nothing_joins_when_nobody_else_answers(siblings, sibling):
    assert not sibling.serving
    assert await first_picture(asyncio.Event(), siblings, **QUICK) is False


async def test_nothing_is_read_before_the_schema_was_found_to_fit_and_that_is_asked_once():
    fates = [StoreUnavailable("away"), None]
    store = MemoryStore()

    async def check():
        if (error := fates.pop(0)) is not None:
            raise error

    directories = Checked(store, check)
    with pytest.raises(StoreUnavailable):
        await directories.directory()
    for _ in range(2):
        assert isinstance(await directories.directory(), PrefixDirectory)
    assert fates == []


async def test_a_schema_that_does_not_fit_ends_the_follower_whenever_the_store_comes():
    fates = [StoreUnavailable("away"), StoreUnavailable("away"), Unsuitable("newer")]
    used = []

    async def check():
        raise fates.pop(0)

    store = MemoryStore()
    follower = Follower(
        feed=store,
        directories=Checked(store, check),
        freshness=Freshness(),
        local=LocalTier(store, store, time.monotonic, random.random),
        shared=None,
        use=used.append,
        clock=time.monotonic,
        pace=Pace(poll=0.0),
    )
    with pytest.raises(ExceptionGroup) as caught:
        await follower.run()
    assert caught.group_contains(Unsuitable, match="newer")
    assert used == []
    assert not follower.ready.is_set()


async def test_a_start_waits_for_the_database():
    attempts = iter([StoreUnavailable("starting"), StoreUnavailable("starting"), None])
    done = []

    async def attempt():
        if (error := next(attempts)) is not None:
            raise error
        done.append(True)

    await once_reachable(attempt, "here", between=0)
    assert done == [True]


async def test_the_wait_is_told_at_once_and_every_ten_seconds():
    seconds = iter(range(100))  # one at the start, then one a failure

    async def attempt():
        raise StoreUnavailable("starting")

    with capture_logs() as lines, pytest.raises(StoreUnavailable):
        await once_reachable(
            attempt, "db.example in X", patience=25, between=0, clock=lambda: float(next(seconds))
        )
    assert [line["server"] for line in lines] == ["db.example in X"] * 3
    assert {line["why"] for line in lines} == {"starting"}
    assert next(seconds) == 26


async def test_but_not_for_ever():
    async def attempt():
        raise StoreUnavailable("nobody there")

    with pytest.raises(StoreUnavailable, match="nobody there"):
        await once_reachable(attempt, "here", patience=0)


async def test_a_chore_that_fails_is_done_the_next_time():
    fates = [None, StoreUnavailable("away"), FateUnknown("lost"), None]
    enough = asyncio.Event()

    async def chore():
        if not fates:
            enough.set()
        elif (error := fates.pop(0)) is not None:
            raise error

    task = asyncio.create_task(keep_up(chore, between=0))
    await enough.wait()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def test_freshness_is_told_in_words():
    freshness = Freshness()
    assert freshness_check(freshness, 0.0) == "never proven"
    freshness.prove(1.0)
    assert freshness_check(freshness, 2.0) == "ok"
    assert freshness_check(freshness, 61.0) == "not proven for 60 s"
