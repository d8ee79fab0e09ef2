"""What the commands around prefixes need of a store."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar
from uuid import UUID

from identifiers.changes import AuditEntry
from identifiers.holdings import (
    Holding,
    HoldingAbout,
    HoldingLedger,
    HoldingPostings,
    PrefixApplication,
    Sought,
)
from identifiers.labels import Allotment
from identifiers.names import Prefix

T = TypeVar("T")


class PrefixStore(Protocol):
    """Where the books of prefixes are kept. Every write is durable when its call returns.

    Every method raises `StoreUnavailable`; `post` and `prove` raise `FateUnknown` too.
    """

    async def post(
        self, about: HoldingAbout, decide: Callable[[HoldingLedger], tuple[HoldingPostings, T]]
    ) -> T:
        """Read what a decision is about, let `decide` say what to write, commit, return its result.

        One decision is made after the other. `decide` is pure: it may run again.
        """
        ...

    async def holding(self, prefix: Prefix) -> Holding | None:
        """Return one prefix as it is kept."""
        ...

    async def holdings(
        self, sought: Sought, after: str, limit: int, skip: int = 0
    ) -> Sequence[Holding]:
        """Return up to `limit` prefixes by their text, past `after` and `skip` more."""
        ...

    async def count_holdings(self, sought: Sought) -> int:
        """Return how many prefixes these are."""
        ...

    async def application(self, number: UUID) -> PrefixApplication | None:
        """Return an application."""
        ...

    async def applications(
        self, enterprise: int | None, after: str, limit: int, *, open_only: bool = False
    ) -> Sequence[PrefixApplication]:
        """Return up to `limit` applications by id, past the id `after`; None: of everybody."""
        ...

    async def history(
        self, prefix: Prefix, after: str, limit: int
    ) -> tuple[Sequence[AuditEntry], str]:
        """Return what was done to a prefix, newest first, and where the next page begins.

        `after` is what the page before gave; empty: the first page, or there is no more.
        """
        ...

    async def rule(self, root: Prefix) -> Allotment | None:
        """Return how labels are given below a secondary prefix; None: nobody said."""
        ...

    async def unproven(self, limit: int) -> Sequence[Prefix]:
        """Return enterprises' prefixes that are switched on and were not seen to resolve yet."""
        ...

    async def prove(self, prefixes: Sequence[Prefix]) -> Sequence[Holding]:
        """Note that every worker answers for these by now; returns those noted just now."""
        ...
