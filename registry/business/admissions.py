"""Applications (申请): enterprises ask to be taken in, reviewers decide, a prefix is allotted."""

from datetime import datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

import msgspec

from identifiers.changes import AuditEntry
from identifiers.coding import BEIJING
from identifiers.directory import PrefixDirectory, PrefixEntry, PrefixKind
from identifiers.enterprises.ledger import (
    About,
    Application,
    Identity,
    Ledger,
    Member,
    Postings,
    ReviewStep,
)
from identifiers.enterprises.particulars import Particulars, Registers
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
from identifiers.faults import Fault, Invalid
from identifiers.labels import Allotment
from identifiers.names import Prefix
from identifiers.standings import EnterpriseState
from registry.answers import Faulty
from registry.business.personal import Sealer
from registry.business.ports import BusinessStore

_MILLI: Final = 1000


class By(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, when (epoch milliseconds), under which request id; `chance`: random octets."""

    actor: str
    at: int
    request_id: str
    chance: bytes = b""


class Submitted(msgspec.Struct, frozen=True, kw_only=True):
    """What an applicant sends: particulars as JSON has them, and the label that is wanted."""

    particulars: object
    wanted: str = ""


class NoApplication(msgspec.Struct, frozen=True):
    """There is none of that number."""


class AlreadyMember(msgspec.Struct, frozen=True):
    """The organisation is an enterprise of this node: what changes is a change request."""

    enterprise: int


class Pending(msgspec.Struct, frozen=True):
    """Another application of the organisation is open."""

    application: UUID


class NoPrefixLeft(msgspec.Struct, frozen=True):
    """The rule of allotment gives no label any more."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """How this node takes in: under which prefix, by which rule, and whether it decides alone."""

    root: Prefix
    allotment: Allotment
    registers: Registers
    local: bool


Applied = Application | Faulty | AlreadyMember | Pending | NotNow | NoApplication
Decided = Application | NotNow | NoApplication | NoPrefixLeft | Faulty


class Admissions:
    """The commands around applications. Everything but a store's trouble is an answer."""

    def __init__(self, store: BusinessStore, sealer: Sealer, terms: Terms) -> None:
        self._store = store
        self._sealer = sealer
        self._terms = terms

    async def apply(self, number: UUID, submitted: Submitted, by: By) -> Applied:
        """Take an application for admission. The same once more is the same application."""
        read = self._read(submitted)
        if isinstance(read, Faulty):
            return read
        identity = _identity(read)
        digest = _digest(submitted)

        def decide(ledger: Ledger) -> tuple[Postings, Applied]:
            if ledger.pending is not None:
                same = ledger.pending.digest == digest
                return Postings(), ledger.pending if same else Pending(ledger.pending.id)
            if ledger.member is not None:
                return Postings(), AlreadyMember(ledger.member.id)
            if fault := self._unavailable(submitted.wanted, ledger.directory):
                return Postings(), Faulty((fault,))
            made = Application(
                id=number,
                kind=Kind.ADMISSION,
                identity=identity,
                name=read.get("basic", "org_name"),
                standing=Standing(),
                told=self._sealer.seal(read.document, identity, by.chance),
                digest=digest,
                wanted=submitted.wanted,
                submitted_at=by.at // _MILLI,
                changed_at=by.at // _MILLI,
            )
            return _posted(made, by, "submitted"), made

        return await self._store.post(About(identity=identity), decide)

    async def resubmit(self, number: UUID, submitted: Submitted, by: By) -> Applied:
        """Take an application again that was rejected, mended."""
        read = self._read(submitted)
        if isinstance(read, Faulty):
            return read
        digest = _digest(submitted)

        def decide(ledger: Ledger) -> tuple[Postings, Applied]:
            there = ledger.application
            if there is None:
                return Postings(), NoApplication()
            if there.digest == digest and there.standing.stage is Stage.SUBMITTED:
                return Postings(), there
            if _identity(read) != there.identity:
                return Postings(), Faulty((Fault("application.other", "/basic/org_cert_no"),))
            standing = stepped(there.standing, Resubmission(), local=self._terms.local)
            if isinstance(standing, NotNow):
                return Postings(), standing
            if fault := self._unavailable(submitted.wanted, ledger.directory):
                return Postings(), Faulty((fault,))
            made = msgspec.structs.replace(
                _moved(there, standing, by),
                name=read.get("basic", "org_name"),
                told=self._sealer.seal(read.document, there.identity, by.chance),
                digest=digest,
                wanted=submitted.wanted,
            )
            return _posted(made, by, "resubmitted"), made

        return await self._store.post(About(application=number), decide)

    async def decide(
        self, number: UUID, step: Approval | Rejection | Withdrawal, by: By
    ) -> Decided:
        """Take a verdict. What is approved becomes an enterprise with a prefix, at once."""
        there = await self._store.application(number)
        if there is None:
            return NoApplication()
        about = About(application=number, identity=there.identity, year=_year(by))

        def decide(ledger: Ledger) -> tuple[Postings, Decided]:
            application = ledger.application or there  # none ever goes away
            standing = stepped(application.standing, step, local=self._terms.local)
            if isinstance(standing, NotNow) or standing == application.standing:
                return Postings(), standing if isinstance(standing, NotNow) else application
            moved = _moved(application, standing, by)
            if standing.stage is Stage.APPROVED:
                return self._admitted(moved, ledger, by)
            return _posted(moved, by, standing.stage, _reasons(step)), moved

        return await self._store.post(about, decide)

    def _admitted(
        self, application: Application, ledger: Ledger, by: By
    ) -> tuple[Postings, Decided]:
        label = application.wanted or self._next(ledger.directory)
        if label is None:
            return Postings(), NoPrefixLeft()
        if fault := self._unavailable(application.wanted, ledger.directory):
            return Postings(), Faulty((fault,))
        document = self._sealer.open(application.told, application.identity)
        member = Member(
            id=ledger.fresh,
            identity=application.identity,
            name=application.name,
            industry=document["basic"]["industry_category"]
            + document["basic"]["industry_division"],
            state=EnterpriseState.ACTIVE,
            told=application.told,
            filing=f"{self._terms.root}-{_year(by)}-{ledger.filed + 1:06}",
            approved_at=by.at // _MILLI,
        )
        homed = PrefixEntry(
            prefix=Prefix((*self._terms.root.labels, label)),
            kind=PrefixKind.ENTERPRISE,
            enterprise=member.id,
        )
        made = msgspec.structs.replace(application, enterprise=member.id)
        postings = _posted(made, by, "approved")
        return msgspec.structs.replace(postings, member=member, homed=(homed,)), made

    def _read(self, submitted: Submitted) -> Particulars | Faulty:
        try:
            return Particulars.read(submitted.particulars, self._terms.registers)
        except Invalid as invalid:
            return Faulty(invalid.faults)

    def _next(self, directory: PrefixDirectory) -> str | None:
        return self._terms.allotment.next_label(self._taken(directory))

    def _unavailable(self, wanted: str, directory: PrefixDirectory) -> Fault | None:
        if not wanted:
            return None
        fault = self._terms.allotment.asked_for(wanted, self._taken(directory))
        return fault and fault.below("/wanted")

    def _taken(self, directory: PrefixDirectory) -> set[str]:
        root, depth = self._terms.root, len(self._terms.root.labels)
        return {
            entry.prefix.labels[depth]
            for entry in directory.entries
            if root.covers(entry.prefix) and len(entry.prefix.labels) > depth
        }


def _identity(read: Particulars) -> Identity:
    return Identity(read.get("basic", "org_cert_type"), read.get("basic", "org_cert_no"))


def _digest(submitted: Submitted) -> bytes:
    return sha256(msgspec.json.encode(submitted, order="deterministic")).digest()


def _year(by: By) -> int:
    return datetime.fromtimestamp(by.at // _MILLI, BEIJING).year


def _moved(application: Application, standing: Standing, by: By) -> Application:
    return msgspec.structs.replace(
        application,
        standing=standing,
        changed_at=by.at // _MILLI,
        version=application.version + 1,
    )


def _reasons(step: Step) -> tuple[str, ...]:
    return step.reasons if isinstance(step, Rejection) else ()


def _posted(application: Application, by: By, did: str, reasons: tuple[str, ...] = ()) -> Postings:
    step = ReviewStep(
        application=application.id,
        revision=application.standing.revision,
        at=by.at,
        actor=by.actor,
        did=did,
        reasons=reasons,
    )
    entry = AuditEntry(
        at=by.at,
        actor=by.actor,
        action=f"application.{did}",
        subject=str(application.id),
        request=by.request_id,
        detail=msgspec.json.encode({"revision": step.revision, "reasons": reasons}),
    )
    return Postings(application=application, steps=(step,), audit=(entry,))
