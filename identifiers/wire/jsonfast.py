"""Typed decoding of typical JSON identifiers for bulk input, exactly as strict as ``jsonform``.

A typed decoder reads what is well formed and common; whatever it refuses goes through the strict
loader and the collecting reader, which decide and name the faults. The typed decoder lets two
things pass that must not: U+0000, which is looked for, and duplicate keys, of which it keeps the
last. These are found by counting: every string of a JSON text has two quotes that no backslash
escapes, and the decoded value, written again, has the same strings but for those that were
dropped. So equal counts prove that nothing was dropped, and anything else goes the strict way.
Most values are plain, and how many quotes a plain one is written with is known.
"""

import base64
import binascii
from typing import Annotated, Final, Literal, TypeVar, assert_never

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
    permissions: Annotated[str, Meta(pattern=r"^[01]{1,12}\Z")]


class _Text(msgspec.Struct, forbid_unknown_fields=True, gc=False, tag_field="format", tag="string"):
    value: str


class _Base64(
    msgspec.Struct, forbid_unknown_fields=True, gc=False, tag_field="format", tag="base64"
):
    value: str


class _Hex(msgspec.Struct, forbid_unknown_fields=True, gc=False, tag_field="format", tag="hex"):
    value: str


class _AdminData(
    msgspec.Struct, forbid_unknown_fields=True, gc=False, tag_field="format", tag="admin"
):
    value: _Admin


_Data = str | _Text | _Base64 | _Hex | _AdminData


class _Value(msgspec.Struct, forbid_unknown_fields=True, gc=False, omit_defaults=True):
    index: Annotated[int, Meta(ge=1, le=MAX_INDEX)]
    type: str
    data: _Data
    ttl: Annotated[int, Meta(ge=0, le=MAX_TTL)] | UnsetType = UNSET
    permissions: Annotated[str, Meta(pattern=r"^[01]{4}\Z")] | UnsetType = UNSET
    timestamp: str | UnsetType = UNSET


_Attributes = dict[str, str | int | float | bool | None]


class _Identifier(msgspec.Struct, forbid_unknown_fields=True, gc=False, omit_defaults=True):
    handle: str
    values: list[_Value] | UnsetType = UNSET
    template: str | UnsetType = UNSET
    attributes: _Attributes | UnsetType = UNSET
    state: Literal["active", "reserved"] | UnsetType = UNSET


class _Batch(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    items: list[_Identifier]


_STATES: Final = {"active": State.ACTIVE, "reserved": State.RESERVED}
_DECODER: Final = msgspec.json.Decoder(_Identifier)
_BATCH_DECODER: Final = msgspec.json.Decoder(_Batch)
_ENCODER: Final = msgspec.json.Encoder()


def _quotes(text: bytes) -> int:
    return without_escapes(text).count(b'"')


_BARE: Final = _quotes(_ENCODER.encode(_Identifier("", [])))
_BEYOND: Final = float(1 << 63)
_VALUES: Final = _quotes(b'"values":[]')
_TEMPLATE: Final = _quotes(b'"template":""')
_ATTRIBUTES: Final = _quotes(b'"attributes":')
_STATE: Final = _quotes(b'"state":"active"')
_PLAIN: Final = _quotes(_ENCODER.encode(_Value(1, "", _Text(""))))
_TTL: Final = _quotes(b'"ttl":60')
_ITEMS: Final = _quotes(b'{"items":[]}')
"""How many quotes an identifier without values is written with, a state, a plain value, …"""


def read_line(line: bytes) -> Submission:
    """Read one identifier from its JSON text. Raises `Invalid` with every fault there is."""
    read = read_typical(line)
    return read_identifier(load(line)) if read is None else read


def read_typical(text: bytes) -> Submission | None:
    """Read one identifier from its JSON text; None: it goes the strict way, which decides."""
    typed = _decode(_DECODER, text)
    read = _read(typed) if typed is not None else None
    return read[0] if read is not None and read[1] == _quotes(text) else None


def read_batch(body: bytes, limit: int) -> list[Submission | Refused]:
    """Read ``{"items": [identifier…]}``, of at most `limit` items.

    Each item is read or refused by itself, its pointers relative to it. Raises `Invalid` when the
    body as a whole is at fault.
    """
    typed = _decode(_BATCH_DECODER, body)
    if typed is not None and 0 < len(typed.items) <= limit:
        read = [found for item in typed.items if (found := _read(item)) is not None]
        quotes = _ITEMS + sum(count for _, count in read)
        if len(read) == len(typed.items) and quotes == _quotes(body):
            return [submission for submission, _ in read]
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
    read = _read(typed) if typed is not None and not _holds_nul(typed) else None
    if read is not None:
        return read[0]
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
    if b"\\" in text and b"u0000" in text:
        return None
    try:
        return decoder.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _read(typed: _Identifier) -> tuple[Submission, int] | None:
    """Return what is meant and how many quotes it is written with; None for the strict way."""
    values: list[Value] = []
    quotes = _BARE
    if typed.template is not UNSET or typed.values is UNSET or typed.attributes is not UNSET:
        return _described(typed)
    try:
        for given in typed.values:
            data, ttl = given.data, given.ttl
            if type(data) is _Text and given.permissions is given.timestamp is UNSET:
                # The common case without a call: bulk registration reads 250,000 a second.
                quotes += _PLAIN
                if ttl is UNSET:
                    ttl = DEFAULT_TTL
                else:
                    quotes += _TTL
                octets = data.value.encode()
                values.append(Value(index=given.index, type=given.type, data=octets, ttl=ttl))
            else:
                values.append(_value(given))
                quotes += _quotes(_ENCODER.encode(given))
    except ValueError:
        return None
    if typed.state is UNSET:
        return Submission(typed.handle, tuple(values)), quotes
    return Submission(typed.handle, tuple(values), _STATES[typed.state]), quotes + _STATE


def _described(typed: _Identifier) -> tuple[Submission, int] | None:
    """Read one that is told in the words of a template."""
    if typed.template is UNSET:
        return None
    bare = msgspec.structs.replace(
        typed,
        values=[] if typed.values is UNSET else typed.values,
        template=UNSET,
        attributes=UNSET,
    )
    read = _read(bare)
    if read is None:
        return None
    submission, quotes = read
    quotes += _TEMPLATE - (_VALUES if typed.values is UNSET else 0)
    attributes: dict[str, object] | None = None
    if typed.attributes is not UNSET:
        if not all(map(_within_int64, typed.attributes.values())):
            return None
        attributes = {**typed.attributes}
        quotes += _ATTRIBUTES + _quotes(_ENCODER.encode(typed.attributes))
    template = typed.template
    return msgspec.structs.replace(submission, template=template, attributes=attributes), quotes


def _within_int64(said: object) -> bool:
    # The strict reader says of longer integers that they are too long.
    return not isinstance(said, int | float) or -_BEYOND <= said < _BEYOND


def _value(typed: _Value) -> Value:
    ttl, permissions, timestamp = typed.ttl, typed.permissions, typed.timestamp
    return Value(
        index=typed.index,
        type=typed.type,
        data=_octets(typed.data),
        ttl=DEFAULT_TTL if ttl is UNSET else ttl,
        permissions=DEFAULT_PERMISSIONS if permissions is UNSET else int(permissions, 2),
        timestamp=0 if timestamp is UNSET else parse_instant(timestamp),
    )


def _octets(data: _Data) -> bytes:
    # Raises ValueError for what the collecting reader is to judge.
    match data:
        case str():
            return data.encode()
        case _Text():
            return data.value.encode()
        case _Base64():
            return base64.b64decode(data.value, validate=True)
        case _Hex():
            return binascii.unhexlify(data.value)
        case _AdminData():
            value = data.value
            return encode_admin(Admin(int(value.permissions, 2), value.handle, value.index))
        case _:
            assert_never(data)
