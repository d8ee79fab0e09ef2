"""SM2 signatures with SM3 (GB/T 32918.2-2016), in DER as every client of this field writes them.

A signature binds the user ID of the signer, the curve and the public key through the hash ``ZA``
(GB/T 32918.2 section 5.5). The default ID is the sixteen digits of GM/T 0009-2012 section 10.
"""

import contextlib
import hashlib
import hmac
from typing import Final

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from identifiers.keys import curve, native
from identifiers.keys.errors import KeyUnfit
from identifiers.wire.cursor import u16

DEFAULT_IDENTITY: Final = b"1234567812345678"
MAX_IDENTITY: Final = 8191
"""Longest user ID in bytes: its length in bits travels in two bytes."""
SIZE: Final = 32

# SEQUENCE { SEQUENCE { id-ecPublicKey, sm2p256v1 (1.2.156.10197.1.301) }, BIT STRING 04 x y }:
# DER leaves one way to write it, so everything before the coordinates is constant.
_SPKI: Final = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004")
# PrivateKeyInfo { 0, { as above }, OCTET STRING ECPrivateKey { 1, private key, [1] point } }.
_PKCS8: Final = bytes.fromhex(
    "308187020100301306072a8648ce3d020106082a811ccf5501822d046d306b0201010420"
)
_PKCS8_POINT: Final = bytes.fromhex("a14403420004")


class Sm2Key(msgspec.Struct, frozen=True):
    """An SM2 public key: a point of the curve, in affine coordinates."""

    x: int
    y: int


def public_of(private: int) -> Sm2Key:
    """Return the public key of a private one. Raises `KeyUnfit` unless 1 <= private < n - 1."""
    if not 1 <= private < curve.N - 1:
        raise KeyUnfit("an SM2 private key is a number between 1 and n - 2")
    return Sm2Key(*curve.multiple(private))


def key_of(x: int, y: int) -> Sm2Key:
    """Return the key with these coordinates. Raises `KeyUnfit` for a point beside the curve."""
    if not curve.on_curve(x, y):
        raise KeyUnfit("an SM2 public key that is no point of the curve")
    return Sm2Key(x, y)


def decode_spki(der: bytes) -> Sm2Key | None:
    """Read an X.509 SubjectPublicKeyInfo; None when it is of another kind of key.

    Raises `KeyUnfit` for a point beside the curve.
    """
    if not der.startswith(_SPKI) or len(der) != len(_SPKI) + 2 * SIZE:
        return None
    point = der[len(_SPKI) :]
    return key_of(int.from_bytes(point[:SIZE]), int.from_bytes(point[SIZE:]))


def encode_spki(key: Sm2Key) -> bytes:
    """Write an X.509 SubjectPublicKeyInfo."""
    return _SPKI + key.x.to_bytes(SIZE) + key.y.to_bytes(SIZE)


def sm3(data: bytes) -> bytes:
    """Return the 32 bytes of SM3 (GB/T 32905-2016)."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


def verify(key: Sm2Key, identity: bytes, signature: bytes, signed: bytes) -> bool:
    """Verify a DER signature of `signed` by the user `identity` (GB/T 32918.2 section 7)."""
    try:
        r, s = decode_dss_signature(signature)
    except ValueError:
        return False
    if not (0 < r < curve.N and 0 < s < curve.N):
        return False
    found = native.library()
    # OpenSSL takes the longest user ID for too long, and says no more than that nothing verifies.
    if found is not None and len(identity) < MAX_IDENTITY:
        with contextlib.suppress(native.Refused):
            return found.verify(encode_spki(key), identity, signature, signed)
    return verify_numbers(key, identity, (r, s), signed)


def verify_numbers(key: Sm2Key, identity: bytes, pair: tuple[int, int], signed: bytes) -> bool:
    """Verify the numbers of a signature, each from 1 to n - 1, without libcrypto."""
    r, s = pair
    t = (r + s) % curve.N
    if not t:
        return False
    point = curve.combination(s, t, key.x, key.y)
    return point is not None and (_digest(key, identity, signed) + point[0]) % curve.N == r


def sign_natively(private: int, key: Sm2Key, identity: bytes, signed: bytes) -> bytes | None:
    """Sign as `sign` does, by libcrypto and with chance of its own; None where there is none."""
    found = native.library()
    if found is None:
        return None
    point = key.x.to_bytes(SIZE) + key.y.to_bytes(SIZE)
    der = _PKCS8 + private.to_bytes(SIZE) + _PKCS8_POINT + point
    with contextlib.suppress(native.Refused):
        return found.sign(der, identity, signed)
    return None


def sign(private: int, key: Sm2Key, identity: bytes, signed: bytes, chance: bytes) -> bytes:
    """Sign `signed` as the user `identity`; returns DER (GB/T 32918.2 section 6).

    The secret number of the signature is derived from the private key, from what is signed and
    from `chance` (32 random bytes; may be empty): it never repeats for two messages, even where
    chance fails (the idea of RFC 6979 section 3.6).
    """
    digest = _digest(key, identity, signed)
    seed = digest.to_bytes(SIZE) + chance
    for attempt in range(256):
        nonce = hmac.digest(private.to_bytes(SIZE), bytes((attempt,)) + seed, hashlib.sha512)
        pair = sign_digest(private, digest, int.from_bytes(nonce) % (curve.N - 1) + 1)
        if pair is not None:
            return encode_dss_signature(*pair)
    raise AssertionError("no signature in 256 attempts: the odds are one in 2**65536")


def sign_digest(private: int, digest: int, nonce: int) -> tuple[int, int] | None:
    """Return (r, s) for one secret `nonce`, from 1 to n - 1; None if another one is needed."""
    x, _ = curve.multiple(nonce)
    r = (digest + x) % curve.N
    if r == 0 or r + nonce == curve.N:
        return None
    s = pow(1 + private, -1, curve.N) * (nonce - r * private) % curve.N
    return (r, s) if s else None


def _digest(key: Sm2Key, identity: bytes, signed: bytes) -> int:
    return int.from_bytes(sm3(identity_hash(key, identity) + signed))


def identity_hash(key: Sm2Key, identity: bytes) -> bytes:
    """Return ``ZA``, the hash of user ID, curve and public key. Raises `KeyUnfit` for long IDs."""
    if len(identity) > MAX_IDENTITY:
        raise KeyUnfit(f"a user ID of {len(identity)} bytes, at most {MAX_IDENTITY} allowed")
    numbers = (curve.A, curve.B, curve.GX, curve.GY, key.x, key.y)
    return sm3(u16(8 * len(identity)) + identity + b"".join(n.to_bytes(SIZE) for n in numbers))
