"""The look-ups of one transport that wait for the store: bounded tasks that end with it."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any


class Misses:
    """At most so many tasks at one time. Whoever finds it full drops, or asks to be woken."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting: deque[Callable[[], None]] = deque()

    @property
    def full(self) -> bool:
        """Say whether no further look-up may begin."""
        return len(self._tasks) >= self._most

    def start(self, look_up: Coroutine[Any, Any, None]) -> None:
        """Run a look-up, which handles its errors itself. The caller saw that it is not full."""
        task = asyncio.get_running_loop().create_task(look_up)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def wake(self, callback: Callable[[], None]) -> None:
        """Call back once when there is room."""
        self._waiting.append(callback)

    async def close(self, patience: float) -> None:
        """Wait for what is under way, so many seconds at most, and cancel the rest."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=patience)
        for task in self._tasks:
            task.cancel()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        while self._waiting and not self.full:
            self._waiting.popleft()()
