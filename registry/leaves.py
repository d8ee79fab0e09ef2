"""What the audit log says of each record of a bulk write: a leaf of a Merkle tree. Pure."""

from hashlib import sha256

from identifiers import merkle


def record_leaf(key: bytes, version: int, values: bytes) -> bytes:
    """Return the leaf ``key|version|SHA-256(values)`` of a record with the canonical name `key`."""
    return merkle.leaf(b"%b|%d|%b" % (key, version, sha256(values).digest()))
