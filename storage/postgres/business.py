"""The ledger of enterprises in tables."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar
from uuid import UUID

from identifiers.changes import FirstAnswer
from identifiers.enterprises.ledger import (
    About,
    Application,
    Certificate,
    Event,
    Identity,
    Ledger,
    Listed,
    Member,
    MemberVersion,
    Postings,
    ReviewStep,
    Revision,
    Told,
    Verification,
    Wanted,
)
from identifiers.enterprises.review import Kind, Stage, Standing
from identifiers.standings import EnterpriseState
from storage.postgres import directory, documents, prefixes, revisions, vouching, write
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

    async def post(
        self,
        about: About,
        decide: Callable[[Ledger], tuple[Postings, T]],
        once: FirstAnswer[T] | None = None,
    ) -> T:
        """Read what a decision is about, decide, write, commit, return its result.

        Raises `AnsweredBefore`.
        """

        async def work(connection: Connection) -> T:
            await connection.execute(_SQL["lock"])
            postings, result = decide(await _ledger(connection, about))
            await _store(connection, postings, about.year)
            return result

        result = await write.commit(self._database, work, once)
        self._nudge.news()
        return result

    async def application(self, number: UUID) -> Application | None:
        """Return an application."""
        return _application(await self._database.row(_SQL["application"], number))

    async def applications(self, wanted: Wanted, after: str, limit: int) -> Sequence[Application]:
        """Return up to `limit` applications that are wanted, by id, past the id `after`."""
        rows = await self._database.rows(
            _SQL["applications"],
            list(wanted.stages),
            list(wanted.kinds),
            wanted.enterprise,
            UUID(after) if after else UUID(int=0),
            limit,
        )
        return [application for row in rows if (application := _application(row)) is not None]

    async def lapsed(self, before: int, limit: int) -> Sequence[UUID]:
        """Return applications that came to nothing before an epoch second, not purged yet."""
        ended = [Stage.REJECTED, Stage.WITHDRAWN]
        rows = await self._database.rows(_SQL["lapsed"], ended, before, limit)
        return [UUID(int=row["id"].int) for row in rows]

    async def steps(self, number: UUID) -> Sequence[ReviewStep]:
        """Return what was done to an application, oldest first."""
        return list(map(_step, await self._database.rows(_SQL["steps"], number)))

    async def revisions(self, number: UUID, after: int, limit: int) -> Sequence[Revision]:
        """Return up to `limit` revisions of an application, oldest first, past the one `after`."""
        return await revisions.page(self._database, number, after, limit)

    async def member(self, number: int) -> Member | None:
        """Return an enterprise that was filed."""
        return _member(await self._database.row(_SQL["member"], number, 0, ""))

    async def enterprise(self, number: int) -> Member | None:
        """Return an enterprise, also one of which nothing was filed."""
        return _member(await self._database.row(_SQL["enterprise"], number))

    async def enterprises(self, after: int, limit: int) -> Sequence[Member]:
        """Return up to `limit` enterprises, filed or not, by number, past `after`."""
        rows = await self._database.rows(_SQL["enterprises"], after, limit)
        return [member for row in rows if (member := _member(row)) is not None]

    async def listed(self, wanted: Listed, skip: int, limit: int) -> Sequence[Member]:
        """Return up to `limit` enterprises that are listed, by number, past the first `skip`."""
        rows = await self._database.rows(
            _SQL["listed"], wanted.name, wanted.since, wanted.until, limit, skip
        )
        return [member for row in rows if (member := _member(row)) is not None]

    async def count_listed(self, wanted: Listed) -> int:
        """Return how many enterprises are listed."""
        (row,) = await self._database.rows(
            _SQL["count_listed"], wanted.name, wanted.since, wanted.until
        )
        return int(row["listed"])

    async def versions(self, number: int, after: int, limit: int) -> Sequence[MemberVersion]:
        """Return up to `limit` versions of an enterprise, oldest first, past the one `after`."""
        rows = await self._database.rows(_SQL["versions"], number, after, limit)
        return [
            MemberVersion(member, _event(row))
            for row in rows
            if (member := _member(row)) is not None
        ]

    async def changed_at(self, numbers: Sequence[int]) -> Mapping[int, int]:
        """Return when the newest versions of some enterprises began, in epoch milliseconds."""
        rows = await self._database.rows(_SQL["changed"], list(numbers))
        return {row["enterprise"]: row["at"] for row in rows}

    async def verification(self, identity: Identity) -> Verification | None:
        """Return the newest verification of an organisation."""
        return await self._database.read(
            lambda connection: vouching.verification(connection, identity)
        )

    async def certificate(self, serial: str) -> Certificate | None:
        """Return a certificate."""
        return await self._database.read(
            lambda connection: vouching.certificate(connection, serial)
        )

    async def certificates(self, number: int, after: str, limit: int) -> Sequence[Certificate]:
        """Return a page of an enterprise's certificates (0: of all), by serial number."""
        return await vouching.certificates(self._database, number, after, limit)


async def _ledger(connection: Connection, about: About) -> Ledger:
    identity = about.identity or Identity(0, "")
    named = (identity.type, identity.number)
    application = await connection.fetchrow(_SQL["application"], about.application)
    pending = await connection.fetchrow(_SQL["pending"], *named, about.kind)
    member = await connection.fetchrow(_SQL["member"], about.enterprise, *named)
    added = await connection.fetchrow(_SQL["added"], about.enterprise, *named)
    picture = await directory.picture(connection)
    steps = () if pending is None else await connection.fetch(_SQL["steps"], pending["id"])
    return Ledger(
        application=_application(application),
        pending=_application(pending),
        steps=tuple(map(_step, steps)),
        member=_member(member),
        added=_member(added),
        directory=picture,
        rule=await prefixes.rule_below(connection, picture.root),
        filed=await connection.fetchval(_SQL["filed"], about.year) or 0,
        fresh=await connection.fetchval(_SQL["fresh"]) if about.year else 0,
        attachments=await documents.some(connection, about.documents),
        verification=await vouching.verification(connection, identity),
        certificate=await vouching.certificate(connection, about.certificate),
        in_force=await vouching.in_force(connection, about.enterprise),
    )


async def _store(connection: Connection, postings: Postings, year: int) -> None:
    if postings.member is not None:
        await _store_member(connection, postings.member, postings.event, year)
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
    await revisions.store(connection, postings)
    await documents.store(connection, postings)
    await vouching.store(connection, postings)
    for entry_ in postings.audit:
        await write.audit(connection, entry_)


async def _store_member(
    connection: Connection, member: Member, event: Event | None, year: int
) -> None:
    row = _member_row(member)
    before = _member(await connection.fetchrow(_SQL["enterprise"], member.id))
    await connection.execute(_SQL["keep_member"], *row)
    if event is not None:
        await vouching.keep_version(connection, row, member.version, event)
    if member.filed and (before is None or not before.filed):
        await connection.execute(_SQL["count_filing"], year)


def _step(row: Any) -> ReviewStep:
    return ReviewStep(
        application=UUID(int=row["application"].int),
        revision=row["revision"],
        at=row["at"],
        actor=row["actor"],
        did=row["did"],
        reasons=tuple(row["reasons"]),
    )


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
        purged_at=row["purged_at"],
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
        application.purged_at,
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
        told=Told(row["document"] or b"", row["sealed"] or b""),
        filing=row["filing"] or "",
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


def _event(row: Any) -> Event:
    named = row["application"]
    return Event(
        at=row["at"],
        actor=row["actor"],
        did=row["did"],
        application=None if named is None else UUID(int=named.int),
    )
