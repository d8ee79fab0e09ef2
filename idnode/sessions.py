"""A client's half of a session: every request carries a MAC, or is encrypted besides.

RFC 3652 section 3.8. The key is agreed by Diffie-Hellman; whoever could answer in the server's
place would share it, so the server's answer must be signed with a key that is known beforehand.
"""

from collections.abc import Callable
from typing import Final

from identifiers.keys.credentials import verify_mac, with_mac
from identifiers.keys.errors import KeyUnfit
from identifiers.keys.sessions import (
    CHANCE,
    SessionKey,
    agree,
    decode_agreed,
    decrypt_message,
    encrypt_message,
    iv_size,
    offer,
)
from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle import bodies, message
from identifiers.wire.handle.bodies import KeyExchange, SessionSetup
from identifiers.wire.handle.codes import EnvelopeFlag, ResponseCode
from identifiers.wire.handle.credential import MAC
from identifiers.wire.handle.data import encode_public_key
from identifiers.wire.handle.envelope import decode_envelope
from identifiers.wire.handle.message import Message
from idnode.credentials import Credentials
from idnode.errors import Garbled, Untrusted
from idnode.questions import read_reply

TIMEOUT: Final = 86_400
"""Seconds without a message that a session is asked to outlive."""
_PROVED: Final = (ResponseCode.SUCCESS, ResponseCode.AUTHENTICATION_NEEDED)
"""What is believed of the server only. A challenge too: whoever copied a request into a session of
his own could pass on the challenge to it, and would be known there by our answer."""


class Offer:
    """A key that is offered to a server, until the server has answered with its own."""

    def __init__(self, chance: Callable[[int], bytes]) -> None:
        self._own, self._private = offer(chance(CHANCE))

    def setup(self, credentials: Credentials, timeout: int = TIMEOUT) -> SessionSetup:
        """Return the request's body."""
        return SessionSetup(
            mode=KeyExchange.DIFFIE_HELLMAN,
            timeout=timeout,
            handle=credentials.handle,
            index=credentials.index,
            key=encode_public_key(self._own),
        )

    def agreed(self, reply: Message) -> SessionKey:
        """Return the key that both now have. Raises `Garbled`, `Untrusted` for a key unfit."""
        if not isinstance(reply.body, bodies.SessionKey):
            raise Garbled(f"no answer to a session setup but {type(reply.body).__name__}")
        try:
            cipher, peer = decode_agreed(reply.body.data)
            return agree(self._own, self._private, peer, cipher)
        except KeyUnfit as why:
            raise Untrusted(f"the server's session key: {why}") from why


class Session:
    """A session with one server. `number` is its id, `encrypted`: what travels is encrypted."""

    def __init__(
        self,
        number: int,
        key: SessionKey,
        *,
        encrypted: bool,
        chance: Callable[[int], bytes],
    ) -> None:
        self.number: Final = number
        self.encrypted: Final = encrypted
        self._key = key
        self._chance = chance
        self._counter = 0

    def seal(self, request: Message) -> bytes:
        """Write a request of this session; no two have the same counter."""
        self._counter += 1
        sealed = message.encode(with_mac(request, self._key, self._counter))
        if self.encrypted:
            return encrypt_message(sealed, self._key, self._chance(iv_size(self._key)))
        return sealed

    def open(self, reply: bytes) -> Message:
        """Read a reply in this session.

        Raises `Untrusted` for one that is not proved to be made with the session's key: a wrong
        MAC, or a success or a challenge without one or in clear text. Refusals may come without:
        whoever forges one gains nothing that cutting the connection would not give. Raises
        `Garbled`.
        """
        hidden = self._hidden(reply)
        if hidden:
            try:
                reply = decrypt_message(reply, self._key)
            except (KeyUnfit, ProtocolError) as why:
                raise Untrusted(str(why)) from why
        found = read_reply(reply)
        proved = found.header.response_code in _PROVED
        if found.credential is not None and found.credential.type == MAC:
            self._check(found)
        elif proved:
            raise Untrusted("an answer without a MAC within a session")
        if self.encrypted and not hidden and proved:
            raise Untrusted("an answer in clear within an encrypted session")
        return found

    def rekey(self, key: SessionKey) -> None:
        """Go on under another key; messages are counted anew."""
        self._key = key
        self._counter = 0

    def _check(self, found: Message) -> None:
        try:
            right = verify_mac(found, self._key)
        except KeyUnfit as why:
            raise Untrusted(str(why)) from why
        if not right:
            raise Untrusted("the answer has a wrong MAC")

    def _hidden(self, reply: bytes) -> bool:
        try:
            return bool(decode_envelope(reply).flags & EnvelopeFlag.ENCRYPTED)
        except ProtocolError as why:
            raise Garbled(f"the reply cannot be read: {why}") from why
