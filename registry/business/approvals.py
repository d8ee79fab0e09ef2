"""What an approval makes: an enterprise with a prefix and a filing number, or other particulars."""

import msgspec

from identifiers.changes import AuditEntry
from identifiers.directory import PrefixDirectory, PrefixEntry, PrefixKind
from identifiers.enterprises.fields import Document
from identifiers.enterprises.ledger import Application, Ledger, Member, Postings
from identifiers.enterprises.particulars import Registers
from identifiers.enterprises.review import Kind
from identifiers.faults import Fault
from identifiers.holdings import Holding
from identifiers.labels import Allotment
from identifiers.names import Prefix
from identifiers.standings import EnterpriseState, Hosting, PrefixState
from registry.answers import Faulty
from registry.business.asking import By, posted
from registry.business.personal import Sealer
from registry.business.placing import DEFAULT_RULE, differences, taken_below


class NoPrefixLeft(msgspec.Struct, frozen=True):
    """The rule of allotment gives no label any more, or the node has no prefix of its own."""


class Left(msgspec.Struct, frozen=True):
    """The enterprise was closed, for good."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """How this node takes in: what codes are looked up in, and whether it decides alone."""

    registers: Registers
    local: bool


class Approvals:
    """Carries out what was approved. Pure."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def approved(
        self, application: Application, ledger: Ledger, by: By
    ) -> tuple[Postings, Application | NoPrefixLeft | Left | Faulty]:
        """Return what is written for an application that was just approved."""
        if application.kind is Kind.CHANGE:
            return self._changed(application, ledger, by)
        return self._admitted(application, ledger, by)

    def unavailable(self, wanted: str, ledger: Ledger) -> Fault | None:
        """Return why a label cannot be given that is wanted; None, also when none is wanted."""
        if not wanted:
            return None
        fault = _rule(ledger).asked_for(wanted, _taken(ledger.directory))
        return fault and fault.below("/wanted")

    def _admitted(
        self, application: Application, ledger: Ledger, by: By
    ) -> tuple[Postings, Application | NoPrefixLeft | Left | Faulty]:
        if ledger.member is not None:
            # Taken in meanwhile: on another application, as another organisation.
            return Postings(), Faulty((Fault("application.other", "/basic/org_cert_no"),))
        added = ledger.added
        if added is not None and added.state is EnterpriseState.CLOSED:
            return Postings(), Left()
        number = ledger.fresh if added is None else added.id
        homed = self._homed(application, number, ledger)
        if isinstance(homed, NoPrefixLeft | Faulty):
            return Postings(), homed
        member = Member(
            id=number,
            identity=application.identity,
            name=application.name,
            industry=_industry(self._opened(application)),
            # Who is suspended stays so: an approval of particulars resumes nobody.
            state=EnterpriseState.ACTIVE if added is None else added.state,
            reason="" if added is None else added.reason,
            told=application.told,
            filing=f"{ledger.directory.root}-{by.year}-{ledger.filed + 1:06}",
            approved_at=by.now,
            version=1 if added is None else added.version + 1,
        )
        made = msgspec.structs.replace(application, enterprise=member.id)
        step = posted(made, by, "approved")
        postings = msgspec.structs.replace(
            step,
            member=member,
            event=by.event("approved", made),
            homed=homed,
            audit=(*step.audit, *(_allotted(entry, made, by) for entry in homed)),
        )
        return postings, made

    def _homed(
        self, application: Application, number: int, ledger: Ledger
    ) -> tuple[PrefixEntry, ...] | NoPrefixLeft | Faulty:
        """Return the prefix that is given: none to who has one already and asks for no other."""
        root, wanted = ledger.directory.root, application.wanted
        if root is None:
            return NoPrefixLeft()
        if not wanted and any(e.enterprise == number for e in ledger.directory.entries):
            return ()
        label = wanted or _rule(ledger).next_label(_taken(ledger.directory))
        if label is None:
            return NoPrefixLeft()
        if fault := self.unavailable(wanted, ledger):
            return Faulty((fault,))
        prefix = Prefix((*root.labels, label))
        return (PrefixEntry(prefix=prefix, kind=PrefixKind.ENTERPRISE, enterprise=number),)

    def _changed(
        self, application: Application, ledger: Ledger, by: By
    ) -> tuple[Postings, Application]:
        postings = posted(application, by, "approved")
        if ledger.member is None:  # it was there when the change was asked for, and none goes away
            raise LookupError(f"there is no enterprise {application.enterprise}")
        member = msgspec.structs.replace(
            ledger.member,
            name=application.name,
            industry=_industry(self._opened(application)),
            told=application.told,
            version=ledger.member.version + 1,
        )
        event = by.event("changed", application)
        return msgspec.structs.replace(postings, member=member, event=event), application

    def _opened(self, application: Application) -> Document:
        return self._sealer.open(application.told, application.identity)


def _allotted(entry: PrefixEntry, application: Application, by: By) -> AuditEntry:
    """Return what the history of a prefix begins with that came with an admission."""
    holding = Holding(
        prefix=entry.prefix,
        enterprise=entry.enterprise,
        holder=application.name,
        state=PrefixState.ENABLED,
        hosting=Hosting.HOSTED,
    )
    detail = {"application": str(application.id), **differences(None, holding)}
    return by.entry("prefix.allot", entry.prefix, detail)


def _rule(ledger: Ledger) -> Allotment:
    return ledger.rule or DEFAULT_RULE


def _taken(directory: PrefixDirectory) -> frozenset[str]:
    return frozenset() if directory.root is None else taken_below(directory, directory.root)


def _industry(document: Document) -> str:
    code: str = document["basic"]["industry_category"] + document["basic"]["industry_division"]
    return code
