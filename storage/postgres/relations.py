"""Relations of identifiers: a projection of the change log, and looks at it.

How the log is followed stands in `following`. Few records have relations, and only those leave the
server.
"""

import logging
from collections.abc import Collection, Sequence
from typing import Any, Final

from identifiers.directory import PrefixDirectory
from identifiers.records import Record
from identifiers.relations import Edge, Relation, edges_of
from identifiers.wire.cursor import ProtocolError
from storage.postgres import directory, rows
from storage.postgres.database import Database
from storage.postgres.following import Following, Progress, Window
from storage.postgres.pool import Connection
from storage.postgres.sql import load

_SQL: Final = load("relations")
STEP: Final = 5000
"""Changes of one step."""

_log = logging.getLogger(__name__)


class RelationProjection:
    """Reads the change log on. Any number of processes may: they take turns."""

    def __init__(self, database: Database, step: int = STEP) -> None:
        self._following = Following(database, "relations", step, _project)

    async def advance(self) -> Progress:
        """Project the next changes. Raises `StoreUnavailable` and `FateUnknown`: step again."""
        return await self._following.advance()

    async def tidy(self) -> int:
        """Do nothing: what is projected is in order."""
        return 0


async def _project(connection: Connection, window: Window) -> None:
    await connection.execute(_SQL["forget"], *window)
    found = await connection.fetch(_SQL["related"], *window)
    if found:
        picture = await directory.picture(connection)
        await _keep(connection, [_edges(rows.record(tuple(r)), picture) for r in found])


async def _keep(connection: Connection, found: Sequence[Sequence[Edge]]) -> None:
    edges = [edge for several in found for edge in several]
    if edges:
        columns = ([getattr(e, name) for e in edges] for name in Edge.__struct_fields__)
        await connection.execute(_SQL["keep"], *columns)


def _edges(record: Record, picture: PrefixDirectory) -> Sequence[Edge]:
    try:
        return tuple(edges_of(record, picture))
    except ProtocolError as error:
        # One record that nobody can read must not keep all that come after it from being found.
        _log.error("the values of %r cannot be read: it is related to none: %s", record.key, error)
        return ()


class PostgresRelations:
    """RelationStore: what was projected; normally a second behind the records."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def above(
        self, keys: Sequence[str], relations: Collection[Relation], limit: int
    ) -> Sequence[Edge]:
        """Return up to `limit` relations that some identifiers have. Raises `StoreUnavailable`."""
        return await self._edges("above", keys, relations, limit)

    async def below(
        self, keys: Sequence[str], relations: Collection[Relation], limit: int
    ) -> Sequence[Edge]:
        """Return up to `limit` relations that others have to some. Raises `StoreUnavailable`."""
        return await self._edges("below", keys, relations, limit)

    async def _edges(self, statement: str, *arguments: Any) -> Sequence[Edge]:
        keys, relations, limit = arguments
        found = await self._database.rows(
            _SQL[statement], list(keys), [int(one) for one in relations], limit
        )
        return [Edge(row[0], Relation(row[1]), *row[2:]) for row in found]
