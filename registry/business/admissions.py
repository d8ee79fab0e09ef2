"""Applications (申请): who asks to be taken in or to be told of otherwise, and who decides.

Enterprises apply for admission, and once they are in, for changes of their particulars; both go
through the same two reviews. What an approval makes is in `approvals`.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final
from uuid import UUID

import msgspec

from identifiers.changes import FirstAnswer
from identifiers.enterprises.fields import Document
from identifiers.enterprises.files import Reference, binding_faults, bound, references
from identifiers.enterprises.ledger import (
    About,
    Application,
    Identity,
    Ledger,
    Member,
    Notice,
    Postings,
    ReviewStep,
    Verification,
    Wanted,
)
from identifiers.enterprises.particulars import judged
from identifiers.enterprises.review import (
    Approval,
    Kind,
    NotNow,
    Rejection,
    Resubmission,
    Stage,
    Standing,
    Step,
    Withdrawal,
    stepped,
)
from identifiers.enterprises.tables import FIELDS
from identifiers.faults import Fault, Faults
from identifiers.standings import EnterpriseState
from registry.answers import Faulty, Stale
from registry.business.approvals import Approvals, Left, NoPrefixLeft, Terms
from registry.business.asking import By, moved, posted
from registry.business.personal import Sealer
from registry.business.ports import BusinessStore
from registry.business.refusals import (
    AlreadyMember,
    NoApplication,
    NoMember,
    NotFiled,
    Pending,
    Undecided,
)
from registry.commands import Once
from registry.effects import at_first

_PURGED_AT_ONCE: Final = 100
_NUMBER: Final = frozenset({"/basic/org_cert_type", "/basic/org_cert_no"})
"""What an organisation is known by."""


class Submitted(msgspec.Struct, frozen=True, kw_only=True):
    """What an applicant sends: particulars as JSON has them, and the label that is wanted.

    `enterprise`: whose particulars are to change; 0: somebody is to be admitted.
    """

    particulars: object
    wanted: str = ""
    enterprise: int = 0


class Taken(msgspec.Struct, frozen=True):
    """An application that is open, what was done to it, and whether its applicant was verified."""

    application: Application
    steps: tuple[ReviewStep, ...]
    verification: Verification | None


Seen = frozenset[int] | None
"""Versions of an application that somebody had before him; None: he does not say."""
_NotTaken = (
    Faulty | AlreadyMember | Pending | NotNow | NoApplication | NoMember | NotFiled | Left | Stale
)
Applied = Application | _NotTaken
Took = Taken | _NotTaken
Decided = Application | NotNow | NoApplication | NoPrefixLeft | Left | Faulty | Stale
Purged = Application | NoApplication | Undecided


class _Read(msgspec.Struct, frozen=True):
    """What was submitted, as far as it can be read, and what is wrong with it by itself.

    `identity` is None, and of `documents` those are missing, that are at fault.
    """

    document: Document
    identity: Identity | None
    documents: Sequence[Reference]
    faults: Sequence[Fault]

    @property
    def name(self) -> str:
        """The organisation's, where nothing is at fault."""
        name: str = self.document["basic"]["org_name"]
        return name

    def about(self, **more: object) -> About:
        numbers = tuple(one.id for one in self.documents if one.id is not None)
        return msgspec.structs.replace(About(documents=numbers), **more)


class Admissions:
    """The commands around applications. Everything but a store's trouble is an answer.

    `changed` is called when the picture of all prefixes changed.
    """

    def __init__(
        self,
        store: BusinessStore,
        sealer: Sealer,
        terms: Terms,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._changed = changed
        self._store = store
        self._sealer = sealer
        self._terms = terms
        self._approvals = Approvals(sealer)

    async def apply(self, number: UUID, submitted: Submitted, by: By) -> Applied:
        """Take an application. The same once more is the same application."""
        answer = await self.take(number, submitted, by)
        return answer.application if isinstance(answer, Taken) else answer

    async def take(
        self, number: UUID, submitted: Submitted, by: By, once: Once[Took] | None = None
    ) -> Took:
        """Do the same, and say what was done to the application. Raises `AnsweredBefore`."""
        read = self._read(submitted)
        if read.faults or read.identity is None:
            return Faulty(await self.faults(submitted, by))
        digest = _digest(submitted)
        identity, kind = read.identity, Kind.ADMISSION
        if submitted.enterprise:
            member = await filed(self._store, submitted.enterprise)
            if not isinstance(member, Member):
                return member
            identity, kind = member.identity, Kind.CHANGE
        elif by.enterprise and await self._store.member(by.enterprise) is not None:
            # Whoever is in is not told of others: who else applies, or is in, is not his business.
            return AlreadyMember(by.enterprise)
        about = read.about(
            identity=identity, kind=kind, enterprise=submitted.enterprise or by.enterprise
        )

        def decide(ledger: Ledger) -> tuple[Postings, Took]:
            if ledger.pending is not None:
                if ledger.pending.digest != digest:
                    return Postings(), Pending(ledger.pending.id)
                return Postings(), Taken(ledger.pending, ledger.steps, ledger.verification)
            if refused := _refused(kind, ledger):
                return Postings(), refused
            if faults := self._faults(read, identity, submitted.wanted, ledger, by):
                return Postings(), Faulty(faults)
            made = Application(
                id=number,
                kind=kind,
                identity=identity,
                name=read.name,
                standing=Standing(),
                told=self._sealer.seal(read.document, identity, by.chance),
                digest=digest,
                wanted=submitted.wanted,
                enterprise=submitted.enterprise or by.enterprise,
                submitted_at=by.now,
                changed_at=by.now,
            )
            postings = _with_documents(posted(made, by, "submitted"), made, read, ledger)
            return postings, Taken(made, postings.steps, ledger.verification)

        first: FirstAnswer[Took] | None = at_first(once, _if_taken)
        return await self._store.post(about, decide, first)

    async def resubmit(
        self, number: UUID, submitted: Submitted, by: By, seen: Seen = None
    ) -> Applied:
        """Take an application again that was rejected, mended. What it told before is kept."""
        read = self._read(submitted)
        if read.faults:
            return Faulty(await self.faults(submitted, by, number))
        digest = _digest(submitted)

        def decide(ledger: Ledger) -> tuple[Postings, Applied]:
            there = ledger.application
            if there is None:
                return Postings(), NoApplication()
            if there.digest == digest and there.standing.stage is Stage.SUBMITTED:
                return Postings(), there
            standing = stepped(there.standing, Resubmission(), local=self._terms.local)
            if isinstance(standing, NotNow):
                return Postings(), standing
            if _stale(there, seen):
                return Postings(), Stale(there.version)
            if faults := self._faults(read, there.identity, submitted.wanted, ledger, by):
                return Postings(), Faulty(faults)
            made = msgspec.structs.replace(
                moved(there, standing, by),
                name=read.name,
                told=self._sealer.seal(read.document, there.identity, by.chance),
                digest=digest,
                wanted=submitted.wanted,
            )
            step = posted(made, by, "resubmitted")
            postings = msgspec.structs.replace(step, replaced=there.revision)
            return _with_documents(postings, made, read, ledger), made

        return await self._store.post(read.about(application=number), decide)

    async def faults(
        self, submitted: Submitted, by: By, application: UUID | None = None
    ) -> tuple[Fault, ...]:
        """Say all that is wrong with what is submitted, and take nothing.

        `application`: the one that is to be mended.
        """
        read = self._read(submitted)

        def decide(ledger: Ledger) -> tuple[Postings, tuple[Fault, ...]]:
            whose = ledger.application or (ledger.member if submitted.enterprise else None)
            identity = read.identity if whose is None else whose.identity
            return Postings(), self._faults(read, identity, submitted.wanted, ledger, by)

        about = read.about(application=application, enterprise=submitted.enterprise)
        return await self._store.post(about, decide)

    async def decide(
        self, number: UUID, step: Approval | Rejection | Withdrawal, by: By, seen: Seen = None
    ) -> Decided:
        """Take a verdict. What is approved is so at once: an enterprise, or its particulars.

        `seen` are the versions of the application that the verdict may be about; None: any.
        """
        there = await self._store.application(number)
        if there is None:
            return NoApplication()
        about = About(
            application=number,
            identity=there.identity,
            enterprise=there.enterprise,
            year=by.year if there.kind is Kind.ADMISSION else 0,
        )

        def decide(ledger: Ledger) -> tuple[Postings, Decided]:
            application = ledger.application or there  # none ever goes away
            standing = stepped(application.standing, step, local=self._terms.local)
            if isinstance(standing, NotNow) or standing == application.standing:
                return Postings(), standing if isinstance(standing, NotNow) else application
            if _stale(application, seen):
                return Postings(), Stale(application.version)
            after = moved(application, standing, by)
            if standing.stage is Stage.APPROVED:
                return self._approvals.approved(after, ledger, by)
            postings = posted(after, by, standing.stage, _reasons(step))
            if standing.stage is Stage.PASSED:
                notice = Notice(kind="application", subject=str(number), at=by.at)
                postings = msgspec.structs.replace(postings, notices=(notice,))
            return postings, after

        answer = await self._store.post(about, decide)
        self._changed()
        return answer

    async def purge(self, number: UUID, by: By) -> Purged:
        """Remove the personal data and the documents of an application that came to nothing.

        Those of its earlier revisions too. One that was rejected is withdrawn by it. That there was
        an application, and what was decided, stays.
        """
        there = await self._store.application(number)
        if there is None:
            return NoApplication()
        about = About(application=number, enterprise=there.enterprise, identity=there.identity)

        def decide(ledger: Ledger) -> tuple[Postings, Purged]:
            application = ledger.application or there
            if application.purged_at:
                return Postings(), application
            standing = application.standing
            if standing.stage not in {Stage.REJECTED, Stage.WITHDRAWN}:
                return Postings(), Undecided(standing.stage)
            ended = msgspec.structs.replace(standing, stage=Stage.WITHDRAWN)
            made = msgspec.structs.replace(
                moved(application, ended, by),
                told=self._sealer.stripped(application.told),
                purged_at=by.now,
            )
            postings = posted(made, by, "purged")
            kept = self._documents_of(ledger.member)
            return msgspec.structs.replace(postings, purged=number, kept=kept), made

        return await self._store.post(about, decide)

    async def purge_lapsed(self, before: int, by: By) -> int:
        """Purge what was rejected or withdrawn and lies untouched since an epoch second."""
        numbers = await self._store.lapsed(before, _PURGED_AT_ONCE)
        for at, number in enumerate(numbers):
            await self.purge(
                number, msgspec.structs.replace(by, request_id=f"{by.request_id}-{at}")
            )
        return len(numbers)

    async def listed(self, wanted: Wanted, after: str, limit: int) -> Sequence[Application]:
        """Return a page of applications."""
        return await self._store.applications(wanted, after, limit)

    def _documents_of(self, member: Member | None) -> tuple[UUID, ...]:
        if member is None:
            return ()
        document = self._sealer.open(member.told, member.identity)
        return tuple(one.id for one in references(document, FIELDS) if one.id is not None)

    def _read(self, submitted: Submitted) -> _Read:
        document, faults = judged(submitted.particulars, self._terms.registers)
        wrong, basic = {fault.pointer for fault in faults}, document.get("basic", {})
        identity = None
        if not wrong & _NUMBER and "org_cert_type" in basic and "org_cert_no" in basic:
            identity = Identity(basic["org_cert_type"], basic["org_cert_no"])
        named = [one for one in references(document, FIELDS) if one.pointer not in wrong]
        return _Read(document, identity, named, faults)

    def _faults(
        self, read: _Read, identity: Identity | None, wanted: str, ledger: Ledger, by: By
    ) -> tuple[Fault, ...]:
        faults = Faults(read.faults)
        if read.identity not in {None, identity}:
            faults.append(Fault("application.other", "/basic/org_cert_no"))
        faults.extend(binding_faults(read.documents, ledger.attachments, by.owner, identity))
        if fault := self._approvals.unavailable(wanted, ledger):
            faults.append(fault)
        return tuple(faults)


def _digest(submitted: Submitted) -> bytes:
    return sha256(msgspec.json.encode(submitted, order="deterministic")).digest()


async def filed(store: BusinessStore, number: int) -> Member | NoMember | NotFiled:
    """Return an enterprise that was filed. Raises `StoreUnavailable`."""
    found = await store.enterprise(number)
    if found is None:
        return NoMember()
    return found if found.filed else NotFiled()


def _if_taken(answer: Took) -> Took | None:
    return answer if isinstance(answer, Taken) else None


def _refused(kind: Kind, ledger: Ledger) -> AlreadyMember | NoMember | Left | None:
    member, added = ledger.member, ledger.added
    if kind is Kind.ADMISSION:
        if member is None and added is not None and added.state is EnterpriseState.CLOSED:
            return AlreadyMember(added.id)
        return None if member is None else AlreadyMember(member.id)
    if member is None:
        return NoMember()
    return Left() if member.state is EnterpriseState.CLOSED else None


def _stale(application: Application, seen: Seen) -> bool:
    return seen is not None and application.version not in seen


def _with_documents(postings: Postings, made: Application, read: _Read, ledger: Ledger) -> Postings:
    named = bound(read.documents, ledger.attachments, made.id, made.identity)
    return msgspec.structs.replace(postings, bound=named)


def _reasons(step: Step) -> tuple[str, ...]:
    return step.reasons if isinstance(step, Rejection) else ()
