"""API keys: ``id.secret``, 256 random bits, kept only as a peppered HMAC-SHA-256."""

import asyncio
import hmac
import re
from base64 import urlsafe_b64encode
from collections import OrderedDict
from hashlib import blake2b, sha256
from typing import Final

import msgspec

from identifiers.changes import RequestKey, StoredAnswer, StoredKey
from identifiers.errors import StoreUnavailable
from identifiers.principals import ApiKey
from registry.ports import RegistryStore

MAX_LIFE_SECONDS: Final = 366 * 86400
"""A key lives for a year at most; 366 days so that a year from today is always allowed."""
CACHE_SECONDS: Final = 2.0
"""A revoked key is refused everywhere after so long, and what reading it takes, at the latest."""
SECRET_BYTES: Final = 32
ID_BYTES: Final = 9
_CACHED: Final = 4096
_TOKEN: Final = re.compile(r"([A-Za-z0-9_-]{1,32})\.([A-Za-z0-9_-]{1,128})", re.ASCII)


class NewKey(msgspec.Struct, frozen=True):
    """A key as its owner gets it, once: `token` is the whole, and appears in no `repr`."""

    id: str
    token: str

    def __repr__(self) -> str:
        return f"NewKey(id={self.id!r}, token=<secret>)"


def make_key(chance: bytes) -> NewKey:
    """Make a key of `ID_BYTES` + `SECRET_BYTES` random octets.

    The first bit goes, so that the id begins with a letter: ``-`` would make an option of it at a
    command line.
    """
    if len(chance) != ID_BYTES + SECRET_BYTES:
        raise ValueError(f"{ID_BYTES + SECRET_BYTES} random octets are needed")
    key_id = _text(bytes((chance[0] & 0x7F, *chance[1:ID_BYTES])))
    return NewKey(key_id, f"{key_id}.{_text(chance[ID_BYTES:])}")


def _text(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def hashed(token: str, pepper: bytes) -> bytes:
    """Return what is kept of a key."""
    return hmac.digest(pepper, token.encode(), sha256)


class _Known:
    """A key as it was found at a monotonic time; `mark` is of what proved to be it since, if any.

    Whoever comes again is known by that, in half of the time: the HMAC takes twice as long as
    BLAKE2b. The key itself is kept nowhere.
    """

    __slots__ = ("at", "key", "mark", "principal")

    def __init__(self, at: float, key: StoredKey | None) -> None:
        self.at = at
        self.key = key
        self.mark = b""
        self.principal: ApiKey | None = None


class KeyRing:
    """Knows principals by their keys, remembering each for at most `CACHE_SECONDS`."""

    def __init__(self, store: RegistryStore, pepper: bytes) -> None:
        self._store = store
        self._pepper = pepper
        self._mark_key = hmac.digest(pepper, b"idnode key mark", sha256)
        self._nobody = bytes(sha256().digest_size)
        self.answer_key = hmac.digest(pepper, b"idnode answer key", sha256)
        """With what answers are sealed that hold new keys and secrets."""
        self._cache: OrderedDict[str, _Known] = OrderedDict()
        self._reading: dict[str, asyncio.Task[_Known]] = {}

    async def principal(self, token: str, *, now: int, monotonic: float) -> ApiKey | None:
        """Return whose key `token` is; None for unknown, wrong, expired and revoked ones alike.

        `now` is an epoch second. Raises `StoreUnavailable`.
        """
        form = _TOKEN.fullmatch(token)
        if form is None:
            return None
        known = await self._stored(form[1], monotonic)
        mark = blake2b(token.encode(), key=self._mark_key).digest()
        if not hmac.compare_digest(mark, known.mark):
            if not self._proves(token, known):
                return None
            known.mark = mark
        key = known.key
        if key is None or key.revoked_at or key.expires_at <= now:
            return None
        return known.principal

    async def answer(self, request: RequestKey) -> StoredAnswer | None:
        """Return the stored first answer to a request. Raises `StoreUnavailable`."""
        return await self._store.answer(request)

    def _proves(self, token: str, known: _Known) -> bool:
        key = known.key
        # Unknown and wrong take the same way: one HMAC, one comparison in constant time.
        same = hmac.compare_digest(
            hashed(token, self._pepper), self._nobody if key is None else key.hashed
        )
        if key is None or not same:
            return False
        known.principal = ApiKey(
            id=key.id,
            enterprise=key.enterprise,
            scopes=key.scopes,
            prefixes=key.prefixes,
            networks=key.networks,
        )
        return True

    async def _stored(self, key_id: str, monotonic: float) -> _Known:
        known = self._cache.get(key_id)
        if known is not None and monotonic - known.at < CACHE_SECONDS:
            return known
        # All who come with a key while it is read wait for that: they come hundreds at a time.
        reading = self._reading.get(key_id)
        if reading is None:
            reading = asyncio.create_task(self._read(key_id, monotonic))
            self._reading[key_id] = reading
        try:
            return await asyncio.shield(reading)
        except StoreUnavailable as why:
            # One exception object cannot be raised in several tasks.
            raise StoreUnavailable(*why.args) from None

    async def _read(self, key_id: str, monotonic: float) -> _Known:
        try:
            known = _Known(monotonic, await self._store.key(key_id))
        finally:
            del self._reading[key_id]
        self._cache[key_id] = known
        self._cache.move_to_end(key_id)
        if len(self._cache) > _CACHED:
            self._cache.popitem(last=False)
        return known
