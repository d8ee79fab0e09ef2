"""Accounts (账户) as they are kept: people and programs that log in with a name. Pure."""

import re
from enum import StrEnum
from typing import Final

import msgspec

from identifiers.faults import Fault
from identifiers.principals import Account, Role

MAX_NAME: Final = 50
"""Characters; what the interface of national nodes allows."""
MIN_PASSWORD: Final = 12
MAX_PASSWORD: Final = 256
"""Characters (NIST SP 800-63B section 3.1.1.2: no rules about their kinds)."""
LOGIN_SECONDS: Final = 86_400
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{1,49}", re.ASCII)


class AccountKind(StrEnum):
    """What an account proves itself by."""

    PERSON = "person"
    """A password of his own; only a slow hash of it is kept."""
    PROGRAM = "program"
    """A random secret, kept sealed: some interfaces have it proved by a hash of it and the day."""


class AccountState(StrEnum):
    """Whether an account may come in."""

    ACTIVE = "active"
    DISABLED = "disabled"


class StoredAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account as it is kept. `enterprise` None: the node's. `id` 0: not stored yet.

    `failed` log-ins since the last one that succeeded, the latest at `failed_at`. Times are epoch
    seconds. `version` rises with each change that somebody makes; failures are none.
    """

    id: int
    name: str
    role: Role
    enterprise: int | None
    kind: AccountKind
    proof: bytes
    state: AccountState = AccountState.ACTIVE
    failed: int = 0
    failed_at: int = 0
    created_at: int
    changed_at: int
    version: int = 1

    def __repr__(self) -> str:
        return f"StoredAccount(id={self.id}, name={self.name!r}, <proof>)"

    @property
    def principal(self) -> Account:
        """Return who it is that has logged in."""
        return Account(id=self.id, name=self.name, role=self.role, enterprise=self.enterprise)


class StoredLogin(msgspec.Struct, frozen=True, kw_only=True):
    """A log-in as it is kept: never the token, only its peppered HMAC-SHA-256.

    Times are epoch seconds; `revoked_at` 0: in force.
    """

    id: str
    account: int
    hashed: bytes
    created_at: int
    expires_at: int
    revoked_at: int = 0


def account_name(text: str) -> str:
    """Return a name as it is compared: in lower case."""
    return text.lower()


def account_faults(name: str, role: Role, enterprise: int | None) -> tuple[Fault, ...]:
    """Return what is wrong with a new account."""
    faults = []
    if _NAME.fullmatch(name) is None:
        faults.append(Fault("account.name", "/name", {"limit": MAX_NAME}))
    if role.of_node != (enterprise is None):
        faults.append(Fault("account.role", "/role", {"role": role.value}))
    return tuple(faults)


def password_faults(password: str) -> tuple[Fault, ...]:
    """Return what is wrong with a new password."""
    if len(password) < MIN_PASSWORD:
        return (Fault("account.short", "/password", {"least": MIN_PASSWORD}),)
    if len(password) > MAX_PASSWORD:
        size, unit = len(password), "characters"
        params: dict[str, str | int] = {"size": size, "unit": unit, "limit": MAX_PASSWORD}
        return (Fault("too_long", "/password", params),)
    return ()
