"""Answers to challenges (RFC 3652 sections 3.5.1 and 3.5.2), verified and made.

An answer proves a key over ``nonce || digest``: the challenge's nonce and the digest of the request
that was challenged, without its algorithm byte.

HS_PUBKEY: ``octets hash name, octets signature``. An SM2 key signs the 32 bytes
SM3(nonce || digest) under the UTF-8 of the user handle as its user ID.

HS_SECKEY: an algorithm byte and a MAC. Byte 0x22 is ``octets salt, int iterations, int bits,
octets mac``: HMAC-SHA1 under PBKDF2-HMAC-SHA1 of the secret. The forms before it hash the secret
with what is proved, and are taken only by `Policy.legacy`.
"""

import hashlib
import hmac
from collections.abc import Callable
from types import MappingProxyType
from typing import Final

from identifiers.keys.errors import KeyUnfit
from identifiers.keys.public import (
    SM3,
    STRICT,
    Policy,
    canonical,
    check_algorithm,
    parse_public_key,
    verify,
)
from identifiers.keys.signers import Signer
from identifiers.keys.sm2 import DEFAULT_IDENTITY, sm3
from identifiers.wire.cursor import Cursor, ProtocolError, octets, text, u32

PUBLIC_KEY: Final = "HS_PUBKEY"
SECRET_KEY: Final = "HS_SECKEY"  # noqa: S105 -- the name of a value type

ITERATIONS: Final = 10_000
"""What every known client asks for."""
MAX_ITERATIONS: Final = 20_000
"""Whoever answers chooses the work: 20,000 rounds are 10 ms."""
MAX_SALT: Final = 64
_MAC_BITS: Final = 160
_BITS_ALLOWED: Final = range(128, 513, 8)
_MAX_ANSWER: Final = 8192
_PBKDF2: Final = 0x22
_MD5_SIZE: Final = 16


def verify_response(  # noqa: PLR0917 -- in the order in which the message has them
    auth_type: str,
    value_data: bytes,
    user_handle: str,
    signed_response: bytes,
    nonce: bytes,
    digest: bytes,
    policy: Policy = STRICT,
) -> bool:
    """Say whether an answer proves the key in `value_data`.

    `auth_type` must be the *type of the stored value*, and the answer's own: a public key taken as
    a secret key would be a secret that everybody knows.

    Raises `KeyUnfit` for keys, answers and algorithms that cannot be read or that `policy` does
    not take. The work is bounded whatever the answer asks for.
    """
    check_response(auth_type, signed_response, policy)
    if auth_type == PUBLIC_KEY:
        return _verify_signature(value_data, user_handle, signed_response, nonce + digest, policy)
    if not value_data:
        raise KeyUnfit("an empty secret key")
    return _read_proof(signed_response, policy)(value_data, nonce + digest)


def check_response(auth_type: str, signed_response: bytes, policy: Policy = STRICT) -> None:
    """Look whether an answer has a form that some key could prove, without any key.

    Raises `KeyUnfit` where `verify_response` would whatever the key: then no key has to be fetched.
    """
    if len(signed_response) > _MAX_ANSWER:
        raise KeyUnfit(f"an answer of {len(signed_response)} bytes")
    try:
        if auth_type == PUBLIC_KEY:
            algorithm, _ = _read_signature(signed_response)
            check_algorithm(algorithm, policy)
        elif auth_type == SECRET_KEY:
            _read_proof(signed_response, policy)
        else:
            raise KeyUnfit(f"{auth_type[:40]!r} is no way to answer a challenge")
    except ProtocolError as error:
        raise KeyUnfit(f"an answer that cannot be read: {error}") from None


def answer_with_key(signer: Signer, nonce: bytes, digest: bytes, user_handle: str) -> bytes:
    """Return the signed response of an HS_PUBKEY answer."""
    proved, identity = nonce + digest, DEFAULT_IDENTITY
    if signer.algorithm == SM3:
        proved, identity = sm3(proved), user_handle.encode()
    return text(signer.algorithm) + octets(signer.sign(proved, identity))


def answer_with_secret(
    secret: bytes, nonce: bytes, digest: bytes, salt: bytes, iterations: int = ITERATIONS
) -> bytes:
    """Return the signed response of an HS_SECKEY answer; `salt` is 16 random bytes."""
    mac = _pbkdf2_mac(secret, salt, iterations, _MAC_BITS, nonce + digest)
    return bytes((_PBKDF2,)) + octets(salt) + u32(iterations) + u32(_MAC_BITS) + octets(mac)


def _read_signature(signed_response: bytes) -> tuple[str, bytes]:
    """Return the hash algorithm and the signature. Raises `ProtocolError`."""
    cursor = Cursor(signed_response)
    algorithm, signature = cursor.text(), cursor.octets()
    cursor.finish()
    return algorithm, signature


def _verify_signature(
    value_data: bytes, user_handle: str, signed_response: bytes, proved: bytes, policy: Policy
) -> bool:
    algorithm, signature = _read_signature(signed_response)
    key = parse_public_key(value_data)
    if canonical(algorithm) == SM3:
        identity = user_handle.encode()
        return verify(key, algorithm, signature, sm3(proved), policy, identity=identity)
    return verify(key, algorithm, signature, proved, policy)


_Proof = Callable[[bytes, bytes], bool]
"""Says whether a secret, with what is proved, makes the MAC of an answer."""


def _read_proof(signed_response: bytes, policy: Policy) -> _Proof:
    """Read the answer of a secret key. Raises `KeyUnfit` and `ProtocolError`."""
    if signed_response[:1] == bytes((_PBKDF2,)) and len(signed_response) != _MD5_SIZE:
        return _read_pbkdf2(signed_response[1:])
    if not policy.legacy:
        raise KeyUnfit("an old form of a secret-key answer")
    if len(signed_response) == _MD5_SIZE:
        # Clients before 2.1 send the MD5 alone.
        algorithm, mac = 0x01, signed_response
    else:
        cursor = Cursor(signed_response)
        algorithm, mac = cursor.u8(), cursor.rest()
    proof = _LEGACY.get(algorithm)
    if proof is None:
        raise KeyUnfit(f"{algorithm:#04x} is no form of a secret-key answer")
    return lambda secret, proved: hmac.compare_digest(proof(secret, proved), mac)


def _read_pbkdf2(described: bytes) -> _Proof:
    cursor = Cursor(described)
    salt, iterations, bits, mac = cursor.octets(), cursor.u32(), cursor.u32(), cursor.octets()
    cursor.finish()
    if not 1 <= len(salt) <= MAX_SALT:
        raise KeyUnfit(f"a salt of {len(salt)} bytes; 1 to {MAX_SALT} are taken")
    if not 1 <= iterations <= MAX_ITERATIONS:
        raise KeyUnfit(f"{iterations} iterations; 1 to {MAX_ITERATIONS} are taken")
    if bits not in _BITS_ALLOWED:
        raise KeyUnfit(f"a derived key of {bits} bits")

    def proves(secret: bytes, proved: bytes) -> bool:
        return hmac.compare_digest(_pbkdf2_mac(secret, salt, iterations, bits, proved), mac)

    return proves


def _pbkdf2_mac(secret: bytes, salt: bytes, iterations: int, bits: int, proved: bytes) -> bytes:
    key = hashlib.pbkdf2_hmac("sha1", secret, salt, iterations, bits // 8)
    return hmac.digest(key, proved, "sha1")


def _around(name: str) -> Callable[[bytes, bytes], bytes]:
    def proof(secret: bytes, proved: bytes) -> bytes:
        return hashlib.new(name, secret + proved + secret, usedforsecurity=False).digest()

    return proof


def _keyed(name: str) -> Callable[[bytes, bytes], bytes]:
    def proof(secret: bytes, proved: bytes) -> bytes:
        return hmac.digest(secret, proved, name)

    return proof


_LEGACY: Final = MappingProxyType(
    {
        0x01: _around("md5"),
        0x02: _around("sha1"),
        0x03: _around("sha256"),
        0x12: _keyed("sha1"),
        0x13: _keyed("sha256"),
    }
)
