"""One place in the node's crew: a child and, when it ends, its successors."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable
from typing import Final, assert_never

import structlog

from node.assignment import Assignment, Failed, Prepared, Ready, Report
from node.children import Child
from node.restarts import History

_MOST_FALSE_STARTS: Final = 5
"""Ends before the first readiness after which the node gives up."""
_log = structlog.get_logger(__name__)


class CannotStart(RuntimeError):
    """The node cannot start; the message says why and what to do."""


class Seat:
    """Keeps one role alive.

    Args:
        name: ``registry``, ``worker-0``, …
        spawn: starts a process for it.
        brief: gives what to tell a process, given how many there were before it; it may wait for
            what the process needs, and is cancelled when the process ends meanwhile.
    """

    def __init__(
        self,
        name: str,
        spawn: Callable[[str], Awaitable[Child]],
        brief: Callable[[int], Awaitable[Assignment]],
    ) -> None:
        self.name: Final = name
        self.prepared: Final = asyncio.Event()
        self.ready: Final = asyncio.Event()
        self.credentials: str | None = None
        self._spawn = spawn
        self._brief = brief
        self._child: Child | None = None
        self._stopping = False
        self.was_ready = False
        self._history = History()

    async def keep(self) -> None:
        """Start a process, and another whenever it ends; returns when `stop` ended the last one.

        Raises `CannotStart` when no process ever became ready.
        """
        clock = asyncio.get_running_loop().time
        restarts = 0
        while True:
            began = clock()
            self._child = await self._spawn(self.name)
            if self._stopping:  # asked while it was being started
                self._child.send(signal.SIGKILL)
            status = await self._follow(self._child, restarts)
            self._child = None
            self.ready.clear()
            if self._stopping:
                return
            restarts += 1
            if not self.was_ready and restarts >= _MOST_FALSE_STARTS:
                raise CannotStart(f"{self.name} ended {restarts} times while starting; see its log")
            self._history = self._history.after(clock() - began)
            delay = self._history.delay
            _log.warning("child ended", child=self.name, status=status, restart_in=delay)
            await asyncio.sleep(delay)
            if self._stopping:
                return

    async def stop(self, patience: float) -> None:
        """Let the process finish what it is at; one that has not ended by then is killed."""
        self.send(signal.SIGTERM)
        if self._child is None:
            return
        try:
            async with asyncio.timeout(patience):
                await self._child.ended()
        except TimeoutError:
            _log.warning("child killed: it did not finish in time", child=self.name)
            self.send(signal.SIGKILL)

    def send(self, number: signal.Signals) -> None:
        """Send the process a signal that ends it for good: none follows."""
        self._stopping = True
        if self._child is not None:
            self._child.send(number)

    async def _follow(self, child: Child, restarts: int) -> int:
        briefing = asyncio.create_task(self._give(child, restarts))
        try:
            async for report in child.reports():
                self._note(child, report)
            return await child.ended()
        finally:
            briefing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await briefing

    async def _give(self, child: Child, restarts: int) -> None:
        child.assign(await self._brief(restarts))

    def _note(self, child: Child, report: Report) -> None:
        match report:
            case Prepared():
                self.prepared.set()
            case Ready(credentials=credentials):
                self.credentials = credentials
                self.prepared.set()
                self.ready.set()
                self.was_ready = True
                _log.info("child ready", child=self.name, child_pid=child.pid)
            case Failed(message=message):
                if not self.was_ready:
                    raise CannotStart(message)
                _log.error("child cannot start", child=self.name, why=message)
            case _:
                assert_never(report)
