"""Bulk changes of state as jobs: what is asked, how far it is, what a chunk adds. Pure."""

from enum import IntEnum, StrEnum
from typing import Final
from uuid import UUID

import msgspec

from identifiers.records import Record, State

CHUNK: Final = 500
"""Identifiers of one commit."""
MAX_HANDLES: Final = 200_000
"""Handles that one job may name; whoever has more names a prefix, or makes several."""
MAX_OPEN: Final = 20
"""Jobs that an enterprise may have waiting or running."""


class JobAction(StrEnum):
    """What is done to each identifier."""

    SUSPEND = "suspend"
    ACTIVATE = "activate"
    REVOKE = "revoke"
    DELETE = "delete"


TARGETS: Final = {
    JobAction.SUSPEND: State.SUSPENDED,
    JobAction.ACTIVATE: State.ACTIVE,
    JobAction.REVOKE: State.REVOKED,
    JobAction.DELETE: State.DELETED,
}
"""The state that each action leads to."""


class JobState(IntEnum):
    """Where a job is. The numbers are stored; never renumber them."""

    RUNNING = 1
    DONE = 2
    CANCELLED = 3
    STOPPED = 4
    """Whoever asked for it may not do it any more."""


class JobCounts(msgspec.Struct, frozen=True):
    """Identifiers by what became of them."""

    changed: int = 0
    unchanged: int = 0
    rejected: int = 0

    def __add__(self, other: "JobCounts") -> "JobCounts":
        return JobCounts(
            self.changed + other.changed,
            self.unchanged + other.unchanged,
            self.rejected + other.rejected,
        )

    @property
    def rows(self) -> int:
        """All identifiers that have a fate."""
        return self.changed + self.unchanged + self.rejected


class Under(msgspec.Struct, frozen=True, kw_only=True):
    """Everything under just a prefix that fits: begins with a text, is in a state, is so old.

    `begins` is of suffixes, as they are compared; `before` and `since` are epoch seconds of the
    last change, 0: any.
    """

    prefix: str
    begins: str = ""
    state: State | None = None
    since: int = 0
    before: int = 0

    def fits(self, record: Record) -> bool:
        """Say whether a record that is there is one of these."""
        return (
            record.state is not State.DELETED
            and record.key.startswith(f"{self.prefix}/{self.begins}")
            and (self.state is None or record.state is self.state)
            and (not self.since or record.changed_at >= self.since)
            and (not self.before or record.changed_at < self.before)
        )

    def past(self, key: str) -> bool:
        """Say whether no name from `key` on, in their order, begins so."""
        head = f"{self.prefix}/{self.begins}"
        return key > head and not key.startswith(head)


class Listed(msgspec.Struct, frozen=True):
    """Handles that were named, in so many parts of at most `CHUNK`."""

    parts: int


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A bulk change of state as far as it is committed.

    `owner` is the key (``key:ID``) or account (``account:NUMBER``) for whom it is done, `principal`
    how the audit log names it. `digest` is the SHA-256 of what was asked. `cursor` is the last key
    that was looked at. Times are epoch milliseconds; `finished_at` 0: not yet.
    """

    id: UUID
    enterprise: int
    owner: str
    principal: str
    request: str
    digest: bytes
    action: JobAction
    reason: str
    selection: Under | Listed
    state: JobState
    total: int
    created_at: int
    why: str = ""
    chunks: int = 0
    cursor: str = ""
    counts: JobCounts = JobCounts()
    finished_at: int = 0


class JobStep(msgspec.Struct, frozen=True, kw_only=True):
    """What one committed chunk adds to its job. `results` is compressed NDJSON, all rows.

    `finished_at` (epoch milliseconds) 0: more follow.
    """

    job: UUID
    number: int
    cursor: str
    counts: JobCounts
    results: bytes
    finished_at: int = 0
