"""Identifiers: ``{"handle", "templateVersion", "value": [{"index", "type", "data": {…}}]}``."""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from identifiers.faults import Fault, Faults, Invalid
from identifiers.metadata.items import FIRST_INDEX
from identifiers.snms.lenient import members
from identifiers.values import MAX_INDEX, TEMPLATE_INDEX, TEMPLATE_TYPE, Value
from identifiers.wire.dataform import plain_text
from identifiers.wire.jsonload import step
from identifiers.wire.members import Members

MAX_HANDLE: Final = 255
MAX_VALUE: Final = 255
"""Characters; longer texts are registered over the API of the node."""
BATCH_LIMIT: Final = 2000
_STRING: Final = "string"
_PLACES: Final[Mapping[str, list[str]]] = {
    "values": ["value"],
    "template": ["templateVersion"],
    "attributes": [],
}


class Told(msgspec.Struct, frozen=True):
    """An identifier as a client sent it, and the version of the template that it is to fit."""

    handle: str
    template: str
    values: tuple[Value, ...]


def read_object(found: object, pointer: str = "") -> Told:
    """Read an identifier. Raises `Invalid` with every fault."""
    faults = Faults()
    object_ = members(found, pointer, faults)
    if object_ is None:
        raise Invalid(faults)
    items = object_.items("value")
    place = object_.place("value")
    told = Told(
        handle=_text(object_, "handle", MAX_HANDLE),
        template=_text(object_, "templateVersion", MAX_HANDLE),
        values=tuple(_value(item, step(place, at), faults) for at, item in enumerate(items)),
    )
    if faults:
        raise Invalid(faults)
    return told


def read_handle(found: object, pointer: str = "") -> str:
    """Read ``{"handle"}``. Raises `Invalid` with every fault."""
    faults = Faults()
    object_ = members(found, pointer, faults)
    handle = "" if object_ is None else _text(object_, "handle", MAX_HANDLE)
    if faults:
        raise Invalid(faults)
    return handle


def read_list(found: object, name: str) -> list[object]:
    """Read what is a bare list, or the member `name` of an object. Raises `Invalid`."""
    if isinstance(found, list):
        items = found
    else:
        faults = Faults()
        object_ = members(found, "", faults)
        items = [] if object_ is None else object_.items(name)
        if faults:
            raise Invalid(faults)
    if len(items) > BATCH_LIMIT:
        params = {"count": len(items), "limit": BATCH_LIMIT}
        raise Invalid([Fault("too_many", f"/{name}", params)])
    return items


def theirs(fault: Fault) -> Fault:
    """Return a fault of the registry at the place where a client of this interface wrote it."""
    steps = fault.pointer.split("/")[1:]
    if steps[:1] == ["items"]:
        del steps[:2]  # which item of a list it is, is told otherwise
    if steps:
        steps[:1] = _PLACES.get(steps[0], steps[:1])
    return Fault(fault.code, "".join(f"/{name}" for name in steps), fault.params)


def told_object(handle: str, template: str, values: Iterable[Value]) -> dict[str, object]:
    """Return an identifier as ``data/detail`` tells it: everything that is a text."""
    prefix, _, _ = handle.partition("/")
    told = [told_value(value) for value in values if plain_text(value.data) is not None]
    return {
        "code": "200",
        "prefix": prefix,
        "handle": handle,
        "templateVersion": template,
        "value": told,
    }


def told_value(value: Value) -> dict[str, object]:
    """Return a value that is a text."""
    text = plain_text(value.data)
    return {
        "auth": "",
        "index": value.index,
        "type": value.type,
        "data": {"format": _STRING, "value": text},
    }


def _value(found: object, pointer: str, faults: Faults) -> Value:
    object_ = members(found, pointer, faults)
    if object_ is None:
        return Value(index=1, type="", data=b"")
    before = len(faults)
    index = object_.lenient_integer("index", 1, MAX_INDEX)
    read = len(faults) == before
    kind = _text(object_, "type", MAX_HANDLE)
    if index == TEMPLATE_INDEX or kind == TEMPLATE_TYPE:
        object_.note("index", "template.own", index=TEMPLATE_INDEX)
    elif (
        read and index < FIRST_INDEX
    ):  # no template has entries there; others may, over the node's API
        object_.note("index", "template.no_item", index=index)
    return Value(index=index, type=kind, data=_data(object_).encode())


def _data(value: Members) -> str:
    found = value.get("data")
    if isinstance(found, str):
        return _text(value, "data", MAX_VALUE)
    data = members(value.any("data"), value.place("data"), value.faults)
    if data is None:
        return ""
    data.one_of("format", (_STRING,), _STRING)
    return _text(data, "value", MAX_VALUE)


def _text(object_: Members, name: str, most: int) -> str:
    text = object_.text(name)
    if len(text) > most:
        object_.note(name, "too_long", size=len(text), unit="characters", limit=most)
    return text
