"""Metadata templates: as versions 3 and 5 of the interface have them.

Everything is a text there. An item of ours that is more, a number or a date, is told as a text with
its lengths, and stays what it is when it is sent back changed.
"""

from collections.abc import Mapping
from typing import Any, Final

from identifiers.faults import Fault, Faults, Invalid
from identifiers.metadata.items import Item, told_item
from identifiers.metadata.templates import Template
from identifiers.snms.lenient import members
from identifiers.values import MAX_INDEX
from identifiers.wire.jsonload import step
from identifiers.wire.members import Members

_NAMES: Final[Mapping[str, str]] = {
    "category": "industryCategory",
    "division": "industrySpecific",
    "group": "industryTrade",
    "class": "industrySubclass",
    "carrier": "type",
    "title": "name",
    "name": "idType",
    "index": "idIndex",
    "enabled": "state",
    "min_length": "metadata/minLength",
    "max_length": "metadata/maxLength",
}
"""Our names of members, and those of the interface."""
_LEVELS: Final = ("category", "division", "group", "class")
_LONGEST: Final = 16 * 1024
_DISABLED: Final = 0


def read_template(found: object) -> dict[str, Any]:
    """Return a template as the API of the node has it. Raises `Invalid` for what has no form.

    What it says is judged like any other (`identifiers.metadata.templates`); `theirs` tells faults
    by the names that were sent.
    """
    faults = Faults()
    template = members(found, "", faults)
    if template is None:
        raise Invalid(faults)
    items = _items(template)
    version = template.text("version")
    document = {
        "prefix": template.text("prefix"),
        "version": version,
        "title": _or(template.get("name"), version),
        "industry": {level: template.text(_NAMES[level]) for level in _LEVELS},
        "carrier": template.lenient_integer("type", 1, 2),
        "description": _or(template.get("description"), ""),
        "items": items,
    }
    if faults:
        raise Invalid(faults)
    return document


def read_changes(found: object, template: Template) -> list[dict[str, Any]]:
    """Return the items of an update as `grown` takes them: changed where both names agree.

    Raises `Invalid`.
    """
    faults = Faults()
    sent = members(found, "", faults)
    items = [] if sent is None else _items(sent)
    if faults:
        raise Invalid(faults)
    return [_merged(item, template) for item in items]


def theirs(fault: Fault) -> Fault:
    """Return a fault of ours at the place where a client wrote it."""
    steps = (_NAMES.get(name, name) for name in fault.pointer.split("/") if name != "industry")
    return Fault(fault.code, "/".join(steps), fault.params)


def told_template(template: Template, handle: str = "") -> dict[str, object]:
    """Return a template as a query tells it."""
    industry = template.industry
    return {
        "id": handle,
        "handle": handle,
        "name": template.title,
        "prefix": template.prefix,
        "version": template.version,
        "industryCategory": industry.category,
        "industrySpecific": industry.division,
        "industryTrade": industry.group,
        "industrySubclass": industry.class_,
        "type": template.carrier.value,
        "description": template.description,
        "items": [_told_item(item) for item in template.items],
    }


def _items(template: Members) -> list[dict[str, Any]]:
    place = template.place("items")
    read = (
        _item(found, step(place, at), template.faults)
        for at, found in enumerate(template.items("items"))
    )
    return [item for item in read if item is not None]


def _item(found: object, pointer: str, faults: Faults) -> dict[str, Any] | None:
    item = members(found, pointer, faults)
    if item is None:
        return None
    lengths = members(_alone(item.any("metadata")), item.place("metadata"), faults)
    document: dict[str, Any] = {
        "name": item.text("idType"),
        "title": item.text("name"),
        "required": item.boolean("required"),
    }
    if "idIndex" in item:
        document["index"] = item.lenient_integer("idIndex", 1, MAX_INDEX)
    if "state" in item:
        document["enabled"] = item.lenient_integer("state", 0, 1) != _DISABLED
    if lengths is not None:
        lengths.one_of("type", ("string",), "string")
        document["min_length"] = lengths.lenient_integer("minLength", 0, _LONGEST)
        document["max_length"] = lengths.lenient_integer("maxLength", 1, _LONGEST)
    return document


def _merged(item: dict[str, Any], template: Template) -> dict[str, Any]:
    index = item.get("index")
    known = template.item(index) if isinstance(index, int) else None
    if known is None or known.name != item["name"]:
        return item
    return told_item(known) | item


def _told_item(item: Item) -> dict[str, object]:
    return {
        "name": item.title,
        "idType": item.name,
        "idIndex": item.index,
        "required": item.required,
        "state": int(item.enabled),
        "metadata": {
            "type": "string",
            "minLength": item.min_length,
            "maxLength": item.max_length,
        },
    }


def _alone(found: object) -> object:
    """Return what may stand alone in a list, as published tables have it."""
    return found[0] if isinstance(found, list) and len(found) == 1 else found


def _or(found: object, otherwise: str) -> str:
    return found if isinstance(found, str) and found else otherwise
