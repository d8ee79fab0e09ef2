"""How often somebody may be wrong: against guessing of secrets.

Only what proved wrong is counted: from one source, from one source about one identity, and about
one identity from all sources that are not trusted, so that nobody far away shuts the enterprise's
own network out.
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
"""Wrong proofs in a row; so many more come back in each minute."""
MINUTE: Final = 60.0
MOST: Final = 50_000
_IPV6_SITE: Final = 64


class _Bucket(msgspec.Struct):
    used: float
    at: float


class Attempts:
    """Buckets by source and identity; of too many those untouched for longest are forgotten."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._buckets: OrderedDict[tuple[object, ...], _Bucket] = OrderedDict()

    def begin(self, origin: Origin, identity: HandleIdentity, now: float) -> int:
        """Count an attempt as wrong until it is `right`; return 0, or seconds to wait instead."""
        keys = list(_keys(origin, identity))
        wait = max(self._wait(key, most, now) for key, most in keys)
        if not wait:
            for key, _ in keys:
                self._buckets[key].used += 1
        return wait

    def right(self, origin: Origin, identity: HandleIdentity) -> None:
        """Take back what `begin` counted."""
        for key, _ in _keys(origin, identity):
            if (bucket := self._buckets.get(key)) is not None:
                bucket.used = max(0.0, bucket.used - 1)

    def _wait(self, key: tuple[object, ...], most: int, now: float) -> int:
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(0.0, now)
            if len(self._buckets) > self._most:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(key)
        rate = most / MINUTE
        bucket.used = max(0.0, bucket.used - (now - bucket.at) * rate)
        bucket.at = now
        over = bucket.used + 1 - most
        return ceil(over / rate) if over > 0 else 0


def _keys(origin: Origin, identity: HandleIdentity) -> Iterator[tuple[tuple[object, ...], int]]:
    source, name = _source(origin.address), fold(identity.handle)
    yield ("source", source), OF_SOURCE
    yield ("pair", source, name), OF_PAIR
    if not origin.trusted:
        yield ("identity", name), OF_IDENTITY


def _source(address: IPv4Address | IPv6Address | None) -> object:
    if isinstance(address, IPv6Address):
        return ip_network((address, _IPV6_SITE), strict=False)
    return address
