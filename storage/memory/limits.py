"""Limits of enterprises in a dictionary, beside the enterprises of a `MemoryStore`."""

from collections.abc import Mapping

from identifiers.changes import AuditEntry
from identifiers.limits import NO_LIMITS, Limits
from storage.memory.store import MemoryStore


class MemoryLimits:
    """LimitStore. What was audited stands in the `MemoryStore`; its switches count here too."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._limits: dict[int, Limits] = {}

    async def limits(self) -> Mapping[int, Limits]:
        """Return the limits of the enterprises that have some of their own."""
        self._store.reach()
        return {number: one for number, one in self._limits.items() if one != NO_LIMITS}

    async def keep_limits(self, enterprise: int, limits: Limits, audit: AuditEntry) -> bool:
        """Make an enterprise's limits just these; False when there is no such enterprise."""
        if all(one.id != enterprise for one in await self._store.enterprises()):
            return False
        with self._store.committing():
            self._limits[enterprise] = limits
            self._store.audited.append(audit)
        return True
