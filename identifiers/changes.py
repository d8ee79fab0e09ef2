"""What a write leaves behind, all in one transaction, and how readers learn of it."""

from collections.abc import Callable
from enum import IntEnum
from ipaddress import IPv4Network, IPv6Network
from typing import Generic, TypeVar
from uuid import UUID

import msgspec

from identifiers.jobs import JobStep
from identifiers.names import Prefix
from identifiers.principals import Scope
from identifiers.records import Record

T = TypeVar("T")


class ChangeKind(IntEnum):
    """What happened to an identifier. The numbers are stored; never renumber them."""

    CREATED = 1
    UPDATED = 2
    DELETED = 3
    STATE = 4


class Written(msgspec.Struct, frozen=True, gc=False):
    """A new version of one record: a row of the change log. `change` is the id in the ack.

    `leaf` is what the tree over a bulk chunk has of it, if that was worked out already.
    """

    change: UUID
    kind: ChangeKind
    record: Record
    leaf: bytes = b""


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Who did what to what. `at` in epoch milliseconds; `detail` is a JSON object.

    `root` is the RFC 9162 tree hash over the rows of a bulk chunk, empty for single writes.
    """

    at: int
    actor: str
    action: str
    subject: str
    request: str
    detail: bytes = b"{}"
    root: bytes = b""


class RequestKey(msgspec.Struct, frozen=True):
    """An Idempotency-Key as one principal uses it; another's equal key is another key."""

    principal: str
    key: str


class StoredAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The first answer to a request, kept for its repetitions (at least 72 hours).

    `digest` is a keyed SHA-256 of what was asked (method, target and body): another body under the
    same key is refused. `headers` are those that belong to the answer itself (Location, ETag).
    """

    request: RequestKey
    digest: bytes
    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class FirstAnswer(msgspec.Struct, Generic[T], frozen=True):
    """A request that has one effect however often it is sent, as the store that does it sees it.

    `of` makes of what came of it the answer that is kept in the same transaction; None: nothing was
    done, and nothing is kept.
    """

    request: RequestKey
    of: Callable[[T], StoredAnswer | None]


class ImportState(IntEnum):
    """Where an import is. The numbers are stored; never renumber them."""

    RUNNING = 1
    DONE = 2
    REFUSED = 3


class ImportCounts(msgspec.Struct, frozen=True):
    """Rows by their fate."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0

    def __add__(self, other: "ImportCounts") -> "ImportCounts":
        return ImportCounts(
            self.created + other.created,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            self.rejected + other.rejected,
        )

    @property
    def rows(self) -> int:
        """All rows that have a fate."""
        return self.created + self.updated + self.unchanged + self.rejected


class Import(msgspec.Struct, frozen=True, kw_only=True):
    """A bulk import as far as it is committed.

    `offset` octets of the body are done and `digest` is a keyed SHA-256 of just these; the same
    body sent again with the same key skips them. `epoch` fences: each opening raises it, and a
    chunk commits only under the epoch it was read in. Times are epoch seconds; `finished_at` 0: not
    yet.
    """

    id: UUID
    request: RequestKey
    mode: str
    media_type: str
    dry_run: bool
    state: ImportState
    epoch: int
    started_at: int
    finished_at: int = 0
    chunks: int = 0
    offset: int = 0
    digest: bytes = b""
    counts: ImportCounts = ImportCounts()


class ImportChunk(msgspec.Struct, frozen=True, kw_only=True):
    """What one committed chunk adds to its import. `results` is compressed NDJSON, all rows."""

    import_id: UUID
    epoch: int
    number: int
    offset: int
    digest: bytes
    counts: ImportCounts
    results: bytes


class Delegated(msgspec.Struct, frozen=True):
    """Names under an allotted prefix live at another node from now on (`away`), or here again."""

    prefix: Prefix
    away: bool


class Held(msgspec.Struct, frozen=True, gc=False):
    """What an identifier has for itself alone from now on, and nothing else.

    Claims are digests (`identifiers.metadata.layouts`). `fresh`: it had nothing before.
    """

    holder: str
    claims: tuple[bytes, ...]
    fresh: bool = False


class Writes(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one transaction commits, or does not."""

    records: tuple[Written, ...] = ()
    audit: tuple[AuditEntry, ...] = ()
    answers: tuple[StoredAnswer, ...] = ()
    chunk: ImportChunk | None = None
    delegated: tuple[Delegated, ...] = ()
    held: tuple[Held, ...] = ()
    step: JobStep | None = None


class Touched(msgspec.Struct, frozen=True, kw_only=True):
    """What a transaction locks before it decides: canonical handles, request keys, claims.

    Claims are those of touched handles. The handles `reads` are read with the others and not
    locked: they may change while it commits.
    """

    keys: tuple[str, ...] = ()
    requests: tuple[RequestKey, ...] = ()
    reads: tuple[str, ...] = ()
    claims: tuple[bytes, ...] = ()


class Current(msgspec.Struct, frozen=True):
    """What is stored of the touched, read when the locks are held. What is missing is not there."""

    records: dict[str, Record]
    answers: dict[RequestKey, StoredAnswer]
    holders: dict[bytes, str] = {}


class Enterprise(msgspec.Struct, frozen=True, kw_only=True):
    """An enterprise (企业) as far as prefixes and keys need it. `id` 0: not stored yet."""

    id: int
    name: str
    credit_code: str = ""
    industry: str = ""


class StoredKey(msgspec.Struct, frozen=True, kw_only=True):
    """An API key as it is kept: never the secret, only its peppered HMAC-SHA-256.

    Times are epoch seconds; `revoked_at` 0: in force. `replaces` is the id of the key that ends
    soon because of this one.
    """

    id: str
    enterprise: int
    hashed: bytes
    scopes: frozenset[Scope]
    prefixes: tuple[Prefix, ...]
    networks: tuple[IPv4Network | IPv6Network, ...]
    label: str
    created_at: int
    expires_at: int
    revoked_at: int = 0
    replaces: str = ""


class FeedPage(msgspec.Struct, frozen=True):
    """News for caches: ``(canonical handle, version)`` of every record that changed.

    `directory` says that prefixes changed. `cursor` is where the next poll begins; it means
    something to the feed only. The same news may come twice, and none is missed. `reset` says that
    the store no longer knows what was missed since the cursor asked from: drop every cache, forget
    the shared tier and read the directory anew.
    """

    superseded: tuple[tuple[str, int], ...]
    directory: bool
    cursor: str
    reset: bool = False


class Leased(msgspec.Struct, frozen=True):
    """The shared tier does not have it; the asker may fill it under this token."""

    token: str
