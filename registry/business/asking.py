"""What the commands of the node's business are told, and what they leave behind. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from identifiers.changes import AuditEntry
from identifiers.coding import BEIJING
from identifiers.enterprises.ledger import Application, Event, Postings, ReviewStep
from identifiers.enterprises.review import Standing

MILLI: Final = 1000


class By(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, when (epoch milliseconds), under which request id; `chance`: random octets.

    `enterprise` is whose the asker is; 0: the node's.
    """

    actor: str
    at: int
    request_id: str
    chance: bytes = b""
    enterprise: int = 0

    @property
    def now(self) -> int:
        """Return the epoch second."""
        return self.at // MILLI

    @property
    def year(self) -> int:
        """Return the year in Beijing, by which filing numbers are counted."""
        return datetime.fromtimestamp(self.now, BEIJING).year

    @property
    def owner(self) -> str:
        """Return whose documents are that the asker uploads."""
        return f"enterprise:{self.enterprise}" if self.enterprise else "node"

    def event(self, did: str, application: Application | None = None) -> Event:
        """Return what happens to an enterprise."""
        number = None if application is None else application.id
        return Event(at=self.at, actor=self.actor, did=did, application=number)

    def entry(self, action: str, subject: object, detail: Mapping[str, Any]) -> AuditEntry:
        """Return the audit entry of what was done. No personal data in `detail`."""
        return AuditEntry(
            at=self.at,
            actor=self.actor,
            action=action,
            subject=str(subject),
            request=self.request_id,
            detail=msgspec.json.encode(detail),
        )


def moved(application: Application, standing: Standing, by: By) -> Application:
    """Return an application as it stands after a step."""
    return msgspec.structs.replace(
        application, standing=standing, changed_at=by.now, version=application.version + 1
    )


def posted(application: Application, by: By, did: str, reasons: tuple[str, ...] = ()) -> Postings:
    """Return what a step of an application leaves behind."""
    step = ReviewStep(
        application=application.id,
        revision=application.standing.revision,
        at=by.at,
        actor=by.actor,
        did=did,
        reasons=reasons,
    )
    detail = {"revision": step.revision, "reasons": reasons}
    entry = by.entry(f"application.{did}", application.id, detail)
    return Postings(application=application, steps=(step,), audit=(entry,))
