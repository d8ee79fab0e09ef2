"""What an enterprise has here beside its identifiers, as its export tells it. No secret is told.

Each file has records of one shape, whose number the manifest says: it changes when a member of the
record goes or means something else. Members may come, so whoever reads takes those that he knows.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

import msgspec

from identifiers.accounts import StoredAccount
from identifiers.changes import StoredKey
from identifiers.directory import PrefixDirectory
from identifiers.enterprises.files import references
from identifiers.enterprises.ledger import Application, Attachment, Member, Wanted
from identifiers.enterprises.tables import FIELDS
from identifiers.limits import NO_LIMITS
from identifiers.webhooks import Webhook
from identifiers.wire.jsonform import instant
from registry.access.key_pairs import KeyPair, KeyPairs
from registry.access.ports import AccountStore, KeyStore, LimitStore
from registry.business import shown
from registry.business.asking import MILLI
from registry.business.codes import CodeStore
from registry.business.personal import Sealer
from registry.business.ports import BusinessStore, DocumentStore
from registry.business.webhooks import WebhookStore

Json = dict[str, Any]
PAGE: Final = 500
FOLDER: Final = "documents"
"""Where the octets of documents go, each under its number."""


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """Where it is kept."""

    codes: CodeStore
    webhooks: WebhookStore
    keys: KeyStore
    pairs: KeyPairs
    accounts: AccountStore
    limits: LimitStore
    business: BusinessStore
    documents: DocumentStore
    sealer: Sealer


class Possessions:
    """Reads what an enterprise has. Everything may raise `StoreUnavailable`.

    `whole`: with the octets of its documents, of which many show persons.
    """

    def __init__(
        self, enterprise: int, directory: PrefixDirectory, sources: Sources, *, whole: bool
    ) -> None:
        self._enterprise = enterprise
        self._directory = directory
        self._sources = sources
        self._whole = whole

    @property
    def files(self) -> Mapping[str, Callable[[], Awaitable[object]]]:
        """Return what each file holds, by its name."""
        return MappingProxyType(
            {
                "codes.json": self._codes,
                "webhooks.json": self._webhooks,
                "keys.json": self._keys,
                "key-pairs.json": self._pairs,
                "accounts.json": self._accounts,
                "quotas.json": self._quotas,
                "documents.json": self._documents,
            }
        )

    async def contents(self) -> AsyncGenerator[tuple[str, bytes]]:
        """Yield the name and the octets of each document, if these are wanted."""
        if not self._whole:
            return
        for number in await self._named():
            found = await self._sources.documents.document(number)
            if found is not None:
                yield _file(number), self._sources.sealer.open_file(found[1], number)

    async def _codes(self) -> list[Json]:
        own = (e.prefix for e in self._directory.entries if e.enterprise == self._enterprise)
        prefixes = [str(prefix) for prefix in own]
        told: list[Json] = []
        after = ("", "")
        while page := await self._sources.codes.rules(prefixes, after, PAGE):
            told += map(msgspec.structs.asdict, page)
            after = (page[-1].prefix, page[-1].name)
        return told

    async def _webhooks(self) -> list[Json]:
        return [_webhook(hook) for hook in await self._sources.webhooks.list(self._enterprise)]

    async def _keys(self) -> list[Json]:
        told: list[Json] = []
        after = ""
        while page := await self._sources.keys.keys_page(self._enterprise, after, PAGE):
            told += map(_key, page)
            after = page[-1].id
        return told

    async def _pairs(self) -> list[Json]:
        told: list[Json] = []
        after, more = "", True
        while more:
            page = await self._sources.pairs.page(self._enterprise, after, PAGE)
            told += map(_pair, page.pairs)
            after, more = page.after, bool(page.after)
        return told

    async def _accounts(self) -> list[Json]:
        told: list[Json] = []
        after = 0
        while page := await self._sources.accounts.accounts(self._enterprise, after, PAGE):
            told += map(_account, page)
            after = page[-1].id
        return told

    async def _quotas(self) -> Json:
        limits = (await self._sources.limits.limits()).get(self._enterprise, NO_LIMITS)
        quotas = sorted(limits.quotas.items())
        return {
            "requests": None if limits.rate is None else str(limits.rate),
            "identifiers": [{"prefix": prefix or None, "most": most} for prefix, most in quotas],
        }

    async def _documents(self) -> list[Json]:
        told: list[Json] = []
        for number in await self._named():
            found = await self._sources.documents.document(number)
            if found is not None:
                told.append(self._document(found[0]))
        return told

    def _document(self, one: Attachment) -> Json:
        return shown.document(one) | {
            "api": f"/api/v1/documents/{one.id}",
            "file": _file(one.id) if self._whole else None,
        }

    async def _named(self) -> Sequence[UUID]:
        """Return the documents that its particulars name, and its applications, each once."""
        found: dict[UUID, None] = {}
        member = await self._sources.business.member(self._enterprise)
        if member is not None and member.told.document:
            found |= self._named_in(member)
        after, wanted = "", Wanted(enterprise=self._enterprise)
        while page := await self._sources.business.applications(wanted, after, PAGE):
            for application in page:
                found |= self._named_in(application)
            after = str(page[-1].id)
        return tuple(found)

    def _named_in(self, one: Member | Application) -> dict[UUID, None]:
        document = self._sources.sealer.open(one.told, one.identity)
        return {named.id: None for named in references(document, FIELDS) if named.id is not None}


def _file(number: UUID) -> str:
    return f"{FOLDER}/{number}"


def _webhook(hook: Webhook) -> Json:
    return {
        "name": hook.name,
        "url": hook.url,
        "parked": hook.parked,
        "created_at": instant(hook.created_at // MILLI),
    }


def _key(key: StoredKey) -> Json:
    return {
        "id": key.id,
        "label": key.label,
        "scopes": sorted(key.scopes),
        "prefixes": list(map(str, key.prefixes)),
        "networks": list(map(str, key.networks)),
        "created_at": instant(key.created_at),
        "expires_at": instant(key.expires_at),
        "revoked_at": instant(key.revoked_at) if key.revoked_at else None,
        "replaces": key.replaces or None,
    }


def _pair(pair: KeyPair) -> Json:
    expires = pair.bounds.expires_at
    return {
        "identity": str(pair.identity),
        "type": pair.kind or None,
        "expires_at": None if expires is None else instant(expires),
        "networks": list(map(str, pair.bounds.networks)),
        "set_by": pair.set_by or None,
        "set_at": instant(pair.set_at // MILLI) if pair.set_at else None,
    }


def _account(account: StoredAccount) -> Json:
    return {
        "id": account.id,
        "name": account.name,
        "role": account.role,
        "kind": account.kind,
        "state": account.state,
        "created_at": instant(account.created_at),
        "changed_at": instant(account.changed_at),
    }
