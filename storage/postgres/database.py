"""Connections, and the two ways to use one: `Database.read` and `Database.commit`.

Both run in a task of their own. A caller that is cancelled leaves the task to its end, because a
cancelled asyncpg call sends a cancel to the server: a write would then end with a fate that nobody
knows (`assurance` 2.1). What takes too long is ended by `terminate()`, never by a cancel.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import asyncpg

from identifiers.errors import FateUnknown, StoreUnavailable
from storage.postgres.errors import (
    DRIVER_ERRORS,
    NotDurable,
    raise_commit_error,
    raise_translated,
)
from storage.postgres.pool import Census, Connection, Pool

T = TypeVar("T")
Row = Any  # asyncpg's: a tuple and a mapping in one
Work = Callable[[Connection], Awaitable[T]]

READ_WAIT: Final = 0.2
WRITE_WAIT: Final = 1.0
"""Seconds to wait for a free connection (`assurance` R-DOS-5), however long making one takes."""
WRITE_SECONDS: Final = 3.0
"""How long a small write may take (`assurance` I2)."""
_CONNECT_SECONDS: Final = 5.0
"""How long making a connection may take; who waits for it gives up sooner."""

_SESSION: Final = {
    "lock_timeout": "1s",
    # What we give up on by `terminate()` must not go on for long at the server.
    "statement_timeout": "15s",
    "idle_in_transaction_session_timeout": "10s",
    # Planning over 16 partitions takes longer than running; every statement here is written so
    # that its generic plan is the right one.
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
}

_DURABILITY: Final = (
    "SELECT current_setting('synchronous_commit'), current_setting('synchronous_standby_names'),"
    " current_setting('fsync')"
)

_log = logging.getLogger(__name__)


class Database:
    """A pool of connections to one Postgres, which may be away at any time.

    `dsn` may name several hosts with ``target_session_attrs``; TLS is as its ``sslmode`` says.
    `connections` is the pool's size; connections are made when they are needed, so that this opens
    without a server. `durable` is for whoever writes: a server with ``synchronous_commit`` off is
    then refused. `read_seconds` is how long one read may take.

    `max_connections` of the server must hold all pools of all processes, and two more each.
    """

    def __init__(
        self,
        dsn: str,
        *,
        connections: int = 16,
        durable: bool = True,
        read_seconds: float = 2.0,
        application: str = "idnode",
    ) -> None:
        self._dsn = dsn
        self._durable = durable
        self._read_seconds = read_seconds
        self._session = _SESSION | {"application_name": application}
        self._not_durable = ""
        self._pool = Pool(self._connect, connections)
        self._running: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let what runs come to its end (each has its timer), then close."""
        if self._running:
            await asyncio.wait(self._running)
        await self._pool.close()

    def census(self) -> Census:
        """Return how many connections there are, by what they do."""
        return self._pool.census()

    async def read(self, work: Work[T]) -> T:
        """Run statements that change nothing. Raises `StoreUnavailable`."""
        return await self._run(work, READ_WAIT, self._read_seconds)

    async def rows(self, sql: str, *arguments: object) -> list[Row]:
        """Return what one query finds. Raises `StoreUnavailable`."""

        async def work(connection: Connection) -> list[Row]:
            return list(await connection.fetch(sql, *arguments))

        return await self.read(work)

    async def row(self, sql: str, *arguments: object) -> Row | None:
        """Return the first row that one query finds. Raises `StoreUnavailable`."""

        async def work(connection: Connection) -> Row | None:
            return await connection.fetchrow(sql, *arguments)

        return await self.read(work)

    async def commit(
        self, work: Work[T], *, opening: str = "BEGIN", seconds: float = WRITE_SECONDS
    ) -> T:
        """Run `work` in a transaction that `opening` begins, and commit it.

        What `work` raises comes out after a rollback. Raises `StoreUnavailable` when nothing was
        committed, `FateUnknown` when COMMIT was sent and no clear answer came within `seconds`.
        """
        if self._not_durable:
            raise NotDurable(self._not_durable)

        async def transaction(connection: Connection) -> T:
            return await _transact(connection, opening, work)

        return await self._run(transaction, WRITE_WAIT, seconds)

    async def verify(self) -> None:
        """Look again whether commits are durable; to be called every minute.

        While they are not, writes raise `NotDurable`. Raises `StoreUnavailable`.
        """
        if self._durable:
            # Nobody waits for this, so it may take as long as making a connection does.
            looking = self._run(_why_not_durable, _CONNECT_SECONDS, self._read_seconds)
            self._not_durable = await looking
        if self._not_durable:
            _log.error("writes refused: %s", self._not_durable)

    async def open(self, count: int) -> None:
        """Make connections before somebody waits for them. Raises `StoreUnavailable`."""
        await self._undisturbed(self._fill(count))

    async def _fill(self, count: int) -> None:
        try:
            await self._pool.fill(count, _CONNECT_SECONDS)
        except DRIVER_ERRORS as error:
            raise_translated(error)

    async def _connect(self) -> Connection:
        connection = await asyncpg.connect(
            self._dsn,
            timeout=_CONNECT_SECONDS,
            max_cached_statement_lifetime=0,
            server_settings=self._session,
            **primary(self._dsn),
        )
        timer = asyncio.get_running_loop().call_later(_CONNECT_SECONDS, connection.terminate)
        try:
            if self._durable:
                await _check_durable(connection)
        except BaseException:
            connection.terminate()
            raise
        finally:
            timer.cancel()
        return connection

    async def _run(self, work: Work[T], wait: float, seconds: float) -> T:
        return await self._undisturbed(self._with_connection(work, wait, seconds))

    async def _undisturbed(self, doing: Coroutine[Any, Any, T]) -> T:
        task = asyncio.create_task(doing)
        self._running.add(task)
        task.add_done_callback(self._forget)
        return await asyncio.shield(task)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # when its caller went away, nobody else looks

    async def _with_connection(self, work: Work[T], wait: float, seconds: float) -> T:
        try:
            connection = await self._pool.acquire(wait)
        except DRIVER_ERRORS as error:
            raise_translated(error)
        timer = asyncio.get_running_loop().call_later(seconds, connection.terminate)
        try:
            return await work(connection)
        except DRIVER_ERRORS as error:
            if not isinstance(error, asyncpg.PostgresError):  # no answer, but a broken connection
                connection.terminate()
            raise_translated(error)
        finally:
            timer.cancel()
            self._pool.release(connection)


def primary(dsn: str) -> dict[str, str]:
    """Ask for the primary, unless `dsn` says itself which of several servers it wants.

    What decides about writes and freshness may not come from a standby (`assurance` 2.1, 2.4).
    """
    return {} if "target_session_attrs" in dsn else {"target_session_attrs": "read-write"}


async def _transact(connection: Connection, opening: str, work: Work[T]) -> T:
    try:
        await connection.execute(opening)
        result = await work(connection)
    except BaseException:
        try:
            await connection.execute("ROLLBACK")
        except DRIVER_ERRORS:
            connection.terminate()
        raise
    warnings: list[str] = []

    def heard(_: Connection, message: Any) -> None:
        warnings.append(f"{message.sqlstate} {message}")

    connection.add_log_listener(heard)
    try:
        status = await connection.execute("COMMIT")
    except DRIVER_ERRORS as error:
        connection.terminate()
        raise_commit_error(error)
    finally:
        connection.remove_log_listener(heard)
    if status != "COMMIT":
        raise StoreUnavailable(f"COMMIT was answered by {status}")
    if warnings:
        # The server committed here and not at its standby (`assurance` 2.1, WARNING 01000).
        raise FateUnknown(f"COMMIT came with a warning: {'; '.join(warnings)}")
    return result


async def _check_durable(connection: Connection) -> None:
    if why := await _why_not_durable(connection):
        raise NotDurable(why)


async def _why_not_durable(connection: Connection) -> str:
    return why_not_durable(*await connection.fetchrow(_DURABILITY))


def why_not_durable(level: str, standbys: str, fsync: str) -> str:
    """Say why a commit might be acknowledged and lost; empty: it will not be.

    `level` is ``synchronous_commit``, `standbys` is ``synchronous_standby_names``.
    """
    if fsync == "off":
        return "the server runs with fsync = off"
    if level == "off" or (level == "local" and standbys):
        return f"the server runs with synchronous_commit = {level}"
    return ""
