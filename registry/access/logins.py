"""Log-ins: a name and a proof become a token for a day; a token becomes an account.

Neither the text of a refusal nor the time until it comes tells whether there is such an account:
the same hash is made and the same transaction committed for a name that nobody has.
"""

import hmac
import re
from base64 import urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from secrets import token_bytes
from typing import Final

import msgspec

from identifiers.accounts import (
    LOGIN_SECONDS,
    MAX_NAME,
    AccountKind,
    AccountState,
    StoredAccount,
    StoredLogin,
    account_name,
)
from identifiers.changes import AuditEntry
from identifiers.principals import Account
from identifiers.relay import Origin
from registry.access.passwords import Passwords
from registry.access.ports import AccountStore
from registry.access.programs import Password, Proof, Safe, make_secret, same_secret
from registry.attempts import Attempts

CACHE_SECONDS: Final = 2.0
"""After so long a token that was ended is refused everywhere."""
_CACHED: Final = 4096
_ID_OCTETS: Final = 12
_SECRET_OCTETS: Final = 32
_TOKEN: Final = re.compile(r"login\.([A-Za-z0-9_-]{16})\.[A-Za-z0-9_-]{43}", re.ASCII)
_NOBODY: Final = "-"
_CROWD_SECONDS: Final = 2


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """From where somebody comes and when: epoch milliseconds, and monotonic seconds."""

    origin: Origin
    at: int
    monotonic: float
    request_id: str


class LoggedIn(msgspec.Struct, frozen=True, kw_only=True):
    """Who it is, and the token that says so until the epoch second `expires_at`."""

    account: Account
    token: str
    expires_at: int

    def __repr__(self) -> str:
        return f"LoggedIn(account={self.account!r}, <token>)"


class Unknown(msgspec.Struct, frozen=True):
    """Name and proof are none of an active account: what is wrong is not told."""


class TryLater(msgspec.Struct, frozen=True):
    """Too many were wrong, or too many come at once: in so many seconds."""

    seconds: int


class _Known(msgspec.Struct, frozen=True):
    at: float
    found: tuple[StoredLogin, StoredAccount] | None


class Logins:
    """Logs accounts in and out, and knows them by their tokens.

    `pepper` is the node's secret that tokens are hashed with. What is wrong is counted by
    `attempts` (slowed down, in this process) and with the account (told in lists, durable).
    """

    def __init__(  # noqa: PLR0917 -- what a log-in is made of
        self,
        store: AccountStore,
        pepper: bytes,
        passwords: Passwords,
        safe: Safe,
        attempts: Attempts,
        chance: Callable[[int], bytes] = token_bytes,
    ) -> None:
        self._store = store
        self._pepper = hmac.digest(pepper, b"idnode login token", sha256)
        self._passwords = passwords
        self._safe = safe
        self._attempts = attempts
        self._chance = chance
        self._cache: OrderedDict[str, _Known] = OrderedDict()

    async def log_in(self, name: str, proof: Proof, entry: Entry) -> LoggedIn | Unknown | TryLater:
        """Return a token for whoever proves to be `name`.

        Raises `StoreUnavailable` and `FateUnknown`.
        """
        name = account_name(name)[: MAX_NAME + 1]
        if wait := self._attempts.wait(entry.origin, name, entry.monotonic):
            return TryLater(wait)
        if self._passwords.full:
            return TryLater(_CROWD_SECONDS)
        storable = name if name.isascii() and name.isprintable() else _NOBODY
        account = await self._store.account_named(storable)
        if not await self._proves(proof, account) or account is None:
            return await self._refused(name, account, entry)
        login, token = self._new(account, entry.at // 1000)
        entered = _entry("login.in", account.name, account.name, entry)
        # What was proved is what it was before: a new password, meanwhile, ends that.
        if not await self._store.add_login(login, entered, version=account.version):
            return Unknown()
        return LoggedIn(account=account.principal, token=token, expires_at=login.expires_at)

    async def log_out(self, token: str, entry: Entry) -> bool:
        """End a token; False when it is none in force."""
        known = await self._known(token, entry.monotonic)
        if known is None:
            return False
        login, account = known
        self._cache.pop(login.id, None)
        ended = _entry("login.out", account.name, account.name, entry)
        return await self._store.end_login(login.id, entry.at // 1000, ended)

    def is_token(self, token: str) -> bool:
        """Say whether it has the form of a token."""
        return _TOKEN.fullmatch(token) is not None

    async def account(self, token: str, *, now: int, monotonic: float) -> Account | None:
        """Return whose token it is; None for unknown, wrong, ended and expired ones alike.

        `now` is an epoch second. Raises `StoreUnavailable`.
        """
        known = await self._known(token, monotonic)
        if known is None:
            return None
        login, account = known
        if login.revoked_at or login.expires_at <= now or account.state is AccountState.DISABLED:
            return None
        return account.principal

    async def _known(
        self, token: str, monotonic: float
    ) -> tuple[StoredLogin, StoredAccount] | None:
        form = _TOKEN.fullmatch(token)
        if form is None:
            return None
        known = self._cache.get(form[1])
        if known is None or monotonic - known.at >= CACHE_SECONDS:
            known = _Known(monotonic, await self._store.login(form[1]))
            self._cache[form[1]] = known
            self._cache.move_to_end(form[1])
            if len(self._cache) > _CACHED:
                self._cache.popitem(last=False)
        kept = bytes(sha256().digest_size) if known.found is None else known.found[0].hashed
        same = hmac.compare_digest(self._hashed(token), kept)
        return known.found if same else None

    async def _proves(self, proof: Proof, account: StoredAccount | None) -> bool:
        person = account is not None and account.kind is AccountKind.PERSON
        program = account is not None and account.kind is AccountKind.PROGRAM
        # Both ways are gone whichever is the right one, so that time tells nothing.
        by_password = False
        if isinstance(proof, Password):
            kept = account.proof if account is not None and person else None
            by_password = await self._passwords.proves(proof.text, kept)
        secret = make_secret(self._chance(_SECRET_OCTETS))
        if account is not None and program:
            secret = self._safe.opened(account.proof, account.name)
        by_secret = same_secret(proof, secret)
        active = account is not None and account.state is AccountState.ACTIVE
        return active and (by_password or (by_secret and program))

    async def _refused(self, name: str, account: StoredAccount | None, entry: Entry) -> Unknown:
        self._attempts.wrong(entry.origin, name, entry.monotonic)
        # What a stranger typed may be a password: only names that there are, are written down.
        subject = _NOBODY if account is None else account.name
        number = 0 if account is None else account.id
        audit = _entry("login.refused", "anonymous", subject, entry)
        await self._store.refused(number, entry.at // 1000, audit)
        return Unknown()

    def _new(self, account: StoredAccount, now: int) -> tuple[StoredLogin, str]:
        login_id = urlsafe_b64encode(self._chance(_ID_OCTETS)).decode()
        token = f"login.{login_id}.{make_secret(self._chance(_SECRET_OCTETS))}"
        login = StoredLogin(
            id=login_id,
            account=account.id,
            hashed=self._hashed(token),
            created_at=now,
            expires_at=now + LOGIN_SECONDS,
        )
        return login, token

    def _hashed(self, token: str) -> bytes:
        return hmac.digest(self._pepper, token.encode(), sha256)


def _entry(action: str, actor: str, subject: str, entry: Entry) -> AuditEntry:
    return AuditEntry(
        at=entry.at,
        actor=actor if actor == "anonymous" else f"account:{actor}",
        action=action,
        subject=subject,
        request=entry.request_id,
        detail=msgspec.json.encode({"from": str(entry.origin.address or "")}),
    )
