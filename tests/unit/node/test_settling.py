"""Waiting until every worker knows what was committed."""

import asyncio

import pytest

from node import control
from node.assignment import Role
from node.control import Health
from node.listeners import listen_unix
from node.settling import Settling


class Worker:
    """One that looks for news when it may, and counts how often."""

    def __init__(self):
        self.looked = 0
        self.began = asyncio.Event()
        self.may = asyncio.Event()

    async def caught_up(self):
        self.looked += 1
        self.began.set()
        await self.may.wait()
        return True


@pytest.fixture
async def workers(tmp_path):
    found, servers, paths = [Worker(), Worker()], [], {}
    for number, worker in enumerate(found):
        path = tmp_path / f"worker-{number}.sock"
        health = Health(f"worker-{number}", Role.WORKER)
        servers.append(await control.answer(listen_unix(path), health, list, worker.caught_up))
        paths[f"worker-{number}"] = str(path)
    yield found, paths
    for server in servers:
        server.close()
        await server.wait_closed()


async def test_it_waits_for_all_and_asks_once_for_many(workers):
    found, paths = workers
    settling = Settling(paths, patience=60)
    waiting = [asyncio.create_task(settling.settled())]
    for worker in found:
        await worker.began.wait()
    # These came when the first asking was under way, and what they committed may be later.
    waiting += [asyncio.create_task(settling.settled()) for _ in range(3)]
    found[0].may.set()
    await asyncio.sleep(0)
    assert not any(task.done() for task in waiting)
    found[1].may.set()
    await asyncio.gather(*waiting)
    assert [worker.looked for worker in found] == [2, 2]


async def test_one_that_does_not_answer_is_not_waited_for(workers, tmp_path):
    found, paths = workers
    found[0].may.set()
    settling = Settling({**paths, "gone": str(tmp_path / "gone.sock")}, patience=0.05)
    async with asyncio.timeout(30):
        await settling.settled()
    found[1].may.set()
