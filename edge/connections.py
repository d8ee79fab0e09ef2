"""How many connections strangers may have open at HTTP listeners (`assurance` R-DOS-2)."""

from collections import Counter
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import Final

from edge.addresses import Ip, Networks, unmapped

OF_ONE: Final = 64
"""Of one address (IPv6: of one /64)."""
OF_ALL: Final = 4096
_IPV6_SITE: Final = 64

_Source = IPv4Address | IPv6Network


class Connections:
    """Counts the open connections of one process; those of `uncounted` are not bounded.

    These are trusted networks, and proxies, behind each of which there are many. `refused` is
    called for each connection that is one too many. Hosts are as sockets give them.
    """

    def __init__(
        self,
        uncounted: Networks,
        *,
        of_one: int = OF_ONE,
        of_all: int = OF_ALL,
        refused: Callable[[], None] = lambda: None,
    ) -> None:
        self._uncounted = uncounted
        self._of_one = of_one
        self._of_all = of_all
        self._refused = refused
        self._open: Counter[_Source] = Counter()
        self._all = 0

    def __len__(self) -> int:
        return self._all

    def begin(self, host: str) -> bool:
        """Say whether a connection may stay open. One that may is to be told to `end`."""
        if self._uncounted.trusts(host):
            return True
        source = _source(host)
        if self._all >= self._of_all or self._open[source] >= self._of_one:
            self._refused()
            return False
        self._open[source] += 1
        self._all += 1
        return True

    def end(self, host: str) -> None:
        """Count a connection no longer."""
        if self._uncounted.trusts(host):
            return
        source = _source(host)
        self._all -= 1
        self._open[source] -= 1
        if not self._open[source]:
            del self._open[source]


def _source(host: str) -> _Source:
    ip: Ip = unmapped(ip_address(host.partition("%")[0]))
    return ip if isinstance(ip, IPv4Address) else IPv6Network((ip, _IPV6_SITE), strict=False)
