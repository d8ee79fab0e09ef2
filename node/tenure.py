"""One process in its seat, from its start to its end: what it reports, and whether it lives."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from node.assignment import Assignment, Counted, Failed, Ready, Report
from node.children import Child
from node.metrics import Family
from node.processor_time import spent
from node.silence import ALLOWED, ALLOWED_STARTING, Silence

PULSE: Final = 1.0
"""Seconds between two signs of life of a child."""
_log = structlog.get_logger(__name__)


class Tenure:
    """A running child.

    `noted` is called with each report, `ended` once at the end. `over` gives the exit status.
    """

    def __init__(
        self,
        child: Child,
        noted: Callable[["Tenure", Report], None],
        ended: Callable[["Tenure"], None],
        pulse: float = PULSE,
    ) -> None:
        self.child: Final = child
        self.ready: Final = asyncio.Event()
        self.families: tuple[Family, ...] = ()
        """What it last said that it counted."""
        self.failure = ""
        """Why it could not begin, in its own words."""
        self.hung = False
        self.starved = 0
        """How often it was silent for as long, but waited for a processor."""
        self._noted = noted
        self._ended = ended
        self._pulse = pulse
        self._began = asyncio.get_running_loop().time()
        self._heard = False
        self._briefing: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self.over: Final = asyncio.create_task(self._follow(), name=f"following {child.name}")

    @property
    def age(self) -> float:
        """Seconds since it began."""
        return asyncio.get_running_loop().time() - self._began

    def brief(self, assignment: Awaitable[Assignment]) -> None:
        """Tell it what to do as soon as that is known; to be called once."""

        async def give() -> None:
            self.child.assign(await assignment)

        self._briefing = asyncio.create_task(give(), name=f"briefing {self.child.name}")

    async def until_ready(self, patience: float) -> bool:
        """Wait until it serves; False when it ended before, or needs longer."""
        ready = asyncio.create_task(self.ready.wait())
        try:
            await asyncio.wait(
                {ready, self.over}, timeout=patience, return_when=asyncio.FIRST_COMPLETED
            )
            return self.ready.is_set() and not self.over.done()
        finally:
            ready.cancel()

    async def end(self, number: signal.Signals, patience: float) -> None:
        """Have it finish by a signal; when it has not ended by then, it is killed."""
        self.child.send(number)
        await asyncio.wait({self.over}, timeout=patience)
        if not self.over.done():
            _log.warning("child killed: it did not finish in time", child=self.child.name)
            self.child.send(signal.SIGKILL)
            await asyncio.wait({self.over})

    async def _follow(self) -> int:
        try:
            async for report in self.child.reports():
                self._note(report)
            return await self.child.ended()
        finally:
            for task in (self._briefing, self._watching):
                if task is not None:
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await task
            self._ended(self)

    def _note(self, report: Report) -> None:
        self._heard = True
        match report:
            case Ready():
                self.ready.set()
            case Failed(message=message):
                self.failure = message
            case Counted(families=families):
                self.families = families
                if self._watching is None:
                    self._watching = asyncio.create_task(self._watch())
            case _:
                pass
        self._noted(self, report)

    async def _watch(self) -> None:
        silence, before = Silence(), spent(self.child.pid)
        while not silence.hangs(allowed := self._allowed):
            self._heard = False
            await asyncio.sleep(self._pulse)
            now = spent(self.child.pid)
            starved = silence.starves(allowed)
            silence = Silence() if self._heard else silence.after(self._pulse, before, now)
            before = now
            if silence.starves(allowed) and not starved:
                self.starved += 1
                self._log(logging.WARNING, "child silent: it waits for a processor", silence)
        self.hung = True
        self._log(logging.ERROR, "child killed: it hangs", silence)
        self.child.send(signal.SIGKILL)

    @property
    def _allowed(self) -> int:
        return ALLOWED if self.ready.is_set() else ALLOWED_STARTING

    def _log(self, level: int, event: str, silence: Silence) -> None:
        _log.log(
            level,
            event,
            child=self.child.name,
            child_pid=self.child.pid,
            signs_missed=silence.missed,
            of_these_waiting=round(silence.missed - silence.own, 1),
        )
