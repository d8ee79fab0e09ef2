"""`PostgresStore`: the registry's port on top of the modules that do the work."""

from collections.abc import Callable, Sequence
from typing import TypeVar
from uuid import UUID

from identifiers.changes import (
    AuditEntry,
    Current,
    Enterprise,
    FirstAnswer,
    Import,
    ImportChunk,
    RequestKey,
    StoredAnswer,
    StoredKey,
    Touched,
    Writes,
)
from identifiers.directory import PrefixDirectory, PrefixEntry
from identifiers.names import Prefix
from identifiers.records import Record
from storage.postgres import directory, imports, keys, write
from storage.postgres.database import Database
from storage.postgres.directory import PostgresDirectory
from storage.postgres.pool import Connection
from storage.postgres.records import PostgresRecords
from storage.postgres.wakeups import Nudge

T = TypeVar("T")


class PostgresStore:
    """RegistryStore. Every method raises `StoreUnavailable`; those that write, `FateUnknown` too.

    `nudge` tells listening caches after each commit that there is news.
    """

    def __init__(self, database: Database, nudge: Nudge) -> None:
        self._database = database
        self._nudge = nudge
        self._records = PostgresRecords(database)
        self._directory = PostgresDirectory(database)

    async def write(self, touched: Touched, decide: Callable[[Current], tuple[Writes, T]]) -> T:
        """Lock what is touched, read it, let `decide` say what to write, commit.

        Raises `Fenced`, and `ValueError` when what was decided does not follow from what was read.
        """
        result = await write.write(self._database, touched, decide)
        self._nudge.news()
        return result

    async def record(self, key: str) -> Record | None:
        """Return the newest committed version, a deleted one too."""
        (found,) = await self._records.fetch((key,))
        return found

    async def fetch(self, keys: Sequence[str]) -> Sequence[Record | None]:
        """Return the newest committed version of each key, in order, in one query."""
        return await self._records.fetch(keys)

    async def answer(self, request: RequestKey) -> StoredAnswer | None:
        """Return the stored first answer to a request."""
        return await write.answer(self._database, request)

    async def page(self, prefix: str, after: str, limit: int) -> Sequence[Record]:
        """Return up to `limit` records under just `prefix` past `after`, without deleted ones."""
        return await self._records.page(prefix, after, limit)

    async def next_prefix(self, above: str, after: str) -> str | None:
        """Return the first prefix past `after` derived from `above` that has records."""
        return await self._records.next_prefix(above, after)

    async def count(self, prefix: str) -> int:
        """Return how many records there are under just `prefix`, without deleted ones."""
        return await self._records.count(prefix)

    async def directory(self) -> PrefixDirectory:
        """Return the picture of all prefixes."""
        return await self._directory.directory()

    async def add_enterprise(self, enterprise: Enterprise, audit: AuditEntry) -> int:
        """Store a new enterprise and return its id."""

        async def work(connection: Connection) -> int:
            number = await directory.add_enterprise(connection, enterprise)
            await write.audit(connection, audit)
            return number

        return await self._database.commit(work)

    async def enterprises(self) -> Sequence[Enterprise]:
        """Return all enterprises, by id."""
        return await directory.enterprises(self._database)

    async def home_prefix(self, entry: PrefixEntry, audit: AuditEntry) -> bool:
        """Allot a prefix; False when it is allotted already.

        Raises `ValueError` when there is no such enterprise.
        """

        async def work(connection: Connection) -> bool:
            homed = await directory.home(connection, entry)
            if homed:
                await write.audit(connection, audit)
            return homed

        homed = await self._database.commit(work)
        self._nudge.news()
        return homed

    async def hand_over(self, entry: PrefixEntry, audit: AuditEntry) -> bool:
        """Make a prefix of the node's own an enterprise's; False when it is not or is in use.

        Raises `ValueError` when there is no such enterprise.
        """

        async def work(connection: Connection) -> bool:
            handed = await directory.hand_over(connection, entry)
            if handed:
                await write.audit(connection, audit)
            return handed

        handed = await self._database.commit(work)
        self._nudge.news()
        return handed

    async def sign_prefix(self, prefix: Prefix, audit: AuditEntry, *, signed: bool) -> bool:
        """Say whether the node signs under a prefix; False when it was not allotted."""

        async def work(connection: Connection) -> bool:
            marked = await directory.sign(connection, prefix, signed=signed)
            if marked:
                await write.audit(connection, audit)
            return marked

        marked = await self._database.commit(work)
        self._nudge.news()
        return marked

    async def keep_names(self, prefix: Prefix, audit: AuditEntry, *, keeps: bool) -> bool:
        """Say whether names under a prefix stay taken; False when it was not allotted."""

        async def work(connection: Connection) -> bool:
            marked = await directory.keep(connection, prefix, keeps=keeps)
            if marked:
                await write.audit(connection, audit)
            return marked

        marked = await self._database.commit(work)
        self._nudge.news()
        return marked

    async def enable_prefix(self, prefix: Prefix, audit: AuditEntry, *, enabled: bool) -> bool:
        """Switch a prefix on or off; False when it was so already or was never allotted."""

        async def work(connection: Connection) -> bool:
            switched = await directory.enable(connection, prefix, enabled=enabled)
            if switched:
                await write.audit(connection, audit)
            return switched

        switched = await self._database.commit(work)
        self._nudge.news()
        return switched

    async def add_key(
        self, key: StoredKey, audit: AuditEntry, once: FirstAnswer[None] | None = None
    ) -> None:
        """Store a new API key.

        Raises `ValueError` when the id is taken or there is no such enterprise, and
        `AnsweredBefore`.
        """

        async def work(connection: Connection) -> None:
            await keys.add(connection, key)
            await write.audit(connection, audit)

        await write.commit(self._database, work, once)

    async def key(self, key_id: str) -> StoredKey | None:
        """Return an API key, revoked and expired ones too."""
        return await keys.find(self._database, key_id)

    async def api_keys(self) -> Sequence[StoredKey]:
        """Return all API keys, revoked and expired ones too, by enterprise, age and id."""
        return await keys.every(self._database)

    async def keys_page(
        self, enterprise: int | None, after: str, limit: int
    ) -> Sequence[StoredKey]:
        """Return up to `limit` API keys past an id, of one enterprise or (None) of all."""
        return await keys.page(self._database, enterprise, after, limit)

    async def rotate_key(
        self,
        key: StoredKey,
        ends_at: int,
        audit: AuditEntry,
        once: FirstAnswer[bool] | None = None,
    ) -> bool:
        """Store a key that replaces another, which ends at `ends_at` or sooner.

        False when the other is not in force. Raises `AnsweredBefore`.
        """

        async def work(connection: Connection) -> bool:
            if not await keys.shorten(connection, key.replaces, ends_at):
                return False
            await keys.add(connection, key)
            await write.audit(connection, audit)
            return True

        return await write.commit(self._database, work, once)

    async def revoke_key(self, key_id: str, at: int, audit: AuditEntry) -> bool:
        """End a key at the epoch second `at`; False when there is none in force by that id."""

        async def work(connection: Connection) -> bool:
            revoked = await keys.revoke(connection, key_id, at)
            if revoked:
                await write.audit(connection, audit)
            return revoked

        return await self._database.commit(work)

    async def open_import(self, new: Import) -> Import:
        """Store `new`, or return the one of the same id with its epoch raised by one."""

        async def work(connection: Connection) -> Import:
            return await imports.open_(connection, new)

        return await self._database.commit(work)

    async def finish_import(self, done: Import, audit: AuditEntry) -> None:
        """Store the end of an import: state, offset, digest, finished_at. Raises `Fenced`."""

        async def work(connection: Connection) -> None:
            await imports.finish(connection, done)
            await write.audit(connection, audit)

        await self._database.commit(work)

    async def find_import(self, import_id: UUID) -> Import | None:
        """Return an import as far as it is committed."""
        return await imports.find(self._database, import_id)

    async def imports(self, principal: str, limit: int) -> Sequence[Import]:
        """Return a principal's newest imports."""
        return await imports.newest(self._database, principal, limit)

    async def import_chunk(self, import_id: UUID, number: int) -> ImportChunk | None:
        """Return a committed chunk (numbered from 1) of an import."""
        return await imports.chunk(self._database, import_id, number)
