"""Recorded answers to challenges verify with the recorded keys, and with nothing else."""

import pytest
from msgspec.structs import replace

from identifiers.keys.credentials import verify_mac, verify_signature, with_mac
from identifiers.keys.errors import KeyUnfit
from identifiers.keys.public import encode_public_key, parse_public_key
from identifiers.keys.responses import answer_with_secret, verify_response
from identifiers.keys.sessions import answer_offer, decode_agreed, encode_agreed
from identifiers.wire.cursor import Cursor
from identifiers.wire.handle import bodies
from identifiers.wire.handle.data import decode_public_key
from identifiers.wire.handle.digests import request_digest
from identifiers.wire.handle.message import decode, encode
from tests.golden.vectors import ADMIN_KEY, SENSIBLE, SERVER_KEY, whole

SECRET = b"password123"
WRONG = "private_read_seckey_wrong_password"


def answers():
    """Yield name, challenged request, challenge and answer of every recorded answer."""
    for name in SENSIBLE:
        requests, replies = whole(name, "req"), whole(name, "resp")
        for at, request in enumerate(requests):
            answer = decode(request).body
            if isinstance(answer, bodies.Answer):
                yield pytest.param(
                    requests[at - 1], decode(replies[at - 1]), answer, id=f"{name}-{at}"
                )


ANSWERS = list(answers())
RIGHT = [param for param in ANSWERS if not param.id.startswith(WRONG)]
CHALLENGED = [pytest.param(*param.values[1:], id=param.id) for param in RIGHT]
KEYS = {"HS_SECKEY": SECRET, "HS_PUBKEY": ADMIN_KEY}


def test_both_kinds_of_answers_were_recorded():
    assert {param.values[2].kind for param in RIGHT} == set(KEYS)


@pytest.mark.parametrize(("asked", "challenge", "answer"), RIGHT)
def test_a_recorded_answer_proves_its_key(asked, challenge, answer):
    nonce, digest = challenge.body.nonce, challenge.digest
    assert request_digest(asked, challenge.version) == digest
    told = (answer.kind, KEYS[answer.kind], answer.handle, answer.signed)
    assert verify_response(*told, nonce, digest.value)
    assert not verify_response(*told, bytes(16), digest.value)
    assert not verify_response(*told, nonce, bytes(32))


@pytest.mark.parametrize(("challenge", "answer"), CHALLENGED)
def test_no_other_key_is_proved(challenge, answer):
    other = SERVER_KEY if answer.kind == "HS_PUBKEY" else b"password124"
    assert not verify_response(
        answer.kind,
        other,
        answer.handle,
        answer.signed,
        challenge.body.nonce,
        challenge.digest.value,
    )


def test_a_wrong_password_was_recorded_and_is_wrong():
    (param,) = [param for param in ANSWERS if param.id.startswith(WRONG)]
    _, challenge, answer = param.values
    assert not verify_response(
        answer.kind,
        SECRET,
        answer.handle,
        answer.signed,
        challenge.body.nonce,
        challenge.digest.value,
    )


@pytest.mark.parametrize(
    ("challenge", "answer"),
    [param for param in CHALLENGED if param.values[1].kind == "HS_SECKEY"],
)
def test_the_recorded_answer_is_made_again_from_its_salt(challenge, answer):
    cursor = Cursor(answer.signed[1:])
    salt, iterations = cursor.octets(), cursor.u32()
    made = answer_with_secret(
        SECRET, challenge.body.nonce, challenge.digest.value, salt, iterations
    )
    assert made == answer.signed


@pytest.mark.parametrize("data", [ADMIN_KEY, SERVER_KEY])
def test_recorded_keys_read_and_write(data):
    assert encode_public_key(parse_public_key(data)) == data
    for end in range(len(data)):
        if end != len(data) - 4:  # the padding may be left out
            with pytest.raises(KeyUnfit):
                parse_public_key(data[:end])
    with pytest.raises(KeyUnfit):
        parse_public_key(data + b"\0")


CERTIFIED = [
    pytest.param(decode(reply), id=f"{name}-{at}")
    for name in SENSIBLE
    for at, reply in enumerate(whole(name, "resp"))
    if (credential := decode(reply).credential) is not None and credential.type == "HS_SIGNED"
]


@pytest.mark.parametrize("reply", CERTIFIED)
def test_certified_replies_are_the_servers(reply):
    assert verify_signature(reply, parse_public_key(SERVER_KEY))
    assert not verify_signature(reply, parse_public_key(ADMIN_KEY))
    changed = replace(reply, request_id=reply.request_id + 1)
    assert not verify_signature(changed, parse_public_key(SERVER_KEY))


def test_certified_replies_were_recorded():
    assert {param.id.rpartition("-")[0] for param in CERTIFIED} == {
        "resolve_certified",
        "session_dh_create_delete",
    }


def test_the_session_that_was_set_up():
    """Its private numbers were not recorded: forms and group can be checked, MACs cannot."""
    setup, *rest = whole("session_dh_create_delete", "req")
    offered = decode_public_key(decode(setup).body.key)
    reply = decode(whole("session_dh_create_delete", "resp")[0]).body
    cipher, answered = decode_agreed(reply.data)
    assert encode_agreed(cipher, answered) == reply.data
    assert (offered.p, offered.g) == (answered.p, answered.g)
    own, key = answer_offer(offered, cipher, b"\1" * 48)
    assert (own.p, own.g) == (offered.p, offered.g)
    assert len(key.secret) == 32
    signed = [message for raw in rest if (message := decode(raw)).credential is not None]
    assert [message.credential.counter for message in signed] == [1, 2]
    for message in signed:
        assert not verify_mac(message, key)
        ours = with_mac(message, key, message.credential.counter)
        assert verify_mac(ours, key)
        assert len(encode(ours)) == len(encode(message))
