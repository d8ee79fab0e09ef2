"""One value as a line of a batch file: ``<index> <TYPE> <ttl> <perms> <form> <data…>``.

Spaces between fields may repeat, those inside of data are kept, those at the end are not. Forms are
UTF8 (text to the end of the line), ADMIN, LIST and FILE; there is none for other bytes.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from identifiers.faults import Faults
from identifiers.values import MAX_INDEX, MAX_TTL, Reference, Value
from identifiers.wire.cursor import ProtocolError
from identifiers.wire.dataform import plain_text, read_data
from identifiers.wire.handle.data import (
    ALL_PERMISSIONS,
    Admin,
    decode_admin,
    decode_vlist,
    encode_admin,
    encode_vlist,
)
from identifiers.wire.jsonform import load
from identifiers.wire.siteform import read_site

ReadFile = Callable[[str], bytes]
"""Gives the content of a file that a batch names. Raises `BadLine`."""

_FIELDS: Final = re.compile(r" *(\S+) +(\S+) +(\S+) +(\S+) +(\S+)(?: +(.*))?", re.ASCII)
_REFERENCE: Final = re.compile(r" *([0-9]{1,10}):(\S(?:.*\S)?) *", re.ASCII)
_ADMIN: Final = re.compile(r"([0-9]{1,10}):([01]{12}):(.+)", re.ASCII)
_PERMISSION_COUNT: Final = 4
_SITE_TYPES: Final = ("HS_SITE", "HS_SITE.6", "HS_SITE.PREFIX")
_KEY_TYPES: Final = ("HS_PUBKEY",)


class BadLine(ValueError):
    """A line that cannot be read; the message says why."""


def read_value(line: str, read_file: ReadFile) -> Value:
    """Read a value line. Raises `BadLine`."""
    fields = _FIELDS.fullmatch(line.rstrip())
    if fields is None:
        raise BadLine("a value is <index> <TYPE> <ttl> <permissions> <form> <data>")
    index, kind, ttl, permissions, form, data = fields.groups()
    reader = _FORMS.get(form.upper())
    if reader is None:
        raise BadLine(f"the form {form} is none of {', '.join(_FORMS)}")
    if not data:
        raise BadLine("a value needs data")
    return Value(
        index=_whole(index, "index", 1, MAX_INDEX),
        type=kind,
        data=reader(data, kind, read_file),
        ttl=_whole(ttl, "ttl", 0, MAX_TTL),
        permissions=_permissions(permissions),
    )


def write_value(value: Value, file_name: str) -> tuple[str, bytes | None]:
    """Write a value as a line; what only a file can hold is returned beside it.

    Such a line names `file_name`. Raises `BadLine` for what a batch file cannot say.
    """
    if value.absolute:
        raise BadLine("its TTL is an instant")
    if value.references:
        raise BadLine("it has references")
    if not value.type or not value.type.isprintable() or " " in value.type:
        raise BadLine("its type has a space or control character")
    form, data, content = _written(value, file_name)
    permissions = f"{value.permissions & 0xF:04b}"
    return f"{value.index} {value.type} {value.ttl} {permissions} {form} {data}", content


def _written(value: Value, file_name: str) -> tuple[str, str, bytes | None]:
    writer = _STRUCTURED.get(value.type)
    if writer is not None:
        try:
            form, data = writer(value.data)
        except ProtocolError:
            raise BadLine(f"its data is no {value.type}") from None
        return form, data, None
    if value.type in _SITE_TYPES or value.type in _KEY_TYPES:
        return "FILE", file_name, value.data
    text = plain_text(value.data)
    if text is None:
        raise BadLine("its data is no text")
    if not text or text.strip() != text or "\n" in text or "\r" in text:
        raise BadLine("its text is empty, has several lines, or begins or ends with a space")
    return "UTF8", text, None


def _read_text(data: str, _kind: str, _read_file: ReadFile) -> bytes:
    return data.encode()


def _read_admin(data: str, _kind: str, _read_file: ReadFile) -> bytes:
    found = _ADMIN.fullmatch(data)
    if found is None:
        raise BadLine("an administrator is <index>:<12 bits>:<handle>")
    index, bits, handle = found.groups()
    number = _whole(index, "index", 0, MAX_INDEX)
    # The first bit of a batch file is the lowest: JSON prints the same bits the other way round.
    return encode_admin(Admin(int(bits[::-1], 2), handle, number))


def _write_admin(data: bytes) -> tuple[str, str]:
    admin = decode_admin(data)
    bits = f"{admin.permissions & ALL_PERMISSIONS:012b}"[::-1]
    return "ADMIN", f"{admin.index}:{bits}:{admin.handle}"


def _read_list(data: str, _kind: str, _read_file: ReadFile) -> bytes:
    references = []
    for item in data.split(";"):
        if not item.strip():
            continue
        found = _REFERENCE.fullmatch(item)
        if found is None:
            raise BadLine("a list is <index>:<handle>;<index>:<handle>")
        references.append(Reference(found[2], _whole(found[1], "index", 0, MAX_INDEX)))
    return encode_vlist(tuple(references))


def _write_list(data: bytes) -> tuple[str, str]:
    references = decode_vlist(data)
    return "LIST", ";".join(f"{r.index}:{r.handle}" for r in references) or ";"


def _read_named(path: str, kind: str, read_file: ReadFile) -> bytes:
    content = read_file(path)
    if kind.upper() not in _SITE_TYPES or not content.lstrip().startswith(b"{"):
        return content
    # A site's file may be JSON; what is stored is the record itself.
    try:
        document = load(content)
    except ValueError as why:
        raise BadLine(f"{path}: {why}") from None
    faults = Faults()
    site = read_site(document, "", faults, read_data)
    if faults:
        told = "; ".join(f"{fault.pointer}: {fault.detail()}" for fault in faults)
        raise BadLine(f"{path} is no site: {told}")
    return site


_FORMS: Final[Mapping[str, Callable[[str, str, ReadFile], bytes]]] = MappingProxyType(
    {"UTF8": _read_text, "ADMIN": _read_admin, "LIST": _read_list, "FILE": _read_named}
)
_STRUCTURED: Final[Mapping[str, Callable[[bytes], tuple[str, str]]]] = MappingProxyType(
    {"HS_ADMIN": _write_admin, "HS_VLIST": _write_list}
)


def _whole(text: str, name: str, low: int, high: int) -> int:
    if not (text.isascii() and text.isdigit() and low <= int(text[:20]) <= high):
        raise BadLine(f"the {name} {text[:40]} is no number from {low} to {high}")
    return int(text)


def _permissions(text: str) -> int:
    if len(text) != _PERMISSION_COUNT:
        raise BadLine("permissions are four characters: 1110 is the usual")
    # Whatever is not "1" counts as 0.
    return sum(1 << (3 - at) for at, bit in enumerate(text) if bit == "1")
