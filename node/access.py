"""Every constructor call around accounts, for the registry process and for commands."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from node.keys import Secret, load_or_make
from registry.access.accounts import Accounts
from registry.access.keys import Keys
from registry.access.logins import Logins
from registry.access.passwords import Passwords
from registry.access.programs import Safe
from registry.attempts import Attempts
from registry.http.account_operations import account_operations
from registry.http.app import Noun
from registry.http.key_operations import key_operations
from registry.http.tokens import token_operations
from storage.postgres import Database, PostgresAccounts, PostgresStore


class Access(msgspec.Struct, frozen=True):
    """Who may come in: the commands around accounts, and what knows them."""

    accounts: Accounts
    logins: Logins
    keys: Keys

    @property
    def nouns(self) -> Sequence[Noun]:
        """Return what the API has of it."""
        return (
            lambda reception: token_operations(self.logins, reception),
            lambda reception: account_operations(self.accounts, self.logins, reception),
            lambda reception: key_operations(self.keys, reception),
        )


def make_access(database: Database, store: PostgresStore, keys_dir: Path) -> Access:
    """Put the parts together."""
    kept, passwords = PostgresAccounts(database), Passwords()
    safe = Safe(load_or_make(keys_dir, Secret.SEAL))
    pepper = load_or_make(keys_dir, Secret.PEPPER)
    return Access(
        Accounts(kept, store, passwords, safe),
        Logins(kept, pepper, passwords, safe, Attempts()),
        Keys(store, pepper),
    )
