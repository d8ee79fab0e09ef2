"""What applications told before they were mended."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from identifiers.enterprises.ledger import Postings, Revision, Told
from storage.postgres.database import Database
from storage.postgres.pool import Connection
from storage.postgres.sql import load

_SQL: Final = load("revisions")


async def page(database: Database, number: UUID, after: int, limit: int) -> Sequence[Revision]:
    """Return up to `limit` revisions of an application, oldest first, past the one `after`."""
    return list(map(_revision, await database.rows(_SQL["page"], number, after, limit)))


async def store(connection: Connection, postings: Postings) -> None:
    """Keep what was replaced, and remove what is purged, within a transaction at hand."""
    one = postings.replaced
    if one is not None:
        row = (one.application, one.number, one.wanted, one.told.document, one.told.sealed)
        await connection.execute(_SQL["keep"], *row)
    if postings.purged is not None:
        await connection.execute(_SQL["purge"], postings.purged)


def _revision(row: Any) -> Revision:
    return Revision(
        application=UUID(int=row["application"].int),
        number=row["revision"],
        wanted=row["wanted"],
        told=Told(row["document"], row["sealed"]),
    )
