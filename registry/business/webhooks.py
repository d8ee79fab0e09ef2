"""Webhooks: made, looked at, resumed, removed; and told of what changes."""

import asyncio
from collections.abc import Callable, Sequence
from secrets import token_bytes
from time import monotonic, time_ns
from typing import Any, Final, Protocol

import msgspec

from identifiers.changes import AuditEntry, FirstAnswer
from identifiers.faults import Fault
from identifiers.feeds import Place
from identifiers.webhooks import (
    MAX_WEBHOOKS,
    NAME,
    Delivery,
    Secrets,
    Webhook,
    delivery_number,
    resumed,
    settled,
    signature,
    url_faults,
)
from registry.access.programs import NONCE_OCTETS, SECRET_OCTETS, Safe, make_secret
from registry.answers import Faulty
from registry.business.feed import Feed, Follower, News
from registry.commands import Asked
from registry.effects import at_first, audited
from registry.outgoing import Sender

DELIVERIES: Final = 200
"""Attempts of each webhook that are kept, the newest."""
CHANGES: Final = 100
"""Changes that are told at a time."""
_DUE: Final = 10_000
_AT_ONCE: Final = 16
"""Webhooks that are told at the same time."""
_KEEP_MS: Final = 60_000
"""How often it is kept how far others' changes were passed over."""


class WebhookStore(Protocol):
    """Where webhooks are kept.

    Every method raises `StoreUnavailable`; those that write raise `FateUnknown` too.
    """

    async def add(
        self,
        hook: Webhook,
        most: int,
        entry: AuditEntry,
        once: FirstAnswer[bool | None] | None = None,
    ) -> bool | None:
        """Store a new webhook; False: there is one of the name, None: there are `most` others.

        Raises `AnsweredBefore`.
        """
        ...

    async def list(self, enterprise: int) -> Sequence[Webhook]:
        """Return an enterprise's webhooks by name."""
        ...

    async def find(self, enterprise: int, name: str) -> Webhook | None:
        """Return a webhook."""
        ...

    async def due(self, now: int, limit: int) -> Sequence[Webhook]:
        """Return webhooks that may be told of something by now."""
        ...

    async def keep(
        self, before: Webhook, after: Webhook, told: Delivery | AuditEntry | None, most: int
    ) -> bool:
        """Store what a webhook became, with what was done; False: it is not as before any more.

        Of its deliveries the newest `most` are kept.
        """
        ...

    async def renew(
        self,
        hook: Webhook,
        sealed: bytes,
        entry: AuditEntry,
        once: FirstAnswer[bool] | None = None,
    ) -> bool:
        """Store what signs from now on; False: it is not what `hook` has any more.

        Raises `AnsweredBefore`.
        """
        ...

    async def remove(self, enterprise: int, name: str, entry: AuditEntry) -> bool:
        """Forget a webhook and what came of it; False: there is none."""
        ...

    async def deliveries(self, enterprise: int, name: str, limit: int) -> Sequence[Delivery]:
        """Return what came of telling a webhook, newest first."""
        ...


class Added(msgspec.Struct, frozen=True):
    """It is there; the secret is told this once."""

    hook: Webhook
    secret: str


class Renewed(msgspec.Struct, frozen=True):
    """The new secret is told this once; those before it sign until an epoch millisecond."""

    hook: Webhook
    secret: str
    until: int


class TooManySecrets(msgspec.Struct, frozen=True):
    """As many secrets that were replaced still sign as may (`MAX_OLDER`)."""


class NameTaken(msgspec.Struct, frozen=True):
    """The enterprise has a webhook of this name."""


class TooManyWebhooks(msgspec.Struct, frozen=True):
    """The enterprise has as many as it may."""


class Webhooks:
    """What is asked of webhooks. `loopback`: this machine may be a target; for tests."""

    def __init__(
        self,
        store: WebhookStore,
        feed: Feed,
        safe: Safe,
        *,
        loopback: bool = False,
        chance: Callable[[int], bytes] = token_bytes,
    ) -> None:
        self._store = store
        self._feed = feed
        self._safe = safe
        self._loopback = loopback
        self._chance = chance

    async def add(
        self, enterprise: int, name: str, url: str, asked: Asked[Any]
    ) -> Added | NameTaken | TooManyWebhooks | Faulty:
        """Make a webhook that is told of what changes from now on."""
        faults = [Fault("feed.consumer", "/name")] if NAME.fullmatch(name) is None else []
        faults += [fault.below("/url") for fault in url_faults(url, loopback=self._loopback)]
        if faults:
            return Faulty(tuple(faults))
        secret = make_secret(self._chance(SECRET_OCTETS))
        hook = Webhook(
            enterprise=enterprise,
            name=name,
            url=url,
            sealed=self._safe.sealed(
                secret, _subject(enterprise, name), self._chance(NONCE_OCTETS)
            ),
            place=await self._feed.end(),
            next_at=asked.at,
            created_at=asked.at,
        )
        entry = audited(asked, "webhook.add", _subject(enterprise, name), {"url": url})
        made = Added(hook, secret)
        once: FirstAnswer[bool | None] | None = at_first(
            asked.once, lambda added: made if added else None
        )
        added = await self._store.add(hook, MAX_WEBHOOKS, entry, once)
        if added is None:
            return TooManyWebhooks()
        return made if added else NameTaken()

    async def list(self, enterprise: int) -> Sequence[Webhook]:
        """Return an enterprise's webhooks by name."""
        return await self._store.list(enterprise)

    async def find(self, enterprise: int, name: str) -> Webhook | None:
        """Return a webhook."""
        return await self._store.find(enterprise, name)

    async def deliveries(self, hook: Webhook, limit: int) -> Sequence[Delivery]:
        """Return what came of telling a webhook, newest first."""
        return await self._store.deliveries(hook.enterprise, hook.name, limit)

    async def resume(self, hook: Webhook, asked: Asked[Any]) -> Webhook | None:
        """Try a webhook anew at once, also one that is parked; None: it is gone, or was told."""
        entry = audited(asked, "webhook.resume", _subject(hook.enterprise, hook.name), {})
        after = resumed(hook, asked.at)
        return after if await self._store.keep(hook, after, entry, DELIVERIES) else None

    async def renew(
        self, hook: Webhook, overlap: int, asked: Asked[Any]
    ) -> Renewed | TooManySecrets | None:
        """Make another secret; those before it sign beside it for `overlap` seconds.

        None: it is gone, or got another one just now.
        """
        subject, fresh = (
            _subject(hook.enterprise, hook.name),
            make_secret(self._chance(SECRET_OCTETS)),
        )
        until = asked.at + overlap * 1000
        known = Secrets.read(self._safe.opened(hook.sealed, subject))
        secrets = known.replaced(fresh, until, asked.at)
        if secrets is None:
            return TooManySecrets()
        sealed = self._safe.sealed(str(secrets), subject, self._chance(NONCE_OCTETS))
        entry = audited(asked, "webhook.renew", subject, {"overlap": overlap})
        renewed = Renewed(msgspec.structs.replace(hook, sealed=sealed), fresh, until)
        once: FirstAnswer[bool] | None = at_first(
            asked.once, lambda kept: renewed if kept else None
        )
        return renewed if await self._store.renew(hook, sealed, entry, once) else None

    async def remove(self, hook: Webhook, asked: Asked[Any]) -> bool:
        """Forget a webhook; False: it is gone already."""
        entry = audited(asked, "webhook.remove", _subject(hook.enterprise, hook.name), {})
        return await self._store.remove(hook.enterprise, hook.name, entry)


class Telling:
    """Tells webhooks of what changed, each in order and at least once.

    `clock` gives epoch nanoseconds, `steady` monotonic seconds.
    """

    def __init__(
        self,
        store: WebhookStore,
        feed: Feed,
        safe: Safe,
        sender: Sender,
        write: Callable[[Webhook, News], bytes],
        *,
        clock: Callable[[], int] = time_ns,
        steady: Callable[[], float] = monotonic,
    ) -> None:
        self._store = store
        self._feed = feed
        self._safe = safe
        self._sender = sender
        self._write = write
        self._clock = clock
        self._steady = steady
        self._passed: dict[tuple[int, str], tuple[Place, int]] = {}
        self._room = asyncio.Semaphore(_AT_ONCE)
        self.succeeded = 0
        self.failed = 0
        """Attempts of this process, ever rising."""

    async def turn(self) -> bool:
        """Tell those that are due; False: none of them had anything to be told.

        Raises `StoreUnavailable` and `FateUnknown`: take the turn again.
        """
        due = await self._store.due(self._clock() // 1_000_000, _DUE)
        if not due:
            return False
        end = await self._feed.end()
        behind = [hook for hook in due if self._behind(hook) < end]
        done = await asyncio.gather(*(self._tell(hook) for hook in behind))
        return any(done)

    def _behind(self, hook: Webhook) -> Place:
        """Return the place up to which there is nothing more to be told."""
        passed, _ = self._passed.get((hook.enterprise, hook.name), (hook.place, 0))
        return max(passed, hook.place)

    async def _tell(self, hook: Webhook) -> bool:
        async with self._room:
            follower = Follower(hook.enterprise or None)
            news = await self._feed.read(follower, self._behind(hook), CHANGES)
            if news.changes:
                return await self._send(hook, news)
            await self._pass(hook, news.place)
            return news.more

    async def _pass(self, hook: Webhook, place: Place) -> None:
        """Note that what is up to `place` was others'; now and then, so that it lasts."""
        named, now = (hook.enterprise, hook.name), self._clock() // 1_000_000
        _, kept_at = self._passed.get(named, (place, now))
        if now - kept_at >= _KEEP_MS:
            after = msgspec.structs.replace(hook, place=place)
            await self._store.keep(hook, after, None, DELIVERIES)
            kept_at = now
        self._passed[named] = (place, kept_at)

    async def _send(self, hook: Webhook, news: News) -> bool:
        now = self._clock() // 1_000_000
        number = delivery_number(hook, news.changes[0].place, news.changes[-1].place)
        body = self._write(hook, news)
        opened = self._safe.opened(hook.sealed, _subject(hook.enterprise, hook.name))
        began = self._steady()
        sent = await self._sender.post(
            hook.url,
            body,
            {
                "Content-Type": "application/json",
                "Idnode-Webhook": hook.name,
                "Idnode-Delivery": str(number),
                "Idnode-Signature": signature(Secrets.read(opened).in_force(now), now, body),
                "User-Agent": "idnode",
            },
        )
        delivery = Delivery(
            number=number,
            at=now,
            attempt=hook.attempts + 1,
            changes=len(news.changes),
            status=sent.status,
            error=sent.error,
            milliseconds=round((self._steady() - began) * 1000),
        )
        self.succeeded += delivery.succeeded
        self.failed += not delivery.succeeded
        after = settled(hook, news.place, delivery)
        await self._store.keep(hook, after, delivery, DELIVERIES)
        return delivery.succeeded


def _subject(enterprise: int, name: str) -> str:
    return f"webhook:{enterprise}/{name}"
