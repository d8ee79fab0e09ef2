"""How a supervisor is asked to stop."""

import asyncio
import contextlib
import signal
from collections.abc import Iterator
from typing import Final

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""SIGHUP: the terminal that a demo runs in is gone."""


class Stop:
    """The first signal asks to stop; a second one, not to wait for anybody."""

    def __init__(self) -> None:
        self.asked: Final = asyncio.Event()
        self.hurry: Final = asyncio.Event()

    def note(self) -> None:
        """Note one more signal."""
        (self.hurry if self.asked.is_set() else self.asked).set()


@contextlib.contextmanager
def stop_signals() -> Iterator[Stop]:
    """Take the signals for as long as the block lasts."""
    stop = Stop()
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, stop.note)
    try:
        yield stop
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)
