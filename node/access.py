"""Every constructor call around accounts, for the registry process and for commands."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from identifiers.changes import Current, Touched, Writes
from identifiers.limits import Rate
from node.keys import Secret, load
from registry.access.accounts import Accounts
from registry.access.bounds import BoundsBook
from registry.access.key_pairs import KeyPairs
from registry.access.keys import Keys
from registry.access.limits import LimitBook, Rates
from registry.access.logins import Logins
from registry.access.passwords import Passwords
from registry.access.programs import Safe
from registry.access.quotas import Quotas
from registry.attempts import Attempts
from registry.http.account_operations import account_operations
from registry.http.app import Noun
from registry.http.key_operations import key_operations
from registry.http.key_pair_operations import key_pair_operations
from registry.http.limits import limit_operations
from registry.http.tokens import token_operations
from registry.prefixes import Prefixes
from storage.postgres import (
    Database,
    Nudge,
    PostgresAccounts,
    PostgresKeyBounds,
    PostgresLimits,
    PostgresStore,
)

T = TypeVar("T")


class MeteredStore(PostgresStore):
    """A store that takes no more of an enterprise than it may have."""

    def __init__(self, database: Database, nudge: Nudge, quotas: Quotas) -> None:
        super().__init__(database, nudge)
        self._quotas = quotas

    async def write(self, touched: Touched, decide: Callable[[Current], tuple[Writes, T]]) -> T:
        """Do what the store does. Raises `QuotaSpent` too."""
        return await self._quotas.write(super().write, touched, decide)


class Metering(msgspec.Struct, frozen=True):
    """How much enterprises may use: kept, pictured, counted."""

    kept: PostgresLimits
    book: LimitBook
    quotas: Quotas
    rates: Rates
    store: MeteredStore


def make_metering(database: Database, nudge: Nudge, rate: Rate | None) -> Metering:
    """Put the parts together; `rate` is everybody's."""
    kept = PostgresLimits(database)
    book = LimitBook(kept)
    quotas = Quotas(PostgresStore(database, nudge), book)
    store = MeteredStore(database, nudge, quotas)
    return Metering(kept, book, quotas, Rates(book, rate), store)


class Access(msgspec.Struct, frozen=True):
    """Who may come in: the commands around accounts, and what knows them."""

    accounts: Accounts
    logins: Logins
    keys: Keys
    pairs: KeyPairs
    bounds: BoundsBook
    metering: Metering

    @property
    def nouns(self) -> Sequence[Noun]:
        """Return what the API has of it."""
        return (
            lambda reception: token_operations(self.logins, reception),
            lambda reception: account_operations(self.accounts, self.logins, reception),
            lambda reception: key_operations(self.keys, reception),
            lambda reception: key_pair_operations(self.pairs, reception),
            lambda reception: limit_operations(
                self.metering.kept, self.metering.book, self.metering.quotas, reception
            ),
        )


def make_access(
    database: Database,
    metering: Metering,
    keys_dir: Path,
    prefixes: Prefixes,
) -> Access:
    """Put the parts together."""
    store, bounded = metering.store, PostgresKeyBounds(database)
    bounds = BoundsBook(bounded)
    kept, passwords = PostgresAccounts(database), Passwords()
    safe = Safe(load(keys_dir, Secret.SEAL))
    pepper = load(keys_dir, Secret.PEPPER)
    return Access(
        Accounts(kept, store, passwords, safe),
        Logins(kept, pepper, passwords, safe, Attempts()),
        Keys(store, pepper),
        KeyPairs(store, bounded, prefixes, bounds),
        bounds,
        metering,
    )
