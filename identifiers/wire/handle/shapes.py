"""Plain resolutions of one shape: they differ in nothing but what is asked for, id and expiration.

A question is a head of 40 octets and what is asked for. Once one with such a head was answered with
values, the reply to any other name is put together without reading the question: a head from a few
octets of the first reply, the name as it was asked, the values as they are stored. That it is byte
for byte the reply of the general codec a property test holds.
"""

import struct
from typing import Final

import msgspec

from identifiers.wire.handle import header
from identifiers.wire.handle.resolution import answer_key

HEAD: Final = struct.Struct(">8s4sQ16s4x")
"""Of a question: version and session; request id; packet number, which is 0, and octets behind the
envelope, as one number; operation code to recursion count. The four left out are the expiration.
First and last tell its shape. `asked` is what follows: octets of the body, name, filters, and
perhaps that there is no credential."""
ASKED_AT: Final = HEAD.size
REPLY: Final = struct.Struct(">8s4s4xI16sI")
"""Of a reply, as long: version and session; request id; octets behind the envelope; operation code
to recursion count; expiration. The body follows, with its length and `END`: see `body_of`."""
HEADED: Final = header.SIZE - 4
"""Octets of a reply between its envelope and what `body_of` writes."""
END: Final = bytes(4)
"""What stands behind the values: no credential."""
_LENGTHS: Final = struct.Struct(">II")
LEAST: Final = HEAD.size + _LENGTHS.size + 8
"""Octets of the shortest question."""
_NO_FILTERS: Final = bytes(8)
_TAILS: Final = (_NO_FILTERS, _NO_FILTERS + END)
"""What else may stand there changes no answer, but is as long as the asker likes, and would be
kept."""
_STATUS: Final = slice(20, 36)
_MOST: Final = 1024


class Shape(msgspec.Struct, frozen=True, gc=False):
    """What the replies to questions of one shape have in common."""

    start: bytes
    """Version and session."""
    status: bytes
    """Operation code to recursion count."""


class Shapes:
    """The shapes of questions that were answered, a bounded number.

    `find` takes the first and the last octets that `HEAD` unpacks.
    """

    def __init__(self) -> None:
        self._shapes: dict[tuple[bytes, bytes], Shape] = {}
        self.find: Final = self._shapes.get

    def __len__(self) -> int:
        return len(self._shapes)

    def learn(self, request: bytes, reply: bytes) -> None:
        """Take the shape of a plain resolution without filters, by the values it was answered with.

        Requests whose reply may not be shared (``answer_key``) teach nothing.
        """
        if answer_key(request) is None or name_of(request[ASKED_AT:]) is None:
            return
        start, _, _, status = HEAD.unpack_from(request)
        if (start, status) in self._shapes:
            return
        if len(self._shapes) >= _MOST:
            self._shapes.clear()  # what is asked in is learnt again at once
        self._shapes[start, status] = Shape(reply[:8], reply[_STATUS])


def name_of(asked: bytes) -> str | None:
    """Return the name that is asked for, None when that is not all, or no text."""
    if len(asked) < _LENGTHS.size:
        return None
    octets, length = _LENGTHS.unpack_from(asked)
    end = _LENGTHS.size + length
    if octets != end - 4 + len(_NO_FILTERS) or asked[end:] not in _TAILS:
        return None
    try:
        return asked[_LENGTHS.size : end].decode()
    except UnicodeDecodeError:
        return None


def body_of(asked: bytes, values: bytes) -> bytes:
    """Return what follows the `REPLY` that tells `values` of the name that is asked for."""
    length = _LENGTHS.unpack_from(asked)[1]
    octets = 4 + length + len(values)
    return b"".join((octets.to_bytes(4, "big"), asked[4 : _LENGTHS.size + length], values, END))
