"""Documents that are described by a table: each field with its names, its form and its need.

One description serves the reader below, the schema of the API, the names of older interfaces, the
reports upward, and what is sealed and masked. A `Document` that exists is valid in form; what hangs
together between fields is judged by whoever has the table (`particulars`).
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from enum import Enum
from ipaddress import ip_address
from types import MappingProxyType
from typing import Any, Final, assert_never

import msgspec

from identifiers.codes.divisions import Divisions, is_division
from identifiers.faults import Fault, Faults
from identifiers.wire.jsonload import step
from identifiers.wire.members import Members, members_of

Document = Mapping[str, Any]
"""Values by field name: str, int, tuple of those, or documents; absent where nothing was told."""

_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_PHONE: Final = re.compile(r"\+?[0-9][0-9 ()-]{4,15}")
# A name or an IPv4 address, in brackets or without; an IPv6 address in brackets.
_ENDPOINT: Final = re.compile(
    r"(?:\[(?P<closed>[^\[\]]+)\]|(?P<open>[^\[\]:]+)):(?P<port>[0-9]{1,5})", re.ASCII
)
_LABEL: Final = r"[0-9A-Za-z](?:[0-9A-Za-z-]{0,61}[0-9A-Za-z])?"
# The last label of a name is no number (RFC 3696 section 2): 192.0.2.300 is no name either.
_HOST: Final = re.compile(rf"(?:{_LABEL}\.)*(?![0-9]+$){_LABEL}", re.ASCII)
_HIGHEST_PORT: Final = 0xFFFF
_HIGHEST: Final = (1 << 63) - 1


class Personal(Enum):
    """Personal data (个人信息) is sealed where it is stored; this is how it is shown."""

    NAME = "name"
    NUMBER = "number"
    PHONE = "phone"
    EMAIL = "email"
    PICTURE = "picture"


class Text(msgspec.Struct, frozen=True):
    """Up to `most` characters."""

    most: int


class Email(msgspec.Struct, frozen=True):
    """An address, up to `most` characters."""

    most: int


class Phone(msgspec.Struct, frozen=True):
    """A number as it is dialled, up to `most` characters."""

    most: int


class Addresses(msgspec.Struct, frozen=True):
    """IPv4 and IPv6 addresses joined by ``;``, up to `most` characters."""

    most: int


class Endpoints(msgspec.Struct, frozen=True):
    """``[host]:port`` joined by ``;``, up to `most` characters; IPv6 needs the brackets."""

    most: int


class Day(msgspec.Struct, frozen=True):
    """A day, yyyy-MM-dd."""


class Number(msgspec.Struct, frozen=True):
    """A whole number from 0."""


class Code(msgspec.Struct, frozen=True):
    """One of a list; the national tables number them."""

    choices: Mapping[int, str]


class Place(msgspec.Struct, frozen=True):
    """A code of GB/T 2260."""


class File(msgspec.Struct, frozen=True):
    """The id of an attachment that was uploaded."""


class Part(msgspec.Struct, frozen=True):
    """A document within."""

    fields: "tuple[Field, ...]"


class Many(msgspec.Struct, frozen=True):
    """Up to `most` of a kind, in order."""

    of: "Kind"
    most: int


_Texts = Text | Email | Phone | Addresses | Endpoints | Day | Place | File
Kind = _Texts | Number | Code | Part | Many


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One field. `snms`: its name in the SNMS-style interface; `t1`, `t6`: its number there."""

    name: str
    chinese: str
    kind: Kind
    required: bool = False
    snms: str = ""
    t1: int = 0
    t6: int = 0
    personal: Personal | None = None


def read(
    found: object, fields: tuple[Field, ...], pointer: str, faults: Faults, places: Divisions
) -> Document:
    """Return a document; every fault is noted, and then what is returned does not count."""
    by_name = {field.name: field for field in fields}
    members = members_of(found, pointer, faults, by_name)
    if members is None:
        return MappingProxyType({})
    read_members = (_member(members, field, places) for field in fields)
    return MappingProxyType({name: value for name, value in read_members if value is not None})


def _member(members: Members, field: Field, places: Divisions) -> tuple[str, Any]:
    name = field.name
    if _is_blank(members.get(name)):
        if field.required:
            members.note(name, "required")
        return name, None
    return name, _value(members, name, field.kind, places)


def _is_blank(found: object) -> bool:
    return found in (None, []) or (isinstance(found, str) and not found.strip())


def _value(members: Members, name: str, kind: Kind, places: Divisions) -> Any:
    match kind:
        case Text() | Email() | Phone() | Addresses() | Endpoints() | Day() | Place() | File():
            return _text(members, name, kind, places)
        case Number():
            return members.lenient_integer(name, 0, _HIGHEST)
        case Code():
            return _code(members, name, kind)
        case Part():
            return read(members.get(name), kind.fields, members.place(name), members.faults, places)
        case Many():
            return _many(members, name, kind, places)
        case _:
            assert_never(kind)


def _text(members: Members, name: str, kind: _Texts, places: Divisions) -> str:
    text = members.text(name).strip()
    faults = _text_faults(text, kind, places) if text else ()
    members.faults.extend(fault.below(members.place(name)) for fault in faults)
    return text


def _text_faults(text: str, kind: _Texts, places: Divisions) -> Iterable[Fault]:
    match kind:
        case Text(most) | Email(most) | Phone(most) | Addresses(most) | Endpoints(most) if (
            len(text) > most
        ):
            yield Fault("too_long", params={"size": len(text), "unit": "characters", "limit": most})
        case Email() if not _EMAIL.fullmatch(text):
            yield Fault("field.email")
        case Phone() if not _PHONE.fullmatch(text):
            yield Fault("field.phone")
        case Addresses() if not all(map(_is_address, text.split(";"))):
            yield Fault("field.addresses")
        case Endpoints() if not all(map(_is_endpoint, text.split(";"))):
            yield Fault("field.endpoints")
        case Place() if not is_division(text) or not places.has(text):
            yield Fault("field.place", params={"code": text})
        case Day() if not _is_day(text):
            yield Fault("field.day")
        case _:
            return


def _is_address(text: str) -> bool:
    try:
        ip_address(text.strip())
    except ValueError:
        return False
    return "%" not in text  # a scope id (RFC 4007) is of use on one machine only


def _is_endpoint(text: str) -> bool:
    found = _ENDPOINT.fullmatch(text.strip())
    if found is None or not 0 < int(found["port"]) <= _HIGHEST_PORT:
        return False
    host = found["closed"] or found["open"]
    return _HOST.fullmatch(host) is not None or _is_address(host)


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _code(members: Members, name: str, kind: Code) -> int:
    low, high = min(kind.choices), max(kind.choices)
    return members.lenient_integer(name, low, high)


def _many(members: Members, name: str, kind: Many, places: Divisions) -> tuple[Any, ...]:
    items = members.items(name)
    if len(items) > kind.most:
        members.note(name, "too_many", count=len(items), limit=kind.most)
        return ()
    place = members.place(name)
    inner = Members({str(at): item for at, item in enumerate(items)}, place, members.faults)
    return tuple(_value(inner, str(at), kind.of, places) for at in range(len(items)))


def told(document: Document) -> dict[str, Any]:
    """Return a document as JSON has it."""
    return {name: _told(value) for name, value in document.items()}


def _told(value: Any) -> Any:
    if isinstance(value, Mapping):
        return told(value)
    if isinstance(value, tuple):
        return [_told(item) for item in value]
    return value


def paths(fields: tuple[Field, ...], above: str = "") -> Iterable[tuple[str, Field]]:
    """Yield every field with its pointer, those within others too; of many, the one kind."""
    for field in fields:
        pointer = step(above, field.name)
        yield pointer, field
        kind = field.kind.of if isinstance(field.kind, Many) else field.kind
        if isinstance(kind, Part):
            yield from paths(kind.fields, pointer)
