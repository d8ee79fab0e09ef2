"""``resolve``: look one identifier up, print what came, and whether somebody vouches for it."""

import asyncio
import sys
import time
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final, assert_never

import msgspec

from edge.addresses import Address
from identifiers.trust.claims import SIGNATURE
from identifiers.trust.roots import Roots
from identifiers.trust.verification import Report
from identifiers.values import DEFAULT_PERMISSIONS, Value
from identifiers.wire.dataform import plain_text, structured_document
from identifiers.wire.jsonform import instant
from idnode.handle import HandleClient
from idnode.handle import Transport as Wire
from idnode.resolution import Resolution, code_name
from idnode.verification import Resolver, verify
from node import config
from node.commands.vouch import EXIT_STATUS, report_document, report_lines
from node.refusals import NotDone
from node.trust import read_roots

_HANDLE_PORT: Final = 2641


class Transport(StrEnum):
    """Over what to ask."""

    UDP_THEN_TCP = "udp-then-tcp"
    UDP = "udp"
    TCP = "tcp"
    HTTP = "http"


class Vouching(msgspec.Struct, frozen=True):
    """That an answer is to be verified, and with which roots (a file; None: the settings')."""

    roots: Path | None = None


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
    vouching: Vouching | None = None,
) -> int:
    """Ask and print; return the exit status, which is 0 or tells of a verdict.

    Raises `NotDone` when there is nothing to print, and what clients raise.
    """
    roots = None
    if vouching is not None:
        roots = read_roots(vouching.roots or config.load(environ).trust_roots)
    if roots is not None and (indexes or types):
        # A filter would leave out what vouches for the rest.
        types = [*types, SIGNATURE]
    found, report = asyncio.run(
        _ask(
            environ,
            name,
            transport=transport,
            server=server,
            indexes=indexes,
            types=types,
            authoritative=authoritative,
            roots=roots,
        )
    )
    _print(found, report, as_json=as_json)
    if not found.found:
        reason = f": {found.message}" if found.message else ""
        raise NotDone(f"{shown(name)}: {code_name(found.code)} ({found.code}){shown(reason)}")
    return 0 if report is None else EXIT_STATUS[report.verdict]


def _print(found: Resolution, report: Report | None, *, as_json: bool) -> None:
    if as_json:
        document = found.document()
        if report is not None:
            document["verification"] = report_document(report)
        sys.stdout.write(msgspec.json.encode(document).decode() + "\n")
        return
    sys.stdout.write(text(found))
    if report is not None:
        sys.stdout.write("".join(f"{shown(line)}\n" for line in report_lines(report)))


async def _ask(
    environ: Mapping[str, str],
    name: str,
    *,
    transport: Transport,
    server: str | None,
    indexes: Sequence[int],
    types: Sequence[str],
    authoritative: bool,
    roots: Roots | None,
) -> tuple[Resolution, Report | None]:
    match transport:
        case Transport.HTTP:
            from idnode.http import HttpResolver  # noqa: PLC0415 -- slow to import

            async with HttpResolver(http_base(environ, server)) as http:
                found = await http.resolve(
                    name, indexes=indexes, types=types, authoritative=authoritative
                )
                return found, await _vouched(name, found, http, roots)
        case Transport.UDP | Transport.TCP | Transport.UDP_THEN_TCP:
            async with HandleClient(
                *handle_server(environ, server), transport=Wire(transport.value)
            ) as client:
                found = await client.resolve(
                    name, indexes=indexes, types=types, authoritative=authoritative
                )
                return found, await _vouched(name, found, client, roots)
        case _:
            assert_never(transport)


async def _vouched(
    name: str, found: Resolution, resolver: Resolver, roots: Roots | None
) -> Report | None:
    if roots is None or not found.found:
        return None
    return await verify(name, found.values, resolver, roots=roots, now=time.time())


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
