"""Templates in dictionaries, beside the records of a `MemoryStore`."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from identifiers.changes import AuditEntry
from identifiers.metadata.shelves import Demand, Shelved, TemplateNews
from identifiers.metadata.templates import Stage, Template
from storage.memory.store import MemoryStore

T = TypeVar("T")


class MemoryTemplates:
    """TemplateStore. What was audited stands in the `MemoryStore`; its switches count here too."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._revisions: dict[tuple[str, str], list[Template]] = {}
        self._demands: dict[str, bool] = {}
        self._log: list[tuple[str, str] | str] = []

    async def shelve(
        self, prefix: str, version: str, decide: Callable[[Template | None], tuple[Shelved, T]]
    ) -> T:
        """Read a template, let `decide` say what becomes of it, commit, return its result."""
        found = await self.template(prefix, version)
        shelved, result = decide(found)
        with self._store.committing():
            if shelved.template is not None:
                revisions = self._revisions.setdefault((prefix, version), [])
                del revisions[shelved.template.revision - 1 :]
                revisions.append(shelved.template)
                self._log.append((prefix, version))
            self._store.audited.extend(shelved.audit)
        return result

    async def template(self, prefix: str, version: str, revision: int = 0) -> Template | None:
        """Return a template, in its newest revision unless one is named."""
        self._store.reach()
        revisions = self._revisions.get((prefix, version), [])
        if len(revisions) < max(revision, 1):
            return None
        return msgspec.structs.replace(revisions[revision - 1], stage=revisions[-1].stage)

    async def templates(
        self, prefixes: Sequence[str], stages: Sequence[Stage], after: tuple[str, str], limit: int
    ) -> Sequence[Template]:
        """Return up to `limit` templates of just these prefixes by name, past `after`."""
        self._store.reach()
        found = [
            revisions[-1]
            for name, revisions in sorted(self._revisions.items())
            if name[0] in prefixes and name > after and revisions[-1].stage in stages
        ]
        return found[:limit]

    async def demand(self, demand: Demand, audit: AuditEntry) -> bool:
        """Say whether a prefix needs templates; False when that was said already."""
        self._store.reach()
        if self._demands.get(demand.prefix) is demand.demanded:
            return False
        with self._store.committing():
            self._demands[demand.prefix] = demand.demanded
            self._log.append(demand.prefix)
            self._store.audited.append(audit)
        return True

    async def news(self, serial: int) -> TemplateNews:
        """Return what was published, revised, withdrawn or demanded after a serial."""
        self._store.reach()
        changed = dict.fromkeys(self._log[serial:])
        newest = [self._revisions[name][-1] for name in changed if isinstance(name, tuple)]
        return TemplateNews(
            serial=len(self._log),
            templates=tuple(t for t in newest if t.stage is not Stage.DRAFT),
            demands=tuple(Demand(n, self._demands[n]) for n in changed if isinstance(n, str)),
        )
