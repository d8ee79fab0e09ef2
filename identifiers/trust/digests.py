"""The digest of one value: of its wire form without index and timestamp.

What is left is ``byte ttlType, int ttl, byte permissions, text type, octets data, references``: the
index stands beside the digest, and the timestamp is the server's. One digest a value, so that an
answer with fewer values than the record can still be checked.
"""

import hashlib
from enum import StrEnum
from typing import Final

from identifiers.keys.sm2 import sm3
from identifiers.values import Value
from identifiers.wire.handle.values import encode_value

_INDEX_AND_TIMESTAMP: Final = 8
SIZE: Final = 32


class DigestName(StrEnum):
    """The hashes that are used for digests, as they are written."""

    SHA256 = "SHA-256"
    SM3 = "SM3"


def digest(value: Value, algorithm: DigestName) -> bytes:
    """Return the 32 bytes."""
    covered = encode_value(value)[_INDEX_AND_TIMESTAMP:]
    return sm3(covered) if algorithm is DigestName.SM3 else hashlib.sha256(covered).digest()
