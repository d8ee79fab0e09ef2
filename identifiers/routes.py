"""What a prefix's record ``0.NA/<prefix>`` says about the names under it: routes and a template.

That record is the only home of routes. HS_SITE, HS_SITE.6 and HS_SERV say who answers for names
under the prefix, HS_SITE.PREFIX and HS_SERV.PREFIX who answers for the records of prefixes derived
from it (RFC 3651 section 3.2.2). HS_NAMESPACE tells how to compute unknown names.
"""

from functools import lru_cache
from typing import Final

import msgspec

from identifiers.names import PREFIX_RECORDS, Prefix
from identifiers.values import Value
from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle.values import decode_values, filter_blob

SITE: Final = "HS_SITE"
SITE_6: Final = "HS_SITE.6"
SITE_OF_PREFIX: Final = "HS_SITE.PREFIX"
NAMESPACE: Final = "HS_NAMESPACE"
OF_NAMES: Final = (SITE, SITE_6, "HS_SERV")
OF_DERIVED: Final = (SITE_OF_PREFIX, "HS_SERV.PREFIX")
_PREFIX_RECORD: Final = f"{PREFIX_RECORDS}/"
_REMEMBERED: Final = 1024
"""Records of prefixes; the picture of all prefixes is made anew far more often than they change."""


class Routes(msgspec.Struct, frozen=True):
    """Who answers for `names` under a delegated prefix, and for prefixes `derived` from it."""

    names: tuple[Value, ...] = ()
    derived: tuple[Value, ...] = ()


def record_key(prefix: Prefix | str) -> str:
    """Return the canonical name of a prefix's own record."""
    return f"{PREFIX_RECORDS}/{prefix}"


def is_prefix_record(key: str) -> bool:
    """Say whether a canonical handle is the record of a prefix."""
    return key.startswith(_PREFIX_RECORD)


@lru_cache(maxsize=_REMEMBERED)
def said_by(blob: bytes) -> tuple[Routes, bytes]:
    """Return routes and namespace of a prefix's record. Remembers boundedly."""
    return routes_of(blob), namespace_of(blob)


def routes_of(blob: bytes) -> Routes:
    """Return the public routes among a record's values; a damaged record has none."""
    return Routes(_public(blob, OF_NAMES), _public(blob, OF_DERIVED))


def namespace_of(blob: bytes) -> bytes:
    """Return the data of the first public HS_NAMESPACE value, or nothing, as `routes_of` does."""
    # Stores look for the type as it is written here: other cases of it are another type.
    values = _public(blob, (NAMESPACE,))
    return next((value.data for value in values if value.type == NAMESPACE), b"")


def _public(blob: bytes, types: tuple[str, ...]) -> tuple[Value, ...]:
    try:
        return decode_values(filter_blob(blob, (), types, public_only=True))
    except ProtocolError:
        # One damaged record must not take the picture of all prefixes along.
        return ()
