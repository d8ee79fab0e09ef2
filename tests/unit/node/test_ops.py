import asyncio
import contextlib
import socket

import aiohttp
import pytest

from edge.addresses import Address
from edge.server import serve
from node import control
from node.assignment import Role
from node.control import Health, Question, State, ask_all
from node.lifecycle import keeps_nothing
from node.listeners import bound, listen_tcp, listen_unix
from node.metrics import Family, counter
from node.ops import Operations, readiness

ANSWERS = "idnode_resolve_requests_total"


class Crew:
    """Processes of a node as far as the ops address sees them, all in this one."""

    def __init__(self, tmp_path):
        self.paths = {}
        self.health = {}
        self.families = []
        self._dir = tmp_path

    async def join(self, stack, name, role, answers):
        health = self.health[name] = Health(name, role)
        path = self._dir / f"{name}.sock"
        self.paths[name] = str(path)
        families = [counter(ANSWERS, "Answers.", {(("transport", "udp"),): answers})]
        self.families += families
        server = await control.answer(listen_unix(path), health, lambda: families, keeps_nothing)
        stack.push_async_callback(server.wait_closed)
        stack.callback(server.close)


@pytest.fixture
async def crew(tmp_path):
    async with contextlib.AsyncExitStack() as stack:
        found = Crew(tmp_path)
        await found.join(stack, "registry", Role.REGISTRY, 0)
        await found.join(stack, "worker-0", Role.WORKER, 3)
        await found.join(stack, "worker-1", Role.WORKER, 4)
        yield found


@pytest.fixture
async def ops(crew, tmp_path):
    path = tmp_path / "supervisor.sock"

    async def families():
        if crew.families is None:
            raise ValueError("as one that cannot answer")
        return crew.families

    supervisor = await control.converse(listen_unix(path), {Question.METRICS: families})
    operations = Operations(crew.health["registry"], crew.paths, str(path), "1.2.3")
    listener = listen_tcp(Address("127.0.0.1", 0))
    address = bound(listener)
    runner = await serve(operations.app(), [listener])
    async with aiohttp.ClientSession(f"http://{address}") as session:
        yield session
    await runner.cleanup()
    supervisor.close()
    await supervisor.wait_closed()


async def test_a_process_that_turns_its_loop_is_alive(ops):
    for path in ("/livez", "/healthz"):
        async with ops.get(path) as answer:
            assert (answer.status, await answer.text()) == (200, "ok\n")


async def test_the_node_is_ready_when_each_role_has_a_process_that_serves(ops, crew):
    async with ops.get("/readyz") as answer:
        assert (answer.status, await answer.text()) == (503, "not ready\n")
    for name in ("registry", "worker-1"):
        crew.health[name].serving = True
    async with ops.get("/readyz") as answer:
        assert (answer.status, await answer.text()) == (200, "ready\n")


async def test_verbose_readiness_tells_each_process_and_its_checks(
    ops, crew, tmp_path, monkeypatch
):
    monkeypatch.setattr("node.control.CHECK_PATIENCE", 0.01)
    for health in crew.health.values():
        health.serving = True

    async def away():
        return "away for 3 s"

    crew.health["worker-0"].check("database", away)
    crew.health["worker-0"].check("hung", asyncio.Event().wait)
    crew.paths["worker-2"] = str(tmp_path / "nobody.sock")
    async with ops.get("/readyz?verbose") as answer:
        assert answer.status == 200
        told = await answer.json()
    assert told["missing"] == ["worker-2"]
    assert [(p["name"], p["ready"]) for p in told["processes"]] == [
        ("registry", True),
        ("worker-0", True),
        ("worker-1", True),
    ]
    assert told["processes"][1]["checks"] == {
        "database": "away for 3 s",
        "hung": "no answer in time",
    }


async def test_a_node_that_drains_is_not_ready(ops, crew):
    for health in crew.health.values():
        health.serving = True
    crew.health["registry"].draining = True
    async with ops.get("/readyz") as answer:
        assert answer.status == 503


async def test_metrics_are_those_of_all_processes(ops):
    async with ops.get("/metrics") as answer:
        assert answer.content_type == "text/plain"
        lines = (await answer.text()).splitlines()
    assert f'{ANSWERS}{{transport="udp"}} 7' in lines
    assert 'idnode_build_info{version="1.2.3"} 1' in lines


async def test_no_metrics_are_better_than_some_of_them(ops, crew):
    crew.families = None
    async with ops.get("/metrics") as answer:
        assert answer.status == 503


def test_one_dead_worker_of_two_leaves_the_node_ready():
    def state(name, role):
        return State(name=name, role=role, pid=1, ready=True, checks={})

    answers = {
        "registry": state("registry", Role.REGISTRY),
        "worker-0": None,
        "worker-1": state("worker-1", Role.WORKER),
    }
    assert readiness(answers).ready
    assert not readiness(answers | {"worker-1": None}).ready
    assert not readiness(answers | {"registry": None}).ready


async def test_a_process_that_does_not_answer_in_time_is_missing(tmp_path):
    with listen_unix(tmp_path / "hung.sock"):
        paths = {"worker-0": str(tmp_path / "hung.sock")}
        assert await ask_all(paths, Question.STATE, State, patience=0.05) == {"worker-0": None}


async def test_a_cut_answer_counts_as_none(tmp_path):
    async def cut(reader, writer):
        await reader.readline()
        writer.write(b'[{"name":')
        writer.close()

    server = await asyncio.start_unix_server(cut, tmp_path / "cut.sock")
    async with server:
        paths = {"worker-0": str(tmp_path / "cut.sock")}
        assert await ask_all(paths, Question.METRICS, list[Family]) == {"worker-0": None}


async def test_nonsense_on_the_control_socket_gets_no_answer(crew):
    reader, writer = await asyncio.open_unix_connection(crew.paths["worker-0"])
    writer.write(b"\xff\n")
    assert await reader.read() == b""
    writer.close()
    reader, writer = await asyncio.open_unix_connection(crew.paths["worker-0"])
    writer.write(b"secrets\n")
    assert await reader.read() == b""
    writer.close()
    with socket.socket(socket.AF_UNIX) as gone:
        gone.connect(crew.paths["worker-0"])
    assert (await ask_all(crew.paths, Question.STATE, State))["worker-0"] is not None
