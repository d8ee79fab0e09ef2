"""Enterprises: suspended, resumed, closed, and who they are verified.

Those of which nothing was filed are suspended, resumed and closed as all are.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, Protocol
from uuid import UUID

import msgspec

from identifiers.enterprises.ledger import (
    About,
    Certificate,
    Identity,
    Ledger,
    Member,
    MemberVersion,
    Notice,
    Outcome,
    Postings,
    Verification,
)
from identifiers.faults import Fault
from identifiers.standings import EnterpriseState, may_become, reason_faults
from registry.answers import Faulty
from registry.business.admissions import filed
from registry.business.asking import By
from registry.business.ports import BusinessStore
from registry.business.refusals import NoApplication, NoMember, NotFiled

METHODS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "papers": ("papers were checked", "证照核对"),
        "registers": ("compared with public registers", "登记信息比对"),
        "visit": ("seen on site", "现场核验"),
        "agency": ("done by an agency", "委托机构核验"),
    }
)
"""How real names are verified."""
_DID: Final = {
    EnterpriseState.SUSPENDED: "suspended",
    EnterpriseState.ACTIVE: "resumed",
    EnterpriseState.CLOSED: "closed",
}


class Leaving(Protocol):
    """What else becomes of an enterprise that is closed. May be told of it again."""

    async def leave(self, enterprise: int, reason: str, by: By) -> None:
        """Raise `StoreUnavailable` or `FateUnknown`."""
        ...


class CannotBecome(msgspec.Struct, frozen=True):
    """An enterprise in this state cannot come to that one."""

    now: EnterpriseState
    then: EnterpriseState


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What came of verifying somebody: `method` is one of `METHODS`."""

    outcome: Outcome
    method: str
    note: str = ""


class Enterprises:
    """The commands around enterprises. Everything but a store's trouble is an answer.

    `local`: the national node is told nothing; else it is told of those that were filed. `leaving`
    is told of whoever is closed. `changed` is called when the picture of all prefixes changed.
    """

    def __init__(
        self,
        store: BusinessStore,
        *,
        local: bool,
        leaving: Leaving | None = None,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._local = local
        self._leaving = leaving
        self._changed = changed

    async def suspend(self, number: int, reason: str, by: By) -> "Shifted":
        """Switch all prefixes of an enterprise off: its names are told as living nowhere."""
        return await self._shift(number, EnterpriseState.SUSPENDED, reason, by)

    async def resume(self, number: int, by: By) -> "Shifted":
        """Switch them on again, each as it was by itself."""
        return await self._shift(number, EnterpriseState.ACTIVE, "", by)

    async def close(self, number: int, reason: str, by: By) -> "Shifted":
        """Let an enterprise go, for good. Its prefixes are off, its names and records stay.

        Once more on one that is closed finishes what was cut.
        """
        answer = await self._shift(number, EnterpriseState.CLOSED, reason, by)
        if isinstance(answer, Member) and self._leaving is not None:
            await self._leaving.leave(number, answer.reason, by)
        return answer

    async def _shift(self, number: int, then: EnterpriseState, reason: str, by: By) -> "Shifted":
        if then is not EnterpriseState.ACTIVE and (faults := reason_faults(reason)):
            return Faulty(tuple(faults))

        def decide(ledger: Ledger) -> tuple[Postings, Shifted]:
            member = ledger.member or ledger.added
            if member is None or member.id != number:
                return Postings(), NoMember()
            if member.state is then:
                return Postings(), member
            if not may_become(member.state, then):
                return Postings(), CannotBecome(member.state, then)
            made = msgspec.structs.replace(
                member, state=then, reason=reason, version=member.version + 1
            )
            did = _DID[then]
            # The national node knows of nobody who was not filed.
            notices = (_notice(number, by),) if member.filed and not self._local else ()
            return Postings(
                member=made,
                event=by.event(did),
                certificates=_ended(ledger.in_force, then, by),
                notices=notices,
                audit=(by.entry(f"enterprise.{did}", number, {"reason": reason}),),
            ), made

        answer = await self._store.post(About(enterprise=number), decide)
        self._changed()
        return answer

    async def verify(
        self, number: int, finding: Finding, by: By
    ) -> "Verified | NoMember | NotFiled":
        """Note what came of verifying who an enterprise is."""
        member = await filed(self._store, number)
        if not isinstance(member, Member):
            return member
        return await self._verify(member.identity, f"enterprise:{number}", finding, by)

    async def verify_applicant(
        self, number: UUID, finding: Finding, by: By
    ) -> "Verified | NoApplication":
        """Note the same of whoever made an application; it stays with the organisation."""
        application = await self._store.application(number)
        if application is None:
            return NoApplication()
        return await self._verify(application.identity, f"application:{number}", finding, by)

    async def _verify(
        self, identity: Identity, subject: str, finding: Finding, by: By
    ) -> "Verified":
        if finding.method not in METHODS:
            choices = ", ".join(METHODS)
            return Faulty((Fault("one_of", "/method", {"choices": choices}),))
        if finding.note and (faults := reason_faults(finding.note, "/note")):
            return Faulty(tuple(faults))
        made = Verification(
            identity=identity,
            outcome=finding.outcome,
            method=finding.method,
            at=by.at,
            actor=by.actor,
            note=finding.note,
        )
        detail = {"outcome": made.outcome, "method": made.method}
        entry = by.entry("enterprise.verified", subject, detail)
        return await self._store.post(
            About(identity=identity),
            lambda _: (Postings(verification=made, audit=(entry,)), made),
        )

    async def history(self, number: int, after: int, limit: int) -> Sequence[MemberVersion]:
        """Return a page of what an enterprise was, oldest first."""
        return await self._store.versions(number, after, limit)


Shifted = Member | NoMember | CannotBecome | Faulty
Verified = Verification | Faulty


def _notice(number: int, by: By) -> Notice:
    return Notice(kind="enterprise", subject=str(number), at=by.at)


def _ended(
    certificate: Certificate | None, then: EnterpriseState, by: By
) -> tuple[Certificate, ...]:
    """Return the certificate of an enterprise that is closed, revoked."""
    if certificate is None or then is not EnterpriseState.CLOSED:
        return ()
    return (
        msgspec.structs.replace(certificate, revoked_at=by.now, reason="the enterprise was closed"),
    )
