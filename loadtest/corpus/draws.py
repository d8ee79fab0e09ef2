"""Numbers from a hash: the only source of variety in the corpus."""

import hashlib
import struct

Draws = tuple[int, ...]
"""Sixteen independent integers, each 0 … 65,535."""

_SIXTEEN = struct.Struct("<16H")


def draw(seed: int, *path: int | str) -> Draws:
    """Return the draws that belong to `path` under `seed`: the same on every machine, for ever.

    BLAKE2b (RFC 7693) rather than `random`, whose streams may change between Python versions and
    cannot be entered in the middle.
    """
    text = f"{seed}/{'/'.join(map(str, path))}"
    return _SIXTEEN.unpack(hashlib.blake2b(text.encode(), digest_size=32).digest())
