"""Prefixes (前缀): who holds them, in which state, and by which rule they are given.

What an enterprise applies for is in ``prefix_applications``, where names live in ``hosting``.
Everything but a store's trouble is an answer, and what is so already stays so: every command may be
repeated.
"""

from collections.abc import Callable
from typing import Final, TypeVar
from uuid import UUID

import msgspec

from identifiers.changes import ChangeKind, Writes, Written
from identifiers.directory import PrefixKind
from identifiers.faults import Fault
from identifiers.holdings import Holding, HoldingAbout, HoldingLedger, HoldingPostings
from identifiers.labels import Allotment
from identifiers.names import Prefix
from identifiers.routes import record_key
from identifiers.standings import (
    EnterpriseState,
    Hosting,
    PrefixState,
    may_become,
    reason_faults,
)
from registry.allotment import BelowAnother, InUse, StillBelow, held
from registry.answers import Faulty, KeyReused, Replayed, Stale
from registry.business.asking import By
from registry.business.placing import (
    changed,
    entry_of,
    family_of,
    next_below,
    of_enterprise,
    place_fault,
    posted,
    root_fault,
    unless_stale,
)
from registry.business.prefix_ports import PrefixStore
from registry.commands import Once
from registry.effects import first_answer, remembered
from registry.leaving import without_keys

T = TypeVar("T")
MAX_QUOTA: Final = 2**53
_SWITCHED: Final = frozenset({PrefixState.ENABLED, PrefixState.DISABLED, PrefixState.TO_BE_DELETED})
_ATTEMPTS: Final = 5


class NoPrefix(msgspec.Struct, frozen=True):
    """There is no such prefix, or it is no enterprise's."""


class NotFrom(msgspec.Struct, frozen=True):
    """From this state (of the prefix, or of its hosting) that one cannot follow."""

    now: PrefixState | Hosting
    then: PrefixState | Hosting


class NotActive(msgspec.Struct, frozen=True):
    """There is no enterprise of that number, or it is suspended or closed."""

    enterprise: int


class Moving(msgspec.Struct, frozen=True):
    """Prefixes below it come and go all the time; try again."""


class Rule(msgspec.Struct, frozen=True):
    """How labels are given below a secondary prefix from now on."""

    root: Prefix
    allotment: Allotment


class Allotting(msgspec.Struct, frozen=True, kw_only=True):
    """A prefix is given to an enterprise by hand: this one, or whichever is next below `root`."""

    enterprise: int
    root: Prefix | None = None
    prefix: Prefix | None = None
    hosted: bool = True
    quota: int | None = None


Seen = frozenset[int] | None
"""The versions of a prefix that a command is meant for (If-Match); None: any."""
Shifted = Holding | NoPrefix | NotFrom | StillBelow | Stale | Faulty
Moved = Holding | NoPrefix | NotFrom | NotActive | BelowAnother | Moving | Stale
Removed = Holding | NoPrefix | NotFrom | InUse | Stale
Given = Holding | NotActive | Faulty
Repeated = Replayed | KeyReused


class Holdings:
    """The commands around prefixes. `changed` is called when the picture of all prefixes changed.

    `change` makes the id of a change at an instant (epoch milliseconds).
    """

    def __init__(
        self,
        store: PrefixStore,
        change: Callable[[int], UUID],
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._change = change
        self._changed = changed

    async def switch(
        self, prefix: Prefix, then: PrefixState, reason: str, by: By, seen: Seen = None
    ) -> Shifted:
        """Switch a prefix on, off, or off for good (待删除).

        Its names are told as living nowhere while it is off; whose it is and what is stored stay.
        """
        if then is not PrefixState.ENABLED and (faults := reason_faults(reason)):
            return Faulty(tuple(faults))

        def decide(ledger: HoldingLedger) -> tuple[HoldingPostings, Shifted]:
            there = ledger.holdings.get(str(prefix))
            if there is None:
                return HoldingPostings(), NoPrefix()
            told = "" if then is PrefixState.ENABLED else reason
            if there.state is then and there.reason == told:
                return HoldingPostings(), there
            if {there.state, then} - _SWITCHED or not may_become(there.state, then):
                return HoldingPostings(), NotFrom(there.state, then)
            if then is not PrefixState.ENABLED and (
                below := held(ledger.directory, entry_of(ledger, prefix))
            ):
                return HoldingPostings(), below
            made = changed(there, state=then, reason=told)
            return posted("prefix.state", (there,), (made,), by), made

        return await self._posted(HoldingAbout(prefixes=(prefix,)), decide, seen, prefix)

    async def transfer(self, prefix: Prefix, heir: int, by: By, seen: Seen = None) -> Moved:
        """Hand a prefix to another enterprise, with all below that was the former holder's.

        Keys and administrators of the former holder go from the records of these prefixes; its API
        keys reach nothing there any more. Names, routes and quotas stay.
        """
        for _ in range(_ATTEMPTS):
            now = await self._store.post(HoldingAbout(), lambda led: (NOTHING, led.directory))
            family = family_of(now, prefix)

            def decide(
                ledger: HoldingLedger, family: tuple[Prefix, ...] = family
            ) -> tuple[HoldingPostings, Moved]:
                if family_of(ledger.directory, prefix) != family:
                    return HoldingPostings(), Moving()
                return self._handed(ledger, prefix, heir, by)

            about = HoldingAbout(prefixes=family, heirs=(heir,))
            answer = await self._posted(about, decide, seen, prefix)
            if not isinstance(answer, Moving):
                return answer
        return Moving()

    def _handed(
        self, ledger: HoldingLedger, prefix: Prefix, heir: int, by: By
    ) -> tuple[HoldingPostings, Moved]:
        there = of_enterprise(ledger, prefix)
        if there is None:
            return HoldingPostings(), NoPrefix()
        if there.state not in _SWITCHED:
            return HoldingPostings(), NotFrom(there.state, PrefixState.ENABLED)
        if ledger.owners.get(heir) is not EnterpriseState.ACTIVE:
            return HoldingPostings(), NotActive(heir)
        if there.enterprise == heir:
            return HoldingPostings(), there
        upper = ledger.directory.nearest(".".join(prefix.labels[:-1]))
        if upper is not None and upper.kind is PrefixKind.ENTERPRISE and upper.enterprise != heir:
            return HoldingPostings(), BelowAnother(upper.prefix)
        before = tuple(ledger.holdings.values())
        holder = ledger.names.get(heir, "")
        after = tuple(changed(one, enterprise=heir, holder=holder) for one in before)
        cleared = [
            (stored, without_keys(stored, by.now))
            for one in before
            if (stored := ledger.current.records.get(record_key(one.prefix))) is not None
        ]
        records = tuple(
            Written(self._change(by.at), ChangeKind.UPDATED, record)
            for _, record in cleared
            if record is not None
        )
        made = next(one for one in after if one.prefix == prefix)
        return posted("prefix.transfer", before, after, by, records), made

    async def limit(self, prefix: Prefix, quota: int | None, by: By, seen: Seen = None) -> Shifted:
        """Say how many identifiers may stand under a prefix; None: as its enterprise may."""
        if quota is not None and not 0 <= quota <= MAX_QUOTA:
            return Faulty((Fault("range", "/quota", {"low": 0, "high": MAX_QUOTA}),))

        def decide(ledger: HoldingLedger) -> tuple[HoldingPostings, Shifted]:
            there = ledger.holdings.get(str(prefix))
            if there is None:
                return HoldingPostings(), NoPrefix()
            if there.quota == quota:
                return HoldingPostings(), there
            made = changed(there, quota=quota)
            return posted("prefix.quota", (there,), (made,), by), made

        return await self._posted(HoldingAbout(prefixes=(prefix,)), decide, seen, prefix)

    async def remove(self, prefix: Prefix, by: By, seen: Seen = None) -> Removed:
        """Forget a prefix that is to be deleted and under which nothing is stored.

        Nor are versions kept of what was. Its label may be given again.
        """

        def decide(ledger: HoldingLedger) -> tuple[HoldingPostings, Removed]:
            there = of_enterprise(ledger, prefix)
            if there is None:
                return HoldingPostings(), NoPrefix()
            if there.state is not PrefixState.TO_BE_DELETED:
                return HoldingPostings(), NotFrom(there.state, PrefixState.TO_BE_DELETED)
            if str(prefix) in ledger.used:
                return HoldingPostings(), InUse()
            entry = by.entry("prefix.remove", prefix, {"enterprise": there.enterprise})
            return HoldingPostings(removed=(prefix,), writes=Writes(audit=(entry,))), there

        about = HoldingAbout(prefixes=(prefix,), weigh=True)
        return await self._posted(about, decide, seen, prefix)

    async def allot(
        self, wanted: Allotting, by: By, once: Once[Given | Repeated] | None = None
    ) -> Given | Repeated:
        """Give a prefix to an enterprise by hand, reserved ones too, or the next by the rule.

        Whichever is next is another one each time: whoever may ask twice asks `once`.
        """
        about = HoldingAbout(
            prefixes=() if wanted.prefix is None else (wanted.prefix,),
            heirs=(wanted.enterprise,),
            root=wanted.root,
            requests=() if once is None else (once.key,),
        )

        def decide(ledger: HoldingLedger) -> tuple[HoldingPostings, Given | Repeated]:
            if (before := first_answer(once, ledger.current)) is not None:
                return HoldingPostings(), before
            postings, answer = _given(ledger, wanted, by)
            writes = remembered(postings.writes, once, answer)
            return msgspec.structs.replace(postings, writes=writes), answer

        answer = await self._store.post(about, decide)
        self._changed()
        return answer

    async def regulate(self, rule: Rule, by: By) -> Rule | Faulty:
        """Say how labels are given below a secondary prefix: first, digits, reserved, vanity."""

        def decide(ledger: HoldingLedger) -> tuple[HoldingPostings, Rule | Faulty]:
            if fault := root_fault(ledger.directory, rule.root):
                return HoldingPostings(), Faulty((fault,))
            if ledger.rule == rule.allotment:
                return HoldingPostings(), rule
            detail = {"from": ledger.rule, "to": rule.allotment}
            entry = by.entry("prefix.rule", rule.root, detail)
            return HoldingPostings(rule=rule.allotment, writes=Writes(audit=(entry,))), rule

        return await self._store.post(HoldingAbout(root=rule.root), decide)

    async def _posted(
        self,
        about: HoldingAbout,
        decide: Callable[[HoldingLedger], tuple[HoldingPostings, T]],
        seen: Seen,
        prefix: Prefix,
    ) -> T | Stale:
        answer = await self._store.post(about, unless_stale(decide, seen, prefix))
        self._changed()
        return answer


NOTHING: Final = HoldingPostings()


def _given(ledger: HoldingLedger, wanted: Allotting, by: By) -> tuple[HoldingPostings, Given]:
    if ledger.owners.get(wanted.enterprise) is not EnterpriseState.ACTIVE:
        return HoldingPostings(), NotActive(wanted.enterprise)
    prefix = _wanted(ledger, wanted)
    if isinstance(prefix, Fault):
        return HoldingPostings(), Faulty((prefix,))
    made = Holding(
        prefix=prefix,
        enterprise=wanted.enterprise,
        holder=ledger.names.get(wanted.enterprise, ""),
        state=PrefixState.ENABLED,
        hosting=Hosting.HOSTED if wanted.hosted else Hosting.NOT_HOSTED,
        quota=wanted.quota,
        created_at=by.at,
        approved_at=by.at,
    )
    if (there := ledger.holdings.get(str(prefix))) is not None and _is_so(there, wanted):
        return HoldingPostings(), there
    if fault := place_fault(ledger.directory, prefix, wanted.enterprise, "/prefix"):
        return HoldingPostings(), Faulty((fault,))
    return posted("prefix.allot", (), (made,), by), made


def _is_so(there: Holding, wanted: Allotting) -> bool:
    """Say whether an enterprise has already what it is to be given."""
    return there.enterprise == wanted.enterprise and there.state is PrefixState.ENABLED


def _wanted(ledger: HoldingLedger, wanted: Allotting) -> Prefix | Fault:
    if wanted.prefix is not None:
        return wanted.prefix
    return Fault("required", "/root") if wanted.root is None else next_below(ledger, wanted.root)
