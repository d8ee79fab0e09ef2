"""Over what questions go, and where a server takes them."""

from enum import StrEnum

import msgspec


class Transport(StrEnum):
    """Over what a question goes. Changes that are to go over UDP, then TCP, go over TCP."""

    UDP_THEN_TCP = "udp-then-tcp"
    UDP = "udp"
    TCP = "tcp"
    HTTP = "http"
    """Handle messages in HTTP requests."""


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where a server is reached; a port of 0 is none. `key` is its HS_PUBKEY data, if known."""

    host: str
    udp: int = 0
    tcp: int = 0
    http: str = ""
    """The URL that takes messages."""
    key: bytes = b""
