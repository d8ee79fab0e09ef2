"""Hosting (托管) and routes (解析路由): whether the names of a prefix live here, or where else.

Everything but a store's trouble is an answer, and what is so already stays so.
"""

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from identifiers.changes import ChangeKind, Written
from identifiers.holdings import Holding, HoldingAbout, HoldingLedger, HoldingPostings
from identifiers.names import Prefix
from identifiers.records import Record
from identifiers.routes import record_key
from identifiers.routing import Endpoint, endpoints_of
from identifiers.standings import (
    EnterpriseState,
    Hosting,
    PrefixState,
    may_become,
    reason_faults,
)
from identifiers.wire.handle.values import decode_values
from registry import delegation
from registry.answers import Faulty, Stale
from registry.business.asking import By
from registry.business.placing import changed, of_enterprise, posted, unless_stale
from registry.business.prefix_ports import PrefixStore
from registry.business.prefixes import NoPrefix, NotActive, NotFrom, Seen

T = TypeVar("T")
Routed = Holding | NoPrefix | NotFrom | NotActive | Stale | Faulty


class Hostings:
    """The commands around hosting. `change` and `changed` are as in `prefixes.Holdings`."""

    def __init__(
        self,
        store: PrefixStore,
        change: Callable[[int], UUID],
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._change = change
        self._changed = changed

    async def host(
        self, prefix: Prefix, then: Hosting, reason: str, by: By, seen: Seen = None
    ) -> Routed:
        """Ask for hosting (托管), withdraw that, grant or refuse it.

        Once it is granted, names live here: the routes in the prefix's record go with it.
        """
        if then is Hosting.REJECTED and (faults := reason_faults(reason)):
            return Faulty(tuple(faults))

        def decide(ledger: HoldingLedger) -> tuple[HoldingPostings, Routed]:
            there = of_enterprise(ledger, prefix)
            if there is None or by.enterprise not in {0, there.enterprise}:
                return HoldingPostings(), NoPrefix()  # handed on since he was let in, it may be
            told = reason if then is Hosting.REJECTED else ""
            if there.hosting is then and there.reason == told:
                return HoldingPostings(), there
            if not may_become(there.hosting, then):
                return HoldingPostings(), NotFrom(there.hosting, then)
            hosted = then is Hosting.HOSTED
            made = changed(there, hosting=then, reason=told, routed=there.routed and not hosted)
            records = self._records(ledger, prefix, (), by) if hosted and there.routed else ()
            return posted("prefix.hosting", (there,), (made,), by, records), made

        return await self._posted(prefix, decide, seen)

    async def route(
        self, prefix: Prefix, endpoints: tuple[Endpoint, ...], by: By, seen: Seen = None
    ) -> Routed:
        """Say where the names of a prefix live: clients are referred there from now on.

        The routes stand in ``0.NA/<prefix>`` and nowhere else; what is registered here stays
        stored, and nobody is answered with it until the prefix is hosted again.
        """

        def decide(ledger: HoldingLedger) -> tuple[HoldingPostings, Routed]:
            there = of_enterprise(ledger, prefix)
            if there is None or by.enterprise not in {0, there.enterprise}:
                return HoldingPostings(), NoPrefix()  # handed on since he was let in, it may be
            if there.state is not PrefixState.ENABLED:
                return HoldingPostings(), NotFrom(there.state, PrefixState.ENABLED)
            hosting = Hosting.NOT_HOSTED if there.hosting is Hosting.HOSTED else there.hosting
            if ledger.owners.get(there.enterprise) is not EnterpriseState.ACTIVE:
                return HoldingPostings(), NotActive(there.enterprise)
            if there.routed and _told(ledger, prefix) == endpoints:
                return HoldingPostings(), there
            made = changed(there, hosting=hosting, routed=True)
            records = self._records(ledger, prefix, endpoints, by)
            detail = {"sites": [endpoint.document() for endpoint in endpoints]}
            return posted("prefix.route", (there,), (made,), by, records, detail), made

        return await self._posted(prefix, decide, seen)

    def _records(
        self, ledger: HoldingLedger, prefix: Prefix, endpoints: tuple[Endpoint, ...], by: By
    ) -> tuple[Written, ...]:
        stored = ledger.current.records.get(record_key(prefix))
        sites = [endpoint.site() for endpoint in endpoints]
        record = delegation.routed(stored, prefix, sites, by.now)
        if record is None:
            return ()
        kind = ChangeKind.CREATED if stored is None else ChangeKind.UPDATED
        return (Written(self._change(by.at), kind, record),)

    async def _posted(
        self,
        prefix: Prefix,
        decide: Callable[[HoldingLedger], tuple[HoldingPostings, T]],
        seen: Seen,
    ) -> T | Stale:
        about = HoldingAbout(prefixes=(prefix,))
        answer = await self._store.post(about, unless_stale(decide, seen, prefix))
        self._changed()
        return answer


def _told(ledger: HoldingLedger, prefix: Prefix) -> tuple[Endpoint, ...]:
    """Return the routes that the prefix's record tells already."""
    return told_by(ledger.current.records.get(record_key(prefix)))


def told_by(record: Record | None) -> tuple[Endpoint, ...]:
    """Return where the record of a prefix sends clients."""
    return () if record is None else endpoints_of(decode_values(record.values))
