"""One answer of the REST form: its status by its response code, its document."""

from collections.abc import Iterable
from types import MappingProxyType
from typing import Final

import msgspec

from identifiers.errors import FateUnknown
from identifiers.faults import Fault
from identifiers.wire import jsonform
from identifiers.wire.handle import bodies
from identifiers.wire.handle.codes import ResponseCode
from identifiers.wire.restform import PLAIN, Document, Form
from registry.handle.replies import FATE_UNKNOWN
from registry.handle.requests import rejected
from registry.handle.turns import Told

OK: Final = 200
CREATED: Final = 201
NO_CONTENT: Final = 204
BAD_REQUEST: Final = 400
UNAUTHORIZED: Final = 401
FORBIDDEN: Final = 403
NOT_FOUND: Final = 404
METHOD_NOT_ALLOWED: Final = 405
TOO_MANY: Final = 429
UNAVAILABLE: Final = 503
_INTERNAL: Final = 500
_UNREADABLE: Final = frozenset({"json.syntax", "utf8"})

_STATUSES: Final = MappingProxyType(
    {
        ResponseCode.SUCCESS: OK,
        ResponseCode.ERROR: _INTERNAL,
        ResponseCode.SERVER_BUSY: UNAVAILABLE,
        ResponseCode.PROTOCOL_ERROR: BAD_REQUEST,
        ResponseCode.OPERATION_NOT_SUPPORTED: 501,
        ResponseCode.SERVER_BACKUP: UNAVAILABLE,
        ResponseCode.HANDLE_NOT_FOUND: NOT_FOUND,
        ResponseCode.HANDLE_ALREADY_EXISTS: 409,
        ResponseCode.INVALID_HANDLE: BAD_REQUEST,
        ResponseCode.VALUE_ALREADY_EXISTS: 409,
        ResponseCode.INVALID_VALUE: BAD_REQUEST,
        ResponseCode.SERVER_NOT_RESPONSIBLE: BAD_REQUEST,
        ResponseCode.SERVICE_REFERRAL: 300,
        ResponseCode.PREFIX_REFERRAL: 300,
        ResponseCode.INVALID_ADMIN: FORBIDDEN,
        ResponseCode.INSUFFICIENT_PERMISSIONS: FORBIDDEN,
        ResponseCode.AUTHENTICATION_NEEDED: UNAUTHORIZED,
        ResponseCode.AUTHENTICATION_FAILED: FORBIDDEN,
        ResponseCode.INVALID_CREDENTIAL: FORBIDDEN,
        ResponseCode.AUTHENTICATION_ERROR: FORBIDDEN,
    }
)


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer. `document` None: no body. `nonce`: one that it tells, to be answered or signed."""

    status: int
    document: object = None
    headers: tuple[tuple[str, str], ...] = ()
    form: Form = PLAIN
    nonce: bytes = b""


class Ended(Exception):
    """Ends a request with an answer, from deep inside of it."""

    def __init__(self, reply: Reply) -> None:
        self.reply: Final = reply
        super().__init__(reply.status)


def status_of(code: int, *, writing: bool) -> int:
    """Return the status of a response code; that no value fits is an error only when writing."""
    if code == ResponseCode.VALUES_NOT_FOUND:
        return BAD_REQUEST if writing else OK
    try:
        return _STATUSES[ResponseCode(code)]
    except (KeyError, ValueError):
        return _INTERNAL


def reply_of(told: Told, handle: str, *, writing: bool, form: Form = PLAIN) -> Reply:
    """Return what the registry tells about `handle` in the REST form."""
    return Reply(
        status=status_of(told.code, writing=writing),
        document=_document(told, handle, writing=writing),
        form=form,
    )


def _document(told: Told, handle: str, *, writing: bool) -> Document:
    body, document = told.body, Document(responseCode=int(told.code))
    match body:
        case bodies.ErrorText() if body.text:
            document["message"] = body.text
        case bodies.Valued(values=blob):
            document["values"] = jsonform.values_documents(blob)
        case bodies.Named(handle=named):
            handle = named
        case _:
            pass
    if told.code == ResponseCode.VALUES_NOT_FOUND and not writing:
        document["values"] = []
    document["handle"] = handle
    return document


def refusal(code: ResponseCode, message: str, handle: str = "", **more: object) -> Reply:
    """Return an error; `more` are further members of its document."""
    document: Document = {"responseCode": int(code)}
    if handle:
        document["handle"] = handle
    document["message"] = message
    document.update(more)
    return Reply(status=status_of(code, writing=True), document=document)


def of_faults(faults: Iterable[Fault], handle: str = "") -> Reply:
    """Return what is told of an input with faults: code 4 when it cannot be read at all."""
    found = tuple(faults)
    told = rejected(found)
    if any(fault.code in _UNREADABLE for fault in found):
        told = msgspec.structs.replace(told, code=ResponseCode.PROTOCOL_ERROR)
    reply = reply_of(told, handle, writing=True)
    if not handle and isinstance(reply.document, dict):
        del reply.document["handle"]
    return reply


def of_store(error: Exception) -> Reply:
    """Return what is told while the store is away."""
    if isinstance(error, FateUnknown):
        reply = refusal(ResponseCode.ERROR, FATE_UNKNOWN)
    else:
        reply = refusal(ResponseCode.SERVER_BUSY, "Nothing was done: try again later")
    return msgspec.structs.replace(reply, status=UNAVAILABLE, headers=(("Retry-After", "2"),))
