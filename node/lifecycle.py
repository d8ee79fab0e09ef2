"""From the first await of a child to its last: serve, be told to stop, drain, close in reverse."""

import asyncio
import contextlib
import gc
import signal
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog

from node import control
from node.assignment import Assignment
from node.config import Settings
from node.control import Health
from node.listeners import inherited
from node.metrics import Family, process_families

_log: Final = structlog.get_logger(__name__)

Begin = Callable[["Running"], Awaitable[None]]
"""Brings a role up: enters resources into the stack and names checks and metrics."""


class Running:
    """One child while it lives.

    `stack` closes in reverse: what is entered last, the public listeners, drains first, while
    everything it stands on is still there.
    """

    def __init__(
        self, assignment: Assignment, settings: Settings, stack: contextlib.AsyncExitStack
    ) -> None:
        self.assignment: Final = assignment
        self.settings: Final = settings
        self.stack: Final = stack
        self.health: Final = Health(assignment.name, assignment.role)
        self.metrics: Final[list[Callable[[], list[Family]]]] = []
        self.credentials: str | None = None
        self._started = time.time()

    def families(self) -> list[Family]:
        """Return all that this process counts."""
        found = process_families(
            self.assignment.name, started=self._started, restarts=self.assignment.restarts
        )
        for more in self.metrics:
            found += more()
        return found


async def live(
    assignment: Assignment, settings: Settings, begin: Begin, ready: Callable[[str | None], None]
) -> None:
    """Bring a role up, say so, and serve until SIGTERM; then drain and close."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with contextlib.AsyncExitStack() as stack:
        running = Running(assignment, settings, stack)
        listener = inherited(assignment.sockets.control)
        server = await control.answer(listener, running.health, running.families)
        stack.callback(server.close)
        starting = asyncio.ensure_future(begin(running))
        asked = asyncio.ensure_future(stop.wait())
        either: set[asyncio.Future[Any]] = {starting, asked}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if asked.done():
            starting.cancel()
            await asyncio.wait({starting})
            return
        starting.result()
        # What lives now lives as long as the process: no collection needs to walk through it.
        gc.collect()
        gc.freeze()
        running.health.serving = True
        ready(running.credentials)
        await asked
        running.health.draining = True
        _log.info("draining")
        await asyncio.sleep(settings.drain_delay)
