"""HS_SITE, HS_SITE.6 and HS_SITE.PREFIX: where a service answers (RFC 3651 section 3.2.2).

Layout: ``int2 format, byte major, byte minor, int2 serial, byte flags, byte hashOption, octets
hashFilter, int a, a x (text name, text value), int s, s x server``; a server is ``int id, 16 bytes
address, octets publicKey, int i, i x (byte usage, byte protocol, int port)``.
"""

from enum import IntEnum, IntFlag
from ipaddress import IPv4Address, IPv6Address
from typing import Final

import msgspec

from identifiers.wire.cursor import Cursor, ProtocolError, octets, text, u16, u32
from identifiers.wire.handle.codes import MAX_LIST
from identifiers.wire.handle.envelope import NEWEST, Version

_FORMAT: Final = 1
_IPV4_AS_IPV6: Final = bytes(12)
_LOOPBACK_6: Final = IPv6Address("::1")


class SiteFlag(IntFlag):
    """Which writes a site takes."""

    PRIMARY = 0x80
    MULTI_PRIMARY = 0x40


class HashOption(IntEnum):
    """Which part of a handle chooses the server."""

    PREFIX = 0
    SUFFIX = 1
    WHOLE = 2


class Usage(IntFlag):
    """What an interface is for; 0 is out of service."""

    ADMIN = 1
    QUERY = 2


class Transport(IntEnum):
    """The protocol of an interface."""

    UDP = 0
    TCP = 1
    HTTP = 2
    HTTPS = 3


class Interface(msgspec.Struct, frozen=True):
    """One way to reach a server; the numbers are those of `Usage` and `Transport`."""

    usage: int
    transport: int
    port: int


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """One server of a site; `public_key` is HS_PUBKEY data."""

    id: int
    address: IPv4Address | IPv6Address
    public_key: bytes
    interfaces: tuple[Interface, ...]


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A site record. `serial` rises with each change; clients send the one they know."""

    version: Version = NEWEST
    serial: int
    flags: int = SiteFlag.PRIMARY
    hash_option: int = HashOption.WHOLE
    hash_filter: bytes = b""
    attributes: tuple[tuple[str, str], ...] = ()
    servers: tuple[Server, ...]


def decode_site(data: bytes) -> Site:
    """Read HS_SITE data. Raises `ProtocolError`."""
    cursor = Cursor(data)
    if (form := cursor.u16()) != _FORMAT:
        raise ProtocolError(f"Unknown form of a site record: {form}")
    site = Site(
        version=(cursor.u8(), cursor.u8()),
        serial=cursor.u16(),
        flags=cursor.u8(),
        hash_option=cursor.u8(),
        hash_filter=cursor.octets(),
        attributes=tuple((cursor.text(), cursor.text()) for _ in range(cursor.count(8, MAX_LIST))),
        servers=tuple(_read_server(cursor) for _ in range(cursor.count(28, MAX_LIST))),
    )
    cursor.finish()
    return site


def encode_site(site: Site) -> bytes:
    """Write HS_SITE data."""
    return b"".join(
        (
            u16(_FORMAT),
            bytes(site.version),
            u16(site.serial),
            bytes((site.flags, site.hash_option)),
            octets(site.hash_filter),
            u32(len(site.attributes)),
            *(text(name) + text(value) for name, value in site.attributes),
            u32(len(site.servers)),
            *(_write_server(server) for server in site.servers),
        )
    )


def _read_server(cursor: Cursor) -> Server:
    return Server(
        id=cursor.u32(),
        address=_read_address(cursor.take(16)),
        public_key=cursor.octets(),
        interfaces=tuple(
            Interface(cursor.u8(), cursor.u8(), cursor.u32())
            for _ in range(cursor.count(6, MAX_LIST))
        ),
    )


def _write_server(server: Server) -> bytes:
    return b"".join(
        (
            u32(server.id),
            server.address.packed.rjust(16, b"\0"),
            octets(server.public_key),
            u32(len(server.interfaces)),
            *(bytes((i.usage, i.transport)) + u32(i.port) for i in server.interfaces),
        )
    )


def _read_address(packed: bytes) -> IPv4Address | IPv6Address:
    # An IPv4 address stands in the last four bytes behind zeros, where the only IPv6 address
    # that any server has is the loopback.
    if packed.startswith(_IPV4_AS_IPV6) and packed != _LOOPBACK_6.packed:
        return IPv4Address(packed[12:])
    return IPv6Address(packed)
