"""Code rules (编码规则) and the codes that they give: never the same twice, gaps allowed.

Numbers are reserved in the store, a block at a time, before anybody gets one; what a process had
reserved when it ended is lost. Codes that chance alone draws are noted in the store, each once.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from secrets import token_bytes
from typing import Final, Protocol, TypeVar

import msgspec

from identifiers.changes import AuditEntry, FirstAnswer
from identifiers.coding import CodeRule, Series, StoredRule, read_rule, read_stored
from identifiers.faults import Invalid
from identifiers.names import Handle, Prefix
from identifiers.records import Record, State
from registry.answers import Faulty
from registry.business.asking import By
from registry.commands import Once
from registry.effects import at_first

T = TypeVar("T")

BLOCK: Final = 64
"""Numbers that are reserved together; so many are lost when a process ends."""
MOST_CODES: Final = 1000
"""Codes of one request."""
_BLOCKS: Final = 1024
"""Series that are remembered; of others the rest of a block is lost."""
_TOGETHER: Final = 4
"""Requests that ask the store at once; others wait, so that registration finds a connection."""
_ROUNDS: Final = 32
"""How often codes are made anew because names are taken."""


class CodeStore(Protocol):
    """Where rules and series are kept. Every write is durable when its call returns.

    Every method raises `StoreUnavailable`; those that write, `FateUnknown` too.
    """

    async def keep_rule(self, rule: StoredRule, audit: AuditEntry) -> None:
        """Store a rule, in place of one of the same name."""
        ...

    async def rule(self, prefix: str, name: str) -> StoredRule | None:
        """Return a rule."""
        ...

    async def rules(
        self, prefixes: Sequence[str], after: tuple[str, str], limit: int
    ) -> Sequence[StoredRule]:
        """Return up to `limit` rules of just these prefixes by name, past `after`."""
        ...

    async def reserve(self, series: Series, count: int) -> int:
        """Reserve so many numbers; return the first of them. The first of all is 1."""
        ...

    async def draw(self, names: Sequence[str]) -> frozenset[str]:
        """Note names and return those that were not noted before."""
        ...

    async def answer(self, result: T, once: FirstAnswer[T]) -> None:
        """Keep the answer to a request. Raises `AnsweredBefore`."""
        ...


class RecordSource(Protocol):
    """Knows which names are taken."""

    async def fetch(self, keys: Sequence[str]) -> Sequence[Record | None]:
        """Return the newest version of each key, in order."""
        ...


class NoRule(msgspec.Struct, frozen=True):
    """There is no rule of that name, or it gives no codes any more."""


class Exhausted(msgspec.Struct, frozen=True):
    """Nearly all names of the rule are taken."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """So many codes of a rule; `fold`: names under the prefix are folded."""

    prefix: Prefix
    rule: str
    count: int
    fold: bool = False


class Given(msgspec.Struct, frozen=True):
    """Handles that nobody else gets, and the template that goes with them."""

    handles: tuple[str, ...]
    template: str


Giving = Given | NoRule | Exhausted


class _Block:
    """Numbers that are reserved and not given yet."""

    def __init__(self) -> None:
        self.following = 0
        self.end = 0
        self.filling = asyncio.Lock()


class Codes:
    """The commands around codes. Who may do what is judged before. `chance`: random octets."""

    def __init__(
        self,
        store: CodeStore,
        records: RecordSource,
        chance: Callable[[int], bytes] = token_bytes,
    ) -> None:
        self._store = store
        self._records = records
        self._chance = chance
        self._blocks: OrderedDict[Series, _Block] = OrderedDict()
        self._turns = asyncio.Semaphore(_TOGETHER)

    async def keep(
        self, prefix: Prefix, name: str, document: object, by: By
    ) -> StoredRule | Faulty:
        """Store a rule; the same once more changes nothing."""
        try:
            rule = read_stored(prefix, name, document)
        except Invalid as invalid:
            return Faulty(invalid.faults)
        before = await self._store.rule(rule.prefix, rule.name)
        if rule != before:
            detail = {"old": before, "new": rule}
            subject = f"{rule.prefix}/{rule.name}"
            await self._store.keep_rule(rule, by.entry("code-rule.write", subject, detail))
        return rule

    async def give(self, wanted: Wanted, by: By, once: Once[Giving] | None = None) -> Giving:
        """Return handles of a rule that nobody got before and that nobody registered.

        What is reserved is nobody's yet: who asks `once` has it as soon as the answer that names it
        is kept. If another of the same request was sooner, it is left out, as when a process ends.
        """
        async with self._turns:
            given = await self._give(wanted, by)
            first: FirstAnswer[Giving] | None = at_first(once, _if_given)
            if first is not None:
                await self._store.answer(given, first)
            return given

    async def _give(self, wanted: Wanted, by: By) -> Giving:
        stored = await self._store.rule(str(wanted.prefix), wanted.rule)
        if stored is None or not stored.enabled:
            return NoRule()
        rule = read_rule(stored.rule)
        given: list[str] = []
        for _ in range(_ROUNDS):
            made = await self._made(rule, wanted, wanted.count - len(given), by)
            given += await self._free(made, wanted)
            if len(given) == wanted.count:
                return Given(tuple(given), stored.template)
        return Exhausted()

    async def _made(self, rule: CodeRule, wanted: Wanted, count: int, by: By) -> Sequence[str]:
        """Return up to `count` names that nobody got before."""
        numbers: Iterable[int] = range(count)
        if rule.counts:
            series = Series(str(wanted.prefix), rule.text, rule.series(by.now))
            numbers = await self._numbers(series, count)
        size = rule.draws
        octets = self._chance(size * count)
        codes = (
            rule.code(by.now, number, octets[at * size : (at + 1) * size])
            for at, number in enumerate(numbers)
        )
        names = list(dict.fromkeys(f"{wanted.prefix}/{code}" for code in codes))
        if rule.counts:
            return names
        drawn = await self._store.draw(sorted(_key(name, wanted) for name in names))
        return [name for name in names if _key(name, wanted) in drawn]

    async def _free(self, names: Sequence[str], wanted: Wanted) -> list[str]:
        if not names:
            return []
        records = await self._records.fetch([_key(name, wanted) for name in names])
        return [
            name
            for name, record in zip(names, records, strict=True)
            if record is None or record.state is State.DELETED
        ]

    async def _numbers(self, series: Series, count: int) -> Sequence[int]:
        block = self._blocks.setdefault(series, _Block())
        self._blocks.move_to_end(series)
        while len(self._blocks) > _BLOCKS:
            self._blocks.popitem(last=False)
        taken: list[int] = []
        async with block.filling:
            while len(taken) < count:
                if block.following == block.end:
                    size = max(BLOCK, count - len(taken))
                    block.following = await self._store.reserve(series, size)
                    block.end = block.following + size
                until = min(block.end, block.following + count - len(taken))
                taken += range(block.following, until)
                block.following = until
        return taken


def _if_given(answer: Giving) -> Giving | None:
    return answer if isinstance(answer, Given) else None


def _key(name: str, wanted: Wanted) -> str:
    return Handle.parse(name).key(fold_suffix=wanted.fold)
