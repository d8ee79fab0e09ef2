"""Plain resolutions of one shape: they differ in nothing but name, request id and expiration.

Once a question of a shape was answered with values, the reply to any other name of that length is
put together without reading the question: a few octets of the first reply, the name as it was
asked, the values as they are stored. That it is byte for byte the reply of the general codec a
property test holds.
"""

import struct
from typing import Final

import msgspec

from identifiers.wire.handle import header
from identifiers.wire.handle.resolution import answer_key

HEAD: Final = struct.Struct("8s4s24s4x8s")
"""Of a question: version and session; request id; packet number to recursion count; the lengths of
body and name. All but the request id tell its shape. The four left out are the expiration."""
NAME_AT: Final = HEAD.size
NAMED_AT: Final = NAME_AT - 4
"""Where the name with its length begins, which replies repeat."""
LEAST: Final = HEAD.size + 8
"""Octets of the shortest question."""
END: Final = bytes(4)
"""What stands behind the values: no credential."""
_TAILS: Final = (bytes(8), bytes(8) + END)
"""No filters, and perhaps that there is no credential. What else may stand there changes no answer,
but is as long as the asker likes, and would be kept."""
REPLY: Final = struct.Struct(">8s4s4xI16sII")
"""Of a reply: version and session; request id; octets behind the envelope; operation code to
recursion count; expiration; octets of the body. The name with its length, the values and `END`
follow."""
_STATUS: Final = slice(20, 36)
_MOST: Final = 1024

Key = tuple[bytes, bytes, bytes]
"""What tells a shape: all that `HEAD` unpacks but the request id."""


class Shape(msgspec.Struct, frozen=True, gc=False):
    """One shape of questions, and what replies to them have in common."""

    name_end: int
    tail: bytes
    """What stands behind the name, and ends the question: no filters, no credential."""
    start: bytes
    """Of a reply: version and session."""
    status: bytes
    """Of a reply: operation code to recursion count."""
    body: int
    """Octets of a reply's body without values."""
    rest: int
    """Octets of a reply behind the envelope without values."""


class Shapes:
    """The shapes of questions that were answered, a bounded number."""

    def __init__(self) -> None:
        self._shapes: dict[Key, Shape] = {}
        self.find: Final = self._shapes.get

    def __len__(self) -> int:
        return len(self._shapes)

    def learn(self, request: bytes, reply: bytes) -> None:
        """Take the shape of a plain resolution without filters, by the values it was answered with.

        Requests whose reply may not be shared (``answer_key``) teach nothing.
        """
        if answer_key(request) is None:
            return
        start, _, status, lengths = HEAD.unpack_from(request)
        key = (start, status, lengths)
        if key in self._shapes:
            return
        if len(self._shapes) >= _MOST:
            self._shapes.clear()  # what is asked in is learnt again at once
        end = NAME_AT + int.from_bytes(lengths[4:], "big")
        tail = request[end:]
        if tail in _TAILS:
            body = end - NAMED_AT
            rest = header.SIZE + body + len(END)
            self._shapes[key] = Shape(end, tail, reply[:8], reply[_STATUS], body, rest)
