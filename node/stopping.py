"""How a supervisor is asked to stop, and how to read its settings again."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Final

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_TERMINAL: Final = Path("/dev/tty")


class Stop:
    """The first signal asks to stop; a second one, not to wait for anybody."""

    def __init__(self) -> None:
        self.asked: Final = asyncio.Event()
        self.hurry: Final = asyncio.Event()

    def note(self) -> None:
        """Note one more signal."""
        (self.hurry if self.asked.is_set() else self.asked).set()


@contextlib.contextmanager
def stop_signals(
    reload: Callable[[], Awaitable[object]], terminal: Path = _TERMINAL
) -> Iterator[Stop]:
    """Take the signals for as long as the block lasts.

    SIGHUP has two meanings: the terminal that a node was started in is gone, which ends the node,
    or somebody wants the settings to be read again.
    """
    stop = Stop()
    loop = asyncio.get_running_loop()
    had_terminal = _is_there(terminal)
    reloads: set[asyncio.Future[object]] = set()

    def hang_up() -> None:
        if had_terminal and not _is_there(terminal):
            stop.note()
        elif not stop.asked.is_set():
            task = asyncio.ensure_future(reload())
            reloads.add(task)
            task.add_done_callback(reloads.discard)

    for number in SIGNALS:
        loop.add_signal_handler(number, stop.note)
    loop.add_signal_handler(signal.SIGHUP, hang_up)
    try:
        yield stop
    finally:
        for number in (*SIGNALS, signal.SIGHUP):
            loop.remove_signal_handler(number)
        for task in reloads:
            task.cancel()


def _is_there(terminal: Path) -> bool:
    """Say whether this process has a controlling terminal (tty(4))."""
    try:
        os.close(os.open(terminal, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK))
    except OSError:
        return False
    return True
