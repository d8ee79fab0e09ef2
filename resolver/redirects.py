"""Where the redirecting form sends a browser: pure, from the public values of one identifier.

The first of these decides: an HS_ALIAS value (unless told to be ignored), a 10320/loc value, the
first URL value. Only http and https addresses are ever redirected to.
"""

from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit

import msgspec

from identifiers.elements import BadXml
from identifiers.faults import Invalid
from identifiers.locations import NAME, TYPE, Location, Wish, choose, read_locations
from identifiers.names import Handle, fold
from identifiers.values import Value

ALIAS: Final = "HS_ALIAS"
URL: Final = "URL"
MOST_ALIASES: Final = 8
_SCHEMES: Final = frozenset({"http", "https"})
_LONGEST: Final = 8192
# Everything that may stand in an address, and the sign of what is encoded already. A backslash may
# not: browsers read it as a slash.
_ALLOWED: Final = "!#$%&'()*+,-./:;=?@[]_~"
_FIRST_PRINTABLE: Final = 0x21
_DELETE: Final = 0x7F


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What an address asks for; `handle` is the identifier's name as it was asked for."""

    handle: str = ""
    wish: Wish = Wish()
    append: str = ""
    ignore_aliases: bool = False


class Alias(msgspec.Struct, frozen=True):
    """The identifier is another name for `handle`."""

    handle: str
    value: Value


class Target(msgspec.Struct, frozen=True):
    """Where to go. `personal`: chance or who asks had a part in the choice."""

    address: str
    value: Value
    personal: bool = False


class Refused(msgspec.Struct, frozen=True):
    """What was to be appended would lead to another host."""


def decide(
    values: Sequence[Value], wanted: Wanted, chance: float
) -> Alias | Target | Refused | None:
    """Say where to go; None: nowhere, show the values. `chance` is drawn from [0, 1)."""
    if not wanted.ignore_aliases:
        alias = _alias(values)
        if alias is not None:
            return alias
    target = _located(values, wanted, chance) or _addressed(values)
    if target is None or not wanted.append:
        return target
    return _appended(target, wanted.append)


def _alias(values: Iterable[Value]) -> Alias | None:
    for value in values:
        if fold(value.type) == ALIAS:
            try:
                return Alias(Handle.parse(value.data.decode()).given, value)
            except (UnicodeDecodeError, Invalid):
                continue  # no handle, and shown as what it is
    return None


def _located(values: Iterable[Value], wanted: Wanted, chance: float) -> Target | None:
    for value in values:
        if fold(value.type) != TYPE:
            continue
        try:
            among = read_locations(value.data)
        except BadXml:
            continue  # shown as what it is
        usable = tuple(
            place for place in among.locations if _address_at(place, wanted.handle) is not None
        )
        place = choose(msgspec.structs.replace(among, locations=usable), wanted.wish, chance)
        address = None if place is None else _address_at(place, wanted.handle)
        if address is not None:
            return Target(address, value, personal=len(usable) > 1)
    return None


def _address_at(place: Location, handle: str) -> str | None:
    """Return the address of a place, its template filled; a name never says which host it is."""
    if not place.template:
        return address_of(place.href)
    plain = address_of(place.href.replace(NAME, ""))
    filled = address_of(place.href.replace(NAME, path_of(handle)))
    before, after = _split(plain or ""), _split(filled or "")
    if filled is None or before is None or after is None:
        return None
    same = (before.scheme, before.netloc) == (after.scheme, after.netloc)
    return filled if same else None


def _addressed(values: Iterable[Value]) -> Target | None:
    for value in values:
        if fold(value.type) == URL:
            try:
                address = address_of(value.data.decode())
            except UnicodeDecodeError:
                continue
            if address is not None:
                return Target(address, value)
    return None


def address_of(text: str) -> str | None:
    """Return an address as ASCII, None unless it is one of http or https that names a host."""
    text = text.strip()
    if len(text) > _LONGEST or any(
        ord(char) < _FIRST_PRINTABLE - 1 or ord(char) == _DELETE for char in text
    ):
        return None
    parts = _split(text)
    if parts is None or parts.scheme not in _SCHEMES or not parts.hostname:
        return None
    if "\\" in parts.netloc:
        return None
    if parts.netloc.isascii():
        return escaped(text)
    return _with_ascii_host(parts)


def _with_ascii_host(parts: SplitResult) -> str | None:
    """Write a host such as ``煤炭.example`` as browsers send it (RFC 3490 section 4)."""
    if "@" in parts.netloc:
        return None
    try:
        host = (parts.hostname or "").encode("idna").decode()
    except UnicodeError:
        return None
    netloc = host if parts.port is None else f"{host}:{parts.port}"
    address = escaped(parts._replace(netloc=netloc).geturl())
    # A host may hold what means something else once it is written in ASCII.
    again = _split(address)
    return address if again is not None and again.netloc == netloc else None


def escaped(text: str) -> str:
    """Return a part of an address in ASCII; what is escaped already stays so."""
    return quote(text, safe=_ALLOWED, errors="surrogateescape")


def _split(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _appended(target: Target, more: str) -> Target | Refused:
    # Appended is only to what was registered: it must not change whom the browser goes to.
    before = _split(target.address)
    address = address_of(target.address + more)
    after = None if address is None else _split(address)
    if address is None or before is None or after is None:
        return Refused()
    if (before.scheme, before.netloc) != (after.scheme, after.netloc):
        return Refused()
    return Target(address, target.value, target.personal)


def path_of(handle: str) -> str:
    """Return a handle as it stands in the path of an address, without a slash before it."""
    prefix, slash, suffix = handle.partition("/")
    return quote(prefix, safe="") + slash + quote(suffix, safe="/:@!$&'()*+,;=~")
