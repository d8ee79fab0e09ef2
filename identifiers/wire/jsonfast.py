"""Typed decoding of typical JSON identifiers for bulk input, exactly as strict as ``jsonform``.

A typed decoder reads what is well formed and common; whatever it refuses goes through the strict
loader and the collecting reader, which decide and name the faults. The typed decoder lets two
things pass that must not: U+0000, which is looked for, and duplicate keys, of which it keeps the
last. These are found by counting: every string of a JSON text has two quotes that no backslash
escapes, and the decoded value, written again, has the same strings but for those that were
dropped. So equal counts prove that nothing was dropped, and anything else goes the strict way.
"""

import base64
import binascii
from typing import Annotated, Final, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from identifiers.faults import Fault, Faults, Invalid
from identifiers.records import State
from identifiers.submissions import Submission
from identifiers.values import (
    DEFAULT_PERMISSIONS,
    DEFAULT_TTL,
    MAX_INDEX,
    MAX_TTL,
    Value,
)
from identifiers.wire.handle.data import Admin, encode_admin
from identifiers.wire.jsonform import parse_instant, read_identifier
from identifiers.wire.jsonload import load, text_faults, without_escapes
from identifiers.wire.members import members_of
from identifiers.wire.rows import Refused, handle_in

T = TypeVar("T")


class _Admin(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    handle: str
    index: Annotated[int, Meta(ge=0, le=MAX_INDEX)]
    permissions: Annotated[str, Meta(pattern="^[01]{1,12}$")]


class _Data(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    format: Literal["string", "base64", "hex", "admin"]
    value: str | _Admin


class _Value(msgspec.Struct, forbid_unknown_fields=True, gc=False, omit_defaults=True):
    index: Annotated[int, Meta(ge=1, le=MAX_INDEX)]
    type: str
    data: str | _Data
    ttl: Annotated[int, Meta(ge=0, le=MAX_TTL)] | UnsetType = UNSET
    permissions: Annotated[str, Meta(pattern="^[01]{4}$")] | UnsetType = UNSET
    timestamp: str | UnsetType = UNSET


class _Identifier(msgspec.Struct, forbid_unknown_fields=True, gc=False, omit_defaults=True):
    handle: str
    values: list[_Value]
    state: Literal["active", "reserved"] | UnsetType = UNSET


class _Batch(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    items: list[_Identifier]


_STATES: Final = {"active": State.ACTIVE, "reserved": State.RESERVED}
_DECODER: Final = msgspec.json.Decoder(_Identifier)
_BATCH_DECODER: Final = msgspec.json.Decoder(_Batch)
_ENCODER: Final = msgspec.json.Encoder()


def read_line(line: bytes) -> Submission:
    """Read one identifier from its JSON text. Raises `Invalid` with every fault there is."""
    typed = _decode(_DECODER, line)
    submission = _submission(typed) if typed is not None else None
    return submission if submission is not None else read_identifier(load(line))


def read_batch(body: bytes, limit: int) -> list[Submission | Refused]:
    """Read ``{"items": [identifier…]}``, of at most `limit` items.

    Each item is read or refused by itself, its pointers relative to it. Raises `Invalid` when the
    body as a whole is at fault.
    """
    typed = _decode(_BATCH_DECODER, body)
    if typed is not None and 0 < len(typed.items) <= limit:
        read = [_submission(item) for item in typed.items]
        submissions = [item for item in read if item is not None]
        if len(submissions) == len(read):
            return list(submissions)
    faults = Faults()
    members = members_of(load(body), "", faults, ("items",))
    items = members.items("items") if members is not None else []
    if not faults and not items:
        faults.append(Fault("empty", "/items"))
    if len(items) > limit:
        faults.append(Fault("too_many", "/items", {"count": len(items), "limit": limit}))
    if faults:
        raise Invalid(faults)
    return [_read_or_refuse(item) for item in items]


def read_document(document: object) -> Submission:
    """Read one identifier of a decoded document that came over CBOR, as ``read_identifier`` does.

    Texts may not hold U+0000: `Invalid`, like every other fault.
    """
    try:
        typed = msgspec.convert(document, _Identifier)
    except msgspec.ValidationError:
        typed = None
    submission = _submission(typed) if typed is not None and not _holds_nul(typed) else None
    if submission is not None:
        return submission
    faults = text_faults(document)
    if faults:
        raise Invalid(faults)
    return read_identifier(document)


def _holds_nul(typed: _Identifier) -> bool:
    # Asked of the whole as it would be written, in one search.
    return b"\\u0000" in _ENCODER.encode(typed)


def _read_or_refuse(document: object) -> Submission | Refused:
    try:
        return read_identifier(document)
    except Invalid as invalid:
        return Refused(invalid.faults, handle_in(document))


def _decode(decoder: msgspec.json.Decoder[T], text: bytes) -> T | None:
    try:
        typed = decoder.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    if b"u0000" in text or _strings(text) != _strings(_ENCODER.encode(typed)):
        return None
    return typed


def _submission(typed: _Identifier) -> Submission | None:
    try:
        values = tuple([_value(value) for value in typed.values])
    except ValueError:
        return None
    state = None if typed.state is UNSET else _STATES[typed.state]
    return Submission(typed.handle, values, state)


def _strings(text: bytes) -> int:
    return without_escapes(text).count(b'"')


def _value(typed: _Value) -> Value:
    data, ttl, permissions, timestamp = typed.data, typed.ttl, typed.permissions, typed.timestamp
    return Value(
        index=typed.index,
        type=typed.type,
        data=_data(data) if isinstance(data, _Data) else data.encode(),
        ttl=DEFAULT_TTL if ttl is UNSET else ttl,
        permissions=DEFAULT_PERMISSIONS if permissions is UNSET else int(permissions, 2),
        timestamp=0 if timestamp is UNSET else parse_instant(timestamp),
    )


def _data(typed: _Data) -> bytes:
    # Raises ValueError for what the collecting reader is to judge.
    name, value = typed.format, typed.value
    if isinstance(value, str):
        if name == "string":
            return value.encode()
        if name == "base64":
            return base64.b64decode(value, validate=True)
        if name == "hex":
            return binascii.unhexlify(value)
    elif name == "admin":
        return encode_admin(Admin(int(value.permissions, 2), value.handle, value.index))
    raise ValueError(name)
