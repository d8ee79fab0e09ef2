"""Sessions set up, given another key, and ended (RFC 3652 section 3.8).

The key is agreed on by Diffie-Hellman, made here and carried to an RSA key of the client (its own,
or one that is a value of a handle), or made by the client and carried to the key of this site.
Whoever sets a session up is nobody yet: see `sessions`.
"""

from collections.abc import Callable
from typing import Final

from identifiers.keys.errors import KeyUnfit
from identifiers.keys.public import STRICT, Policy, parse_public_key
from identifiers.keys.sessions import (
    CHANCE,
    CipherCode,
    SessionKey,
    answer_offer,
    carried,
    carry,
    encode_agreed,
)
from identifiers.keys.signers import RsaSigner, Signer
from identifiers.principals import HandleIdentity
from identifiers.wire.handle import bodies
from identifiers.wire.handle.bodies import KeyExchange
from identifiers.wire.handle.codes import ResponseCode
from identifiers.wire.handle.data import DhKey, RsaKey
from registry.handle.challenges import Full
from registry.handle.sessions import Sessions
from registry.handle.turns import DONE, Told, Turn, refused
from registry.identities import Identities

MOST_BITS_OF_STRANGERS: Final = 2048
"""Of the groups that strangers agree on a key in: 4,096 bits take 30 ms."""
_KEY_OCTETS: Final = 32
_NO_SESSION: Final = refused(ResponseCode.SESSION_FAILED, "This message is in no session")
_UNFIT: Final = refused(
    ResponseCode.INVALID_SESSION_SETUP, "The key cannot be used to set a session up"
)
_NO_SITE_KEY: Final = refused(
    ResponseCode.NEED_RSA_KEY, "This site has no RSA key: agree on the key by Diffie-Hellman"
)
_BUSY: Final = refused(ResponseCode.SERVER_BUSY, "There are too many sessions: try again")


class Establishing:
    """The operations on sessions. `signer` holds the site's key, if it has one."""

    def __init__(
        self,
        sessions: Sessions,
        identities: Identities,
        chance: Callable[[int], bytes],
        signer: Signer | None = None,
        policy: Policy = STRICT,
    ) -> None:
        self._sessions = sessions
        self._identities = identities
        self._chance = chance
        self._site_key = signer if isinstance(signer, RsaSigner) else None
        self._policy = policy

    async def set_up(self, turn: Turn) -> Told:
        """Begin a session, or give the one that the message is in another key.

        Raises `StoreUnavailable`.
        """
        setup = turn.message.body
        if not isinstance(setup, bodies.SessionSetup):
            return _UNFIT
        sessions, origin, now = self._sessions, turn.origin, turn.now
        room = turn.session is not None or sessions.room_for(origin, now)
        if not (room and sessions.may_agree(origin, now)):
            return _BUSY
        try:
            agreed = await self._agree(setup, trusted=turn.origin.trusted)
        except KeyUnfit:
            return _UNFIT
        if isinstance(agreed, Told):
            return agreed
        key, data = agreed
        if turn.session is not None and key is not None:
            turn.session.rekeyed(key)
            number = turn.session.id
        else:
            session = self._sessions.begin(key, setup.timeout, turn.origin, turn.now)
            if isinstance(session, Full):
                return _BUSY
            number = session.id
        body = bodies.SessionKey(setup.mode, data)
        return Told(ResponseCode.SUCCESS, body, session_id=number)

    async def _agree(
        self, setup: bodies.SessionSetup, *, trusted: bool
    ) -> tuple[SessionKey | None, bytes] | Told:
        """Return the session's key (None: the client sends it yet) and what is answered.

        Raises `KeyUnfit` and `StoreUnavailable`.
        """
        match setup.mode:
            case KeyExchange.DIFFIE_HELLMAN:
                return self._agreed_on(setup.key, trusted=trusted)
            case KeyExchange.CLIENT_RSA:
                return self._carried_to(setup.key)
            case KeyExchange.KEY_IN_HANDLE:
                identity = HandleIdentity(setup.key_handle, setup.key_index)
                value = await self._identities.key_value(identity)
                return _UNFIT if value is None else self._carried_to(value.data)
            case KeyExchange.SERVER_KEY:
                return _NO_SITE_KEY if self._site_key is None else (None, self._site_key.public)
            case _:
                return _UNFIT

    def _agreed_on(self, data: bytes, *, trusted: bool) -> tuple[SessionKey, bytes] | Told:
        offered = parse_public_key(data)
        if not isinstance(offered, DhKey):
            return _UNFIT
        if not trusted and offered.p.bit_length() > MOST_BITS_OF_STRANGERS:
            return _UNFIT
        own, key = answer_offer(offered, CipherCode.AES, self._chance(CHANCE))
        return key, encode_agreed(CipherCode.AES, own)

    def _carried_to(self, data: bytes) -> tuple[SessionKey, bytes] | Told:
        public = parse_public_key(data)
        if not isinstance(public, RsaKey):
            return _UNFIT
        key = SessionKey(CipherCode.AES, self._chance(_KEY_OCTETS))
        return key, carry(key, public, self._policy)

    def exchange(self, turn: Turn) -> Told:
        """Take the key that the client made, for a session that waits for it or is its own."""
        body = turn.message.body
        if self._site_key is None or not isinstance(body, bodies.ExchangeKey):
            return _NO_SITE_KEY
        session = turn.session or self._sessions.find(turn.message.session_id, turn.now)
        if session is None:
            return _NO_SESSION
        if turn.session is None and session.key is not None:
            # Only whoever holds the old key may replace it.
            return _NO_SESSION
        if not self._sessions.may_agree(turn.origin, turn.now):
            return _BUSY
        try:
            key = carried(self._site_key.decrypt(body.encrypted), self._policy)
        except KeyUnfit:
            # As if it were right: a wrong padding must look like any other key (RFC 3218).
            key = SessionKey(CipherCode.AES, self._chance(_KEY_OCTETS))
        session.rekeyed(key)
        return DONE

    def terminate(self, turn: Turn) -> Told:
        """End the session that the message is in."""
        if turn.session is None:
            return _NO_SESSION
        self._sessions.end(turn.session.id)
        return DONE
