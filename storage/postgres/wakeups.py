"""Wake-ups by LISTEN and NOTIFY: they hasten what polling finds anyway.

Never inside a write transaction: NOTIFY takes a lock over all commits of the server and halved
their rate. `Nudge` sends after the commit, `Ear` hears; each keeps a connection of its own and gets
a new one by itself.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

import asyncpg

from storage.postgres.database import primary
from storage.postgres.errors import DRIVER_ERRORS
from storage.postgres.pool import Connection

_CHANNEL: Final = "idnode_news"
_CONNECT_SECONDS: Final = 5.0
_CALL_SECONDS: Final = 5.0
_QUIET_SECONDS: Final = 0.02
"""At most one NOTIFY in so many seconds."""
_CHECK_SECONDS: Final = 30.0
_FIRST_RETRY: Final = 0.25
_LAST_RETRY: Final = 5.0

_log = logging.getLogger(__name__)


class KeptConnection:
    """A task that uses a connection of its own and begins anew when it is lost."""

    def __init__(
        self, dsn: str, purpose: str, use: Callable[[Connection], Awaitable[None]]
    ) -> None:
        self._dsn = dsn
        self._purpose = purpose
        self._use = use
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; returns at once."""
        self._task = asyncio.create_task(self._keep(), name=f"postgres-{self._purpose}")

    async def stop(self) -> None:
        """End the task, and its connection with it."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _keep(self) -> None:
        clock = asyncio.get_running_loop().time
        retry = _FIRST_RETRY / 2
        while True:
            began = clock()
            try:
                await self._connected()
            except Exception as error:  # noqa: BLE001 -- a mistake of ours must not end it unseen
                lasted = clock() - began > _LAST_RETRY
                retry = _FIRST_RETRY if lasted else min(retry * 2, _LAST_RETRY)
                foreseen = isinstance(error, DRIVER_ERRORS)
                _log.log(
                    logging.WARNING if foreseen else logging.ERROR,
                    "%s connection lost, again in %.2f s: %r",
                    self._purpose,
                    retry,
                    error,
                    exc_info=None if foreseen else error,
                )
            await asyncio.sleep(retry)

    async def _connected(self) -> None:
        connection = await asyncpg.connect(
            self._dsn,
            timeout=_CONNECT_SECONDS,
            command_timeout=_CALL_SECONDS,
            **primary(self._dsn),
            server_settings={"application_name": f"idnode-{self._purpose}"},
        )
        try:
            await self._use(connection)
        finally:
            connection.terminate()


class Nudge:
    """Tells listeners, soon after it was told itself, that there is news."""

    def __init__(self, dsn: str) -> None:
        self._news = asyncio.Event()
        self._connection = KeptConnection(dsn, "nudge", self._send)

    async def __aenter__(self) -> Self:
        self._connection.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._connection.stop()

    def news(self) -> None:
        """Say that something was committed; returns at once."""
        self._news.set()

    async def _send(self, connection: Connection) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            await connection.execute(f"NOTIFY {_CHANNEL}")
            await asyncio.sleep(_QUIET_SECONDS)


class Ear:
    """Hears the nudges of all writers."""

    def __init__(self, dsn: str) -> None:
        self._heard = asyncio.Event()
        self._connection = KeptConnection(dsn, "ear", self._listen)

    async def __aenter__(self) -> Self:
        self._connection.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._connection.stop()

    async def hear(self, seconds: float) -> None:
        """Return when a nudge came since the last return, at the latest after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._heard.wait()
        except TimeoutError:
            return
        self._heard.clear()

    async def _listen(self, connection: Connection) -> None:
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        await connection.add_listener(_CHANNEL, lambda *_: self._heard.set())
        self._heard.set()  # news may have come while nobody listened
        while not lost.is_set():
            try:
                async with asyncio.timeout(_CHECK_SECONDS):
                    await lost.wait()
            except TimeoutError:
                # A connection that was cut without a word would stay silent for ever.
                await connection.execute("SELECT 1")
        raise ConnectionError("closed by the server")
