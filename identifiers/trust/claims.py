"""What signatures and certificates say: the payloads of HS_SIGNATURE and HS_CERT values.

Names of members are those of the wire; members that are not known are left alone. Times are epoch
seconds. Each decoder stands above its encoder.
"""

import base64
import binascii
from typing import Any, Final, TypeVar

import msgspec

from identifiers.faults import Invalid
from identifiers.keys import sm2
from identifiers.keys.errors import KeyUnfit
from identifiers.keys.public import PublicKey, parse_public_key
from identifiers.keys.sm2 import Sm2Key
from identifiers.names import Handle
from identifiers.principals import HandleIdentity
from identifiers.trust import jws
from identifiers.trust.digests import SIZE, DigestName
from identifiers.trust.errors import TokenUnfit
from identifiers.trust.permissions import Permission
from identifiers.values import MAX_INDEX
from identifiers.wire.handle.codes import MAX_LIST
from identifiers.wire.handle.data import RsaKey

SIGNATURE: Final = "HS_SIGNATURE"
CERTIFICATE: Final = "HS_CERT"
_MAX_PERMISSIONS: Final = 256


class SignatureClaims(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody vouches for values of a record. `issuer` and `subject` are in canonical form."""

    issuer: HandleIdentity
    subject: str
    issued: int
    not_before: int
    expires: int
    algorithm: DigestName
    digests: tuple[tuple[int, bytes], ...]
    """Index and digest of each value."""
    chain: tuple[str, ...] = ()
    """Where the certificates upwards are; a hint, which is not needed here."""


class CertificateClaims(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody vouches for the key of somebody else."""

    issuer: HandleIdentity
    subject: HandleIdentity
    issued: int
    not_before: int
    expires: int
    key: PublicKey
    permissions: tuple[Permission, ...]
    chain: tuple[str, ...] = ()
    organisation: str = ""
    name: str = ""
    extensions: tuple[tuple[str, str], ...] = ()


class _Digest(msgspec.Struct):
    index: int
    digest: str


class _Digests(msgspec.Struct):
    alg: str
    digests: list[_Digest]


class _Permission(msgspec.Struct, omit_defaults=True):
    perm: str
    handle: str = ""
    ca: bool = True


class _Extension(msgspec.Struct):
    key: str
    value: str


class _Common(msgspec.Struct, kw_only=True, omit_defaults=True):
    iss: str
    sub: str
    iat: int = 0
    nbf: int
    exp: int
    chain: list[str] | None = None


class _Signature(_Common, kw_only=True, omit_defaults=True):
    digests: _Digests


class _Certificate(_Common, kw_only=True, omit_defaults=True):
    publicKey: dict[str, Any]  # noqa: N815 -- the name on the wire
    perms: list[_Permission] = []
    org: str | None = None
    sn: str | None = None
    exts: list[_Extension] = []


def decode_signature(payload: bytes) -> SignatureClaims:
    """Read the payload of an HS_SIGNATURE. Raises `TokenUnfit`."""
    read = _converted(payload, _Signature)
    if len(read.digests.digests) > MAX_LIST:
        raise TokenUnfit(f"{len(read.digests.digests)} digests, at most {MAX_LIST} are read")
    digests = tuple((_index(d.index), _digest(d.digest)) for d in read.digests.digests)
    if len({index for index, _ in digests}) != len(digests):
        raise TokenUnfit("two digests of one value")
    try:
        algorithm = DigestName(read.digests.alg)
    except ValueError:
        raise TokenUnfit(f"digests by {read.digests.alg[:32]!r}") from None
    return SignatureClaims(
        issuer=identity(read.iss),
        subject=_handle(read.sub),
        issued=read.iat,
        not_before=read.nbf,
        expires=read.exp,
        algorithm=algorithm,
        digests=digests,
        chain=tuple(read.chain or ()),
    )


def encode_signature(claims: SignatureClaims) -> bytes:
    """Write the payload of an HS_SIGNATURE."""
    digests = [_Digest(n, base64.b64encode(d).decode()) for n, d in claims.digests]
    written = _Signature(
        iss=str(claims.issuer),
        sub=claims.subject,
        iat=claims.issued,
        nbf=claims.not_before,
        exp=claims.expires,
        chain=list(claims.chain) or None,
        digests=_Digests(claims.algorithm.value, digests),
    )
    return msgspec.json.encode(written)


def decode_certificate(payload: bytes) -> CertificateClaims:
    """Read the payload of an HS_CERT. Raises `TokenUnfit`."""
    read = _converted(payload, _Certificate)
    if len(read.perms) > _MAX_PERMISSIONS:
        raise TokenUnfit(f"{len(read.perms)} permissions, at most {_MAX_PERMISSIONS} are read")
    return CertificateClaims(
        issuer=identity(read.iss),
        subject=identity(read.sub),
        issued=read.iat,
        not_before=read.nbf,
        expires=read.exp,
        key=decode_jwk(read.publicKey),
        permissions=tuple(Permission(p.perm, p.handle, p.ca) for p in read.perms),
        chain=tuple(read.chain or ()),
        organisation=read.org or "",
        name=read.sn or "",
        extensions=tuple((e.key, e.value) for e in read.exts),
    )


def encode_certificate(claims: CertificateClaims) -> bytes:
    """Write the payload of an HS_CERT. Raises `TokenUnfit` unless its key is RSA or SM2."""
    written = _Certificate(
        iss=str(claims.issuer),
        sub=str(claims.subject),
        iat=claims.issued,
        nbf=claims.not_before,
        exp=claims.expires,
        chain=list(claims.chain) or None,
        publicKey=encode_jwk(claims.key),
        perms=[_Permission(p.over, p.handle, p.issue) for p in claims.permissions],
        org=claims.organisation or None,
        sn=claims.name or None,
        exts=[_Extension(key, value) for key, value in claims.extensions],
    )
    return msgspec.json.encode(written)


def decode_jwk(members: dict[str, Any]) -> PublicKey:
    """Read a key as certificates hold it (RFC 7517, with SM2). Raises `TokenUnfit`."""
    try:
        match members:
            case {"kty": "RSA", "n": n, "e": e}:
                return RsaKey(_number(e), _number(n))
            case {"kty": "SM2", "x": x, "y": y}:
                return sm2.key_of(_number(x), _number(y))
            case {"kty": "SM2", "d": d} if isinstance(d, str):
                return parse_public_key(jws.decode_part(d.encode()))
            case _:
                raise TokenUnfit("a certificate for another kind of key than RSA and SM2")
    except KeyUnfit as error:
        raise TokenUnfit(str(error)) from None


def encode_jwk(key: PublicKey) -> dict[str, str]:
    """Write a key as certificates hold it; an SM2 key as both Chinese SDKs read it."""
    if isinstance(key, RsaKey):
        return {"kty": "RSA", "n": _unsigned(key.n), "e": _unsigned(key.e)}
    if isinstance(key, Sm2Key):
        x, y = (jws.encode_part(n.to_bytes(sm2.SIZE)).decode() for n in (key.x, key.y))
        return {"kty": "SM2", "x": x, "y": y, "d": jws.encode_part(sm2.encode_spki(key)).decode()}
    raise TokenUnfit("certificates hold RSA and SM2 keys")


def identity(text: str) -> HandleIdentity:
    """Read ``300:0.NA/88.300`` into canonical form. Raises `TokenUnfit`."""
    try:
        read = HandleIdentity.parse(text)
        return HandleIdentity(Handle.parse(read.handle).key(), read.index)
    except Invalid:
        raise TokenUnfit(f"{text[:80]!r} is no index and handle") from None


def _handle(text: str) -> str:
    try:
        return Handle.parse(text).key()
    except Invalid:
        raise TokenUnfit(f"{text[:80]!r} is no handle") from None


_Shape = TypeVar("_Shape")


def _converted(payload: bytes, shape: type[_Shape]) -> _Shape:
    try:
        return msgspec.convert(jws.document(payload), shape)
    except msgspec.ValidationError as error:
        raise TokenUnfit(f"a payload of another shape: {error}") from None


def _index(index: int) -> int:
    if not 1 <= index <= MAX_INDEX:
        raise TokenUnfit(f"{index} is no index")
    return index


def _digest(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise TokenUnfit("a digest that is not Base64") from None
    if len(data) != SIZE:
        raise TokenUnfit(f"a digest of {len(data)} bytes")
    return data


def _number(text: object) -> int:
    if not isinstance(text, str) or not text:
        raise TokenUnfit("a number of a key that is not base64url")
    # Not `decode_part`: libraries disagree about padding here, and no signature covers the form.
    return int.from_bytes(jws.decode_part(text.rstrip("=").encode()))


def _unsigned(number: int) -> str:
    return jws.encode_part(number.to_bytes((number.bit_length() + 7) // 8)).decode()
