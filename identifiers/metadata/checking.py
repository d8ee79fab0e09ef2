"""Values against a template, and the attributes that a template makes of them.

An attribute (属性) is a value under the name of its entry, as the entry's type has it in JSON.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from identifiers.faults import Fault, Faults
from identifiers.metadata.items import FIRST_INDEX, MAX_NAME, Item
from identifiers.metadata.templates import Template
from identifiers.metadata.types import DataType
from identifiers.values import DEFAULT_TTL, TEMPLATE_INDEX, Value
from identifiers.wire.jsonload import step
from identifiers.wire.members import type_fault

MISSING: Final = "template.missing"
"""The code of what is required and not there."""
_WRITTEN: Final = {True: "true", False: "false"}


def checked(
    template: Template, values: Sequence[Value], there: Iterable[int] = ()
) -> tuple[tuple[Value, ...], Faults]:
    """Return values with the canonical text of each entry's, and every fault of them.

    Values below index 2000 are not the template's matter, but for its own. Indexes that are `there`
    already may be those of entries that are disabled now. Pointers are relative to the list.
    """
    faults = Faults()
    kept = frozenset(there)
    taken = tuple(
        _taken(template, value, at, faults, kept=value.index in kept)
        for at, value in enumerate(values)
    )
    present = {value.index for value in values}
    faults.extend(
        Fault(MISSING, params={"index": item.index, "name": item.name})
        for item in template.items
        if item.required and item.enabled and item.index not in present
    )
    return taken, faults


def valued(
    template: Template, attributes: Mapping[str, object], ttl: int = DEFAULT_TTL
) -> tuple[list[Value], Faults]:
    """Return the values that attributes are, as they were written; `checked` comes after."""
    faults, values = Faults(), []
    by_name = {item.name: item for item in template.items}
    for name, found in attributes.items():
        item = by_name.get(name)
        if item is None:
            faults.append(Fault("template.no_attribute", step("", name), {"name": name[:MAX_NAME]}))
        elif found is not None:
            text = _text(found, step("", name), faults)
            values.append(Value(index=item.index, type=item.name, data=text.encode(), ttl=ttl))
    return values, faults


def attributes(template: Template, values: Iterable[Value]) -> dict[str, object]:
    """Return what values are as attributes; what no longer fits its entry is shown as text."""
    return {
        item.name: _typed(item, value.data.decode(errors="replace"))
        for value in values
        if (item := template.item(value.index)) is not None and item.name == value.type
    }


def _taken(template: Template, value: Value, at: int, faults: Faults, *, kept: bool) -> Value:
    if value.index == TEMPLATE_INDEX and value.data != template.version.encode():
        faults.append(Fault("template.own", f"/{at}/index", {"index": TEMPLATE_INDEX}))
    if value.index < FIRST_INDEX:
        return value
    item = template.item(value.index)
    if item is None:
        faults.append(Fault("template.no_item", f"/{at}/index", {"index": value.index}))
        return value
    faults.extend(_place_faults(item, value, at, kept=kept))
    try:
        text = value.data.decode()
    except UnicodeDecodeError as error:
        faults.append(Fault("utf8", f"/{at}/data", {"at": error.start}))
        return value
    found = item.accepted(text)
    if isinstance(found, Fault):
        faults.append(found.below(f"/{at}/data"))
        return value
    if found == text:
        return value
    return _with_data(value, found.encode())


def _place_faults(item: Item, value: Value, at: int, *, kept: bool) -> Iterator[Fault]:
    if value.type != item.name:
        yield Fault("template.other_name", f"/{at}/type", {"index": item.index, "name": item.name})
    if not item.enabled and not kept:
        yield Fault("template.disabled", f"/{at}/index", {"index": item.index})


def _with_data(value: Value, data: bytes) -> Value:
    return Value(
        index=value.index,
        type=value.type,
        data=data,
        ttl=value.ttl,
        absolute=value.absolute,
        permissions=value.permissions,
        timestamp=value.timestamp,
        references=value.references,
    )


def _text(found: object, pointer: str, faults: Faults) -> str:
    if isinstance(found, bool):
        return _WRITTEN[found]
    if isinstance(found, str | int | float):
        return str(found)
    faults.append(type_fault(found, "string", pointer))
    return ""


def _typed(item: Item, text: str) -> object:
    match item.type:
        case DataType.BOOLEAN if text in {"true", "false"}:
            return text == "true"
        case DataType.INTEGER if item.accepted(text) == text:
            return int(text)
        case _:
            # A decimal number stays a text: JSON readers would make a binary fraction of it.
            return text
