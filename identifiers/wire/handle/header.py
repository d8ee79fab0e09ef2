"""The 24 bytes at the start of every message (RFC 3652 section 2.2.2).

========  ====  ===========================================================
offset    size  field
========  ====  ===========================================================
0         4     opcode
4         4     response code, 0 in requests
8         4     flags
12        2     serial of the site record that the sender knows, 0xffff: none
14        1     recursion count
15        1     reserved
16        4     expiration, epoch seconds
20        4     length of the body
========  ====  ===========================================================
"""

import struct
from typing import Final

import msgspec

from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle.codes import UNKNOWN_SITE_SERIAL, OpCode

_LAYOUT: Final = struct.Struct(">IIIHBBII")
SIZE: Final = _LAYOUT.size


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """A message's header without the length of its body. Codes are plain integers."""

    op_code: int
    response_code: int = 0
    flags: int = 0
    site_serial: int = UNKNOWN_SITE_SERIAL
    recursion_count: int = 0
    reserved: int = 0
    expiration: int = 0


def decode_header(data: bytes) -> tuple[Header, int]:
    """Read a header from the first 24 bytes; return it and the length of the body.

    Raises `ProtocolError` when there are fewer bytes, or the opcode is the reserved one.
    """
    if len(data) < SIZE:
        raise ProtocolError("Invalid message length")
    op, code, flags, serial, recursion, reserved, expiration, length = _LAYOUT.unpack_from(data)
    if op == OpCode.RESERVED and code == 0:
        raise ProtocolError("Unknown opCode in message: 0")
    return (
        Header(
            op_code=op,
            response_code=code,
            flags=flags,
            site_serial=serial,
            recursion_count=recursion,
            reserved=reserved,
            expiration=expiration,
        ),
        length,
    )


def encode_header(header: Header, body_length: int) -> bytes:
    """Write the 24 bytes."""
    return _LAYOUT.pack(
        header.op_code,
        header.response_code,
        header.flags,
        header.site_serial,
        header.recursion_count,
        header.reserved,
        header.expiration,
        body_length,
    )
