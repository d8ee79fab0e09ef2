"""Every cell of the matrix over every channel, asked of a running node."""

import asyncio
from itertools import product

import pytest

from identifiers.relay import Channel as Told
from identifiers.wire.handle import message as wire
from identifiers.wire.handle.codes import OpCode
from tests.e2e.nodes import Node
from tests.matrix.cells import CELLS, OWN_PREFIX, PREFIXES, QUESTIONS, Standing, cells_of
from tests.matrix.channels import NO_CALL, REST_ONLY, TRANSPORTS, Channel, call_of, expected
from tests.matrix.messages import message
from tests.matrix.scene import Scene

ASKED = list(product(QUESTIONS, Channel))
CHANGES = range(OpCode.CREATE_HANDLE, OpCode.MODIFY_VALUE + 1)
SPARED = {Standing.PARENT, Standing.LETTER, Standing.DERIVED}
"""Asked about over TCP alone; the services are asked about these too, in every form. Nothing is
verified under them: each wrong proof is an attempt that failed, and after many a node is slow.
"""
NOT_OVER_REST = {"nonsense", "create what is there", "change no key", "log in"}
"""What has no call; and creating what is there, which every PUT may be."""


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    node = Node(tmp_path_factory.mktemp("matrix"), settings={"IDNODE_WORKERS": "1"})
    asyncio.run(node.start())
    try:
        found = Scene(node)
        asyncio.run(found.furnish())
        yield found
    finally:
        asyncio.run(node.stop())


def test_no_cell_is_missing():
    asked = {
        (cell.question.op_code, channel, cell.standing) for cell in CELLS for channel in Channel
    }
    assert asked == set(product(OpCode, Channel, Standing))
    assert set(TRANSPORTS) == set(Channel) - {Channel.REST}
    assert len(Told) == len(TRANSPORTS)
    assert set(REST_ONLY) <= {question.name for question in QUESTIONS}


def test_only_what_is_not_offered_has_no_call():
    without = {cell.question.name for cell in CELLS if call_of(cell) is None}
    offered = {cell.question.name for cell in CELLS if cell.code != 5}
    assert without & offered == NOT_OVER_REST
    for cell in CELLS:
        assert (expected(cell, Channel.REST) == NO_CALL) == (cell.question.name in without)


@pytest.mark.parametrize(
    ("question", "channel"),
    [pytest.param(q, c, id=f"{q.name} over {c.value}") for q, c in ASKED],
)
async def test_a_row_of_the_matrix(scene, question, channel):
    cells = asked_apart(question, channel)
    if channel is Channel.REST and call_of(cells[0]) is None:
        assert all(expected(cell, channel) == NO_CALL for cell in cells)
        return
    before = scene.known or await scene.versions()
    wanted = {cell.standing: expected(cell, channel) for cell in cells}
    found = {cell.standing: await scene.ask(cell, channel) for cell in cells}
    assert found == wanted
    after = await scene.versions()
    changed = {key for key in before | after if before.get(key) != after.get(key)}
    if question.op_code in CHANGES and wanted[Standing.OWN][1] == 1:
        assert changed
        assert all(_own(key) for key in changed)
        await scene.restore()
    else:
        assert not changed


def asked_apart(question, channel):
    """Return the cells that are asked differently; many questions name no prefix."""
    found = {}
    for cell in cells_of(question):
        spared = channel is not Channel.TCP or question.op_code == OpCode.VERIFY_RESPONSE
        if spared and cell.standing in SPARED:
            continue
        call = call_of(cell)
        target = "" if call is None else call.target.format(prefix=PREFIXES[cell.standing])
        said = wire.encode(message(cell)), target, cell.standing is Standing.NOBODY
        found.setdefault(said, cell)
    return list(found.values())


def _own(key: str) -> bool:
    own = {f"{OWN_PREFIX}/THERE", f"{OWN_PREFIX}/NEW"}
    return key in own | {f"0.NA/{OWN_PREFIX}", f"0.NA/{OWN_PREFIX}.77"}
