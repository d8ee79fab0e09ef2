"""Unknown names that a namespace can compute (HS_NAMESPACE): pure.

The base's own namespace counts, without one that of the prefix. The delimiter at which a name is
split is that of the prefix's namespace, without one ``@``.
"""

from typing import Final
from zlib import crc32

import msgspec

from identifiers.directory import PrefixEntry
from identifiers.names import PREFIX_RECORDS, Handle
from identifiers.namespaces import (
    DEFAULT_DELIMITER,
    BadNamespace,
    Split,
    evaluate,
    read_namespace,
    split,
)
from identifiers.outcomes import Absent
from identifiers.patterns import Budget, TooMuchWork
from identifiers.queries import Query
from identifiers.records import Record, State
from identifiers.routes import namespace_of
from identifiers.wire.handle.values import decode_values, encode_values

_ABSENT: Final = Absent()
_DELETED: Final = State.DELETED
"""By this name: before Python 3.12 a member of an enum is found slowly."""
_OCTETS_PER_STEP: Final = 64


class Template(msgspec.Struct, frozen=True):
    """A name that might be computed: from the record `base`, with the prefix's `namespace`."""

    base: str
    parts: Split
    namespace: bytes


def unknown(record: Record | None) -> bool:
    """Say whether nobody registered the name, so that it may be computed."""
    return record is None or record.state is _DELETED


def template_for(entry: PrefixEntry | None, query: Query) -> Template | Absent:
    """Return from what an unknown name might be computed. Without an entry: from nothing."""
    if entry is None:
        return _ABSENT
    delimiter = DEFAULT_DELIMITER
    if entry.namespace:
        try:
            delimiter = read_namespace(entry.namespace).delimiter or DEFAULT_DELIMITER
        except BadNamespace as why:
            return _unusable(f"prefix {entry.prefix}", why)
    parts = split(query.text, delimiter)
    if parts is None:
        return _ABSENT
    base = Handle.parse(parts.base)  # a handle, since the whole is one and its suffix begins it
    if base.prefix == PREFIX_RECORDS:
        return _ABSENT
    return Template(base.key(fold_suffix=entry.fold_suffix), parts, entry.namespace)


def computed(template: Template, base: Record | None, budget: Budget) -> Record | Absent:
    """Compute the record of a name; `base` is what is stored of its base.

    Its version changes with the base and with the namespace; its key is the base's. The work is
    taken off `budget`, and there is no more of it than that.
    """
    if base is None or base.state is not State.ACTIVE:
        return _ABSENT
    data = namespace_of(base.values) or template.namespace
    if not data:
        return _ABSENT
    try:
        # What was read before is not read again; whether it was must not decide.
        budget.spend(1 + len(data) // _OCTETS_PER_STEP)
        namespace = read_namespace(data)
        if namespace.delimiter != _delimiter(template):
            return _ABSENT
        values = evaluate(namespace, template.parts, decode_values(base.values), budget)
    except (BadNamespace, TooMuchWork) as why:
        return _unusable(template.base, why)
    if not values:
        return _ABSENT
    return msgspec.structs.replace(
        base, version=base.version << 32 | crc32(data), values=encode_values(values)
    )


def _delimiter(template: Template) -> str:
    parts = template.parts
    return parts.handle[len(parts.base) : len(parts.handle) - len(parts.extension)]


def _unusable(of: str, why: BadNamespace | TooMuchWork) -> Absent:
    return Absent(f"the namespace of {of} cannot be used: {why}")
