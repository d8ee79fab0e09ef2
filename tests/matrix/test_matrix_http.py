"""Every operation of both HTTP APIs, asked by everybody about what is his and what is not.

Over the stores in memory all cells, a test for each row. On a running node each answer of each row
once, with callers in turn; and all cells with the tests of whole size.
"""

from contextlib import asynccontextmanager

import aiohttp
import pytest
import pytest_asyncio

from identifiers.principals import Role, Scope
from node.commands.accounts import act, adding
from node.config import load
from tests.e2e.nodes import Node
from tests.matrix.http_scene import Scene
from tests.matrix.http_table import EVERY_ROW, REFUSALS, Asking, operation_of
from tests.matrix.in_memory import Memory, served
from tests.matrix.rights import ENTERPRISES_ROLES, NODE_ROLES, SCOPES, WHO
from tests.matrix.snms_rows import FORBIDDEN, LOG_IN

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene():
    memory = Memory()
    secret = await memory.administrator()
    async with served(memory) as base, aiohttp.ClientSession(base) as session:
        found = Scene(session, memory.written)
        await found.furnish(secret)
        yield found


async def test_every_operation_has_its_row(scene):
    assert {operation_of(name) for name in EVERY_ROW} == set(scene.operations)


async def test_every_role_and_scope_asks(scene):
    assert set(ENTERPRISES_ROLES) | set(NODE_ROLES) == set(Role)
    assert set(SCOPES) == set(Scope)
    asking = {caller.role for caller in scene.callers} | {
        scope for caller in scene.callers if len(caller.scopes) == 1 for scope in caller.scopes
    }
    assert asking - {""} == set(Role) | set(Scope)


async def test_who_may_is_never_told_what_who_may_not_is():
    refusals = REFUSALS | {LOG_IN, FORBIDDEN}
    for name, row in EVERY_ROW.items():
        assert row.action in {*WHO, ""}
        assert set(row.fit.split()).isdisjoint({*refusals, row.none}), name


@pytest.mark.parametrize("name", sorted(EVERY_ROW))
async def test_a_row_of_the_table(scene, name):
    asking = Asking(scene, name)
    wrong = await asking.wrong_cells(asking.cells())
    assert not wrong, told({name: wrong})


@asynccontextmanager
async def on_a_node(directory):
    """Start a node and furnish it."""
    node = Node(directory, settings={"IDNODE_WORKERS": "1"})
    await node.start()
    try:
        work = adding("first", role=Role.ADMINISTRATOR, enterprise=None, password=None)
        secret = await act(load(node.environment), work)
        async with aiohttp.ClientSession(node.url("registry")) as session:
            found = Scene(session)
            await found.furnish(secret)
            yield found
    finally:
        await node.stop()


async def test_each_answer_of_each_row_on_a_node(tmp_path):
    """One caller for each standing and answer, in turns."""
    async with on_a_node(tmp_path) as scene:
        assert {operation_of(name) for name in EVERY_ROW} == set(scene.operations)
        askings = {name: Asking(scene, name) for name in EVERY_ROW}
        wrong = {
            name: await asking.wrong_cells(asking.sample(turn))
            for turn, (name, asking) in enumerate(askings.items())
        }
    assert not any(wrong.values()), told(wrong)


@pytest.mark.large
async def test_the_whole_table_on_a_node(tmp_path):
    async with on_a_node(tmp_path) as scene:
        askings = {name: Asking(scene, name) for name in EVERY_ROW}
        wrong = {name: await each.wrong_cells(each.cells()) for name, each in askings.items()}
    assert not any(wrong.values()), told(wrong)


def told(wrong):
    """Return all wrong cells, a line for each."""
    return "\n".join(f"{name}: {cell}" for name, cells in wrong.items() for cell in cells)
