"""For whom long work is done: keys and accounts, as they are when it goes on."""

from identifiers.accounts import AccountState
from identifiers.principals import Account, ApiKey
from registry.access.ports import AccountStore
from registry.ports import RegistryStore


class KeptOwners:
    """Knows keys (``key:ID``) and accounts (``account:NUMBER``) by what is stored of them."""

    def __init__(self, store: RegistryStore, accounts: AccountStore) -> None:
        self._store = store
        self._accounts = accounts

    async def principal(self, owner: str, now: int) -> ApiKey | Account | None:
        """Return whoever `owner` is at an epoch second; None: he may do nothing any more.

        Where he asked from was looked at when he asked. Raises `StoreUnavailable`.
        """
        kind, _, name = owner.partition(":")
        if kind == "account":
            account = await self._accounts.account(int(name))
            known = account is not None and account.state is AccountState.ACTIVE
            return account.principal if account is not None and known else None
        key = await self._store.key(name)
        if key is None or key.revoked_at or key.expires_at <= now:
            return None
        return ApiKey(
            id=key.id, enterprise=key.enterprise, scopes=key.scopes, prefixes=key.prefixes
        )
