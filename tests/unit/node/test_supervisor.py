import asyncio
import os
import signal
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from edge.addresses import Address
from node.config import load
from node.listeners import CannotListen, listen_tcp
from node.lock import AlreadyRunning
from node.seats import CannotStart
from node.workers import Kind, Supervisor, crew_of


class Node:
    """A supervisor that runs in this process, with tiny children."""

    def __init__(self, environ: dict[str, str], kind: Kind = Kind.NODE):
        self.announced = asyncio.get_running_loop().create_future()
        self.dir = Path(environ["CREW_DIR"])
        self.supervisor = Supervisor(
            kind,
            load(environ),
            environ,
            announce=lambda *told: self.announced.set_result(told),
            module="tiny_child",
        )

    def told(self, name: str) -> list[list[str]]:
        """What each process of a name was told, the first one first."""
        path = self.dir / f"{name}.told"
        return [line.split() for line in path.read_text().splitlines()] if path.exists() else []

    def pid(self, name: str) -> int:
        return int(self.told(name)[-1][0])

    async def until(self, condition) -> None:
        while not condition():  # noqa: ASYNC110 -- another process writes the file
            await asyncio.sleep(0.01)


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True)}


@pytest.fixture
async def start(crew_environ):
    running = []

    @asynccontextmanager
    async def started(environ=crew_environ, **more):
        node = Node(environ, **more)
        task = asyncio.create_task(node.supervisor.run())
        running.append(task)
        await asyncio.wait({task, node.announced}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        yield node
        os.kill(os.getpid(), signal.SIGTERM)
        await task
        assert children() == set()

    yield started
    for task in running:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})


async def test_every_child_is_told_its_part_and_the_node_is_announced_when_all_serve(start):
    async with start() as node:
        addresses, credentials = node.announced.result()
        assert list(addresses) == [
            *("handle", "http", "registry", "admin", "dns", "ops", "https", "registry_tls")
        ]
        assert addresses["admin"] is None
        assert all(not addresses[n].endswith(":0") for n in ("handle", "http", "registry", "ops"))
        assert credentials == "/credentials"
        for name in ("registry", "worker-0", "worker-1"):
            ((pid, restarts, database, _, inherited_secret),) = node.told(name)
            assert int(pid) in children()
            assert (restarts, inherited_secret) == ("0", "False")
            assert database == "postgresql://n:secret@127.0.0.1:1/none"
        assert [node.told(n)[0][3] == "()" for n in ("registry", "worker-0")] == [False, True]


async def test_secrets_are_in_no_argument_list(start):
    async with start():
        for pid in children():
            assert "secret" not in " ".join(psutil.Process(pid).cmdline())


@pytest.mark.parametrize("name", ["registry", "worker-1"])
async def test_a_killed_child_is_replaced_and_told_how_many_there_were(start, name):
    async with start() as node:
        first = node.pid(name)
        os.kill(first, signal.SIGKILL)
        await node.until(lambda: len(node.told(name)) == 2)
        assert node.pid(name) != first
        assert node.told(name)[1][1] == "1"


async def test_a_child_that_is_asked_to_end_is_replaced_too(start):
    async with start() as node:
        os.kill(node.pid("worker-0"), signal.SIGTERM)
        await node.until(lambda: len(node.told("worker-0")) == 2)


async def test_nothing_is_left_in_the_way_of_the_next_start(start, crew_dir):
    async with start():
        assert (crew_dir / "var" / "node.run" / "worker-0.sock").is_socket()
        assert (crew_dir / "var" / "node.state").stat().st_mode & 0o777 == 0o600
    assert not (crew_dir / "var" / "node.run").exists()
    assert not (crew_dir / "var" / "node.state").exists()
    async with start():
        pass


async def test_a_second_node_on_the_same_data_is_refused_with_the_pid_of_the_first(
    start, crew_environ
):
    async with start():
        with pytest.raises(AlreadyRunning, match=f"pid {os.getpid()}"):
            await Node(crew_environ).supervisor.run()


async def test_a_child_that_cannot_begin_ends_the_start_with_its_words(start, crew_dir):
    (crew_dir / "behaviour").write_text("refuse")
    with pytest.raises(CannotStart, match="has no keys: make some"):
        async with start():
            pytest.fail("it did start")
    assert children() == set()


async def test_children_that_only_crash_end_the_start(start, crew_dir):
    (crew_dir / "behaviour").write_text("crash")
    with pytest.raises(CannotStart, match="ended 5 times while starting"):
        async with start():
            pytest.fail("it did start")
    assert children() == set()


async def test_later_trouble_does_not_end_the_node(start, crew_dir):
    async with start() as node:
        (crew_dir / "behaviour").write_text("refuse")
        os.kill(node.pid("worker-0"), signal.SIGKILL)
        other = node.pid("worker-1")
        await asyncio.sleep(0.5)
        (crew_dir / "behaviour").unlink()
        await node.until(lambda: len(node.told("worker-0")) == 2)
        assert node.pid("worker-1") == other


async def test_a_second_signal_waits_for_nobody(start, crew_dir):
    (crew_dir / "behaviour").write_text("stubborn")
    async with start():
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(0.1)
        # the fixture sends the second one, and asserts that nothing is left


async def test_an_address_in_use_is_told_before_anything_starts(start, crew_environ):
    with listen_tcp(Address("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        environ = crew_environ | {"IDNODE_HTTP_ADDR": f"127.0.0.1:{port}"}
        with pytest.raises(CannotListen, match=f"127.0.0.1:{port} .TCP.: another program"):
            async with start(environ):
                pytest.fail("it did start")
    assert children() == set()


async def test_one_role_by_itself(start):
    async with start(kind=Kind.RESOLVER) as node:
        addresses, credentials = node.announced.result()
        assert addresses["registry"] is None
        assert credentials is None
        assert node.told("registry") == []
        assert [node.told(f"worker-{n}")[0][3] == "()" for n in (0, 1)] == [False, True]
    async with start(kind=Kind.REGISTRY) as node:
        assert node.announced.result()[0]["handle"] is None


def test_a_crew_is_named_by_role():
    assert list(crew_of(Kind.NODE, 2)) == ["registry", "worker-0", "worker-1"]
    assert list(crew_of(Kind.RESOLVER, 1)) == ["worker-0"]
    assert list(crew_of(Kind.REGISTRY, 9)) == ["registry"]
