"""Webhooks in dictionaries; what is audited stands in a `MemoryStore`."""

from collections.abc import Sequence

import msgspec

from identifiers.changes import AuditEntry, FirstAnswer
from identifiers.webhooks import Delivery, Webhook
from storage.memory.store import MemoryStore


class MemoryWebhooks:
    """WebhookStore."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._hooks: dict[tuple[int, str], Webhook] = {}
        self._told: dict[tuple[int, str], list[Delivery]] = {}

    async def add(
        self,
        hook: Webhook,
        most: int,
        entry: AuditEntry,
        once: FirstAnswer[bool | None] | None = None,
    ) -> bool | None:
        """Store a new webhook; False: there is one of the name, None: there are `most` others."""
        self._store.reach(once)
        named = hook.enterprise, hook.name
        if named in self._hooks:
            return False
        if len(await self.list(hook.enterprise)) >= most:
            return None
        with self._store.committing():
            self._hooks[named], self._told[named] = hook, []
            self._store.audited.append(entry)
            self._store.keep(once, True)  # noqa: FBT003 -- what the method returns
        return True

    async def list(self, enterprise: int) -> Sequence[Webhook]:
        """Return an enterprise's webhooks by name."""
        self._store.reach()
        own = (hook for hook in self._hooks.values() if hook.enterprise == enterprise)
        return sorted(own, key=lambda hook: hook.name)

    async def find(self, enterprise: int, name: str) -> Webhook | None:
        """Return a webhook."""
        self._store.reach()
        return self._hooks.get((enterprise, name))

    async def due(self, now: int, limit: int) -> Sequence[Webhook]:
        """Return webhooks that may be told of something by now."""
        self._store.reach()
        due = (h for h in self._hooks.values() if not h.parked and h.next_at <= now)
        return sorted(due, key=lambda hook: hook.next_at)[:limit]

    async def keep(
        self, before: Webhook, after: Webhook, told: Delivery | AuditEntry | None, most: int
    ) -> bool:
        """Store what a webhook became, with what was done; False: it is not as before any more."""
        self._store.reach()
        named = before.enterprise, before.name
        known = self._hooks.get(named)
        if known is None or known.place != before.place:
            return False
        with self._store.committing():
            self._hooks[named] = msgspec.structs.replace(after, sealed=known.sealed)
            if isinstance(told, AuditEntry):
                self._store.audited.append(told)
            elif told is not None:
                self._told[named] = [*self._told[named], told][-most:]
        return True

    async def renew(
        self,
        hook: Webhook,
        sealed: bytes,
        entry: AuditEntry,
        once: FirstAnswer[bool] | None = None,
    ) -> bool:
        """Store what signs from now on; False: it is not what `hook` has any more."""
        self._store.reach(once)
        named = hook.enterprise, hook.name
        known = self._hooks.get(named)
        if known is None or known.sealed != hook.sealed:
            return False
        with self._store.committing():
            self._hooks[named] = msgspec.structs.replace(known, sealed=sealed)
            self._store.audited.append(entry)
            self._store.keep(once, True)  # noqa: FBT003 -- what the method returns
        return True

    async def remove(self, enterprise: int, name: str, entry: AuditEntry) -> bool:
        """Forget a webhook and what came of it; False: there is none."""
        self._store.reach()
        if (enterprise, name) not in self._hooks:
            return False
        with self._store.committing():
            del self._hooks[enterprise, name], self._told[enterprise, name]
            self._store.audited.append(entry)
        return True

    async def deliveries(self, enterprise: int, name: str, limit: int) -> Sequence[Delivery]:
        """Return what came of telling a webhook, newest first."""
        self._store.reach()
        return self._told.get((enterprise, name), [])[::-1][:limit]
