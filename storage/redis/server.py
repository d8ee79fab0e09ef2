"""One Redis or Valkey, which may be away at any time: connections, time limits, the breaker."""

import asyncio
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Final, Self
from weakref import WeakKeyDictionary

import hiredis
from redis import exceptions
from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection

from identifiers.errors import StoreUnavailable
from storage.redis.breaker import Breaker
from storage.redis.scripts import Script

CONNECTIONS: Final = 64
_CONNECT_SECONDS: Final = 0.2
"""A new connection may take longer than a call: TLS, and AUTH behind it."""
_BROKEN: Final = (exceptions.RedisError, OSError, EOFError)

Argument = str | bytes | int


class RedisServer:
    """Runs scripts; every failure is a `StoreUnavailable` within the caller's time.

    `url` is ``redis://``, ``rediss://`` or ``unix://``. `clock` is monotonic seconds.

    Each new connection asks who is there (INFO). Behind one address there may be another server, or
    the same one started anew, with contents of before: whoever was told (`when_replaced`) hears of
    it before that connection serves, and connections to the former one are made anew.
    """

    def __init__(
        self,
        url: str,
        *,
        connections: int = CONNECTIONS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._breaker = Breaker()
        self._identity: tuple[str, str] | None = None
        self._identities: WeakKeyDictionary[AbstractConnection, tuple[str, str]] = (
            WeakKeyDictionary()
        )
        self._replaced: list[Callable[[], None]] = []
        # Lent by the pool and not given back while they serve: its ceremony at each lending costs
        # as much as twenty names of a look.
        self._idle: list[AbstractConnection] = []
        self._pool = ConnectionPool.from_url(
            url,
            max_connections=connections,
            protocol=3,
            retry=None,  # a retry multiplies the time that the caller waits
            socket_timeout=None,
            socket_connect_timeout=_CONNECT_SECONDS,
            driver_info=None,
            redis_connect_func=self._meet,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._pool.aclose()

    def when_replaced(self, told: Callable[[], None]) -> None:
        """Have `told` called when another server answers than before, or the same one restarted."""
        self._replaced.append(told)

    async def run(
        self,
        script: Script,
        keys: Sequence[str],
        arguments: Sequence[Argument],
        *,
        seconds: float,
        insist: bool = False,
    ) -> Any:
        """Run a script and return its reply.

        `insist` asks also while the server is given a pause. Raises `StoreUnavailable`.
        """
        if not insist and not self._breaker.allows(self._clock()):
            raise StoreUnavailable("the shared tier is given a pause after failures")
        try:
            connection = await self._connect()
            try:
                reply = await _evaluate(connection, script, keys, arguments, seconds)
            finally:
                await self._put_back(connection)
        except exceptions.MaxConnectionsError as error:
            raise StoreUnavailable("all connections to the shared tier are in use") from error
        except exceptions.ResponseError as error:
            self._breaker.succeeded()  # it is there, and says no: full, read-only
            raise StoreUnavailable(f"the shared tier refuses: {error}") from error
        except TimeoutError as error:
            self._breaker.failed(self._clock())
            raise StoreUnavailable("the shared tier is slow") from error
        except _BROKEN as error:
            self._breaker.failed(self._clock(), certain=True)
            raise StoreUnavailable(f"the shared tier is away: {error!r}") from error
        self._breaker.succeeded()
        return reply

    async def _connect(self) -> AbstractConnection:
        while self._idle:
            connection = self._idle.pop()
            if self._identities.get(connection) == self._identity and not await _broken(connection):
                return connection
            await connection.disconnect(nowait=True)
            await self._pool.release(connection)
        return await self._connect_anew()

    async def _put_back(self, connection: AbstractConnection) -> None:
        if connection.is_connected:
            self._idle.append(connection)
        else:
            await self._pool.release(connection)

    async def _connect_anew(self) -> AbstractConnection:
        async with asyncio.timeout(_CONNECT_SECONDS):
            connection: AbstractConnection = await self._pool.get_connection()  # type: ignore[no-untyped-call]  # redis-py has it untyped
            try:
                if self._identities.get(connection) != self._identity:
                    # It leads to a server that is not, or no longer, the one all others talk to.
                    await connection.disconnect()
                    await connection.connect()  # type: ignore[no-untyped-call]  # as above
            except BaseException:
                await connection.disconnect(nowait=True)
                await self._pool.release(connection)
                raise
            return connection

    async def _meet(self, connection: AbstractConnection) -> None:
        """Greet as redis-py does, then learn who is there."""
        await connection.on_connect()
        found: dict[str, str] = {}
        for section in ("server", "replication"):
            await connection.send_command("INFO", section)
            found.update(_fields(await connection.read_response()))
        # The process, and the history of its contents: a replica that is promoted, or that begins
        # to follow another, goes on as the same process.
        identity = (found.get("run_id", ""), found.get("master_replid", ""))
        if not all(identity):
            raise exceptions.ConnectionError("INFO tells neither who the server is nor its history")
        self._identities[connection] = identity
        former, self._identity = self._identity, identity
        if former not in {None, identity}:
            for told in self._replaced:
                told()


def _fields(told: bytes) -> dict[str, str]:
    lines = (line.partition(":") for line in told.decode().splitlines())
    return {name: text for name, colon, text in lines if colon}


async def _broken(connection: AbstractConnection) -> bool:
    """Say whether a connection that nobody uses has ended, or brings what nobody asked for."""
    try:
        return await connection.can_read()
    except _BROKEN:
        return True


async def _evaluate(
    connection: AbstractConnection,
    script: Script,
    keys: Sequence[str],
    arguments: Sequence[Argument],
    seconds: float,
) -> Any:
    # When this is left by time or cancellation, redis-py drops the connection: an answer that still
    # comes is not taken for another question's.
    async with asyncio.timeout(seconds):
        await _send(connection, "EVALSHA", script.sha, len(keys), *keys, *arguments)
        try:
            return await connection.read_response()
        except exceptions.NoScriptError:
            await _send(connection, "EVAL", script.text, len(keys), *keys, *arguments)
            return await connection.read_response()


async def _send(connection: AbstractConnection, *command: Argument) -> None:
    # In C, and in one piece: redis-py's own packing takes longer than the server for the answer.
    await connection.send_packed_command(hiredis.pack_command(command))  # type: ignore[arg-type]  # its own stub misses str among others
