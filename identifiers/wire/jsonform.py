"""The Handle JSON form of values and identifiers, in and out.

One identifier is ``{"handle": …, "values": [value…], "state"?: "active" | "reserved"}``, or with
``"template": name, "attributes"?: {name: text | number | boolean}`` and values if any; one value
``{"index", "type", "data", "permissions"?, "ttl"?, "timestamp"?, "references"?}``. `permissions` is
written only if it is not ``1110``; `ttl` is seconds, or an instant when it is absolute; `data` is
told in ``dataform``. The same form in CBOR (``cborform``) comes through here too.
"""

import re
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

import msgspec

from identifiers.faults import Fault, Faults, Invalid
from identifiers.names import Handle, registration_faults
from identifiers.records import State
from identifiers.submissions import Submission
from identifiers.values import (
    DEFAULT_PERMISSIONS,
    DEFAULT_TTL,
    MAX_INDEX,
    MAX_TTL,
    TEMPLATE_INDEX,
    Reference,
    Value,
    values_faults,
)
from identifiers.wire.dataform import (
    Document,
    binary_document,
    plain_text,
    read_data,
    structured_document,
)
from identifiers.wire.handle.values import decode_values
from identifiers.wire.jsonload import load as load  # noqa: PLC0414 -- part of this module's face
from identifiers.wire.jsonload import step
from identifiers.wire.members import Members, members_of, read_references, type_fault

_INSTANT: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)", re.ASCII
)
_MAX_EPOCH: Final = 0xFFFF_FFFF
_PERMISSIONS: Final = re.compile("[01]{4}", re.ASCII)
_STATES: Final = {"active": State.ACTIVE, "reserved": State.RESERVED}
_VALUE_MEMBERS: Final = (
    "index",
    "type",
    "data",
    "permissions",
    "ttl",
    "timestamp",
    "references",
)
_MEMBERS: Final = ("handle", "values", "state", "template", "attributes")
_INT64: Final = range(-(1 << 63), 1 << 63)


# --- in


def read_identifier(document: object, pointer: str = "") -> Submission:
    """Read one identifier of a decoded document. Raises `Invalid` with every fault there is.

    When the form is at fault the rules of registration are asked as well, so that nobody mends a
    comma only to learn that the name is too long.
    """
    faults = Faults()
    members = members_of(document, pointer, faults, _MEMBERS)
    if members is None:
        raise Invalid(faults)
    handle = members.text("handle")
    template = members.text("template") if "template" in members else None
    attributes = read_attributes(members) if "attributes" in members else None
    described = "template" in members or "attributes" in members
    items = members.items("values", [] if described else None)
    read = _read_items(items, members.place("values"), faults)
    state = members.one_of("state", tuple(_STATES), "active") if "state" in members else None
    if faults:
        if handle:
            faults.extend(_handle_faults(handle, members.place("handle")))
        if read or not (items or described):
            faults.extend(_rule_faults(read, members.place("values"), faults))
        raise Invalid(faults)
    values = tuple(value for _, value in read)
    return Submission(handle, values, _STATES[state] if state else None, template, attributes)


def read_attributes(members: Members) -> dict[str, object]:
    """Read the member `attributes`: names and what they say; None says that it is not there."""
    place = members.place("attributes")
    found = members.get("attributes")
    if not isinstance(found, dict):
        members.faults.append(type_fault(found, "object", place))
        return {}
    for name, said in found.items():
        if members.faults.full:
            break
        if isinstance(said, int) and said not in _INT64:
            params: dict[str, str | int] = {"low": _INT64[0], "high": _INT64[-1]}
            members.faults.append(Fault("range", step(place, name), params))
        elif not isinstance(said, str | int | float | None):
            members.faults.append(type_fault(said, "string", step(place, name)))
    return found


def read_values(document: object, pointer: str = "") -> tuple[Value, ...]:
    """Read an array of values. Raises `Invalid` with every fault there is."""
    faults = Faults()
    if not isinstance(document, list):
        raise Invalid([type_fault(document, "array", pointer)])
    read = _read_items(document, pointer, faults)
    if faults:
        raise Invalid([*faults, *_rule_faults(read, pointer, faults)] if read else faults)
    return tuple(value for _, value in read)


def _read_items(items: Sequence[object], pointer: str, faults: Faults) -> list[tuple[int, Value]]:
    read = []
    for at, item in enumerate(items):
        if faults.full:
            break
        value = _read_value(item, step(pointer, at), faults)
        if value is not None:
            read.append((at, value))
    return read


def _read_value(document: object, pointer: str, faults: Faults) -> Value | None:
    # What could not be read is replaced; `_rule_faults` knows that from the faults noted of it.
    members = members_of(document, pointer, faults, _VALUE_MEMBERS)
    if members is None:
        return None
    index, kind = members.integer("index", 1, MAX_INDEX), members.text("type")
    data = read_data(members.any("data"), members.place("data"), faults)
    ttl, absolute = _read_ttl(members)
    return Value(
        index=index,
        type=kind,
        data=data,
        ttl=ttl,
        absolute=absolute,
        permissions=_read_permissions(members),
        timestamp=_read_instant(members, "timestamp") if "timestamp" in members else 0,
        references=_read_value_references(members),
    )


def _read_ttl(members: Members) -> tuple[int, bool]:
    if isinstance(members.get("ttl"), str):
        return _read_instant(members, "ttl", "value.ttl"), True
    return members.integer("ttl", 0, MAX_TTL, DEFAULT_TTL), False


def _read_permissions(members: Members) -> int:
    text = members.text("permissions", "1110")
    if _PERMISSIONS.fullmatch(text) is not None:
        return int(text, 2)
    if isinstance(members.get("permissions"), str):
        members.note("permissions", "value.permissions")
    return DEFAULT_PERMISSIONS


def _read_instant(members: Members, name: str, otherwise: str = "value.instant") -> int:
    try:
        return parse_instant(members.text(name))
    except ValueError:
        if isinstance(members.get(name), str):
            members.note(name, otherwise)
        return 0


def _read_value_references(members: Members) -> tuple[Reference, ...]:
    if "references" not in members:
        return ()
    items = members.items("references")
    return tuple(read_references(items, members.place("references"), members.faults))


def _handle_faults(handle: str, pointer: str) -> list[Fault]:
    try:
        found = registration_faults(Handle.parse(handle))
    except Invalid as invalid:
        found = list(invalid.faults)
    return [fault.below(pointer) for fault in found]


def _rule_faults(
    read: Sequence[tuple[int, Value]], pointer: str, noted: Collection[Fault]
) -> list[Fault]:
    """Return what is wrong with values by the rules, except where something is `noted` already."""
    marred = {fault.pointer for fault in noted}
    values = [
        # An index that could not be read is no other's index.
        msgspec.structs.replace(value, index=-at) if f"{pointer}/{at}/index" in marred else value
        for at, value in read
    ]
    # values_faults counts positions among the readable values; the document's may be others.
    faults = []
    for fault in values_faults(values):
        _, slash, rest = fault.pointer.partition("/")
        place, _, member = rest.partition("/")
        below = f"/{read[int(place)][0]}/{member}" if slash else ""
        if pointer + below not in marred:
            faults.append(Fault(fault.code, pointer + below, fault.params))
    return faults


# --- out


def value_document(value: Value, *, binary: bool = False) -> Document:
    """Return one value as a document; with `binary` (CBOR) bytes that are no text stay bytes."""
    data: object = structured_document(value.type, value.data)
    if data is None:
        text = plain_text(value.data)
        if text is not None:
            data = {"format": "string", "value": text}
        else:
            data = value.data if binary else binary_document(value.data)
    document: Document = {"index": value.index, "type": value.type, "data": data}
    if value.permissions != DEFAULT_PERMISSIONS:
        document["permissions"] = f"{value.permissions & 0xF:04b}"
    document["ttl"] = instant(value.ttl) if value.absolute else value.ttl
    document["timestamp"] = instant(value.timestamp)
    if value.references:
        document["references"] = [{"handle": r.handle, "index": r.index} for r in value.references]
    return document


def values_documents(blob: bytes, *, binary: bool = False) -> list[Document]:
    """Return a blob's values as documents. Raises `ProtocolError`."""
    return [value_document(value, binary=binary) for value in decode_values(blob)]


def identifier_document(
    handle: str,
    blob: bytes,
    state: State = State.ACTIVE,
    template: str | None = None,
    *,
    binary: bool = False,
) -> Document:
    """Return one identifier as a document; `state` is told unless it is active.

    With a `template` the value that the server sets for it is left out, so that it may be sent.
    """
    values = values_documents(blob, binary=binary)
    document: Document = {"handle": handle, "values": values}
    if template is not None:
        document["values"] = [value for value in values if value["index"] != TEMPLATE_INDEX]
        document["template"] = template
    if state is not State.ACTIVE:
        document["state"] = state.name.lower()
    return document


@lru_cache(maxsize=4096)
def parse_instant(text: str) -> int:
    """Return the epoch second of ``2024-01-01T00:00:00Z``, from 1970 to 2106.

    Fractions are dropped. Raises `ValueError`.
    """
    if _INSTANT.fullmatch(text) is None:
        raise ValueError("no instant")
    epoch = int(datetime.fromisoformat(text).timestamp())
    if not 0 <= epoch <= _MAX_EPOCH:
        raise ValueError("out of range")
    return epoch


@lru_cache(maxsize=4096)
def instant(epoch: int) -> str:
    """Return an epoch second as ``2024-01-01T00:00:00Z``."""
    return f"{datetime.fromtimestamp(epoch, UTC):%Y-%m-%dT%H:%M:%SZ}"


_ENCODER: Final = msgspec.json.Encoder()


def write_json(document: object) -> bytes:
    """Write any document as compact JSON, slashes unescaped."""
    return _ENCODER.encode(document)


def write_values(blob: bytes) -> bytes:
    """Write a blob's values as a JSON array. Raises `ProtocolError`."""
    return _ENCODER.encode(values_documents(blob))


def write_record(
    handle: str, blob: bytes, state: State = State.ACTIVE, template: str | None = None
) -> bytes:
    """Write one identifier as a JSON object. Raises `ProtocolError`."""
    return _ENCODER.encode(identifier_document(handle, blob, state, template))
