"""From a request to an identity. Credentials travel over protected connections only.

What is wrong is told alike, whatever was wrong, and costs alike; how often it may be wrong is
bounded (`attempts`).
"""

import base64
from typing import Final, assert_never

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from identifiers.faults import Invalid
from identifiers.principals import HandleIdentity
from identifiers.wire.handle.codes import ResponseCode
from registry.attempts import Attempts
from registry.handle.operations import code_of
from registry.identities import Identities
from registry.proofs import Reason, Refused
from registry.rest.asks import Ask
from registry.rest.credentials import (
    Anybody,
    Basic,
    Certificate,
    Credentials,
    InSession,
    Proof,
    Unusable,
    read_credentials,
)
from registry.rest.replies import (
    FORBIDDEN,
    TOO_MANY,
    UNAUTHORIZED,
    UNAVAILABLE,
    Reply,
    refusal,
)
from registry.rest.sessions import Offer, Session, Sessions

NEEDED: Final = "Say who you are: this is for administrators"
_OPEN: Final = "Administration needs TLS"
_WRONG: Final = "These credentials prove nobody"
_WAIT: Final = "Too many wrong credentials: wait"


class Known(msgspec.Struct, frozen=True):
    """Who asks, and in which session, if in any; `identity` None: nobody was named."""

    identity: HandleIdentity | None = None
    session_id: str = ""


NOBODY: Final = Known()


class Proved(msgspec.Struct, frozen=True):
    """Who asks, for certain."""

    identity: HandleIdentity
    session_id: str = ""


class Authentication:
    """Believes credentials, or answers why not."""

    def __init__(self, identities: Identities, sessions: Sessions, attempts: Attempts) -> None:
        self._identities = identities
        self._sessions = sessions
        self._attempts = attempts

    async def who(self, ask: Ask) -> Known | Reply:
        """Return who asks, or the answer to credentials that prove nobody.

        Raises `StoreUnavailable`.
        """
        if not ask.authorization:
            return NOBODY
        if not ask.origin.secure:
            return _forbidden(_OPEN)
        if len(ask.authorization) > 1:
            return self.challenge(ask, "One Authorization header is read", wrong=True)
        try:
            credentials = read_credentials(ask.authorization[0])
        except Unusable as error:
            return self.challenge(ask, str(error), wrong=True)
        return await self._believed(ask, credentials)

    async def required(self, ask: Ask) -> Proved | Reply:
        """Return who asks, or the answer to whoever must say so first. Raises as `who`."""
        known = await self.who(ask)
        if isinstance(known, Reply):
            return known
        if known.identity is None:
            return self.challenge(ask, session_id=known.session_id)
        return Proved(known.identity, known.session_id)

    def challenge(
        self, ask: Ask, message: str = NEEDED, *, wrong: bool = False, session_id: str = ""
    ) -> Reply:
        """Return the demand to prove an identity; over an open connection there is no way to."""
        if not ask.origin.secure:
            return _forbidden(_OPEN)
        offer = self._sessions.offered(session_id, ask.now) if session_id else None
        offer = offer or self._sessions.offer(ask.now)
        failed, needed = ResponseCode.AUTHENTICATION_FAILED, ResponseCode.AUTHENTICATION_NEEDED
        reply = refusal(failed if wrong else needed, message)
        return msgspec.structs.replace(
            reply, status=UNAUTHORIZED, headers=_demands(offer), nonce=offer.nonce
        )

    async def _believed(self, ask: Ask, credentials: Credentials) -> Known | Reply:
        if isinstance(credentials, InSession):
            return await self._in_session(ask, credentials.session_id)
        if isinstance(credentials, Anybody):
            return NOBODY
        key = b""
        match credentials:
            case Basic(identity=identity) | Proof(identity=identity):
                claimed = identity
            case Certificate():
                named = certified(ask.origin.certificate)
                if named is None:
                    return self.challenge(ask, _WRONG, wrong=True)
                claimed, key = named
            case _:
                assert_never(credentials)
        if wait := self._attempts.wait(ask.origin, claimed, ask.now):
            reply = refusal(ResponseCode.SERVER_BUSY, _WAIT)
            headers = (("Retry-After", str(wait)),)
            return msgspec.structs.replace(reply, status=TOO_MANY, headers=headers)
        known = await self._proved(ask, credentials, claimed, key)
        if isinstance(known, Refused):
            if not known.reason.was_wrong:
                return _not_proved(known)
            text = _WRONG if known.reason is Reason.WRONG else known.reason
            known = self.challenge(ask, text, wrong=True)
        if isinstance(known, Reply):
            self._attempts.wrong(ask.origin, claimed, ask.now)
        return known

    async def _in_session(self, ask: Ask, session_id: str) -> Known | Reply:
        session = self._sessions.find(session_id, ask.now)
        if session is not None:
            if await self._identities.stands(session.proof, ask.origin.address):
                return Known(session.proof.identity, session_id)
            self._sessions.disown(session_id, session)
        if self._sessions.offered(session_id, ask.now) is not None:
            return Known(None, session_id)
        return self.challenge(ask, "This session has ended")

    async def _proved(
        self,
        ask: Ask,
        credentials: Basic | Proof | Certificate,
        claimed: HandleIdentity,
        key: bytes,
    ) -> Known | Refused | Reply:
        match credentials:
            case Basic(secret=secret):
                proved = await self._identities.check_secret(claimed, secret, ask.origin.address)
            case Certificate():
                proved = await self._identities.check_key(claimed, key, ask.origin.address)
            case Proof():
                return await self._answered(ask, credentials)
            case _:
                assert_never(credentials)
        return Known(proved) if isinstance(proved, HandleIdentity) else proved

    async def _answered(self, ask: Ask, proof: Proof) -> Known | Refused | Reply:
        nonce = self._sessions.take_nonce(proof.session_id, ask.now)
        if nonce is None:
            return self.challenge(ask, "This session has ended, or its nonce was answered")
        proved = await self._identities.prove(
            proof.identity, proof.kind, proof.signed, nonce, proof.cnonce, ask.origin.address
        )
        if isinstance(proved, Refused):
            return proved
        if await self.begin(proof.session_id, proved, ask) is None:
            return self.challenge(ask, _WRONG, wrong=True)
        return Known(proved, proof.session_id)

    async def begin(self, session_id: str, identity: HandleIdentity, ask: Ask) -> Session | None:
        """Let a session be somebody's who was proved just now; None: his key is gone already.

        Raises `StoreUnavailable`.
        """
        proof = await self._identities.proof(identity, ask.origin.address)
        return None if proof is None else self._sessions.begin(session_id, proof, ask.now)


def _not_proved(refused: Refused) -> Reply:
    """Return what is told when it was not the credentials that were no good."""
    reply = refusal(code_of(refused), refused.reason)
    if refused.reason not in {Reason.BUSY, Reason.SILENT}:
        return reply
    return msgspec.structs.replace(reply, status=UNAVAILABLE, headers=(("Retry-After", "10"),))


def _demands(offer: Offer) -> tuple[tuple[str, str], ...]:
    nonce = base64.b64encode(offer.nonce).decode()
    return (
        ("WWW-Authenticate", 'Basic realm="handle"'),
        ("WWW-Authenticate", f'Handle sessionId="{offer.session_id}", nonce="{nonce}"'),
    )


def _forbidden(message: str) -> Reply:
    reply = refusal(ResponseCode.AUTHENTICATION_NEEDED, message)
    return msgspec.structs.replace(reply, status=FORBIDDEN)


def certified(certificate: bytes) -> tuple[HandleIdentity, bytes] | None:
    """Return whom a certificate (DER) names, and its key as SubjectPublicKeyInfo (DER).

    The name is the UID of the subject, else its common name. None: it names nobody.
    """
    try:
        read = x509.load_der_x509_certificate(certificate)
        key = read.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, UnsupportedAlgorithm):
        return None
    for attribute in (NameOID.USER_ID, NameOID.COMMON_NAME):
        for name in read.subject.get_attributes_for_oid(attribute):
            try:
                return HandleIdentity.parse(str(name.value)), key
            except Invalid:
                continue
    return None
