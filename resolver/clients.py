"""Who asks: what of a source address the limits need, worked out once per address."""

from ipaddress import ip_address
from typing import Final

import msgspec

from edge.addresses import Networks, unmapped

_REMEMBERED: Final = 1 << 16
# IP version to the bits of a host and of a network. An IPv6 subscriber has a whole /64 to choose
# addresses from.
_BITS: Final = {4: (32, 24), 6: (64, 56)}


class Client(msgspec.Struct, frozen=True):
    """A source: `host` and `network` are what its limits are counted by.

    The host is the IPv4 address or the IPv6 /64, the network the /24 or /56.
    """

    host: tuple[int, int]
    network: tuple[int, int]
    trusted: bool
    walked_for: bool = False
    """Other nodes may be asked in its name (recursion)."""
    address: str = ""
    """The address itself, as reports tell it."""


class Clients:
    """Source addresses, as sockets give them, to clients. Remembers boundedly.

    With `recursion` other nodes are asked for those of them that are trusted.
    """

    def __init__(self, trusted: Networks, *, recursion: bool = False) -> None:
        self._trusted = trusted
        self._recursion = recursion
        self._known: dict[str, Client] = {}

    def of(self, host: str) -> Client:
        """Return the client behind a textual source address (a scope id is left out)."""
        client = self._known.get(host)
        if client is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            client = self._known[host] = self._work_out(host)
        return client

    def _work_out(self, host: str) -> Client:
        ip = unmapped(ip_address(host.partition("%")[0]))
        host_bits, network_bits = _BITS[ip.version]
        unused, number = ip.max_prefixlen, int(ip)
        trusted = ip in self._trusted
        return Client(
            (ip.version, number >> (unused - host_bits)),
            (ip.version, number >> (unused - network_bits)),
            trusted,
            trusted and self._recursion,
            str(ip),
        )
