"""What becomes of what an enterprise had when it leaves.

Its accounts and API keys end, its prefixes are to be deleted (待删除).
"""

from typing import Final

import msgspec

from identifiers.accounts import AccountState, StoredAccount
from identifiers.holdings import Sought
from identifiers.standings import PrefixState
from registry.access.ports import AccountStore, KeyStore
from registry.business.asking import By
from registry.business.prefix_ports import PrefixStore
from registry.business.prefixes import Holdings

_PAGE: Final = 1000


class Farewell:
    """Ends and marks them one by one. Safe to repeat: what was cut is finished."""

    def __init__(
        self, store: PrefixStore, holdings: Holdings, accounts: AccountStore, keys: KeyStore
    ) -> None:
        self._store = store
        self._holdings = holdings
        self._accounts = accounts
        self._keys = keys

    async def leave(self, enterprise: int, reason: str, by: By) -> None:
        """Let nobody act for an enterprise that was closed any more, and mark its prefixes.

        Those below others first. What is stored under them stays.
        """
        await self._end_accounts(enterprise, by)
        await self._end_keys(enterprise, by)
        found, after = [], ""
        while page := await self._store.holdings(Sought(enterprise=enterprise), after, _PAGE):
            found += [one.prefix for one in page]
            after = str(found[-1])
        for prefix in sorted(found, key=lambda one: len(one.labels), reverse=True):
            await self._holdings.switch(prefix, PrefixState.TO_BE_DELETED, reason, by)

    async def _end_accounts(self, enterprise: int, by: By) -> None:
        after = 0
        while page := await self._accounts.accounts(enterprise, after, _PAGE):
            for one in page:
                await self._disable(one, by)
            after = page[-1].id

    async def _disable(self, account: StoredAccount, by: By) -> None:
        one: StoredAccount | None = account
        while one is not None and one.state is not AccountState.DISABLED:
            ended = msgspec.structs.replace(
                one, state=AccountState.DISABLED, changed_at=by.now, version=one.version + 1
            )
            detail = {
                "old": {"role": one.role, "state": one.state},
                "new": {"role": ended.role, "state": ended.state},
            }
            entry = by.entry("account.change", one.name, detail)
            if await self._accounts.change_account(ended, entry, ends_at=by.now):
                return
            one = await self._accounts.account(one.id)  # somebody else changed it meanwhile

    async def _end_keys(self, enterprise: int, by: By) -> None:
        after = ""
        while page := await self._keys.keys_page(enterprise, after, _PAGE):
            for one in page:
                if not one.revoked_at:
                    entry = by.entry("key.revoke", one.id, {"enterprise": enterprise})
                    await self._keys.revoke_key(one.id, by.now, entry)
            after = page[-1].id
