"""Whatever comes over the relay is answered or met with silence; nothing of it is an error.

Messages come plain, in a session and encrypted, and answers come to challenges that wait for them.
"""

import random

import pytest
from msgspec.structs import replace

from identifiers.keys.responses import answer_with_secret
from identifiers.keys.sessions import encrypt_message
from identifiers.relay import Channel
from identifiers.wire.handle import bodies
from identifiers.wire.handle.codes import EnvelopeFlag, OpCode
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.message import Message, decode, encode
from tests.fuzz.mutation import mend_message, mutants
from tests.golden.administered import ADMIN, made_node
from tests.golden.vectors import EXCHANGES, frames
from tests.unit.registry.handle.wire import Caller, InSession

ROUNDS = 4
ENOUGH = 5_000
REQUESTS = [message for name in EXCHANGES for _, message in frames(name, "req")]


@pytest.fixture
async def node():
    return await made_node()


def checked(replies):
    """Return the codes of replies that must be readable."""
    codes = set()
    for reply in replies:
        if reply[2] & EnvelopeFlag.ENCRYPTED:
            codes.add("encrypted")
        else:
            codes.add(decode(reply).header.response_code)
    return codes


@pytest.mark.parametrize("seed", range(ROUNDS))
async def test_messages_of_any_kind(node, seed):
    seen = set()
    for at, request in enumerate(mutants(REQUESTS, ENOUGH, 900 + seed, mend_message)):
        channel = Channel.UDP if at % 5 == 0 else Channel.TCP
        replies = await node.ask(request, channel, f"connection-{at % 3}")
        seen |= checked(replies)
        for reply in replies:
            if not reply[2] & EnvelopeFlag.ENCRYPTED:
                assert await node.ask(reply, channel) == []
    assert {1, 4, 5, 100, 102, 301, 402, 405} <= seen


@pytest.mark.parametrize("seed", range(ROUNDS))
async def test_messages_in_a_session(node, seed):
    caller = Caller(node.handle)
    session = await InSession.begin(caller)
    rng = random.Random(seed)
    seen = set()
    for request in mutants(REQUESTS, ENOUGH, 950 + seed, mend_message):
        octets = request[:4] + session.id.to_bytes(4) + request[8:]
        if rng.random() < 0.5:
            try:
                octets = encrypt_message(octets, session.key, b"i" * 16)
            except ValueError:
                continue
        seen |= checked(await caller.raw(octets))
    assert {4, 502} <= seen


@pytest.mark.parametrize("seed", range(ROUNDS))
async def test_answers_to_challenges_that_wait(node, seed):
    caller = Caller(node.handle)
    rng = random.Random(seed)
    seen = set()
    for _ in range(40):
        asked = Message(
            request_id=1,
            header=Header(op_code=OpCode.DELETE_HANDLE),
            body=bodies.Named("20.500.123/none"),
        )
        challenge = await caller.ask(asked)
        nonce, digest = challenge.body.nonce, challenge.digest.value
        proof = answer_with_secret(b"password123", nonce, digest, b"s" * 16, 100)
        answer = Message(
            session_id=challenge.session_id,
            header=Header(op_code=OpCode.CHALLENGE_RESPONSE),
            body=bodies.Answer("HS_SECKEY", ADMIN.handle, 300, proof),
        )
        whole = encode(replace(answer, request_id=2))
        (octets,) = mutants([whole], 1, rng.randrange(1 << 30), mend_message)
        seen |= checked(await caller.raw(octets))
        seen |= checked(await caller.raw(whole))
    assert {100, 405} <= seen
