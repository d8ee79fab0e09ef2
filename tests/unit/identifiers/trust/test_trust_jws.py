"""Tokens: one way to write each, and no way to confuse algorithms."""

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, rsa

from identifiers.keys.public import Policy, parse_public_key
from identifiers.keys.signers import RsaSigner, Sm2Signer
from identifiers.trust import jws
from identifiers.trust.errors import TokenUnfit
from identifiers.wire.handle.data import DsaKey, RsaKey

SM2 = Sm2Signer(77, bytes)


@pytest.fixture(scope="module")
def signer():
    return RsaSigner(rsa.generate_private_key(public_exponent=65537, key_size=2048))


@pytest.mark.parametrize("name", jws.SM2_NAMES)
def test_tokens_by_sm2(name):
    token = jws.parse(jws.make(b"{}", SM2, name))
    assert (token.algorithm, token.payload) == (name, b"{}")
    assert jws.verify_token(token, parse_public_key(SM2.public))
    assert not jws.verify_token(token, parse_public_key(Sm2Signer(78, bytes).public))


def test_tokens_by_rsa(signer):
    token = jws.parse(jws.make(b'{"a":1}', signer))
    assert token.algorithm == "RS256"
    assert jws.verify_token(token, parse_public_key(signer.public))


def signed_by(signer, header):
    signed = jws.encode_part(header) + b"." + jws.encode_part(b"{}")
    return jws.parse(signed + b"." + jws.encode_part(signer.sign(signed)))


@pytest.mark.parametrize(
    "algorithm", [b"none", b"HS256", b"RS512", b"SM2SM3", b"DS256", b"rs256", b"", b"x" * 99]
)
def test_an_algorithm_goes_with_its_kind_of_key(signer, algorithm):
    token = signed_by(signer, b'{"alg":"' + algorithm + b'"}')
    with pytest.raises(TokenUnfit):
        jws.verify_token(token, parse_public_key(signer.public))


def test_weak_keys_are_unfit():
    token = signed_by(SM2, b'{"alg":"RS256"}')
    with pytest.raises(TokenUnfit):
        jws.verify_token(token, RsaKey(65537, (1 << 1023) + 1))


def test_dsa_only_by_policy():
    private = dsa.generate_private_key(key_size=2048)
    numbers = private.public_key().public_numbers()
    group = numbers.parameter_numbers
    key = DsaKey(q=group.q, p=group.p, g=group.g, y=numbers.y)
    signed = jws.encode_part(b'{"alg":"DS256"}') + b".e30"
    token = jws.parse(signed + b"." + jws.encode_part(private.sign(signed, hashes.SHA256())))
    with pytest.raises(TokenUnfit):
        jws.verify_token(token, key)
    assert jws.verify_token(token, key, Policy(legacy=True))


GOOD = b"eyJhbGciOiJSUzI1NiJ9.e30.AA"


def test_the_shortest_token():
    assert jws.parse(GOOD) == jws.Token("RS256", b"{}", b"eyJhbGciOiJSUzI1NiJ9.e30", b"\0")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b".",
        b"..",
        b"e30.e30",
        GOOD + b".",
        GOOD + b"=",
        GOOD + b"\n",
        b" " + GOOD,
        GOOD[:-1] + b"B",  # spare bits
        GOOD[:-1],  # one character is no byte
        GOOD.replace(b"e30", b"e30="),
        GOOD.replace(b".AA", b".+/"),
        b"bm90IEpTT04.e30.AA",  # the header is no JSON
        b"W10.e30.AA",  # the header is a list
        b"e30.e30.AA",  # no algorithm
        jws.encode_part(b'{"alg":1}') + b".e30.AA",
        jws.encode_part(b'{"alg":"RS256","alg":"none"}') + b".e30.AA",
        jws.encode_part(b'{"alg":"RS256","crit":["b64"],"b64":false}') + b".e30.AA",
        jws.encode_part(b"[" * 5000) + b".e30.AA",
        b"A" * (jws.MAX_TOKEN + 1),
    ],
)
def test_what_is_no_token_is_unfit(data):
    with pytest.raises(TokenUnfit):
        jws.parse(data)
