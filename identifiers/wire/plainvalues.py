"""Values that are nothing but text, written in the Handle JSON form straight from their octets.

Most identifiers have no other. What is told of them is byte for byte what `jsonform` tells, in half
of the time; whatever is not quite as plain is left to it.
"""

import struct
from functools import lru_cache
from typing import Final

from identifiers.values import DEFAULT_PERMISSIONS, MAX_TTL
from identifiers.wire.handle.codes import MAX_LIST
from identifiers.wire.jsonform import instant

# One value is index, timestamp, ttlType, ttl, permissions, type, data and references (RFC 3652
# section 3.1.2). Read here: the number of references of the value before, or of values where there
# is none before; the timestamp; the length of the type.
_BETWEEN: Final = struct.Struct(">I4x4s6xI")
_KIND: Final = struct.Struct(">IBIBI")
_INT: Final = struct.Struct(">I")
_NO_REFERENCES: Final = bytes(4)


def plain_values(blob: bytes) -> tuple[bytes, int] | None:
    """Write a blob's values as a JSON array; also return the shortest of their TTLs, in seconds.

    None: some value is not plain (printable text with usual permissions and a relative TTL), there
    is none, or the blob is not well-formed.
    """
    between, integer = _BETWEEN.unpack_from, _INT.unpack_from
    written: list[bytes] = []
    texts: list[bytes] = []
    ttls = [MAX_TTL]
    changed, stamp, end = b"", b"", 0
    try:
        (count,) = integer(blob)
        if not 0 < count <= MAX_LIST:
            return None
        expected = count
        for _ in range(count):
            references, timestamp, length = between(blob, end)
            kind_end = end + _BETWEEN.size + length
            kind = _kind(blob[end + 4 : end + 8] + blob[end + 12 : kind_end])
            if kind is None or references != expected:
                return None
            expected = 0
            (length,) = integer(blob, kind_end)
            start = kind_end + _INT.size
            end = start + length
            data = blob[start:end]
            if timestamp != changed:
                changed = timestamp
                stamp = b'%b"},' % instant(*integer(timestamp)).encode()
            begin, middle, ttl = kind
            ttls.append(ttl)
            written += (begin, data, middle, stamp)
            texts.append(data)
    except struct.error:
        return None
    if blob[end:] != _NO_REFERENCES or not _stands_for_itself(b" ".join(texts)):
        return None
    written[-1] = stamp[:-1]
    return b"[%b]" % b"".join(written), min(ttls)


@lru_cache(maxsize=4096)
def _kind(octets: bytes) -> tuple[bytes, bytes, int] | None:
    """Return what stands before and behind the data of all values alike but for their timestamp.

    Also their TTL in seconds. None: they are not plain, or have a format of their own.
    """
    index, absolute, ttl, permissions, _ = _KIND.unpack_from(octets)
    kind = octets[_KIND.size :]
    if absolute or permissions != DEFAULT_PERMISSIONS or not _stands_for_itself(kind):
        return None
    if kind.startswith(b"HS_"):
        return None
    begin = b'{"index":%d,"type":"%b","data":{"format":"string","value":"' % (index, kind)
    return begin, b'"},"ttl":%d,"timestamp":"' % ttl, ttl


def _stands_for_itself(octets: bytes) -> bool:
    """Say whether octets are text that JSON writes without escapes."""
    try:
        text = octets.decode()
    except UnicodeDecodeError:
        return False
    return text.isprintable() and '"' not in text and "\\" not in text
