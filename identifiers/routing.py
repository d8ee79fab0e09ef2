"""Where names of a prefix live, as an enterprise tells it: addresses and ports (解析路由). Pure.

Each endpoint becomes a site of its own with one server (`national-node` section 5.4: clients reject
a second one), its TCP interface first. What is told is read strictly, every fault at once.
"""

import base64
from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, Final

import msgspec

from identifiers.faults import Fault, Faults, Invalid
from identifiers.keys.errors import KeyUnfit
from identifiers.keys.public import read_public_key
from identifiers.names import fold
from identifiers.routes import SITE, SITE_6
from identifiers.values import Value
from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle.site import (
    Interface,
    Server,
    Site,
    Transport,
    Usage,
    decode_site,
)
from identifiers.wire.jsonload import step
from identifiers.wire.members import Members, members_of

MAX_SITES: Final = 16
MAX_PORT: Final = 65535
_PORTS: Final[Mapping[str, Transport]] = {
    "tcp": Transport.TCP,
    "udp": Transport.UDP,
    "http": Transport.HTTP,
    "https": Transport.HTTPS,
}
_KNOWN: Final = ("address", *_PORTS, "public_key")


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One server of an enterprise. A port of 0: not spoken. `public_key` is HS_PUBKEY data."""

    address: IPv4Address | IPv6Address
    tcp: int = 0
    udp: int = 0
    http: int = 0
    https: int = 0
    public_key: bytes = b""

    def site(self) -> Site:
        """Return the site that this is, everything over TCP and HTTP, queries over UDP too."""
        both = Usage.ADMIN | Usage.QUERY
        interfaces = (
            Interface(Usage.QUERY if transport is Transport.UDP else both, transport, port)
            for name, transport in _PORTS.items()
            if (port := getattr(self, name))
        )
        server = Server(
            id=1,
            address=self.address,
            public_key=self.public_key,
            interfaces=tuple(interfaces),
        )
        return Site(serial=1, servers=(server,))

    def document(self) -> dict[str, Any]:
        """Return it as it is told."""
        told: dict[str, Any] = {"address": str(self.address)}
        told |= {name: port for name in _PORTS if (port := getattr(self, name))}
        if self.public_key:
            told["public_key"] = base64.b64encode(self.public_key).decode()
        return told


def read_endpoints(items: object, reachable: Callable[[str], bool]) -> tuple[Endpoint, ...]:
    """Read an array of ``{"address", "tcp"?, "udp"?, "http"?, "https"?, "public_key"?}``.

    `reachable` says whether a route may lead to a numeric address. Raises `Invalid` with every
    fault, pointers from the array on.
    """
    faults = Faults()
    if not isinstance(items, list) or not items:
        raise Invalid([Fault("empty", "")])
    if len(items) > MAX_SITES:
        raise Invalid([Fault("too_many", "", {"count": len(items), "limit": MAX_SITES})])
    found: list[Endpoint] = []
    for at, item in enumerate(items):
        members = members_of(item, step("", at), faults, _KNOWN)
        if members is None or (endpoint := _endpoint(members, reachable)) is None:
            continue
        if any(endpoint.address == other.address for other in found):
            members.note("address", "route.twice", address=str(endpoint.address))
        found.append(endpoint)
    if faults:
        raise Invalid(faults)
    return tuple(found)


def _endpoint(members: Members, reachable: Callable[[str], bool]) -> Endpoint | None:
    address = _address(members, reachable)
    ports = {name: members.integer(name, 1, MAX_PORT) for name in _PORTS if name in members}
    if not ports:
        members.faults.append(Fault("route.no_port", members.pointer))
    key = _key(members)
    if address is None:
        return None
    return Endpoint(address=address, public_key=key, **ports)


def _address(
    members: Members, reachable: Callable[[str], bool]
) -> IPv4Address | IPv6Address | None:
    text = members.text("address")
    if not text:
        if "address" in members and members.get("address") == "":
            members.note("address", "empty")
        return None
    try:
        address = ip_address(text)
    except ValueError:
        members.note("address", "route.address", address=text[:64])
        return None
    if address.version == 6 and (address.ipv4_mapped or address.scope_id):  # noqa: PLR2004 -- IP version 6
        members.note("address", "route.address", address=text[:64])
    elif not reachable(str(address)):
        members.note("address", "route.not_public", address=text)
    return address


def _key(members: Members) -> bytes:
    """Return HS_PUBKEY data: sent as PEM, or in Base64."""
    if "public_key" not in members:
        return b""
    text = members.text("public_key")
    try:
        return read_public_key(text)
    except KeyUnfit:
        members.note("public_key", "route.key")
        return b""


def endpoints_of(values: Iterable[Value]) -> tuple[Endpoint, ...]:
    """Return the endpoints that the routes of a prefix's record tell, as far as they are such."""
    found = []
    for value in values:
        if fold(value.type) not in {SITE, SITE_6}:
            continue
        try:
            site = decode_site(value.data)
        except ProtocolError:
            continue  # somebody else's: told by nobody here
        found += [_told(server) for server in site.servers]
    return tuple(found)


def _told(server: Server) -> Endpoint:
    transports = {transport.value: name for name, transport in _PORTS.items()}
    ports: dict[str, int] = {}
    for interface in server.interfaces:
        name = transports.get(interface.transport)
        if name is not None and interface.usage & Usage.QUERY:
            ports.setdefault(name, interface.port)
    return Endpoint(address=server.address, public_key=server.public_key, **ports)
