"""HS_MAC and HS_SIGNED credentials, made and verified in every version that has them."""

import hmac

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from msgspec.structs import replace

from identifiers.keys.credentials import verify_mac, verify_signature, with_mac, with_signature
from identifiers.keys.errors import KeyUnfit
from identifiers.keys.public import Policy, parse_public_key
from identifiers.keys.sessions import CipherCode, SessionKey
from identifiers.keys.signers import RsaSigner, Sm2Signer
from identifiers.wire.handle import bodies
from identifiers.wire.handle.codes import OpCode
from identifiers.wire.handle.credential import (
    ENVELOPE_SINCE,
    Credential,
    Signature,
    encode_signature,
)
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.message import Message, decode, encode

KEY = SessionKey(CipherCode.AES, bytes(range(32)))
OTHER = SessionKey(CipherCode.AES, bytes(32))
MESSAGE = Message(
    session_id=41,
    request_id=7,
    header=Header(op_code=OpCode.DELETE_HANDLE),
    body=bodies.Named("88.300.1/A"),
    without_credential_length=True,
)
VERSIONS = [(2, 1), (2, 4), (2, 7), (2, 8), (2, 11)]


@pytest.fixture(scope="module")
def signers():
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return RsaSigner(private), Sm2Signer(77, bytes)


def arrived(message):
    return decode(encode(message))


def speaking(version):
    return replace(MESSAGE, version=version, suggested=version)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_mac_travels(version):
    message = arrived(with_mac(speaking(version), KEY, 5))
    policy = Policy(legacy=version < ENVELOPE_SINCE)
    assert message.credential.counter == 5
    assert verify_mac(message, KEY, policy)
    assert not verify_mac(message, OTHER, policy)
    assert not verify_mac(replace(message, body=bodies.Named("88.300.1/B")), KEY, policy)


def test_a_mac_that_covers_no_counter_is_none():
    """Whoever overhears such a message could have it executed again and again."""
    message = with_mac(speaking((2, 4)), KEY, 5)
    again = replace(message, credential=replace(message.credential, counter=6))
    assert verify_mac(again, KEY, Policy(legacy=True))
    for one in (message, again):
        with pytest.raises(KeyUnfit):
            verify_mac(one, KEY)


def test_a_mac_covers_the_session_the_request_and_the_counter():
    message = with_mac(MESSAGE, KEY, 5)
    counted = replace(message.credential, counter=6)
    for change in ({"session_id": 42}, {"request_id": 8}, {"credential": counted}):
        assert not verify_mac(replace(message, **change), KEY)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_signature_travels(signers, version):
    one, two = signers
    for signer, other in ((one, two), (two, one)):
        message = arrived(with_signature(speaking(version), signer))
        assert verify_signature(message, parse_public_key(signer.public))
        changed = replace(message, body=bodies.Named("88.300.1/B"))
        assert not verify_signature(changed, parse_public_key(signer.public))
        with pytest.raises(KeyUnfit):
            verify_signature(message, parse_public_key(other.public))


@pytest.mark.parametrize("version", [(2, 5), (2, 6)])
def test_versions_that_nobody_agrees_on(signers, version):
    with pytest.raises(KeyUnfit):
        with_mac(speaking(version), KEY, 1)
    message = replace(with_mac(MESSAGE, KEY, 1), version=version)
    with pytest.raises(KeyUnfit):
        verify_mac(message, KEY)
    with pytest.raises(KeyUnfit):
        with_signature(speaking(version), signers[0])


def test_one_kind_is_not_the_other(signers):
    key = parse_public_key(signers[0].public)
    with pytest.raises(KeyUnfit):
        verify_signature(with_mac(MESSAGE, KEY, 1), key)
    with pytest.raises(KeyUnfit):
        verify_mac(with_signature(MESSAGE, signers[0]), KEY)
    for verifying, by in ((verify_mac, KEY), (verify_signature, key)):
        with pytest.raises(KeyUnfit):
            verifying(MESSAGE, by)


def with_info(info):
    return replace(MESSAGE, credential=Credential(type="HS_MAC", counter=1, info=info))


def test_credentials_that_cannot_be_read():
    for info in (b"", b"\0\0\0\1", encode_signature(Signature("HMAC-SHA256", b"")) + b"\0"):
        with pytest.raises(KeyUnfit):
            verify_mac(with_info(info), KEY)
    assert not verify_mac(with_info(encode_signature(Signature("HMAC-SHA256", b""))), KEY)


def test_weak_macs_only_by_policy():
    message = replace(MESSAGE, version=(2, 4), suggested=(2, 4))
    whole = encode(replace(message, without_credential_length=False))
    mac = hmac.digest(KEY.secret, whole[20:-4], "sha1")
    for name in ("HMAC-SHA1", "HmacSHA1"):
        info = encode_signature(Signature(name, mac))
        weak = replace(message, credential=Credential(type="HS_MAC", counter=1, info=info))
        with pytest.raises(KeyUnfit):
            verify_mac(weak, KEY)
        assert verify_mac(weak, KEY, Policy(legacy=True))
        weak = replace(weak, version=(2, 7))
        with pytest.raises(KeyUnfit):
            verify_mac(weak, KEY)
    unknown = with_info(encode_signature(Signature("SHA-1", mac)))
    with pytest.raises(KeyUnfit):
        verify_mac(unknown, KEY, Policy(legacy=True))
