"""From the first await of a child to its last: serve, be told to stop, drain, close in reverse."""

import asyncio
import contextlib
import gc
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

import structlog

from node import control
from node.assignment import Assignment, Counted
from node.config import Settings
from node.control import Health
from node.listeners import inherited
from node.metrics import Family, process_families
from node.seats import LEAVE
from node.tenure import PULSE

_log: Final = structlog.get_logger(__name__)

Begin = Callable[["Running"], Awaitable[None]]
"""Brings a role up: enters resources into the stack and names checks and metrics."""


class Running:
    """One child while it lives.

    `stack` closes in reverse: what is entered last, the public listeners, drains first, while
    everything it stands on is still there.
    """

    def __init__(
        self,
        assignment: Assignment,
        settings: Settings,
        stack: contextlib.AsyncExitStack,
        prepared: Callable[[], None],
    ) -> None:
        self.assignment: Final = assignment
        self.settings: Final = settings
        self.stack: Final = stack
        self.prepared: Final = prepared
        """To be called as soon as other processes may use the database."""
        self.health: Final = Health(assignment.name, assignment.role)
        self.metrics: Final[list[Callable[[], list[Family]]]] = []
        self.caught_up: Callable[[], Awaitable[bool]] = keeps_nothing
        """Looks for news and applies them, where this process keeps what may get old."""
        self.credentials: str | None = None
        self.succeeded = False
        """Whether a successor serves already, so that it takes over what is open."""
        self.failed: Final[asyncio.Future[None]] = asyncio.get_running_loop().create_future()
        self._works: set[asyncio.Task[None]] = set()
        self._started = time.time()

    def leave(self, stop: asyncio.Event) -> None:
        """Note that a successor serves, and stop."""
        self.succeeded = True
        stop.set()

    def background(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run `work` for as long as this process lives; should it fail, the process ends."""
        task = asyncio.create_task(work, name=name)
        self._works.add(task)

        async def end() -> None:
            task.cancel()
            await asyncio.wait({task})

        self.stack.push_async_callback(end)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._works.discard(task)
        if task.cancelled() or (why := task.exception()) is None:
            return
        while isinstance(why, BaseExceptionGroup) and len(why.exceptions) == 1:
            # A task group's only failure is the cause, and its text is for the operator.
            why = why.exceptions[0]
        _log.error("background work failed", work=task.get_name(), exc_info=why)
        if not self.failed.done():
            self.failed.set_exception(why)

    def families(self) -> list[Family]:
        """Return all that this process counts."""
        found = process_families(self.assignment.name, started=self._started)
        for more in self.metrics:
            found += more()
        return found


async def keeps_nothing() -> bool:
    """Answer for a process that keeps nothing that may get old."""
    return True


async def live(
    assignment: Assignment,
    settings: Settings,
    begin: Begin,
    *,
    prepared: Callable[[], None],
    ready: Callable[[str | None], None],
    counted: Callable[[Counted], None],
) -> None:
    """Bring a role up, say so, and serve until SIGTERM or `LEAVE`; then drain and close.

    `counted` is called every second, and when all is closed.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    stack = contextlib.AsyncExitStack()
    running = Running(assignment, settings, stack, prepared)
    loop.add_signal_handler(LEAVE, running.leave, stop)
    pulse = asyncio.create_task(_pulse(running, counted))
    try:
        await _live(running, begin, stop, ready)
    finally:
        pulse.cancel()
        counted(Counted(tuple(running.families())))


async def _pulse(running: Running, counted: Callable[[Counted], None]) -> None:
    while True:
        counted(Counted(tuple(running.families())))
        await asyncio.sleep(PULSE)


async def _live(
    running: Running,
    begin: Begin,
    stop: asyncio.Event,
    ready: Callable[[str | None], None],
) -> None:
    assignment, settings = running.assignment, running.settings
    async with running.stack as stack:
        listener = inherited(assignment.sockets.control)
        server = await control.answer(
            listener,
            running.health,
            running.families,
            lambda: running.caught_up(),  # noqa: PLW0108 -- set only while the role is brought up
        )
        stack.callback(server.close)
        starting = asyncio.ensure_future(begin(running))
        asked = asyncio.ensure_future(stop.wait())
        stack.callback(asked.cancel)
        try:
            await _first_of(starting, asked, running.failed)
        finally:
            # Told to stop, or something in the background failed: nothing may be entered into the
            # stack any more when it closes.
            if cut_short := not starting.done():
                starting.cancel()
                await asyncio.wait({starting})
        if cut_short:
            return
        starting.result()
        # What lives now lives as long as the process: no collection needs to walk through it.
        gc.collect()
        gc.freeze()
        running.health.serving = True
        ready(running.credentials)
        await _first_of(asked, running.failed)
        _log.info("draining", successor=running.succeeded)
        if not running.succeeded:
            running.health.draining = True
            await asyncio.sleep(settings.drain_delay)


async def _first_of(*futures: asyncio.Future[Any]) -> None:
    done, _ = await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
    for future in done:
        future.result()
