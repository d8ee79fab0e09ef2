"""Pages by number, as lists of the SNMS-style interface have them. Pure.

The node's own lists go on from where a page ended; for a page by number the store skips those
that stand before it.
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
_DAY: Final = 86_400
_NEVER: Final = 2**62


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Which page (from 1) of which size, and of which days in Beijing, both included."""

    number: int
    size: int
    since: date | None
    until: date | None

    @property
    def skip(self) -> int:
        """How many of those that fit stand before the page."""
        return (self.number - 1) * self.size

    def times(self, per_second: int = 1) -> tuple[int, int]:
        """Return when the days begin and when they are over, since the epoch."""
        since, until = -_NEVER, _NEVER
        if self.since is not None:
            since = _begins(self.since) * per_second
        if self.until is not None:
            until = (_begins(self.until) + _DAY) * per_second
        return since, until


def read_page(parameters: Mapping[str, str], *texts: str) -> Asked:
    """Read ``currentPage``, ``pageSize``, ``startDate``, ``endDate``. Raises `Invalid`.

    `texts` are the other parameters, which the caller reads: what names are searched for.
    """
    faults = [Fault("nul", f"/{name}") for name in texts if "\0" in parameters.get(name, "")]
    asked = Asked(
        number=_number(parameters, "currentPage", 1, _FURTHEST, faults),
        size=_number(parameters, "pageSize", DEFAULT_SIZE, MAX_SIZE, faults),
        since=_day(parameters, "startDate", faults),
        until=_day(parameters, "endDate", faults),
    )
    if faults:
        raise Invalid(faults)
    return asked


def paged(content: Sequence[Any], total: int, asked: Asked) -> dict[str, Any]:
    """Return the page that was asked for, of so many that fit in all."""
    pages = -(-total // asked.size)
    return {
        "content": list(content),
        "first": asked.number == 1,
        "last": asked.number >= pages,
        "number": asked.number - 1,
        "numberOfElements": len(content),
        "size": asked.size,
        "sort": None,
        "totalElements": total,
        "totalPages": pages,
    }


def moment(seconds: int) -> str:
    """Return an epoch second as it is told: Beijing time."""
    return datetime.fromtimestamp(seconds, BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def _begins(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=BEIJING).timestamp())


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
