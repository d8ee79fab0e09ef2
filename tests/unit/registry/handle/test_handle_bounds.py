"""Keys beyond their bounds prove nobody over the Handle protocol, and end what they began."""

from ipaddress import ip_network

import pytest

from identifiers.keys.bounds import Bounds, KeyBounds
from identifiers.relay import Channel
from identifiers.wire.handle import bodies
from identifiers.wire.handle.codes import OpCode
from registry.access.bounds import BOOK_SECONDS
from tests.unit.registry.handle.wire import (
    ADMIN,
    PLAIN,
    SECRET,
    SIGNER,
    InSession,
    answer,
    code,
    create,
    delete,
    login,
    request,
)
from tests.unit.registry.world import NOW, say

NEW = "88.300.1/NEW"
WRONG, RELOGIN = 403, 407
FAR = "192.0.2.1"
NEAR_ONLY = (None, (ip_network("127.0.0.0/8"),))
EXPIRED = (NOW, ())
PASSWORD = request(
    OpCode.PASSWORD_LOGIN, bodies.Asked(ADMIN.handle, (300,), (SECRET.decode(),)), PLAIN
)


@pytest.fixture
def bound(bounds, node):
    async def bound(until, networks):
        for who in (ADMIN, SIGNER):
            one = KeyBounds(who, Bounds(until, networks), "account:li", 1)
            await say(bounds, one)
        node.clock.now += BOOK_SECONDS

    return bound


@pytest.mark.parametrize("identity", [ADMIN, SIGNER])
async def test_answers_count_within_the_bounds_of_the_key(node, bound, identity):
    near, far = node.caller(), node.caller(address=FAR)
    await bound(*NEAR_ONLY)
    assert code(await near.prove(create(NEW), identity)) == 1
    assert code(await far.prove(delete(NEW), identity)) == WRONG
    await bound(*EXPIRED)
    assert code(await near.prove(delete(NEW), identity)) == WRONG
    await bound(None, ())
    assert code(await far.prove(delete(NEW), identity)) == 1


@pytest.mark.parametrize("identity", [ADMIN, SIGNER])
async def test_a_datagram_does_not_bring_a_key_into_its_network(node, bound, identity):
    await bound(*NEAR_ONLY)
    far = node.caller(address=FAR, trusted=False)
    forged = [node.caller(channel=Channel.UDP, trusted=trusted) for trusted in (False, True)]
    for caller in (*forged, node.caller()):
        challenge = await far.ask(create(NEW))
        assert code(await caller.ask(answer(challenge, identity))) == WRONG
    # Nor is an answer out of the network anybody's who asked within it, but wrote no true address.
    challenge = await node.caller().ask(create(NEW))
    assert code(await forged[0].ask(answer(challenge, identity))) == WRONG
    assert node.values(NEW) is None
    challenge = await node.caller().ask(create(NEW))
    assert code(await forged[1].ask(answer(challenge, identity))) == 1
    await bound(None, ())
    challenge = await far.ask(delete(NEW))
    assert code(await forged[0].ask(answer(challenge, identity))) == 1


async def test_nobody_is_known_in_a_session_by_a_strangers_datagram(caller, node, bound):
    session = await InSession.begin(caller)
    assert code(await session.prove(create(NEW))) == 1
    await bound(*NEAR_ONLY)
    assert code(await session.ask(delete(NEW))) == 1
    session.caller = node.caller(channel=Channel.UDP, trusted=False)
    assert await session.all(create(NEW)) == []
    session.caller = caller
    assert code(await session.ask(create(NEW))) == 402


async def test_a_login_is_over_when_its_key_expires(node, bound):
    caller = node.caller(connection="one")
    assert code(await caller.prove(login())) == 1
    await bound(NOW + 1, NEAR_ONLY[1])
    assert code(await caller.ask(create(NEW))) == 1
    await bound(*EXPIRED)
    assert code(await caller.ask(delete(NEW))) == RELOGIN


async def test_logins_with_passwords_are_within_the_bounds(node, bound):
    node.restart(passwords=True)
    await bound(*NEAR_ONLY)
    near, far = node.caller(connection="one"), node.caller(connection="two", address=FAR)
    assert code(await near.ask(PASSWORD)) == 1
    assert code(await near.ask(create(NEW))) == 1
    assert code(await far.ask(PASSWORD)) == WRONG
    await bound(*EXPIRED)
    assert code(await near.ask(PASSWORD)) == WRONG


async def test_nobody_is_known_in_a_session_when_his_key_expired(caller, bound):
    session = await InSession.begin(caller)
    await bound(*NEAR_ONLY)
    assert code(await session.prove(create(NEW))) == 1
    assert code(await session.ask(delete(NEW))) == 1
    await bound(*EXPIRED)
    assert code(await session.ask(create(NEW))) == 402
