"""JSON Web Signatures in compact form (RFC 7515 section 7.1), with the algorithms of this field.

``base64url(header) . base64url(payload) . base64url(signature)``, without padding; what is signed
are the first two parts with the dot between them.

==========  ===============================================================
RS256       RSA PKCS #1 v1.5 with SHA-256; everybody knows it
SM2SM3      SM2 with SM3, default user ID, DER; as one Chinese SDK writes it
SM2256      the same, as the other one does
DS160       DSA with SHA-1, read only as legacy and never written
DS256       DSA with SHA-256, likewise
==========  ===============================================================
"""

import base64
import binascii
import re
from types import MappingProxyType
from typing import Final

import msgspec

from identifiers.faults import Invalid
from identifiers.keys.errors import KeyUnfit
from identifiers.keys.public import SM3, STRICT, Policy, PublicKey, verify
from identifiers.keys.signers import SHA256, Signer
from identifiers.keys.sm2 import Sm2Key
from identifiers.trust.errors import TokenUnfit
from identifiers.wire.handle.data import DsaKey, RsaKey
from identifiers.wire.jsonload import load

MAX_TOKEN: Final = 65_536
SM2_NAMES: Final = ("SM2SM3", "SM2256")
_URL_SAFE: Final = re.compile(rb"[A-Za-z0-9_-]*")
_ALGORITHMS: Final = MappingProxyType(
    {
        "RS256": (RsaKey, SHA256),
        "SM2SM3": (Sm2Key, SM3),
        "SM2256": (Sm2Key, SM3),
        "DS160": (DsaKey, "SHA-1"),
        "DS256": (DsaKey, SHA256),
    }
)


class Token(msgspec.Struct, frozen=True):
    """A token that was read and not yet verified."""

    algorithm: str
    payload: bytes
    signed: bytes
    signature: bytes


def parse(data: bytes) -> Token:
    """Read a token. Raises `TokenUnfit`.

    Strict, so that there is one way to write a token: no padding, no spare bits, no white space,
    no duplicate names, no critical extensions (RFC 7515 section 4.1.11).
    """
    if len(data) > MAX_TOKEN:
        raise TokenUnfit(f"a token of {len(data)} bytes, at most {MAX_TOKEN} are read")
    parts = data.split(b".")
    if len(parts) != 3:  # noqa: PLR2004 -- header, payload, signature
        raise TokenUnfit("a token has three parts")
    header, payload, signature = map(decode_part, parts)
    described = document(header)
    algorithm = described.get("alg")
    if not isinstance(algorithm, str) or "crit" in described:
        raise TokenUnfit("a token without an algorithm, or with critical extensions")
    return Token(algorithm, payload, parts[0] + b"." + parts[1], signature)


def verify_token(token: Token, key: PublicKey, policy: Policy = STRICT) -> bool:
    """Say whether `key` signed `token`. Raises `TokenUnfit` for what `policy` does not take."""
    known = _ALGORITHMS.get(token.algorithm)
    if known is None or not isinstance(key, known[0]):
        raise TokenUnfit(f"{token.algorithm[:32]!r} does not go with the signer's key")
    try:
        return verify(key, known[1], token.signature, token.signed, policy)
    except KeyUnfit as error:
        raise TokenUnfit(str(error)) from None


def make(payload: bytes, signer: Signer, sm2_name: str = SM2_NAMES[0]) -> bytes:
    """Sign `payload`; `sm2_name` is what the readers call SM2 with SM3."""
    algorithm = sm2_name if signer.algorithm == SM3 else "RS256"
    header = msgspec.json.encode({"alg": algorithm})
    signed = encode_part(header) + b"." + encode_part(payload)
    return signed + b"." + encode_part(signer.sign(signed))


def decode_part(part: bytes) -> bytes:
    """Read base64url without padding (RFC 7515 section 2). Raises `TokenUnfit`."""
    try:
        if _URL_SAFE.fullmatch(part):
            data = base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
            if encode_part(data) == part:
                return data
    except binascii.Error:
        pass
    raise TokenUnfit("a part of a token that is not base64url")


def encode_part(data: bytes) -> bytes:
    """Write base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def document(data: bytes) -> dict[str, object]:
    """Read a JSON object, strictly. Raises `TokenUnfit`."""
    try:
        loaded = load(data)
    except Invalid:
        raise TokenUnfit("a part of a token that is not JSON") from None
    if not isinstance(loaded, dict):
        raise TokenUnfit("a part of a token that is no JSON object")
    return loaded
