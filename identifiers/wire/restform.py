"""The REST form of Handle.Net 9, as far as looking up and administering share it. Pure.

How a handle stands in an address, how parameters are read, how an answer is written: JSON, the
same in CBOR, or a script (JSONP).
"""

import re
from typing import Final
from urllib.parse import unquote_to_bytes

import msgspec

from identifiers.values import MAX_INDEX
from identifiers.wire import cborform, jsonform
from identifiers.wire.handle.codes import ResponseCode

JSON: Final = "application/json"
CBOR: Final = cborform.MEDIA_TYPE
JAVASCRIPT: Final = "application/javascript"

_YES: Final = frozenset({"", "yes", "true", "1"})
_CALLBACK: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*(?:\.[A-Za-z_$][A-Za-z0-9_$]*)*", re.ASCII)
_LONGEST_CALLBACK: Final = 128
_LONGEST_INDEX: Final = len(str(MAX_INDEX))

Document = dict[str, object]


class Unreadable(ValueError):
    """An address that asks nothing; `code` is the response code of the answer."""

    def __init__(self, why: str, code: ResponseCode = ResponseCode.PROTOCOL_ERROR) -> None:
        self.code: Final = code
        super().__init__(why)


class Form(msgspec.Struct, frozen=True):
    """How the answer is to be written. With a `callback` it is a script."""

    media_type: str = JSON
    pretty: bool = False
    callback: str = ""


PLAIN: Final = Form()


def handle_in(target: str, mount: str) -> bytes:
    """Return the handle of a request target: the rest of the path, raw or percent-encoded.

    Raises `Unreadable` unless it is UTF-8 without U+0000.
    """
    path = target.partition("?")[0].partition("#")[0].partition(mount)[2]
    octets = path.encode("utf-8", "surrogateescape")
    handle = unquote_to_bytes(octets) if "%" in path else octets
    try:
        handle.decode()
    except UnicodeDecodeError as error:
        why = f"the handle is not valid UTF-8 at byte {error.start}"
        raise Unreadable(why, ResponseCode.INVALID_HANDLE) from None
    if b"\0" in handle:
        raise Unreadable("U+0000 is not allowed in a handle", ResponseCode.INVALID_HANDLE)
    return handle


def read_flag(value: str) -> bool:
    """Read a boolean parameter: to stand there without a value is yes."""
    return value.lower() in _YES


def read_index(value: str) -> int:
    """Read an index. Raises `Unreadable`."""
    if value.isascii() and value.isdigit() and len(value) <= _LONGEST_INDEX:
        index = int(value)
        if index <= MAX_INDEX:
            return index
    raise Unreadable(f"index must be a whole number from 0 to {MAX_INDEX}")


def read_callback(value: str) -> str:
    """Read the name of a function. Raises `Unreadable`."""
    if len(value) > _LONGEST_CALLBACK or _CALLBACK.fullmatch(value) is None:
        raise Unreadable("callback must be the name of a function")
    return value


def document(code: ResponseCode, handle: str, **members: object) -> Document:
    """Return an answer about a handle; an empty text is left out."""
    told: Document = {"responseCode": int(code), "handle": handle}
    told.update((name, value) for name, value in members.items() if value != "")
    return told


def written(document: object, form: Form) -> bytes:
    """Write a document in its form."""
    if form.media_type == CBOR:
        return cborform.write(document)
    body = jsonform.write_json(document)
    if form.pretty:
        body = msgspec.json.format(body, indent=2)
    if form.callback:
        # JSON was no part of JavaScript before ES2019: these two ended a line of it.
        body = body.replace("\u2028".encode(), b"\\u2028").replace("\u2029".encode(), b"\\u2029")
        return b"%s(%s);" % (form.callback.encode(), body)
    return body
