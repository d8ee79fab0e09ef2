"""Where a node connects to because a record, and not its operator, names the address.

Site records are written by enterprises and by other nodes. Without a rule they could have this node
knock at whatever it can reach: its own services, its neighbours, the cloud's metadata.
"""

from ipaddress import IPv6Network, ip_address
from typing import Final

import msgspec

from edge.addresses import NOBODY, BadAddress, Ip, Networks, parse_networks, unmapped

PUBLIC: Final = "public"
NOWHERE: Final = "none"
_TRANSLATED: Final = tuple(map(IPv6Network, ("64:ff9b::/96", "2002::/16", "2001::/32")))
"""They may lead to any IPv4 address: RFC 6052 section 2.1, RFC 3056, RFC 4380."""
_OF_A_SITE: Final = IPv6Network("fec0::/10")
"""What is private there since before RFC 4193 (RFC 3879); Python calls it global."""


class Reach(msgspec.Struct, frozen=True):
    """Addresses that may be connected to: of `networks`, and `public` ones."""

    public: bool = False
    networks: Networks = NOBODY

    def allows(self, host: str) -> bool:
        """Say whether a numeric address may be connected to."""
        ip = unmapped(ip_address(host))
        return ip in self.networks or (self.public and _is_public(ip))

    def __bool__(self) -> bool:
        return self.public or bool(self.networks.networks)

    def __str__(self) -> str:
        parts = (PUBLIC if self.public else "", str(self.networks))
        return ",".join(filter(None, parts)) or NOWHERE


def parse_reach(text: str) -> Reach:
    """Read ``public,10.0.0.0/8``, or ``none``. Raises `BadAddress`."""
    parts = [part.strip() for part in text.lower().split(",")]
    if NOWHERE in parts:
        if len(parts) > 1:
            raise BadAddress(f"{NOWHERE} stands alone")
        return Reach()
    networks = ",".join(part for part in parts if part != PUBLIC)
    return Reach(public=PUBLIC in parts, networks=parse_networks(networks))


def _is_public(ip: Ip) -> bool:
    if ip.is_multicast or ip.is_reserved or not ip.is_global:
        return False
    return not any(ip.version == net.version and ip in net for net in (*_TRANSLATED, _OF_A_SITE))
