"""HS_SITE and HS_PUBKEY data as documents: a site record spelled out, a key as JWK (RFC 7517)."""

import base64
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from identifiers.faults import Faults
from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle.data import DsaKey, RsaKey, decode_public_key, encode_public_key
from identifiers.wire.handle.envelope import NEWEST, Version
from identifiers.wire.handle.site import (
    HashOption,
    Interface,
    Server,
    Site,
    SiteFlag,
    Transport,
    Usage,
    decode_site,
    encode_site,
)
from identifiers.wire.jsonload import step
from identifiers.wire.members import Members, members_of

Document = dict[str, object]
_DataReader = Callable[[object, str, Faults], bytes]

_TRANSPORTS: Final = tuple(transport.name for transport in Transport)
_U8: Final = 0xFF
_U16: Final = 0xFFFF
_U32: Final = 0xFFFF_FFFF


def site_document(data: bytes, write_key: Callable[[bytes], Document]) -> Document | None:
    """Write HS_SITE data; None when it is none, or speaks of transports without a name."""
    try:
        site = decode_site(data)
        servers = [_server_document(server, write_key) for server in site.servers]
    except (ProtocolError, IndexError):
        return None
    document: Document = {
        "version": 1,
        "protocolVersion": f"{site.version[0]}.{site.version[1]}",
        "serialNumber": site.serial,
        "primarySite": bool(site.flags & SiteFlag.PRIMARY),
        "multiPrimary": bool(site.flags & SiteFlag.MULTI_PRIMARY),
    }
    if site.hash_option != HashOption.WHOLE:
        document["hashOption"] = site.hash_option
    document["attributes"] = [{"name": n, "value": v} for n, v in site.attributes]
    document["servers"] = servers
    return document


def _server_document(server: Server, write_key: Callable[[bytes], Document]) -> Document:
    return {
        "serverId": server.id,
        "address": str(server.address),
        "publicKey": write_key(server.public_key),
        "interfaces": [
            {
                "query": bool(interface.usage & Usage.QUERY),
                "admin": bool(interface.usage & Usage.ADMIN),
                "protocol": _TRANSPORTS[interface.transport],
                "port": interface.port,
            }
            for interface in server.interfaces
        ],
    }


_SITE_MEMBERS: Final = (
    "version",
    "protocolVersion",
    "serialNumber",
    "primarySite",
    "multiPrimary",
    "hashOption",
    "attributes",
    "servers",
)


def read_site(document: object, pointer: str, faults: Faults, read_data: _DataReader) -> bytes:
    """Read what `site_document` writes, noting faults."""
    site = members_of(document, pointer, faults, _SITE_MEMBERS)
    if site is None:
        return b""
    site.integer("version", 1, 1, 1)
    flags = SiteFlag.PRIMARY if site.boolean("primarySite") else 0
    flags |= SiteFlag.MULTI_PRIMARY if site.boolean("multiPrimary") else 0
    return encode_site(
        Site(
            version=_read_version(site),
            serial=site.integer("serialNumber", 0, _U16),
            flags=flags,
            hash_option=site.integer("hashOption", 0, max(HashOption), HashOption.WHOLE),
            attributes=_read_attributes(site),
            servers=_read_servers(site, read_data),
        )
    )


def _read_version(site: Members) -> Version:
    text = site.text("protocolVersion", f"{NEWEST[0]}.{NEWEST[1]}")
    major, _, minor = text.partition(".")
    if all(part.isascii() and part.isdigit() and int(part[:4]) <= _U8 for part in (major, minor)):
        return int(major), int(minor)
    site.note("protocolVersion", "value.format", format="site", why="a version is like 2.11")
    return NEWEST


def _read_attributes(site: Members) -> tuple[tuple[str, str], ...]:
    attributes = []
    for at, item in enumerate(site.items("attributes", [])):
        if site.faults.full:
            break
        place = step(site.place("attributes"), at)
        members = members_of(item, place, site.faults, ("name", "value"))
        if members is not None:
            attributes.append((members.text("name"), members.text("value")))
    return tuple(attributes)


def _read_servers(site: Members, read_data: _DataReader) -> tuple[Server, ...]:
    servers = []
    known = ("serverId", "address", "publicKey", "interfaces")
    for at, item in enumerate(site.items("servers")):
        if site.faults.full:
            break
        members = members_of(item, step(site.place("servers"), at), site.faults, known)
        if members is not None:
            key = b""
            if "publicKey" in members:
                key = read_data(members.any("publicKey"), members.place("publicKey"), site.faults)
            servers.append(
                Server(
                    id=members.integer("serverId", 0, _U32),
                    address=_read_address(members),
                    public_key=key,
                    interfaces=_read_interfaces(members),
                )
            )
    return tuple(servers)


def _read_address(server: Members) -> IPv4Address | IPv6Address:
    text = server.text("address")
    try:
        return ip_address(text)
    except ValueError:
        if text:
            why = "an address is like 192.0.2.1 or 2001:db8::1"
            server.note("address", "value.format", format="site", why=why)
        return IPv4Address(0)


def _read_interfaces(server: Members) -> tuple[Interface, ...]:
    interfaces = []
    known = ("query", "admin", "protocol", "port")
    for at, item in enumerate(server.items("interfaces")):
        if server.faults.full:
            break
        members = members_of(item, step(server.place("interfaces"), at), server.faults, known)
        if members is not None:
            usage = Usage.QUERY if members.boolean("query") else 0
            usage |= Usage.ADMIN if members.boolean("admin") else 0
            transport = members.one_of("protocol", _TRANSPORTS)
            port = members.integer("port", 0, _U16)
            number = _TRANSPORTS.index(transport) if transport in _TRANSPORTS else 0
            interfaces.append(Interface(usage, number, port))
    return tuple(interfaces)


def key_document(data: bytes) -> Document | None:
    """Write HS_PUBKEY data as JWK; None for what is neither RSA nor DSA."""
    try:
        key = decode_public_key(data)
    except ProtocolError:
        return None
    if isinstance(key, RsaKey):
        return {"kty": "RSA", "n": _base64url(key.n), "e": _base64url(key.e)}
    if isinstance(key, DsaKey):
        numbers = {name: _base64url(getattr(key, name)) for name in ("y", "p", "q", "g")}
        return {"kty": "DSA", **numbers}
    return None


def read_key(document: object, pointer: str, faults: Faults) -> bytes:
    """Read what `key_document` writes, noting faults."""
    known = ("kty", "n", "e", "y", "p", "q", "g")
    jwk = members_of(document, pointer, faults, known)
    if jwk is None:
        return b""
    if jwk.one_of("kty", ("RSA", "DSA")) == "DSA":
        q, p, g, y = (_read_number(jwk, name) for name in "qpgy")
        return encode_public_key(DsaKey(q, p, g, y))
    return encode_public_key(RsaKey(_read_number(jwk, "e"), _read_number(jwk, "n")))


def _base64url(number: int) -> str:
    octets = number.to_bytes(max(1, -(-number.bit_length() // 8)))
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _read_number(jwk: Members, name: str) -> int:
    text = jwk.text(name)
    try:
        padded = text + "=" * (-len(text) % 4)
        return int.from_bytes(base64.b64decode(padded, altchars="-_", validate=True))
    except ValueError as error:
        jwk.note(name, "value.format", format="key", why=str(error))
        return 0
