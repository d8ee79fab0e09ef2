"""Accounts and their log-ins in dictionaries, beside the enterprises of a `MemoryStore`."""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from identifiers.accounts import AccountState, StoredAccount, StoredLogin
from identifiers.changes import AuditEntry, FirstAnswer
from storage.memory.store import MemoryStore

_DAY: Final = 86_400


class MemoryAccounts:
    """AccountStore. What was audited stands in the `MemoryStore`; its switches count here too."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._accounts: dict[int, StoredAccount] = {}
        self._logins: dict[str, StoredLogin] = {}

    async def add_account(
        self,
        account: StoredAccount,
        audit: AuditEntry,
        once: FirstAnswer[int | None] | None = None,
    ) -> int | None:
        """Store a new account and return its number; None: the name is taken."""
        self._store.reach(once)
        known = await self._store.enterprises()
        if account.enterprise is not None and all(one.id != account.enterprise for one in known):
            raise ValueError(f"there is no enterprise {account.enterprise}")
        if any(one.name == account.name for one in self._accounts.values()):
            return None
        number = len(self._accounts) + 1
        with self._store.committing():
            self._accounts[number] = replace(account, id=number)
            self._store.audited.append(audit)
            self._store.keep(once, number)
        return number

    async def account(self, number: int) -> StoredAccount | None:
        """Return an account by its number."""
        self._store.reach()
        return self._accounts.get(number)

    async def account_named(self, name: str) -> StoredAccount | None:
        """Return an account by its name."""
        self._store.reach()
        return next((one for one in self._accounts.values() if one.name == name), None)

    async def accounts(
        self, enterprise: int | None, after: int, limit: int
    ) -> Sequence[StoredAccount]:
        """Return up to `limit` accounts past a number, of one enterprise or (None) of all."""
        self._store.reach()
        found = [
            one
            for one in self._accounts.values()
            if one.id > after and enterprise in {None, one.enterprise}
        ]
        return found[:limit]

    async def change_account(
        self,
        account: StoredAccount,
        audit: AuditEntry,
        *,
        ends_at: int,
        once: FirstAnswer[bool] | None = None,
    ) -> bool:
        """Store role, proof and state of an account, and end its log-ins.

        False: it has another version by now.
        """
        self._store.reach(once)
        there = self._accounts.get(account.id)
        if there is None or there.version != account.version - 1:
            return False
        with self._store.committing():
            self._accounts[account.id] = replace(
                there,
                role=account.role,
                proof=account.proof,
                state=account.state,
                changed_at=account.changed_at,
                version=account.version,
                failed=0,
            )
            for login in self._logins.values():
                if login.account == account.id and not login.revoked_at:
                    self._logins[login.id] = replace(login, revoked_at=ends_at)
            self._store.audited.append(audit)
            self._store.keep(once, True)  # noqa: FBT003 -- what the method returns
        return True

    async def refused(self, number: int, at: int, audit: AuditEntry) -> None:
        """Count a log-in that failed."""
        self._store.reach()
        there = self._accounts.get(number)
        with self._store.committing():
            if there is not None:
                self._accounts[number] = replace(there, failed=there.failed + 1, failed_at=at)
            self._store.audited.append(audit)

    async def add_login(self, login: StoredLogin, audit: AuditEntry, *, version: int) -> bool:
        """Store a log-in and forget the failures before.

        False: the account is active no more, or was changed meanwhile.
        """
        self._store.reach()
        there = self._accounts.get(login.account)
        if there is None or there.state is not AccountState.ACTIVE or there.version != version:
            return False
        with self._store.committing():
            self._accounts[there.id] = replace(there, failed=0)
            old = login.created_at - _DAY
            self._logins = {
                number: one
                for number, one in self._logins.items()
                if one.account != login.account or one.expires_at >= old
            }
            self._logins[login.id] = login
            self._store.audited.append(audit)
        return True

    async def login(self, login_id: str) -> tuple[StoredLogin, StoredAccount] | None:
        """Return a log-in, revoked and expired ones too, and whose it is."""
        self._store.reach()
        login = self._logins.get(login_id)
        return None if login is None else (login, self._accounts[login.account])

    async def end_login(self, login_id: str, at: int, audit: AuditEntry) -> bool:
        """End a log-in; False when there is none in force by that id."""
        self._store.reach()
        login = self._logins.get(login_id)
        if login is None or login.revoked_at:
            return False
        with self._store.committing():
            self._logins[login_id] = replace(login, revoked_at=at)
            self._store.audited.append(audit)
        return True
