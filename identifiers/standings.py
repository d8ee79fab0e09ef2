"""Where enterprises, prefixes and identifiers stand in their lives, and what may follow. Pure.

The numbers of prefixes are those of the SNMS-style interface. A state that may not follow is
refused with the two named; what is so already stays so.
"""

import unicodedata
from collections.abc import Mapping
from enum import Enum, IntEnum, StrEnum
from types import MappingProxyType
from typing import Final, TypeVar

from identifiers.faults import Fault
from identifiers.records import State


class EnterpriseState(StrEnum):
    """An enterprise of this node."""

    APPLICANT = "applicant"
    """It applied, and nobody approved it yet."""
    REFUSED = "refused"
    """Nobody will: its personal data is purged."""
    ACTIVE = "active"
    SUSPENDED = "suspended"
    """Its names are told as living nowhere, and it registers nothing; all stays."""
    CLOSED = "closed"
    """It left, for good. Its names stay taken."""


class PrefixState(IntEnum):
    """A prefix that an enterprise applied for (前缀状态)."""

    DISABLED = 0
    ENABLED = 1
    TO_BE_DELETED = 2
    REJECTED = 3
    WAITING = 4
    IN_REVIEW = 5


class Hosting(IntEnum):
    """Whether the node keeps the enterprise's identifiers (托管状态)."""

    NOT_HOSTED = 1
    APPLIED = 2
    REJECTED = 3
    HOSTED = 4


ENDED: Final = frozenset({State.SUSPENDED, State.REVOKED})
"""The states of identifiers that are told with a reason."""
MAX_REASON: Final = 500
"""Characters of a reason."""

S = TypeVar("S", bound=Enum)
Params = Mapping[str, str | int]


def _table(**ways: str) -> Mapping[str, frozenset[str]]:
    return MappingProxyType({of: frozenset(to.split()) for of, to in ways.items()})


_MAY_BECOME: Final[Mapping[type[Enum], Mapping[str, frozenset[str]]]] = MappingProxyType(
    {
        EnterpriseState: _table(
            APPLICANT="ACTIVE REFUSED",
            REFUSED="APPLICANT",
            ACTIVE="SUSPENDED CLOSED",
            SUSPENDED="ACTIVE CLOSED",
            CLOSED="",
        ),
        PrefixState: _table(
            WAITING="IN_REVIEW ENABLED REJECTED",
            IN_REVIEW="ENABLED REJECTED",
            REJECTED="WAITING TO_BE_DELETED",
            ENABLED="DISABLED TO_BE_DELETED",
            DISABLED="ENABLED TO_BE_DELETED",
            TO_BE_DELETED="DISABLED",
        ),
        Hosting: _table(
            NOT_HOSTED="APPLIED HOSTED",
            APPLIED="HOSTED REJECTED NOT_HOSTED",
            REJECTED="APPLIED NOT_HOSTED",
            HOSTED="NOT_HOSTED",
        ),
        State: _table(
            RESERVED="ACTIVE REVOKED DELETED",
            ACTIVE="RESERVED SUSPENDED REVOKED DELETED",
            SUSPENDED="ACTIVE REVOKED DELETED",
            REVOKED="",
            DELETED="ACTIVE RESERVED",
        ),
    }
)


_UNTOLD: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Categories of characters that do not belong in a line of text."""


def may_become(now: S, then: S) -> bool:
    """Say whether a state may follow another one of its kind, or is the same."""
    return now is then or then.name in _MAY_BECOME[type(now)][now.name]


def reason_faults(reason: str, pointer: str = "/reason") -> list[Fault]:
    """Return every fault of the reason that a state is told with.

    It stands in headers of pages and in texts of the Handle protocol: one line, no controls.
    """
    if not reason.strip():
        return [Fault("empty", pointer)]
    faults = []
    if len(reason) > MAX_REASON:
        sizes: Params = {"size": len(reason), "unit": "characters", "limit": MAX_REASON}
        faults.append(Fault("too_long", pointer, sizes))
    for at, character in enumerate(reason):
        if unicodedata.category(character) in _UNTOLD:
            told: Params = {"char": f"U+{ord(character):04X}", "at": at}
            faults.append(Fault("text.control", pointer, told))
            break
    return faults
