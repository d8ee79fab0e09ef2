"""What a node knows of its enterprises (企业备案), as it is kept: applications, members, steps.

Documents are JSON. What is personal in them stands apart, sealed; whoever keeps these values cannot
read it.
"""

from uuid import UUID

import msgspec

from identifiers.changes import AuditEntry
from identifiers.directory import PrefixDirectory, PrefixEntry
from identifiers.enterprises.review import Kind, Standing
from identifiers.standings import EnterpriseState


class Identity(msgspec.Struct, frozen=True):
    """The number that an organisation is known by, of the kind `type` (1: 统一社会信用代码)."""

    type: int
    number: str


class Told(msgspec.Struct, frozen=True):
    """Particulars: those that anybody of the node may read, and the personal ones, sealed."""

    document: bytes
    sealed: bytes


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """An application (申请) as it stands. Times are epoch seconds.

    `enterprise` is 0 until it has one. `wanted` is the label of the prefix that was asked for;
    empty: whichever is next. `digest` is the SHA-256 of what was submitted last.
    """

    id: UUID
    kind: Kind
    identity: Identity
    name: str
    standing: Standing
    told: Told
    digest: bytes
    wanted: str = ""
    enterprise: int = 0
    submitted_at: int
    changed_at: int
    version: int = 1


class ReviewStep(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody did to an application: never changed, never removed. `at` in milliseconds."""

    application: UUID
    revision: int
    at: int
    actor: str
    did: str
    reasons: tuple[str, ...] = ()


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """An enterprise that was approved, with the particulars that were. Times are epoch seconds."""

    id: int
    identity: Identity
    name: str
    industry: str
    state: EnterpriseState
    told: Told
    filing: str
    approved_at: int
    reason: str = ""
    version: int = 1


class About(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of the ledger a decision needs."""

    application: UUID | None = None
    identity: Identity | None = None
    enterprise: int = 0
    year: int = 0
    """Whose filing numbers are counted; 0: none will be given."""


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """That part, as it is when the decision is made; what is missing is not there.

    `pending` is the open application of admission of the identity. `filed` counts the filing
    numbers of the year. `fresh` is the number of the next enterprise.
    """

    application: Application | None = None
    pending: Application | None = None
    member: Member | None = None
    directory: PrefixDirectory
    filed: int = 0
    fresh: int = 0


class Postings(msgspec.Struct, frozen=True, kw_only=True):
    """What one decision writes, all or nothing."""

    application: Application | None = None
    steps: tuple[ReviewStep, ...] = ()
    member: Member | None = None
    homed: tuple[PrefixEntry, ...] = ()
    audit: tuple[AuditEntry, ...] = ()
