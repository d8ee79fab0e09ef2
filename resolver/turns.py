"""How a worker's loop is shared between what is answered at once and what is not: pure.

What this process holds is answered as it is read, in microseconds. A miss costs several times that,
in pieces: it is begun, goes to the store with others, and comes back. Neither may starve the other:

* while datagrams wait, reading them takes `SHARE` of the loop's processor time and all else
  (misses, connections) the rest. A turn that ended after so many datagrams would make those that
  wait pay for however much else there is to do;
* while questions are answered at once, few misses are begun, and few told, in each turn of the
  loop, so that none of these questions waits long for its turn.
"""

from typing import Final

SHARE: Final = 0.75
SHORTEST: Final = 0.0005
LONGEST: Final = 0.008
"""Seconds of one turn: others, who may have a right to an answer at once too, wait that long."""
FEW: Final = 8
"""Misses that are begun, and told, in one turn of the loop: about a quarter of a millisecond."""
MANY: Final = 256
"""The same while nobody waits for it, two to three milliseconds; larger pieces save a tenth of what
a miss costs."""
LATELY: Final = 0.05
"""Seconds after an answer at once in which others are expected."""


class Turns:
    """Whose turn it is. `spent` is processor time, `now` monotonic, both in seconds."""

    def __init__(self) -> None:
        self._elsewhere = 0.0
        """Processor time between turns at sockets, in all."""
        self._ended: float | None = None
        self._known: dict[int, float] = {}
        """`_elsewhere` when the last turn at each socket began."""
        self._few_until = float("-inf")

    def begin(self, socket: int, spent: float) -> float:
        """Begin a turn at a socket; return when, in processor time, it ends if not for itself."""
        if self._ended is not None:
            self._elsewhere += spent - self._ended
        rest = self._elsewhere - self._known.get(socket, self._elsewhere)
        self._known[socket] = self._elsewhere
        return spent + min(max(SHORTEST, rest * SHARE / (1.0 - SHARE)), LONGEST)

    def end(self, spent: float) -> None:
        """End the turn that was begun last."""
        self._ended = spent

    def answered(self, now: float) -> None:
        """Note that a question was answered at once."""
        self._few_until = now + LATELY

    def misses(self, now: float) -> int:
        """Return how many misses may be begun, and how many told, in this turn of the loop."""
        return FEW if now < self._few_until else MANY
