"""Reads hot names anew before their life ends: one question at a time, each name once."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import islice
from typing import Final

from identifiers.errors import StoreUnavailable

AT_ONCE: Final = 256
"""Names in one question. One question at a time is a quarter of those of misses (`Batching`)."""
WAITING: Final = 65_536
"""Names that wait for it; more are left to run out, and are read when they are asked for."""
PAUSE: Final = 1.0
"""Seconds without a question after one that failed."""


class EarlyRefresh:
    """`read` asks for names and keeps what comes; it raises `StoreUnavailable`."""

    def __init__(self, read: Callable[[list[str]], Awaitable[object]]) -> None:
        self._read = read
        self._wanted: dict[str, None] = {}
        self._work = asyncio.Event()

    def want(self, name: str) -> None:
        """Have a name read soon."""
        if name not in self._wanted and len(self._wanted) < WAITING:
            self._wanted[name] = None
            self._work.set()

    async def run(self) -> None:
        """Read what is wanted until cancelled."""
        while True:
            await self._work.wait()
            names = list(islice(self._wanted, AT_ONCE))
            try:
                await self._read(names)
            except StoreUnavailable:
                # What is hot is asked for again, and then wanted again.
                await asyncio.sleep(PAUSE)
            for name in names:
                del self._wanted[name]
            if not self._wanted:
                self._work.clear()
