"""How far a key counts: until when, and from which addresses. Pure."""

from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

import msgspec

from identifiers.principals import HandleIdentity

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class Scoped(ValueError):
    """A network has a scope id (RFC 4007 section 11), which names an interface of one machine."""


def read_network(text: str) -> Network:
    """Read ``10.0.0.0/8`` or ``2001:db8::/32``. Raises `Scoped`, and `ValueError` for others."""
    if "%" in text:
        raise Scoped(f"{text!r} has a scope id: write the network without the % and what follows")
    return ip_network(text)


class Beyond(Enum):
    """Why a key proves nobody although it is the right one."""

    EXPIRED = "expired"
    ADDRESS = "address"


class Bounds(msgspec.Struct, frozen=True):
    """Until when a key counts (epoch second; None: until it is removed), and from where.

    No networks: from everywhere.
    """

    expires_at: int | None = None
    networks: tuple[Network, ...] = ()

    def expired(self, at: int) -> bool:
        """Say whether the key's time is over at an epoch second."""
        return self.expires_at is not None and self.expires_at <= at

    def beyond(self, at: int, *addresses: Address | None) -> Beyond | None:
        """Return why the key does not count at an epoch second, from all of some addresses.

        An address that is not known (None) is in no network; no address: nothing is known.
        """
        if self.expired(at):
            return Beyond.EXPIRED
        if not self.networks:
            return None
        inside = bool(addresses) and all(map(self._has, addresses))
        return None if inside else Beyond.ADDRESS

    def _has(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self.networks)

    def later_than(self, other: "Bounds") -> bool:
        """Say whether a key counts for longer by these than by `other`."""
        if other.expires_at is None:
            return False
        return self.expires_at is None or self.expires_at > other.expires_at

    def wider_than(self, other: "Bounds") -> bool:
        """Say whether a key counts from more addresses by these than by `other`."""
        return not within(self.networks, other.networks)


UNBOUNDED = Bounds()


class KeyBounds(msgspec.Struct, frozen=True):
    """The bounds of the key that `identity` names (canonical handle); who set them, and when.

    `set_at` in epoch milliseconds.
    """

    identity: HandleIdentity
    bounds: Bounds
    set_by: str
    set_at: int


def within(networks: tuple[Network, ...], allowed: tuple[Network, ...]) -> bool:
    """Say whether every address of `networks` is one of `allowed`; none of either: all there are.

    A network counts as within when one of `allowed` has the whole of it.
    """
    if not allowed:
        return True
    return bool(networks) and all(any(_inside(one, own) for own in allowed) for one in networks)


def _inside(wanted: Network, own: Network) -> bool:
    if isinstance(wanted, IPv4Network):
        return isinstance(own, IPv4Network) and wanted.subnet_of(own)
    return isinstance(own, IPv6Network) and wanted.subnet_of(own)
