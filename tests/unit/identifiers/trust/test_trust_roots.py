"""Lists of roots, as operators write them."""

import base64
import json

import pytest

from identifiers.keys import sm2
from identifiers.keys.public import Policy, parse_public_key
from identifiers.keys.signers import Sm2Signer
from identifiers.principals import HandleIdentity
from identifiers.trust.claims import CertificateClaims, encode_jwk
from identifiers.trust.errors import TokenUnfit
from identifiers.trust.roots import MAX_BYTES, parse_roots
from identifiers.trust.signing import issue
from identifiers.wire.handle.data import RsaKey

SIGNER = Sm2Signer(77, bytes)
KEY = parse_public_key(SIGNER.public)
ROOT = HandleIdentity("0.0/0.0", 300)
PEM = (
    "-----BEGIN PUBLIC KEY-----\n"
    + base64.encodebytes(sm2.encode_spki(KEY)).decode()
    + "-----END PUBLIC KEY-----\n"
)


def certificate(subject=ROOT, issuer=ROOT, signer=SIGNER):
    claims = CertificateClaims(
        issuer=issuer, subject=subject, issued=0, not_before=0, expires=1, key=KEY, permissions=()
    )
    return issue(claims, signer).decode()


@pytest.mark.parametrize(
    "written",
    [encode_jwk(KEY), PEM, certificate(), certificate() + "\n"],
    ids=["jwk", "pem", "certificate", "certificate with a line end"],
)
def test_a_root_in_every_form(written):
    assert parse_roots(json.dumps({"300:0.0/0.0": written}).encode()) == {ROOT: KEY}


def test_several_roots_and_none():
    names = ("300:0.0/0.0", "301:88.111.1/0.0")
    roots = parse_roots(json.dumps(dict.fromkeys(names, PEM)).encode())
    assert [str(root) for root in roots] == list(names)
    assert parse_roots(b"{}") == {}


WEAK = encode_jwk(RsaKey(65537, (1 << 1023) + 1))


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b" " * (MAX_BYTES + 1),
        json.dumps({"0.0/0.0": PEM}).encode(),
        json.dumps({"300:0.0/0.0": 1}).encode(),
        json.dumps({"300:0.0/0.0": "text"}).encode(),
        json.dumps({"300:0.0/0.0": PEM[:60]}).encode(),
        json.dumps({"300:0.0/0.0": {"kty": "EC"}}).encode(),
        json.dumps({"300:0.0/0.0": WEAK}).encode(),
        json.dumps({"301:0.0/0.0": certificate()}).encode(),
        json.dumps({"300:0.0/0.0": certificate(issuer=HandleIdentity("0.0/0.0", 301))}).encode(),
        json.dumps({"300:0.0/0.0": certificate(signer=Sm2Signer(78, bytes))}).encode(),
    ],
    ids=range(12),
)
def test_lists_that_are_unfit(document):
    with pytest.raises(TokenUnfit):
        parse_roots(document)


def test_old_keys_by_policy():
    document = json.dumps({"300:0.0/0.0": WEAK}).encode()
    assert parse_roots(document, Policy(legacy=True))
