"""Code rules and series in dictionaries, beside the records of a `MemoryStore`."""

from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

from identifiers.changes import AuditEntry, FirstAnswer
from identifiers.coding import Series, StoredRule
from storage.memory.store import MemoryStore

T = TypeVar("T")


class MemoryCodes:
    """CodeStore. What was audited stands in the `MemoryStore`; its switches count here too."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._rules: dict[tuple[str, str], StoredRule] = {}
        self._given: Counter[Series] = Counter()
        self._drawn: set[str] = set()

    async def keep_rule(self, rule: StoredRule, audit: AuditEntry) -> None:
        """Store a rule, in place of one of the same name."""
        self._store.reach()
        with self._store.committing():
            self._rules[rule.prefix, rule.name] = rule
            self._store.audited.append(audit)

    async def rule(self, prefix: str, name: str) -> StoredRule | None:
        """Return a rule."""
        self._store.reach()
        return self._rules.get((prefix, name))

    async def rules(
        self, prefixes: Sequence[str], after: tuple[str, str], limit: int
    ) -> Sequence[StoredRule]:
        """Return up to `limit` rules of just these prefixes by name, past `after`."""
        self._store.reach()
        found = sorted(self._rules.items())
        return [rule for name, rule in found if name[0] in prefixes and name > after][:limit]

    async def reserve(self, series: Series, count: int) -> int:
        """Reserve so many numbers; return the first of them."""
        self._store.reach()
        with self._store.committing():
            self._given[series] += count
        return self._given[series] - count + 1

    async def draw(self, names: Sequence[str]) -> frozenset[str]:
        """Note names and return those that were not noted before."""
        self._store.reach()
        with self._store.committing():
            new = frozenset(names) - self._drawn
            self._drawn |= new
        return new

    async def answer(self, result: T, once: FirstAnswer[T]) -> None:
        """Keep the answer to a request. Raises `AnsweredBefore`."""
        self._store.reach(once)
        with self._store.committing():
            self._store.keep(once, result)
