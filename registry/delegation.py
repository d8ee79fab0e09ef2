"""The record of a prefix that is delegated to the enterprise's own node, or taken back. Pure.

The routes in ``0.NA/<prefix>`` change together with the prefix's mark. Identifiers that were
registered here before stay stored; nobody is answered with them until the prefix is taken back.
"""

from collections.abc import Iterable, Sequence
from itertools import count
from typing import Final

import msgspec

from identifiers.names import Prefix, fold
from identifiers.records import EMPTY_VALUES, Record, State
from identifiers.routes import OF_DERIVED, OF_NAMES, SITE, SITE_6, SITE_OF_PREFIX, record_key
from identifiers.values import Value
from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle.site import (
    Interface,
    Site,
    SiteFlag,
    Transport,
    Usage,
    decode_site,
    encode_site,
)
from identifiers.wire.handle.values import decode_values, encode_values

_ROUTES: Final = frozenset((*OF_NAMES, *OF_DERIVED))
_MAX_SERIAL: Final = 0xFFFE


def interfaces(port: int) -> tuple[Interface, ...]:
    """Return the interfaces of a Handle server: everything over TCP, queries over UDP too."""
    return (
        Interface(Usage.ADMIN | Usage.QUERY, Transport.TCP, port),
        Interface(Usage.QUERY, Transport.UDP, port),
    )


def routed(stored: Record | None, prefix: Prefix, sites: Sequence[Site], now: int) -> Record | None:
    """Return the next version of a prefix's record, with just these sites as routes.

    None when nothing changes. The first site is the primary, the others mirror it. Each stands
    twice, for names and for prefixes derived from this one, which are the enterprise's to allot.
    `now` is an epoch second.
    """
    old = () if stored is None else decode_values(stored.values)
    kept = tuple(value for value in old if fold(value.type) not in _ROUTES)
    serial = min(_serial(old) + 1, _MAX_SERIAL)
    routes = []
    for at, site in enumerate(sites):
        flags = 0 if at else SiteFlag.PRIMARY
        data = encode_site(msgspec.structs.replace(site, serial=serial, flags=flags))
        routes += [(_type_of(site), data), (SITE_OF_PREFIX, data)]
    values = (*kept, *_numbered(routes, kept, now))
    if values == old:
        return None
    key = record_key(prefix)
    return Record(
        key=key,
        name=key if stored is None else stored.name,
        version=1 if stored is None else stored.version + 1,
        state=State.ACTIVE if values else State.DELETED,
        values=encode_values(values) if values else EMPTY_VALUES,
        changed_at=now,
    )


def _type_of(site: Site) -> str:
    # Clients that know no IPv6 pass over HS_SITE.6 and would stumble over HS_SITE.
    return SITE_6 if any(server.address.version == 6 for server in site.servers) else SITE  # noqa: PLR2004 -- IP version 6


def _serial(values: Iterable[Value]) -> int:
    serials = [0]
    for value in values:
        if fold(value.type) in {SITE, SITE_6}:
            try:
                serials.append(decode_site(value.data).serial)
            except ProtocolError:
                continue  # somebody else's, and about to be replaced
    return max(serials)


def _numbered(
    routes: Sequence[tuple[str, bytes]], kept: Sequence[Value], now: int
) -> tuple[Value, ...]:
    taken = {value.index for value in kept}
    free = (index for index in count(1) if index not in taken)
    return tuple(
        Value(index=next(free), type=kind, data=data, timestamp=now) for kind, data in routes
    )
