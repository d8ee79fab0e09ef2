import asyncio
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import psutil
import pytest
import structlog
from structlog.testing import capture_logs

from edge.addresses import Address
from node.config import load
from node.control import Done, Question, ask
from node.listeners import CannotListen, listen_tcp
from node.lock import AlreadyRunning
from node.metrics import Family
from node.seats import CannotStart
from node.silence import ALLOWED_STARTING
from node.workers import Kind, Supervisor, crew_of
from storage.embedded.spawn import rank_session


class Node:
    """A supervisor that runs in this process, with tiny children."""

    def __init__(self, environ: dict[str, str], kind: Kind = Kind.NODE, **more):
        self.announced = asyncio.get_running_loop().create_future()
        self.dir = Path(environ["CREW_DIR"])
        self.supervisor = Supervisor(
            kind,
            load(environ),
            environ,
            announce=lambda *told: self.announced.set_result(told),
            module="tiny_child",
            **more,
        )

    def told(self, name: str) -> list[list[str]]:
        """What each process of a name was told, the first one first."""
        path = self.dir / f"{name}.told"
        return [line.split() for line in path.read_text().splitlines()] if path.exists() else []

    def pid(self, name: str) -> int:
        return int(self.told(name)[-1][0])

    def left(self, name: str) -> list[int]:
        """Which processes of a name were told that another serves already."""
        path = self.dir / f"{name}.left"
        return list(map(int, path.read_text().split())) if path.exists() else []

    async def order(self, question: Question) -> Done:
        path = self.dir / "var" / "node.run" / "supervisor.sock"
        return await ask(str(path), question, Done, None)

    async def metrics(self) -> dict[tuple[str, tuple], float]:
        path = self.dir / "var" / "node.run" / "supervisor.sock"
        families = await ask(str(path), Question.METRICS, list[Family], None)
        return {(f.name, sample.labels): sample.value for f in families for sample in f.samples}

    async def until(self, condition) -> None:
        while not condition():  # noqa: ASYNC110 -- another process writes the file
            await asyncio.sleep(0.01)


_others: set[int] = set()
"""Children that other tests have in the same process, such as a database."""


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True)} - _others


@pytest.fixture(autouse=True)
def _nothing_of_others() -> Iterator[None]:
    _others.clear()
    _others.update(children())
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    # A reload sets up the log.
    structlog.reset_defaults()
    logging.basicConfig(handlers=handlers, level=level, force=True)


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
            ((pid, level, database, _, inherited_secret),) = node.told(name)
            assert int(pid) in children()
            assert (level, inherited_secret) == ("None", "False")
            assert database == "postgresql://n:secret@127.0.0.1:1/none"
        assert [node.told(n)[0][3] == "()" for n in ("registry", "worker-0")] == [False, True]


async def test_secrets_are_in_no_argument_list(start):
    async with start():
        for pid in children():
            assert "secret" not in " ".join(psutil.Process(pid).cmdline())


@pytest.mark.parametrize("name", ["registry", "worker-1"])
async def test_a_killed_child_is_replaced(start, name):
    async with start() as node:
        first = node.pid(name)
        os.kill(first, signal.SIGKILL)
        await node.until(lambda: len(node.told(name)) == 2)
        assert node.pid(name) != first


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


async def test_a_data_directory_that_is_a_file_is_told(crew_environ, tmp_path):
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(CannotStart, match="is a file: it must be a directory"):
        await Node(crew_environ | {"IDNODE_DATA_DIR": str(file)}).supervisor.run()


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


NAMES = ("registry", "worker-0", "worker-1")


async def test_workers_are_replaced_by_such_as_serve_before_they_leave(start):
    async with start() as node:
        first = {name: node.pid(name) for name in NAMES}
        done = await node.order(Question.RESTART_WORKERS)
        assert done == Done(ok=True, told=("replaced: worker-0, worker-1",))
        for name in NAMES:
            assert (node.pid(name) == first[name]) == (name == "registry")
        assert [node.left(name) for name in NAMES] == [[], [first["worker-0"]], [first["worker-1"]]]
        assert children() == {node.pid(name) for name in NAMES}


async def test_the_registry_is_replaced_when_everything_is(start):
    async with start() as node:
        first = {name: node.pid(name) for name in NAMES}
        done = await node.order(Question.RESTART_ALL)
        assert done.told == ("replaced: worker-0, worker-1, registry",)
        assert all(node.pid(name) != first[name] for name in NAMES)
        assert node.left("registry") == []


async def test_a_replaced_child_that_dies_is_replaced(start):
    async with start() as node:
        await node.order(Question.RESTART_WORKERS)
        os.kill(node.pid("worker-1"), signal.SIGKILL)
        await node.until(lambda: len(node.told("worker-1")) == 3)


async def test_who_dies_while_it_is_replaced_leaves_its_place_to_the_successor(start, crew_dir):
    async with start() as node:
        first = node.pid("worker-0")
        (crew_dir / "behaviour").write_text("slow None")
        order = asyncio.create_task(node.order(Question.RESTART_WORKERS))
        await node.until(lambda: len(node.told("worker-0")) == 2)
        heir = node.pid("worker-0")
        os.kill(first, signal.SIGKILL)
        (crew_dir / "behaviour").unlink()
        os.kill(heir, signal.SIGKILL)
        assert (await order).ok is False
        await node.until(lambda: len(node.told("worker-0")) == 3)
        await node.until(lambda: first not in children() and heir not in children())


@pytest.mark.parametrize("name", ["registry", "worker-0"])
async def test_a_hung_child_is_replaced(start, monkeypatch, name):
    monkeypatch.setattr("node.totals.PATIENCE", 0.05)
    async with start(pulse=0.3) as node:
        hung = node.pid(name)
        os.kill(hung, signal.SIGSTOP)
        await node.until(lambda: len(node.told(name)) == 2)
        assert hung not in children()
        assert (await node.metrics())["idnode_process_hung_total", (("process", name),)] == 1


async def test_a_child_that_hangs_while_it_starts_is_given_longer(start, crew_dir):
    async with start(pulse=0.2) as node:
        (crew_dir / "behaviour").write_text("never ready")
        os.kill(node.pid("worker-0"), signal.SIGKILL)
        await node.until(lambda: len(node.told("worker-0")) == 2)
        (crew_dir / "behaviour").unlink()
        with capture_logs() as logged:
            os.kill(node.pid("worker-0"), signal.SIGSTOP)
            await node.until(lambda: len(node.told("worker-0")) == 3)
        (killed,) = (entry for entry in logged if entry["event"] == "child killed: it hangs")
        assert killed["signs_missed"] >= ALLOWED_STARTING


@contextmanager
def starving(pid: int) -> Iterator[None]:
    """Leave a process next to nothing of a processor that others keep busy."""
    place = {min(os.sched_getaffinity(0))}
    os.sched_setaffinity(pid, place)
    os.setpriority(os.PRIO_PROCESS, pid, 19)
    with ExitStack() as stack:
        for _ in range(2):
            # In sessions of their own, which the kernel may weigh rather than processes.
            loop = subprocess.Popen(
                [sys.executable, "-c", "while True: pass"], start_new_session=True
            )
            stack.callback(loop.wait)
            stack.callback(loop.kill)
            os.sched_setaffinity(loop.pid, place)
        yield


async def test_a_starved_child_is_left_alone(start, crew_dir, monkeypatch):
    monkeypatch.setattr("node.totals.PATIENCE", 0.05)
    (crew_dir / "behaviour").write_text("works worker-0")
    starved = "idnode_process_starved_total", (("process", "worker-0"),)
    async with start(pulse=0.2) as node:
        pid = node.pid("worker-0")
        while not rank_session(pid, 19):  # noqa: ASYNC110 -- the kernel takes it in a moment
            await asyncio.sleep(0.01)
        with starving(pid):
            while not (await node.metrics())[starved]:  # noqa: ASYNC110 -- as operators see it
                await asyncio.sleep(0.01)
        # The others are gone: it goes on, and is the same.
        counted = await node.metrics()
        assert counted["idnode_process_hung_total", (("process", "worker-0"),)] == 0
        assert counted["idnode_process_restarts_total", (("process", "worker-0"),)] == 0
        assert node.pid("worker-0") == pid
        assert pid in children()


async def test_what_ended_children_counted_is_kept(start, monkeypatch):
    monkeypatch.setattr("node.totals.PATIENCE", 0.05)

    def sums(metrics):
        return metrics["answers_total", ()], metrics["connections", ()]

    async with start() as node:
        # Nobody answers at the control sockets of these children: what they last said counts.
        while sums(await node.metrics()) != (15, 3):  # noqa: ASYNC110 -- they tell it
            await asyncio.sleep(0.01)
        await node.order(Question.RESTART_ALL)
        os.kill(node.pid("worker-0"), signal.SIGKILL)
        await node.until(lambda: len(node.told("worker-0")) == 3)
        while sums(await node.metrics()) != (35, 3):  # noqa: ASYNC110 -- they tell it
            await asyncio.sleep(0.01)
        found = await node.metrics()
        assert found["idnode_process_restarts_total", (("process", "worker-0"),)] == 2
        assert found["idnode_process_up", (("process", "worker-0"),)] == 0


@pytest.fixture
def settings(crew_dir, crew_environ):
    """A file of settings, and the environment that names it."""
    path = crew_dir / "settings.env"
    path.write_text("IDNODE_DRAIN_DELAY=0\n")
    return path, crew_environ | {"IDNODE_SETTINGS_FILE": str(path)}


def levels(node):
    return [node.told(name)[-1][1] for name in NAMES]


@pytest.mark.parametrize("how", ["order", "signal"])
async def test_a_reload_applies_what_can_be_applied_and_names_the_rest(start, settings, how):
    path, environ = settings
    async with start(environ) as node:
        path.write_text("IDNODE_LOG_LEVEL=warning\nIDNODE_KEYS_DIR=/elsewhere\n")
        if how == "order":
            done = await node.order(Question.RELOAD)
            assert done.ok
            assert done.told == (
                "IDNODE_KEYS_DIR needs a restart of the whole node",
                "IDNODE_LOG_LEVEL is applied",
                "replaced: worker-0, worker-1, registry",
            )
        else:
            os.kill(os.getpid(), signal.SIGHUP)
        await node.until(lambda: levels(node) == ["warning"] * 3)
        if how == "order":
            assert (await node.order(Question.RELOAD)).told[-1] == "nothing to apply"
            # What comes after a crash works with the new settings too.
            os.kill(node.pid("worker-0"), signal.SIGKILL)
            await node.until(lambda: len(node.told("worker-0")) == 3)
            assert levels(node) == ["warning"] * 3


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("IDNODE_LOG_LEVEL=loud\n", "IDNODE_LOG_LEVEL: must be"),
        ("", "cut"),
        ("\n", "no setting in it"),
        ("IDNODE_LOG_LEVEL=warning", "cut"),
        ("IDNODE_LOG_LEVEL=info\nIDNODE_LOG_LEVEL=debug\n", "stands there twice"),
        ("IDNODE_LOG_LEVEL=info\nIDNODE_LOGLEVEL=debug\n", "IDNODE_LOGLEVEL is no setting"),
        ("IDNODE_LOG_LEVEL\n", "line 1 is not NAME=value"),
        (None, "cannot be read"),
    ],
)
async def test_a_faulty_configuration_changes_nothing(start, settings, text, why):
    path, environ = settings
    async with start(environ) as node:
        first = children()
        path.unlink() if text is None else path.write_text(text)
        done = await node.order(Question.RELOAD)
        assert not done.ok
        assert why in done.told[0]
        assert done.told[-1] == "the settings in force stay as they are"
        assert children() == first


@pytest.mark.parametrize("victim", ["worker", "registry"])
async def test_settings_that_a_process_cannot_begin_with_are_taken_back(
    start, settings, crew_dir, victim
):
    path, environ = settings
    async with start(environ) as node:
        (crew_dir / "behaviour").write_text(f"refuse warning {victim}")
        path.write_text("IDNODE_LOG_LEVEL=warning\n")
        done = await node.order(Question.RELOAD)
        assert not done.ok
        assert any("does not like that" in sentence for sentence in done.told)
        assert done.told[-1] == "the settings before it are in force again"
        await node.until(lambda: levels(node)[0] == "None")
        assert [node.pid(name) in children() for name in NAMES].count(True) >= 2
        (crew_dir / "behaviour").unlink()
        done = await node.order(Question.RELOAD)
        assert done.ok
        assert levels(node) == ["warning"] * 3


def test_a_crew_is_named_by_role():
    assert list(crew_of(Kind.NODE, 2)) == ["registry", "worker-0", "worker-1"]
    assert list(crew_of(Kind.RESOLVER, 1)) == ["worker-0"]
    assert list(crew_of(Kind.REGISTRY, 9)) == ["registry"]
