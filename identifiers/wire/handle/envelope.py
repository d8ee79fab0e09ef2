"""The 20 bytes before every datagram and every TCP message (RFC 3652 section 2.2.1).

========  ====  ===========================================================
offset    size  field
========  ====  ===========================================================
0         1     major version, 2
1         1     minor version
2         1     flags; the low two bits are the *suggested* major version
3         1     suggested minor version
4         4     session, 0 for none
8         4     request, chosen by the client
12        4     packet number within the message, from 0
16        4     length of the whole message behind the envelope
========  ====  ===========================================================
"""

import struct
from typing import Final

import msgspec

from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle.codes import MAX_MESSAGE_BYTES

_LAYOUT: Final = struct.Struct(">BBBBIIII")
SIZE: Final = _LAYOUT.size
_SUGGESTED_MAJOR: Final = 0x03
_MAJOR: Final = 2

Version = tuple[int, int]
"""Major and minor."""
NEWEST: Final[Version] = (2, 11)
COMPATIBLE: Final[Version] = (2, 3)
"""What a client speaks to a server it does not know, and the version of replies to nonsense."""
_BROKEN: Final[tuple[Version, ...]] = ((2, 5), (2, 6))
_BEFORE_BROKEN: Final[Version] = (2, 4)


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """One packet's envelope. `flags` are the bits of `EnvelopeFlag` and any unknown ones."""

    version: Version = NEWEST
    suggested: Version = NEWEST
    flags: int = 0
    session_id: int = 0
    request_id: int = 0
    packet: int = 0
    message_length: int


def decode_envelope(data: bytes, limit: int = MAX_MESSAGE_BYTES) -> Envelope:
    """Read the first 20 bytes of `data`, and judge them before anything else is read.

    Raises `ProtocolError` when there are fewer, for another major version than 2 and for a message
    that is longer than `limit` bytes.
    """
    if len(data) < SIZE:
        raise ProtocolError("Incomplete message envelope")
    major, minor, flags, suggested_minor, session, request, packet, length = _LAYOUT.unpack_from(
        data
    )
    if major != _MAJOR:
        raise ProtocolError(f"Unknown protocol version: {major}.{minor}")
    if length > limit:
        raise ProtocolError("Message is too long")
    return Envelope(
        version=(major, minor),
        suggested=(flags & _SUGGESTED_MAJOR, suggested_minor),
        flags=flags & ~_SUGGESTED_MAJOR,
        session_id=session,
        request_id=request,
        packet=packet,
        message_length=length,
    )


def encode_envelope(envelope: Envelope) -> bytes:
    """Write the 20 bytes."""
    major, minor = envelope.version
    suggested_major, suggested_minor = envelope.suggested
    return _LAYOUT.pack(
        major,
        minor,
        envelope.flags | suggested_major,
        suggested_minor,
        envelope.session_id,
        envelope.request_id,
        envelope.packet,
        envelope.message_length,
    )


def negotiate(version: Version, suggested: Version) -> Version:
    """Return the version to answer in: the best that the client suggests and this codec knows.

    A client that suggests nothing (major 0), or a major version that is not spoken here, gets its
    own version. 2.5 and 2.6 are answered with 2.4: what they sign differs from one implementation
    to the next.
    """
    best = min(suggested if suggested[0] >= _MAJOR else version, NEWEST)
    return _BEFORE_BROKEN if best in _BROKEN else best
