"""The data of one value as a document: ``{"format": …, "value": …}`` or a bare string.

Formats ``string``, ``base64`` and ``hex`` hold any bytes; ``admin``, ``vlist``, ``site`` and
``key`` spell out what HS_ADMIN, HS_VLIST, HS_SITE and HS_PUBKEY hold. A structured format is
written only if reading it gives the same bytes again, so nothing is lost in a document.
"""

import base64
import binascii
import re
from collections.abc import Callable
from typing import Final

from identifiers.faults import Faults
from identifiers.values import MAX_INDEX
from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle.data import (
    ALL_PERMISSIONS,
    Admin,
    decode_admin,
    decode_vlist,
    encode_admin,
    encode_vlist,
)
from identifiers.wire.members import MISSING, Members, members_of, read_references, type_fault
from identifiers.wire.siteform import key_document, read_key, read_site, site_document

Document = dict[str, object]

_CONTROL: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f]")
_BITS: Final = re.compile("[01]{1,12}", re.ASCII)


def plain_text(data: bytes) -> str | None:
    """Return `data` as text; None when it is no UTF-8 or holds control characters but white space.

    0x09 to 0x0D count as white space.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    # Printable is the common case and the cheaper question; line ends are not "printable".
    return text if text.isprintable() or _CONTROL.search(text) is None else None


def binary_document(data: bytes) -> Document:
    """Write any bytes in base64."""
    return {"format": "base64", "value": base64.b64encode(data).decode()}


def admin_document(data: bytes) -> Document | None:
    """Write HS_ADMIN data; None when it would not read back the same."""
    try:
        admin = decode_admin(data)
    except ProtocolError:
        return None
    if admin.permissions > ALL_PERMISSIONS or encode_admin(admin) != data:
        return None
    value = {
        "handle": admin.handle,
        "index": admin.index,
        "permissions": f"{admin.permissions:012b}",
    }
    return {"format": "admin", "value": value}


def vlist_document(data: bytes) -> Document | None:
    """Write HS_VLIST data; None when it is none."""
    try:
        references = decode_vlist(data)
    except ProtocolError:
        return None
    value = [{"handle": r.handle, "index": r.index} for r in references]
    return {"format": "vlist", "value": value}


def read_data(document: object, pointer: str, faults: Faults) -> bytes:
    """Read the data of a value, noting faults; bytes (from CBOR) stand for themselves."""
    if isinstance(document, str):
        return document.encode()
    if isinstance(document, bytes):
        return document
    if document is MISSING:
        return b""
    if not isinstance(document, dict):
        faults.append(type_fault(document, "string or object", pointer))
        return b""
    members = members_of(document, pointer, faults, ("format", "value"))
    name = members.one_of("format", _READERS) if members is not None else ""
    reader = _READERS.get(name)
    if members is None or reader is None:
        return b""
    return reader(members)


def _read_string(members: Members) -> bytes:
    found = members.get("value")
    return found if isinstance(found, bytes) else members.text("value").encode()


def _read_base64(members: Members) -> bytes:
    try:
        return base64.b64decode(members.text("value"), validate=True)
    except ValueError as error:
        members.note("value", "value.format", format="base64", why=str(error))
        return b""


def _read_hex(members: Members) -> bytes:
    try:
        return binascii.unhexlify(members.text("value"))
    except ValueError as error:
        members.note("value", "value.format", format="hex", why=str(error))
        return b""


def _read_admin(members: Members) -> bytes:
    admin = members_of(
        members.any("value"),
        members.place("value"),
        members.faults,
        ("handle", "index", "permissions"),
    )
    if admin is None:
        return b""
    bits = admin.text("permissions")
    if _BITS.fullmatch(bits) is None:
        why = "permissions are up to twelve 0 or 1"
        admin.note("permissions", "value.format", format="admin", why=why)
        bits = "0"
    handle, index = admin.text("handle"), admin.lenient_integer("index", 0, MAX_INDEX)
    return encode_admin(Admin(int(bits, 2), handle, index))


def _read_vlist(members: Members) -> bytes:
    items = members.items("value")
    return encode_vlist(tuple(read_references(items, members.place("value"), members.faults)))


def _read_site(members: Members) -> bytes:
    return read_site(members.any("value"), members.place("value"), members.faults, read_data)


def _read_key(members: Members) -> bytes:
    return read_key(members.any("value"), members.place("value"), members.faults)


_READERS: Final[dict[str, Callable[[Members], bytes]]] = {
    "string": _read_string,
    "base64": _read_base64,
    "hex": _read_hex,
    "admin": _read_admin,
    "vlist": _read_vlist,
    "site": _read_site,
    "key": _read_key,
}


def _site_document(data: bytes) -> Document | None:
    return _lossless("site", site_document(data, key_or_binary), data)


def _key_document(data: bytes) -> Document | None:
    return _lossless("key", key_document(data), data)


def key_or_binary(data: bytes) -> Document:
    """Write the public key of a server."""
    return _key_document(data) or binary_document(data)


def _lossless(name: str, value: Document | None, data: bytes) -> Document | None:
    written: Document = {"format": name, "value": value}
    faults = Faults()
    return written if value is not None and read_data(written, "", faults) == data else None


_WRITERS: Final[dict[str, Callable[[bytes], Document | None]]] = {
    "HS_ADMIN": admin_document,
    "HS_VLIST": vlist_document,
    "HS_SITE": _site_document,
    "HS_SITE.6": _site_document,
    "HS_SITE.PREFIX": _site_document,
    "HS_PUBKEY": _key_document,
}


STRUCTURED_TYPES: Final = frozenset(_WRITERS)
"""Types whose data is no text."""


def structured_document(kind: str, data: bytes) -> Document | None:
    """Write the data of a value of type `kind` in its own format, if it has one that fits."""
    writer = _WRITERS.get(kind) if kind.startswith("HS_") else None
    return writer(data) if writer is not None else None
