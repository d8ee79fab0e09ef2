"""The ledger of enterprises in tables."""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar
from uuid import UUID

from identifiers.enterprises.ledger import (
    About,
    Application,
    Identity,
    Ledger,
    Member,
    Postings,
    ReviewStep,
    Told,
)
from identifiers.enterprises.review import Kind, Stage, Standing
from identifiers.standings import EnterpriseState
from storage.postgres import directory, write
from storage.postgres.database import Database
from storage.postgres.pool import Connection
from storage.postgres.sql import load
from storage.postgres.wakeups import Nudge

T = TypeVar("T")

_SQL: Final = load("business")


class PostgresBusiness:
    """BusinessStore. Every method raises `StoreUnavailable`; `post`, `FateUnknown` too."""

    def __init__(self, database: Database, nudge: Nudge) -> None:
        self._database = database
        self._nudge = nudge

    async def post(self, about: About, decide: Callable[[Ledger], tuple[Postings, T]]) -> T:
        """Read what a decision is about, decide, write, commit, return its result."""

        async def work(connection: Connection) -> T:
            await connection.execute(_SQL["lock"])
            postings, result = decide(await _ledger(connection, about))
            await _store(connection, postings, about.year)
            return result

        result = await self._database.commit(work)
        self._nudge.news()
        return result

    async def application(self, number: UUID) -> Application | None:
        """Return an application."""
        return _application(await self._database.row(_SQL["application"], number))

    async def applications(
        self, stages: Sequence[Stage], after: str, limit: int
    ) -> Sequence[Application]:
        """Return up to `limit` applications at these stages, by id, past the id `after`."""
        past = UUID(after) if after else UUID(int=0)
        rows = await self._database.rows(_SQL["applications"], list(stages), past, limit)
        return [application for row in rows if (application := _application(row)) is not None]

    async def steps(self, number: UUID) -> Sequence[ReviewStep]:
        """Return what was done to an application, oldest first."""
        rows = await self._database.rows(_SQL["steps"], number)
        return [
            ReviewStep(
                application=UUID(int=row["application"].int),
                revision=row["revision"],
                at=row["at"],
                actor=row["actor"],
                did=row["did"],
                reasons=tuple(row["reasons"]),
            )
            for row in rows
        ]

    async def member(self, number: int) -> Member | None:
        """Return an enterprise."""
        return _member(await self._database.row(_SQL["member"], number, 0, ""))


async def _ledger(connection: Connection, about: About) -> Ledger:
    identity = about.identity or Identity(0, "")
    named = (identity.type, identity.number)
    application = await connection.fetchrow(_SQL["application"], about.application)
    pending = await connection.fetchrow(_SQL["pending"], *named)
    member = await connection.fetchrow(_SQL["member"], about.enterprise, *named)
    return Ledger(
        application=_application(application),
        pending=_application(pending),
        member=_member(member),
        directory=await directory.picture(connection),
        filed=await connection.fetchval(_SQL["filed"], about.year) or 0,
        fresh=await connection.fetchval(_SQL["fresh"]) if about.year else 0,
    )


async def _store(connection: Connection, postings: Postings, year: int) -> None:
    if postings.member is not None:
        await connection.execute(_SQL["keep_member"], *_member_row(postings.member))
        if postings.member.version == 1:
            await connection.execute(_SQL["count_filing"], year)
    if postings.application is not None:
        await connection.execute(_SQL["keep_application"], *_row(postings.application))
    for step in postings.steps:
        await connection.execute(
            _SQL["keep_step"],
            step.application,
            step.revision,
            step.at,
            step.actor,
            step.did,
            list(step.reasons),
        )
    for entry in postings.homed:
        if not await directory.home(connection, entry):
            raise ValueError(f"{entry.prefix} is allotted already")
    for entry_ in postings.audit:
        await write.audit(connection, entry_)


def _application(row: Any) -> Application | None:
    if row is None:
        return None
    return Application(
        id=UUID(int=row["id"].int),
        kind=Kind(row["kind"]),
        identity=Identity(row["identity_type"], row["identity_number"]),
        name=row["name"],
        standing=Standing(Stage(row["stage"]), row["revision"]),
        told=Told(row["document"], row["sealed"]),
        digest=row["digest"],
        wanted=row["wanted"],
        enterprise=row["enterprise"],
        submitted_at=row["submitted_at"],
        changed_at=row["changed_at"],
        version=row["version"],
    )


def _row(application: Application) -> tuple[object, ...]:
    return (
        application.id,
        application.kind,
        application.identity.type,
        application.identity.number,
        application.name,
        application.standing.stage,
        application.standing.revision,
        application.told.document,
        application.told.sealed,
        application.digest,
        application.wanted,
        application.enterprise,
        application.submitted_at,
        application.changed_at,
        application.version,
    )


def _member(row: Any) -> Member | None:
    if row is None:
        return None
    return Member(
        id=row["id"],
        identity=Identity(row["identity_type"], row["credit_code"]),
        name=row["name"],
        industry=row["industry"],
        state=EnterpriseState(row["state"]),
        told=Told(row["document"], row["sealed"]),
        filing=row["filing"],
        approved_at=row["approved_at"],
        reason=row["reason"],
        version=row["version"],
    )


def _member_row(member: Member) -> tuple[object, ...]:
    return (
        member.id,
        member.identity.type,
        member.identity.number,
        member.name,
        member.industry,
        member.state,
        member.reason,
        member.told.document,
        member.told.sealed,
        member.filing,
        member.approved_at,
        member.version,
    )
