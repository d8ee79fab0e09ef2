import asyncio
import gc
import os
import signal

import pytest

from node.assignment import Assignment, Counted, Role, Sockets
from node.config import load
from node.control import Question, State, ask_all
from node.lifecycle import live
from node.listeners import listen_unix
from node.metrics import counter
from node.seats import LEAVE


@pytest.fixture(autouse=True)
def thawed():
    """What a child freezes stays for its life; this process goes on."""
    yield
    gc.unfreeze()


@pytest.fixture
def assignment(tmp_path):
    listener = listen_unix(tmp_path / "worker-0.sock")
    return Assignment(
        name="worker-0",
        role=Role.WORKER,
        settings={},
        database="",
        redis=None,
        sockets=Sockets(control=listener.detach()),
        siblings={"worker-0": str(tmp_path / "worker-0.sock")},
    )


def ignored(_):
    """What a child counts is another test's."""


async def state(assignment):
    return (await ask_all(assignment.siblings, Question.STATE, State))["worker-0"]


async def test_a_role_serves_until_sigterm_and_closes_in_reverse(assignment):
    events, serves = [], asyncio.Event()

    async def fine():
        return "ok"

    async def begin(running):
        running.stack.callback(events.append, "store closed")
        running.stack.callback(events.append, "listener closed")
        running.prepared()
        running.credentials = "/c"
        running.health.check("store", fine)

    def ready(credentials):
        events.append(f"ready {credentials}")
        serves.set()

    task = asyncio.create_task(
        live(
            assignment,
            load({"IDNODE_DRAIN_DELAY": "1"}),
            begin,
            prepared=lambda: events.append("prepared"),
            ready=ready,
            counted=ignored,
        )
    )
    await serves.wait()
    serving = await state(assignment)
    assert (serving.ready, serving.checks, serving.pid) == (True, {"store": "ok"}, os.getpid())
    os.kill(os.getpid(), signal.SIGTERM)
    while (await state(assignment)).ready:  # noqa: ASYNC110 -- as a load balancer finds out
        await asyncio.sleep(0)
    await task
    assert events == ["prepared", "ready /c", "listener closed", "store closed"]


async def test_a_stop_while_it_begins_is_no_failure(assignment):
    begun, closed = asyncio.Event(), []

    async def begin(running):
        running.stack.callback(closed.append, "closed")
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(
        live(
            assignment,
            load({}),
            begin,
            prepared=pytest.fail,
            ready=pytest.fail,
            counted=ignored,
        )
    )
    await begun.wait()
    os.kill(os.getpid(), signal.SIGTERM)
    await task
    assert closed == ["closed"]


async def test_what_begin_raises_comes_out(assignment):
    async def begin(_):
        raise RuntimeError("no keys")

    with pytest.raises(RuntimeError, match="no keys"):
        await live(
            assignment, load({}), begin, prepared=pytest.fail, ready=pytest.fail, counted=ignored
        )


async def test_failed_background_work_ends_the_process(assignment):
    proceed = asyncio.Event()

    async def work():
        await proceed.wait()
        raise RuntimeError("lost")

    async def begin(running):
        running.background(work(), "work")
        running.background(asyncio.sleep(0), "done soon")
        running.background(asyncio.Event().wait(), "never done")

    with pytest.raises(RuntimeError, match="lost"):
        await live(
            assignment,
            load({}),
            begin,
            prepared=pytest.fail,
            ready=lambda _: proceed.set(),
            counted=ignored,
        )


async def test_background_work_that_fails_while_it_begins_ends_that_too(assignment):
    ends = []

    async def fail():
        raise RuntimeError("does not fit")

    async def work():
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fail())

    async def begin(running):
        running.stack.callback(ends.append, "closed")
        running.background(work(), "work")
        try:
            await asyncio.Event().wait()
        finally:
            ends.append("begun no further")

    with pytest.raises(RuntimeError, match="does not fit"):
        await live(
            assignment, load({}), begin, prepared=pytest.fail, ready=pytest.fail, counted=ignored
        )
    assert ends == ["begun no further", "closed"]


async def test_a_role_that_is_succeeded_leaves_without_delay_and_says_all_that_it_counted(
    assignment,
):
    told, serves, counted = [], asyncio.Event(), []

    async def begin(running):
        running.stack.callback(lambda: told.append(running.succeeded))
        running.stack.callback(lambda: counted.append("closed"))
        running.metrics.append(lambda: [counter("seen_total", "", {(): len(counted)})])

    task = asyncio.create_task(
        live(
            assignment,
            load({"IDNODE_DRAIN_DELAY": "300"}),
            begin,
            prepared=ignored,
            ready=lambda _: serves.set(),
            counted=told.append,
        )
    )
    await serves.wait()
    os.kill(os.getpid(), LEAVE)
    await task
    *earlier, succeeded, last = told
    assert succeeded is True
    assert all(isinstance(report, Counted) for report in earlier)
    assert earlier, "no sign of life while it began"
    assert next(f for f in last.families if f.name == "seen_total").samples[0].value == 1
