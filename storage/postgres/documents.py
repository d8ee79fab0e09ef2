"""Documents of applications: what each is, and its octets, sealed."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from identifiers.changes import AuditEntry, FirstAnswer
from identifiers.enterprises.files import MOST_WAITING, Waiting
from identifiers.enterprises.ledger import Attachment, Identity, Postings
from storage.postgres import write
from storage.postgres.database import Database
from storage.postgres.pool import Connection
from storage.postgres.sql import load

_SQL: Final = load("documents")
_LOCK: Final = "SELECT pg_advisory_xact_lock(759486957, hashtext($1))"
"""Who sends documents waits for another who sends for the same, so that counting is right."""


class PostgresDocuments:
    """DocumentStore. Every method raises `StoreUnavailable`; what writes, `FateUnknown` too."""

    def __init__(self, database: Database) -> None:
        self._database = database

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

        async def work(connection: Connection) -> Attachment | None:
            await connection.execute(_LOCK, new.owner)
            same = await connection.fetchrow(_SQL["same"], new.owner, new.sha256)
            if same is not None:
                return attachment(same)
            waiting, octets = await connection.fetchrow(_SQL["waiting"], new.owner)
            if waiting >= limit.documents or octets + new.size > limit.octets:
                return None
            row = (new.id, new.owner, new.media, new.size, new.sha256, new.uploaded_at, sealed)
            await connection.execute(_SQL["keep"], *row)
            await write.audit(connection, audit)
            return new

        return await write.commit(self._database, work, once)

    async def document(self, number: UUID) -> tuple[Attachment, bytes] | None:
        """Return a document and its octets, sealed."""

        async def work(connection: Connection) -> tuple[Attachment, bytes] | None:
            found = await some(connection, (number,))
            sealed = await connection.fetchval(_SQL["sealed"], number)
            return None if sealed is None else (found[number], sealed)

        return await self._database.read(work)

    async def read_by(self, audit: AuditEntry) -> None:
        """Note that somebody read a document."""

        async def work(connection: Connection) -> None:
            await write.audit(connection, audit)

        await self._database.commit(work)

    async def sweep(self, before: int) -> int:
        """Remove what was uploaded before an epoch second and nobody bound; return how many."""

        async def work(connection: Connection) -> int:
            return int((await connection.execute(_SQL["sweep"], before)).rpartition(" ")[2])

        return await self._database.commit(work)


async def some(connection: Connection, numbers: Sequence[UUID]) -> dict[UUID, Attachment]:
    """Return documents by number, within a transaction at hand."""
    rows = await connection.fetch(_SQL["some"], list(numbers)) if numbers else ()
    return {one.id: one for one in map(attachment, rows)}


async def store(connection: Connection, postings: Postings) -> None:
    """Bind and remove documents, within a transaction at hand."""
    for one in postings.bound:
        identity = one.identity or Identity(0, "")
        await connection.execute(
            _SQL["bind"], one.id, one.application, identity.type, identity.number, one.field
        )
    if postings.purged is not None:
        await connection.execute(_SQL["purge"], postings.purged, list(postings.kept))


def attachment(row: Any) -> Attachment:
    """Return a document that a row tells of."""
    application, type_ = row["application"], row["identity_type"]
    return Attachment(
        id=UUID(int=row["id"].int),
        owner=row["owner"],
        media=row["media"],
        size=row["size"],
        sha256=row["sha256"],
        uploaded_at=row["uploaded_at"],
        application=None if application is None else UUID(int=application.int),
        identity=None if type_ is None else Identity(type_, row["identity_number"]),
        field=row["field"],
    )
