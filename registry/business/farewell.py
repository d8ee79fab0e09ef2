"""What becomes of an enterprise's prefixes when it leaves: they are to be deleted (待删除)."""

from typing import Final

from identifiers.holdings import Sought
from identifiers.standings import PrefixState
from registry.business.asking import By
from registry.business.prefix_ports import PrefixStore
from registry.business.prefixes import Holdings

_PAGE: Final = 1000


class Farewell:
    """Marks them one by one, those below others first. Safe to repeat: what was cut is finished."""

    def __init__(self, store: PrefixStore, holdings: Holdings) -> None:
        self._store = store
        self._holdings = holdings

    async def leave(self, enterprise: int, reason: str, by: By) -> None:
        """Mark every prefix of an enterprise that was closed. What is stored under them stays."""
        found, after = [], ""
        while page := await self._store.holdings(Sought(enterprise=enterprise), after, _PAGE):
            found += [one.prefix for one in page]
            after = str(found[-1])
        for prefix in sorted(found, key=lambda one: len(one.labels), reverse=True):
            await self._holdings.switch(prefix, PrefixState.TO_BE_DELETED, reason, by)
