"""Templates (元数据模板): written, published, grown, withdrawn; and who has to use one.

What is published is never changed: a revision adds entries, or disables some, and records say which
revision they were checked against.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol, TypeVar

import msgspec

from identifiers.changes import AuditEntry
from identifiers.codes.industries import Classification
from identifiers.faults import Fault, Invalid
from identifiers.metadata.layouts import template_name
from identifiers.metadata.shelves import Demand, Shelved, TemplateNews
from identifiers.metadata.shipped import SHIPPED
from identifiers.metadata.templates import Stage, Template, grown, read_template
from identifiers.names import Prefix
from registry.answers import Faulty
from registry.business.asking import By

T = TypeVar("T")

EVERY_STAGE: Final = tuple(Stage)
IN_FORCE: Final = (Stage.PUBLISHED, Stage.WITHDRAWN)


class TemplateStore(Protocol):
    """Where templates are kept. Every write is durable when its call returns.

    Every method raises `StoreUnavailable`; those that write, `FateUnknown` too.
    """

    async def shelve(
        self, prefix: str, version: str, decide: Callable[[Template | None], tuple[Shelved, T]]
    ) -> T:
        """Read a template, let `decide` say what becomes of it, commit, return its result.

        One decision is made after the other. `decide` is pure: it may run again.
        """
        ...

    async def template(self, prefix: str, version: str, revision: int = 0) -> Template | None:
        """Return a template, in its newest revision unless one is named."""
        ...

    async def templates(
        self, prefixes: Sequence[str], stages: Sequence[Stage], after: tuple[str, str], limit: int
    ) -> Sequence[Template]:
        """Return up to `limit` templates of just these prefixes by name, past `after`."""
        ...

    async def demand(self, demand: Demand, audit: AuditEntry) -> bool:
        """Say whether a prefix needs templates; False when that was said already."""
        ...

    async def news(self, serial: int) -> TemplateNews:
        """Return what was published, revised, withdrawn or demanded after a serial."""
        ...


class NoTemplate(msgspec.Struct, frozen=True):
    """There is none of that name."""


class Taken(msgspec.Struct, frozen=True):
    """There is another one of that version; versions are never written over."""

    stage: Stage


class WrongStage(msgspec.Struct, frozen=True):
    """It cannot be done at this stage."""

    stage: Stage


class NotShipped(msgspec.Struct, frozen=True):
    """This program comes with no template of that version."""


Written = Template | Faulty | Taken
Moved = Template | NoTemplate | WrongStage | Faulty


class Templates:
    """The commands around templates. Who may do what is judged before. All may be repeated.

    `changed` is called after each write, so that whoever keeps a picture reads it anew.
    """

    def __init__(
        self,
        store: TemplateStore,
        trades: Classification,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._trades = trades
        self._changed = changed

    async def write(self, document: object, by: By) -> Written:
        """Take a draft as JSON has it, also in place of one that is a draft still."""
        read = self.read(document)
        return read if isinstance(read, Faulty) else await self._write(read, by)

    def read(self, document: object) -> Template | Faulty:
        """Return what a document says."""
        try:
            return read_template(document, self._trades)
        except Invalid as invalid:
            return Faulty(invalid.faults)

    async def adopt(
        self, version: str, prefix: Prefix, by: By
    ) -> Written | NotShipped | NoTemplate | WrongStage:
        """Put a template that this program comes with in force below a prefix.

        One that stands there already stays as it is.
        """
        shipped = SHIPPED.get(version)
        if shipped is None:
            return NotShipped()
        there = await self._store.template(str(prefix), version)
        if there is not None and there.stage is not Stage.DRAFT:
            return there
        written = await self.write({**shipped, "prefix": str(prefix)}, by)
        if not isinstance(written, Template):
            return written
        return await self.publish(written.prefix, version, by)

    async def revise(self, prefix: str, version: str, items: object, by: By) -> Moved:
        """Add entries to a template, or change and disable such as are there."""

        def grow(template: Template) -> Template | WrongStage | Faulty:
            if template.stage is Stage.WITHDRAWN:
                return WrongStage(template.stage)
            try:
                after = grown(template, items)
            except Invalid as invalid:
                return Faulty(invalid.faults)
            draft = template.stage is Stage.DRAFT
            return msgspec.structs.replace(after, revision=1) if draft else after

        return await self._move(prefix, version, grow, "revise", by)

    async def publish(self, prefix: str, version: str, by: By) -> Moved:
        """Put a template in force, also one that was withdrawn."""

        def publish(template: Template) -> Template:
            return msgspec.structs.replace(template, stage=Stage.PUBLISHED)

        return await self._move(prefix, version, publish, "publish", by)

    async def withdraw(self, prefix: str, version: str, by: By) -> Moved:
        """Let nothing new be registered with a template; what is there stays and can change."""

        def withdraw(template: Template) -> Template | WrongStage:
            if template.stage is Stage.DRAFT:
                return WrongStage(template.stage)
            return msgspec.structs.replace(template, stage=Stage.WITHDRAWN)

        return await self._move(prefix, version, withdraw, "withdraw", by)

    async def demand(self, prefix: Prefix, by: By, *, demanded: bool) -> bool:
        """Say whether identifiers under a prefix, and below, need a template."""
        entry = by.entry("template.demand", prefix, {"demanded": demanded})
        changed = await self._store.demand(Demand(str(prefix), demanded), entry)
        self._changed()
        return changed

    async def _write(self, read: Template, by: By) -> Written:
        def decide(there: Template | None) -> tuple[Shelved, Written]:
            if there is not None and there.stage is not Stage.DRAFT:
                same = msgspec.structs.replace(read, stage=there.stage, revision=there.revision)
                return Shelved(), there if same == there else Taken(there.stage)
            if there == read:
                return Shelved(), read
            return _shelved(there, read, "write", by), read

        return await self._shelve(read.prefix, read.version, decide)

    async def _move(
        self,
        prefix: str,
        version: str,
        step: Callable[[Template], Template | WrongStage | Faulty],
        did: str,
        by: By,
    ) -> Moved:
        def decide(there: Template | None) -> tuple[Shelved, Moved]:
            if there is None:
                return Shelved(), NoTemplate()
            after = step(there)
            if not isinstance(after, Template) or after == there:
                return Shelved(), after
            return _shelved(there, after, did, by), after

        return await self._shelve(prefix, version, decide)

    async def _shelve(
        self, prefix: str, version: str, decide: Callable[[Template | None], tuple[Shelved, T]]
    ) -> T:
        result = await self._store.shelve(prefix, version, decide)
        self._changed()
        return result


def misnamed(template: Template, prefix: str, version: str) -> Fault | None:
    """Return what is wrong when a document names another template than its address."""
    if (template.prefix, template.version) == (prefix, version):
        return None
    params = {
        "body": template_name(template.prefix, template.version),
        "path": template_name(prefix, version),
    }
    return Fault("template.mismatch", "/version", params)


def _shelved(there: Template | None, after: Template, did: str, by: By) -> Shelved:
    before = {} if there is None else _told(there)
    detail = {"old": before, "new": _told(after)}
    name = template_name(after.prefix, after.version)
    return Shelved(template=after, audit=(by.entry(f"template.{did}", name, detail),))


def _told(template: Template) -> dict[str, Any]:
    """Return what the audit log says of a template: enough to know what became of each entry."""
    return {
        "stage": template.stage.value,
        "revision": template.revision,
        "items": {item.name: item.enabled for item in template.items},
    }
