"""The ledger of enterprises in dictionaries, beside the prefixes of a `MemoryStore`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeVar
from uuid import UUID

import msgspec

from identifiers.changes import Enterprise, FirstAnswer
from identifiers.directory import Off, OffAs
from identifiers.enterprises.ledger import (
    About,
    Application,
    Certificate,
    Identity,
    Ledger,
    Listed,
    Member,
    MemberVersion,
    Notice,
    Postings,
    ReviewStep,
    Revision,
    Told,
    Verification,
    Wanted,
)
from identifiers.enterprises.review import Stage
from identifiers.standings import EnterpriseState
from storage.memory.documents import MemoryDocuments
from storage.memory.store import MemoryStore

T = TypeVar("T")

_OFF: Final = {
    EnterpriseState.SUSPENDED: OffAs.ENTERPRISE_SUSPENDED,
    EnterpriseState.CLOSED: OffAs.ENTERPRISE_CLOSED,
}


class MemoryBusiness:
    """BusinessStore and NoticeStore; `documents` is the DocumentStore that goes with them.

    What was audited stands in the `MemoryStore`; its switches count here too.
    """

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self.documents = MemoryDocuments(store)
        self._applications: dict[UUID, Application] = {}
        self._replaced: list[Revision] = []
        self._steps: list[ReviewStep] = []
        self._members: dict[int, Member] = {}
        self._versions: list[MemberVersion] = []
        self._verifications: list[Verification] = []
        self._certificates: dict[str, Certificate] = {}
        self._notices: list[Notice] = []
        self._noticed = 0

    async def post(
        self,
        about: About,
        decide: Callable[[Ledger], tuple[Postings, T]],
        once: FirstAnswer[T] | None = None,
    ) -> T:
        """Read what a decision is about, decide, write, return its result.

        Raises `AnsweredBefore`.
        """
        ledger = await self._ledger(about)
        self._store.reach(once)
        postings, result = decide(ledger)
        for entry in postings.homed:
            if ledger.directory.exact(str(entry.prefix)) is not None:
                raise ValueError(f"{entry.prefix} is allotted already")
        with self._store.committing():
            self._apply(postings)
            self._store.keep(once, result)
        return result

    async def application(self, number: UUID) -> Application | None:
        """Return an application."""
        self._store.reach()
        return self._applications.get(number)

    async def applications(self, wanted: Wanted, after: str, limit: int) -> Sequence[Application]:
        """Return up to `limit` applications that are wanted, by id, past the id `after`."""
        self._store.reach()
        found = sorted(self._applications.values(), key=lambda one: str(one.id))
        return [
            one
            for one in found
            if one.standing.stage in wanted.stages
            and one.kind in wanted.kinds
            and wanted.enterprise in {0, one.enterprise}
            and str(one.id) > after
        ][:limit]

    async def lapsed(self, before: int, limit: int) -> Sequence[UUID]:
        """Return applications that came to nothing before an epoch second, not purged yet."""
        self._store.reach()
        return sorted(
            one.id
            for one in self._applications.values()
            if one.standing.stage in {Stage.REJECTED, Stage.WITHDRAWN}
            and one.changed_at < before
            and not one.purged_at
        )[:limit]

    async def steps(self, number: UUID) -> Sequence[ReviewStep]:
        """Return what was done to an application, oldest first."""
        self._store.reach()
        return [step for step in self._steps if step.application == number]

    async def revisions(self, number: UUID, after: int, limit: int) -> Sequence[Revision]:
        """Return up to `limit` revisions of an application, oldest first, past the one `after`."""
        self._store.reach()
        now = self._applications.get(number)
        every = [*self._replaced, *(() if now is None else (now.revision,))]
        return [one for one in every if one.application == number and one.number > after][:limit]

    async def member(self, number: int) -> Member | None:
        """Return an enterprise that was filed."""
        self._store.reach()
        found = self._members.get(number)
        return found if found is not None and found.filed else None

    async def enterprise(self, number: int) -> Member | None:
        """Return an enterprise, also one of which nothing was filed."""
        return (await self._known()).get(number)

    async def enterprises(self, after: int, limit: int) -> Sequence[Member]:
        """Return up to `limit` enterprises, filed or not, by number, past `after`."""
        return [one for n, one in (await self._known()).items() if n > after][:limit]

    async def listed(self, wanted: Listed, skip: int, limit: int) -> Sequence[Member]:
        """Return up to `limit` enterprises that are listed, by number, past the first `skip`."""
        self._store.reach()
        return self._listed(wanted)[skip : skip + limit]

    async def count_listed(self, wanted: Listed) -> int:
        """Return how many enterprises are listed."""
        self._store.reach()
        return len(self._listed(wanted))

    async def versions(self, number: int, after: int, limit: int) -> Sequence[MemberVersion]:
        """Return up to `limit` versions of an enterprise, oldest first, past the one `after`."""
        self._store.reach()
        own = (one for one in self._versions if one.member.id == number)
        return [one for one in own if one.member.version > after][:limit]

    async def changed_at(self, numbers: Sequence[int]) -> Mapping[int, int]:
        """Return when the newest versions of some enterprises began, in epoch milliseconds."""
        self._store.reach()
        return {one.member.id: one.event.at for one in self._versions if one.member.id in numbers}

    async def verification(self, identity: Identity) -> Verification | None:
        """Return the newest verification of an organisation."""
        self._store.reach()
        return self._verified(identity)

    async def certificate(self, serial: str) -> Certificate | None:
        """Return a certificate."""
        self._store.reach()
        return self._certificates.get(serial)

    async def certificates(self, number: int, after: str, limit: int) -> Sequence[Certificate]:
        """Return a page of an enterprise's certificates (0: of all), by serial number."""
        self._store.reach()
        found = (self._certificates[serial] for serial in sorted(self._certificates))
        return [one for one in found if number in {0, one.enterprise} and one.serial > after][
            :limit
        ]

    # NoticeStore

    async def notices(self, limit: int) -> Sequence[Notice]:
        """Return what the national node is to be told, oldest first."""
        self._store.reach()
        return self._notices[:limit]

    async def settle(self, number: int) -> None:
        """Forget a notice: it was told."""
        self._store.reach()
        with self._store.committing():
            self._notices = [one for one in self._notices if one.id != number]

    # within

    def _listed(self, wanted: Listed) -> list[Member]:
        return [
            one
            for _, one in sorted(self._members.items())
            if one.filed
            and wanted.name in one.name
            and wanted.since <= one.approved_at < wanted.until
        ]

    def _verified(self, identity: Identity | None) -> Verification | None:
        own = [one for one in self._verifications if one.identity == identity]
        return own[-1] if own else None

    async def _ledger(self, about: About) -> Ledger:
        directory = await self._store.directory()
        known = await self._known()
        applications = self._applications.values()
        members = [one for one in known.values() if one.filed]
        application = self._applications.get(about.application) if about.application else None
        same = (one for one in applications if one.identity == about.identity)
        pending = next((one for one in same if one.kind is about.kind and one.standing.open), None)
        return Ledger(
            application=application,
            pending=pending,
            steps=tuple(one for one in self._steps if pending and one.application == pending.id),
            member=next((one for one in members if one.id == about.enterprise), None)
            or next((one for one in members if one.identity == about.identity), None),
            added=_added(known.values(), about),
            directory=directory,
            rule=self._store.rules.get(str(directory.root)),
            filed=sum(f"-{about.year}-" in one.filing for one in members),
            fresh=len(known) + 1,
            attachments=self.documents.some(about.documents),
            verification=self._verified(about.identity),
            certificate=self._certificates.get(about.certificate),
            in_force=self._in_force(about.enterprise),
        )

    async def _known(self) -> dict[int, Member]:
        known = await self._store.enterprises()
        return {one.id: self._members.get(one.id) or _unfiled(one) for one in known}

    def _in_force(self, enterprise: int) -> Certificate | None:
        own = [one for one in self._certificates.values() if one.enterprise == enterprise]
        standing = [one for one in own if not one.revoked_at]
        return max(standing, key=lambda one: (one.issued_at, one.serial), default=None)

    def _apply(self, postings: Postings) -> None:
        if postings.application is not None:
            self._applications[postings.application.id] = postings.application
        if postings.replaced is not None:
            self._replaced.append(postings.replaced)
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
            off_as = _OFF.get(member.state)
            off = None if off_as is None else Off(off_as, member.reason)
            self._store.switch_enterprise(member.id, off)
            if postings.event is not None:
                self._versions.append(MemberVersion(member, postings.event))
        for entry in postings.homed:
            self._store.keep_prefix(entry)
        for one in postings.bound:
            self.documents.bind(one)
        if postings.purged is not None:
            self._replaced = [_purged(one, postings.purged) for one in self._replaced]
            self.documents.purge(postings.purged, postings.kept)
        if postings.verification is not None:
            self._verifications.append(postings.verification)
        self._certificates.update((one.serial, one) for one in postings.certificates)
        for notice in postings.notices:
            self._noticed += 1
            self._notices.append(msgspec.structs.replace(notice, id=self._noticed))
        self._store.audited.extend(postings.audit)


def _purged(one: Revision, application: UUID) -> Revision:
    if one.application != application:
        return one
    return msgspec.structs.replace(one, told=Told(one.told.document, b""))


def _unfiled(one: Enterprise) -> Member:
    return Member(
        id=one.id,
        identity=Identity(1, one.credit_code),
        name=one.name,
        industry=one.industry,
        state=EnterpriseState.ACTIVE,
        told=Told(b"", b""),
        filing="",
        approved_at=0,
    )


def _added(known: Iterable[Member], about: About) -> Member | None:
    unfiled = [one for one in known if not one.filed]
    if about.enterprise:
        return next((one for one in unfiled if one.id == about.enterprise), None)
    same = [one for one in unfiled if one.identity == about.identity and one.identity.number]
    return min(same, key=lambda one: (one.state is EnterpriseState.CLOSED, one.id), default=None)
