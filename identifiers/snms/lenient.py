"""Documents of clients that were written from tables which contradict one another."""

from collections.abc import Mapping
from typing import Any

from identifiers.faults import Faults
from identifiers.wire.members import Members, members_of

MISPRINTS: Mapping[str, str] = {
    "vlaue": "value",
    "entprefix": "entPrefix",
    "entSite": "entWebSite",
    "AddrCounty": "deployAddrCounty",
}
"""Names that stand in published tables, and what they stand for."""


def members(found: object, pointer: str, faults: Faults) -> Members | None:
    """Return the members of an object, misprinted ones by their names; None, noted: it is none.

    Members that nobody knows are passed over.
    """
    if not isinstance(found, dict):
        return members_of(found, pointer, faults, ())
    document = mended(found)
    return members_of(document, pointer, faults, document)


def mended(found: dict[str, Any]) -> dict[str, Any]:
    """Return an object with its misprinted members by their names."""
    if MISPRINTS.keys().isdisjoint(found):
        return found
    return {MISPRINTS.get(name, name): value for name, value in found.items()}
