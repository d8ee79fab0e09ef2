"""The second review (国家节点审核): what the national node is told, and what it says.

Nothing here calls anybody. Notices wait in a store; whoever talks with the national node reads
them, tells it, records its verdict with `record`, and settles them.
"""

from typing import Final
from uuid import UUID

import msgspec

from identifiers.enterprises.fields import Document, Field, Part
from identifiers.enterprises.ledger import Application, Notice
from identifiers.enterprises.review import Approval, Rejection, Reviewer, Stage
from identifiers.enterprises.tables import FIELDS
from registry.business.admissions import Admissions, Decided
from registry.business.asking import By
from registry.business.personal import Sealer
from registry.business.ports import BusinessStore, NoticeStore

_AT_ONCE: Final = 100
APPLICATION: Final = "application"
"""The kind of the notices that a verdict answers."""


async def record(admissions: Admissions, number: UUID, reasons: tuple[str, ...], by: By) -> Decided:
    """Record the verdict of the national node: without reasons it approved.

    The same verdict once more changes nothing.
    """
    step = Rejection(Reviewer.NATIONAL, reasons) if reasons else Approval(Reviewer.NATIONAL)
    return await admissions.decide(number, step, by)


class Sandbox:
    """A stand-in for the national node: approves what is whole, and says what is missing.

    It sees what the real one would: the fields of T6, opened.
    """

    def __init__(
        self,
        admissions: Admissions,
        store: BusinessStore,
        notices: NoticeStore,
        sealer: Sealer,
    ) -> None:
        self._admissions = admissions
        self._store = store
        self._notices = notices
        self._sealer = sealer

    async def review(self, by: By) -> int:
        """Take what waits, decide, and settle it; return how many. May be repeated."""
        waiting = await self._notices.notices(_AT_ONCE)
        for notice in waiting:
            if notice.kind == APPLICATION:
                await self._decide(notice, by)
            await self._notices.settle(notice.id)
        return len(waiting)

    async def _decide(self, notice: Notice, by: By) -> None:
        application = await self._store.application(UUID(notice.subject))
        if application is None or application.standing.stage is not Stage.PASSED:
            return  # it was withdrawn meanwhile
        own = msgspec.structs.replace(by, request_id=f"{by.request_id}-{notice.id}")
        await record(self._admissions, application.id, self._missing(application), own)

    def _missing(self, application: Application) -> tuple[str, ...]:
        document = self._sealer.open(application.told, application.identity)
        return tuple(f"T6 {number}：缺少{name}" for number, name in _gaps(document, FIELDS))


def _gaps(document: Document, fields: tuple[Field, ...]) -> list[tuple[int, str]]:
    """Return the fields of T6 that are needed and not told: number and name."""
    found = []
    for field in fields:
        value = document.get(field.name)
        if value is None:
            if field.required and field.t6:
                found.append((field.t6, field.chinese))
        elif isinstance(field.kind, Part):
            found += _gaps(value, field.kind.fields)
    return found
