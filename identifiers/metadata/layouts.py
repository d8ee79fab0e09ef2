"""A template made ready for use: what registration asks of it, many thousand times a second.

What is in order is read here by short ways that know nothing of faults; whatever they do not take
goes the long way (`identifiers.metadata.checking`), which decides and names the faults.
"""

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import Final

import msgspec

from identifiers.faults import Fault, Faults
from identifiers.metadata.checking import attributes, checked, valued
from identifiers.metadata.items import FIRST_INDEX, Item
from identifiers.metadata.templates import Template
from identifiers.metadata.types import ORDERED, DataType, canonical
from identifiers.names import prefix_of
from identifiers.values import DEFAULT_TTL, TEMPLATE_INDEX, TEMPLATE_TYPE, Value
from identifiers.wire.handle.values import decode_values, encode_value
from identifiers.wire.jsonload import step

_Accept = Callable[[str], str | None]
"""Returns the canonical text of a value; None: it goes the long way."""
_WRITTEN: Final = {True: "true", False: "false"}
CLAIM_OCTETS: Final = 20
_LENGTH: Final = struct.Struct(">I")
_NO_REFERENCES: Final = _LENGTH.pack(0)
_REMEMBERED: Final = 1024
"""Texts of an entry whose canonical ones are remembered: days and measures come again and again."""
_SHORT: Final = 64
"""Characters; longer texts are no numbers and no times, and are not remembered."""


class Layout:
    """A template in one revision. Values that it returns are canonical, in order and whole."""

    def __init__(self, template: Template) -> None:
        self.template: Final = template
        self.name: Final = template_name(template.prefix, template.version)
        self.stored: Final = f"{self.name}@{template.revision}"
        """What a record says of the template it was checked against."""
        self.unique: Final = tuple(item for item in template.items if item.unique)
        self.mark: Final = Value(
            index=TEMPLATE_INDEX, type=TEMPLATE_TYPE, data=template.version.encode()
        )
        """The value that tells it to everybody (national convention)."""
        self._headed: tuple[int, int] | None = None
        self._heads: Mapping[str, tuple[int, _Accept, bytes]] = {}

    def is_called(self, asked: str | None) -> bool:
        """Say whether a caller means this one, by its version or by its whole name."""
        return asked in {self.name, self.template.version}

    @cached_property
    def _known(self) -> Mapping[str, tuple[int, _Accept]]:
        enabled = (item for item in self.template.items if item.enabled)
        return {item.name: (item.index, _accept(item)) for item in enabled}

    @cached_property
    def _required(self) -> frozenset[str]:
        return frozenset(i.name for i in self.template.items if i.required and i.enabled)

    def filled(
        self,
        given: Mapping[str, object],
        values: tuple[Value, ...] = (),
        ttl: int = DEFAULT_TTL,
    ) -> tuple[tuple[Value, ...], Faults]:
        """Return the values of a new record of these attributes and values, and every fault.

        Pointers are those of the identifier's document: ``/attributes/NAME``, ``/values/0/data``.
        """
        mine = self._typical(given, ttl)
        if mine is not None:
            for value in values:
                if value.index >= FIRST_INDEX or value.index == TEMPLATE_INDEX:
                    break
            else:
                return (*values, self.mark, *mine), Faults()
        return self._judged(given, values, ttl)

    def packed(
        self, given: Mapping[str, object], ttl: int, at: int
    ) -> tuple[bytes, list[tuple[int, bytes]]] | None:
        """Return what `filled` does of attributes alone, if they are all in order; else None.

        In wire form, each value with the time `at` (an epoch second); and index and data of each
        entry. Bulk registration asks this of every row with a template.
        """
        if self._headed != (ttl, at):
            self._heads, self._headed = self._headings(ttl, at), (ttl, at)
        heads, pieces = self._heads, []
        for name, written in given.items():
            entry = heads.get(name)
            text = written if isinstance(written, str) else _text(written)
            if entry is None or text is None or (taken := entry[1](text)) is None:
                return None
            data = taken.encode()
            pieces.append((entry[0], entry[2], data))
        if not self._required <= given.keys():
            return None
        pieces.sort()
        length = _LENGTH.pack
        blob = b"".join(
            [
                length(len(pieces) + 1),
                encode_value(msgspec.structs.replace(self.mark, timestamp=at)),
                *[head + length(len(data)) + data + _NO_REFERENCES for _, head, data in pieces],
            ]
        )
        return blob, [(index, data) for index, _, data in pieces]

    def merged(
        self, values: Sequence[Value], there: Iterable[int]
    ) -> tuple[tuple[Value, ...], Faults]:
        """Return what becomes of values of a record that is `there` with some indexes already.

        The mark is set anew. All faults are those of entries: ``/attributes/NAME``.
        """
        unmarked = [value for value in values if value.index != TEMPLATE_INDEX]
        taken, faults = checked(self.template, unmarked, there)
        pointed = Faults()
        for fault in faults:
            place = fault.pointer.split("/")[1:2]
            pointed.append(self._of_entry(fault, unmarked[int(place[0])] if place else None))
        mark = next((v for v in values if v.index == TEMPLATE_INDEX), None)
        kept = self.mark if mark is None or mark.data != self.mark.data else mark
        return _ordered(taken, kept), pointed

    def attributes(self, blob: bytes) -> dict[str, object]:
        """Return the attributes that a record's values are."""
        return attributes(self.template, decode_values(blob))

    def _headings(self, ttl: int, at: int) -> Mapping[str, tuple[int, _Accept, bytes]]:
        """Return, by entry, what stands before the length of its data in wire form."""
        bare = {
            name: Value(index=index, type=name, data=b"", ttl=ttl, timestamp=at)
            for name, (index, _) in self._known.items()
        }
        return {
            name: (index, accept, encode_value(bare[name])[: -2 * _LENGTH.size])
            for name, (index, accept) in self._known.items()
        }

    def claims(self, key: str, values: Iterable[Value]) -> dict[bytes, str]:
        """Return what a record has for itself alone: a digest for each value, with its entry.

        A value is unique among the identifiers of the template under just one prefix.
        """
        return self.claimed(key, ((value.index, value.data) for value in values))

    def claimed(self, key: str, entries: Iterable[tuple[int, bytes]]) -> dict[bytes, str]:
        """Return what `claims` does, of index and data of each value."""
        if not self.unique:
            return {}
        names = {item.index: item.name for item in self.unique}
        scope = f"{prefix_of(key)}\0{self.name}\0"
        return {
            sha256(f"{scope}{index}\0".encode() + data).digest()[:CLAIM_OCTETS]: names[index]
            for index, data in entries
            if index in names
        }

    def _typical(self, given: Mapping[str, object], ttl: int) -> list[Value] | None:
        """Return the values of attributes that are all in order, by index."""
        known, found = self._known, []
        for name, written in given.items():
            entry = known.get(name)
            text = written if isinstance(written, str) else _text(written)
            if entry is None or text is None or (taken := entry[1](text)) is None:
                return None
            found.append(Value(index=entry[0], type=name, data=taken.encode(), ttl=ttl))
        if not self._required <= given.keys():
            return None
        found.sort(key=_index)
        return found

    def _judged(
        self, given: Mapping[str, object], values: tuple[Value, ...], ttl: int
    ) -> tuple[tuple[Value, ...], Faults]:
        faults = Faults()
        mine, wrong = valued(self.template, given, ttl)
        faults.extend(fault.below("/attributes") for fault in wrong)
        named = frozenset(faults_of.pointer for faults_of in faults)
        mine.sort(key=_index)
        taken, wrong = checked(self.template, (*values, *mine))
        for fault in wrong:
            place = fault.pointer.split("/")[1:2]
            if place and int(place[0]) < len(values):
                faults.append(fault.below("/values"))
            else:
                about = mine[int(place[0]) - len(values)] if place else None
                told = self._of_entry(fault, about)
                if told.pointer not in named:
                    faults.append(told)
        sent = tuple(value for value in taken[: len(values)] if value.index != TEMPLATE_INDEX)
        made = taken[len(values) :]
        faults.extend(_doubled(sent, made))
        indexes = {value.index for value in sent}
        own = (value for value in made if value.index not in indexes)
        return _ordered((*sent, *own), self.mark), faults

    def _of_entry(self, fault: Fault, value: Value | None) -> Fault:
        """Return a fault as one of an entry: of that of the value, or of the one it names."""
        item = None if value is None else self.template.item(value.index)
        name = item.name if item is not None else fault.params.get("name")
        if name is None:
            # Below a record there may be what no revision knew: it stands under its index.
            name = "" if value is None else str(value.index)
        return Fault(fault.code, step("/attributes", str(name)), fault.params)


def template_name(prefix: str, version: str) -> str:
    """Return the whole name of a template."""
    return f"{prefix}/{version}"


def version_of(stored: str) -> tuple[str, int]:
    """Return the whole name and the revision of what a record says of its template."""
    name, _, revision = stored.rpartition("@")
    return name, int(revision)


def _doubled(sent: Sequence[Value], made: Sequence[Value]) -> Iterator[Fault]:
    by_index = {value.index: value for value in sent}
    for value in made:
        other = by_index.get(value.index)
        if other is not None and other.data != value.data:
            yield Fault("template.both", step("/attributes", value.type), {"index": value.index})


def _ordered(values: Iterable[Value], mark: Value) -> tuple[Value, ...]:
    """Return values as they are kept: others as they were given, the mark, entries by index."""
    together = tuple(values)
    entries = sorted((v for v in together if v.index >= FIRST_INDEX), key=_index)
    return (*(v for v in together if v.index < FIRST_INDEX), mark, *entries)


def _index(value: Value) -> int:
    return value.index


def _text(written: object) -> str | None:
    if isinstance(written, bool):
        return _WRITTEN[written]
    return str(written) if isinstance(written, int | float) else None


def _accept(item: Item) -> _Accept:
    """Return the short way of an entry."""
    low, high = item.min_length, item.max_length
    if item.type is DataType.ENUMERATION:
        choices = frozenset(c for c in item.choices if low <= len(c) <= high and "\0" not in c)
        return lambda text: text if text in choices else None
    if item.type is DataType.STRING and not item.pattern and item.check is None:
        least = max(low, 1)
        return lambda text: text if least <= len(text) <= high and "\0" not in text else None
    if item.type in {DataType.NUMBER, DataType.INTEGER}:
        return _remembered(_number(item))

    def otherwise(text: str) -> str | None:
        found = item.accepted(text)
        return found if isinstance(found, str) else None

    return _remembered(otherwise) if item.type in ORDERED else otherwise


def _remembered(accept: _Accept) -> _Accept:
    known = lru_cache(maxsize=_REMEMBERED)(accept)
    return lambda text: known(text) if len(text) <= _SHORT else accept(text)


def _number(item: Item) -> _Accept:
    kind, shortest, longest = item.type, item.min_length, item.max_length
    low = Decimal(item.low) if item.low else None
    high = Decimal(item.high) if item.high else None

    def accept(text: str) -> str | None:
        found = canonical(kind, text)
        if found is None or not shortest <= len(found) <= longest:
            return None
        number = Decimal(found)
        if (low is not None and number < low) or (high is not None and number > high):
            return None
        return found

    return accept
