"""Where listeners listen and whom they trust: socket addresses, networks, proxies.

Pure: nothing here opens a socket or asks a name server. Listening addresses are numeric, so that a
node starts without DNS.
"""

from collections.abc import Iterable, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final

import msgspec

from identifiers.keys.bounds import read_network

Ip = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MAX_PORT: Final = 0xFFFF
_REMEMBERED: Final = 1 << 16
"""How many source addresses a `Networks` remembers before it starts anew."""


class BadAddress(ValueError):
    """A text that is no address or network; the message says what to write instead."""


class Address(msgspec.Struct, frozen=True, order=True):
    """A numeric IP address and a port; port 0 asks the system for a free one."""

    host: str
    port: int

    @property
    def ip(self) -> Ip:
        """The address without its port."""
        return ip_address(self.host)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Networks:
    """A set of networks that is asked once per request; answers are remembered, boundedly."""

    __slots__ = ("_known", "networks")

    def __init__(self, networks: Iterable[Network]) -> None:
        self.networks: Final = tuple(networks)
        self._known: dict[str, bool] = {}

    def trusts(self, host: str) -> bool:
        """Say whether the textual source address `host`, as a socket gives it, lies within.

        An IPv4 address that reached an IPv6 socket (``::ffff:a.b.c.d``) counts as IPv4.
        """
        known = self._known.get(host)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[host] = unmapped(ip_address(host)) in self
        return known

    def __contains__(self, address: Ip) -> bool:
        return any(n.version == address.version and address in n for n in self.networks)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Networks) and self.networks == other.networks

    def __hash__(self) -> int:
        return hash(self.networks)

    def __str__(self) -> str:
        return ",".join(map(str, self.networks))

    def __repr__(self) -> str:
        return f"Networks({self})"


NOBODY: Final = Networks(())
LOOPBACK: Final = Networks(map(ip_network, ("127.0.0.0/8", "::1/128")))
LOOPBACK_AND_PRIVATE: Final = Networks(
    # RFC 1122 3.2.1.3, RFC 4291 2.5.3; RFC 1918; RFC 4193.
    map(
        ip_network,
        ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),
    )
)
"""The default of who is trusted: factories sit behind such addresses."""


def parse_address(text: str) -> tuple[Address, ...]:
    """Read ``127.0.0.1:2641,[::1]:2641``: one or more numeric addresses with ports.

    Raises `BadAddress` on an empty list, a host name, a missing or impossible port, a repetition.
    """
    found = tuple(_one_address(part.strip()) for part in text.split(","))
    for at, address in enumerate(found):
        if address.port and address in found[:at]:
            raise BadAddress(f"{address} is named twice")
    return found


def _one_address(text: str) -> Address:
    host, colon, port = text.rpartition(":")
    if not colon or not (port.isascii() and port.isdigit()) or int(port) > MAX_PORT:
        raise BadAddress(f"{text!r} needs a port from 0 to {MAX_PORT}: 127.0.0.1:2641")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not host:
        raise BadAddress(f"{text!r} names no host: for all of them write 0.0.0.0{text},[::]{text}")
    try:
        ip = ip_address(bare)
    except ValueError:
        raise BadAddress(f"{text!r} is not numeric: 127.0.0.1:{port} or [::1]:{port}") from None
    if (ip.version == 6) != (bare != host):  # noqa: PLR2004 -- IP version 6
        raise BadAddress(f"{text!r}: brackets go around IPv6 addresses, and only there")
    return Address(str(ip), int(port))


def parse_networks(text: str) -> Networks:
    """Read ``10.0.0.0/8,fc00::/7,192.0.2.7``; an empty text is no network at all.

    Raises `BadAddress`, also for host bits behind the mask: a slip there trusts too many.
    """
    return Networks(_one_network(part) for part in map(str.strip, text.split(",")) if part)


def _one_network(text: str) -> Network:
    try:
        return read_network(text)
    except ValueError as why:
        raise BadAddress(f"{text!r} is no network: {why}") from None


def unmapped(ip: Ip) -> Ip:
    """Return the IPv4 address inside ``::ffff:a.b.c.d``, any other address as it is."""
    return (ip.ipv4_mapped or ip) if isinstance(ip, IPv6Address) else ip


def came_secretly(
    peer: str, proxies: Networks, *, tls: bool, forwarded: bool, said_https: bool
) -> bool:
    """Say whether nobody between a client and us could listen.

    So it is with TLS, on the machine itself, and when a trusted proxy says https. `forwarded`: some
    proxy named a client; one that is not trusted hides how that client came.
    """
    own = tls or (not forwarded and LOOPBACK.trusts(peer))
    if proxies.trusts(peer):
        return said_https or (own and not forwarded)
    return own


def client_address(peer: str, forwarded_for: Sequence[str], proxies: Networks) -> Ip:
    """Return who really asks: `peer`, or whom a trusted proxy names in ``X-Forwarded-For``.

    `forwarded_for` is every such header line in order. Hops are read from the nearest backwards
    and only while each is a trusted proxy: what a stranger wrote before them is never believed.
    A trusted proxy that names nonsense is taken as the client itself.
    """
    client = unmapped(ip_address(peer))
    hops = [hop.strip() for line in forwarded_for for hop in line.split(",")]
    while hops and client in proxies:
        try:
            client = unmapped(ip_address(hops.pop()))
        except ValueError:
            break
    return client
