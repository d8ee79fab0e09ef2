"""When a new worker joins its siblings at the sockets that they share, and knowing what."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog

from identifiers.directory import PrefixDirectory
from node.assignment import Role
from node.control import Question, State, ask_all
from resolver.ports import DirectorySource

_PATIENCE: Final = 10.0
"""Seconds that a new worker waits for the store when no sibling answers meanwhile."""
_LOOK_AROUND: Final = 1.0
_log = structlog.get_logger(__name__)


class Checked:
    """DirectorySource that is read once `check` has passed.

    Nothing is answered without a directory, so nobody serves from a schema that this release does
    not know (`assurance` I10), whenever the store comes: what `check` raises of its own ends the
    reader. It is asked once, because a later release may prepare the schema for itself while this
    one still serves.
    """

    def __init__(self, directories: DirectorySource, check: Callable[[], Awaitable[None]]) -> None:
        self._directories = directories
        self._check = check
        self._passed = False

    async def directory(self) -> PrefixDirectory:
        """Return the picture of all prefixes. Raises `StoreUnavailable`, and what `check` does."""
        if not self._passed:
            await self._check()
            self._passed = True
        return await self._directories.directory()


async def first_picture(
    known: asyncio.Event,
    siblings: Mapping[str, str],
    *,
    patience: float = _PATIENCE,
    look_around: float = _LOOK_AROUND,
) -> bool:
    """Wait until `known` is set, or nobody else answers; say whether it is set.

    All workers take questions from the same sockets: a new one that knows nothing yet, because the
    store is away, would spoil answers that its siblings have in their caches.
    """
    began = time.monotonic()
    while not known.is_set():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(look_around):
                await known.wait()
                return True
        if time.monotonic() - began >= patience and not await _sibling_serves(siblings):
            _log.warning("worker begins without the store")
            return False
    return True


async def _sibling_serves(siblings: Mapping[str, str]) -> bool:
    states = await ask_all(siblings, Question.STATE, State)
    return any(s is not None and s.role is Role.WORKER and s.ready for s in states.values())
