"""One `Resolver` for all transports: a query comes in, an outcome goes out.

``answer_now`` decides without waiting: delegation, what is kept in this process, the anonymous
view. None means a miss, and ``answer`` asks the store. Caches are believed only while the change
feed proves them right (``freshness``); without the store, what was right is shown.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from identifiers.outcomes import Absent, NotHomed, Outcome, Referral
from identifiers.queries import Query
from identifiers.records import EMPTY_VALUES, Record, State
from identifiers.template_handles import Template, template_for, unknown
from resolver.at_hand import AtHand, past_caches
from resolver.clients import Client
from resolver.computing import Computing
from resolver.counters import Counters
from resolver.delegation import Ours
from resolver.fetching import UNAVAILABLE, Fetching
from resolver.freshness import Freshness
from resolver.limits import Limits
from resolver.ports import Walk
from resolver.tiers.local import LocalTier
from resolver.unheld import Unread
from resolver.view import keep, seen

_SLICE: Final = 256
"""Queries of a batch that are decided in one turn of the loop: about a millisecond."""
_ACTIVE: Final = State.ACTIVE
"""By this name: before Python 3.12 a member of an enum is found slowly."""


class Resolver(AtHand):
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
        super().__init__(local, freshness, counters, Computing(limits), walks=walk is not None)
        self._fetching = Fetching(local, freshness, clock)
        self._walk = walk

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
        records = await self._fetching.records(
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
                told.append(UNAVAILABLE)
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
        return [UNAVAILABLE if outcome is None else outcome for outcome in outcomes]

    async def _ask_all(
        self, asked: Sequence[tuple[Ours, Query, Client]], now: float
    ) -> list[Outcome]:
        """Ask the tiers for what is not known here."""
        past = any(past_caches(query, client) for _, query, client in asked)
        keys = list(dict.fromkeys([target.key for target, _, _ in asked]))
        records = await self._fetching.records(keys, now, past_caches=past)
        return await self._decide(asked, records, now, past=past)

    async def _decide(
        self,
        asked: Sequence[tuple[Ours, Query, Client]],
        records: dict[str, Record | None],
        now: float,
        *,
        past: bool = False,
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
            outcomes.append(UNAVAILABLE)
        if templates:
            bases = dict.fromkeys(t.base for t in templates.values() if isinstance(t, Template))
            if bases:
                records |= await self._fetching.records(list(bases), now, past_caches=past)
            for at, template in templates.items():
                outcomes[at] = self._computing.made(template, *asked[at], records, now)
        for (target, _, client), outcome in zip(asked, outcomes, strict=True):
            self._count(target, client, outcome)
        return outcomes

    def _told(self, record: Record, query: Query) -> Outcome:
        # What anybody may see of it is worked out already if it is kept.
        kept = self._local.outlived(record.key)
        return seen(kept if kept is not None and kept.record is record else keep(record), query)
