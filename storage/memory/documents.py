"""Documents of applications in a dictionary."""

from collections.abc import Sequence
from uuid import UUID

from identifiers.changes import AuditEntry, FirstAnswer
from identifiers.enterprises.files import MOST_WAITING, Waiting
from identifiers.enterprises.ledger import Attachment
from storage.memory.store import MemoryStore


class MemoryDocuments:
    """DocumentStore. What was audited stands in the `MemoryStore`; its switches count here too."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._kept: dict[UUID, tuple[Attachment, bytes]] = {}

    async def keep(
        self,
        new: Attachment,
        sealed: bytes,
        audit: AuditEntry,
        limit: Waiting = MOST_WAITING,
        once: FirstAnswer[Attachment | None] | None = None,
    ) -> Attachment | None:
        """Keep a document, or return the same one of its owner that is unbound yet.

        None: with it more of its owner's would be unbound than `limit`. Raises `AnsweredBefore`.
        """
        self._store.reach(once)
        waiting = [
            one
            for one, _ in self._kept.values()
            if one.owner == new.owner and one.application is None
        ]
        for one in waiting:
            if one.sha256 == new.sha256:
                with self._store.committing():
                    self._store.keep(once, one)
                return one
        octets = new.size + sum(one.size for one in waiting)
        if len(waiting) >= limit.documents or octets > limit.octets:
            return None
        with self._store.committing():
            self._kept[new.id] = (new, sealed)
            self._store.audited.append(audit)
            self._store.keep(once, new)
        return new

    async def document(self, number: UUID) -> tuple[Attachment, bytes] | None:
        """Return a document and its octets, sealed."""
        self._store.reach()
        return self._kept.get(number)

    async def read_by(self, audit: AuditEntry) -> None:
        """Note that somebody read a document."""
        self._store.reach()
        with self._store.committing():
            self._store.audited.append(audit)

    async def sweep(self, before: int) -> int:
        """Remove what was uploaded before an epoch second and nobody bound; return how many."""
        self._store.reach()
        kept = {
            number: (one, sealed)
            for number, (one, sealed) in self._kept.items()
            if one.application is not None or one.uploaded_at >= before
        }
        gone = len(self._kept) - len(kept)
        with self._store.committing():
            self._kept = kept
        return gone

    # within a commit at hand

    def some(self, numbers: Sequence[UUID]) -> dict[UUID, Attachment]:
        """Return documents by number."""
        return {number: self._kept[number][0] for number in numbers if number in self._kept}

    def bind(self, one: Attachment) -> None:
        """Bind a document."""
        if one.id in self._kept:
            self._kept[one.id] = (one, self._kept[one.id][1])

    def purge(self, application: UUID, kept: Sequence[UUID]) -> None:
        """Remove the documents of an application but some."""
        self._kept = {
            number: (one, sealed)
            for number, (one, sealed) in self._kept.items()
            if one.application != application or number in kept
        }
