"""Connections at hand: who asks gets one that is free, and waits no longer than it wants to.

Making a connection takes as long as it takes. Over a slow path, and to a busy server, that is
longer than any caller waits: so connections are made in tasks of their own, and one that comes too
late for its caller is there for the next.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec

Connection = Any  # asyncpg's; it has no types of its own

_CLOSE_SECONDS: Final = 2.0


class Census(msgspec.Struct, frozen=True):
    """How many connections there are, by what they do."""

    used: int
    idle: int
    connecting: int


class Pool:
    """Up to `most` connections, which `connect` makes when they are needed.

    `connect` must come to an end by itself: nothing but `close` cancels it.
    """

    def __init__(self, connect: Callable[[], Awaitable[Connection]], most: int) -> None:
        self._connect = connect
        self._most = most
        self._used = 0
        self._idle: list[Connection] = []
        self._making: set[asyncio.Task[Connection]] = set()
        self._waiting: deque[asyncio.Future[Connection]] = deque()
        self._trouble = ""

    def census(self) -> Census:
        """Return how many connections there are."""
        idle = sum(not connection.is_closed() for connection in self._idle)
        return Census(used=self._used, idle=idle, connecting=len(self._making))

    async def acquire(self, seconds: float) -> Connection:
        """Lend a connection, the one used last first; give it back by `release`.

        Not to be cancelled. Raises `TimeoutError` when none is free within `seconds`, and what
        `connect` raises.
        """
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                self._used += 1
                return connection
        wanted = asyncio.get_running_loop().create_future()
        self._waiting.append(wanted)
        self._make()
        await asyncio.wait({wanted}, timeout=seconds)
        if wanted.done():
            return wanted.result()
        self._waiting.remove(wanted)
        why = f"; the last one could not be made: {self._trouble}" if self._trouble else ""
        raise TimeoutError(f"no connection within {seconds:g} s{why}")

    async def fill(self, count: int, seconds: float) -> None:
        """Have so many connections at hand, or as many as may be, before somebody waits for them.

        Not to be cancelled. Raises what `acquire` does.
        """
        wanted = min(count, self._most)
        made = await asyncio.gather(
            *(self.acquire(seconds) for _ in range(wanted)), return_exceptions=True
        )
        for one in made:
            if not isinstance(one, BaseException):
                self.release(one)
        for one in made:
            if isinstance(one, BaseException):
                raise one

    def release(self, connection: Connection) -> None:
        """Take a connection back; a closed one is forgotten."""
        self._used -= 1
        self._offer(connection)
        self._make()

    async def close(self) -> None:
        """Close all connections; none may be lent. Takes two seconds at the most."""
        for task in self._making:
            task.cancel()
        if self._making:
            await asyncio.wait(self._making, timeout=_CLOSE_SECONDS)
        await asyncio.gather(
            *(connection.close(timeout=_CLOSE_SECONDS) for connection in self._idle),
            return_exceptions=True,  # what does not close in order is aborted by the driver
        )
        self._idle.clear()

    def _offer(self, connection: Connection) -> None:
        if connection.is_closed():
            return
        if self._waiting:
            self._used += 1
            self._waiting.popleft().set_result(connection)
        else:
            self._idle.append(connection)

    def _make(self) -> None:
        """Begin as many connections as are waited for and may be."""
        free = self._most - self._used - len(self._idle) - len(self._making)
        for _ in range(min(free, len(self._waiting) - len(self._making))):
            task = asyncio.ensure_future(self._connect())
            self._making.add(task)
            task.add_done_callback(self._made)

    def _made(self, task: asyncio.Task[Connection]) -> None:
        self._making.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            self._trouble = ""
            self._offer(task.result())
        else:
            self._trouble = repr(error)
            if self._waiting:
                self._waiting.popleft().set_exception(error)
        self._make()
