"""Administrators over the Handle protocol whose keys another node has."""

import asyncio

import pytest

from identifiers.elsewhere import Trouble
from identifiers.principals import HandleIdentity
from identifiers.wire.cursor import text
from identifiers.wire.handle import bodies
from identifiers.wire.handle.codes import OpCode
from registry.attempts import OF_PAIR
from registry.elsewhere import KEPT
from registry.proofs import Reason
from tests.unit.registry.handle.wire import (
    SECRET,
    InSession,
    add,
    administered_by,
    answer,
    code,
    create,
    login,
    request,
    url,
)
from tests.unit.registry.remote import SITES, delegate

FAR = HandleIdentity("88.300.10/ME", 300)
SHARED = "88.300.1/SHARED"
TROUBLED = [t for t in Trouble if t not in {Trouble.BUSY, Trouble.NOWHERE}]


@pytest.fixture
async def shared(node, store, far):
    """An identifier here that somebody administers whose key is elsewhere."""
    await delegate(store, "88.300.10", *SITES)
    far.put(str(FAR), "HS_SECKEY", SECRET)
    node.keep(SHARED, url(), administered_by(FAR.handle, FAR.index))
    return SHARED


async def test_who_is_known_elsewhere_administers_here(caller, shared):
    assert code(await caller.prove(add(shared, url(2)), FAR)) == 1
    assert code(await caller.prove(add(shared, url(3)), FAR, secret=b"wrong")) == 403
    assert code(await caller.prove(create("88.300.1/NEW"), FAR)) == 400


@pytest.mark.parametrize("trouble", TROUBLED)
async def test_what_is_to_be_done_is_told(caller, shared, far, trouble):
    far.trouble = trouble
    told = await caller.prove(add(shared, url(2)), FAR)
    assert (code(told), told.body.text) == (406, Reason[trouble.name])


async def test_a_node_that_is_busy_is_told_as_busy(caller, shared, far):
    far.trouble = Trouble.BUSY
    assert code(await caller.prove(add(shared, url(2)), FAR)) == 3


async def test_nobody_waits_for_anothers_silence_and_silence_is_no_wrong_answer(
    node, caller, shared, far
):
    far.trouble = Trouble.SILENT
    for _ in range(2 * OF_PAIR):
        assert code(await caller.prove(add(shared, url(2)), FAR)) == 406
    far.trouble = None
    node.clock.now += KEPT
    assert code(await caller.prove(add(shared, url(2)), FAR)) == 1


async def test_others_are_answered_meanwhile(caller, shared, far):
    far.hold = asyncio.Event()
    challenge = await caller.ask(add(shared, url(2)))
    waiting = asyncio.create_task(caller.ask(answer(challenge, FAR)))
    assert code(await caller.prove(create("88.300.1/NEW"))) == 1
    assert not waiting.done()
    far.hold.set()
    assert code(await waiting) == 1


async def test_a_session_is_somebodys_for_as_long_as_his_key_would_be_kept(node, caller, shared):
    session = await InSession.begin(caller, idle=3600)
    assert code(await session.prove(add(shared, url(2)), FAR)) == 1
    assert code(await session.ask(add(shared, url(3)))) == 1
    node.clock.now += KEPT
    assert code(await session.prove(add(shared, url(4)), FAR)) == 1


async def test_a_login_is_over_with_it(node, shared):
    caller = node.caller(connection="one")
    assert code(await caller.prove(login(FAR), FAR)) == 1
    assert code(await caller.ask(add(shared, url(2)))) == 1
    node.clock.now += KEPT
    assert code(await caller.ask(add(shared, url(3)))) == 407


async def test_passwords_of_other_nodes(node, shared, far):
    node.restart(passwords=True)
    caller = node.caller(connection="one")
    body = bodies.Asked(FAR.handle, (FAR.index,), (SECRET.decode(),))
    assert code(await caller.ask(request(OpCode.PASSWORD_LOGIN, body))) == 1
    assert code(await caller.ask(add(shared, url(2)))) == 1
    far.trouble = Trouble.SILENT
    assert code(await caller.ask(request(OpCode.PASSWORD_LOGIN, body))) == 406


async def test_for_others_nobody_is_asked(caller, shared, far):
    assert shared
    digest = bodies.Digest(3, bytes(32))
    asked = bodies.Verification(FAR.handle, FAR.index, bytes(16), digest, text("x"))
    told = await caller.ask(request(OpCode.VERIFY_RESPONSE, asked))
    assert (code(told), far.asked) == (403, [])
