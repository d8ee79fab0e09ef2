"""Which advisory locks a unit of work takes, and in which order.

A few names: a shared lock on the stripe of each prefix and an exclusive one on each name. Many
names: an exclusive lock on the stripe of each prefix instead, because every lock takes a slot of a
table in shared memory that all transactions share (eight batches of 2,000 locks each overran it at
default settings). Prefixes fall into stripes for the same reason: names of one import may lie under
thousands of prefixes. Two prefixes on one stripe wait for each other now and then, nothing more.

All locks are taken in the order of their numbers, so that no two units wait for each other, and
before anything assigns a transaction id, so that the order of ids is the order of versions
(`assurance` 2.3).
"""

from hashlib import blake2b
from typing import Final

from identifiers.changes import Touched
from identifiers.names import prefix_of

FEW: Final = 64
"""Up to so many names are locked one by one."""
MAX_REQUESTS: Final = 256
"""Requests are always locked one by one; no unit may touch more."""
_STRIPES: Final = 256


def are_many(touched: Touched) -> bool:
    """Say whether a unit touches too much to be locked one by one.

    Claims are scoped by prefix: the stripes of the prefixes cover them.
    """
    return len(touched.keys) > FEW or len(touched.claims) > FEW


def statement(touched: Touched) -> str:
    """Return the statement that takes all locks of `touched`, or an empty text if there are none.

    Raises `ValueError` when more than `MAX_REQUESTS` requests are touched.
    """
    if len(touched.requests) > MAX_REQUESTS:
        raise ValueError(f"{len(touched.requests)} requests in one unit; at most {MAX_REQUESTS}")
    few = not are_many(touched)
    stripes = {_stripe(prefix) for prefix in {prefix_of(key) for key in touched.keys}}
    shared = {_number(b"stripe", str(stripe).encode()): few for stripe in stripes}
    if few:
        shared |= {_number(b"handle", key.encode()): False for key in touched.keys}
        shared |= {_number(b"claim", claim): False for claim in touched.claims}
    # The octet 0xFF is in no UTF-8 text, so that no two pairs of texts are joined alike.
    requests = (r.principal.encode() + b"\xff" + r.key.encode() for r in touched.requests)
    shared |= {_number(b"request", request): False for request in requests}
    calls = (
        f"pg_advisory_xact_lock{'_shared' if shared[number] else ''}({number})"
        for number in sorted(shared)
    )
    return f"SELECT {', '.join(calls)}" if shared else ""


def _stripe(prefix: str) -> int:
    return _number(b"prefix", prefix.encode()) % _STRIPES


def _number(kind: bytes, name: bytes) -> int:
    # Two names may share a number; then they wait for each other.
    return int.from_bytes(blake2b(name, digest_size=8, person=kind).digest(), signed=True)
