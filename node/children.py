"""One child process of the supervisor, started by exec: it dies with us and is watched by pidfd."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final, Self

from node.assignment import Assignment, Report, Sockets, SupervisorEnd
from storage.embedded.identity import Plain
from storage.embedded.process import ending_with_parent

MODULE: Final = "node.child"


class Child:
    """A running process of this program."""

    def __init__(
        self,
        name: str,
        process: subprocess.Popen[bytes],
        line: SupervisorEnd,
        sockets: Sockets,
    ) -> None:
        self.name: Final = name
        self.sockets: Final = sockets
        self._process: Final = process
        self._line: Final = line
        self._loop: Final = asyncio.get_running_loop()
        self._ended: Final = self._loop.create_future()
        self._pidfd: Final = os.pidfd_open(process.pid)
        self._loop.add_reader(self._pidfd, self._note_end)

    @classmethod
    async def spawn(
        cls,
        name: str,
        *,
        sockets: Sockets,
        inherited: Sequence[int],
        environ: Mapping[str, str],
        module: str,
        niceness: int = 0,
    ) -> Self:
        """Start ``python -m module NAME LINE``, LINE being its end of the line to us.

        It inherits `sockets`, and what else is `inherited`, and has `niceness` over ours.
        It gets SIGKILL when the main thread of this process ends, and runs in a session of its own:
        Ctrl-C is for the supervisor. To be called from the main thread.
        """
        ours, theirs = socket.socketpair()
        # -P: a directory called node where the operator happens to stand is not ours.
        command = [sys.executable, "-P", "-m", module, name, str(theirs.fileno())]
        with theirs:
            process = subprocess.Popen(  # noqa: S603, ASYNC220 -- our own program; returns at once
                ending_with_parent(
                    command, death_signal=signal.SIGKILL, identity=Plain(), niceness=niceness
                ),
                stdin=subprocess.DEVNULL,
                stdout=sys.stderr,
                pass_fds=(*sockets.all(), *inherited, theirs.fileno()),
                env=dict(environ),
                start_new_session=True,
            )
        return cls(name, process, await SupervisorEnd.over(ours), sockets)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def assign(self, assignment: Assignment) -> None:
        """Tell it what to do."""
        self._line.assign(assignment)

    def reports(self) -> AsyncIterator[Report]:
        """Yield what it reports, until it ends; what it said last is not lost."""
        return self._line.reports()

    async def ended(self) -> int:
        """Return its exit status (negative: the signal) once it has ended."""
        return await asyncio.shield(self._ended)

    def send(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        if not self._ended.done():
            signal.pidfd_send_signal(self._pidfd, number)

    def _note_end(self) -> None:
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._ended.set_result(self._process.wait())
