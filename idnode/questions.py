"""Requests of the Handle protocol as bytes, and replies as answers. Pure."""

import struct
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from identifiers.names import MAX_WIRE_BYTES
from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle import bodies, message
from identifiers.wire.handle.codes import (
    UNKNOWN_SITE_SERIAL,
    DigestAlgorithm,
    OpFlag,
    ResponseCode,
)
from identifiers.wire.handle.envelope import COMPATIBLE, NEWEST, Version
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.message import Message
from identifiers.wire.handle.values import decode_values
from idnode.errors import Garbled, Unaskable, declined
from idnode.resolution import Resolution
from idnode.writing import octets_of

UNREAD_REQUEST: Final = 0xFFFF_FFFF
"""What a reply has as its id whose request could not be read (`translate.early_error`)."""


_DIGESTS: Final[Mapping[int, DigestAlgorithm]] = MappingProxyType(
    {32: DigestAlgorithm.SHA256, 20: DigestAlgorithm.SHA1, 16: DigestAlgorithm.MD5}
)
"""Which hash makes digests of so many octets."""


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """How requests are spoken where clients differ; the defaults are those of Handle.Net.

    The Chinese SDKs choose the session id of all their requests themselves (``session_id``), and
    one of them leaves the flag for public values clear in ordinary look-ups (``flags``).
    """

    session_id: int = 0
    flags: int = OpFlag.PUBLIC_ONLY | OpFlag.CACHE_CERTIFY
    """Of a resolution by nobody in particular."""


HANDLE_NET: Final = Dialect()


def request(
    op_code: int,
    body: bodies.Request,
    request_id: int,
    flags: int = 0,
    *,
    version: Version = COMPATIBLE,
    session_id: int = 0,
    site_serial: int = UNKNOWN_SITE_SERIAL,
) -> Message:
    """Make a request. `version`: an unknown server gets what it understands, and that we know more.

    `site_serial` is that of the server's site record, as far as it is known.

    Raises `Unaskable` for a handle that no server could be asked about.
    """
    handle = getattr(body, "handle", "/")
    if not 0 < len(octets_of(handle)) <= MAX_WIRE_BYTES or "\0" in handle:
        raise Unaskable(f"a handle has 1 to {MAX_WIRE_BYTES} bytes of UTF-8 without U+0000")
    return Message(
        version=version,
        suggested=NEWEST,
        session_id=session_id,
        request_id=request_id,
        header=Header(op_code=op_code, flags=flags, site_serial=site_serial),
        body=body,
    )


def packed(asked: Message) -> bytes:
    """Return a request as it is sent. Raises `Unaskable` for what no octets can say."""
    try:
        return message.encode(asked)
    except (UnicodeEncodeError, struct.error) as why:
        raise Unaskable(f"no request can say this: {why}") from why


def verification(
    handle: str, index: int, signed: bytes, nonce: bytes, digest: bytes
) -> bodies.Verification:
    """Make the body of a VERIFY_RESPONSE request (RFC 3652 section 3.5.3).

    What is signed is nonce and digest, one behind the other. A message names the hash that made the
    digest; where none is as long (in REST it is whatever the client drew), the two are parted
    elsewhere. Raises `Unaskable` when they are too short for that.
    """
    signed_over = nonce + digest
    for size in (len(digest), *_DIGESTS):
        if size in _DIGESTS and size <= len(signed_over):
            at = len(signed_over) - size
            told = bodies.Digest(_DIGESTS[size], signed_over[at:])
            return bodies.Verification(handle, index, signed_over[:at], told, signed)
    raise Unaskable("nonce and digest are shorter than any hash")


def read_verified(found: Message) -> bool:
    """Read the reply to a VERIFY_RESPONSE. Raises `Garbled`, and `Declined` when it is a no."""
    code = found.header.response_code
    if code != ResponseCode.SUCCESS:
        raise declined(code, text_of(found))
    if not isinstance(found.body, bodies.Verified):
        raise Garbled(f"no verdict but {type(found.body).__name__}")
    return found.body.valid


def read_reply(reply: bytes) -> Message:
    """Read a reply. Raises `Garbled`."""
    try:
        found = message.decode(reply)
    except ProtocolError as why:
        raise Garbled(f"the reply cannot be read: {why}") from why
    if found.header.response_code == ResponseCode.REQUEST:
        raise Garbled("the reply is a request")
    return found


def read_resolution(handle: str, found: Message) -> Resolution:
    """Read the reply to a resolution of `handle`. Raises `Garbled`."""
    code = found.header.response_code
    match found.body:
        case bodies.Valued(values=values):
            return Resolution(handle=handle, code=code, values=decode_values(values))
        case bodies.ErrorText(text=text):
            return Resolution(handle=handle, code=code, message=text)
        case _ if code == ResponseCode.SUCCESS:
            raise Garbled("a success without values")
        case _:
            return Resolution(handle=handle, code=code)


def text_of(found: Message) -> str:
    """Return what a reply says to people."""
    return found.body.text if isinstance(found.body, bodies.ErrorText) else ""


def read_site(found: Message) -> bytes:
    """Read the reply to a request for the site record. Raises `Garbled`."""
    if not isinstance(found.body, bodies.SiteInfo):
        raise Garbled(f"no site record but {type(found.body).__name__}")
    return found.body.record
