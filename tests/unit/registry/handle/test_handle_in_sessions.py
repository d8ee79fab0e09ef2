"""Sessions as a client lives through them."""

import asyncio

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from msgspec.structs import replace

from identifiers.keys.credentials import verify_mac, verify_signature
from identifiers.keys.public import parse_public_key
from identifiers.keys.sessions import (
    CHANCE,
    CipherCode,
    SessionKey,
    agree,
    carry,
    decode_agreed,
    encrypt_message,
    offer,
)
from identifiers.keys.signers import RsaSigner
from identifiers.relay import Channel
from identifiers.values import Value
from identifiers.wire.handle import bodies
from identifiers.wire.handle.codes import EnvelopeFlag, OpCode, OpFlag, ResponseCode
from identifiers.wire.handle.data import DhKey
from identifiers.wire.handle.framing import split
from identifiers.wire.handle.message import decode, encode
from registry.handle.sessions import BURST, MOST_OF_ONE, PATIENCE
from tests.unit.registry.handle.wire import (
    ADMIN,
    IV,
    KEY,
    PLAIN,
    SITE_KEY,
    InSession,
    SlowStore,
    add,
    administered_by,
    answer,
    code,
    create,
    delete,
    hidden,
    request,
    resolution,
    setup,
    url,
)

NEW = "88.300.1/NEW"
TERMINATE = request(OpCode.SESSION_TERMINATE, bodies.Named("/"))
PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CLIENT_KEY = RsaSigner(PRIVATE)


@pytest.fixture
async def session(caller):
    return await InSession.begin(caller)


async def test_who_is_known_once_needs_no_other_challenge(node, session):
    assert code(await session.prove(create(NEW))) == 1
    assert code(await session.ask(add(NEW, url(2)))) == 1
    assert code(await session.ask_secretly(resolution("88.300.1/A", indexes=(5,)))) == 1
    assert code(await session.ask(delete(NEW))) == 1
    assert node.values(NEW) is None


async def test_replies_in_a_session_carry_its_id(session):
    reply = await session.prove(create(NEW))
    assert reply.session_id == session.id
    assert (await session.ask(delete(NEW))).session_id == session.id


async def test_without_its_mac_a_message_is_in_no_session(session):
    await session.prove(create(NEW))
    outside = await session.caller.ask(replace(delete(NEW), session_id=session.id))
    assert code(outside) == 402
    assert outside.session_id != session.id


async def test_a_message_is_taken_once(node, session):
    await session.prove(create(NEW))
    assert code(await session.ask(delete(NEW), counter=7)) == 1
    assert code(await session.caller.prove(create(NEW))) == 1
    for counter in (7, 0):
        reply = await session.ask(delete(NEW), counter=counter)
        assert code(reply) == ResponseCode.SESSION_MESSAGE_REJECTED
    assert node.values(NEW)
    assert code(await session.ask(delete(NEW), counter=6)) == 1


async def test_a_wrong_mac_is_refused(node, session):
    await session.prove(create(NEW))
    session.key = SessionKey(CipherCode.AES, bytes(32))
    assert code(await session.ask(delete(NEW))) == ResponseCode.INVALID_SESSION_KEY
    assert node.values(NEW)


async def test_a_mac_of_another_kind_is_refused(session):
    message = session.under_mac(create(NEW))
    credential = replace(message.credential, info=b"\0\0\0\1X\0\0\0\0")
    reply = await session.caller.ask(replace(message, credential=credential))
    assert code(reply) == ResponseCode.INVALID_SESSION_KEY


async def test_an_unknown_session_is_over(caller, session):
    other = InSession(caller, session.id ^ 1, session.key)
    assert code(await other.ask(create(NEW))) == ResponseCode.SESSION_TIMEOUT
    (reply,) = await caller.raw(encode(other.under_mac(create(NEW))))
    assert code(decode(reply)) == ResponseCode.SESSION_TIMEOUT


async def test_a_session_is_used_over_every_connection(node, session):
    await session.prove(create(NEW))
    session.caller = node.caller(connection="other", address="203.0.113.9", trusted=False)
    assert code(await session.ask(delete(NEW))) == 1


async def test_a_session_of_nobody_ends_soon_and_of_somebody_by_its_own_time(node, caller):
    nobody = await InSession.begin(caller)
    somebody = await InSession.begin(caller, 600)
    await somebody.prove(create(NEW))
    node.clock.now += PATIENCE
    assert code(await nobody.ask(create(NEW))) == ResponseCode.SESSION_TIMEOUT
    node.clock.now += 600 - PATIENCE - 1
    assert code(await somebody.ask(add(NEW, url(2)))) == 1
    node.clock.now += 599
    assert code(await somebody.ask(add(NEW, url(3)))) == 1
    node.clock.now += 600
    assert code(await somebody.ask(delete(NEW))) == ResponseCode.SESSION_TIMEOUT


async def test_a_session_that_ended_meanwhile_takes_no_answer(node, session):
    challenge = await session.ask(create(NEW))
    node.handle.sessions.end(session.id)
    reply = await session.caller.ask(answer(challenge))
    assert code(reply) == ResponseCode.AUTHENTICATION_TIMEOUT
    assert node.values(NEW) is None


async def test_a_restart_ends_sessions(node, session):
    await session.prove(create(NEW))
    node.restart()
    session.caller = node.caller()
    assert code(await session.ask(delete(NEW))) == ResponseCode.SESSION_TIMEOUT


async def test_whose_key_is_gone_is_asked_again(node, session):
    await session.prove(create(NEW))
    (key,) = node.seals.sealed(ADMIN.handle, (url(300, b"new", type="HS_SECKEY"),))
    node.keep(ADMIN.handle, key)
    assert code(await session.ask(delete(NEW))) == 402


async def test_who_proved_himself_meanwhile_stays_known(node, session, monkeypatch):
    await session.prove(create(NEW))
    key = url(300, b"new", type="HS_SECKEY")
    node.keep(ADMIN.handle, key, administered_by(ADMIN.handle, 300))
    slow = SlowStore(node.store)
    monkeypatch.setattr(node.store, "record", slow.record)
    early = asyncio.create_task(session.ask(delete(NEW)))
    await slow.asked.wait()
    challenge = await session.ask(add(NEW, url(2)))
    assert code(await session.caller.ask(answer(challenge, secret=b"new"))) == 1
    slow.go.set()
    assert code(await early) == 402
    assert code(await session.ask(delete(NEW))) == 1


async def test_a_session_is_ended_by_its_client(session):
    await session.prove(create(NEW))
    outside = await session.caller.ask(replace(TERMINATE, session_id=session.id))
    assert code(outside) == ResponseCode.SESSION_FAILED
    assert code(await session.ask(TERMINATE)) == 1
    assert code(await session.ask(delete(NEW))) == ResponseCode.SESSION_TIMEOUT


async def test_a_session_gets_another_key(session):
    await session.prove(create(NEW))
    own, private = offer(b"y" * CHANCE)
    reply = await session.ask(setup(own))
    assert (code(reply), reply.session_id) == (1, session.id)
    # The reply is under the key that the request was under.
    assert verify_mac(reply, session.key)
    cipher, theirs = decode_agreed(reply.body.data)
    old = InSession(session.caller, session.id, session.key)
    session.key, session.counter = agree(own, private, theirs, cipher), 0
    assert code(await session.ask(add(NEW, url(2)))) == 1
    assert code(await old.ask(delete(NEW))) == ResponseCode.INVALID_SESSION_KEY


# Secrecy.


async def test_encrypted_requests_get_encrypted_replies(node, session):
    challenge = await session.ask_secretly(create(NEW))
    assert code(challenge) == 402
    done = await session.ask_secretly(answer(challenge), mac=False)
    assert (code(done), done.header.op_code) == (1, 100)
    assert code(await session.ask_secretly(delete(NEW))) == 1
    assert node.values(NEW) is None


async def test_a_reply_is_encrypted_when_that_is_asked_for(session):
    await session.prove(create(NEW))
    asked = session.under_mac(add(NEW, url(2), flags=PLAIN | OpFlag.ENCRYPT))
    (reply,) = await session.caller.raw(encode(asked))
    assert code(session.open(reply)) == 1


async def test_hidden_values_are_encrypted_in_a_session_unasked(session):
    await session.prove(create(NEW))
    asked = session.under_mac(resolution("88.300.1/A", indexes=(5,)))
    (reply,) = await session.caller.raw(encode(asked))
    assert hidden().data not in reply
    assert hidden().data in session.open(reply).body.values
    asked = session.under_mac(resolution("88.300.1/A", indexes=(1,)))
    (reply,) = await session.caller.raw(encode(asked))
    assert not reply[2] & EnvelopeFlag.ENCRYPTED


async def test_whatever_is_wrong_inside_is_told_alike(caller, session):
    await session.prove(create(NEW))
    other = SessionKey(CipherCode.AES, b"z" * 32)
    message = session.under_mac(delete(NEW))
    right = encrypt_message(encode(message), session.key, IV)
    wrong = [
        encrypt_message(encode(message), other, IV),
        right[:-1] + bytes((right[-1] ^ 1,)),
        right[:40] + bytes((right[40] ^ 1,)) + right[41:],
        encrypt_message(encode(delete(NEW, session_id=session.id)), session.key, IV),
        encrypt_message(encode(replace(message, credential=None)), session.key, IV),
        right[:16] + (16).to_bytes(4) + right[20:36],
    ]
    replies = {(await caller.raw(octets))[0] for octets in wrong}
    assert len(replies) == 1
    assert code(decode(replies.pop())) == ResponseCode.INVALID_SESSION_KEY
    stranger = right[:4] + (session.id ^ 1).to_bytes(4) + right[8:]
    (reply,) = await caller.raw(stranger)
    assert code(decode(reply)) == ResponseCode.SESSION_TIMEOUT


# Setting up.


async def test_the_site_signs_what_it_agrees_to(node):
    node.restart(signer=SITE_KEY)
    own, _ = offer(b"x" * CHANCE)
    reply = await node.caller().ask(setup(own))
    assert verify_signature(reply, parse_public_key(SITE_KEY.public))
    assert reply.digest is not None


async def test_certified_replies_are_signed_by_the_site_or_by_the_session(node):
    node.restart(signer=SITE_KEY)
    caller = node.caller()
    asked = delete("88.300.1/none", flags=PLAIN | OpFlag.CERTIFY)
    challenge = await caller.ask(asked)
    assert verify_signature(challenge, parse_public_key(SITE_KEY.public))
    session = await InSession.begin(caller)
    await session.prove(create(NEW))
    counters = []
    for _ in range(2):
        reply = await session.ask(asked)
        assert verify_mac(reply, session.key)
        counters.append(reply.credential.counter)
    assert counters == [1, 2]


async def test_without_a_key_nothing_is_signed(caller):
    reply = await caller.ask(delete("99.1/x", flags=PLAIN | OpFlag.CERTIFY))
    assert (code(reply), reply.credential) == (301, None)


def carried_by(reply):
    plain = PRIVATE.decrypt(reply.body.data, padding.PKCS1v15())
    return SessionKey(CipherCode(int.from_bytes(plain[:4])), plain[4:])


async def test_the_key_is_carried_to_a_key_of_the_client(caller):
    body = bodies.SessionSetup(mode=1, timeout=600, handle="", index=0, key=CLIENT_KEY.public)
    reply = await caller.ask(request(OpCode.SESSION_SETUP, body))
    assert (code(reply), reply.body.mode) == (1, 1)
    session = InSession(caller, reply.session_id, carried_by(reply))
    assert code(await session.prove(create(NEW))) == 1


async def test_the_key_is_carried_to_a_key_in_a_handle(node, caller):
    node.keep("88.300.1/K", Value(index=301, type="HS_PUBKEY", data=CLIENT_KEY.public))
    body = bodies.SessionSetup(
        mode=3, timeout=600, handle="", index=0xFFFFFFFF, key_handle="88.300.1/K", key_index=301
    )
    reply = await caller.ask(request(OpCode.SESSION_SETUP, body))
    assert (code(reply), reply.body.mode) == (1, 3)
    session = InSession(caller, reply.session_id, carried_by(reply))
    assert code(await session.prove(create(NEW))) == 1


def exchange(number, key, **more):
    encrypted = carry(key, parse_public_key(SITE_KEY.public))
    body = bodies.ExchangeKey(encrypted)
    return request(OpCode.SESSION_EXCHANGE_KEY, body, session_id=number, **more)


async def waiting_session(node):
    node.restart(signer=SITE_KEY)
    caller = node.caller()
    body = bodies.SessionSetup(mode=2, timeout=600, handle="", index=0)
    reply = await caller.ask(request(OpCode.SESSION_SETUP, body))
    assert (code(reply), reply.body.data) == (1, SITE_KEY.public)
    return InSession(caller, reply.session_id, SessionKey(CipherCode.AES, b"k" * 32))


async def test_the_client_carries_the_key_to_the_site(node):
    session = await waiting_session(node)
    assert code(await session.ask(create(NEW))) == ResponseCode.INVALID_SESSION_KEY
    assert code(await session.caller.ask(exchange(session.id, session.key))) == 1
    assert code(await session.prove(create(NEW))) == 1
    other = SessionKey(CipherCode.AES, b"o" * 32)
    assert code(await session.caller.ask(exchange(session.id, other))) == 501
    assert code(await session.ask(exchange(session.id, other))) == 1
    session.key, session.counter = other, 0
    assert code(await session.ask(delete(NEW))) == 1


async def test_what_is_encrypted_to_another_key_looks_like_any_key(node):
    session = await waiting_session(node)
    foreign = request(
        OpCode.SESSION_EXCHANGE_KEY, bodies.ExchangeKey(b"\1" * 256), session_id=session.id
    )
    short = replace(foreign, body=bodies.ExchangeKey(b"\1"))
    assert code(await session.caller.ask(foreign)) == 1
    assert code(await session.ask(create(NEW))) == ResponseCode.INVALID_SESSION_KEY
    session = await waiting_session(node)
    assert code(await session.caller.ask(replace(short, session_id=session.id))) == 1


async def test_an_encrypted_message_before_the_key_is_refused(node):
    session = await waiting_session(node)
    sent = session.under_mac(create(NEW))
    (reply,) = await session.caller.raw(encrypt_message(encode(sent), session.key, IV))
    assert code(decode(reply)) == ResponseCode.INVALID_SESSION_KEY


async def test_a_key_for_no_session_is_refused(node):
    session = await waiting_session(node)
    reply = await session.caller.ask(exchange(session.id ^ 1, session.key))
    assert code(reply) == ResponseCode.SESSION_FAILED


async def test_without_a_key_of_the_site_none_is_carried_to_it(caller):
    body = bodies.SessionSetup(mode=2, timeout=600, handle="", index=0)
    reply = await caller.ask(request(OpCode.SESSION_SETUP, body))
    assert code(reply) == ResponseCode.NEED_RSA_KEY
    key = SessionKey(CipherCode.AES, b"k" * 32)
    assert code(await caller.ask(exchange(1, key))) == ResponseCode.NEED_RSA_KEY


DH, _ = offer(b"x" * CHANCE)


@pytest.mark.parametrize(
    "asked",
    [
        setup(DH, mode=1),
        setup(None, mode=4),
        setup(replace(DH, y=1)),
        setup(DhKey(y=2, p=23, g=5)),
        setup(None, mode=9),
        setup(None, mode=3, key_handle="88.300.1/none", key_index=1),
        setup(None, mode=3, key_handle="99.1/x", key_index=1),
        setup(None, mode=3, key_handle=ADMIN.handle, key_index=300),
        replace(
            setup(DH),
            body=bodies.SessionSetup(mode=4, timeout=1, handle="", index=0, key=KEY.public),
        ),
    ],
)
async def test_keys_that_do_not_fit_are_refused(node, caller, asked):
    assert code(await caller.ask(asked)) == ResponseCode.INVALID_SESSION_SETUP
    assert len(node.handle.sessions) == 0


async def test_strangers_agree_in_groups_of_bounded_size(node, caller):
    # No prime: what is asked here is whether it is worked with at all.
    large = DhKey(y=3, p=(1 << 3071) + 1, g=2)
    stranger = node.caller(address="203.0.113.7", trusted=False)
    assert code(await stranger.ask(setup(large))) == ResponseCode.INVALID_SESSION_SETUP
    assert code(await stranger.ask(setup(DH))) == 1
    assert code(await caller.ask(setup(large))) == 1


async def test_packets_of_one_request_come_together_whichever_worker_took_them(node):
    caller = node.caller(channel=Channel.UDP)
    packets = split(encode(setup(DH)))
    assert len(packets) == 2
    for first, second in (packets, reversed(packets)):
        assert await caller.raw(first) == []
        (reply,) = await caller.raw(second)
        assert code(decode(reply)) == 1
    # A packet that is none of them is nothing, and bytes that are no message are told so.
    assert await caller.raw(packets[0][:-1]) == []
    (reply,) = await caller.raw(b"\2")
    assert code(decode(reply)) == 4


async def test_strangers_agree_on_further_keys_at_the_same_pace(node):
    """Also within a session, and also on keys that come to nothing: the work is done before."""
    stranger = node.caller(address="203.0.113.7", trusted=False)
    session = await InSession.begin(stranger)
    own, private = offer(b"x" * CHANCE)
    for _ in range(BURST // 2):
        reply = await session.ask(setup(own))
        assert code(reply) == 1
        cipher, theirs = decode_agreed(reply.body.data)
        session.key = agree(own, private, theirs, cipher)
        session.counter = 0
    odd = DhKey(y=own.p - 1, p=own.p * 3, g=2)
    codes = [code(await session.ask(setup(odd))) for _ in range(BURST)]
    assert codes[0] == ResponseCode.INVALID_SESSION_SETUP
    assert codes[-1] == ResponseCode.SERVER_BUSY
    assert code(await session.ask(setup(own))) == ResponseCode.SERVER_BUSY
    node.clock.now += 1
    assert code(await session.ask(setup(own))) == 1


async def test_what_covers_no_counter_is_in_no_session(session):
    """A message of an old version could be executed again under another counter."""
    assert code(await session.prove(create(NEW))) == 1
    for version in ((2, 3), (2, 4)):
        old = replace(add(NEW, url(2)), version=version, suggested=(2, 11))
        assert code(await session.ask(old)) == ResponseCode.INVALID_SESSION_KEY
    assert code(await session.ask(add(NEW, url(2)))) == 1


async def test_one_stranger_has_so_many_sessions(node):
    stranger = node.caller(address="203.0.113.7", trusted=False)
    body = bodies.SessionSetup(mode=1, timeout=600, handle="", index=0, key=CLIENT_KEY.public)
    asked = request(OpCode.SESSION_SETUP, body)
    for _ in range(MOST_OF_ONE):
        assert code(await stranger.ask(asked)) == 1
    assert code(await stranger.ask(asked)) == ResponseCode.SERVER_BUSY
    assert code(await node.caller().ask(asked)) == 1
