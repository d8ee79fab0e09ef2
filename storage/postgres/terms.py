"""The terms of the search index, and what separates texts in it. Pure.

Terms are numbers of 32 bits: each four octets in a row, and checksums of what is looked for whole.
The numbers depend on the order of octets of the machine.
"""

import zlib
from typing import Final

RS, US, GS = b"\x1e", b"\x1f", b"\x1d"
"""Stand before a name, behind a name or text, and between a type and its text."""
GRAM: Final = 4
"""Octets of a term: two Chinese characters have six, so one of their terms is theirs alone."""


def exact(text: bytes) -> int:
    """Return the term of a whole text: ``type GS text US``."""
    return zlib.crc32(text)


def grams(octets: bytes) -> set[int]:
    """Return every four octets in a row, as numbers."""
    view = memoryview(octets)
    found: set[int] = set()
    for first in range(GRAM):
        length = max(0, len(octets) - first) // GRAM * GRAM
        found.update(view[first : first + length].cast("I"))
    return found


def below(prefix: str) -> int:
    """Return the term of whatever is under a prefix."""
    return zlib.crc32(b"\0under\0" + prefix.encode())


def in_state(state: int) -> int:
    """Return the term of whatever is in a state; active ones have none."""
    return zlib.crc32(b"\0state\0%d" % state)
