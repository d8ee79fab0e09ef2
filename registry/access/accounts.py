"""The commands around accounts. What was decided is an answer; only stores raise."""

from collections.abc import Callable, Sequence
from secrets import token_bytes
from typing import Any, Final

import msgspec

from identifiers.accounts import (
    AccountKind,
    AccountState,
    StoredAccount,
    account_faults,
    account_name,
    password_faults,
)
from identifiers.changes import FirstAnswer
from identifiers.faults import Fault
from identifiers.principals import Account, Role
from registry.access.passwords import SALT_OCTETS, Passwords
from registry.access.ports import AccountStore
from registry.access.programs import NONCE_OCTETS, SECRET_OCTETS, Safe, make_secret
from registry.answers import Faulty
from registry.commands import Asked
from registry.effects import at_first, audited
from registry.ports import RegistryStore

_MILLI: Final = 1000
EVERYBODYS: Final = "everybody's"


class NewAccount(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted. Without a password it is a program's, and gets a random secret."""

    name: str
    role: Role
    enterprise: int | None
    password: str | None

    def __repr__(self) -> str:
        return f"NewAccount(name={self.name!r}, role={self.role}, enterprise={self.enterprise})"


class Made(msgspec.Struct, frozen=True):
    """An account, and a program's new secret, which is told this once."""

    account: StoredAccount
    secret: str | None = None

    def __repr__(self) -> str:
        return f"Made({self.account!r})"


class NameTaken(msgspec.Struct, frozen=True):
    """Somebody has the name already, of this enterprise or another."""


class NoEnterprise(msgspec.Struct, frozen=True):
    """There is no enterprise of that number."""


class NoAccount(msgspec.Struct, frozen=True):
    """There is none of that name or number that the asker may see."""


class Overtaken(msgspec.Struct, frozen=True):
    """Somebody else changed it at the same time."""


class LastOne(msgspec.Struct, frozen=True):
    """Whoever asks would shut himself out."""


Whose = int | None | str
"""An enterprise's number, None: the node's, `EVERYBODYS`: no matter."""


class Accounts:
    """Makes accounts, changes and disables them. `safe` keeps the secrets of programs."""

    def __init__(
        self,
        store: AccountStore,
        registry: RegistryStore,
        passwords: Passwords,
        safe: Safe,
        chance: Callable[[int], bytes] = token_bytes,
    ) -> None:
        self._store = store
        self._registry = registry
        self._passwords = passwords
        self._safe = safe
        self._chance = chance

    async def add(
        self, new: NewAccount, asked: Asked[Any]
    ) -> Made | NameTaken | NoEnterprise | Faulty:
        """Make an account."""
        name = account_name(new.name)
        faults = list(account_faults(name, new.role, new.enterprise))
        if new.password is not None:
            faults.extend(password_faults(new.password))
        if faults:
            return Faulty(tuple(faults))
        known = await self._registry.enterprises()
        if new.enterprise is not None and all(one.id != new.enterprise for one in known):
            return NoEnterprise()
        secret, proof = await self._proof(name, new.password)
        now = asked.at // _MILLI
        account = StoredAccount(
            id=0,
            name=name,
            role=new.role,
            enterprise=new.enterprise,
            kind=AccountKind.PROGRAM if secret else AccountKind.PERSON,
            proof=proof,
            created_at=now,
            changed_at=now,
        )
        detail = {"role": new.role, "enterprise": new.enterprise, "kind": account.kind}

        def made(number: int | None) -> Made | None:
            if number is None:
                return None
            return Made(msgspec.structs.replace(account, id=number), secret)

        entry, once = audited(asked, "account.add", name, detail), at_first(asked.once, made)
        return made(await self._store.add_account(account, entry, once)) or NameTaken()

    async def renew(
        self, number: int, password: str | None, asked: Asked[Any], whose: Whose = EVERYBODYS
    ) -> Made | NoAccount | Overtaken | Faulty:
        """Give an account another password, a program (None) another secret; its log-ins end."""
        there = await self._found(number, whose)
        if there is None:
            return NoAccount()
        if (password is None) != (there.kind is AccountKind.PROGRAM):
            return Faulty((Fault("account.kind", "/password", {"kind": there.kind.value}),))
        if password is not None and (faults := password_faults(password)):
            return Faulty(faults)
        secret, proof = await self._proof(there.name, password)
        changed = msgspec.structs.replace(there, proof=proof)
        kept = await self._kept(changed, asked, "account.password", {}, secret)
        return Made(kept, secret) if kept is not None else Overtaken()

    async def change(
        self,
        number: int,
        asked: Asked[Any],
        *,
        whose: Whose = EVERYBODYS,
        role: Role | None = None,
        state: AccountState | None = None,
    ) -> StoredAccount | NoAccount | Overtaken | LastOne | Faulty:
        """Change role or state; what it was logged in with ends."""
        there = await self._found(number, whose)
        if there is None:
            return NoAccount()
        wanted = msgspec.structs.replace(there, role=role or there.role, state=state or there.state)
        if wanted == there:
            return there
        if faults := account_faults(wanted.name, wanted.role, wanted.enterprise):
            return Faulty(faults)
        if isinstance(asked.principal, Account) and asked.principal.id == number:
            return LastOne()
        detail = {
            "old": {"role": there.role, "state": there.state},
            "new": {"role": wanted.role, "state": wanted.state},
        }
        return await self._kept(wanted, asked, "account.change", detail) or Overtaken()

    async def page(self, whose: Whose, after: int, limit: int) -> Sequence[StoredAccount]:
        """Return up to `limit` accounts past a number."""
        return await self._store.accounts(whose if isinstance(whose, int) else None, after, limit)

    async def find(self, number: int, whose: Whose = EVERYBODYS) -> StoredAccount | NoAccount:
        """Return an account."""
        return await self._found(number, whose) or NoAccount()

    async def named(self, name: str) -> StoredAccount | NoAccount:
        """Return an account by its name."""
        return await self._store.account_named(account_name(name)) or NoAccount()

    async def _found(self, number: int, whose: Whose) -> StoredAccount | None:
        there = await self._store.account(number)
        if there is None or whose not in {EVERYBODYS, there.enterprise}:
            return None
        return there

    async def _kept(
        self,
        account: StoredAccount,
        asked: Asked[Any],
        action: str,
        detail: dict[str, Any],
        secret: str | None = None,
    ) -> StoredAccount | None:
        now = asked.at // _MILLI
        kept = msgspec.structs.replace(account, changed_at=now, version=account.version + 1)
        entry = audited(asked, action, account.name, detail)
        once: FirstAnswer[bool] | None = at_first(
            asked.once, lambda changed: Made(kept, secret) if changed else None
        )
        changed = await self._store.change_account(kept, entry, ends_at=now, once=once)
        return kept if changed else None

    async def _proof(self, name: str, password: str | None) -> tuple[str | None, bytes]:
        if password is not None:
            return None, await self._passwords.hashed(password, self._chance(SALT_OCTETS))
        secret = make_secret(self._chance(SECRET_OCTETS))
        return secret, self._safe.sealed(secret, name, self._chance(NONCE_OCTETS))
