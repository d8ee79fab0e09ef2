"""The books of prefixes in dictionaries, beside the picture of a `MemoryStore`."""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar
from uuid import UUID

import msgspec

from identifiers.changes import AuditEntry, Current, Touched, Writes
from identifiers.directory import NO_REASON, Off, OffAs, PrefixEntry
from identifiers.holdings import (
    Holding,
    HoldingAbout,
    HoldingLedger,
    HoldingPostings,
    PrefixApplication,
    Sought,
)
from identifiers.labels import Allotment
from identifiers.names import Prefix
from identifiers.records import State
from identifiers.routes import record_key
from identifiers.standings import EnterpriseState, Hosting, PrefixState
from storage.memory.business import MemoryBusiness
from storage.memory.store import MemoryStore

T = TypeVar("T")

_APPLIED: Final = frozenset({PrefixState.WAITING, PrefixState.IN_REVIEW, PrefixState.REJECTED})


class MemoryPrefixes:
    """PrefixStore. `clock` gives epoch milliseconds. The switches of the `MemoryStore` count."""

    def __init__(
        self, store: MemoryStore, business: MemoryBusiness, clock: Callable[[], int]
    ) -> None:
        self._store = store
        self._business = business
        self._clock = clock
        self._kept: dict[str, Holding] = {}
        self._applications: dict[UUID, PrefixApplication] = {}

    async def post(
        self, about: HoldingAbout, decide: Callable[[HoldingLedger], tuple[HoldingPostings, T]]
    ) -> T:
        """Read what a decision is about, decide, write, return its result."""
        directory = await self._store.directory()
        asked = {str(prefix) for prefix in about.prefixes}
        holdings = {text: one for text, one in (await self._all()).items() if text in asked}
        names = {one.id: one.name for one in await self._store.enterprises()}
        held = {one.enterprise for one in holdings.values()}
        owners = await self._owners({about.enterprise, *about.heirs, *held})

        def unit(current: Current) -> tuple[Writes, tuple[HoldingPostings, T]]:
            ledger = HoldingLedger(
                directory=directory,
                holdings=holdings,
                owners=owners,
                names={number: names[number] for number in owners},
                application=self._applications.get(about.application)
                if about.application
                else None,
                twin=self._twin(about),
                rule=self._store.rules.get(str(about.root)),
                used=frozenset(str(one) for one in about.prefixes if self._used(one))
                if about.weigh
                else frozenset(),
                current=current,
            )
            postings, result = decide(ledger)
            for prefix in postings.removed:
                if str(prefix) not in holdings or self._used(prefix):
                    raise ValueError(f"{prefix} is not there or in use")
            return postings.writes, (postings, result)

        keys = tuple(map(record_key, about.prefixes))
        touched = Touched(keys=keys, requests=about.requests)
        with self._store.committing():
            postings, result = self._store.within(touched, unit)
            self._apply(postings, about)
        return result

    async def holding(self, prefix: Prefix) -> Holding | None:
        """Return one prefix as it is kept."""
        return (await self._all()).get(str(prefix))

    async def holdings(
        self, sought: Sought, after: str, limit: int, skip: int = 0
    ) -> Sequence[Holding]:
        """Return up to `limit` prefixes by their text, past `after` and `skip` more."""
        every = sorted((await self._all()).items())
        found = [one for text, one in every if text > after and _fits(one, sought)]
        return found[skip : skip + limit]

    async def count_holdings(self, sought: Sought) -> int:
        """Return how many prefixes these are."""
        return sum(_fits(one, sought) for one in (await self._all()).values())

    async def application(self, number: UUID) -> PrefixApplication | None:
        """Return an application."""
        self._store.reach()
        return self._applications.get(number)

    async def applications(
        self, enterprise: int | None, after: str, limit: int, *, open_only: bool = False
    ) -> Sequence[PrefixApplication]:
        """Return up to `limit` applications by id, past the id `after`; None: of everybody."""
        self._store.reach()
        found = sorted(self._applications.values(), key=lambda one: str(one.id))
        return [
            one
            for one in found
            if str(one.id) > after
            and enterprise in {None, one.enterprise}
            and (one.standing.open or not open_only)
        ][:limit]

    async def history(
        self, prefix: Prefix, after: str, limit: int
    ) -> tuple[Sequence[AuditEntry], str]:
        """Return what was done to a prefix, newest first, and where the next page begins."""
        self._store.reach()
        found = [
            (at, entry)
            for at, entry in enumerate(self._store.audited)
            if entry.subject == str(prefix) and entry.action.startswith("prefix.")
        ]
        before = int(after.partition("-")[2]) if after else len(self._store.audited)
        found = [pair for pair in reversed(found) if pair[0] < before]
        page = found[:limit]
        return [entry for _, entry in page], f"0-{page[-1][0]}" if len(found) > limit else ""

    async def rule(self, root: Prefix) -> Allotment | None:
        """Return how labels are given below a secondary prefix; None: nobody said."""
        self._store.reach()
        return self._store.rules.get(str(root))

    async def unproven(self, limit: int) -> Sequence[Prefix]:
        """Return enterprises' prefixes that are switched on and were not seen to resolve yet."""
        return [
            one.prefix
            for _, one in sorted((await self._all()).items())
            if one.enterprise and one.state is PrefixState.ENABLED and not one.resolvable_at
        ][:limit]

    async def prove(self, prefixes: Sequence[Prefix]) -> Sequence[Holding]:
        """Note that every worker answers for these by now; returns those noted just now."""
        every, noted = await self._all(), []
        with self._store.committing():
            for text in map(str, prefixes):
                one = every.get(text)
                if one is None or not one.approved_at or one.resolvable_at:
                    continue
                at = max(self._clock(), one.approved_at)
                self._kept[text] = msgspec.structs.replace(one, resolvable_at=at)
                noted.append(self._kept[text])
        return noted

    async def _all(self) -> dict[str, Holding]:
        """Return every prefix of the picture, with what only these books know of it."""
        names = {one.id: one.name for one in await self._store.enterprises()}
        found = {}
        for entry in (await self._store.directory()).entries:
            text = str(entry.prefix)
            one = self._kept.get(text)
            if one is None or one.kind is not entry.kind:  # handed over: approved just now
                one = self._first(entry)
            found[text] = self._kept[text] = msgspec.structs.replace(
                one,
                enterprise=entry.enterprise,
                holder=names.get(entry.enterprise, ""),
                kind=entry.kind,
                state=_state(one, self._store.entry(entry.prefix) or entry),
                hosting=_hosting(one, entry),
                routed=entry.routes is not None,
            )
        return found

    def _first(self, entry: PrefixEntry) -> Holding:
        at = self._clock()
        return Holding(
            prefix=entry.prefix,
            kind=entry.kind,
            enterprise=entry.enterprise,
            state=PrefixState.ENABLED,
            hosting=Hosting.HOSTED,
            created_at=at,
            approved_at=at,
        )

    async def _owners(self, numbers: set[int]) -> dict[int, EnterpriseState]:
        known = {one.id for one in await self._store.enterprises()} & numbers
        members = {number: await self._business.enterprise(number) for number in known}
        return {
            number: EnterpriseState.ACTIVE if member is None else member.state
            for number, member in members.items()
        }

    def _twin(self, about: HoldingAbout) -> PrefixApplication | None:
        return next(
            (
                one
                for one in sorted(self._applications.values(), key=lambda one: str(one.id))
                if one.enterprise == about.enterprise
                and one.digest == about.digest
                and one.standing.open
            ),
            None,
        )

    def _used(self, prefix: Prefix) -> bool:
        below = f"{prefix}/"
        return any(
            record.state is not State.DELETED
            and (key == record_key(prefix) or key.startswith(below))
            for key, record in self._store.records.items()
        ) or any(record.key.startswith(below) for record in self._store.history)

    def _apply(self, postings: HoldingPostings, about: HoldingAbout) -> None:
        for holding in postings.holdings:
            self._keep(holding)
        for prefix in postings.removed:
            del self._kept[str(prefix)]
            self._store.drop_prefix(prefix)
        if postings.application is not None:
            self._applications[postings.application.id] = postings.application
        if postings.rule is not None:
            self._store.rules[str(about.root)] = postings.rule

    def _keep(self, holding: Holding) -> None:
        text, enabled = str(holding.prefix), holding.state is PrefixState.ENABLED
        before = self._kept.get(text)
        dated = 0 if before is None else before.approved_at
        self._kept[text] = msgspec.structs.replace(
            holding,
            approved_at=dated or (self._clock() if enabled else 0),
            created_at=self._clock() if before is None else before.created_at,
            resolvable_at=0 if before is None else before.resolvable_at,
        )
        there = self._store.entry(holding.prefix)
        base = there or PrefixEntry(prefix=holding.prefix, kind=holding.kind, enterprise=0)
        self._store.keep_prefix(
            msgspec.structs.replace(
                base,
                kind=holding.kind,
                enterprise=holding.enterprise,
                enabled=enabled,
                applied=holding.state in _APPLIED,
                unhosted=holding.hosting is not Hosting.HOSTED and not holding.routed,
                quota=holding.quota,
                off=NO_REASON if enabled else _off(holding),
            ),
            away=holding.routed,
        )


def _off(one: Holding) -> Off:
    deleting = one.state is PrefixState.TO_BE_DELETED
    return Off(OffAs.TO_BE_DELETED if deleting else OffAs.DISABLED, one.reason)


def _state(one: Holding, entry: PrefixEntry) -> PrefixState:
    if entry.enabled:
        return PrefixState.ENABLED
    return PrefixState.DISABLED if one.state is PrefixState.ENABLED else one.state


def _hosting(one: Holding, entry: PrefixEntry) -> Hosting:
    if entry.routes is None and not entry.unhosted:
        return Hosting.HOSTED
    return Hosting.NOT_HOSTED if one.hosting is Hosting.HOSTED else one.hosting


def _fits(one: Holding, sought: Sought) -> bool:
    return (
        sought.enterprise in {None, one.enterprise}
        and sought.state in {None, one.state}
        and sought.hosting in {None, one.hosting}
        and sought.text in str(one.prefix)
        and sought.holder in one.holder
        and (one.enterprise != 0 or not sought.held)
        and sought.since <= one.created_at < sought.until
    )
