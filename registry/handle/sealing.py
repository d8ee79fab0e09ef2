"""Messages within sessions: their MACs, their encryption, and replies that the site signs.

RFC 3652 sections 2.2.4 and 3.8. A message counts as a session's when it carries the MAC of the
session's key with a counter that was not there before; what is encrypted must carry one too, or be
the answer to a challenge. Whatever is wrong with an encrypted message is told by one and the same
reply, so that nobody learns from replies what is inside (see `identifiers.keys.sessions`).
"""

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec

from identifiers.keys.credentials import verify_mac, with_mac, with_signature
from identifiers.keys.errors import KeyUnfit
from identifiers.keys.public import STRICT, Policy
from identifiers.keys.sessions import SessionKey, decrypt_message, encrypt_message, iv_size
from identifiers.keys.signers import Signer
from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle import envelope, message
from identifiers.wire.handle.codes import EnvelopeFlag, OpCode, OpFlag, ResponseCode
from identifiers.wire.handle.credential import MAC
from identifiers.wire.handle.envelope import Envelope, negotiate
from identifiers.wire.handle.message import Message
from identifiers.wire.handle.translate import ReplyTo, reply_to
from registry.handle.sessions import Session, Sessions
from registry.handle.turns import Told, Turn, refused

MOST_SIGNED_AT_ONCE: Final = 4
_TIMEOUT: Final = refused(ResponseCode.SESSION_TIMEOUT, "There is no such session any more")
_WRONG_KEY: Final = refused(
    ResponseCode.INVALID_SESSION_KEY, "The message is not under the key of this session"
)
_REPLAYED: Final = refused(
    ResponseCode.SESSION_MESSAGE_REJECTED, "The counter of this message was used already"
)


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A message, decrypted, and the session that it is proved to belong to."""

    message: Message
    plain: bytes
    session: Session | None = None
    key: SessionKey | None = None
    encrypted: bool = False


class Rejected(msgspec.Struct, frozen=True):
    """A message that is not taken, and what is told about it."""

    to: ReplyTo
    told: Told


class Sealing:
    """Opens requests and closes replies. `signer` holds the site's key, if it has one."""

    def __init__(
        self,
        sessions: Sessions,
        chance: Callable[[int], bytes],
        signer: Signer | None = None,
        policy: Policy = STRICT,
    ) -> None:
        self._sessions = sessions
        self._chance = chance
        self._signer = signer
        self._policy = policy
        self._signing = asyncio.Semaphore(MOST_SIGNED_AT_ONCE)

    def open(self, request: bytes, now: float) -> Opened | Rejected:
        """Read a request. Raises `ProtocolError` for what is no message."""
        outer = envelope.decode_envelope(request)
        if outer.flags & EnvelopeFlag.ENCRYPTED:
            return self._open_encrypted(request, outer, now)
        received = message.decode(request)
        if received.credential is None or received.credential.type != MAC:
            return Opened(message=received, plain=request)
        session = self._sessions.find(received.session_id, now)
        told = _TIMEOUT if session is None else self._prove(received, session, now)
        if session is None or told is not None:
            return Rejected(reply_to(received, request), told or _TIMEOUT)
        return Opened(message=received, plain=request, session=session, key=session.key)

    def _open_encrypted(self, request: bytes, outer: Envelope, now: float) -> Opened | Rejected:
        to = _to_encrypted(outer)
        session = self._sessions.find(outer.session_id, now)
        if session is None:
            return Rejected(to, _TIMEOUT)
        key = session.key
        try:
            if key is None:
                return Rejected(to, _WRONG_KEY)
            plain = decrypt_message(request, key)
            received = message.decode(plain)
        except (KeyUnfit, ProtocolError):
            return Rejected(to, _WRONG_KEY)
        if received.header.op_code == OpCode.CHALLENGE_RESPONSE and received.credential is None:
            return Opened(message=received, plain=plain, key=key, encrypted=True)
        if (told := self._prove(received, session, now)) is not None:
            return Rejected(to, told)
        return Opened(message=received, plain=plain, session=session, key=key, encrypted=True)

    def _prove(self, received: Message, session: Session, now: float) -> Told | None:
        """Return why a message is not one of the session, None: it is."""
        try:
            if session.key is None or not verify_mac(received, session.key, self._policy):
                return _WRONG_KEY
        except KeyUnfit:
            return _WRONG_KEY
        if received.credential is None or not session.window.take(received.credential.counter):
            return _REPLAYED
        session.used(now)
        return None

    async def close(self, turn: Turn, reply: bytes, *, private: bool) -> bytes:
        """Sign and encrypt a reply as the request wants it, or as what it carries needs it."""
        flags, key = turn.to.flags, turn.key
        if flags & OpFlag.CERTIFY:
            reply = await self._certify(turn, reply)
        if key is not None and (turn.encrypted or private or flags & OpFlag.ENCRYPT):
            return encrypt_message(reply, key, self._chance(iv_size(key)))
        return reply

    async def _certify(self, turn: Turn, reply: bytes) -> bytes:
        if turn.session is not None and turn.key is not None:
            counter = turn.session.next_counter()
            return message.encode(with_mac(message.decode(reply), turn.key, counter))
        if self._signer is None:
            return reply
        async with self._signing:
            signed = await asyncio.to_thread(with_signature, message.decode(reply), self._signer)
        return message.encode(signed)


def _to_encrypted(outer: Envelope) -> ReplyTo:
    # Nothing of what is inside may be told: it may not even be what the client wrote.
    return ReplyTo(
        version=negotiate(outer.version, outer.suggested),
        session_id=outer.session_id,
        request_id=outer.request_id,
        op_code=OpCode.RESERVED,
        flags=0,
        recursion_count=0,
    )
