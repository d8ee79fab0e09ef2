"""Requests of the Handle protocol as bytes, and replies as answers. Pure."""

from typing import Final

import msgspec

from identifiers.names import MAX_WIRE_BYTES
from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle import bodies, message
from identifiers.wire.handle.codes import OpFlag, ResponseCode
from identifiers.wire.handle.envelope import COMPATIBLE, NEWEST, Version
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.message import Message
from identifiers.wire.handle.values import decode_values
from idnode.errors import Garbled
from idnode.resolution import Resolution

UNREAD_REQUEST: Final = 0xFFFF_FFFF
"""What a reply has as its id whose request could not be read (`translate.early_error`)."""


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
) -> Message:
    """Make a request. `version`: an unknown server gets what it understands, and that we know more.

    Raises ValueError for a handle that no server could be asked about.
    """
    handle = getattr(body, "handle", "/")
    if not 0 < len(handle.encode()) <= MAX_WIRE_BYTES or "\0" in handle:
        raise ValueError(f"a handle has 1 to {MAX_WIRE_BYTES} bytes of UTF-8 without U+0000")
    return Message(
        version=version,
        suggested=NEWEST,
        session_id=session_id,
        request_id=request_id,
        header=Header(op_code=op_code, flags=flags),
        body=body,
    )


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
