"""Where a CBOR item ends, and whether it is fit to be decoded (RFC 8949 section 3, RFC 8742).

One linear pass over the heads, which may come in pieces. It notes the first thing that the form
does not allow (tags, keys that are no text, heads longer than they need be, numbers outside of
int64, NaN and infinities, simple values but true, false and null, nesting deeper than 16, too many
items) and goes on to the end of the item, so that the next one is found. What leaves the end in
doubt raises: indefinite lengths, reserved heads, nesting deeper than 256, an item over its size.
"""

import math
import struct
from typing import Final

MAX_DEPTH: Final = 16
MAX_ITEMS: Final = 10_000
_MAX_FRAMES: Final = 256
_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _OTHER = range(8)
_HEAD_SIZES: Final = {24: 2, 25: 3, 26: 5, 27: 9}
# The smallest argument that needs this head.
_SMALLEST: Final = {24: 24, 25: 1 << 8, 26: 1 << 16, 27: 1 << 32}
_FLOATS: Final = {25: ">e", 26: ">f", 27: ">d"}
_SIMPLE: Final = (20, 21, 22)
_MAX_INT64: Final = (1 << 63) - 1
_SHORT_TEXT: Final = range(0x60, 0x78)
_SHORT_STRINGS: Final = (*range(0x40, 0x58), *_SHORT_TEXT)
_ONE_BYTE: Final = (*range(0x18), *range(0x20, 0x38), 0xF4, 0xF5, 0xF6)
# First byte -> size of the whole item where that is all it takes: small integers, short strings,
# false, true and null. 0 for everything else.
_SHORT: Final = bytes(
    1 if byte in _ONE_BYTE else 1 + (byte & 0x1F) if byte in _SHORT_STRINGS else 0
    for byte in range(256)
)


class UnknownEnd(ValueError):
    """The end of the item, and so the beginning of the next, cannot be told."""


class Scanner:
    """Scans one item after another: ``scan`` until it says that the item is whole.

    After that `fault` says what is wrong with the item, None when nothing is, and ``restart``
    makes ready for the next.
    """

    __slots__ = ("_at", "_frames", "_items", "_max_items", "_size_limit", "fault")

    def __init__(self, size_limit: int, max_items: int = MAX_ITEMS) -> None:
        self._size_limit = size_limit
        self._max_items = max_items
        self.restart()

    def restart(self) -> None:
        """Begin a new item."""
        self.fault: str | None = None
        self._at = 0
        self._items = 0
        # One number for each open container: twice the items still missing, plus 1 for a map.
        # So a map waits for a key where the number is 1 modulo 4.
        self._frames: list[int] = []

    def scan(self, data: bytes | bytearray, start: int) -> int:
        """Go on with the item that begins at `start`; return its size once it is whole, else 0.

        `data` holds at least what it held at the last call for this item. Raises `UnknownEnd`.
        """
        at, size = start + self._at, len(data)
        frames = self._frames
        # Whole but for the content of its last string: nothing but bytes was missing.
        whole = bool(self._items) and not frames
        while at < size and not whole:
            first = data[at]
            short = _SHORT[first]
            if short and frames:
                # The common head, without a call: a short item that does not end its container.
                frame = frames[-1]
                if frame > 3 and (frame & 3 != 1 or first in _SHORT_TEXT):  # noqa: PLR2004 -- restart
                    frames[-1] = frame - 2
                    self._items += 1
                    at += short
                    continue
            taken = self._take(data, at)
            if not taken:
                break
            at += taken
            whole = not frames or at - start > self._size_limit
        self._at = at - start
        if self._at > self._size_limit:
            raise UnknownEnd(f"an item of more than {self._size_limit} bytes")
        if self._items > self._max_items:
            self._note(f"more than {self._max_items} items")
        return self._at if self._items and not frames and at <= size else 0

    def _take(self, data: bytes | bytearray, at: int) -> int:
        """Count one item's head; return its size and its content's, 0 when it is not all there."""
        major, info = data[at] >> 5, data[at] & 0x1F
        head = 1 if info < 24 else _HEAD_SIZES.get(info, 0)  # noqa: PLR2004 -- RFC 8949 section 3
        if not head:
            raise UnknownEnd("indefinite length" if info == 31 else "reserved head")  # noqa: PLR2004 -- as above
        if at + head > len(data):
            return 0
        argument = info if head == 1 else int.from_bytes(data[at + 1 : at + head])
        self._count(major)
        if major != _OTHER and argument < _SMALLEST.get(info, 0):
            self._note("a head longer than it need be")
        if major in (_BYTES, _TEXT):
            head += argument
        elif major in (_ARRAY, _MAP, _TAG):
            self._open(major, argument)
        elif major == _OTHER:
            self._judge_other(info, data[at + 1 : at + head])
        elif argument > _MAX_INT64:
            self._note("a number outside of int64")
        while self._frames and self._frames[-1] < 2:  # noqa: PLR2004 -- nothing missing, as in restart
            self._frames.pop()
        return head

    def _count(self, major: int) -> None:
        self._items += 1
        if self._frames:
            if self._frames[-1] & 3 == 1 and major != _TEXT:
                self._note("a key that is no text")
            self._frames[-1] -= 2

    def _open(self, major: int, argument: int) -> None:
        if argument > self._size_limit:
            raise UnknownEnd("more items than there can be bytes")
        if major == _ARRAY:
            self._frames.append(2 * argument)
        elif major == _MAP:
            self._frames.append(4 * argument + 1)
        else:
            self._note(f"a tag, {argument}")
            self._frames.append(2)
        if len(self._frames) > MAX_DEPTH:
            self._note(f"nested deeper than {MAX_DEPTH}")
        if len(self._frames) > _MAX_FRAMES:
            raise UnknownEnd(f"nested deeper than {_MAX_FRAMES}")

    def _judge_other(self, info: int, rest: bytes | bytearray) -> None:
        if info in _FLOATS:
            if not math.isfinite(struct.unpack(_FLOATS[info], rest)[0]):
                self._note("a number that is not finite")
        elif info not in _SIMPLE:
            self._note("a simple value without a meaning")

    def _note(self, fault: str) -> None:
        if self.fault is None:
            self.fault = fault
