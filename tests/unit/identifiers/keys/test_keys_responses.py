"""Answers to challenges: what proves a key, what does not, and how much work it may ask for."""

import hashlib
import hmac

import pytest

from identifiers.keys import sm2
from identifiers.keys.errors import KeyUnfit
from identifiers.keys.public import Policy, encode_public_key
from identifiers.keys.responses import (
    MAX_ITERATIONS,
    MAX_SALT,
    answer_with_key,
    answer_with_secret,
    check_response,
    verify_response,
)
from identifiers.wire.cursor import octets, text, u32

NONCE, DIGEST = b"n" * 16, b"d" * 32
SECRET, SALT, USER = b"password123", b"s" * 16, "88.300.1/USER"
LEGACY = Policy(legacy=True)
PROVED = NONCE + DIGEST


class Sm2TestSigner:
    algorithm = "SM3"
    public = encode_public_key(sm2.public_of(77))

    def sign(self, data, identity=sm2.DEFAULT_IDENTITY):
        return sm2.sign(77, sm2.public_of(77), identity, data, b"")


def check(kind, data, signed, policy=None, user=USER):
    policies = () if policy is None else (policy,)
    return verify_response(kind, data, user, signed, NONCE, DIGEST, *policies)


def test_an_answer_with_a_secret():
    answer = answer_with_secret(SECRET, NONCE, DIGEST, SALT)
    assert check("HS_SECKEY", SECRET, answer)
    assert not check("HS_SECKEY", b"another", answer)
    assert not check("HS_SECKEY", SECRET, answer[:-1] + bytes((answer[-1] ^ 1,)))
    assert check("HS_SECKEY", SECRET, answer, LEGACY)


def test_an_answer_with_an_sm2_key_is_bound_to_its_user():
    signer = Sm2TestSigner()
    answer = answer_with_key(signer, NONCE, DIGEST, USER)
    assert answer.startswith(text("SM3"))
    assert check("HS_PUBKEY", signer.public, answer)
    assert not check("HS_PUBKEY", signer.public, answer, user="88.300.1/OTHER")
    assert not verify_response("HS_PUBKEY", signer.public, USER, answer, NONCE, bytes(32))


def test_sm2_with_another_hash_is_unfit():
    signer = Sm2TestSigner()
    answer = text("SHA-256") + octets(signer.sign(PROVED))
    with pytest.raises(KeyUnfit):
        check("HS_PUBKEY", signer.public, answer)


def pbkdf2(salt=SALT, iterations=1, bits=160, mac=None):
    if mac is None:
        key = hashlib.pbkdf2_hmac("sha1", SECRET, salt, iterations, bits // 8)
        mac = hmac.digest(key, PROVED, "sha1")
    return b"\x22" + octets(salt) + u32(iterations) + u32(bits) + octets(mac)


@pytest.mark.parametrize("bits", [128, 160, 256, 512])
def test_keys_of_other_lengths(bits):
    assert check("HS_SECKEY", SECRET, pbkdf2(bits=bits))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x22",
        pbkdf2(salt=b"", mac=bytes(20)),
        pbkdf2(salt=bytes(MAX_SALT + 1)),
        pbkdf2(iterations=0, mac=bytes(20)),
        pbkdf2(iterations=MAX_ITERATIONS + 1, mac=bytes(20)),
        pbkdf2(iterations=0xFFFFFFFF, mac=bytes(20)),
        pbkdf2(bits=0, mac=bytes(20)),
        pbkdf2(bits=161, mac=bytes(20)),
        pbkdf2(bits=0xFFFFFFF8, mac=bytes(20)),
        pbkdf2() + b"\0",
        bytes(8193),
    ],
)
def test_answers_that_are_unfit(answer):
    for policy in (Policy(), LEGACY):
        with pytest.raises(KeyUnfit):
            check("HS_SECKEY", SECRET, answer, policy)
        with pytest.raises(KeyUnfit):
            check_response("HS_SECKEY", answer, policy)


def around(name):
    return hashlib.new(name, SECRET + PROVED + SECRET).digest()


OLD = [
    b"\x01" + around("md5"),
    b"\x02" + around("sha1"),
    b"\x03" + around("sha256"),
    b"\x12" + hmac.digest(SECRET, PROVED, "sha1"),
    b"\x13" + hmac.digest(SECRET, PROVED, "sha256"),
    around("md5"),
]


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("HS_PUBKEY", b""),
        ("HS_PUBKEY", text("SHA-256")),
        ("HS_PUBKEY", text("SHA-256") + octets(b"s") + b"\0"),
        ("HS_PUBKEY", text("SHA-1") + octets(b"s")),
        ("HS_PUBKEY", text("SHA-256") + octets(bytes(8192))),
        ("HS_PUBKEY", pbkdf2()),
        ("HS_SECKEY", text("SHA-256") + octets(b"s")),
        ("URL", pbkdf2()),
    ],
)
def test_what_no_key_could_prove_is_seen_without_one(kind, answer):
    with pytest.raises(KeyUnfit):
        check_response(kind, answer)


def test_what_a_key_could_prove_passes_without_one():
    for algorithm in ("SHA-256", "sha512", "SM3"):
        check_response("HS_PUBKEY", text(algorithm) + octets(b"s"))
    check_response("HS_PUBKEY", text("SHA1") + octets(b"s"), LEGACY)
    check_response("HS_SECKEY", pbkdf2())
    for old in OLD:
        check_response("HS_SECKEY", old, LEGACY)


@pytest.mark.parametrize("answer", OLD)
def test_old_forms_only_by_policy(answer):
    with pytest.raises(KeyUnfit):
        check("HS_SECKEY", SECRET, answer)
    assert check("HS_SECKEY", SECRET, answer, LEGACY)
    assert not check("HS_SECKEY", b"another", answer, LEGACY)
    assert not check("HS_SECKEY", SECRET, answer[:-1] + bytes((answer[-1] ^ 1,)), LEGACY)


def test_a_bare_md5_that_begins_like_a_newer_form():
    number = 0
    while True:
        nonce = number.to_bytes(16)
        mac = hashlib.md5(SECRET + nonce + DIGEST + SECRET, usedforsecurity=False).digest()
        if mac[0] == 0x22:
            break
        number += 1
    assert verify_response("HS_SECKEY", SECRET, USER, mac, nonce, DIGEST, LEGACY)


def test_an_unknown_form_is_unfit():
    with pytest.raises(KeyUnfit):
        check("HS_SECKEY", SECRET, b"\x44" + bytes(20), LEGACY)


def test_an_empty_secret_proves_nothing():
    with pytest.raises(KeyUnfit):
        check("HS_SECKEY", b"", answer_with_secret(b"", NONCE, DIGEST, SALT, 1))


@pytest.mark.parametrize("kind", ["", "URL", "HS_ADMIN", "hs_seckey"])
def test_only_keys_answer(kind):
    with pytest.raises(KeyUnfit):
        check(kind, SECRET, answer_with_secret(SECRET, NONCE, DIGEST, SALT, 1))


@pytest.mark.parametrize("answer", [b"", text("SHA-256"), text("SHA-256") + octets(b"") + b"\0"])
def test_signatures_that_cannot_be_read(answer):
    with pytest.raises(KeyUnfit):
        check("HS_PUBKEY", Sm2TestSigner.public, answer)


class OtherTestSigner(Sm2TestSigner):
    algorithm = "SHA-256"


def test_only_sm2_signs_the_hash_of_what_is_proved():
    answer = answer_with_key(OtherTestSigner(), NONCE, DIGEST, USER)
    assert answer.startswith(text("SHA-256"))
    signature = answer[len(text("SHA-256")) + 4 :]
    assert sm2.verify(sm2.public_of(77), sm2.DEFAULT_IDENTITY, signature, PROVED)
