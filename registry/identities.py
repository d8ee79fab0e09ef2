"""Who somebody is in the Handle System: ``index:handle`` names a key, and answers prove it.

The keys are values of records of this node: HS_PUBKEY, or HS_SECKEY, which are stored sealed. An
identity whose handle does not live here cannot be proved here. Index 0 stands for any key of its
handle.

What may be refused is told without saying what was missing: no such key, the wrong secret and an
answer that is none all look alike, and cost alike.
"""

import asyncio
import hashlib
import hmac
import re
from enum import StrEnum
from typing import Final

import msgspec
import structlog

from identifiers.faults import Invalid
from identifiers.keys.errors import KeyUnfit
from identifiers.keys.public import STRICT, Policy, check_key, parse_public_key
from identifiers.keys.responses import PUBLIC_KEY, SECRET_KEY, verify_response
from identifiers.names import Handle, fold
from identifiers.principals import HandleIdentity
from identifiers.records import State
from identifiers.values import Value
from identifiers.wire.handle import bodies
from identifiers.wire.handle.values import decode_values
from registry.ports import RegistryStore
from registry.prefixes import Prefixes, place_of
from registry.seals import SealBroken, Seals

MOST_AT_ONCE: Final = 4
"""Answers that are verified at one time: a secret key takes some milliseconds of a core."""
MOST_WAITING: Final = 512
"""Answers that wait for their turn: a second's work on two cores."""
MOST_KEYS: Final = 8
"""Keys of one handle that are tried for index 0."""
_KEY_TYPES: Final = (PUBLIC_KEY, SECRET_KEY)
_HASHED: Final = re.compile(rb"[0-9a-f]{40}")
"""The form of a hexadecimal SHA-1. Whoever reads a stored one shall not log in with it."""
_NO_SECRET: Final = bytes(32)
_log = structlog.get_logger(__name__)


class Reason(StrEnum):
    """Why nobody is known after an answer. The texts are for whoever answered."""

    WRONG = "The answer does not prove this key"
    ELSEWHERE = "The key is not on this node, and keys of other nodes are not fetched"
    BUSY = "Too many answers are being verified: try again"


class Refused(msgspec.Struct, frozen=True):
    """The answer proves nothing."""

    reason: Reason


class Proof(msgspec.Struct, frozen=True):
    """Somebody who is known for longer than one request, and the key that he proved, as stored."""

    identity: HandleIdentity
    key: bytes


class _Key(msgspec.Struct, frozen=True):
    identity: HandleIdentity
    kind: str
    data: bytes


class Identities:
    """Proves identities by the keys of this node."""

    def __init__(
        self,
        store: RegistryStore,
        prefixes: Prefixes,
        seals: Seals,
        policy: Policy = STRICT,
    ) -> None:
        self._store = store
        self._prefixes = prefixes
        self._seals = seals
        self._policy = policy
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)
        self._waiting = 0

    async def key_value(self, identity: HandleIdentity) -> Value | None:
        """Return the key that an identity names, as it is stored; None: there is none here.

        Raises `StoreUnavailable`.
        """
        found = await self._values(identity)
        return None if found is None else next((value for _, value in found), None)

    async def proof(self, identity: HandleIdentity) -> Proof | None:
        """Return what keeps an identity known that was proved just now; None: its key is gone.

        Raises `StoreUnavailable`.
        """
        value = await self.key_value(identity)
        return None if value is None else Proof(identity, value.data)

    async def stands(self, proof: Proof) -> bool:
        """Say whether the key that was proved is still there. Raises `StoreUnavailable`."""
        return await self.proof(proof.identity) == proof

    async def check_secret(self, identity: HandleIdentity, secret: bytes) -> HandleIdentity | None:
        """Return whom `secret` proves: the identity, its handle in canonical form; None: nobody.

        A secret key may be stored as it is or as the hexadecimal SHA-1 of it, lower case: what
        looks like that is proved by the secret, and not by itself, unless the policy is the old
        one. Raises `StoreUnavailable`.
        """
        keys = await self._keys(identity, (SECRET_KEY,)) or ()
        hashed = hashlib.sha1(secret, usedforsecurity=False).hexdigest().encode()
        proved = None
        for key in keys or (_Key(identity, SECRET_KEY, b""),):
            plain = hmac.compare_digest(key.data, secret)
            plain &= self._policy.legacy or _HASHED.fullmatch(key.data) is None
            if (plain | hmac.compare_digest(key.data, hashed)) and key.data:
                proved = key.identity
        return proved

    async def check_key(self, identity: HandleIdentity, key: bytes) -> HandleIdentity | None:
        """Return whom a public key proves that was itself proved elsewhere, by TLS; None: nobody.

        `key` is a SubjectPublicKeyInfo in DER; it must be equal to the HS_PUBKEY that the identity
        names. Raises `StoreUnavailable`.
        """
        try:
            wanted = check_key(parse_public_key(key), self._policy)
        except KeyUnfit:
            return None
        for known in await self._keys(identity, (PUBLIC_KEY,)) or ():
            try:
                if parse_public_key(known.data) == wanted:
                    return known.identity
            except KeyUnfit as error:
                _log.info("a key cannot be used", identity=identity.handle, reason=str(error))
        return None

    async def verify_answer(
        self, answer: bodies.Answer, nonce: bytes, digest: bytes
    ) -> HandleIdentity | Refused:
        """Return who answered a challenge, by the nonce and the bare digest that he was given.

        The handle of the identity is in canonical form. Raises `StoreUnavailable`.
        """
        identity = HandleIdentity(answer.handle, answer.index)
        return await self.verify(identity, answer.signed, nonce, digest, (answer.kind,))

    async def verify(
        self,
        identity: HandleIdentity,
        signed: bytes,
        nonce: bytes,
        digest: bytes,
        kinds: tuple[str, ...] = _KEY_TYPES,
    ) -> HandleIdentity | Refused:
        """Return whom `signed` proves, as `verify_answer`, with keys of any of `kinds`."""
        keys = await self._keys(identity, kinds)
        if keys is None:
            return Refused(Reason.ELSEWHERE)
        if self._waiting >= MOST_WAITING:
            return Refused(Reason.BUSY)
        self._waiting += 1
        try:
            async with self._turns:
                proved = await asyncio.to_thread(
                    self._prove, identity.handle, keys, signed, nonce, digest
                )
        finally:
            self._waiting -= 1
        return Refused(Reason.WRONG) if proved is None else proved

    def _prove(
        self, user: str, keys: tuple[_Key, ...], signed: bytes, nonce: bytes, digest: bytes
    ) -> HandleIdentity | None:
        # Where there is no key, an answer with a secret costs what it costs where there is one.
        for key in keys or (_Key(HandleIdentity(user, 0), SECRET_KEY, _NO_SECRET),):
            try:
                right = verify_response(
                    key.kind, key.data, user, signed, nonce, digest, self._policy
                )
            except KeyUnfit as error:
                _log.info("a key or an answer cannot be used", identity=user, reason=str(error))
                continue
            if right and keys:
                return key.identity
        return None

    async def _keys(
        self, identity: HandleIdentity, kinds: tuple[str, ...]
    ) -> tuple[_Key, ...] | None:
        """Return the keys of these types that an identity names; None: its handle is elsewhere."""
        found = await self._values(identity)
        if found is None:
            return None
        keys = []
        for name, value in found:
            kind = fold(value.type)
            if kind in kinds and (data := self._data(kind, name, value)) is not None:
                keys.append(_Key(HandleIdentity(name, value.index), kind, data))
        return tuple(keys)

    def _data(self, kind: str, name: str, value: Value) -> bytes | None:
        if kind != SECRET_KEY:
            return value.data
        try:
            return self._seals.opened(name, value)
        except SealBroken as error:
            _log.error("a secret key proves nobody", reason=str(error))
            return None

    async def _values(self, identity: HandleIdentity) -> tuple[tuple[str, Value], ...] | None:
        """Return the key values that an identity names, each with its record's canonical name."""
        try:
            handle = Handle.parse(identity.handle)
        except Invalid:
            return None
        place = place_of(await self._prefixes.picture(), handle)
        if not place.lives_here:
            return None
        name = place.key
        record = await self._store.record(name)
        if record is None or record.state is not State.ACTIVE:
            return ()
        wanted = (
            (name, value)
            for value in decode_values(record.values)
            if identity.index in (0, value.index) and fold(value.type) in _KEY_TYPES
        )
        return tuple(wanted)[:MOST_KEYS]
