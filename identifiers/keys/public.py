"""Public keys as HS_PUBKEY values hold them, and verifying with them.

Two forms are read (RFC 3651 section 3.1 and the Chinese SDKs): the binary one of
``identifiers.wire.handle.data``, and X.509 SubjectPublicKeyInfo as PEM text or DER.
"""

import base64
import binascii
import re
from typing import Final, assert_never

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from identifiers.keys import sm2
from identifiers.keys.errors import KeyUnfit
from identifiers.keys.sm2 import Sm2Key
from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle import data as wire
from identifiers.wire.handle.data import DhKey, DsaKey, OtherKey, RsaKey

VerifyingKey = RsaKey | DsaKey | Sm2Key
PublicKey = VerifyingKey | DhKey

MAX_KEY_BYTES: Final = 8192
_MAX_SIGNATURE: Final = 2048
_RSA_BITS: Final = 2048
_RSA_LEGACY_BITS: Final = 1024
_RSA_MAX_BITS: Final = 8192
_MIN_EXPONENT: Final = 3
_MAX_EXPONENT_BITS: Final = 32

_PEM: Final = re.compile(
    rb"\s*-----BEGIN ((?:RSA )?PUBLIC KEY)-----\s+([A-Za-z0-9+/=\s]+)-----END \1-----\s*"
)
_OTHER_PEM: Final = re.compile(rb"\s*-----BEGIN ([A-Z0-9 ]{1,40})-----")
_DER_SEQUENCE: Final = 0x30
_SM2_NAME: Final = "SM2_PUB_KEY"

SM3: Final = "SM3"
_HASHES: Final = {
    "SHA256": hashes.SHA256(),
    "SHA384": hashes.SHA384(),
    "SHA512": hashes.SHA512(),
}
# Kept for old keys and clients, behind a setting that is off (decisions of the wire).
_LEGACY_HASHES: Final = {
    "SHA1": hashes.SHA1(),  # noqa: S303 -- only with Policy.legacy
    "MD5": hashes.MD5(),  # noqa: S303 -- only with Policy.legacy
}


class Policy(msgspec.Struct, frozen=True):
    """What is strong enough. `legacy`: also MD5, SHA-1, DSA and RSA from 1024 bits."""

    legacy: bool = False


STRICT: Final = Policy()


def parse_public_key(data: bytes) -> PublicKey:
    """Read HS_PUBKEY data in either form. Equal keys are equal, whatever form they were in.

    Raises `KeyUnfit` for anything else, and for keys of algorithms that are not spoken here.
    """
    if len(data) > MAX_KEY_BYTES:
        raise KeyUnfit(f"a public key of {len(data)} bytes, at most {MAX_KEY_BYTES} are read")
    if data[:1] == bytes((_DER_SEQUENCE,)):
        return _parse_der(data)
    pem = _PEM.fullmatch(data)
    if pem is not None:
        return _parse_der(_base64(pem.group(2)))
    other = _OTHER_PEM.match(data)
    if other is not None:
        raise KeyUnfit(f"PEM that is not one PUBLIC KEY, but begins {other.group(1).decode()}")
    return _parse_binary(data)


def encode_public_key(key: PublicKey) -> bytes:
    """Write HS_PUBKEY data in the binary form."""
    if isinstance(key, Sm2Key):
        return wire.encode_public_key(OtherKey(_SM2_NAME, sm2.encode_spki(key)))
    return wire.encode_public_key(key)


def read_public_key(text: str) -> bytes:
    """Return HS_PUBKEY data of a key that is written as PEM, or as such data in Base64.

    Raises `KeyUnfit` for anything else, as `parse_public_key` does.
    """
    try:
        data = text.encode("ascii")
    except UnicodeEncodeError as error:
        raise KeyUnfit("neither PEM nor Base64") from error
    return encode_public_key(parse_public_key(data if data.startswith(b"-----") else _base64(data)))


def check_key(key: PublicKey, policy: Policy = STRICT) -> VerifyingKey:
    """Return `key` if `policy` lets it verify signatures. Raises `KeyUnfit`."""
    match key:
        case RsaKey(e, n):
            least = _RSA_LEGACY_BITS if policy.legacy else _RSA_BITS
            if not least <= n.bit_length() <= _RSA_MAX_BITS:
                raise KeyUnfit(
                    f"an RSA key of {n.bit_length()} bits; {least} to {_RSA_MAX_BITS} are taken"
                )
            if e < _MIN_EXPONENT or e % 2 == 0 or e.bit_length() > _MAX_EXPONENT_BITS:
                raise KeyUnfit("an RSA exponent that is even, 1, or longer than 32 bits")
            if n % 2 == 0:
                raise KeyUnfit("an RSA modulus that is even")
        case DsaKey(_, p, _, y):
            if not policy.legacy:
                raise KeyUnfit("DSA keys are not taken")
            if not 1 < y < p:
                raise KeyUnfit("a DSA key outside of its group")
        case DhKey():
            raise KeyUnfit("Diffie-Hellman keys sign nothing")
        case Sm2Key():
            pass
        case _:
            assert_never(key)
    return key


def verify(
    key: PublicKey,
    algorithm: str,
    signature: bytes,
    signed: bytes,
    policy: Policy = STRICT,
    *,
    identity: bytes = sm2.DEFAULT_IDENTITY,
) -> bool:
    """Say whether `signature` is the key's over `signed`.

    `algorithm` names the hash in any spelling: ``SHA-256``, ``SHA256``, ``SM3``. RSA is PKCS #1
    v1.5 (RFC 8017 section 8.2), DSA and SM2 are DER. `identity` is the user ID of SM2.

    Raises `KeyUnfit` for keys and algorithms that `policy` does not take.
    """
    usable = check_key(key, policy)
    if len(signature) > _MAX_SIGNATURE:
        return False
    if isinstance(usable, Sm2Key):
        if canonical(algorithm) != SM3:
            raise KeyUnfit("SM2 signs with SM3")
        return sm2.verify(usable, identity, signature, signed)
    digest = _hash(algorithm, policy)
    try:
        match usable:
            case RsaKey(e, n):
                public = rsa.RSAPublicNumbers(e, n).public_key()
                public.verify(signature, signed, padding.PKCS1v15(), digest)
            case DsaKey(q, p, g, y):
                group = dsa.DSAParameterNumbers(p, q, g)
                dsa.DSAPublicNumbers(y, group).public_key().verify(signature, signed, digest)
            case _:
                assert_never(usable)
    except InvalidSignature:
        return False
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyUnfit(f"a key that cannot be used: {error}") from None
    return True


def canonical(algorithm: str) -> str:
    """Return the name of a hash without its spelling: ``sha-256`` gives ``SHA256``."""
    return algorithm[:32].upper().replace("-", "").replace("_", "")


def check_algorithm(algorithm: str, policy: Policy = STRICT) -> None:
    """Look whether some key signs with this hash. Raises `KeyUnfit`."""
    if canonical(algorithm) != SM3:
        _hash(algorithm, policy)


def _hash(algorithm: str, policy: Policy) -> hashes.HashAlgorithm:
    name = canonical(algorithm)
    found = _HASHES.get(name) or (_LEGACY_HASHES.get(name) if policy.legacy else None)
    if found is None:
        raise KeyUnfit(f"signatures with {algorithm[:32]!r} are not taken")
    return found


def _parse_binary(data: bytes) -> PublicKey:
    try:
        key = wire.decode_public_key(data)
    except ProtocolError as error:
        raise KeyUnfit(
            f"no public key: neither PEM nor DER, and in the binary form {error}"
        ) from None
    match key:
        case RsaKey(e, n):
            return RsaKey(e, n)
        case OtherKey(algorithm, inner):
            if algorithm != _SM2_NAME:
                raise KeyUnfit(f"{algorithm} keys are not supported")
            parsed = _parse_sm2(inner)
            if parsed is None:
                raise KeyUnfit("an SM2 key that is neither X.509 DER nor PEM of this curve")
            return parsed
        case DsaKey() | DhKey():
            return key
        case _:
            assert_never(key)


def _parse_sm2(inner: bytes) -> Sm2Key | None:
    pem = _PEM.fullmatch(inner)
    return sm2.decode_spki(inner if pem is None else _base64(pem.group(2)))


def _parse_der(der: bytes) -> PublicKey:
    key = sm2.decode_spki(der)
    if key is not None:
        return key
    try:
        loaded = load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyUnfit(f"no X.509 public key: {error}") from None
    if isinstance(loaded, rsa.RSAPublicKey):
        rsa_numbers = loaded.public_numbers()
        return RsaKey(rsa_numbers.e, rsa_numbers.n)
    if isinstance(loaded, dsa.DSAPublicKey):
        numbers = loaded.public_numbers()
        group = numbers.parameter_numbers
        return DsaKey(q=group.q, p=group.p, g=group.g, y=numbers.y)
    raise KeyUnfit("an X.509 public key that is neither RSA, DSA nor SM2")


def _base64(text: bytes) -> bytes:
    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except binascii.Error:
        raise KeyUnfit("a PEM public key that is not Base64") from None
