"""Whole messages: envelope, header, typed body and credential (RFC 3652 section 2.2).

``decode`` and ``encode`` are inverse to each other: whatever decodes, encodes to the same bytes.
"""

import msgspec

from identifiers.wire.cursor import Cursor, ProtocolError, u32
from identifiers.wire.handle import bodies, envelope, header
from identifiers.wire.handle.codes import MAX_MESSAGE_BYTES, EnvelopeFlag, ResponseCode
from identifiers.wire.handle.credential import Credential, decode_credential, encode_credential
from identifiers.wire.handle.envelope import NEWEST, Envelope, Version
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.requests import read_request, write_request
from identifiers.wire.handle.responses import read_response, write_response

_UNREADABLE = int(EnvelopeFlag.ENCRYPTED | EnvelopeFlag.COMPRESSED)


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One request or response; a response code of 0 makes it a request.

    `flags` are the envelope's. `without_credential_length`: the Chinese SDKs leave even the zero
    length of an absent credential out.
    """

    version: Version = NEWEST
    suggested: Version = NEWEST
    flags: int = 0
    session_id: int = 0
    request_id: int = 0
    header: Header
    digest: bodies.Digest | None = None
    body: bodies.Body
    credential: Credential | None = None
    without_credential_length: bool = False


def decode(data: bytes, limit: int = MAX_MESSAGE_BYTES) -> Message:
    """Read one whole message, its envelope first and nothing behind it.

    A message of several datagrams comes here joined (`framing.UdpJoiner`). Raises `ProtocolError`.
    """
    outer = envelope.decode_envelope(data, limit)
    if outer.flags & _UNREADABLE:
        raise ProtocolError(
            "Encrypted and compressed messages are not supported",
            ResponseCode.OPERATION_NOT_SUPPORTED,
        )
    if len(data) != envelope.SIZE + outer.message_length or outer.packet:
        raise ProtocolError("Invalid message length")
    cursor = Cursor(data)
    cursor.take(envelope.SIZE)
    inner, body_length = header.decode_header(cursor.take(min(cursor.remaining, header.SIZE)))
    body_cursor = Cursor(cursor.take(body_length))
    digest: bodies.Digest | None = None
    if inner.response_code == ResponseCode.REQUEST:
        body: bodies.Body = read_request(inner.op_code, body_cursor, outer.version)
    else:
        digest, body = read_response(inner, body_cursor, outer.version)
    bare = not cursor.remaining
    credential = b"" if bare else cursor.octets()
    cursor.finish()
    return Message(
        version=outer.version,
        suggested=outer.suggested,
        flags=outer.flags,
        session_id=outer.session_id,
        request_id=outer.request_id,
        header=inner,
        digest=digest,
        body=body,
        credential=decode_credential(credential) if credential else None,
        without_credential_length=bare,
    )


def encode(message: Message) -> bytes:
    """Write one whole message, its envelope first."""
    signed = header_and_body(message)
    if message.credential is not None:
        credential = encode_credential(message.credential)
        tail = u32(len(credential)) + credential
    else:
        tail = b"" if message.without_credential_length else u32(0)
    outer = Envelope(
        version=message.version,
        suggested=message.suggested,
        flags=message.flags,
        session_id=message.session_id,
        request_id=message.request_id,
        message_length=len(signed) + len(tail),
    )
    return envelope.encode_envelope(outer) + signed + tail


def header_and_body(message: Message) -> bytes:
    """Write what digests and credentials cover."""
    if message.header.response_code == ResponseCode.REQUEST:
        body = write_request(message.body, message.version)
    else:
        body = write_response(message.digest, message.body, message.version)
    return header.encode_header(message.header, len(body)) + body
