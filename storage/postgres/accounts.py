"""Accounts and their log-ins in tables."""

from collections.abc import Sequence
from typing import Any, Final

import asyncpg
import msgspec

from identifiers.accounts import AccountKind, AccountState, StoredAccount, StoredLogin
from identifiers.changes import AuditEntry, FirstAnswer
from identifiers.principals import Role
from storage.postgres import write
from storage.postgres.database import Database
from storage.postgres.pool import Connection
from storage.postgres.sql import load

_SQL: Final = load("accounts")
_DAY: Final = 86_400


class PostgresAccounts:
    """AccountStore. Every method raises `StoreUnavailable`; those that write, `FateUnknown` too."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_account(
        self,
        account: StoredAccount,
        audit: AuditEntry,
        once: FirstAnswer[int | None] | None = None,
    ) -> int | None:
        """Store a new account and return its number; None: the name is taken.

        Raises `ValueError` when there is no such enterprise.
        """

        async def work(connection: Connection) -> int | None:
            try:
                number: int | None = await connection.fetchval(
                    _SQL["add"],
                    account.name,
                    account.role,
                    account.enterprise,
                    account.kind,
                    account.proof,
                    account.state,
                    account.created_at,
                    account.changed_at,
                    account.version,
                )
            except asyncpg.ForeignKeyViolationError as error:
                raise ValueError(f"there is no enterprise {account.enterprise}") from error
            if number is not None:
                await write.audit(connection, audit)
            return number

        return await write.commit(self._database, work, once)

    async def account(self, number: int) -> StoredAccount | None:
        """Return an account by its number."""
        return _account(await self._database.row(_SQL["find"], number))

    async def account_named(self, name: str) -> StoredAccount | None:
        """Return an account by its name."""
        return _account(await self._database.row(_SQL["named"], name))

    async def accounts(
        self, enterprise: int | None, after: int, limit: int
    ) -> Sequence[StoredAccount]:
        """Return up to `limit` accounts past a number, of one enterprise or (None) of all."""
        rows = await self._database.rows(_SQL["page"], enterprise, after, limit)
        return [account for row in rows if (account := _account(row)) is not None]

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

        async def work(connection: Connection) -> bool:
            changed = await connection.fetchval(
                _SQL["change"],
                account.id,
                account.role,
                account.proof,
                account.state,
                account.changed_at,
                account.version,
            )
            if changed is None:
                return False
            await connection.execute(_SQL["end_logins"], account.id, ends_at)
            await write.audit(connection, audit)
            return True

        return await write.commit(self._database, work, once)

    async def refused(self, number: int, at: int, audit: AuditEntry) -> None:
        """Count a log-in that failed; for a number that nobody has it takes as long."""

        async def work(connection: Connection) -> None:
            await connection.execute(_SQL["refused"], number, at)
            await write.audit(connection, audit)

        await self._database.commit(work)

    async def add_login(self, login: StoredLogin, audit: AuditEntry, *, version: int) -> bool:
        """Store a log-in and forget the failures before.

        False: the account is active no more, or was changed meanwhile.
        """

        async def work(connection: Connection) -> bool:
            if await connection.fetchval(_SQL["entered"], login.account, version) is None:
                return False
            await connection.execute(_SQL["drop_logins"], login.account, login.created_at - _DAY)
            await connection.execute(_SQL["add_login"], *msgspec.structs.astuple(login))
            await write.audit(connection, audit)
            return True

        return await self._database.commit(work)

    async def login(self, login_id: str) -> tuple[StoredLogin, StoredAccount] | None:
        """Return a log-in, revoked and expired ones too, and whose it is."""

        async def work(connection: Connection) -> tuple[StoredLogin, StoredAccount] | None:
            row = await connection.fetchrow(_SQL["login"], login_id)
            if row is None:
                return None
            account = _account(await connection.fetchrow(_SQL["find"], row["account"]))
            return None if account is None else (StoredLogin(**dict(row)), account)

        return await self._database.read(work)

    async def end_login(self, login_id: str, at: int, audit: AuditEntry) -> bool:
        """End a log-in; False when there is none in force by that id."""

        async def work(connection: Connection) -> bool:
            ended = await connection.fetchval(_SQL["end_login"], login_id, at) is not None
            if ended:
                await write.audit(connection, audit)
            return ended

        return await self._database.commit(work)


def _account(row: Any) -> StoredAccount | None:
    if row is None:
        return None
    return StoredAccount(
        **{
            **dict(row),
            "role": Role(row["role"]),
            "kind": AccountKind(row["kind"]),
            "state": AccountState(row["state"]),
        }
    )
