"""How long it takes from the approval of a prefix until every worker answers for it (生效时间).

Prefixes are approved by the registry process and by commands beside it. Whichever it was, the
registry process sees that there is one that nobody saw to resolve yet, asks every worker whether it
knows all that is committed, and notes the time.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

import structlog

from identifiers.errors import FateUnknown, StoreUnavailable
from node.control import Question, ask_all
from node.metrics import Family, histogram
from registry.business.prefix_ports import PrefixStore

POLL_SECONDS: Final = 0.5
"""How long an approval beside this process may lie there unseen; so much more is told at most."""
BOUNDS: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 60.0, 3600.0)
_AT_ONCE: Final = 200
_PATIENCE: Final = 2.0
_WORKER: Final = "worker-"

_log = structlog.get_logger(__name__)


class Proving:
    """Looks again and again. `siblings` are the control sockets of the processes by name."""

    def __init__(self, store: PrefixStore, siblings: Mapping[str, str]) -> None:
        self._store = store
        self._workers = {n: path for n, path in siblings.items() if n.startswith(_WORKER)}
        self._wake = asyncio.Event()
        self._counts = [0] * (len(BOUNDS) + 1)
        self._seconds = 0.0

    def wake(self) -> None:
        """Look at once: prefixes were changed here."""
        self._wake.set()

    async def run(self) -> None:
        """Go on until cancelled; while the store is away, look for it twice a second."""
        while True:
            self._wake.clear()
            try:
                await self.step()
            except (StoreUnavailable, FateUnknown) as why:
                _log.warning("approvals not looked at", why=str(why))
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def step(self) -> int:
        """Look once; returns how many prefixes were noted. Raises what the store does."""
        waiting = await self._store.unproven(_AT_ONCE)
        if not waiting or not self._workers:
            return 0
        answers = await ask_all(self._workers, Question.CAUGHT_UP, bool, _PATIENCE)
        if not all(answers.values()):
            return 0  # one is being replaced: it will know, and the next step sees that
        noted = await self._store.prove(waiting)
        for one in noted:
            seconds = (one.effective_ms or 0) / 1000
            self._counts[_bucket(seconds)] += 1
            self._seconds += seconds
            _log.info("prefix resolvable", prefix=str(one.prefix), seconds=seconds)
        return len(noted)

    def families(self) -> list[Family]:
        """Return how long it took."""
        return [
            histogram(
                "idnode_prefix_effective_seconds",
                "From the approval of a prefix until every worker answered for it.",
                BOUNDS,
                {(): (self._counts, self._seconds)},
            )
        ]


def _bucket(seconds: float) -> int:
    """Return the number of the first bound that is not below."""
    return next((at for at, bound in enumerate(BOUNDS) if seconds <= bound), len(BOUNDS))
