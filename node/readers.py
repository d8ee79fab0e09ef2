"""How the text of a setting becomes a value. Pure, but for the current directory and the cores.

Each reader raises `ValueError` with a sentence that says what to write instead.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal
from urllib.parse import parse_qs, urlsplit

import msgspec

from edge.addresses import Address, Networks, parse_address, parse_networks
from identifiers.enterprises.review import National
from identifiers.faults import Invalid
from identifiers.limits import Rate
from identifiers.names import Prefix
from identifiers.principals import HandleIdentity

LogLevel = Literal["debug", "info", "warning", "error"]
LOG_LEVELS: Final[tuple[LogLevel, ...]] = ("debug", "info", "warning", "error")
MAX_WORKERS: Final = 256
_POSTGRES: Final = ("postgres", "postgresql")
_REDIS: Final = ("redis", "rediss", "unix")
_PREFIXES: Final = "must be prefixes such as 88.300, a number first, several joined by commas"


class Embedded(msgspec.Struct, frozen=True, tag=True):
    """The node starts this server itself."""


class Without(msgspec.Struct, frozen=True, tag=True):
    """The node does without this server."""


class At(msgspec.Struct, frozen=True, tag=True):
    """A server that runs already. `url` may hold a password; `repr` shows it redacted."""

    url: str

    def __repr__(self) -> str:
        return f"At({redacted(self.url)!r})"


def redacted(url: str) -> str:
    """Return a connection URL without its passwords; an unclear one loses rather too much."""
    scheme, separator, rest = url.partition("://")
    userinfo, at, where = rest.rpartition("@")
    user, colon, _ = userinfo.partition(":")
    where = re.sub(r"([?&]password=)[^&]*", r"\1***", where, flags=re.IGNORECASE)
    return f"{scheme}{separator}{user}{':***' if colon else ''}{at}{where}"


def named(server: Embedded | At) -> str:
    """Say which database is meant, without user and password, and which setting says so."""
    if isinstance(server, Embedded):
        return "the embedded one"
    parts = urlsplit(server.url)
    userinfo, _, host = parts.netloc.rpartition("@")
    if not userinfo and "@" in server.url:  # unclear: a password may be anywhere
        host = ""
    hosts = [host] if host else parse_qs(parts.query).get("host", [])
    return f"{','.join(hosts) or 'the one'} in IDNODE_DATABASE_URL"


def database(text: str) -> Embedded | At:
    """Read a PostgreSQL URL; an empty text is the embedded one."""
    if not text:
        return Embedded()
    if urlsplit(text).scheme not in _POSTGRES:
        raise ValueError("must be postgresql://user:password@host:port/database")
    return At(text)


def redis(text: str) -> Embedded | Without | At:
    """Read a Redis URL; an empty text is the embedded one, ``none`` is no shared tier."""
    if not text:
        return Embedded()
    if text == "none":
        return Without()
    if urlsplit(text).scheme not in _REDIS:
        raise ValueError("must be redis://…, rediss://… or unix://…, or none to do without")
    return At(text)


def public(text: str) -> tuple[Address, ...]:
    """Read the addresses that clients are told; an empty text leaves them to the listeners."""
    found = parse_address(text) if text else ()
    for address in found:
        if not address.port or address.ip.is_unspecified:
            raise ValueError(f"{address} cannot be told to clients: name the address they reach")
    return found


def optional_addresses(text: str) -> tuple[Address, ...]:
    """Read addresses; an empty text is none."""
    return parse_address(text) if text else ()


def networks(text: str) -> Networks:
    """Read networks; ``none``, and not an empty text, is none: an empty setting is not given."""
    return Networks(()) if text == "none" else parse_networks(text)


def prefixes(text: str) -> tuple[Prefix, ...]:
    """Read ``88.300,88.301``; an empty text is no prefix."""
    if not text.strip():
        return ()
    found: dict[Prefix, None] = {}
    for name in map(str.strip, text.split(",")):
        try:
            prefix = Prefix.parse(name)
        except Invalid as why:
            raise ValueError(f"{_PREFIXES}; {why.faults[0].detail()}") from None
        if not prefix.labels[0].isdigit():
            raise ValueError(f"{_PREFIXES}, not {name}")
        found[prefix] = None
    return tuple(found)


def administrators(text: str) -> tuple[HandleIdentity, ...]:
    """Read ``300:0.NA/88.300,300:88.300/ADMIN``; an empty text is nobody."""
    names = [part.strip() for part in text.split(",") if part.strip()]
    try:
        return tuple(dict.fromkeys(map(HandleIdentity.parse, names)))
    except Invalid as why:
        raise ValueError("; ".join(fault.detail() for fault in why.faults)) from None


def path(text: str) -> Path:
    """Read a path, from the current directory and with ``~``."""
    return Path(text).expanduser().absolute()


def optional_path(text: str) -> Path | None:
    """Read a path; an empty text is none."""
    return path(text) if text else None


def log_level(text: str) -> LogLevel:
    """Read one of `LOG_LEVELS`, in any case."""
    level = text.lower()
    if level not in LOG_LEVELS:
        raise ValueError(f"must be one of {', '.join(LOG_LEVELS)}")
    return level


def national(text: str) -> National:
    """Read what part the national node has."""
    try:
        return National(text.lower())
    except ValueError:
        raise ValueError(f"must be one of {', '.join(National)}") from None


def switch(text: str) -> bool:
    """Read ``on`` or ``off``, in any case."""
    if text.lower() not in {"on", "off"}:
        raise ValueError("must be on or off")
    return text.lower() == "on"


def switch_or_addresses(text: str) -> bool | tuple[Address, ...]:
    """Read ``on`` or ``all``, ``off`` or ``none``, or the addresses where it is on."""
    match text.lower():
        case "on" | "all":
            return True
        case "off" | "none":
            return False
        case _:
            return parse_address(text)


def whole(low: int, high: int) -> Callable[[str], int]:
    """Return a reader of whole numbers within bounds, both allowed."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(text)

    return read


def rate(text: str) -> Rate | None:
    """Read requests/seconds, or ``off``."""
    try:
        return Rate.parse(text.lower())
    except Invalid:
        raise ValueError("must be requests/seconds, such as 6000/60, or off") from None


def workers(text: str) -> int:
    """Read a number of processes; an empty text is one for each core that we may use."""
    return whole(1, MAX_WORKERS)(text) if text else min(len(os.sched_getaffinity(0)), MAX_WORKERS)
