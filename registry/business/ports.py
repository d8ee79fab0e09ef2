"""What the business of a node needs of a store."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar
from uuid import UUID

from identifiers.changes import AuditEntry, FirstAnswer
from identifiers.enterprises.files import MOST_WAITING, Waiting
from identifiers.enterprises.ledger import (
    About,
    Application,
    Attachment,
    Certificate,
    Identity,
    Ledger,
    Listed,
    Member,
    MemberVersion,
    Notice,
    Postings,
    ReviewStep,
    Revision,
    Verification,
    Wanted,
)

T = TypeVar("T")


class BusinessStore(Protocol):
    """Where the ledger is kept. Every write is durable when its call returns.

    Every method raises `StoreUnavailable`, `post` also `FateUnknown`.
    """

    async def post(
        self,
        about: About,
        decide: Callable[[Ledger], tuple[Postings, T]],
        once: FirstAnswer[T] | None = None,
    ) -> T:
        """Read what a decision is about, let `decide` say what to write, commit, return its result.

        One decision is made after the other. `decide` is pure: it may run again. Raises
        `AnsweredBefore`.
        """
        ...

    async def application(self, number: UUID) -> Application | None:
        """Return an application."""
        ...

    async def applications(self, wanted: Wanted, after: str, limit: int) -> Sequence[Application]:
        """Return up to `limit` applications that are wanted, by id, past the id `after`."""
        ...

    async def lapsed(self, before: int, limit: int) -> Sequence[UUID]:
        """Return applications that were rejected or withdrawn and lie untouched since `before`.

        `before` is an epoch second. Those that are purged already are left out.
        """
        ...

    async def steps(self, number: UUID) -> Sequence[ReviewStep]:
        """Return what was done to an application, oldest first."""
        ...

    async def revisions(self, number: UUID, after: int, limit: int) -> Sequence[Revision]:
        """Return up to `limit` revisions of an application, oldest first, past the one `after`.

        The last of all is what it tells now. Those are missing that were replaced before any were
        kept.
        """
        ...

    async def member(self, number: int) -> Member | None:
        """Return an enterprise that was filed."""
        ...

    async def enterprise(self, number: int) -> Member | None:
        """Return an enterprise, also one of which nothing was filed."""
        ...

    async def enterprises(self, after: int, limit: int) -> Sequence[Member]:
        """Return up to `limit` enterprises, filed or not, by number, past `after`."""
        ...

    async def listed(self, wanted: Listed, skip: int, limit: int) -> Sequence[Member]:
        """Return up to `limit` enterprises that are listed, by number, past the first `skip`."""
        ...

    async def count_listed(self, wanted: Listed) -> int:
        """Return how many enterprises are listed."""
        ...

    async def versions(self, number: int, after: int, limit: int) -> Sequence[MemberVersion]:
        """Return up to `limit` versions of an enterprise, oldest first, past the one `after`."""
        ...

    async def changed_at(self, numbers: Sequence[int]) -> Mapping[int, int]:
        """Return when the newest versions of some enterprises began, in epoch milliseconds."""
        ...

    async def verification(self, identity: Identity) -> Verification | None:
        """Return the newest verification of an organisation."""
        ...

    async def certificate(self, serial: str) -> Certificate | None:
        """Return a certificate."""
        ...

    async def certificates(self, number: int, after: str, limit: int) -> Sequence[Certificate]:
        """Return a page of an enterprise's certificates (0: of all), by serial number."""
        ...


class DocumentStore(Protocol):
    """Where documents are kept until they are bound, and what they hold.

    Every method raises `StoreUnavailable`; what writes, `FateUnknown` too.
    """

    async def keep(
        self,
        new: Attachment,
        sealed: bytes,
        audit: AuditEntry,
        limit: Waiting = MOST_WAITING,
        once: FirstAnswer[Attachment | None] | None = None,
    ) -> Attachment | None:
        """Keep a document, or return the same one (owner, SHA-256) that is unbound yet.

        None: with it more of its owner's would be unbound than `limit`. Raises `AnsweredBefore`.
        """
        ...

    async def document(self, number: UUID) -> tuple[Attachment, bytes] | None:
        """Return a document and its octets, sealed."""
        ...

    async def read_by(self, audit: AuditEntry) -> None:
        """Note that somebody read a document."""
        ...

    async def sweep(self, before: int) -> int:
        """Remove what was uploaded before an epoch second and is unbound; return how many."""
        ...


class NoticeStore(Protocol):
    """What the national node is to be told, until it was.

    Both raise `StoreUnavailable`; `settle`, `FateUnknown` too.
    """

    async def notices(self, limit: int) -> Sequence[Notice]:
        """Return up to `limit` notices, oldest first."""
        ...

    async def settle(self, number: int) -> None:
        """Forget a notice: it was told."""
        ...
