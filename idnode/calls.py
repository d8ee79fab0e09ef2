"""HTTP calls that are safe to repeat, repeated while the server is away or says "not now"."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Final, NoReturn, Protocol, Self, TypeVar

import aiohttp
import msgspec

from idnode.errors import Refused, Unavailable, Unreachable
from idnode.problems import reaching, refusal

T = TypeVar("T")

PATIENCE: Final = 30.0
"""Seconds for which a call is repeated."""
ANSWER_SECONDS: Final = 30.0
"""For one answer to begin, or to go on."""
_CONNECT_SECONDS: Final = 5.0
_FIRST_WAIT: Final = 0.2
_LONGEST_WAIT: Final = 5.0
_FIRST_ERROR: Final = 400
_NOT_NOW: Final = (429, 503)


class Answer(msgspec.Struct, frozen=True):
    """What a server answered. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def wait_before(attempt: int, retry_after: str | None, chance: float) -> float:
    """Return the seconds to wait before the next attempt (counted from 1), scattered by `chance`.

    A server's Retry-After is kept when it is a number of seconds (RFC 9110 section 10.2.3), and is
    never undercut.
    """
    if retry_after is not None and retry_after.isascii() and retry_after.isdigit():
        return float(retry_after) + chance * _FIRST_WAIT
    longest = min(_FIRST_WAIT * 2.0 ** min(attempt - 1, 10), _LONGEST_WAIT)
    return longest * (0.5 + chance / 2)


class NotNow(Unavailable):
    """One answer of "not now"; `retry_after` is the header."""

    def __init__(self, refused: Refused, retry_after: str | None) -> None:
        super().__init__(refused.problem)
        self.retry_after: Final = retry_after


class Watch(Protocol):
    """Stands beside a call whose answer takes as long as the work does."""

    @property
    def moved_at(self) -> float:
        """When the work was last seen to go on, in the seconds of the call's clock."""
        ...

    async def stand(self) -> NoReturn:
        """Look until the attempt is to be given up, and raise why."""
        ...


class Calls:
    """Calls one server with one API key.

    Args:
        base: the server's address without a path.
        api_key: sent as a bearer token; never shown.
        patience: seconds for which a call is repeated; 0: never.
        clock: monotonic seconds.
        sleep: waits so many seconds.
        chance: draws from [0, 1).
    """

    def __init__(
        self,
        base: str,
        api_key: str,
        *,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.base: Final = base.rstrip("/")
        self._api_key: Final = api_key
        self._patience: Final = patience
        self.clock: Final = clock
        self.sleep: Final = sleep
        self._chance: Final = chance
        self._session: aiohttp.ClientSession | None = None
        self._answered = False

    async def __aenter__(self) -> Self:
        # No proxies of the environment: a node is asked itself, and the key goes to nobody else.
        self._session = aiohttp.ClientSession(
            trust_env=False,
            headers={"Authorization": f"Bearer {self._api_key}"},
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Callable[[], bytes | AsyncIterator[bytes]] = bytes,
        repeat: bool = True,
        watch: Watch | None = None,
    ) -> Answer:
        """Call until there is an answer that is not "not now". `body` is made anew each time.

        With `repeat` false it is called once, for what is not safe to repeat. With a `watch` an
        answer is waited for until that raises, and patience is counted from when it saw the work
        go on.

        Raises `Refused`, `Unavailable`, `Unreachable` or `Garbled`.
        """
        answer_seconds = ANSWER_SECONDS if watch is None else None

        async def once() -> Answer:
            async with self.opened(
                method,
                path,
                query=query,
                headers=headers,
                body=body(),
                answer_seconds=answer_seconds,
            ) as response:
                found = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status, found, await response.read())

        async def watched(watch: Watch) -> Answer:
            return await _beside(once(), watch.stand())

        if watch is not None:
            standing = watch
            return await self._repeated(lambda: watched(standing), lambda: standing.moved_at)
        return await (self._repeated(once) if repeat else once())

    @asynccontextmanager
    async def opened(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | AsyncIterator[bytes] = b"",
        answer_seconds: float | None = ANSWER_SECONDS,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Call once and give the answer to be read. Raises as `call`, `NotNow` at once."""
        if self._session is None:
            raise RuntimeError("use the client as an asynchronous context: async with …")
        sending = self._session.request(
            method,
            self.base + path,
            params=query,
            headers=headers,
            data=body or None,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=_CONNECT_SECONDS, sock_read=answer_seconds
            ),
        )
        async with reaching(self.base, first=not self._answered), sending as response:
            self._answered = True
            if response.status >= _FIRST_ERROR:
                refused = refusal(response.status, response.content_type, await response.read())
                if response.status in _NOT_NOW:
                    raise NotNow(refused, response.headers.get("Retry-After"))
                raise refused
            yield response

    async def _repeated(
        self, attempt: Callable[[], Awaitable[T]], since: Callable[[], float] | None = None
    ) -> T:
        began = self.clock()
        number = 0
        while True:
            number += 1
            try:
                return await attempt()
            except (NotNow, Unreachable) as why:
                after = why.retry_after if isinstance(why, NotNow) else None
                wait = wait_before(number, after, self._chance())
                if self.clock() + wait > (since() if since else began) + self._patience:
                    raise
            await self.sleep(wait)


async def _beside(asking: Coroutine[Any, Any, T], standing: Coroutine[Any, Any, NoReturn]) -> T:
    """Return what is asked for, or raise what the one that stands beside raises before."""
    tasks = asyncio.ensure_future(asking), asyncio.ensure_future(standing)
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        asked, stood = tasks
        return asked.result() if asked.done() else stood.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
