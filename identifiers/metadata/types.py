"""Kinds of values (数据类型), each with one canonical text: what is stored, compared and told.

Values of a record are octets; a template says how to read them. Whoever registers may write a value
in any of the ways named here, and gets the canonical one back.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from identifiers.faults import Invalid
from identifiers.names import Handle

_NUMBER: Final = re.compile(
    r"[+-]?([0-9]{1,30}(\.[0-9]{1,30})?|\.[0-9]{1,30})([eE][+-]?[0-9]{1,2})?"
)
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}")
_DIGEST: Final = re.compile(r"(sha256|sha-256|sm3):([0-9a-fA-F]{64})", re.IGNORECASE)
_POSITION: Final = re.compile(r"(?:geo:)?([^,;]+),([^,;]+)(?:,([^,;]+))?")
_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_LATITUDE: Final = 90
_LONGITUDE: Final = 180


class DataType(StrEnum):
    """What a value is."""

    STRING = "string"
    NUMBER = "number"
    """A decimal number, exact."""
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DATE = "date"
    """A day of the calendar, yyyy-MM-dd."""
    TIME = "time"
    """An instant (RFC 3339), told in UTC."""
    ENUMERATION = "enumeration"
    REFERENCE = "reference"
    """Another identifier."""
    DIGEST = "digest"
    """Of a file: ``sha256:`` or ``sm3:`` and 64 hexadecimal digits."""
    POSITION = "position"
    """Latitude, longitude and maybe height in metres, WGS 84 (RFC 5870): ``geo:37.8,112.5``."""


def canonical(kind: DataType, text: str) -> str | None:
    """Return the canonical text of a value, None when this is none of its kind."""
    return _READERS[kind](text)


def order(kind: DataType, text: str) -> Decimal | str:
    """Return what orders canonical texts of a kind that has an order (`ORDERED`)."""
    # Without its Z: a second comes before its fractions, and "Z" after a point.
    return Decimal(text) if kind in _DECIMAL else text.removesuffix("Z")


def _string(text: str) -> str | None:
    return text if text and "\0" not in text else None


def _number(text: str) -> str | None:
    if _NUMBER.fullmatch(text) is None:
        return None
    # Not `normalize`: it rounds to 28 digits.
    written = f"{Decimal(text):f}"
    if "." in written:
        written = written.rstrip("0").removesuffix(".")
    return written if written.strip("-0.") else "0"


def _integer(text: str) -> str | None:
    return str(int(text)) if _INTEGER.fullmatch(text) else None


def _boolean(text: str) -> str | None:
    return text if text in {"true", "false"} else None


def _date(text: str) -> str | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return text if found.isoformat() == text else None


def _time(text: str) -> str | None:
    if _TIME.fullmatch(text) is None:
        return None
    try:
        instant = datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return instant.replace(tzinfo=None).isoformat() + "Z"


def _reference(text: str) -> str | None:
    try:
        return Handle.parse(text).given
    except Invalid:
        return None


def _digest(text: str) -> str | None:
    form = _DIGEST.fullmatch(text)
    return form and f"{form[1].lower().replace('-', '')}:{form[2].lower()}"


def _position(text: str) -> str | None:
    form = _POSITION.fullmatch(text)
    if form is None:
        return None
    numbers = [_number(part.strip()) for part in form.groups() if part is not None]
    if None in numbers:
        return None
    latitude, longitude = Decimal(numbers[0] or 0), Decimal(numbers[1] or 0)
    if abs(latitude) > _LATITUDE or abs(longitude) > _LONGITUDE:
        return None
    return "geo:" + ",".join(str(number) for number in numbers)


_READERS: Final[Mapping[DataType, Callable[[str], str | None]]] = {
    DataType.STRING: _string,
    DataType.NUMBER: _number,
    DataType.INTEGER: _integer,
    DataType.BOOLEAN: _boolean,
    DataType.DATE: _date,
    DataType.TIME: _time,
    DataType.ENUMERATION: _string,
    DataType.REFERENCE: _reference,
    DataType.DIGEST: _digest,
    DataType.POSITION: _position,
}
_DECIMAL: Final = frozenset({DataType.NUMBER, DataType.INTEGER})
ORDERED: Final = _DECIMAL | {DataType.DATE, DataType.TIME}
"""Kinds that may have a lowest and a highest value."""
