"""The look-ups of one transport that wait for the store: bounded tasks that end with it."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")


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


class Gathering(Generic[T]):
    """Look-ups that miss in one turn of the loop, answered in few tasks: one each costs as much.

    `answer` handles its errors itself. One task begins in each turn, with at most `together()`
    look-ups: a pile of misses must not keep what is answered at once waiting. At most `most` are
    under way; whoever finds it full drops, or asks to be woken.
    """

    def __init__(
        self,
        misses: Misses,
        most: int,
        answer: Callable[[list[T]], Coroutine[Any, Any, None]],
        together: Callable[[], int],
    ) -> None:
        self._misses = misses
        self._most = most
        self._answer = answer
        self._together = together
        self._gathered: deque[T] = deque()
        self._under_way = 0
        self._waiting: deque[Callable[[], None]] = deque()

    @property
    def full(self) -> bool:
        """Say whether no further look-up may be added."""
        return self._under_way >= self._most

    def add(self, look_up: T) -> None:
        """Have it answered with others. The caller saw that it is not full."""
        if not self._gathered:
            asyncio.get_running_loop().call_soon(self._depart)
        self._gathered.append(look_up)
        self._under_way += 1

    def wake(self, callback: Callable[[], None]) -> None:
        """Call back once when there is room."""
        self._waiting.append(callback)

    def depart(self) -> None:
        """Begin to answer all that was gathered."""
        if self._gathered:
            self._begin(len(self._gathered))

    def _depart(self) -> None:
        if self._gathered:
            self._begin(min(len(self._gathered), self._together()))
        if self._gathered:
            asyncio.get_running_loop().call_soon(self._depart)

    def _begin(self, most: int) -> None:
        take = self._gathered.popleft
        self._misses.start(self._answered([take() for _ in range(most)]))

    async def _answered(self, together: list[T]) -> None:
        try:
            await self._answer(together)
        finally:
            self._under_way -= len(together)
            while self._waiting and not self.full:
                self._waiting.popleft()()
