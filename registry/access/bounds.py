"""Which bounds the keys of identities have: asked for when somebody is to be proved, not before."""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from identifiers.keys.bounds import Address, KeyBounds
from identifiers.values import Value
from registry.access.ports import BoundStore

BOOK_SECONDS: Final = 2.0
"""New bounds are in force everywhere after so long, and what reading them takes, at the latest."""
MOST: Final = 4096
"""Records whose bounds are kept."""
MOST_TOLD: Final = 8
"""Keys of one question that the log says why they do not count of."""
_log = structlog.get_logger(__name__)


class BoundsBook:
    """The bounds of the keys that were asked about lately.

    `clock` gives epoch seconds, `steady` monotonic ones.
    """

    def __init__(
        self,
        store: BoundStore,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._clock = clock
        self._steady = steady
        self._kept: OrderedDict[str, tuple[float, Sequence[KeyBounds]]] = OrderedDict()
        self._forgotten = 0

    def __len__(self) -> int:
        return len(self._kept)

    async def counting(
        self, handle: str, keys: tuple[Value, ...], *addresses: Address | None
    ) -> tuple[Value, ...]:
        """Return those of a record's keys that count now, from all of `addresses`.

        Raises `StoreUnavailable`.
        """
        bounded = {one.identity.index: one for one in await self._of(handle)}
        if not bounded:
            return keys
        found, told, at = [], 0, int(self._clock())
        for key in keys:
            said = bounded.get(key.index)
            beyond = None if said is None else said.bounds.beyond(at, *addresses)
            if beyond is None:
                found.append(key)
            elif told < MOST_TOLD:  # a record may have hundreds, and anybody asks for them all
                told += 1
                _log.info(
                    "a key does not count",
                    identity=f"{key.index}:{handle}",
                    reason=beyond.value,
                    address=", ".join(map(str, addresses)),
                )
        return tuple(found)

    def forget(self) -> None:
        """Have bounds read anew: some were changed here.

        Those that are being read meanwhile may be of before, and are not kept.
        """
        self._kept.clear()
        self._forgotten += 1

    async def _of(self, handle: str) -> Sequence[KeyBounds]:
        began, forgotten = self._steady(), self._forgotten
        known = self._kept.get(handle)
        if known is not None and began - known[0] < BOOK_SECONDS:
            return known[1]
        found = await self._store.key_bounds(handle)
        if forgotten == self._forgotten:
            self._kept[handle] = (began, found)
            self._kept.move_to_end(handle)
            if len(self._kept) > MOST:
                self._kept.popitem(last=False)
        return found
