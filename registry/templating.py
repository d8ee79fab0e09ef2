"""What templates make of commands and of records that change. Pure."""

from collections.abc import Mapping
from typing import Final

import msgspec

from identifiers.faults import Fault, Faults
from identifiers.metadata.book import Book
from identifiers.metadata.checking import valued
from identifiers.metadata.layouts import Layout, version_of
from identifiers.names import prefix_of
from identifiers.records import Record
from identifiers.values import TEMPLATE_INDEX, Value
from identifiers.wire.handle.values import decode_values
from identifiers.wire.jsonload import step
from registry.answers import Faulty, Protected
from registry.commands import Create, Patch, Put

_NO_TEMPLATE: Final = Faulty((Fault("template.alone", "/attributes"),))


class Sketch(msgspec.Struct, frozen=True):
    """What a caller says in the words of templates: the name of one, and attributes.

    In a PATCH an attribute that is None is to go.
    """

    template: str | None = None
    attributes: Mapping[str, object] = {}

    @property
    def empty(self) -> bool:
        """Say whether nothing is said."""
        return self.template is None and not self.attributes


class Wanted(msgspec.Struct, frozen=True):
    """The values that a record is to have, and what it is to say of its template."""

    values: tuple[Value, ...]
    template: str | None


def demanded(key: str) -> Fault:
    """Return what is wrong with an identifier that has no template under a prefix that asks so."""
    return Fault("template.demanded", "/template", {"prefix": prefix_of(key)})


def other_template(one: str | None, other: str | None) -> bool:
    """Say whether these are different templates, not only revisions of one."""
    if one is None or other is None:
        return one is not other
    return version_of(one)[0] != version_of(other)[0]


def overwriting(command: Create, current: Record) -> Wanted:
    """Return what a record is to be that is written over.

    The Handle protocol has no word for templates: the record keeps the one it has.
    """
    if command.template is not None or current.template is None:
        return Wanted(command.values, command.template)
    marks = (v for v in decode_values(current.values) if v.index == TEMPLATE_INDEX)
    return Wanted((*marks, *command.values), current.template)


def refitted(
    current: Record, wanted: Wanted, book: Book, *, demands: bool
) -> Wanted | Faulty | Protected:
    """Return what becomes of a record by its template, in the newest revision of that.

    A record whose values stay is not judged anew.
    """
    old = decode_values(current.values)
    other = other_template(current.template, wanted.template)
    if wanted.template is None:
        return Faulty((demanded(current.key),)) if other and demands else wanted
    if not other and wanted.values == old:
        return Wanted(old, current.template)
    layout = book.of(wanted.template)
    if layout is None:
        params = {"template": version_of(wanted.template)[0], "prefix": prefix_of(current.key)}
        return Faulty((Fault("template.unknown", "/template", params),))
    there = {value.index for value in old}
    if not other and TEMPLATE_INDEX in there - {value.index for value in wanted.values}:
        return Protected((TEMPLATE_INDEX,))
    values, faults = layout.merged(wanted.values, there)
    return Faulty(tuple(faults)) if faults else Wanted(values, layout.stored)


def drawn(
    command: Create | Put, sketch: Sketch, layout: Layout | Fault | None
) -> Create | Put | Faulty:
    """Return a command that makes a record just what is said, by the template that is meant."""
    if layout is None:
        return _NO_TEMPLATE if sketch.attributes else command
    if isinstance(layout, Fault):
        return Faulty((layout.below("/template"),))
    values, faults = layout.filled(sketch.attributes, command.values)
    if faults:
        return Faulty(tuple(faults))
    return msgspec.structs.replace(command, values=values, template=layout.stored)


def changing(command: Patch, sketch: Sketch, layout: Layout | Fault | None) -> Patch | Faulty:
    """Return a PATCH with the attributes as the values that they are."""
    if layout is None:
        return _NO_TEMPLATE if sketch.attributes else command
    if isinstance(layout, Fault):
        return Faulty((layout.below("/template"),))
    told, wrong = valued(layout.template, sketch.attributes)
    faults = Faults(fault.below("/attributes") for fault in wrong)
    sent = {value.index for value in command.values}
    faults.extend(
        Fault("template.both", step("/attributes", v.type), {"index": v.index})
        for v in told
        if v.index in sent
    )
    if faults:
        return Faulty(tuple(faults))
    names = {item.name: item.index for item in layout.template.items}
    gone = {names[name] for name, found in sketch.attributes.items() if found is None}
    return msgspec.structs.replace(
        command,
        values=(*command.values, *told),
        remove=command.remove | gone,
        template=command.template if sketch.template is None else layout.stored,
    )
