"""Finished replies of the hottest names, in front of the records that they tell.

Whoever tells values from a record reads an index, a key, an entry, its record and the values, in as
many places of a memory that no cache of the processor holds. Here it is a key and a reply, and so
that nothing else need be read to know that it still holds, what ends it is told to this map: by
news of its name (`forget`), by the time (`due`), by another picture of the prefixes (`standing`).

What is first in is first out. While there is room, all that is told from a record comes in; a full
map lets one in eight of what is hot in, which leaves the same part of all questions to it and costs
an eighth.

What is told here is not counted at its record, which would mean to read that. So before a record is
given up that nobody seems to ask for, it is forgotten here and kept for one round more: who asks
for it meanwhile is told from the record, and counted.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec

REPLIES: Final = 1 << 16
"""Of some 700 octets each where values have 300: 45 MB."""
LONGEST: Final = 472
"""Octets of a body; longer replies are no single datagram, and what they cost is to send them."""
_SAMPLE: Final = 8
_NONE: Final = b""
"""The question for a name of which nothing is told now."""


class Under(msgspec.Struct, frozen=True, gc=False):
    """Under which prefix replies are counted, and until when they may be told."""

    prefix: str
    standing: int
    """Which of the pictures of the prefixes, and of the times since all was forgotten."""


class Ready(msgspec.Struct, frozen=True, gc=False):
    """The reply to a question, but for its head."""

    body: bytes
    under: Under
    due: float
    """Until when it may be told, monotonic: as the record says, or earlier."""


class Front:
    """Keeps up to `replies`, each for the question that it answers, and one a name."""

    def __init__(self, replies: int = REPLIES) -> None:
        self._most = replies
        self._ready: dict[bytes, Ready] = {}
        self._questions: dict[str, bytes] = {}
        self._order: deque[str] = deque()
        self._passed_over = 0
        # The dict's own method: a call less for nearly all that is asked.
        self.find: Final[Callable[[bytes], Ready | None]] = self._ready.get
        """Return what is kept for a question; its `due` and `standing` say if it may be told."""

    def __len__(self) -> int:
        return len(self._ready)

    @property
    def full(self) -> bool:
        """Say whether what comes in takes the place of something."""
        return len(self._order) >= self._most

    def put(self, name: str, question: bytes, ready: Ready) -> None:
        """Keep a reply for a question for `name`, or not: see above."""
        if len(ready.body) > LONGEST:
            return
        order = self._order
        full = self.full
        if full and not self._drawn():
            return  # before anything is looked up: most that come now are not that hot
        held = self._questions.get(name)
        if held != question:
            if held and not full and not self._drawn():
                return
            if held:
                del self._ready[held]  # others put it otherwise
            elif held is None:
                if full:
                    first = order.popleft()
                    self.forget(first)
                    del self._questions[first]
                order.append(name)
            self._questions[name] = question
        self._ready[question] = ready

    def forget(self, name: str) -> bool:
        """Tell no more what was told of a name; False: nothing was."""
        question = self._questions.get(name)
        if not question:
            return False
        self._questions[name] = _NONE  # its place in the order is left to what is put there next
        del self._ready[question]
        return True

    def _drawn(self) -> bool:
        self._passed_over = (self._passed_over + 1) % _SAMPLE
        return not self._passed_over
