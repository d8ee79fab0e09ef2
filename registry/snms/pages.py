"""Pages by number, as lists of the SNMS-style interface have them. Pure.

The node's own lists go on from where a page ended; a page by number is cut from all that fits.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import msgspec

from identifiers.coding import BEIJING
from identifiers.faults import Fault, Invalid

DEFAULT_SIZE: Final = 10
MAX_SIZE: Final = 1000
_FURTHEST: Final = 1_000_000


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Which page (from 1) of which size, and of which days in Beijing, both included."""

    number: int
    size: int
    since: date | None
    until: date | None

    def covers(self, seconds: int) -> bool:
        """Say whether an epoch second is on one of the days."""
        day = datetime.fromtimestamp(seconds, BEIJING).date()
        return (self.since is None or self.since <= day) and (
            self.until is None or day <= self.until
        )


def read_page(parameters: Mapping[str, str]) -> Asked:
    """Read ``currentPage``, ``pageSize``, ``startDate``, ``endDate``. Raises `Invalid`."""
    faults: list[Fault] = []
    asked = Asked(
        number=_number(parameters, "currentPage", 1, _FURTHEST, faults),
        size=_number(parameters, "pageSize", DEFAULT_SIZE, MAX_SIZE, faults),
        since=_day(parameters, "startDate", faults),
        until=_day(parameters, "endDate", faults),
    )
    if faults:
        raise Invalid(faults)
    return asked


def paged(found: Sequence[Any], asked: Asked) -> dict[str, Any]:
    """Return the page that was asked for of all that was found."""
    first = (asked.number - 1) * asked.size
    content = list(found[first : first + asked.size])
    pages = -(-len(found) // asked.size)
    return {
        "content": content,
        "first": asked.number == 1,
        "last": asked.number >= pages,
        "number": asked.number - 1,
        "numberOfElements": len(content),
        "size": asked.size,
        "sort": None,
        "totalElements": len(found),
        "totalPages": pages,
    }


def moment(seconds: int) -> str:
    """Return an epoch second as it is told: Beijing time."""
    return datetime.fromtimestamp(seconds, BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def _number(
    parameters: Mapping[str, str], name: str, default: int, high: int, faults: list[Fault]
) -> int:
    text = parameters.get(name, "")
    if not text:
        return default
    if text.isascii() and text.isdigit() and len(text) <= len(str(high)) and int(text) <= high:
        return max(1, int(text))
    faults.append(Fault("range", f"/{name}", {"low": 1, "high": high}))
    return default


def _day(parameters: Mapping[str, str], name: str, faults: list[Fault]) -> date | None:
    text = parameters.get(name, "")
    if not text:
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        faults.append(Fault("field.day", f"/{name}"))
        return None
