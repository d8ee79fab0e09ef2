"""The Merkle tree hash of RFC 9162 section 2.1, over SHA-256.

Leaves and inner nodes are hashed with different first octets (0x00, 0x01), so that no inner node
can be passed off as a leaf.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Final

EMPTY_ROOT: Final = sha256(b"").digest()


def leaf(entry: bytes) -> bytes:
    """Return the 32-byte hash of one entry."""
    return sha256(b"\0" + entry).digest()


def root(leaves: Iterable[bytes]) -> bytes:
    """Return the 32-byte tree hash of leaf hashes, in one pass and logarithmic space."""
    # Complete subtrees from left to right with their number of leaves; equal sizes are merged, as
    # a binary counter carries. What is left at the end is merged from the right, which is how
    # RFC 9162 splits a tree: the left part is the largest power of two.
    stack: list[tuple[int, bytes]] = []
    for hashed in leaves:
        size, top = 1, hashed
        while stack and stack[-1][0] == size:
            size, top = size * 2, sha256(b"\1" + stack.pop()[1] + top).digest()
        stack.append((size, top))
    if not stack:
        return EMPTY_ROOT
    top = stack.pop()[1]
    while stack:
        top = sha256(b"\1" + stack.pop()[1] + top).digest()
    return top
