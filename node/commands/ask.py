"""``resolve``: look one identifier up and print what came."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, assert_never

import msgspec

from edge.addresses import Address
from identifiers.values import DEFAULT_PERMISSIONS, Value
from identifiers.wire.dataform import plain_text, structured_document
from identifiers.wire.jsonform import instant
from idnode.handle import HandleClient
from idnode.handle import Transport as Wire
from idnode.resolution import Resolution, code_name
from node import config
from node.refusals import NotDone

_HANDLE_PORT: Final = 2641


class Transport(StrEnum):
    """Over what to ask."""

    UDP_THEN_TCP = "udp-then-tcp"
    UDP = "udp"
    TCP = "tcp"
    HTTP = "http"


def resolve(
    environ: Mapping[str, str],
    name: str,
    *,
    transport: Transport,
    server: str | None,
    indexes: Sequence[int],
    types: Sequence[str],
    authoritative: bool,
    as_json: bool,
) -> None:
    """Ask and print. Raises `NotDone` when there is nothing to print, and what clients raise."""
    found = asyncio.run(
        _ask(
            environ,
            name,
            transport=transport,
            server=server,
            indexes=indexes,
            types=types,
            authoritative=authoritative,
        )
    )
    if as_json:
        sys.stdout.write(msgspec.json.encode(found.document()).decode() + "\n")
    else:
        sys.stdout.write(text(found))
    if not found.found:
        reason = f": {found.message}" if found.message else ""
        raise NotDone(f"{shown(name)}: {code_name(found.code)} ({found.code}){shown(reason)}")


async def _ask(
    environ: Mapping[str, str],
    name: str,
    *,
    transport: Transport,
    server: str | None,
    indexes: Sequence[int],
    types: Sequence[str],
    authoritative: bool,
) -> Resolution:
    match transport:
        case Transport.HTTP:
            from idnode.http import HttpResolver  # noqa: PLC0415 -- slow to import

            async with HttpResolver(http_base(environ, server)) as http:
                return await http.resolve(
                    name, indexes=indexes, types=types, authoritative=authoritative
                )
        case Transport.UDP | Transport.TCP | Transport.UDP_THEN_TCP:
            async with HandleClient(*handle_server(environ, server)) as client:
                return await client.resolve(
                    name,
                    indexes=indexes,
                    types=types,
                    authoritative=authoritative,
                    transport=Wire(transport.value),
                )
        case _:
            assert_never(transport)


def handle_server(environ: Mapping[str, str], server: str | None) -> tuple[str, int]:
    """Return whom to ask: ``host``, ``host:port``, or this node by its settings."""
    if server is None:
        local = reached(config.load(environ).handle[0])
        return local.host, local.port or _HANDLE_PORT
    host, port = server, ""
    if server.startswith("["):
        host, _, port = server[1:].partition("]")
        port = port.removeprefix(":")
    elif server.count(":") == 1:
        host, _, port = server.partition(":")
    if port and not (port.isascii() and port.isdigit()):
        raise NotDone(f"{server}: the port must be a number, as in 127.0.0.1:{_HANDLE_PORT}")
    return host, int(port) if port else _HANDLE_PORT


def http_base(environ: Mapping[str, str], server: str | None) -> str:
    """Return the base address to ask: a URL as given, or made of ``host:port`` or the settings."""
    if server is None:
        return f"http://{reached(config.load(environ).http[0])}"
    return server if "://" in server else f"http://{server}"


def reached(address: Address) -> Address:
    """Return where to reach a listener from this machine: 0.0.0.0 is everywhere, so also here."""
    if not address.ip.is_unspecified:
        return address
    return Address("::1" if ":" in address.host else "127.0.0.1", address.port)


def text(found: Resolution) -> str:
    """Return a look-up for people: the name, then a line for each value."""
    if not found.values:
        return ""
    rows = [_row(value) for value in found.values]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [shown(found.handle)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True) if width]
        lines.append("  " + "  ".join(cells).rstrip())
    return "".join(f"{line}\n" for line in lines)


def _row(value: Value) -> tuple[str, ...]:
    lifetime = f"until {instant(value.ttl)}" if value.absolute else f"{value.ttl} s"
    permissions = "" if value.permissions == DEFAULT_PERMISSIONS else f"{value.permissions:04b}"
    return (
        str(value.index),
        shown(value.type),
        lifetime,
        instant(value.timestamp),
        permissions,
        _data(value),
    )


def _data(value: Value) -> str:
    document = structured_document(value.type, value.data)
    if document is not None:
        return shown(msgspec.json.encode(document["value"]).decode())
    plain = plain_text(value.data)
    return f"0x{value.data.hex()}" if plain is None else shown(plain)


def shown(words: str) -> str:
    """Return text as a terminal may show it: what is not printable is escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in words)
