"""The digest of a request, which a response carries to show what it answers.

RFC 3652 section 2.2.3. It covers the request's header and body, neither its envelope nor its
credential. The hash goes by the version that the answer speaks: from 2.7 SHA-256, from 2.1 SHA-1,
before that an MD5 without its algorithm byte.
"""

import hashlib
from typing import Final

from identifiers.wire.cursor import Cursor, ProtocolError, octets
from identifiers.wire.handle import envelope, header
from identifiers.wire.handle.bodies import Digest
from identifiers.wire.handle.codes import DigestAlgorithm
from identifiers.wire.handle.envelope import Version

LABELLED_SINCE: Final[Version] = (2, 1)
_SHA256_SINCE: Final[Version] = (2, 7)
_SIZES: Final = {DigestAlgorithm.MD5: 16, DigestAlgorithm.SHA1: 20, DigestAlgorithm.SHA256: 32}


def request_digest(request: bytes, version: Version) -> Digest:
    """Hash a whole request (its envelope first) for an answer that speaks `version`."""
    _, body_length = header.decode_header(request[envelope.SIZE :])
    covered = request[envelope.SIZE : envelope.SIZE + header.SIZE + body_length]
    if version >= _SHA256_SINCE:
        return Digest(DigestAlgorithm.SHA256, hashlib.sha256(covered).digest())
    if version >= LABELLED_SINCE:
        sha1 = hashlib.sha1(covered, usedforsecurity=False)
        return Digest(DigestAlgorithm.SHA1, sha1.digest())
    md5 = hashlib.md5(covered, usedforsecurity=False)
    return Digest(DigestAlgorithm.UNLABELLED_MD5, md5.digest())


def read_digest(cursor: Cursor) -> Digest:
    """Read an algorithm byte and its hash, or a hash with a length before it.

    The two cannot be confused: a length below 2^24 begins with 0, which is no algorithm.
    """
    algorithm = cursor.u8()
    if algorithm == DigestAlgorithm.UNLABELLED_MD5:
        return Digest(algorithm, cursor.take(int.from_bytes(cursor.take(3))))
    size = _SIZES.get(DigestAlgorithm(algorithm)) if algorithm in _SIZES else None
    if size is None:
        raise ProtocolError(f"Unknown digest algorithm: {algorithm}")
    return Digest(algorithm, cursor.take(size))


def write_digest(digest: Digest) -> bytes:
    """Write what `read_digest` reads."""
    if digest.algorithm == DigestAlgorithm.UNLABELLED_MD5:
        return octets(digest.value)
    return bytes((digest.algorithm,)) + digest.value
