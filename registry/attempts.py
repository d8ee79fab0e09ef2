"""How often somebody may be wrong: against guessing of secrets.

Only what proved wrong is counted, so that many may be right at the same time: from one source, from
one source about one identity, and about one identity from all sources that are not trusted, so that
nobody far away shuts the enterprise's own network out.
"""

from collections import OrderedDict
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_network
from math import ceil
from typing import Final

import msgspec

from identifiers.names import fold
from identifiers.principals import HandleIdentity
from identifiers.relay import Origin

OF_SOURCE: Final = 30
OF_PAIR: Final = 10
OF_IDENTITY: Final = 100
"""Wrong proofs in a row; so many more come back in each minute. What was begun before the limit was
reached may go beyond it, and counts too: the wait is the longer."""
MINUTE: Final = 60.0
MOST: Final = 50_000
_IPV6_SITE: Final = 64


class _Bucket(msgspec.Struct):
    used: float
    at: float


class Attempts:
    """Buckets by source and identity; of too many those untouched for longest are forgotten.

    An identity is that of a key, or the name of an account.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._buckets: OrderedDict[tuple[object, ...], _Bucket] = OrderedDict()

    def wait(self, origin: Origin, identity: HandleIdentity | str, now: float) -> int:
        """Return how many seconds to wait before another attempt, 0: none."""
        return max(self._wait(key, most, now) for key, most in _keys(origin, identity))

    def wrong(self, origin: Origin, identity: HandleIdentity | str, now: float) -> None:
        """Count an attempt that proved wrong."""
        for key, most in _keys(origin, identity):
            bucket = self._buckets.get(key)
            if bucket is None:
                bucket = self._buckets[key] = _Bucket(0.0, now)
                if len(self._buckets) > self._most:
                    self._buckets.popitem(last=False)
            self._buckets.move_to_end(key)
            _drain(bucket, most, now)
            bucket.used += 1

    def _wait(self, key: tuple[object, ...], most: int, now: float) -> int:
        bucket = self._buckets.get(key)
        if bucket is None:
            return 0
        _drain(bucket, most, now)
        over = bucket.used + 1 - most
        return ceil(over * MINUTE / most) if over > 0 else 0


def _drain(bucket: _Bucket, most: int, now: float) -> None:
    bucket.used = max(0.0, bucket.used - (now - bucket.at) * most / MINUTE)
    bucket.at = now


def _keys(
    origin: Origin, identity: HandleIdentity | str
) -> Iterator[tuple[tuple[object, ...], int]]:
    source = _source(origin.address)
    name = identity if isinstance(identity, str) else fold(identity.handle)
    yield ("source", source), OF_SOURCE
    yield ("pair", source, name), OF_PAIR
    if not origin.trusted:
        yield ("identity", name), OF_IDENTITY


def _source(address: IPv4Address | IPv6Address | None) -> object:
    if isinstance(address, IPv6Address):
        return ip_network((address, _IPV6_SITE), strict=False)
    return address
