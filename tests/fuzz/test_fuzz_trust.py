"""Tokens and lists of roots of strangers: only the declared error."""

import json

from identifiers.keys.public import parse_public_key
from identifiers.keys.signers import Sm2Signer
from identifiers.principals import HandleIdentity
from identifiers.trust import jws
from identifiers.trust.claims import (
    CertificateClaims,
    decode_certificate,
    decode_signature,
    encode_certificate,
    encode_jwk,
)
from identifiers.trust.errors import TokenUnfit
from identifiers.trust.permissions import Over, Permission
from identifiers.trust.roots import parse_roots
from identifiers.trust.signing import certificate_value, issue, sign_values, signature_value
from identifiers.trust.verification import Report, Terms, Verdict, Wanted, begin, resume
from identifiers.values import Value
from tests.fuzz.mutation import mutants

SIGNER = Sm2Signer(77, bytes)
KEY = parse_public_key(SIGNER.public)
ROOT, NODE = HandleIdentity("0.0/0.0", 300), HandleIdentity("0.NA/88.300", 300)
CLAIMS = CertificateClaims(
    issuer=ROOT,
    subject=NODE,
    issued=1,
    not_before=1,
    expires=9,
    key=KEY,
    permissions=(Permission(Over.DERIVED_PREFIXES, "0.NA/88.300"),),
)
VALUES = (Value(index=1, type="URL", data=b"https://example.org"),)
CERTIFICATE = issue(CLAIMS, SIGNER)
SIGNATURE = sign_values("88.300.1/A", VALUES, SIGNER, NODE, now=1, until=9)
TOKENS = (b'"alg"', b"none", b"RS256", b".", b"=", b'"digests"', b"null", b"[]", b"1e999")


def test_payloads_and_headers():
    read = 0
    payloads = [jws.parse(SIGNATURE).payload, encode_certificate(CLAIMS), b'{"alg":"RS256"}']
    for data in mutants(payloads, 6_000, 1, tokens=TOKENS):
        for decode in (decode_signature, decode_certificate, jws.document):
            try:
                decode(data)
                read += 1
            except TokenUnfit:
                continue
    assert read


def test_answers_with_mutated_tokens():
    terms = Terms(now=5, roots={ROOT: KEY})
    seen = set()
    for data in mutants([SIGNATURE, CERTIFICATE], 3_000, 2, tokens=TOKENS):
        step = begin("88.300.1/A", [*VALUES, signature_value(data)], terms)
        rounds = 0
        while isinstance(step, Wanted):
            step = resume(step, [certificate_value(CERTIFICATE if data == SIGNATURE else data)])
            rounds += 1
        assert isinstance(step, Report)
        assert rounds <= 2
        assert (step.verdict is Verdict.TRUSTED) == (data == SIGNATURE)
        seen.add(step.verdict)
    assert seen == {Verdict.TRUSTED, Verdict.UNTRUSTED}


def test_lists_of_roots():
    written = json.dumps({"300:0.0/0.0": encode_jwk(KEY)}).encode()
    for data in mutants([written], 3_000, 3, tokens=TOKENS):
        try:
            parse_roots(data)
        except TokenUnfit:
            continue
