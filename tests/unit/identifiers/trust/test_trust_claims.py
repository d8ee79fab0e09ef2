"""Payloads of signatures and certificates: read, written, and refused."""

import base64
import json

import pytest

from identifiers.keys import sm2
from identifiers.keys.public import parse_public_key
from identifiers.principals import HandleIdentity
from identifiers.trust import jws
from identifiers.trust.claims import (
    CertificateClaims,
    SignatureClaims,
    decode_certificate,
    decode_jwk,
    decode_signature,
    encode_certificate,
    encode_jwk,
    encode_signature,
)
from identifiers.trust.digests import DigestName, digest
from identifiers.trust.errors import TokenUnfit
from identifiers.trust.permissions import Over, Permission
from identifiers.values import Reference, Value
from identifiers.wire.handle.data import DhKey, RsaKey

KEY = sm2.public_of(77)
DIGEST = base64.b64encode(bytes(32)).decode()
SIGNATURE = {
    "iss": "300:0.NA/88.300",
    "sub": "88.300.1/a",
    "iat": 1,
    "nbf": 2,
    "exp": 3,
    "digests": {"alg": "SHA-256", "digests": [{"index": 1, "digest": DIGEST}]},
}
CERTIFICATE = {
    "iss": "300:0.NA/88",
    "sub": "300:0.na/88.300",
    "nbf": 2,
    "exp": 3,
    "publicKey": encode_jwk(KEY),
    "perms": [{"perm": "everything"}, {"perm": "thisHandle", "handle": "88.300", "ca": False}],
    "org": "某矿业公司",
    "sn": "node",
    "exts": [{"key": "k", "value": "v"}],
    "chain": ["0.NA/88"],
    "unknown": {"left": "alone"},
}


def written(payload, **changed):
    return json.dumps({**payload, **changed}).encode()


def test_a_signature():
    claims = decode_signature(written(SIGNATURE))
    assert claims == SignatureClaims(
        issuer=HandleIdentity("0.NA/88.300", 300),
        subject="88.300.1/a",
        issued=1,
        not_before=2,
        expires=3,
        algorithm=DigestName.SHA256,
        digests=((1, bytes(32)),),
    )
    assert json.loads(encode_signature(claims)) == SIGNATURE


def test_a_certificate():
    claims = decode_certificate(written(CERTIFICATE))
    assert claims == CertificateClaims(
        issuer=HandleIdentity("0.NA/88", 300),
        subject=HandleIdentity("0.NA/88.300", 300),
        issued=0,
        not_before=2,
        expires=3,
        key=KEY,
        permissions=(
            Permission(Over.EVERYTHING),
            Permission(Over.THIS_HANDLE, "88.300", issue=False),
        ),
        chain=("0.NA/88",),
        organisation="某矿业公司",
        name="node",
        extensions=(("k", "v"),),
    )
    assert decode_certificate(encode_certificate(claims)) == claims


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "0.NA/88.300"},
        {"iss": 300},
        {"iss": "300:88.300"},
        {"sub": "88.300"},
        {"exp": None},
        {"exp": "3"},
        {"nbf": 2.5},
        {"chain": [1]},
        {"digests": None},
        {"digests": {"alg": "MD5", "digests": []}},
        {"digests": {"alg": "SHA-256", "digests": [{"index": 1, "digest": "?"}]}},
        {"digests": {"alg": "SHA-256", "digests": [{"index": 1, "digest": "中"}]}},
        {"digests": {"alg": "SHA-256", "digests": [{"index": 1, "digest": "AAAA"}]}},
        {"digests": {"alg": "SHA-256", "digests": [{"index": 0, "digest": DIGEST}]}},
        {"digests": {"alg": "SHA-256", "digests": [{"index": 1 << 32, "digest": DIGEST}]}},
        {"digests": {"alg": "SHA-256", "digests": [{"index": 1, "digest": DIGEST}] * 2}},
        {"digests": {"alg": "SHA-256", "digests": [{"index": 1, "digest": DIGEST}] * 2049}},
    ],
)
def test_signatures_that_are_unfit(changed):
    with pytest.raises(TokenUnfit):
        decode_signature(written(SIGNATURE, **changed))


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "x"},
        {"sub": "0.NA/88.300"},
        {"sub": f"{1 << 32}:0.NA/88.300"},
        {"publicKey": None},
        {"publicKey": {}},
        {"publicKey": {"kty": "EC"}},
        {"publicKey": {"kty": "RSA", "n": "AQAB"}},
        {"publicKey": {"kty": "RSA", "n": "AQAB", "e": ""}},
        {"publicKey": {"kty": "RSA", "n": "AQAB", "e": 3}},
        {"publicKey": {"kty": "RSA", "n": "AQ+B", "e": "AQAB"}},
        {"publicKey": {"kty": "SM2", "x": "AQAB", "y": "AQAB"}},
        {"publicKey": {"kty": "SM2", "d": "AQAB"}},
        {"publicKey": {"kty": "SM2", "d": 3}},
        {"perms": [{}]},
        {"perms": [{"perm": "everything", "ca": "no"}]},
        {"perms": [{"perm": "everything"}] * 257},
    ],
)
def test_certificates_that_are_unfit(changed):
    with pytest.raises(TokenUnfit):
        decode_certificate(written(CERTIFICATE, **changed))


@pytest.mark.parametrize("payload", [b"", b"[]", b"{", b'{"iss":1,"iss":1}', b"\xff"])
def test_payloads_that_are_no_objects(payload):
    for decode in (decode_signature, decode_certificate):
        with pytest.raises(TokenUnfit):
            decode(payload)


def test_keys_in_the_forms_of_both_sdks():
    der = jws.encode_part(sm2.encode_spki(KEY)).decode()
    x, y = (jws.encode_part(n.to_bytes(32)).decode() for n in (KEY.x, KEY.y))
    for members in ({"d": der}, {"x": x, "y": y}, {"x": x + "=", "y": y, "d": "anything"}):
        assert decode_jwk({"kty": "SM2", **members}) == KEY
    rsa_key = RsaKey(65537, (1 << 2047) + 1)
    assert decode_jwk(encode_jwk(rsa_key)) == rsa_key
    assert encode_jwk(rsa_key)["e"] == "AQAB"
    with pytest.raises(TokenUnfit):
        encode_jwk(DhKey(1, 2, 3))


def test_a_digest_leaves_index_and_timestamp_out():
    value = Value(index=1, type="URL", data=b"https://example.org", timestamp=5)
    other = Value(index=2, type="URL", data=b"https://example.org", timestamp=6)
    for name in DigestName:
        assert digest(value, name) == digest(other, name)
        assert len(digest(value, name)) == 32
    assert digest(value, DigestName.SM3) != digest(value, DigestName.SHA256)
    covered = bytes.fromhex("00 00015180 0e 00000003 55524c 00000013") + value.data + bytes(4)
    assert digest(value, DigestName.SM3) == sm2.sm3(covered)


@pytest.mark.parametrize(
    "change",
    [
        {"type": "URI"},
        {"data": b"https://example.net"},
        {"ttl": 1},
        {"absolute": True},
        {"permissions": 0x0C},
        {"references": (Reference("88.300/A", 1),)},
    ],
)
def test_a_digest_covers_everything_else(change):
    value = {"index": 1, "type": "URL", "data": b"https://example.org"}
    for name in DigestName:
        assert digest(Value(**value), name) != digest(Value(**{**value, **change}), name)


def test_keys_as_values_hold_them():
    assert parse_public_key(sm2.encode_spki(KEY)) == KEY
