"""What the business of a node needs of a store."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar
from uuid import UUID

from identifiers.enterprises.ledger import (
    About,
    Application,
    Ledger,
    Member,
    Postings,
    ReviewStep,
)
from identifiers.enterprises.review import Stage

T = TypeVar("T")


class BusinessStore(Protocol):
    """Where the ledger is kept. Every write is durable when its call returns.

    Every method raises `StoreUnavailable`, `post` also `FateUnknown`.
    """

    async def post(self, about: About, decide: Callable[[Ledger], tuple[Postings, T]]) -> T:
        """Read what a decision is about, let `decide` say what to write, commit, return its result.

        One decision is made after the other. `decide` is pure: it may run again.
        """
        ...

    async def application(self, number: UUID) -> Application | None:
        """Return an application."""
        ...

    async def applications(
        self, stages: Sequence[Stage], after: str, limit: int
    ) -> Sequence[Application]:
        """Return up to `limit` applications at these stages, oldest first, past the id `after`."""
        ...

    async def steps(self, number: UUID) -> Sequence[ReviewStep]:
        """Return what was done to an application, oldest first."""
        ...

    async def member(self, number: int) -> Member | None:
        """Return an enterprise."""
        ...
