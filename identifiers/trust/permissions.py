"""What a certificate lets its subject sign for.

A permission names a prefix by its record, ``0.NA/88.300``; the plain ``88.300`` is understood too.
Prefixes are compared label by label and without regard to case.
"""

from enum import StrEnum

import msgspec

from identifiers.faults import Invalid
from identifiers.names import PREFIX_RECORDS, Handle, Prefix, fold


class Over(StrEnum):
    """Over what; the words are those of the wire. Unknown words give nothing."""

    EVERYTHING = "everything"
    DERIVED_PREFIXES = "derivedPrefixes"
    """Prefixes derived from the one that is named, and what lies under them."""
    HANDLES_UNDER_THIS_PREFIX = "handlesUnderThisPrefix"
    """Handles directly under the prefix that is named; not its own record."""
    THIS_HANDLE = "thisHandle"
    """The handle that is named; if it is the record of a prefix, also the handles under that."""


class Permission(msgspec.Struct, frozen=True):
    """One permission. `issue`: the subject may issue certificates within it (``ca``)."""

    over: str
    handle: str = ""
    issue: bool = True


def covers(permission: Permission, handle: Handle) -> bool:
    """Say whether `permission` is over `handle`."""
    match permission.over:
        case Over.EVERYTHING:
            return True
        case Over.DERIVED_PREFIXES:
            named, asked = _prefix(permission.handle), _lies_in(handle)
            return named is not None and named != asked and named.covers(asked)
        case Over.HANDLES_UNDER_THIS_PREFIX:
            return _prefix(permission.handle) == Prefix(handle.labels())
        case Over.THIS_HANDLE:
            if _prefix(permission.handle) == Prefix(handle.labels()):
                return True
            return _same(permission.handle, handle)
        case _:
            return False


def _lies_in(handle: Handle) -> Prefix:
    """Return the prefix that a handle belongs to; the record of a prefix belongs to that."""
    if handle.prefix == PREFIX_RECORDS:
        try:
            return Prefix.parse(handle.suffix)
        except Invalid:
            pass
    return Prefix(handle.labels())


def _prefix(named: str) -> Prefix | None:
    above, slash, below = named.partition("/")
    if slash and fold(above) != PREFIX_RECORDS:
        return None
    try:
        return Prefix.parse(below if slash else above)
    except Invalid:
        return None


def _same(named: str, handle: Handle) -> bool:
    whole = named if "/" in named else f"{PREFIX_RECORDS}/{named}"
    try:
        return Handle.parse(whole).key() == handle.key()
    except Invalid:
        return False
