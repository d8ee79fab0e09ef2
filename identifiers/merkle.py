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
    """Return the 32-byte tree hash of leaf hashes."""
    # Level by level. The last one of an odd number goes up as it is, which is how RFC 9162 splits
    # a tree: the left part is the largest power of two.
    level = list(leaves)
    while len(level) > 1:
        alone = level[-1:] if len(level) % 2 else []
        # One expression: bulk registration hashes 40,000 pairs a second.
        level = [
            sha256(b"\1" + left + right).digest()
            for left, right in zip(level[::2], level[1::2], strict=False)
        ]
        level += alone
    return level[0] if level else EMPTY_ROOT
