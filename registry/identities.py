"""Who somebody is in the Handle System: ``index:handle`` names a key, and answers prove it.

The keys are values of records: HS_PUBKEY, or HS_SECKEY, which are stored sealed. Those of records
that live elsewhere are asked for there (`elsewhere`), once there is an answer that they could
prove. Index 0 stands for any key of its handle, elsewhere for any public one.

A key of this node may have bounds (`identifiers.keys.bounds`), and beyond them it is as one that is
not there. `addresses` are where the one was who is to be proved, each time that he was heard of:
the key counts from all of them. None, or no address: nobody knows.

What may be refused is told without saying what was missing: no such key, the wrong secret and an
answer that is none all look alike, and cost alike. Only for whom another place might be meant, by
his name alone, that is told.
"""

import asyncio
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from functools import partial
from typing import Final, TypeVar

import structlog

from identifiers.elsewhere import Trouble
from identifiers.keys.bounds import Address
from identifiers.keys.errors import KeyUnfit
from identifiers.keys.public import STRICT, Policy, check_key, parse_public_key
from identifiers.keys.responses import (
    PUBLIC_KEY,
    SECRET_KEY,
    answer_with_secret,
    check_response,
    verify_response,
)
from identifiers.principals import HandleIdentity
from identifiers.values import Value
from identifiers.wire.handle import bodies
from registry.access.bounds import BoundsBook
from registry.elsewhere import Elsewhere, Fetched
from registry.keyvalues import KEY_TYPES, Abroad, Here, Key, KeyValues
from registry.ports import RegistryStore
from registry.prefixes import Prefixes
from registry.proofs import WRONG, Proof, Reason, Refused, refused
from registry.seals import Seals

MOST_AT_ONCE: Final = 4
"""Answers that are verified at one time: a secret key takes some milliseconds of a core."""
MOST_WAITING: Final = 512
"""Answers that wait for their turn: a second's work on two cores."""
_HASHED: Final = re.compile(rb"[0-9a-f]{40}")
"""The form of a hexadecimal SHA-1. Whoever reads a stored one shall not log in with it."""
_NO_SECRET: Final = bytes(32)
_NONCE: Final = 16
_DIGEST: Final = 32
_NOWHERE: Final = Refused(Reason.ELSEWHERE)
_STAYS: Final = Refused(Reason.STAYS)
_log = structlog.get_logger(__name__)
T = TypeVar("T")
_Try = Callable[[tuple[Key, ...]], HandleIdentity | None]
"""Returns whom one of some keys proves."""


class Identities:
    """Proves identities by the keys of this node, and by those of others through `elsewhere`.

    `chance` gives random octets.
    """

    def __init__(  # noqa: PLR0917 -- where keys are, and what may be made of them
        self,
        store: RegistryStore,
        prefixes: Prefixes,
        seals: Seals,
        policy: Policy = STRICT,
        elsewhere: Elsewhere | None = None,
        bounds: BoundsBook | None = None,
        chance: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._keys = KeyValues(store, prefixes, seals, elsewhere, bounds)
        self._policy = policy
        self._chance = chance
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)
        self._waiting = 0

    async def key_value(self, identity: HandleIdentity) -> Value | None:
        """Return the key that an identity names, as it is stored; None: there is none here.

        Raises `StoreUnavailable`.
        """
        found = await self._keys.find(identity)
        return next(iter(found.values), None) if isinstance(found, Here) else None

    async def proof(self, identity: HandleIdentity, *addresses: Address | None) -> Proof | None:
        """Return what keeps an identity known that was proved just now; None: its key is gone.

        Raises `StoreUnavailable`.
        """
        found = await self._keys.counting(identity, *addresses)
        if isinstance(found, Abroad):
            standing = found.elsewhere.standing(identity, found.holder)
            return None if standing is None else Proof(identity, b"", standing)
        if found is None or not found.values:
            return None
        return Proof(identity, found.values[0].data)

    async def stands(self, proof: Proof, *addresses: Address | None) -> bool:
        """Say whether the key that was proved still counts. Raises `StoreUnavailable`.

        One of another node stands for its time, as long as that node is the one to ask.
        """
        if proof.standing is None:
            return await self.proof(proof.identity, *addresses) == proof
        found = await self._keys.find(proof.identity)
        if not isinstance(found, Abroad) or found.holder != proof.standing.holder:
            return False
        return found.elsewhere.stands(proof.standing)

    async def check_secret(
        self, identity: HandleIdentity, secret: bytes, *addresses: Address | None
    ) -> HandleIdentity | Refused:
        """Return whom `secret` proves: the identity, its handle in canonical form.

        A secret key may be stored as it is or as the hexadecimal SHA-1 of it, lower case: what
        looks like that is proved by the secret, and not by itself, unless the policy is the old
        one. Another node is not told the secret: it is asked about an answer made of it. Raises
        `StoreUnavailable`.
        """
        found = await self._keys.counting(identity, *addresses)
        if isinstance(found, Abroad):
            nonce, digest, salt = map(self._chance, (_NONCE, _DIGEST, _NONCE))
            signed = await self._worked(lambda: answer_with_secret(secret, nonce, digest, salt))
            if isinstance(signed, Refused):
                return signed
            return await self._by_secret(identity, found, signed, nonce, digest)
        keys = () if found is None else self._keys.opened(found, (SECRET_KEY,))
        hashed = hashlib.sha1(secret, usedforsecurity=False).hexdigest().encode()
        proved: HandleIdentity | Refused = WRONG
        for key in keys or (Key(identity, SECRET_KEY, b""),):
            plain = hmac.compare_digest(key.data, secret)
            plain &= self._policy.legacy or _HASHED.fullmatch(key.data) is None
            if (plain | hmac.compare_digest(key.data, hashed)) and key.data:
                proved = key.identity
        return _told(found, proved)

    async def check_key(
        self, identity: HandleIdentity, key: bytes, *addresses: Address | None
    ) -> HandleIdentity | Refused:
        """Return whom a public key proves that was itself proved elsewhere, by TLS.

        `key` is a SubjectPublicKeyInfo in DER; it must be equal to the HS_PUBKEY that the identity
        names. Raises `StoreUnavailable`.
        """
        try:
            wanted = check_key(parse_public_key(key), self._policy)
        except KeyUnfit:
            return WRONG

        def equal(keys: tuple[Key, ...]) -> HandleIdentity | None:
            for known in keys:
                try:
                    if parse_public_key(known.data) == wanted:
                        return known.identity
                except KeyUnfit as error:
                    _log.info("a key cannot be used", identity=identity.handle, reason=str(error))
            return None

        found = await self._keys.counting(identity, *addresses)
        if isinstance(found, Abroad):
            return await self._by_public_key(identity, found, equal)
        keys = () if found is None else self._keys.opened(found, (PUBLIC_KEY,))
        return _told(found, equal(keys) or WRONG)

    async def verify_answer(
        self, answer: bodies.Answer, nonce: bytes, digest: bytes, *addresses: Address | None
    ) -> HandleIdentity | Refused:
        """Return who answered a challenge, by the nonce and the bare digest that he was given.

        The handle of the identity is in canonical form. Raises `StoreUnavailable`.
        """
        identity = HandleIdentity(answer.handle, answer.index)
        return await self.prove(identity, answer.kind, answer.signed, nonce, digest, *addresses)

    async def prove(
        self,
        identity: HandleIdentity,
        kind: str,
        signed: bytes,
        nonce: bytes,
        digest: bytes,
        *addresses: Address | None,
    ) -> HandleIdentity | Refused:
        """Return whom `signed` proves, as `verify_answer`, wherever his key is."""
        found = await self._keys.counting(identity, *addresses)
        if not isinstance(found, Abroad):
            here = await self._proved_here(identity, found, signed, nonce, digest, (kind,))
            return _told(found, here)
        try:
            check_response(kind, signed, self._policy)
        except KeyUnfit as error:
            _log.info("an answer cannot be used", identity=identity.handle, reason=str(error))
            return WRONG
        if kind == SECRET_KEY:
            return await self._by_secret(identity, found, signed, nonce, digest)
        return await self._by_public_key(
            identity, found, lambda keys: self._prove(identity.handle, keys, signed, nonce, digest)
        )

    async def verify(
        self,
        identity: HandleIdentity,
        signed: bytes,
        nonce: bytes,
        digest: bytes,
        kinds: tuple[str, ...] = KEY_TYPES,
    ) -> HandleIdentity | Refused:
        """Return whom `signed` proves by a key of any of `kinds` on this node, for somebody else.

        Others are not asked on: whoever wants to know may ask them himself, and nodes that ask one
        another would never come to an end. Where the one is who signed, nobody knows: a key that
        counts from some addresses only proves him to nobody else. Raises `StoreUnavailable`.
        """
        found = await self._keys.counting(identity)
        here = found if isinstance(found, Here) else None
        return await self._proved_here(identity, here, signed, nonce, digest, kinds)

    async def _proved_here(  # noqa: PLR0917 -- as above, and what was found
        self,
        identity: HandleIdentity,
        found: Here | None,
        signed: bytes,
        nonce: bytes,
        digest: bytes,
        kinds: tuple[str, ...],
    ) -> HandleIdentity | Refused:
        if found is None:
            return _NOWHERE
        keys = self._keys.opened(found, kinds)
        proved = await self._worked(
            lambda: self._prove(identity.handle, keys, signed, nonce, digest)
        )
        return proved or WRONG

    async def _by_secret(
        self, identity: HandleIdentity, found: Abroad, signed: bytes, nonce: bytes, digest: bytes
    ) -> HandleIdentity | Refused:
        if not identity.index:
            return WRONG  # which key it was that proved, nobody would know
        claimed = HandleIdentity(found.name, identity.index)
        right = await found.elsewhere.verify(claimed, found.holder, signed, nonce, digest)
        if isinstance(right, Trouble):
            return refused(right)
        if not (right and await self._still_there(claimed, found)):
            return WRONG
        found.elsewhere.proved(claimed, found.holder)
        return claimed

    async def _by_public_key(
        self, identity: HandleIdentity, found: Abroad, try_keys: _Try
    ) -> HandleIdentity | Refused:
        claimed = HandleIdentity(found.name, identity.index)
        before: Fetched | None = None
        for anew in (False, True):  # the key may have been replaced since it was fetched
            fetched = await found.elsewhere.keys(claimed, found.holder, anew=anew)
            if isinstance(fetched, Trouble):
                return refused(fetched)
            if fetched is before:
                break
            keys = tuple(
                Key(HandleIdentity(found.name, value.index), PUBLIC_KEY, value.data)
                for value in fetched.values
            )
            proved = await self._worked(partial(try_keys, keys))
            if isinstance(proved, HandleIdentity):
                if not await self._still_there(proved, found):
                    return WRONG
                found.elsewhere.proved(proved, found.holder, fetched.until)
            if proved is not None:
                return proved
            before = fetched
        return WRONG

    async def _still_there(self, identity: HandleIdentity, found: Abroad) -> bool:
        """Say whether the one that was asked is the one to ask: he may have taken his time.

        Else whoever had a prefix could still say who has its names, once it was taken from him.
        """
        return await self._keys.find(identity) == found

    async def _worked(self, work: Callable[[], T]) -> T | Refused:
        """Return what `work` gives, done in a thread once it is its turn."""
        if self._waiting >= MOST_WAITING:
            return Refused(Reason.BUSY)
        self._waiting += 1
        try:
            async with self._turns:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1

    def _prove(
        self, user: str, keys: tuple[Key, ...], signed: bytes, nonce: bytes, digest: bytes
    ) -> HandleIdentity | None:
        # Where there is no key, an answer with a secret costs what it costs where there is one.
        for key in keys or (Key(HandleIdentity(user, 0), SECRET_KEY, _NO_SECRET),):
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


def _told(found: Here | None, proved: HandleIdentity | Refused) -> HandleIdentity | Refused:
    """Say where keys of a delegated prefix count, whatever was wrong: that it is, all may know."""
    return _STAYS if proved == WRONG and found is not None and found.stays else proved
