"""Typed values of a record (RFC 3651 section 3.1)."""

from collections.abc import Callable, Collection, Iterable
from enum import IntFlag
from functools import lru_cache
from typing import Final

import msgspec

from identifiers.faults import Fault, Faults
from identifiers.names import fold

DEFAULT_TTL: Final = 86400
"""Seconds; the habit of every Handle client."""
MAX_INDEX: Final = 0xFFFF_FFFF
MAX_TTL: Final = 0x7FFF_FFFF
MAX_TYPE_BYTES: Final = 255
_SHORT_TYPE: Final = MAX_TYPE_BYTES // 4
"""Characters that are within `MAX_TYPE_BYTES` whatever they are: none has more than 4 octets."""
MAX_DATA_BYTES: Final = 64 * 1024
MAX_VALUES: Final = 256
MAX_REFERENCES: Final = 64
MAX_RECORD_BYTES: Final = 200 * 1024
"""Registration limits; the wire's own are wider (`identifiers.wire.handle.values`)."""


TEMPLATE_INDEX: Final = 1001
TEMPLATE_TYPE: Final = "TEMPLATE"
"""The value that says which template a record has; the server sets it (national convention)."""
SEALED_TYPE: Final = "HS_SECKEY"
"""Values of this type are secret keys: stored sealed, and shown to nobody."""


class Permission(IntFlag):
    """Who may read or write one value (RFC 3651 section 3.1, <permission>)."""

    PUBLIC_WRITE = 0x01
    PUBLIC_READ = 0x02
    ADMIN_WRITE = 0x04
    ADMIN_READ = 0x08


DEFAULT_PERMISSIONS: Final = 0x0E
"""1110: administrators read and write, everybody reads."""


class Reference(msgspec.Struct, frozen=True, gc=False):
    """A pointer from one value to a value of another handle."""

    handle: str
    index: int


class Value(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One typed value. `ttl` in seconds, or an epoch second when `absolute`.

    `timestamp` is the epoch second of the value's last change; the server sets it.
    """

    index: int
    type: str
    data: bytes
    ttl: int = DEFAULT_TTL
    absolute: bool = False
    permissions: int = DEFAULT_PERMISSIONS
    timestamp: int = 0
    references: tuple[Reference, ...] = ()

    @property
    def public(self) -> bool:
        """Say whether anybody may read this value."""
        return bool(self.permissions & Permission.PUBLIC_READ)


def type_matches(asked: str, actual: str) -> bool:
    """Match a type filter: ASCII case-insensitive; ``URL.`` also takes ``URL.ALT``."""
    asked, actual = fold(asked), fold(actual)
    if asked.endswith("."):
        return actual == asked[:-1] or actual.startswith(asked)
    return actual == asked


def is_secret(kind: str) -> bool:
    """Say whether values of this type are secret keys."""
    return fold(kind) == SEALED_TYPE


def select(
    values: Iterable[Value], indexes: Iterable[int], types: Iterable[str]
) -> tuple[Value, ...]:
    """Return the values that either filter names, in stored order; all when both are empty."""
    wanted, kinds = frozenset(indexes), tuple(types)
    if not wanted and not kinds:
        return tuple(values)
    return tuple(
        v for v in values if v.index in wanted or any(type_matches(k, v.type) for k in kinds)
    )


def values_faults(values: Collection[Value]) -> list[Fault]:
    """Return every breach of the registration limits; pointers are relative to the list."""
    if within_limits(values):
        return []
    faults = Faults()
    if not values:
        faults.append(Fault("empty"))
    if len(values) > MAX_VALUES:
        faults.append(Fault("too_many", params={"count": len(values), "limit": MAX_VALUES}))
    seen: set[int] = set()
    for at, value in enumerate(values):
        if faults.full:
            break
        if value.index in seen:
            faults.append(Fault("value.duplicate_index", f"/{at}/index", {"index": value.index}))
        seen.add(value.index)
        faults.extend(_limit_faults(at, value))
    return faults


@lru_cache(maxsize=4096)
def type_fits(kind: str) -> bool:
    """Say whether a type keeps the limits, whatever it is written with; few types are in use."""
    return 0 < len(kind) <= _SHORT_TYPE and kind.isprintable()


def within_limits(values: Collection[Value], type_fits: Callable[[str], bool] = type_fits) -> bool:
    """Say quickly whether values keep the registration limits.

    It may say no to what keeps them (references, types of many octets), never yes to what does not.
    """
    # In one pass: bulk registration asks this of 250,000 values a second.
    for value in values:
        if not (
            1 <= value.index <= MAX_INDEX
            and 0 <= value.ttl <= MAX_TTL
            and 0 <= value.permissions <= 0xF  # noqa: PLR2004 -- the four bits of Permission
            and type_fits(value.type)
            and len(value.data) <= MAX_DATA_BYTES
            and not value.references
        ):
            return False
    return 0 < len({value.index for value in values}) == len(values) <= MAX_VALUES


def _limit_faults(at: int, value: Value) -> list[Fault]:
    faults = [
        Fault("range", f"/{at}/{member}", {"low": low, "high": high})
        for member, number, low, high in (
            ("index", value.index, 1, MAX_INDEX),
            ("ttl", value.ttl, 0, MAX_TTL),
            ("permissions", value.permissions, 0, 0xF),
        )
        if not low <= number <= high
    ]
    octets = len(value.type.encode("utf-8", "surrogatepass"))
    if not octets:
        faults.append(Fault("empty", f"/{at}/type"))
    if octets > MAX_TYPE_BYTES:
        faults.append(_too_long(f"/{at}/type", octets, MAX_TYPE_BYTES))
    if "\0" in value.type:
        faults.append(Fault("nul", f"/{at}/type"))
    if len(value.data) > MAX_DATA_BYTES:
        faults.append(_too_long(f"/{at}/data", len(value.data), MAX_DATA_BYTES))
    if len(value.references) > MAX_REFERENCES:
        faults.append(
            Fault(
                "too_many",
                f"/{at}/references",
                {"count": len(value.references), "limit": MAX_REFERENCES},
            )
        )
    return faults


def _too_long(pointer: str, size: int, limit: int) -> Fault:
    return Fault("too_long", pointer, {"size": size, "unit": "bytes", "limit": limit})
