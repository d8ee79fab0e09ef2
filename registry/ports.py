"""What the registry needs of a store."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar
from uuid import UUID

from identifiers.changes import (
    AuditEntry,
    Current,
    Enterprise,
    Import,
    ImportChunk,
    RequestKey,
    StoredAnswer,
    StoredKey,
    Touched,
    Writes,
)
from identifiers.directory import PrefixDirectory, PrefixEntry
from identifiers.elsewhere import Holder, Trouble
from identifiers.names import Prefix
from identifiers.principals import HandleIdentity
from identifiers.records import Record
from identifiers.reverse import Match, Search, TooBroad
from identifiers.values import Value

T = TypeVar("T")


class RegistryStore(Protocol):
    """Where records live. Every write is durable when its call returns.

    Every method raises `StoreUnavailable` (nothing happened) when the store cannot be reached or is
    overloaded; those that write raise `FateUnknown` when a commit's answer was lost.
    """

    async def write(self, touched: Touched, decide: Callable[[Current], tuple[Writes, T]]) -> T:
        """Lock what is touched, read it, let `decide` say what to write, commit, return its result.

        `decide` is pure: it may run again, on what is then stored, and only its last run counts.
        Locks are taken in one global order before the first
        transaction id (`assurance`: xid order is then version order). Raises `Fenced` when the
        chunk's import was opened again meanwhile.
        """
        ...

    async def record(self, key: str) -> Record | None:
        """Return the newest committed version, deleted ones too."""
        ...

    async def fetch(self, keys: Sequence[str]) -> Sequence[Record | None]:
        """Return what `record` does for each key, in order."""
        ...

    async def answer(self, request: RequestKey) -> StoredAnswer | None:
        """Return the stored first answer to a request."""
        ...

    async def page(self, prefix: str, after: str, limit: int) -> Sequence[Record]:
        """Return up to `limit` records under just `prefix`, by key, from the first past `after`.

        The last one is that with which the values come to `PAGE_BYTES` (`identifiers.records`), if
        they do. Deleted ones are left out.
        """
        ...

    async def next_prefix(self, above: str, after: str) -> str | None:
        """Return the first prefix past `after` derived from `above` that has records."""
        ...

    async def count(self, prefix: str) -> int:
        """Return how many records `page` gives of a prefix, page by page."""
        ...

    async def directory(self) -> PrefixDirectory:
        """Return the picture of all prefixes."""
        ...

    async def add_enterprise(self, enterprise: Enterprise, audit: AuditEntry) -> int:
        """Store a new enterprise and return its id."""
        ...

    async def enterprises(self) -> Sequence[Enterprise]:
        """Return all enterprises, by id."""
        ...

    async def home_prefix(self, entry: PrefixEntry, audit: AuditEntry) -> bool:
        """Allot a prefix; False when it is allotted already (to whomever)."""
        ...

    async def hand_over(self, entry: PrefixEntry, audit: AuditEntry) -> bool:
        """Make a prefix of the node's own an enterprise's, and switch it on.

        False when it is not the node's own, or something but deleted records is stored under it or
        of it (``0.NA/<prefix>``).
        """
        ...

    async def sign_prefix(self, prefix: Prefix, audit: AuditEntry, *, signed: bool) -> bool:
        """Say whether the node signs under a prefix; False when it was not allotted."""
        ...

    async def keep_names(self, prefix: Prefix, audit: AuditEntry, *, keeps: bool) -> bool:
        """Say whether names under a prefix that were active stay taken; False: not allotted."""
        ...

    async def enable_prefix(self, prefix: Prefix, audit: AuditEntry, *, enabled: bool) -> bool:
        """Switch a prefix on or off; False when it was so already or was never allotted."""
        ...

    async def add_key(self, key: StoredKey, audit: AuditEntry) -> None:
        """Store a new API key."""
        ...

    async def key(self, key_id: str) -> StoredKey | None:
        """Return an API key, revoked and expired ones too."""
        ...

    async def api_keys(self) -> Sequence[StoredKey]:
        """Return all API keys, revoked and expired ones too, by enterprise, age and id."""
        ...

    async def revoke_key(self, key_id: str, at: int, audit: AuditEntry) -> bool:
        """End a key at the epoch second `at`; False when there is none in force by that id."""
        ...

    async def open_import(self, new: Import) -> Import:
        """Store `new`, or return the one of the same id with its epoch raised by one."""
        ...

    async def finish_import(self, done: Import, audit: AuditEntry) -> None:
        """Store the end of an import: state, offset, digest, finished_at. Raises `Fenced`."""
        ...

    async def find_import(self, import_id: UUID) -> Import | None:
        """Return an import as far as it is committed."""
        ...

    async def imports(self, principal: str, limit: int) -> Sequence[Import]:
        """Return a principal's newest imports."""
        ...

    async def import_chunk(self, import_id: UUID, number: int) -> ImportChunk | None:
        """Return a committed chunk (numbered from 1) of an import."""
        ...


class RemoteKeys(Protocol):
    """Keys that other nodes hold. Nothing counts but what a server has signed that holds them.

    Both methods end within seconds, whatever others do.
    """

    async def public_keys(
        self, identity: HandleIdentity, holder: Holder
    ) -> tuple[Value, ...] | Trouble:
        """Return the HS_PUBKEY values at the index of `identity`, for index 0 all of its handle."""
        ...

    async def verify(
        self, identity: HandleIdentity, holder: Holder, signed: bytes, nonce: bytes, digest: bytes
    ) -> bool | Trouble:
        """Say whether `signed` answers a challenge with the key that `identity` names."""
        ...


class ReverseLookup(Protocol):
    """Finds identifiers by what their values say; may be a little behind the records."""

    async def search(self, search: Search) -> Sequence[Match] | TooBroad:
        """Return a page of what is looked for; pages do not overlap while nothing changes.

        Raises `StoreUnavailable`.
        """
        ...
