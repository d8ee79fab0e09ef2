"""Recorded answers to challenges verify with the recorded keys, and with nothing else."""

import pytest

from identifiers.keys.errors import KeyUnfit
from identifiers.keys.public import encode_public_key, parse_public_key
from identifiers.keys.responses import answer_with_secret, verify_response
from identifiers.wire.cursor import Cursor
from identifiers.wire.handle import bodies
from identifiers.wire.handle.digests import request_digest
from identifiers.wire.handle.message import decode
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
