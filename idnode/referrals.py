"""Where a referral leads: the server of a site that has a handle. Pure (RFC 3651 section 3.2).

A referral (codes 302 and 303) carries the values of another service: sites (HS_SITE and the like),
or the name of a handle that has them (HS_SERV). Of several sites the first that can be asked is
taken, a primary one where something is changed; of its servers the one that the handle's hash
names, and of its interfaces those for the purpose.
"""

import hashlib
from collections.abc import Iterable
from ipaddress import IPv6Address
from typing import Final

from identifiers.names import fold
from identifiers.values import Value
from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle.site import (
    HashOption,
    Server,
    Site,
    SiteFlag,
    Usage,
    decode_site,
)
from identifiers.wire.handle.site import Transport as Interface
from idnode.transport import Address

SITE_TYPES: Final = ("HS_SITE", "HS_SITE.6", "HS_SITE.PREFIX")
SERVICE_TYPES: Final = ("HS_SERV", "HS_SERV.PREFIX")
_PRIMARY: Final = SiteFlag.PRIMARY | SiteFlag.MULTI_PRIMARY
_MAX_PORT: Final = 65_535


def addresses(values: Iterable[Value], handle: str, *, changes: bool) -> list[Address]:
    """Return where `handle` may be asked about, or be changed, in the order of trying."""
    found = []
    for site in sites(values):
        if changes and not site.flags & _PRIMARY:
            continue
        address = address_of(site, handle, changes=changes)
        if address is not None:
            found.append(address)
    return found


def sites(values: Iterable[Value]) -> list[Site]:
    """Return the sites among `values`; what cannot be read is none."""
    found = []
    for value in values:
        if fold(value.type) in SITE_TYPES:
            try:
                found.append(decode_site(value.data))
            except ProtocolError:
                continue
    return found


def service(values: Iterable[Value]) -> str | None:
    """Return the handle that has the sites, where a referral names one."""
    for value in values:
        if fold(value.type) in SERVICE_TYPES:
            try:
                return value.data.decode()
            except UnicodeDecodeError:
                continue
    return None


def address_of(site: Site, handle: str, *, changes: bool = False) -> Address | None:
    """Return how the server of `site` that has `handle` is reached; None: not at all."""
    if not site.servers:
        return None
    server = site.servers[_hash(site.hash_option, handle) % len(site.servers)]
    return _address(server, Usage.ADMIN if changes else Usage.QUERY)


def key_of(site: Site, host: str, port: int) -> bytes:
    """Return the key of the server of `site` that is reached like this; empty: there is none.

    The only server of a site is meant also where it is reached by a name, or through a translation
    of addresses.
    """
    for server in site.servers:
        ports = {interface.port for interface in server.interfaces}
        if str(server.address) == host and port in ports:
            return server.public_key
    return site.servers[0].public_key if len(site.servers) == 1 else b""


def _hash(option: int, handle: str) -> int:
    prefix, slash, suffix = handle.partition("/")
    part = handle
    if option == HashOption.PREFIX:
        part = prefix
    elif option == HashOption.SUFFIX and slash:
        part = suffix
    digest = hashlib.md5(fold(part).encode(), usedforsecurity=False).digest()
    return abs(int.from_bytes(digest[-4:], signed=True))


def _address(server: Server, usage: Usage) -> Address | None:
    ports: dict[int, int] = {}
    for interface in server.interfaces:
        if interface.usage & usage and 0 < interface.port <= _MAX_PORT:
            ports.setdefault(interface.transport, interface.port)
    if not ports:
        return None
    host = str(server.address)
    shown = f"[{host}]" if isinstance(server.address, IPv6Address) else host
    http = ""
    for transport, scheme in ((Interface.HTTPS, "https"), (Interface.HTTP, "http")):
        if transport in ports and not http:
            http = f"{scheme}://{shown}:{ports[transport]}/"
    return Address(
        host=host,
        udp=ports.get(Interface.UDP, 0),
        tcp=ports.get(Interface.TCP, 0),
        http=http,
        key=server.public_key,
    )
