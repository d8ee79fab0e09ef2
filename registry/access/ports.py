"""What accounts and log-ins need of a store."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from identifiers.accounts import StoredAccount, StoredLogin
from identifiers.changes import AuditEntry, Enterprise, FirstAnswer, StoredKey
from identifiers.directory import PrefixDirectory
from identifiers.keys.bounds import KeyBounds
from identifiers.limits import Limits


class AccountStore(Protocol):
    """Where accounts are kept. Every write is durable when its call returns.

    Every method raises `StoreUnavailable`; those that write raise `FateUnknown` too.
    """

    async def add_account(
        self,
        account: StoredAccount,
        audit: AuditEntry,
        once: FirstAnswer[int | None] | None = None,
    ) -> int | None:
        """Store a new account and return its number; None: the name is taken.

        Raises `ValueError` when there is no such enterprise, and `AnsweredBefore`.
        """
        ...

    async def account(self, number: int) -> StoredAccount | None:
        """Return an account by its number."""
        ...

    async def account_named(self, name: str) -> StoredAccount | None:
        """Return an account by its name."""
        ...

    async def accounts(
        self, enterprise: int | None, after: int, limit: int
    ) -> Sequence[StoredAccount]:
        """Return up to `limit` accounts past the number `after`.

        Those of one enterprise, or (None) all there are.
        """
        ...

    async def change_account(
        self,
        account: StoredAccount,
        audit: AuditEntry,
        *,
        ends_at: int,
        once: FirstAnswer[bool] | None = None,
    ) -> bool:
        """Store role, proof and state of an account, of the version before, and end its log-ins.

        They end at the epoch second `ends_at`. False: it has another version by now.
        Raises `AnsweredBefore`.
        """
        ...

    async def refused(self, number: int, at: int, audit: AuditEntry) -> None:
        """Count a log-in that failed; for a number that nobody has it takes as long."""
        ...

    async def add_login(self, login: StoredLogin, audit: AuditEntry, *, version: int) -> bool:
        """Store a log-in and forget the failures before.

        False: the account is active no more, or was changed since it had `version`.
        Log-ins of the account that expired a day ago are dropped.
        """
        ...

    async def login(self, login_id: str) -> tuple[StoredLogin, StoredAccount] | None:
        """Return a log-in, revoked and expired ones too, and whose it is."""
        ...

    async def end_login(self, login_id: str, at: int, audit: AuditEntry) -> bool:
        """End a log-in at the epoch second `at`; False when there is none in force by that id."""
        ...


class KeyStore(Protocol):
    """Where API keys are kept. Every write is durable when its call returns.

    Every method raises `StoreUnavailable`; those that write raise `FateUnknown` too.
    """

    async def directory(self) -> PrefixDirectory:
        """Return the picture of all prefixes."""
        ...

    async def enterprises(self) -> Sequence[Enterprise]:
        """Return all enterprises, by id."""
        ...

    async def key(self, key_id: str) -> StoredKey | None:
        """Return an API key, revoked and expired ones too."""
        ...

    async def keys_page(
        self, enterprise: int | None, after: str, limit: int
    ) -> Sequence[StoredKey]:
        """Return up to `limit` API keys past an id, of one enterprise or (None) of all."""
        ...

    async def add_key(
        self, key: StoredKey, audit: AuditEntry, once: FirstAnswer[None] | None = None
    ) -> None:
        """Store a new API key. Raises `AnsweredBefore`."""
        ...

    async def rotate_key(
        self,
        key: StoredKey,
        ends_at: int,
        audit: AuditEntry,
        once: FirstAnswer[bool] | None = None,
    ) -> bool:
        """Store a key that replaces another, which ends at `ends_at` (epoch second) or sooner.

        False when the other is not in force. Raises `AnsweredBefore`.
        """
        ...

    async def revoke_key(self, key_id: str, at: int, audit: AuditEntry) -> bool:
        """End a key at the epoch second `at`; False when there is none in force by that id."""
        ...


class BoundStore(Protocol):
    """Where bounds of keys are kept. Every method raises `StoreUnavailable`."""

    async def key_bounds(self, *handles: str) -> Sequence[KeyBounds]:
        """Return the bounds of the keys of some records (canonical names), by name and index."""
        ...

    async def bounded_handles(self, after: str, limit: int) -> Sequence[str]:
        """Return up to `limit` canonical names past one of records that have keys with bounds.

        In order; past "" are all.
        """
        ...

    async def keep_key_bounds(self, bounds: KeyBounds, audit: AuditEntry, *, was: int) -> bool:
        """Make the bounds of a key just these; `UNBOUNDED`: it has none any more.

        False: those that it has were not set at `was` (epoch milliseconds, 0: it has none).
        Durable when it returns; raises `FateUnknown` too.
        """
        ...


class LimitStore(Protocol):
    """Where limits of enterprises are kept. Every method raises `StoreUnavailable`."""

    async def limits(self) -> Mapping[int, Limits]:
        """Return the limits of the enterprises that have some of their own."""
        ...

    async def keep_limits(self, enterprise: int, limits: Limits, audit: AuditEntry) -> bool:
        """Make an enterprise's limits just these; False when there is no such enterprise.

        Durable when it returns; raises `FateUnknown` too.
        """
        ...
