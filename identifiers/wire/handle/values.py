"""The wire form of values, as replies carry it and as records are stored (RFC 3652 section 3.1.2).

A *blob* is ``int n`` and n values; one value is ``int index, int timestamp, byte ttlType, int ttl,
byte permissions, text type, octets data, int r, r x (text handle, int index)``. Selecting values
copies stored bytes and never encodes anew, so a reply is byte for byte what was registered.

This is the hottest code of a node, so ``_walk`` reads with `struct` at running offsets instead of
`Cursor`: six values in a third of the time. It slices only up to a place that the next
``unpack_from`` reads from, which therefore proves the slice to lie within the blob.
"""

import struct
from collections.abc import Collection, Iterable
from typing import Final

from identifiers.records import EMPTY_VALUES
from identifiers.values import SEALED_TYPE, Permission, Reference, Value
from identifiers.wire.cursor import ProtocolError, text, u32, utf8
from identifiers.wire.handle.codes import MAX_LIST

# index, timestamp, ttlType, ttl, permissions, length of the type
_HEAD: Final = struct.Struct(">IIBIBI")
# What stands before a value (the number of references of the one before it), then of the value:
# ttlType, permissions, length of the type
_LOOK: Final = struct.Struct(">I8xB4xBI")
_INT: Final = struct.Struct(">I")
_NONE: Final = (0,)
_NO_REFERENCES: Final = _INT.pack(*_NONE)
_SMALLEST: Final = _HEAD.size + 8
_SMALLEST_REFERENCE: Final = 8
_ABSOLUTE: Final = 1
_PUBLIC_READ: Final = int(Permission.PUBLIC_READ)
_SECRET: Final = SEALED_TYPE.encode()
_SECRET_OCTETS: Final = len(_SECRET)

# start, end, index, timestamp, ttlType, ttl, permissions, type, data, references
_Span = tuple[int, int, int, int, int, int, int, bytes, bytes, tuple[Reference, ...]]


def decode_values(blob: bytes) -> tuple[Value, ...]:
    """Read a blob to its end. Raises `ProtocolError`."""
    return tuple(
        [
            Value(
                index=index,
                type=utf8(kind),
                data=data,
                ttl=ttl,
                absolute=ttl_type == _ABSOLUTE,
                permissions=permissions,
                timestamp=timestamp,
                references=references,
            )
            for _, _, index, timestamp, ttl_type, ttl, permissions, kind, data, references in _walk(
                blob
            )
        ]
    )


def encode_values(values: Collection[Value], timestamp: int | None = None) -> bytes:
    """Write a blob; with `timestamp` (an epoch second) every value carries that one instead."""
    # One list of pieces and one join: bulk registration writes 150,000 values a second.
    head, integer = _HEAD.pack, _INT.pack
    pieces = [integer(len(values))]
    for value in values:
        kind, data = value.type.encode(), value.data
        pieces += (
            head(
                value.index,
                value.timestamp if timestamp is None else timestamp,
                value.absolute,
                value.ttl,
                value.permissions,
                len(kind),
            ),
            kind,
            integer(len(data)),
            data,
            _references(value.references) if value.references else _NO_REFERENCES,
        )
    return b"".join(pieces)


def encode_value(value: Value) -> bytes:
    """Write one value, without a count before it."""
    return encode_values((value,))[_INT.size :]


def _references(references: Collection[Reference]) -> bytes:
    return u32(len(references)) + b"".join([text(r.handle) + u32(r.index) for r in references])


def check_values(blob: bytes) -> bytes:
    """Return `blob` if it is a whole one. Raises `ProtocolError`."""
    for span in _walk(blob):
        utf8(span[7])
    return blob


def count_values(blob: bytes) -> int:
    """Say how many values a well-formed blob holds."""
    return int(_INT.unpack_from(blob)[0])


def public_part(blob: bytes) -> bytes:
    """Return the blob of those values that everybody may read, in stored order."""
    return blob if all_public(blob) else filter_blob(blob, (), (), public_only=True)


def without_secrets(blob: bytes) -> bytes:
    """Return the blob without its secret keys (HS_SECKEY), whatever their permissions."""
    if _SECRET not in blob.upper():
        return blob
    return filter_blob(blob, (), (), public_only=False)


def filter_blob(
    blob: bytes, indexes: Collection[int], types: Iterable[str], *, public_only: bool
) -> bytes:
    """Return the blob of the values that either filter names, in stored order; no secret keys.

    Both filters empty means all. A type matches without regard to ASCII case; ``URL.`` takes
    ``URL`` and ``URL.ALT`` too (`identifiers.values.type_matches`). Raises `ProtocolError`.
    """
    spans = chosen = _walk(blob)
    kinds = [asked.encode().upper() for asked in types]
    if indexes or kinds:
        exact = {kind.removesuffix(b".") for kind in kinds}
        below = tuple(kind for kind in kinds if kind.endswith(b"."))
        chosen = [
            span
            for span in spans
            if span[2] in indexes or (upper := span[7].upper()) in exact or upper.startswith(below)
        ]
    if public_only:
        chosen = [span for span in chosen if span[6] & _PUBLIC_READ]
    if _SECRET in blob.upper():  # rarely, so that each value is looked at only then
        chosen = [span for span in chosen if span[7].upper() != _SECRET]
    if len(chosen) == len(spans):
        return blob
    if not chosen:
        return EMPTY_VALUES
    return u32(len(chosen)) + b"".join([blob[span[0] : span[1]] for span in chosen])


def all_public(blob: bytes) -> bool:
    """Say whether a blob is surely a whole one of values that everybody may read.

    Nearly all are, and each record that is read from the store is looked at: no list is made of it.
    False where a closer look is needed: at references, at types as long as that of secret keys.
    """
    look, integer = _LOOK.unpack_from, _INT.unpack_from
    end = 0
    try:
        (count,) = integer(blob)
        before = count  # what stands before the first value; before the others, no references
        for _ in range(count):
            told, ttl_type, permissions, length = look(blob, end)
            if (
                told != before
                or ttl_type > _ABSOLUTE
                or not permissions & _PUBLIC_READ
                or length == _SECRET_OCTETS
            ):
                return False
            at = end + _LOOK.size + length
            end = at + 4 + integer(blob, at)[0]
            before = 0
        return integer(blob, end) == (before,) and end + 4 == len(blob) and count <= MAX_LIST
    except struct.error:
        return False


def _walk(blob: bytes) -> list[_Span]:
    head, integer = _HEAD.unpack_from, _INT.unpack_from
    spans: list[_Span] = []
    try:
        (count,) = integer(blob)
        if count > MAX_LIST or count * _SMALLEST > len(blob):
            raise ProtocolError(f"{count} values announced in {len(blob)} bytes")
        end = 4
        for _ in range(count):
            start = end
            index, timestamp, ttl_type, ttl, permissions, length = head(blob, start)
            if ttl_type > _ABSOLUTE:
                raise ProtocolError(f"{ttl_type} is no kind of TTL")
            at = start + 18 + length
            kind = blob[start + 18 : at]
            (length,) = integer(blob, at)
            end = at + 4 + length
            data = blob[at + 4 : end]
            (length,) = integer(blob, end)
            end += 4
            references: tuple[Reference, ...] = ()
            if length:
                references, end = _read_references(blob, end, length)
            spans.append(
                (start, end, index, timestamp, ttl_type, ttl, permissions, kind, data, references)
            )
    except struct.error:
        raise ProtocolError("the values end too early") from None
    if end != len(blob):
        raise ProtocolError(f"{len(blob) - end} bytes after the values")
    return spans


def _read_references(blob: bytes, at: int, count: int) -> tuple[tuple[Reference, ...], int]:
    if count * _SMALLEST_REFERENCE > len(blob) - at:
        raise ProtocolError(f"{count} references announced in {len(blob) - at} bytes")
    references = []
    for _ in range(count):
        (length,) = _INT.unpack_from(blob, at)
        end = at + 4 + length
        (index,) = _INT.unpack_from(blob, end)
        references.append(Reference(utf8(blob[at + 4 : end]), index))
        at = end + 4
    return tuple(references), at
