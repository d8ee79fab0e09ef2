"""Templates in tables."""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import msgspec

from identifiers.changes import AuditEntry
from identifiers.metadata.shelves import Demand, Shelved, TemplateNews
from identifiers.metadata.templates import Stage, Template
from storage.postgres import write
from storage.postgres.database import Database
from storage.postgres.pool import Connection
from storage.postgres.sql import load

T = TypeVar("T")

_SQL: Final = load("templates")
_decoder: Final = msgspec.json.Decoder(Template)


class PostgresTemplates:
    """TemplateStore. Every method raises `StoreUnavailable`; those that write, `FateUnknown`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def shelve(
        self, prefix: str, version: str, decide: Callable[[Template | None], tuple[Shelved, T]]
    ) -> T:
        """Read a template, let `decide` say what becomes of it, commit, return its result."""

        async def work(connection: Connection) -> T:
            await connection.execute(_SQL["lock"])
            found = await connection.fetchrow(_SQL["newest"], prefix, version)
            shelved, result = decide(_template(found))
            if shelved.template is not None:
                await _keep(connection, shelved.template)
            for entry in shelved.audit:
                await write.audit(connection, entry)
            return result

        return await self._database.commit(work)

    async def template(self, prefix: str, version: str, revision: int = 0) -> Template | None:
        """Return a template, in its newest revision unless one is named."""
        if not revision:
            return _template(await self._database.row(_SQL["newest"], prefix, version))
        return _template(await self._database.row(_SQL["revision"], prefix, version, revision))

    async def templates(
        self, prefixes: Sequence[str], stages: Sequence[Stage], after: tuple[str, str], limit: int
    ) -> Sequence[Template]:
        """Return up to `limit` templates of just these prefixes by name, past `after`."""
        rows = await self._database.rows(_SQL["page"], list(prefixes), list(stages), *after, limit)
        return [template for row in rows if (template := _template(row)) is not None]

    async def demand(self, demand: Demand, audit: AuditEntry) -> bool:
        """Say whether a prefix needs templates; False when that was said already."""

        async def work(connection: Connection) -> bool:
            await connection.execute(_SQL["lock"])
            changed = await connection.fetchval(_SQL["demand"], demand.prefix, demand.demanded)
            if changed:
                await write.audit(connection, audit)
            return bool(changed)

        return await self._database.commit(work)

    async def news(self, serial: int) -> TemplateNews:
        """Return what was published, revised, withdrawn or demanded after a serial."""
        newest = await self._database.row(_SQL["serial"])
        until = newest[0] if newest is not None else 0
        if until <= serial:
            return TemplateNews(serial=serial)
        templates = await self._database.rows(_SQL["since"], serial, until)
        demands = await self._database.rows(_SQL["demands_since"], serial, until)
        return TemplateNews(
            serial=until,
            templates=tuple(t for row in templates if (t := _template(row)) is not None),
            demands=tuple(Demand(*row) for row in demands),
        )


async def _keep(connection: Connection, template: Template) -> None:
    document = msgspec.json.encode(msgspec.structs.replace(template, stage=Stage.DRAFT))
    named = (template.prefix, template.version)
    await connection.execute(_SQL["keep"], *named, template.stage, template.revision)
    await connection.execute(_SQL["keep_revision"], *named, template.revision, document)


def _template(row: Any) -> Template | None:
    if row is None:
        return None
    return msgspec.structs.replace(_decoder.decode(row["document"]), stage=Stage(row["stage"]))
