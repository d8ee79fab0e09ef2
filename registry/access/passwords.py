"""Passwords: scrypt (RFC 7914) in a thread, few at a time."""

import asyncio
import hmac
from hashlib import scrypt
from typing import Final
from unicodedata import normalize

import msgspec

SALT_OCTETS: Final = 16
_OCTETS: Final = 32
_FORM: Final = b"\x01"
"""Which parameters a hash was made with; others get another number."""


class Cost(msgspec.Struct, frozen=True):
    """The parameters of scrypt; memory is 128 · `n` · `r` octets."""

    n: int
    r: int
    p: int


COST: Final = Cost(2**15, 8, 3)
"""32 MiB; as OWASP's Password Storage Cheat Sheet has it among its equal choices."""


class Passwords:
    """Makes and checks hashes: ``form (1) · salt (16) · hash (32)``.

    `at_once` are worked at, `waiting` more wait; `full` says that no more should come.
    """

    def __init__(self, cost: Cost = COST, *, at_once: int = 2, waiting: int = 16) -> None:
        self._cost = cost
        self._turn = asyncio.Semaphore(at_once)
        self._most = at_once + waiting
        self._present = 0

    @property
    def full(self) -> bool:
        """Say whether as many are here as may wait."""
        return self._present >= self._most

    async def hashed(self, password: str, salt: bytes) -> bytes:
        """Return what is kept of a password; `salt` are `SALT_OCTETS` random octets."""
        return _FORM + salt + await self._scrypt(password, salt)

    async def proves(self, password: str, kept: bytes | None) -> bool:
        """Say whether a password is the one that was kept; without one it takes as long."""
        known = kept is not None and len(kept) == 1 + SALT_OCTETS + _OCTETS
        form = kept if kept is not None and known else bytes(1 + SALT_OCTETS + _OCTETS)
        made = await self._scrypt(password, form[1 : 1 + SALT_OCTETS])
        same = hmac.compare_digest(made, form[1 + SALT_OCTETS :])
        return same and known and form[:1] == _FORM

    async def _scrypt(self, password: str, salt: bytes) -> bytes:
        cost = self._cost
        octets = normalize("NFC", password).encode("utf-8", "surrogatepass")
        self._present += 1
        try:
            async with self._turn:
                return await asyncio.to_thread(
                    scrypt,
                    octets,
                    salt=salt,
                    n=cost.n,
                    r=cost.r,
                    p=cost.p,
                    maxmem=256 * cost.n * cost.r,
                    dklen=_OCTETS,
                )
        finally:
            self._present -= 1
