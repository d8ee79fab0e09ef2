"""What changed between two documents of one table: field by field, personal data masked. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from identifiers.enterprises.fields import Document, Field
from identifiers.enterprises.masking import masked
from identifiers.wire.jsonload import step


class Difference(msgspec.Struct, frozen=True):
    """One value that changed, by its pointer; None: it was not there, or it is shown to nobody."""

    field: str
    old: str | int | None
    new: str | int | None


def differences(
    before: Document, after: Document, fields: tuple[Field, ...]
) -> tuple[Difference, ...]:
    """Return every value that changed, in the order of their pointers."""
    old, new = dict(_leaves(before)), dict(_leaves(after))
    shown_old, shown_new = (
        dict(_leaves(masked(before, fields))),
        dict(_leaves(masked(after, fields))),
    )
    return tuple(
        Difference(pointer, shown_old.get(pointer), shown_new.get(pointer))
        for pointer in sorted(old.keys() | new.keys())
        if old.get(pointer) != new.get(pointer)
    )


def _leaves(value: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield from _leaves(member, step(pointer, name))
    elif isinstance(value, tuple):
        for at, item in enumerate(value):
            yield from _leaves(item, step(pointer, at))
    else:
        yield pointer, value
