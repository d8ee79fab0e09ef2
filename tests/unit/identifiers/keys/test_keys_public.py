"""Public keys in all their forms, and what they verify under which policy."""

import base64

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from identifiers.keys import sm2
from identifiers.keys.errors import KeyUnfit
from identifiers.keys.public import (
    MAX_KEY_BYTES,
    Policy,
    check_key,
    encode_public_key,
    parse_public_key,
    read_public_key,
    verify,
)
from identifiers.wire.handle.data import (
    DhKey,
    DsaKey,
    OtherKey,
    RsaKey,
)
from identifiers.wire.handle.data import (
    encode_public_key as write_key,
)

LEGACY = Policy(legacy=True)
SPKI = PublicFormat.SubjectPublicKeyInfo
SIGNED = b"nonce and digest"


@pytest.fixture(scope="module")
def rsa_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def small_rsa_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 -- refused by default, which is tested


@pytest.fixture(scope="module")
def dsa_key():
    return dsa.generate_private_key(key_size=1024)  # noqa: S505 -- refused by default, which is tested


def numbers_of(private):
    numbers = private.public_key().public_numbers()
    return RsaKey(numbers.e, numbers.n)


def dsa_numbers(private):
    numbers = private.public_key().public_numbers()
    group = numbers.parameter_numbers
    return DsaKey(q=group.q, p=group.p, g=group.g, y=numbers.y)


def signed_with(private, algorithm):
    return private.sign(SIGNED, padding.PKCS1v15(), algorithm)


def test_every_form_of_an_rsa_key_is_the_same_key(rsa_key):
    public, key = rsa_key.public_key(), numbers_of(rsa_key)
    forms = [
        write_key(key),
        write_key(RsaKey(key.e, key.n, padded=False)),
        public.public_bytes(Encoding.PEM, SPKI),
        public.public_bytes(Encoding.DER, SPKI),
        public.public_bytes(Encoding.PEM, PublicFormat.PKCS1),
        b"\n" + public.public_bytes(Encoding.PEM, SPKI).replace(b"\n", b"\r\n") + b"\n",
    ]
    assert {parse_public_key(form) for form in forms} == {key}
    assert encode_public_key(key) == forms[0]


def test_a_key_is_read_from_text(rsa_key):
    public, data = rsa_key.public_key(), write_key(numbers_of(rsa_key))
    der = public.public_bytes(Encoding.DER, SPKI)
    forms = [public.public_bytes(Encoding.PEM, SPKI), base64.b64encode(der), base64.b64encode(data)]
    assert {read_public_key(form.decode()) for form in forms} == {data}
    for text in ("", "密钥", "no Base64", "bm8ga2V5"):
        with pytest.raises(KeyUnfit):
            read_public_key(text)


def test_every_form_of_an_sm2_key_is_the_same_key():
    key = sm2.public_of(12345)
    der = sm2.encode_spki(key)
    pem = pem_of(der)
    forms = [
        der,
        pem,
        write_key(OtherKey("SM2_PUB_KEY", der)),
        write_key(OtherKey("SM2_PUB_KEY", pem)),
    ]
    assert {parse_public_key(form) for form in forms} == {key}
    assert encode_public_key(key) == forms[2]


def pem_of(der):
    lines = base64.encodebytes(der)
    return b"-----BEGIN PUBLIC KEY-----\n" + lines + b"-----END PUBLIC KEY-----\n"


def test_dsa_and_diffie_hellman_keys(dsa_key):
    key = dsa_numbers(dsa_key)
    assert parse_public_key(write_key(key)) == key
    assert parse_public_key(dsa_key.public_key().public_bytes(Encoding.DER, SPKI)) == key
    exchange = DhKey(y=5, p=23, g=2)
    assert parse_public_key(encode_public_key(exchange)) == exchange


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"password",
        b"0",
        b"0\x03\x02\x01\x01",
        b"-----BEGIN PUBLIC KEY-----\nAAA\n-----END PUBLIC KEY-----\n",
        b"-----BEGIN PUBLIC KEY-----\n!\n-----END PUBLIC KEY-----\n",
        b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END RSA PUBLIC KEY-----\n",
        write_key(OtherKey("SM9_PUB_KEY", b"text")),
        write_key(OtherKey("SM2_PUB_KEY", b"text")),
        bytes(MAX_KEY_BYTES + 1),
    ],
)
def test_what_is_no_key_is_unfit(data):
    with pytest.raises(KeyUnfit):
        parse_public_key(data)


@pytest.mark.parametrize("name", ["PRIVATE KEY", "RSA PRIVATE KEY", "CERTIFICATE"])
def test_a_pem_file_of_something_else_is_told_by_its_name(name):
    pem = pem_of(b"secret").replace(b"PUBLIC KEY", name.encode())
    with pytest.raises(KeyUnfit, match=f"PEM that is not one PUBLIC KEY, but begins {name}$"):
        parse_public_key(pem)


def test_text_that_is_no_key_is_told_as_none():
    with pytest.raises(KeyUnfit, match="no public key: neither PEM nor DER"):
        parse_public_key(b"garbage\n")


def test_keys_of_other_kinds_are_unfit():
    for private in (ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256R1())):
        for form in (Encoding.DER, Encoding.PEM):
            with pytest.raises(KeyUnfit, match="neither RSA, DSA nor SM2"):
                parse_public_key(private.public_key().public_bytes(form, SPKI))


@pytest.mark.parametrize(
    ("name", "algorithm"),
    [
        ("SHA-256", hashes.SHA256()),
        ("SHA256", hashes.SHA256()),
        ("sha256", hashes.SHA256()),
        ("SHA_256", hashes.SHA256()),
        ("SHA-384", hashes.SHA384()),
        ("SHA-512", hashes.SHA512()),
    ],
)
def test_rsa_signatures_by_every_spelling(rsa_key, name, algorithm):
    key, signature = numbers_of(rsa_key), signed_with(rsa_key, algorithm)
    assert verify(key, name, signature, SIGNED)
    assert not verify(key, name, signature, SIGNED + b"!")
    assert not verify(key, name, signature[:-1], SIGNED)
    assert not verify(key, name, bytes(4096), SIGNED)


SHA1, MD5 = hashes.SHA1(), hashes.MD5()  # noqa: S303 -- refused by default, which is tested


@pytest.mark.parametrize(("name", "algorithm"), [("SHA1", SHA1), ("SHA-1", SHA1), ("MD5", MD5)])
def test_weak_hashes_only_by_policy(rsa_key, name, algorithm):
    key, signature = numbers_of(rsa_key), signed_with(rsa_key, algorithm)
    with pytest.raises(KeyUnfit):
        verify(key, name, signature, SIGNED)
    assert verify(key, name, signature, SIGNED, LEGACY)


@pytest.mark.parametrize("name", ["", "SM3", "SHA-224", "SHA256withRSA", "x" * 5000])
def test_unknown_hashes(rsa_key, name):
    with pytest.raises(KeyUnfit):
        verify(numbers_of(rsa_key), name, signed_with(rsa_key, hashes.SHA256()), SIGNED, LEGACY)


def test_small_rsa_keys_only_by_policy(small_rsa_key):
    key, signature = numbers_of(small_rsa_key), signed_with(small_rsa_key, hashes.SHA256())
    with pytest.raises(KeyUnfit):
        verify(key, "SHA-256", signature, SIGNED)
    assert verify(key, "SHA-256", signature, SIGNED, LEGACY)


@pytest.mark.parametrize("policy", [Policy(), LEGACY])
@pytest.mark.parametrize(
    "key",
    [
        RsaKey(65537, (1 << 1022) + 1),
        RsaKey(65537, (1 << 8192) + 1),
        RsaKey(0, (1 << 2047) + 1),
        RsaKey(65537, 1 << 2047),
        RsaKey(1, (1 << 2047) + 1),
        RsaKey(65538, (1 << 2047) + 1),
        RsaKey((1 << 33) + 1, (1 << 2047) + 1),
        DhKey(y=5, p=23, g=2),
    ],
)
def test_keys_that_no_policy_takes(key, policy):
    with pytest.raises(KeyUnfit):
        check_key(key, policy)
    with pytest.raises(KeyUnfit):
        verify(key, "SHA-256", b"signature", SIGNED, policy)


def test_dsa_only_by_policy(dsa_key):
    key, signature = dsa_numbers(dsa_key), dsa_key.sign(SIGNED, SHA1)
    with pytest.raises(KeyUnfit):
        verify(key, "SHA1", signature, SIGNED)
    assert verify(key, "SHA1", signature, SIGNED, LEGACY)
    assert not verify(key, "SHA1", signature, SIGNED + b"!", LEGACY)
    assert not verify(key, "SHA1", b"no DER", SIGNED, LEGACY)


def test_dsa_keys_outside_of_their_group(dsa_key):
    key = dsa_numbers(dsa_key)
    for wrong in (
        DsaKey(q=key.q, p=key.p, g=key.g, y=key.p),
        DsaKey(q=key.q, p=key.p, g=key.g, y=1),
        DsaKey(q=key.q, p=23, g=key.g, y=5),
    ):
        with pytest.raises(KeyUnfit):
            verify(wrong, "SHA1", b"signature", SIGNED, LEGACY)


def test_sm2_signs_with_sm3_alone():
    key = sm2.public_of(12345)
    signature = sm2.sign(12345, key, sm2.DEFAULT_IDENTITY, SIGNED, b"")
    assert verify(key, "SM3", signature, SIGNED)
    assert not verify(key, "SM3", signature, SIGNED, identity=b"88.300.1/USER")
    assert not verify(key, "SM3", signature, SIGNED + b"!")
    with pytest.raises(KeyUnfit):
        verify(key, "SHA-256", signature, SIGNED)
