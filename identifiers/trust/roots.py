"""Keys that are trusted from the start, as an operator writes them down.

A JSON object: each name is ``index:handle``, each member a key, as a JWK object or as PEM text. A
whole HS_CERT that its subject signed himself is taken in place of a key.
"""

from collections.abc import Mapping
from typing import Final

from identifiers.keys.errors import KeyUnfit
from identifiers.keys.public import STRICT, Policy, PublicKey, check_key, parse_public_key
from identifiers.principals import HandleIdentity
from identifiers.trust import jws
from identifiers.trust.claims import decode_certificate, decode_jwk, identity
from identifiers.trust.errors import TokenUnfit

Roots = Mapping[HandleIdentity, PublicKey]
MAX_BYTES: Final = 1_048_576


def parse_roots(data: bytes, policy: Policy = STRICT) -> dict[HandleIdentity, PublicKey]:
    """Read a list of roots. Raises `TokenUnfit`, also for keys that `policy` does not take."""
    if len(data) > MAX_BYTES:
        raise TokenUnfit(f"a list of roots of {len(data)} bytes")
    roots: dict[HandleIdentity, PublicKey] = {}
    for name, written in jws.document(data).items():
        subject = identity(name)
        try:
            roots[subject] = check_key(_key(subject, written, policy), policy)
        except KeyUnfit as error:
            raise TokenUnfit(f"the key of {name}: {error}") from None
    return roots


def _key(subject: HandleIdentity, written: object, policy: Policy) -> PublicKey:
    if isinstance(written, dict):
        return decode_jwk(written)
    if not isinstance(written, str):
        raise TokenUnfit(f"the key of {subject} is neither a JWK nor PEM text")
    if written.lstrip().startswith("-----BEGIN "):
        return parse_public_key(written.encode())
    token = jws.parse(written.strip().encode())
    claims = decode_certificate(token.payload)
    if (claims.subject, claims.issuer) != (subject, subject):
        raise TokenUnfit(f"the certificate of {subject} is not of its own making")
    if not jws.verify_token(token, claims.key, policy):
        raise TokenUnfit(f"the certificate of {subject} is not signed by its key")
    return claims.key
