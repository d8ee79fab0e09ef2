"""One place in the node's crew: a process and, when it ends or is replaced, its successors."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog

from node.assignment import Assignment, Failed, Prepared, Ready, Report
from node.children import Child
from node.metrics import Family
from node.restarts import History
from node.tenure import PULSE, Tenure

LEAVE: Final = signal.SIGUSR2
"""Tells a process that its successor serves already: what it has taken it finishes."""
LEAVING_SECONDS: Final = 45.0
"""What a process gets for all that it has taken."""
STARTING_SECONDS: Final = 60.0
"""What a successor gets to become ready."""
_MOST_FALSE_STARTS: Final = 5
"""Ends before the first readiness after which the node gives up."""
_log = structlog.get_logger(__name__)


class CannotStart(RuntimeError):
    """The node cannot start; the message says why and what to do."""


class NotReplaced(RuntimeError):
    """A successor did not become ready; who was there serves on. The message says why."""


class Seat:
    """Keeps one role alive.

    Args:
        name: ``registry``, ``worker-0``, …
        settings: the texts that its processes work with.
        spawn: starts a process for it.
        brief: gives what to tell a process that is to work with such settings; it may wait for
            what the process needs, and is cancelled when the process ends meanwhile.
        install: makes a process the one that is asked under the seat's name.
        retired: is told what a process counted, once that has ended.
        overlaps: a successor may serve beside its predecessor.
        pulse: seconds between two signs of life.
    """

    def __init__(
        self,
        name: str,
        settings: Mapping[str, str],
        spawn: Callable[[str], Awaitable[Child]],
        brief: Callable[[Child, Mapping[str, str]], Awaitable[Assignment]],
        *,
        install: Callable[[str], None],
        retired: Callable[[tuple[Family, ...]], None],
        overlaps: bool,
        pulse: float = PULSE,
    ) -> None:
        self.name: Final = name
        self.settings = settings
        self.prepared: Final = asyncio.Event()
        self.ready: Final = asyncio.Event()
        self.was_ready = False
        self.credentials: str | None = None
        self.ended = 0
        """How many of its processes have ended."""
        self.hung = 0
        """How many of these because they gave no sign of life any more."""
        self._starved = 0
        self._spawn = spawn
        self._brief = brief
        self._install = install
        self._retired = retired
        self.overlaps: Final = overlaps
        self._pulse = pulse
        self._tenures: list[Tenure] = []
        self._holder: Tenure | None = None
        self._changing = asyncio.Lock()
        self._stopping = False
        self._history = History()

    async def keep(self) -> None:
        """Start a process, and another whenever it ends; returns when `stop` ended the last one.

        Raises `CannotStart` when no process ever became ready.
        """
        async with self._changing:
            holder = await self._appoint()
        while True:
            status = await asyncio.shield(holder.over)
            async with self._changing:
                if self._stopping:
                    return
                if self._holder is holder:
                    await self._mourn(holder, status)
                    if self._stopping:
                        return
                    await self._appoint()
                holder = self._holder or holder

    async def replace(
        self, settings: Mapping[str, str], *, patience: float = STARTING_SECONDS
    ) -> None:
        """Put a successor with these settings into the place. Raises `NotReplaced`."""
        async with self._changing:
            before = self._holder
            if before is None or self._stopping:
                raise NotReplaced(f"{self.name} is not replaced: the node stops")
            heir = await self._start()
            if not self.overlaps:
                await before.end(signal.SIGTERM, LEAVING_SECONDS)
                self._install(self.name)
            heir.brief(self._brief(heir.child, settings))
            if not await heir.until_ready(patience):
                await heir.end(signal.SIGKILL, patience)
                if not self.overlaps and not self._stopping:
                    await self._appoint()
                raise NotReplaced(f"{self.name}: {_why_not(heir, patience)}")
            self._holder, self.settings = heir, settings
            if self.overlaps:
                self._install(self.name)
                await before.end(LEAVE, LEAVING_SECONDS)

    def tenures(self) -> list[Tenure]:
        """Return its running processes: one, or two while one succeeds the other."""
        return list(self._tenures)

    @property
    def holder(self) -> Tenure | None:
        """The process that is asked under the seat's name, as long as it runs."""
        return self._holder if self._holder in self._tenures else None

    @property
    def starved(self) -> int:
        """How often a process gave no sign of life because it waited for a processor."""
        return self._starved + sum(tenure.starved for tenure in self._tenures)

    async def stop(self, patience: float) -> None:
        """Let the process finish what it is at; one that has not ended by then is killed."""
        self._stopping = True
        await asyncio.gather(*(t.end(signal.SIGTERM, patience) for t in self.tenures()))

    def send(self, number: signal.Signals) -> None:
        """Send the process a signal that ends it for good: none follows."""
        self._stopping = True
        for tenure in self._tenures:
            tenure.child.send(number)

    async def _appoint(self) -> Tenure:
        """Start a process in an empty place."""
        tenure = self._holder = await self._start()
        self._install(self.name)
        tenure.brief(self._brief(tenure.child, self.settings))
        return tenure

    async def _start(self) -> Tenure:
        tenure = Tenure(await self._spawn(self.name), self._note, self._note_end, self._pulse)
        self._tenures.append(tenure)
        if self._stopping:  # asked while it was being started
            tenure.child.send(signal.SIGKILL)
        return tenure

    async def _mourn(self, holder: Tenure, status: int) -> None:
        if not self.was_ready:
            if holder.failure:
                raise CannotStart(holder.failure)
            if self.ended >= _MOST_FALSE_STARTS:
                told = f"{self.name} ended {self.ended} times while starting; see its log"
                raise CannotStart(told)
        self._history = self._history.after(holder.age)
        delay = self._history.delay
        _log.warning("child ended", child=self.name, status=status, restart_in=delay)
        await asyncio.sleep(delay)

    def _note(self, tenure: Tenure, report: Report) -> None:
        match report:
            case Prepared():
                self.prepared.set()
            case Ready(credentials=credentials):
                self.credentials = credentials
                self.prepared.set()
                self.ready.set()
                self.was_ready = True
                _log.info("child ready", child=self.name, child_pid=tenure.child.pid)
            case Failed(message=message) if self.was_ready:
                _log.error("child cannot start", child=self.name, why=message)
            case _:
                pass

    def _note_end(self, tenure: Tenure) -> None:
        self._tenures.remove(tenure)
        self.ended += 1
        self.hung += tenure.hung
        self._starved += tenure.starved
        self._retired(tenure.families)
        if not any(other.ready.is_set() for other in self._tenures):
            self.ready.clear()


def _why_not(heir: Tenure, patience: float) -> str:
    if heir.failure:
        return heir.failure
    if heir.over.done() and heir.over.result() != -signal.SIGKILL:
        return f"its successor ended (status {heir.over.result()}) while starting; see its log"
    return f"its successor was not ready within {patience:g} s; see its log"
