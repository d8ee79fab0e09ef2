"""The ledger of enterprises in dictionaries, beside the prefixes of a `MemoryStore`."""

from collections.abc import Callable, Sequence
from typing import TypeVar
from uuid import UUID

from identifiers.changes import Enterprise
from identifiers.enterprises.ledger import (
    About,
    Application,
    Ledger,
    Member,
    Postings,
    ReviewStep,
)
from identifiers.enterprises.review import Kind, Stage
from storage.memory.store import MemoryStore

T = TypeVar("T")


class MemoryBusiness:
    """BusinessStore. What was audited stands in the `MemoryStore`; its switches count here too."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._applications: dict[UUID, Application] = {}
        self._steps: list[ReviewStep] = []
        self._members: dict[int, Member] = {}

    async def post(self, about: About, decide: Callable[[Ledger], tuple[Postings, T]]) -> T:
        """Read what a decision is about, decide, write, return its result."""
        ledger = await self._ledger(about)
        postings, result = decide(ledger)
        for entry in postings.homed:
            if ledger.directory.exact(str(entry.prefix)) is not None:
                raise ValueError(f"{entry.prefix} is allotted already")
        with self._store.committing():
            self._apply(postings)
        return result

    async def application(self, number: UUID) -> Application | None:
        """Return an application."""
        self._store.reach()
        return self._applications.get(number)

    async def applications(
        self, stages: Sequence[Stage], after: str, limit: int
    ) -> Sequence[Application]:
        """Return up to `limit` applications at these stages, by id, past the id `after`."""
        self._store.reach()
        found = sorted(self._applications.values(), key=lambda one: str(one.id))
        wanted = (a for a in found if a.standing.stage in stages and str(a.id) > after)
        return [application for application, _ in zip(wanted, range(limit), strict=False)]

    async def steps(self, number: UUID) -> Sequence[ReviewStep]:
        """Return what was done to an application, oldest first."""
        self._store.reach()
        return [step for step in self._steps if step.application == number]

    async def member(self, number: int) -> Member | None:
        """Return an enterprise."""
        self._store.reach()
        return self._members.get(number)

    async def _ledger(self, about: About) -> Ledger:
        directory = await self._store.directory()
        applications, members = self._applications.values(), self._members.values()
        application = self._applications.get(about.application) if about.application else None
        return Ledger(
            application=application,
            pending=next(
                (
                    one
                    for one in applications
                    if one.identity == about.identity
                    and one.kind is Kind.ADMISSION
                    and one.standing.open
                ),
                None,
            ),
            member=self._members.get(about.enterprise)
            or next((one for one in members if one.identity == about.identity), None),
            directory=directory,
            filed=sum(f"-{about.year}-" in one.filing for one in members),
            fresh=len(await self._store.enterprises()) + 1,
        )

    def _apply(self, postings: Postings) -> None:
        if postings.application is not None:
            self._applications[postings.application.id] = postings.application
        self._steps.extend(postings.steps)
        member = postings.member
        if member is not None:
            self._members[member.id] = member
            self._store.keep_enterprise(
                Enterprise(
                    id=member.id,
                    name=member.name,
                    credit_code=member.identity.number,
                    industry=member.industry,
                )
            )
        for entry in postings.homed:
            self._store.keep_prefix(entry)
        self._store.audited.extend(postings.audit)
