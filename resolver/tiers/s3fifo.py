"""A bounded map that one look at everything does not sweep clean: S3-FIFO. Pure.

Yang, Zhang, Qiu, Yue, Vigfusson: "FIFO queues are all you need for cache eviction", SOSP 2023.
What is new waits in a small queue, a tenth of all. What leaves it without having been asked for
again is out, and only its fingerprint is remembered. What was asked for again, or comes back while
it is remembered, goes to the main queue, where every asking buys another round, three at most. A
scan so passes through the tenth. Why not least recently used: `docs/decisions/0009`.
"""

from array import array
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from typing import Final, Generic, Protocol, TypeVar

MOST_USES: Final = 3
OUT: Final = -1
"""The uses of what is kept no more, so that whoever holds it sees that."""
SMALL: Final = 10
"""The small queue holds one in so many."""
REPRIEVES: Final = 32
"""Entries that one eviction passes over at the most: it must not walk through a million."""
_MARK: Final = 0xFFFF_FFFF


class Counted(Protocol):
    """What is kept. `uses` counts how often it was found, and belongs to the map; see `OUT`."""

    uses: int

    @property
    def octets(self) -> int:
        """How much memory it takes with its key; always the same."""
        ...


K = TypeVar("K", bound=Hashable)
E = TypeVar("E", bound=Counted)


class S3Fifo(Generic[K, E]):
    """Keeps up to `entries` that take up to `octets`.

    `fingerprint` spreads keys over 64 bits; only how well what is out is remembered hangs on it.
    `spares` is asked of what would be out of the main queue, and buys it one round more.
    """

    def __init__(
        self,
        entries: int,
        octets: int,
        fingerprint: Callable[[K], int] = hash,
        spares: Callable[[K], bool] = lambda _: False,
    ) -> None:
        self._most_entries = entries
        self._most_octets = octets
        self._spares = spares
        self._octets = 0
        self._holes = 0
        # Of what is kept each key is in one of the queues, once; None: given up, its place is left.
        self._kept: dict[K, E | None] = {}
        # The dict's own method, for a look-up is what this is asked for most.
        self.peek: Final[Callable[[K], E | None]] = self._kept.get
        """Return what is kept."""
        self._small: deque[K] = deque()
        self._main: deque[K] = deque()
        self._out = _Remembered(entries, fingerprint)

    def __len__(self) -> int:
        return len(self._kept) - self._holes

    @property
    def octets(self) -> int:
        """How much memory all take."""
        return self._octets

    def find(self, key: K) -> E | None:
        """Return what is kept, and count that it was asked for."""
        entry = self._kept.get(key)
        if entry is not None and entry.uses < MOST_USES:
            entry.uses += 1
        return entry

    def put(self, key: K, entry: E) -> None:
        """Keep an entry, in the place of an older one if there is one."""
        self.put_all([(key, entry)])

    def put_all(self, new: Iterable[tuple[K, E]]) -> None:
        """Keep entries, each in the place of an older one if there is one."""
        kept, small, recall = self._kept, self._small.append, self._out.recall
        for key, entry in new:
            if key in kept:
                self._take_place(key, entry)
            elif recall(key):
                self._main.append(key)
            else:
                small(key)
            kept[key] = entry
            self._octets += entry.octets
            while len(kept) > self._most_entries or self._octets > self._most_octets:
                self._evict()

    def discard(self, key: K) -> None:
        """Give an entry up; what is put there next takes its place in the queue."""
        entry = self._kept.get(key)
        if entry is not None:
            self._octets -= entry.octets
            entry.uses = OUT
            self._kept[key] = None
            self._holes += 1

    def clear(self) -> None:
        """Give everything up, without telling each: there may be a million."""
        self._kept.clear()
        self._small.clear()
        self._main.clear()
        self._octets = self._holes = 0

    def _take_place(self, key: K, entry: E) -> None:
        former = self._kept[key]
        if former is None:
            self._holes -= 1
        else:
            self._octets -= former.octets
            entry.uses, former.uses = former.uses, OUT

    def _evict(self) -> None:
        reprieves = REPRIEVES
        while True:
            young = len(self._small) * SMALL > len(self._kept)
            key = (self._small if young else self._main).popleft()
            entry = self._kept[key]
            if entry is None or not reprieves:
                break
            if entry.uses:
                entry.uses = 0 if young else entry.uses - 1
            elif young or not self._spares(key):
                break
            self._main.append(key)
            reprieves -= 1
        del self._kept[key]
        if entry is None:
            self._holes -= 1
        else:
            self._octets -= entry.octets
            entry.uses = OUT
        if young:
            self._out.note(key)


class _Remembered(Generic[K]):
    """About so many keys that were last noted: 4 octets each, by place, the later one wins."""

    def __init__(self, keys: int, fingerprint: Callable[[K], int]) -> None:
        self._fingerprint = fingerprint
        self._places = array("I", bytes(4 * max(keys, 1)))
        self._empty = True

    def note(self, key: K) -> None:
        self._empty = False
        place, mark = self._at(key)
        self._places[place] = mark

    def recall(self, key: K) -> bool:
        """Say whether a key is remembered, and forget it."""
        if self._empty:
            return False  # nothing was ever out: the map is not full yet
        place, mark = self._at(key)
        if self._places[place] != mark:
            return False
        self._places[place] = 0
        return True

    def _at(self, key: K) -> tuple[int, int]:
        number = self._fingerprint(key)
        # Not 0, which marks an empty place.
        return number % len(self._places), number >> 32 & _MARK | 1
