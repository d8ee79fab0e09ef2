"""One running child: started so that it dies with us, watched until it ends, stopped in steps."""

import asyncio
import contextlib
import enum
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Self

from storage.embedded.errors import StartFailedError
from storage.embedded.identity import Identity, mode
from storage.embedded.lock import note_holder
from storage.embedded.log import BoundedLog
from storage.embedded.ranks import rank_children

_SHIM = Path(__file__).with_name("spawn.py")
# PGDATA and its like stay outside; some builds of Python, so the shim, do not start without the
# second
_ENVIRONMENT = {"PATH": os.defpath} | {
    name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ
}
_LOOK_SECONDS = 5.0
_POLL_SECONDS = 0.01

StopSteps = Sequence[tuple[signal.Signals, float]]
"""Signals, each with the seconds to wait before the next; SIGKILL follows the last one."""


class Answer(enum.Enum):
    """What a starting server says when it is asked."""

    READY = enum.auto()
    BUSY = enum.auto()
    """It is there and will be ready, e.g. after recovery."""
    NONE = enum.auto()


def ending_with_parent(
    command: Sequence[str], *, death_signal: signal.Signals, identity: Identity, niceness: int = 0
) -> list[str]:
    """Put `spawn` in front of a command, so that it gets ``death_signal`` when this thread ends.

    Start the result from the main thread, as a direct child, with ``niceness`` in a session of its
    own.  ``command[0]`` is a path.
    """
    shim = [sys.executable, "-I", "-S", str(_SHIM), mode(identity), death_signal.name[3:]]
    return [*shim, str(os.getpid()), str(niceness), *command]


async def output_of(command: Sequence[str], *, identity: Identity) -> tuple[int, str]:
    """Run a command to its end; gives its exit status, and stdout and stderr as one text."""
    process = await asyncio.create_subprocess_exec(
        *ending_with_parent(command, death_signal=signal.SIGKILL, identity=identity),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd="/",
        env=_ENVIRONMENT,
    )
    output, _ = await process.communicate()
    return await process.wait(), output.decode(errors="replace").strip()


class Child:
    """A process that was started by `spawn`."""

    def __init__(
        self, name: str, process: asyncio.subprocess.Process, log: BoundedLog, niceness: int
    ) -> None:
        self._name = name
        self._process = process
        self._log = log
        self._niceness = niceness
        self._ended = asyncio.create_task(process.wait(), name=f"{name} ended")

    @classmethod
    async def spawn(
        cls,
        command: Sequence[str],
        *,
        death_signal: signal.Signals,
        log: BoundedLog,
        lock: int,
        identity: Identity,
        niceness: int = 0,
        stdin: int = asyncio.subprocess.DEVNULL,
    ) -> Self:
        """Start a command that holds ``lock`` as long as it or a child of it lives.

        It runs in a session of its own: Ctrl-C is for us, who stop it when we are done with it.

        Raises:
            RuntimeError: not the main thread, whose end is the end of the process.
        """
        if threading.get_native_id() != os.getpid():
            raise RuntimeError("embedded servers are started from the main thread only")
        output = log.open()
        try:
            process = await asyncio.create_subprocess_exec(
                *ending_with_parent(
                    command, death_signal=death_signal, identity=identity, niceness=niceness
                ),
                stdin=stdin,
                stdout=output,
                stderr=output,
                cwd="/",
                env=_ENVIRONMENT,
                pass_fds=(lock,),
                start_new_session=True,
            )
        finally:
            os.close(output)
        note_holder(lock, process.pid)
        return cls(Path(command[0]).name, process, log, niceness)

    @property
    def pid(self) -> int:
        """The process id of the command: `spawn` replaces itself and does not fork."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return not self._ended.done()

    async def wait(self) -> int:
        """Return the exit status (negative: the signal) once it has ended."""
        while self.running:
            await asyncio.wait({self._ended}, timeout=_LOOK_SECONDS)
            self._log.trim()
            if self._niceness and self.running:
                rank_children(self.pid)
        return self._ended.result()

    async def until_ready(self, ask: Callable[[], Awaitable[Answer]], silence: float) -> None:
        """Ask again and again until it is ready.

        Args:
            ask: one attempt.
            silence: seconds without any answer after which it counts as failed.

        Raises:
            StartFailedError: it ended, or stayed silent; with the last lines of its log.
        """
        clock = asyncio.get_running_loop().time
        give_up = clock() + silence
        while (answer := await ask()) is not Answer.READY:
            if not self.running:
                raise self.failure(f"ended with status {self._ended.result()} while starting")
            if answer is Answer.BUSY:
                give_up = clock() + silence
            if clock() >= give_up:
                raise self.failure(f"gave no answer within {silence:g} s")
            await asyncio.wait({self._ended}, timeout=_POLL_SECONDS)

    async def stop(self, steps: StopSteps = ()) -> None:
        """Send the signals one after the other until it has ended."""
        for number, seconds in (*steps, (signal.SIGKILL, None)):
            if not self.running:
                return
            with contextlib.suppress(ProcessLookupError):  # it ended just now
                self._process.send_signal(number)
            await asyncio.wait({self._ended}, timeout=seconds)

    def failure(self, what: str) -> StartFailedError:
        """Make the error that tells what happened, with the last lines of the log."""
        return StartFailedError(f"{self._name} {what}; its log says:\n{self._log.tail()}")
