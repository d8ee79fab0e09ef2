"""HTTP calls that are safe to repeat, repeated while the server is away or says "not now"."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Final, Self, TypeVar

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
        self._clock: Final = clock
        self._sleep: Final = sleep
        self._chance: Final = chance
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=_CONNECT_SECONDS, sock_read=ANSWER_SECONDS
        )
        # No proxies of the environment: a node is asked itself, and the key goes to nobody else.
        self._session = aiohttp.ClientSession(
            timeout=timeout,
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
    ) -> Answer:
        """Call until there is an answer that is not "not now". `body` is made anew each time.

        With `repeat` false it is called once, for what is not safe to repeat.

        Raises `Refused`, `Unavailable`, `Unreachable` or `Garbled`.
        """

        async def once() -> Answer:
            async with self.opened(
                method, path, query=query, headers=headers, body=body()
            ) as response:
                found = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status, found, await response.read())

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
        )
        async with reaching(self.base), sending as response:
            if response.status >= _FIRST_ERROR:
                refused = refusal(response.status, response.content_type, await response.read())
                if response.status in _NOT_NOW:
                    raise NotNow(refused, response.headers.get("Retry-After"))
                raise refused
            yield response

    async def _repeated(self, attempt: Callable[[], Awaitable[T]]) -> T:
        give_up = self._clock() + self._patience
        number = 0
        while True:
            number += 1
            try:
                return await attempt()
            except (NotNow, Unreachable) as why:
                after = why.retry_after if isinstance(why, NotNow) else None
                wait = wait_before(number, after, self._chance())
                if self._clock() + wait > give_up:
                    raise
            await self._sleep(wait)
