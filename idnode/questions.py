"""Requests of the Handle protocol as bytes, and replies as answers. Pure."""

from collections.abc import Iterable
from typing import Final

from identifiers.names import MAX_WIRE_BYTES
from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle import bodies, message
from identifiers.wire.handle.codes import OpCode, OpFlag, ResponseCode
from identifiers.wire.handle.envelope import COMPATIBLE, NEWEST
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.message import Message
from identifiers.wire.handle.values import decode_values
from idnode.errors import Garbled
from idnode.resolution import Resolution

UNREAD_REQUEST: Final = 0xFFFF_FFFF
"""What a reply has as its id whose request could not be read (`translate.early_error`)."""


def resolution(
    handle: str,
    request_id: int,
    *,
    indexes: Iterable[int] = (),
    types: Iterable[str] = (),
    authoritative: bool = False,
    keep_alive: bool = False,
) -> bytes:
    """Write the request to resolve `handle`; both filters empty means all public values.

    Raises ValueError for what no server could be asked.
    """
    if not 0 < len(handle.encode()) <= MAX_WIRE_BYTES or "\0" in handle:
        raise ValueError(f"a handle has 1 to {MAX_WIRE_BYTES} bytes of UTF-8 without U+0000")
    flags = OpFlag.PUBLIC_ONLY | OpFlag.CACHE_CERTIFY
    flags |= OpFlag.AUTHORITATIVE if authoritative else OpFlag(0)
    body = bodies.Asked(handle, tuple(indexes), tuple(types))
    return _request(OpCode.RESOLUTION, body, request_id, flags, keep_alive=keep_alive)


def site(request_id: int, *, keep_alive: bool = False) -> bytes:
    """Write the request for the server's own site record."""
    body = bodies.Named("/")
    return _request(OpCode.GET_SITE_INFO, body, request_id, OpFlag(0), keep_alive=keep_alive)


def _request(
    op_code: OpCode, body: bodies.Request, request_id: int, flags: OpFlag, *, keep_alive: bool
) -> bytes:
    flags |= OpFlag.KEEP_ALIVE if keep_alive else OpFlag(0)
    return message.encode(
        Message(
            # What an unknown server understands, and that we understand more.
            version=COMPATIBLE,
            suggested=NEWEST,
            request_id=request_id,
            header=Header(op_code=op_code, flags=flags),
            body=body,
        )
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


def read_resolution(handle: str, reply: bytes) -> Resolution:
    """Read the reply to a resolution of `handle`. Raises `Garbled`."""
    found = read_reply(reply)
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


def read_site(reply: bytes) -> bytes:
    """Read the reply to `site`: an HS_SITE record. Raises `Garbled`."""
    body = read_reply(reply).body
    if not isinstance(body, bodies.SiteInfo):
        raise Garbled(f"no site record but {type(body).__name__}")
    return body.record
