"""The hot path: plain resolutions straight to a `Query` and straight to reply bytes.

Agrees with the general codec (`message`, `translate`) byte for byte, which a property test holds;
what is not plain (sessions' credentials, digests, signatures, several packets, anything malformed)
is left to that codec by returning None. Reads at running offsets instead of through `Cursor`: a
request in about 2 microseconds.

A finished reply serves again for every request that differs from the first one in nothing but its
request id and expiration: ``answer_key`` is what such requests share, ``patch`` renews a reply.
"""

import struct
from typing import Final

from identifiers.queries import Query
from identifiers.wire.handle import envelope, header
from identifiers.wire.handle.codes import (
    MAX_HANDLE_BYTES,
    MAX_LIST,
    MAX_RECURSION,
    OpCode,
    OpFlag,
    ResponseCode,
)
from identifiers.wire.handle.envelope import NEWEST, negotiate
from identifiers.wire.handle.translate import NO_OLD_CODES, ReplyTo, Site, old_codes, query

# Envelope, header and the length of the handle, as one.
_REQUEST: Final = struct.Struct(">BBBBIIIIIIIHBBIII")
_REPLY: Final = _REQUEST
_INT: Final = struct.Struct(">I")
_NO_FILTER: Final = bytes(8)
_NO_CREDENTIAL: Final = bytes(4)
_BEFORE_MESSAGE: Final = envelope.SIZE
_BEFORE_BODY: Final = envelope.SIZE + header.SIZE
_BEFORE_HANDLE: Final = _REQUEST.size
_MAJOR: Final = 2
_ENVELOPE_FLAGS: Final = 0xFC
_NOT_PLAIN: Final = int(
    OpFlag.REQUEST_DIGEST
    | OpFlag.CERTIFY
    | OpFlag.ENCRYPT
    | OpFlag.OVERWRITE
    | OpFlag.TRUSTED_RESOLUTION
    | OpFlag.TRUST_RESULT
)
_RESOLUTION: Final = int(OpCode.RESOLUTION)
_SUCCESS: Final = int(ResponseCode.SUCCESS)
_AUTHORITATIVE: Final = int(OpFlag.AUTHORITATIVE)
# session, opcode, response code, flags
_SHARED: Final = struct.Struct(">4xI12xIII")


def decode_query(datagram: bytes) -> tuple[ReplyTo, Query] | None:
    """Read a plain resolution request; None when the general codec has to look at it."""
    size = len(datagram)
    if size < _BEFORE_HANDLE + 8:
        return None
    (
        major,
        minor,
        packed,
        suggested_minor,
        session,
        request,
        packet,
        message_length,
        op,
        code,
        flags,
        serial,
        recursion,
        _,
        _,
        body_length,
        handle_length,
    ) = _REQUEST.unpack_from(datagram)
    body_end = _BEFORE_BODY + body_length
    filters = _BEFORE_HANDLE + handle_length
    if (
        op != _RESOLUTION
        or code
        or packet
        or major != _MAJOR
        or packed & _ENVELOPE_FLAGS
        or flags & _NOT_PLAIN
        or recursion > MAX_RECURSION
        or message_length != size - _BEFORE_MESSAGE
        or handle_length > MAX_HANDLE_BYTES
        or filters + 8 > body_end
        or (datagram[body_end:] != _NO_CREDENTIAL and size != body_end)
    ):
        return None
    handle = datagram[_BEFORE_HANDLE:filters]
    if b"\0" in handle:
        return None
    indexes: tuple[int, ...] = ()
    types: tuple[str, ...] = ()
    try:
        handle.decode()
        if datagram[filters : filters + 8] != _NO_FILTER:
            indexes, types = _read_filters(datagram[filters:body_end])
    except (UnicodeDecodeError, struct.error):
        return None
    version, suggested = (major, minor), (packed, suggested_minor)
    return (
        ReplyTo(
            version=NEWEST if suggested == NEWEST else negotiate(version, suggested),
            old_codes=NO_OLD_CODES if suggested >= NEWEST else old_codes(version, suggested),
            session_id=session,
            request_id=request,
            op_code=op,
            flags=flags,
            recursion_count=recursion,
        ),
        query(handle, indexes, types, flags, site_serial=serial, recursion_count=recursion),
    )


def _read_filters(data: bytes) -> tuple[tuple[int, ...], tuple[str, ...]]:
    # Raises struct.error wherever the general codec would object.
    (count,) = _INT.unpack_from(data)
    at = 4 + 4 * count
    if count > MAX_LIST or at + 4 > len(data):
        raise struct.error
    indexes = struct.unpack_from(f">{count}I", data, 4)
    (count,) = _INT.unpack_from(data, at)
    at += 4
    if count > MAX_LIST or count * 4 > len(data) - at:
        raise struct.error
    types = []
    for _ in range(count):
        (length,) = _INT.unpack_from(data, at)
        start, at = at + 4, at + 4 + length
        kind = data[start:at]
        if at > len(data) or b"\0" in kind:
            raise struct.error
        types.append(kind.decode())
    return indexes, tuple(types)


def encode_found(to: ReplyTo, handle: bytes, values: bytes, site: Site, expiration: int) -> bytes:
    """Write the reply that carries `values` (a blob) to a request that `decode_query` read.

    `handle` is the handle as asked. Several datagrams are cut from it by `framing.split`.
    """
    major, minor = to.version
    size = len(handle)
    body_length = 4 + size + len(values)
    return (
        _REPLY.pack(
            major,
            minor,
            NEWEST[0],
            NEWEST[1],
            to.session_id,
            to.request_id,
            0,
            header.SIZE + body_length + 4,
            to.op_code,
            _SUCCESS,
            to.flags | _AUTHORITATIVE if site.primary else to.flags,
            site.serial,
            to.recursion_count,
            0,
            expiration,
            body_length,
            size,
        )
        + handle
        + values
        + _NO_CREDENTIAL
    )


def answer_key(datagram: bytes) -> bytes | None:
    """Return all of a request but its id and expiration; None when no reply may be shared.

    Equal keys have equal replies but for those two fields. Requests in a session, those that want
    a digest, a signature or secrecy, and what is no resolution, have no key.
    """
    if len(datagram) < _BEFORE_HANDLE:
        return None
    session, op, code, flags = _SHARED.unpack_from(datagram)
    if session or code or op != _RESOLUTION or flags & _NOT_PLAIN:
        return None
    return shared_part(datagram)


def shared_part(datagram: bytes) -> bytes:
    """Return all of a message but its id and expiration.

    Enough to look a finished reply up by: it is no ``answer_key`` unless the message has one.
    """
    return datagram[:8] + datagram[12:36] + datagram[40:]


def patch(finished: bytes, request_id: bytes, expiration: bytes) -> bytes:
    """Return a finished reply with the 4 bytes of another request's id, and a new expiration.

    `request_id` is ``request_id_of`` the new request, `expiration` an epoch second as 4 bytes.
    """
    return b"".join((finished[:8], request_id, finished[12:36], expiration, finished[40:]))


def handle_of(datagram: bytes) -> bytes:
    """Return the handle of a resolution, as ``decode_query`` reads it."""
    length = int.from_bytes(datagram[_BEFORE_HANDLE - 4 : _BEFORE_HANDLE], "big")
    return datagram[_BEFORE_HANDLE : _BEFORE_HANDLE + length]


def request_id_of(datagram: bytes) -> bytes:
    """Return the 4 bytes of a request's id."""
    return datagram[8:12]
