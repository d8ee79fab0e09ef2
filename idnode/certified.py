"""What makes a reply one that a server answers for: its digest of the request, its signature.

RFC 3652 sections 2.2.3 and 2.2.4.
"""

import hmac
from typing import Final

from identifiers.keys.credentials import verify_signature
from identifiers.keys.errors import KeyUnfit
from identifiers.keys.public import STRICT, Policy, parse_public_key
from identifiers.wire.handle import bodies
from identifiers.wire.handle.codes import DigestAlgorithm
from identifiers.wire.handle.digests import request_digest
from identifiers.wire.handle.envelope import Version
from identifiers.wire.handle.message import Message
from idnode.errors import Untrusted

_STRONG_SINCE: Final[Version] = (2, 7)
"""From here digests are SHA-256, and signatures cover the id of the request."""


def checked_digest(reply: Message, asked: bytes, policy: Policy = STRICT) -> bodies.Digest | None:
    """Return the reply's digest of what was asked (a whole message), if it has one.

    Raises `Untrusted`.
    """
    if reply.digest is None:
        return None
    weak = reply.digest.algorithm != DigestAlgorithm.SHA256
    if weak and not policy.legacy:
        raise Untrusted("the server knows no digest but those that are out of date")
    expected = request_digest(asked, reply.version)
    right = expected.algorithm == reply.digest.algorithm
    if not (hmac.compare_digest(expected.value, reply.digest.value) and right):
        raise Untrusted("the answer is to another request")
    return reply.digest


def check_certified(reply: Message, key: bytes, epoch: float, policy: Policy = STRICT) -> None:
    """Raise `Untrusted` unless the server whose key this is (HS_PUBKEY data) signed the reply."""
    if not key:
        raise Untrusted("the server's key is not known: give it, or the site record")
    if reply.version < _STRONG_SINCE and not policy.legacy:
        raise Untrusted("the server signs as versions before 2.7 did")
    if reply.header.expiration < epoch:
        raise Untrusted("the answer is out of date")
    try:
        if not verify_signature(reply, parse_public_key(key), policy):
            raise Untrusted("the signature is not by the server's key")
    except KeyUnfit as why:
        raise Untrusted(f"the answer cannot be verified: {why}") from why
