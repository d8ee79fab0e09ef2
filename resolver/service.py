"""One `Resolver` for all transports: a query comes in, an outcome goes out.

``answer_now`` decides without waiting: delegation, what is kept in this process, the anonymous
view. None means a miss, and ``answer`` asks the store. Caches are believed only while the change
feed proves them right (``freshness``); without the store, what was right is shown.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from sys import intern
from typing import Final, Protocol, TypeVar

import msgspec

from identifiers.directory import PrefixDirectory
from identifiers.errors import StoreUnavailable
from identifiers.outcomes import Absent, Found, NotHomed, Outcome, Referral, Unavailable
from identifiers.patterns import Budget
from identifiers.queries import Query
from identifiers.records import EMPTY_VALUES, Record, State
from identifiers.template_handles import Template, computed, template_for, unknown
from resolver.clients import Client
from resolver.counters import Counters
from resolver.delegation import Ours, delegate
from resolver.freshness import Freshness
from resolver.limits import Limits
from resolver.ports import Walk
from resolver.tiers.local import Entry, LocalTier
from resolver.tiers.partial import Incomplete, TooSlow
from resolver.tiers.s3fifo import MOST_USES
from resolver.unheld import Unheld, Unread
from resolver.view import Kept, keep, seen

_RETRY_AFTER: Final = 2
"""Seconds until a client that was told "unavailable" should ask again."""
_SLICE: Final = 256
"""Queries of a batch that are decided in one turn of the loop: about a millisecond."""
_UNAVAILABLE: Final = Unavailable(_RETRY_AFTER)
_ACTIVE: Final = State.ACTIVE
"""By this name: before Python 3.12 a member of an enum is found slowly."""


class Basis(msgspec.Struct, frozen=True, gc=False):
    """What an answer with values was given on: it is the right one for as long as this holds."""

    entry: Entry
    generation: int
    """Which of the pictures of the prefixes, and of the times since all was forgotten."""
    prefix: str
    """Under which it is counted."""


class Standing(Protocol):
    """An answer that serves again."""

    @property
    def basis(self) -> Basis:
        """What must hold for it to be the right one."""
        ...


S = TypeVar("S", bound=Standing)


class Resolver:
    """Answers look-ups from one worker's caches and the stores behind them.

    `clock` is monotonic. Until the first directory is in use everything is unavailable. With a
    `walk` what lives elsewhere is asked there, for clients for whom that is done. `limits` bound
    the work that names take that are computed.
    """

    def __init__(
        self,
        local: LocalTier,
        freshness: Freshness,
        counters: Counters,
        clock: Callable[[], float],
        walk: Walk | None = None,
        *,
        limits: Limits | None = None,
    ) -> None:
        self._local = local
        self._freshness = freshness
        self._counters = counters
        self._tallying = counters.tallying
        self._clock = clock
        self.peek: Final = local.peek
        self.holds: Final = local.holds
        self._walk = walk
        self._limits = limits
        self._directory: PrefixDirectory | None = None
        self._generation = 0
        self._unheld: dict[str, Unheld] = {}

    def use(self, directory: PrefixDirectory) -> None:
        """Decide by this picture of the prefixes from now on."""
        if self._directory is not None and directory.entries == self._directory.entries:
            return  # what changed in prefix records was no route and no namespace
        self._directory = directory
        self._generation += 1
        self._unheld.clear()

    def stale(self, now: float) -> float | None:
        """Return for how many seconds nothing was proven right, None while answers are fresh."""
        freshness = self._freshness
        return freshness.age(now) if freshness.shows_stale(now) else None

    def answer_now(self, query: Query, client: Client, now: float) -> Outcome | None:
        """Answer without waiting, or return None: the store must be asked (`answer`)."""
        target = self._target(query)
        if not isinstance(target, Ours):
            return None if self._walked(target, query, client) else target
        outcome = self._known(target, query, client, now)
        if outcome is not None:
            self._count(target, client, outcome)
        return outcome

    def found_now(self, query: Query, client: Client, now: float) -> tuple[Found, Basis] | None:
        """Return values that are kept here and what they stand on, and count them as asked for.

        None: `answer_now` says more, and counts it. Nothing is computed here.
        """
        target = self._target(query)
        if not isinstance(target, Ours) or not self._freshness.believed(now):
            return None
        kept = self._local.look(target.key, now)
        if query.authoritative or not isinstance(kept, Entry):
            return None
        found = seen(kept, query)
        if not isinstance(found, Found):
            return None
        self._count(target, client, found)
        return found, Basis(kept, self._generation + self._local.cleared, intern(target.prefix))

    def basis(self, query: Query, found: Found, now: float) -> Basis | None:
        """Return what `found` stands on, None when it must not serve for a repeated question.

        Only what a cache may answer does: `found` is what `answer_now` has just returned.
        """
        target = self._target(query)
        if query.authoritative or self._directory is None or not isinstance(target, Ours):
            return None
        kept = self._local.look(target.key, now)
        if not isinstance(kept, Entry) or kept.record is not found.record:
            return None  # computed: it stands on more than one record
        return Basis(kept, self._generation + self._local.cleared, intern(target.prefix))

    def vouches(self, basis: Basis, client: Client, now: float) -> bool:
        """Say whether the same question would get the same answer now; count it as asked if so."""
        local, entry = self._local, basis.entry
        if (
            basis.generation != self._generation + local.cleared
            or now > self._freshness.until
            # What is hot needs no further count, and no call to say so.
            or not ((entry.uses == MOST_USES and now < entry.due) or local.holds(entry, now))
        ):
            return False
        self._tallying.found(basis.prefix, client.address)
        return True

    def vouched(self, kept: Sequence[S | None], client: Client, now: float) -> list[S | None]:
        """Return those of many answers that it `vouches` for, each in its place."""
        if now > self._freshness.until:
            return [None] * len(kept)
        holds, generation = self._local.holds, self._generation + self._local.cleared
        vouched: list[S | None] = []
        prefix, times = "", 0
        for one in kept:
            if (
                one is None
                or (basis := one.basis).generation != generation
                or not (
                    ((entry := basis.entry).uses == MOST_USES and now < entry.due)
                    or holds(entry, now)
                )
            ):
                vouched.append(None)
                continue
            vouched.append(one)
            if basis.prefix != prefix:
                self.retold(prefix, client, times)
                prefix, times = basis.prefix, 0
            times += 1
        self.retold(prefix, client, times)
        return vouched

    def retell(self, handle: str, client: Client, now: float) -> bytes | None:
        """Return the values of a record that was asked for by the same handle before, and count it.

        They are what a question for all values is told, and one for public values; not one to the
        store itself. None: `answer_now` says more.
        """
        told = self.peek(handle)
        if (
            told is None
            or told.told != self._generation
            or now > self._freshness.until
            or not ((told.uses == MOST_USES and now < told.due) or self.holds(told, now))
        ):
            return None
        self._tallying.found(told.prefix, client.address)
        return told.public

    def unheld(self, name: str, now: float) -> Unheld | None:
        """Return whose a name is that is a key, and not known not to exist; else None.

        For who has seen (`peek`) that nothing is held of it.
        """
        prefix, _, suffix = name.partition("/")
        directory = self._directory
        if (
            directory is None
            or prefix not in directory.plain
            or not suffix
            or "\0" in suffix
            or self._local.lacks(name, now)
        ):
            return None
        unheld = self._unheld.get(prefix)
        if unheld is None:
            unheld = self._unheld[prefix] = Unheld(intern(prefix), self._generation)
        return unheld

    def picture(self, now: float) -> int | None:
        """Return which picture of the prefixes is in use; None: no record is believed now.

        For who does what `retell` does for many: what he may `peek` at was `told` by this picture
        and still `holds`. He has it counted (`retold`).
        """
        return self._generation if self._freshness.believed(now) else None

    def retold(self, prefix: str, client: Client, times: int = 1) -> None:
        """Count answers that were found so."""
        if times:
            self._counters.found(prefix, client.address, times)

    async def answer(self, query: Query, client: Client, now: float) -> Outcome:
        """Answer a query that `answer_now` could not."""
        target = self._target(query)
        if not isinstance(target, Ours):
            if self._walk is not None and isinstance(target, Referral | NotHomed):
                return await self._walk.ask(query, target)
            return target
        (outcome,) = await self._ask_all([(target, query, client)], now)
        return outcome

    async def answer_together(
        self, asked: Sequence[tuple[Query, Client]], now: float
    ) -> list[Outcome]:
        """Answer queries that `answer_now` could not, of several clients, in order.

        For such as ask no further than the caches and this node: others would keep these waiting.
        """
        targets = [self._target(query) for query, _ in asked]
        ours = [
            (target, query, client)
            for target, (query, client) in zip(targets, asked, strict=True)
            if isinstance(target, Ours)
        ]
        told = iter(await self._ask_all(ours, now))
        # What is not ours any more: the prefixes have just changed.
        return [next(told) if isinstance(target, Ours) else target for target in targets]

    async def tell_together(
        self, asked: Sequence[tuple[Unread, Client]], now: float
    ) -> list[bytes | Outcome]:
        """Answer questions for what was `unheld`, in order: by the values that are told, mostly.

        What is done here for each name, and for nothing else, is what a miss costs.
        """
        records = await self._records(
            list(dict.fromkeys([one.name for one, _ in asked])), now, past_caches=False
        )
        told: list[bytes | Outcome] = []
        rest: list[int] = []
        peek, picture = self.peek, self._generation
        prefix, asker, times = "", None, 0
        for at, (one, client) in enumerate(asked):
            name, held = one.name, one.held
            kept = peek(name)
            if (
                kept is None
                or kept.record is not records.get(name)
                or kept.record.state is not _ACTIVE
                or kept.public == EMPTY_VALUES
                or held.picture != picture
            ):
                rest.append(at)
                told.append(_UNAVAILABLE)
                continue
            kept.told, kept.prefix = picture, held.prefix
            told.append(kept.public)
            if held.prefix is not prefix or client is not asker:
                if asker is not None:
                    self.retold(prefix, asker, times)
                prefix, asker, times = held.prefix, client, 0
            times += 1
        if asker is not None:
            self.retold(prefix, asker, times)
        if rest:
            outcomes = await self._decide_rest([asked[at] for at in rest], records, now)
            for at, outcome in zip(rest, outcomes, strict=True):
                told[at] = outcome
        return told

    async def _decide_rest(
        self, asked: Sequence[tuple[Unread, Client]], records: dict[str, Record | None], now: float
    ) -> list[Outcome]:
        queries = [(one.query(), client) for one, client in asked]
        targets = [self._target(query) for query, _ in queries]
        ours = [
            (target, query, client)
            for target, (query, client) in zip(targets, queries, strict=True)
            if isinstance(target, Ours)
        ]
        if len(ours) < len(asked) or any(one.held.picture != self._generation for one, _ in asked):
            return await self.answer_together(queries, now)  # the prefixes have just changed
        return await self._decide(ours, records, now)

    async def answer_all(
        self, queries: Sequence[Query], client: Client, now: float
    ) -> list[Outcome]:
        """Answer many queries of one client, in order; what must be asked is asked together."""
        outcomes: list[Outcome | None] = []
        asked: list[tuple[int, Ours]] = []
        for at, query in enumerate(queries):
            if at % _SLICE == _SLICE - 1:
                await asyncio.sleep(0)
            target = self._target(query)
            outcome: Outcome | None
            if isinstance(target, Ours):
                outcome = self._known(target, query, client, now)
                if outcome is None:
                    asked.append((at, target))
                else:
                    self._count(target, client, outcome)
            else:
                outcome = target
            outcomes.append(outcome)
        if asked:
            told = await self._ask_all([(t, queries[at], client) for at, t in asked], now)
            for (at, _), outcome in zip(asked, told, strict=True):
                outcomes[at] = outcome
        return [_UNAVAILABLE if outcome is None else outcome for outcome in outcomes]

    async def _ask_all(
        self, asked: Sequence[tuple[Ours, Query, Client]], now: float
    ) -> list[Outcome]:
        """Ask the tiers for what is not known here."""
        past_caches = any(_past_caches(query, client) for _, query, client in asked)
        keys = list(dict.fromkeys([target.key for target, _, _ in asked]))
        records = await self._records(keys, now, past_caches=past_caches)
        return await self._decide(asked, records, now, past_caches=past_caches)

    async def _decide(
        self,
        asked: Sequence[tuple[Ours, Query, Client]],
        records: dict[str, Record | None],
        now: float,
        *,
        past_caches: bool = False,
    ) -> list[Outcome]:
        """Answer by what could be had; unknown names may then be computed."""
        outcomes: list[Outcome] = []
        templates: dict[int, Template | Absent] = {}
        for at, (target, query, _) in enumerate(asked):
            if target.key in records:
                record = records[target.key]
                if record is None or unknown(record):
                    templates[at] = template_for(target.entry, query)
                else:
                    outcomes.append(self._told(record, query))
                    continue
            outcomes.append(_UNAVAILABLE)
        if templates:
            bases = dict.fromkeys(t.base for t in templates.values() if isinstance(t, Template))
            if bases:
                records |= await self._records(list(bases), now, past_caches=past_caches)
            for at, template in templates.items():
                outcomes[at] = self._made(template, *asked[at], records, now)
        for (target, _, client), outcome in zip(asked, outcomes, strict=True):
            self._count(target, client, outcome)
        return outcomes

    def _target(self, query: Query) -> Ours | Outcome:
        if self._directory is None:
            return _UNAVAILABLE
        return delegate(self._directory, query)

    def _walked(self, target: Ours | Outcome, query: Query, client: Client) -> bool:
        return (
            self._walk is not None
            and client.walked_for
            and query.recursive
            and isinstance(target, Referral | NotHomed)
        )

    def _count(self, target: Ours, client: Client, outcome: Outcome) -> None:
        if isinstance(outcome, Found):
            self._counters.found(target.prefix, client.address)
        else:
            self._counters.asked(target.prefix, client.address, found=False)

    def _known(self, target: Ours, query: Query, client: Client, now: float) -> Outcome | None:
        if _past_caches(query, client):
            return None
        key = target.key
        if self._freshness.believed(now):
            kept = self._local.look(key, now)
            if kept is None:
                return None
            if isinstance(kept, Entry) and kept.record.state is not State.DELETED:
                outcome = seen(kept, query)
                if isinstance(outcome, Found):
                    self._tell(kept, outcome, target, query)
                return outcome
            return self._computed_now(target, query, client, now)
        if self._freshness.away(now) and self._freshness.stale_shown(now):
            outlived = self._local.outlived(key)
            if outlived is not None:
                return seen(outlived, query)
        return None

    def _tell(self, kept: Entry, found: Found, target: Ours, query: Query) -> None:
        """Note that whoever asks in the same way may be told the same (`retell`)."""
        picture = self._generation
        if kept.told != picture and found.values is kept.public and query.text == target.key:
            kept.told, kept.prefix = picture, intern(target.prefix)

    def _computed_now(
        self, target: Ours, query: Query, client: Client, now: float
    ) -> Outcome | None:
        template = template_for(target.entry, query)
        if isinstance(template, Absent):
            return template
        base = self._local.look(template.base, now)
        if base is None:
            return None
        record = base.record if isinstance(base, Kept) else None
        return self._made(template, target, query, client, {template.base: record}, now)

    def _made(  # noqa: PLR0917 -- who asks for what, and what there is
        self,
        template: Template | Absent,
        target: Ours,
        query: Query,
        client: Client,
        records: Mapping[str, Record | None],
        now: float,
    ) -> Outcome:
        """Compute a name, as far as its prefix and the client may have work done for it."""
        if isinstance(template, Absent):
            return template
        if template.base not in records:
            return _UNAVAILABLE
        prefix = None if target.entry is None else target.entry.prefix
        limits, budget = self._limits, Budget()
        if limits is not None and not limits.computes(client, prefix, now):
            return _UNAVAILABLE
        record = computed(template, records[template.base], budget)
        if limits is not None:
            limits.computed(client, prefix, budget.spent, now)
        return record if isinstance(record, Absent) else seen(keep(record), query)

    async def _records(
        self, keys: Sequence[str], now: float, *, past_caches: bool
    ) -> dict[str, Record | None]:
        """Return what can be had; a key that is missing is unavailable."""
        freshness, local = self._freshness, self._local
        if past_caches:
            return await self._ask(local.refresh, keys)
        believed = freshness.believed(now)
        got = await self._ask(local.fetch if believed else local.refresh, keys)
        if len(got) < len(keys) and freshness.stale_shown(now):
            got = {**self._outlived(keys), **got}
            rest = [key for key in keys if key not in got]
            if rest and not believed:
                # The usual way now leads to the shared tier and, the store being away, no further.
                got |= await self._ask(local.fetch, rest)
        return got

    async def _ask(
        self,
        source: Callable[[Sequence[str]], Awaitable[Sequence[Record | None]]],
        keys: Sequence[str],
    ) -> dict[str, Record | None]:
        try:
            return dict(zip(keys, await source(keys), strict=True))
        except Incomplete as error:
            if isinstance(error, TooSlow):
                self._freshness.fail(self._clock())
            return dict(error.got)
        except StoreUnavailable:
            return {}

    def _outlived(self, keys: Sequence[str]) -> dict[str, Record]:
        kept = ((key, self._local.outlived(key)) for key in keys)
        return {key: there.record for key, there in kept if there is not None}

    def _told(self, record: Record, query: Query) -> Outcome:
        # What anybody may see of it is worked out already if it is kept.
        kept = self._local.outlived(record.key)
        return seen(kept if kept is not None and kept.record is record else keep(record), query)


def _past_caches(query: Query, client: Client) -> bool:
    # A stranger must not be able to send every question to the store. Who asks the store itself is
    # not given what is kept, also when the store is away.
    return query.authoritative and client.trusted
