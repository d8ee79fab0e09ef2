"""How identifiers are related: values of reserved types that name other identifiers. Pure.

A relation stands at one end only, at the part, the product or the load: there is one place to
change it, and its owner is who may. It points upwards, to the whole, the origin or the carrier.
"""

from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import Final

import msgspec

from identifiers.directory import PrefixDirectory
from identifiers.faults import Fault, Invalid
from identifiers.names import Handle, fold
from identifiers.records import Record, State
from identifiers.values import Value
from identifiers.wire.handle.values import decode_values

MARK: Final = b"REL."
"""What the name of every reserved type begins with."""
MAX_TARGET: Final = 1024
"""Octets of a handle that a relation names: as long as one may be that is registered."""


class Relation(IntEnum):
    """What an identifier is to another one. The numbers are stored; never renumber them."""

    PART_OF = 1
    """组成"""
    MADE_FROM = 2
    """来源"""
    CARRIED_BY = 3
    """承载"""

    @property
    def type(self) -> str:
        """Return the type of the values that say so."""
        return f"REL.{self.name}"

    @property
    def word(self) -> str:
        """Return its name in documents."""
        return self.name.lower()


BY_TYPE: Final = {relation.type: relation for relation in Relation}
BY_WORD: Final = {relation.word: relation for relation in Relation}


class Edge(msgspec.Struct, frozen=True, order=True):
    """One relation of `source`; both ends by their canonical names, and as they were given.

    `public`: anybody may read of it.
    """

    source: str
    relation: Relation
    target: str
    source_name: str
    target_name: str
    public: bool


def relation_faults(values: Iterable[Value]) -> list[Fault]:
    """Return a fault for each value of a reserved type that names no identifier."""
    faults = []
    for at, value in enumerate(values):
        if fold(value.type) not in BY_TYPE:
            continue
        if value.type not in BY_TYPE:
            faults.append(Fault("relation.type", f"/{at}/type", {"type": fold(value.type)}))
        try:
            Handle.parse(value.data.decode())
        except (UnicodeDecodeError, Invalid):
            faults.append(Fault("relation.target", f"/{at}/data"))
        else:
            if len(value.data) > MAX_TARGET:
                sizes: dict[str, str | int] = {
                    "size": len(value.data),
                    "unit": "bytes",
                    "limit": MAX_TARGET,
                }
                faults.append(Fault("too_long", f"/{at}/data", sizes))
    return faults


def edges_of(record: Record, directory: PrefixDirectory) -> Iterator[Edge]:
    """Yield the relations of a record, each once. Raises `ProtocolError` on a damaged blob.

    What names no identifier (it may have been written past the rules) is passed over.
    """
    if record.state is State.DELETED or MARK not in record.values:
        return
    seen = set()
    for value in decode_values(record.values):
        relation = BY_TYPE.get(value.type)
        if relation is None or len(value.data) > MAX_TARGET:
            continue
        try:
            handle = Handle.parse(value.data.decode())
        except (UnicodeDecodeError, Invalid):
            continue
        home = directory.home_of(handle)
        target = handle.key(fold_suffix=home is not None and home.fold_suffix)
        if (relation, target) in seen:
            continue
        seen.add((relation, target))
        public = value.public and record.state is State.ACTIVE
        yield Edge(record.key, relation, target, record.name, handle.given, public)
