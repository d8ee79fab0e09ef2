"""What an enterprise follows of the change log: places in it, and what stands there. Pure."""

import re
from typing import Final, Self
from uuid import UUID

import msgspec

from identifiers.changes import ChangeKind

_PLACE: Final = re.compile(r"([0-9]{1,19})\.([0-9]{1,18})", re.ASCII)
_MAX_TRANSACTION: Final = 2**63 - 1
CONSUMER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
"""What the name of a consumer looks like."""


class Place(msgspec.Struct, frozen=True, order=True):
    """A place in the change log, in the order of commits: behind change `id` of a transaction."""

    transaction: int
    id: int

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read what `str` wrote; None for anything else."""
        found = _PLACE.fullmatch(text)
        if found is None or int(found[1]) > _MAX_TRANSACTION:
            return None
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.transaction}.{self.id}"


BEGINNING: Final = Place(0, 0)


class LoggedChange(msgspec.Struct, frozen=True):
    """One change as the log has it. `at` in epoch milliseconds."""

    place: Place
    change: UUID
    key: str
    version: int
    kind: ChangeKind
    at: int
