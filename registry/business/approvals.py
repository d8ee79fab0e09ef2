"""What an approval makes: an enterprise with a prefix and a filing number, or other particulars."""

import msgspec

from identifiers.directory import PrefixDirectory, PrefixEntry, PrefixKind
from identifiers.enterprises.fields import Document
from identifiers.enterprises.ledger import Application, Ledger, Member, Postings
from identifiers.enterprises.particulars import Registers
from identifiers.enterprises.review import Kind
from identifiers.faults import Fault
from identifiers.labels import Allotment
from identifiers.names import Prefix
from identifiers.standings import EnterpriseState
from registry.answers import Faulty
from registry.business.asking import By, posted
from registry.business.personal import Sealer


class NoPrefixLeft(msgspec.Struct, frozen=True):
    """The rule of allotment gives no label any more, or the node has no prefix of its own."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """How this node takes in: by which rule labels are given, and whether it decides alone."""

    allotment: Allotment
    registers: Registers
    local: bool


class Approvals:
    """Carries out what was approved. Pure."""

    def __init__(self, sealer: Sealer, terms: Terms) -> None:
        self._sealer = sealer
        self._terms = terms

    def approved(
        self, application: Application, ledger: Ledger, by: By
    ) -> tuple[Postings, Application | NoPrefixLeft | Faulty]:
        """Return what is written for an application that was just approved."""
        if application.kind is Kind.CHANGE:
            return self._changed(application, ledger, by)
        return self._admitted(application, ledger, by)

    def unavailable(self, wanted: str, directory: PrefixDirectory) -> Fault | None:
        """Return why a label cannot be given that is wanted; None, also when none is wanted."""
        if not wanted:
            return None
        fault = self._terms.allotment.asked_for(wanted, _taken(directory))
        return fault and fault.below("/wanted")

    def _admitted(
        self, application: Application, ledger: Ledger, by: By
    ) -> tuple[Postings, Application | NoPrefixLeft | Faulty]:
        root = _root(ledger.directory)
        label = application.wanted or self._next(ledger.directory)
        if label is None or root is None:
            return Postings(), NoPrefixLeft()
        if fault := self.unavailable(application.wanted, ledger.directory):
            return Postings(), Faulty((fault,))
        member = Member(
            id=application.enterprise or ledger.fresh,
            identity=application.identity,
            name=application.name,
            industry=_industry(self._opened(application)),
            state=EnterpriseState.ACTIVE,
            told=application.told,
            filing=f"{root}-{by.year}-{ledger.filed + 1:06}",
            approved_at=by.now,
        )
        homed = PrefixEntry(
            prefix=Prefix((*root.labels, label)),
            kind=PrefixKind.ENTERPRISE,
            enterprise=member.id,
        )
        made = msgspec.structs.replace(application, enterprise=member.id)
        postings = msgspec.structs.replace(
            posted(made, by, "approved"),
            member=member,
            event=by.event("approved", made),
            homed=(homed,),
        )
        return postings, made

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

    def _next(self, directory: PrefixDirectory) -> str | None:
        return self._terms.allotment.next_label(_taken(directory))


def _root(directory: PrefixDirectory) -> Prefix | None:
    """Return the prefix of the node under which enterprises get theirs: its first."""
    roots = (e.prefix for e in directory.entries if e.kind is PrefixKind.SECONDARY and e.enabled)
    return min(roots, default=None)


def _taken(directory: PrefixDirectory) -> set[str]:
    root = _root(directory)
    if root is None:
        return set()
    depth = len(root.labels)
    return {
        entry.prefix.labels[depth]
        for entry in directory.entries
        if root.covers(entry.prefix) and len(entry.prefix.labels) > depth
    }


def _industry(document: Document) -> str:
    code: str = document["basic"]["industry_category"] + document["basic"]["industry_division"]
    return code
