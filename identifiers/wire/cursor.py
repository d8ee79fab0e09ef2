"""The one bounds-checked cursor over received bytes, and the writers that mirror it.

Integers are unsigned and big-endian. ``octets`` is an ``int`` length and that many bytes, ``text``
is octets of strict UTF-8 without U+0000 (RFC 3652 section 2.1.4). A count is checked against the
bytes that remain before anything is allocated for it. No decoder of this package computes offsets
of its own, but for two measured hot loops that say so: ``handle.values`` and ``handle.resolution``.
"""

import struct
from collections.abc import Iterable, Sequence
from typing import Final

MAX_OCTETS: Final = 1_048_576
"""Longest single byte string of the protocol."""
PROTOCOL_ERROR: Final = 4
"""Response code of a message that cannot be read (RFC 3652 section 2.2.2.2)."""

_U16: Final = struct.Struct(">H")
_U32: Final = struct.Struct(">I")
_U64: Final = struct.Struct(">Q")


class ProtocolError(ValueError):
    """Received bytes that are no message; `code` is the response code of the reply."""

    def __init__(self, message: str, code: int = PROTOCOL_ERROR) -> None:
        self.code: Final = code
        super().__init__(message)


class Cursor:
    """Reads forward through `data`. Every method raises `ProtocolError` past the end."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def remaining(self) -> int:
        """Bytes not yet read."""
        return len(self._data) - self._at

    def take(self, size: int) -> bytes:
        """Read `size` bytes."""
        start = self._at
        end = start + size
        if end > len(self._data):
            raise ProtocolError(f"{size} bytes wanted, {len(self._data) - start} left")
        self._at = end
        return self._data[start:end]

    def rest(self) -> bytes:
        """Read everything that is left."""
        return self.take(self.remaining)

    def finish(self) -> None:
        """Insist that everything was read."""
        if self.remaining:
            raise ProtocolError(f"{self.remaining} bytes left over")

    def u8(self) -> int:
        """Read one byte."""
        return self.take(1)[0]

    def u16(self) -> int:
        """Read two bytes."""
        return int(_U16.unpack(self.take(2))[0])

    def u32(self) -> int:
        """Read four bytes."""
        return int(_U32.unpack(self.take(4))[0])

    def u64(self) -> int:
        """Read eight bytes."""
        return int(_U64.unpack(self.take(8))[0])

    def count(self, item_size: int, limit: int) -> int:
        """Read how many items follow, of at least `item_size` bytes each."""
        count = self.u32()
        if count > limit:
            raise ProtocolError(f"{count} items announced, at most {limit} allowed")
        if count * item_size > self.remaining:
            raise ProtocolError(f"{count} items announced in {self.remaining} bytes")
        return count

    def octets(self, limit: int = MAX_OCTETS) -> bytes:
        """Read a length and that many bytes."""
        size = self.u32()
        if size > limit:
            raise ProtocolError(f"a string of {size} bytes, at most {limit} allowed")
        return self.take(size)

    def text(self, limit: int = MAX_OCTETS) -> str:
        """Read octets that are strict UTF-8 without U+0000."""
        return utf8(self.octets(limit))

    def ints(self, limit: int) -> tuple[int, ...]:
        """Read a count and that many four-byte integers."""
        count = self.count(4, limit)
        return struct.unpack(f">{count}I", self.take(4 * count))

    def texts(self, limit: int) -> tuple[str, ...]:
        """Read a count and that many texts."""
        return tuple(self.text() for _ in range(self.count(4, limit)))


def utf8(data: bytes) -> str:
    """Return `data` as text. Raises `ProtocolError` unless it is strict UTF-8 without U+0000."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise ProtocolError(f"not valid UTF-8 at byte {error.start}") from None
    if "\0" in text:
        raise ProtocolError("U+0000 is not allowed")
    return text


u16: Final = _U16.pack
u32: Final = _U32.pack
u64: Final = _U64.pack


def octets(data: bytes) -> bytes:
    """Write what `Cursor.octets` reads."""
    return u32(len(data)) + data


def text(value: str) -> bytes:
    """Write what `Cursor.text` reads."""
    return octets(value.encode())


def ints(values: Sequence[int]) -> bytes:
    """Write what `Cursor.ints` reads."""
    return struct.pack(f">{len(values) + 1}I", len(values), *values)


def texts(values: Iterable[str]) -> bytes:
    """Write what `Cursor.texts` reads."""
    written = [text(value) for value in values]
    return u32(len(written)) + b"".join(written)
