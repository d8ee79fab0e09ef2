"""What a node knows of its enterprises (企业备案), as it is kept: applications, members, steps.

Documents are JSON. What is personal in them stands apart, sealed; whoever keeps these values cannot
read it.
"""

from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID

import msgspec

from identifiers.changes import AuditEntry
from identifiers.directory import PrefixDirectory, PrefixEntry
from identifiers.enterprises.review import Kind, Stage, Standing
from identifiers.labels import Allotment
from identifiers.standings import EnterpriseState


class Identity(msgspec.Struct, frozen=True):
    """The number that an organisation is known by, of the kind `type` (1: 统一社会信用代码)."""

    type: int
    number: str


class Told(msgspec.Struct, frozen=True):
    """Particulars: those that anybody of the node may read, and the personal ones, sealed."""

    document: bytes
    sealed: bytes


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """What an application told once (申请版次): never changed, but personal data can be purged.

    Who sent it and when, and why it was rejected, are the steps of this `number`.
    """

    application: UUID
    number: int
    told: Told
    wanted: str = ""


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """An application (申请) as it stands. Times are epoch seconds.

    `enterprise` is 0 until it has one. `wanted` is the label of the prefix that was asked for;
    empty: whichever is next. `digest` is the SHA-256 of what was submitted last. `purged_at`: its
    personal data and documents are gone.
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
    purged_at: int = 0
    version: int = 1

    @property
    def revision(self) -> Revision:
        """What it tells now."""
        return Revision(
            application=self.id,
            number=self.standing.revision,
            told=self.told,
            wanted=self.wanted,
        )


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which applications are listed: at these stages, of these kinds, of an enterprise (0: all)."""

    stages: tuple[Stage, ...] = tuple(Stage)
    kinds: tuple[Kind, ...] = tuple(Kind)
    enterprise: int = 0


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """Which enterprises that were filed are listed: `name` stands in theirs.

    `since` and `until` are of the approval, in epoch seconds.
    """

    name: str = ""
    since: int = -(2**62)
    until: int = 2**62
    """The first second that is too late."""


class ReviewStep(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody did to an application: never changed, never removed. `at` in milliseconds."""

    application: UUID
    revision: int
    at: int
    actor: str
    did: str
    reasons: tuple[str, ...] = ()


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """An enterprise, with the particulars that were approved. Times are epoch seconds.

    Of one that an operator added nothing was filed (未备案): `filing` and `told` are empty then,
    and `approved_at` is 0.
    """

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

    @property
    def filed(self) -> bool:
        """Whether its application was approved (已备案)."""
        return bool(self.filing)


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What made an enterprise what it is now. `at` in epoch milliseconds."""

    at: int
    actor: str
    did: str
    application: UUID | None = None


class MemberVersion(msgspec.Struct, frozen=True):
    """An enterprise as it was after something happened to it: never changed."""

    member: Member
    event: Event


class Outcome(StrEnum):
    """What came of verifying who somebody is."""

    PASSED = "passed"
    FAILED = "failed"


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody verified who an organisation and its people are (实名核验). `at`: milliseconds."""

    identity: Identity
    outcome: Outcome
    method: str
    at: int
    actor: str
    note: str = ""


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A document that was uploaded, without its octets (附件). `uploaded_at`: epoch seconds.

    `owner` is who sent it. Once it is bound it belongs to `field` of `identity`, and to the
    application that named it last.
    """

    id: UUID
    owner: str
    media: str
    size: int
    sha256: bytes
    uploaded_at: int
    application: UUID | None = None
    identity: Identity | None = None
    field: str = ""


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the national node is to be told. `id` is 0 until it is kept.

    `subject` is the number of an application or of an enterprise. `at`: epoch milliseconds.
    """

    id: int = 0
    kind: str
    subject: str
    at: int


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """An enterprise certificate (认证证书). Times are epoch seconds.

    `token` is the JWS. `index` is where it stands in the record of the prefix; 0: nowhere.
    """

    serial: str
    enterprise: int
    name: str
    identity: Identity
    filing: str
    prefix: str
    token: bytes
    issued_at: int
    expires_at: int
    issued_by: str
    index: int = 0
    revoked_at: int = 0
    reason: str = ""


class About(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of the ledger a decision needs."""

    application: UUID | None = None
    identity: Identity | None = None
    kind: Kind = Kind.ADMISSION
    """Of which kind an open application of the identity is looked for."""
    enterprise: int = 0
    documents: tuple[UUID, ...] = ()
    certificate: str = ""
    year: int = 0
    """Whose filing numbers are counted; 0: none will be given."""


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """That part, as it is when the decision is made; what is missing is not there.

    `pending` is the open application of that kind of the identity, `steps` what was done to it,
    oldest first. `member` was filed. `added` is one of which nothing was filed: the enterprise that
    is asked for, or when none is, one that an operator added with this number of an organisation.
    `filed` counts the filing numbers of the year. `fresh` is the number of the next enterprise.
    `verification` is the newest of the identity. `in_force` is the newest certificate of the
    enterprise that is not revoked. `rule` is how labels are given below the first prefix of the
    node, if somebody said how.
    """

    application: Application | None = None
    pending: Application | None = None
    steps: tuple[ReviewStep, ...] = ()
    member: Member | None = None
    added: Member | None = None
    directory: PrefixDirectory
    rule: Allotment | None = None
    filed: int = 0
    fresh: int = 0
    attachments: Mapping[UUID, Attachment] = {}
    verification: Verification | None = None
    certificate: Certificate | None = None
    in_force: Certificate | None = None


class Postings(msgspec.Struct, frozen=True, kw_only=True):
    """What one decision writes, all or nothing.

    `replaced` is what the application told before. A `member` goes with the `event` that made it
    so. `purged`: documents of this application go, but those in `kept`, and what its earlier
    revisions told of persons.
    """

    application: Application | None = None
    replaced: Revision | None = None
    steps: tuple[ReviewStep, ...] = ()
    member: Member | None = None
    event: Event | None = None
    bound: tuple[Attachment, ...] = ()
    verification: Verification | None = None
    certificates: tuple[Certificate, ...] = ()
    notices: tuple[Notice, ...] = ()
    purged: UUID | None = None
    kept: tuple[UUID, ...] = ()
    homed: tuple[PrefixEntry, ...] = ()
    audit: tuple[AuditEntry, ...] = ()
