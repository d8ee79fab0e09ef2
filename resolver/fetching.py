"""Records from the tiers, in the order in which what they say is believed."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from identifiers.errors import StoreUnavailable
from identifiers.outcomes import Unavailable
from identifiers.records import Record
from resolver.freshness import Freshness
from resolver.tiers.local import LocalTier
from resolver.tiers.partial import Incomplete, TooSlow

_RETRY_AFTER: Final = 2
"""Seconds until a client that was told "unavailable" should ask again."""
UNAVAILABLE: Final = Unavailable(_RETRY_AFTER)
"""What is told of a record that cannot be had."""


class Fetching:
    """Asks the tiers, and without the store shows what was right. `clock` is monotonic."""

    def __init__(self, local: LocalTier, freshness: Freshness, clock: Callable[[], float]) -> None:
        self._local = local
        self._freshness = freshness
        self._clock = clock

    async def records(
        self, keys: Sequence[str], now: float, *, past_caches: bool
    ) -> dict[str, Record | None]:
        """Return what can be had; a key that is missing is unavailable."""
        freshness, local = self._freshness, self._local
        if past_caches:
            return await self._ask(local.refresh, keys)
        believed = freshness.believed(now)
        got = await self._ask(local.fetch if believed else local.refresh, keys)
        if len(got) < len(keys) and freshness.stale_shown(now):
            got = {**self._outlived(keys), **got}
            rest = [key for key in keys if key not in got]
            if rest and not believed:
                # The usual way now leads to the shared tier and, the store being away, no further.
                got |= await self._ask(local.fetch, rest)
        return got

    async def _ask(
        self,
        source: Callable[[Sequence[str]], Awaitable[Sequence[Record | None]]],
        keys: Sequence[str],
    ) -> dict[str, Record | None]:
        try:
            return dict(zip(keys, await source(keys), strict=True))
        except Incomplete as error:
            if isinstance(error, TooSlow):
                self._freshness.fail(self._clock())
            return dict(error.got)
        except StoreUnavailable:
            return {}

    def _outlived(self, keys: Sequence[str]) -> dict[str, Record]:
        kept = ((key, self._local.outlived(key)) for key in keys)
        return {key: there.record for key, there in kept if there is not None}
