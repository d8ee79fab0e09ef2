"""What typed values hold: HS_ADMIN, HS_VLIST and HS_PUBKEY (RFC 3651 sections 3.1.3 to 3.2).

HS_SITE has a module of its own, ``site``. Each decoder stands above its encoder.
"""

from enum import IntFlag
from typing import Final, assert_never

import msgspec

from identifiers.values import Reference
from identifiers.wire.cursor import Cursor, ProtocolError, octets, text, u16, u32
from identifiers.wire.handle.codes import MAX_HANDLE_BYTES, MAX_LIST

_OLD_PADDING: Final = b"\0\0"


class AdminPermission(IntFlag):
    """What an administrator may do (RFC 3651 section 3.2.1)."""

    ADD_HANDLE = 0x001
    DELETE_HANDLE = 0x002
    ADD_DERIVED_PREFIX = 0x004
    DELETE_DERIVED_PREFIX = 0x008
    MODIFY_VALUE = 0x010
    REMOVE_VALUE = 0x020
    ADD_VALUE = 0x040
    MODIFY_ADMIN = 0x080
    REMOVE_ADMIN = 0x100
    ADD_ADMIN = 0x200
    READ_VALUE = 0x400
    LIST_HANDLES = 0x800


ALL_PERMISSIONS: Final = 0xFFF


class Admin(msgspec.Struct, frozen=True):
    """An HS_ADMIN record: who may administer; `permissions` are bits of `AdminPermission`."""

    permissions: int
    handle: str
    index: int


def decode_admin(data: bytes) -> Admin:
    """Read HS_ADMIN data; old records end with two zero bytes more. Raises `ProtocolError`."""
    cursor = Cursor(data)
    admin = Admin(cursor.u16(), cursor.text(MAX_HANDLE_BYTES), cursor.u32())
    if cursor.remaining and cursor.rest() != _OLD_PADDING:
        raise ProtocolError("bytes left over behind an HS_ADMIN record")
    return admin


def encode_admin(admin: Admin) -> bytes:
    """Write HS_ADMIN data, without the old padding."""
    return u16(admin.permissions) + text(admin.handle) + u32(admin.index)


def decode_vlist(data: bytes) -> tuple[Reference, ...]:
    """Read HS_VLIST data: references to values. Raises `ProtocolError`."""
    cursor = Cursor(data)
    references = tuple(
        Reference(cursor.text(MAX_HANDLE_BYTES), cursor.u32())
        for _ in range(cursor.count(8, MAX_LIST))
    )
    cursor.finish()
    return references


def encode_vlist(references: tuple[Reference, ...]) -> bytes:
    """Write HS_VLIST data."""
    return u32(len(references)) + b"".join(text(r.handle) + u32(r.index) for r in references)


class RsaKey(msgspec.Struct, frozen=True):
    """An RSA public key: exponent and modulus.

    `padded`: the reference implementation leaves four zero bytes behind, which belong to the key
    where keys are compared or signed as bytes.
    """

    e: int
    n: int
    padded: bool = True


class DsaKey(msgspec.Struct, frozen=True):
    """A DSA public key."""

    q: int
    p: int
    g: int
    y: int


class DhKey(msgspec.Struct, frozen=True):
    """A Diffie-Hellman public key, as session setups carry it."""

    y: int
    p: int
    g: int


class OtherKey(msgspec.Struct, frozen=True):
    """A key of the Chinese dialect: SM2 (X.509 DER or PEM) or SM9, as one byte string."""

    algorithm: str
    data: bytes


PublicKey = RsaKey | DsaKey | DhKey | OtherKey

_NAMES: Final = {RsaKey: "RSA_PUB_KEY", DsaKey: "DSA_PUB_KEY", DhKey: "DH_PUB_KEY"}
_OTHERS: Final = ("SM2_PUB_KEY", "SM9_PUB_KEY")
_RSA_PADDING: Final = bytes(4)


def decode_public_key(data: bytes) -> PublicKey:
    """Read HS_PUBKEY data. Raises `ProtocolError`, also for the PEM text that some keys are."""
    cursor = Cursor(data)
    algorithm = cursor.text()
    if cursor.u16():
        raise ProtocolError("a public key with unknown options")
    key = _read_key(algorithm, cursor)
    cursor.finish()
    return key


def encode_public_key(key: PublicKey) -> bytes:
    """Write HS_PUBKEY data."""
    match key:
        case OtherKey(algorithm, data):
            return text(algorithm) + u16(0) + octets(data)
        case RsaKey(e, n, padded):
            numbers, tail = (e, n), _RSA_PADDING if padded else b""
        case DsaKey() | DhKey():
            numbers, tail = msgspec.structs.astuple(key), b""
        case _:
            assert_never(key)
    return text(_NAMES[type(key)]) + u16(0) + b"".join(map(_write_number, numbers)) + tail


def _read_key(algorithm: str, cursor: Cursor) -> PublicKey:
    if algorithm == _NAMES[RsaKey]:
        e, n = _read_number(cursor), _read_number(cursor)
        padded = cursor.remaining > 0
        if padded and cursor.rest() != _RSA_PADDING:
            raise ProtocolError("bytes left over behind an RSA key")
        return RsaKey(e, n, padded)
    if algorithm == _NAMES[DsaKey]:
        return DsaKey(*[_read_number(cursor) for _ in DsaKey.__struct_fields__])
    if algorithm == _NAMES[DhKey]:
        return DhKey(*[_read_number(cursor) for _ in DhKey.__struct_fields__])
    if algorithm in _OTHERS:
        return OtherKey(algorithm, cursor.octets())
    raise ProtocolError(f"Unknown key algorithm: {algorithm[:40]}")


def _read_number(cursor: Cursor) -> int:
    # Two's complement, so a number whose top bit is set has a zero byte before it.
    data = cursor.octets()
    number = int.from_bytes(data, signed=True)
    if number < 0:
        raise ProtocolError("a negative number in a public key")
    return number


def _write_number(number: int) -> bytes:
    return octets(number.to_bytes(number.bit_length() // 8 + 1))
