"""Waiting for work of unknown length: only what no longer moves is given up."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, NoReturn

from idnode.errors import IdnodeError, Unreachable

STILL_SECONDS: Final = 180.0
"""For work to go on, as its server tells or as more of its input is taken. A slow machine may take
long for one transaction of some thousand rows."""
LOOK_EVERY: Final = 1.0


class Watching:
    """Looks every second how far work is, beside the call that waits for its end.

    Args:
        whose: the server, for people.
        look: tells how far the work is, in any form that differs when it has moved; None: unknown.
        clock: monotonic seconds.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        whose: str,
        look: Callable[[], Awaitable[object | None]],
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._whose: Final = whose
        self._look: Final = look
        self._clock: Final = clock
        self._sleep: Final = sleep
        self._seen: object | None = None
        self.moved_at = clock()

    def moved(self) -> None:
        """Note that the work goes on."""
        self.moved_at = self._clock()

    async def stand(self) -> NoReturn:
        """Look until nothing has moved for `STILL_SECONDS`. Raises `Unreachable` then."""
        while True:
            await self._sleep(LOOK_EVERY)
            try:
                found = await self._look()
            except IdnodeError:
                # No news. What it means is told by the call that waits, or by nothing moving.
                found = None
            if found is not None and found != self._seen:
                self._seen = found
                self.moved()
            if self._clock() - self.moved_at > STILL_SECONDS:
                raise Unreachable(
                    f"{self._whose}: no answer, and nothing has moved for"
                    f" {STILL_SECONDS:.0f} seconds"
                )


class Taken:
    """The pieces of a body; `moved` is called for each that is taken."""

    def __init__(self, pieces: AsyncIterator[bytes], moved: Callable[[], None]) -> None:
        self._pieces: Final = pieces
        self._moved: Final = moved

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        piece = await anext(self._pieces)
        self._moved()
        return piece
