"""Prefix applications (前缀申请): an enterprise asks for a prefix more, reviewers decide.

The label is given at the application, by the rule or as it was asked for, so that nobody else gets
it meanwhile. The prefix stands in the picture from then on, switched off; the last approval
switches it on. Everything but a store's trouble is an answer.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Final, TypeVar
from uuid import UUID

import msgspec

from identifiers.changes import Writes
from identifiers.enterprises.review import (
    MAX_REASONS,
    Approval,
    NotNow,
    Rejection,
    Resubmission,
    Stage,
    Standing,
    Step,
    Withdrawal,
    stepped,
)
from identifiers.errors import AnsweredBefore
from identifiers.faults import Fault
from identifiers.holdings import (
    STATE_AT,
    Holding,
    HoldingAbout,
    HoldingLedger,
    HoldingPostings,
    PrefixApplication,
    Sought,
)
from identifiers.names import Prefix
from identifiers.standings import EnterpriseState, Hosting, PrefixState, reason_faults
from registry.answers import Faulty
from registry.business.asking import By
from registry.business.placing import (
    asked_below,
    changed,
    differences,
    next_below,
    place_fault,
)
from registry.business.prefix_ports import PrefixStore
from registry.business.prefixes import NotActive
from registry.commands import Once
from registry.effects import remembered

T = TypeVar("T")
MAX_OPEN: Final = 20
"""Open applications of one enterprise: labels that nobody else can have meanwhile."""


class Applying(msgspec.Struct, frozen=True, kw_only=True):
    """What an enterprise asks for: a prefix right below `root`.

    `label` empty: whichever is next. `hosted`: names are to live here.
    """

    enterprise: int
    root: Prefix
    label: str = ""
    purpose: str = ""
    hosted: bool = True

    @property
    def digest(self) -> bytes:
        """The same said again has the same."""
        return sha256(msgspec.json.encode(self, enc_hook=str)).digest()


class NoSuchApplication(msgspec.Struct, frozen=True):
    """There is none of that number."""


class TooManyOpen(msgspec.Struct, frozen=True):
    """The enterprise has as many open applications as it may."""

    limit: int


Applied = PrefixApplication | NotActive | TooManyOpen | Faulty
Decided = PrefixApplication | NoSuchApplication | NotNow | NotActive | Faulty


class PrefixApplications:
    """The commands. `local`: this node decides alone. `changed`: as in `prefixes.Holdings`."""

    def __init__(
        self, store: PrefixStore, *, local: bool, changed: Callable[[], None] = lambda: None
    ) -> None:
        self._store = store
        self._local = local
        self._changed = changed

    async def root(self) -> Prefix | None:
        """Return the node's first secondary prefix, below which labels are given as a rule."""
        seen = await self._store.holdings(Sought(enterprise=0, state=PrefixState.ENABLED), "", 1)
        return seen[0].prefix if seen else None

    async def apply(
        self, number: UUID, wanted: Applying, by: By, once: Once[Applied] | None = None
    ) -> Applied:
        """Take an application. The same once more, while it is open, is the same application.

        Raises `AnsweredBefore`.
        """
        if faults := _purpose_faults(wanted.purpose):
            return Faulty(faults)
        open_ones = await self._store.applications(wanted.enterprise, "", MAX_OPEN, open_only=True)
        about = HoldingAbout(
            enterprise=wanted.enterprise,
            digest=wanted.digest,
            root=wanted.root,
            requests=() if once is None else (once.key,),
        )

        def first(ledger: HoldingLedger) -> tuple[HoldingPostings, Applied]:
            if once is not None and (told := ledger.current.answers.get(once.key)) is not None:
                raise AnsweredBefore(told)
            postings, answer = decide(ledger)
            if not isinstance(answer, PrefixApplication):
                return postings, answer
            writes = remembered(postings.writes, once, answer)
            return msgspec.structs.replace(postings, writes=writes), answer

        def decide(ledger: HoldingLedger) -> tuple[HoldingPostings, Applied]:
            if ledger.twin is not None:
                return HoldingPostings(), ledger.twin
            if ledger.owners.get(wanted.enterprise) is not EnterpriseState.ACTIVE:
                return HoldingPostings(), NotActive(wanted.enterprise)
            if len(open_ones) >= MAX_OPEN:
                return HoldingPostings(), TooManyOpen(MAX_OPEN)
            prefix = _given(ledger, wanted)
            if isinstance(prefix, Fault):
                return HoldingPostings(), Faulty((prefix,))
            made = PrefixApplication(
                id=number,
                enterprise=wanted.enterprise,
                prefix=prefix,
                purpose=wanted.purpose,
                hosted=wanted.hosted,
                digest=wanted.digest,
                submitted_at=by.now,
                changed_at=by.now,
            )
            holding = Holding(
                prefix=prefix,
                enterprise=wanted.enterprise,
                state=STATE_AT[Stage.SUBMITTED],
                hosting=_hosting(made),
            )
            return _posted("prefix.apply", made, None, holding, by), made

        return await self._posted(about, first)

    async def resubmit(self, number: UUID, purpose: str, by: By, *, hosted: bool) -> Decided:
        """Take an application again that was rejected; the prefix stays the one that was given."""
        if faults := _purpose_faults(purpose):
            return Faulty(faults)

        def made(there: PrefixApplication) -> PrefixApplication:
            return msgspec.structs.replace(there, purpose=purpose, hosted=hosted, reasons=())

        return await self._step(number, Resubmission(), by, made)

    async def decide(
        self, number: UUID, step: Approval | Rejection | Withdrawal, by: By
    ) -> Decided:
        """Take a verdict. What is told twice changes nothing."""
        if isinstance(step, Rejection) and (faults := _reasons_faults(step.reasons)):
            return Faulty(faults)

        def made(there: PrefixApplication) -> PrefixApplication:
            reasons = step.reasons if isinstance(step, Rejection) else ()
            return msgspec.structs.replace(there, reasons=reasons)

        return await self._step(number, step, by, made)

    async def _step(
        self,
        number: UUID,
        step: Step,
        by: By,
        made: Callable[[PrefixApplication], PrefixApplication],
    ) -> Decided:
        known = await self._store.application(number)
        if known is None:
            return NoSuchApplication()
        about = HoldingAbout(
            application=number,
            prefixes=(known.prefix,),
            enterprise=known.enterprise,
            weigh=isinstance(step, Withdrawal),
        )

        def decide(ledger: HoldingLedger) -> tuple[HoldingPostings, Decided]:
            there = ledger.application or known  # none ever goes away
            standing = stepped(there.standing, step, local=self._local)
            if isinstance(standing, NotNow) or standing == there.standing:
                return HoldingPostings(), standing if isinstance(standing, NotNow) else there
            if (
                standing.stage in {Stage.PASSED, Stage.APPROVED}
                and ledger.owners.get(there.enterprise) is not EnterpriseState.ACTIVE
            ):
                return HoldingPostings(), NotActive(there.enterprise)
            return self._moved(ledger, made(there), standing, by)

        return await self._posted(about, decide)

    @staticmethod
    def _moved(
        ledger: HoldingLedger, there: PrefixApplication, standing: Standing, by: By
    ) -> tuple[HoldingPostings, Decided]:
        after = msgspec.structs.replace(
            there, standing=standing, changed_at=by.now, version=there.version + 1
        )
        holding = ledger.holdings.get(str(there.prefix))
        action = "prefix.apply" if standing.stage is Stage.SUBMITTED else "prefix.review"
        if holding is None:
            raise ValueError(f"{there.prefix} is applied for and not kept")
        if standing.stage is Stage.WITHDRAWN:
            action = "prefix.withdraw"
            if str(there.prefix) not in ledger.used:
                postings = _posted(action, after, holding, None, by)
                return msgspec.structs.replace(postings, removed=(there.prefix,)), after
        state = STATE_AT.get(standing.stage, PrefixState.TO_BE_DELETED)
        kept = changed(holding, state=state, hosting=_hosting(after))
        return _posted(action, after, holding, kept, by), after

    async def _posted(
        self, about: HoldingAbout, decide: Callable[[HoldingLedger], tuple[HoldingPostings, T]]
    ) -> T:
        answer = await self._store.post(about, decide)
        self._changed()
        return answer


def _given(ledger: HoldingLedger, wanted: Applying) -> Prefix | Fault:
    if not wanted.label:
        return next_below(ledger, wanted.root)
    prefix = asked_below(ledger, wanted.root, wanted.label)
    if isinstance(prefix, Fault):
        return prefix
    return place_fault(ledger.directory, prefix, wanted.enterprise, "/label") or prefix


def _hosting(application: PrefixApplication) -> Hosting:
    return Hosting.HOSTED if application.hosted else Hosting.NOT_HOSTED


def _purpose_faults(purpose: str) -> tuple[Fault, ...]:
    return tuple(reason_faults(purpose, "/purpose")) if purpose else ()


def _reasons_faults(reasons: tuple[str, ...]) -> tuple[Fault, ...]:
    if not reasons:
        return (Fault("empty", "/reasons"),)
    if len(reasons) > MAX_REASONS:
        count = {"count": len(reasons), "limit": MAX_REASONS}
        return (Fault("too_many", "/reasons", count),)
    return tuple(
        fault
        for at, reason in enumerate(reasons)
        for fault in reason_faults(reason, f"/reasons/{at}")
    )


def _posted(
    action: str,
    application: PrefixApplication,
    before: Holding | None,
    after: Holding | None,
    by: By,
) -> HoldingPostings:
    detail = {
        "application": application.id,
        "stage": application.standing.stage,
        "revision": application.standing.revision,
        "enterprise": application.enterprise,
        "reasons": application.reasons,
    }
    if after is not None:
        detail |= differences(before, after)
    entry = by.entry(action, application.prefix, detail)
    return HoldingPostings(
        holdings=() if after is None else (after,),
        application=application,
        writes=Writes(audit=(entry,)),
    )
