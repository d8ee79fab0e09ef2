"""Sessions (``/api/sessions``) and verifications (``/api/verifications/{index:handle}``)."""

import base64
from typing import Final

import msgspec

from identifiers.faults import Invalid
from identifiers.principals import HandleIdentity
from identifiers.wire.handle.codes import ResponseCode
from identifiers.wire.restform import Document
from registry.attempts import Attempts
from registry.identities import Identities
from registry.proofs import Reason, Refused
from registry.rest.asks import Ask
from registry.rest.authentication import Authentication
from registry.rest.credentials import Unusable, read_base64, read_signed
from registry.rest.replies import (
    CREATED,
    NO_CONTENT,
    OK,
    TOO_MANY,
    Reply,
    of_faults,
    refusal,
)
from registry.rest.sessions import Sessions

_READ: Final = ("type", "alg", "signature", "nonce", "cnonce", "salt", "iterations", "length")


class SessionRoutes:
    """POST of a session; GET, PUT and DELETE of the one that the request is in."""

    def __init__(self, authentication: Authentication, sessions: Sessions) -> None:
        self._authentication = authentication
        self._sessions = sessions

    async def begin(self, ask: Ask) -> Reply:
        """Make a session, somebody's already when the request says whose."""
        if not ask.origin.secure:
            return self._authentication.challenge(ask)
        known = await self._authentication.who(ask)
        if isinstance(known, Reply):
            return known
        offer = self._sessions.offer(ask.now)
        if known.identity is None:
            return _told(CREATED, offer.session_id, offer.nonce)
        session = await self._authentication.begin(offer.session_id, known.identity, ask)
        if session is None:
            return self._authentication.challenge(ask, "The key is gone")
        return _told(CREATED, offer.session_id, session.nonce, known.identity)

    async def this(self, ask: Ask) -> Reply:
        """Tell of the session; PUT proves an identity in it, which the header does."""
        known = await self._authentication.who(ask)
        if isinstance(known, Reply):
            return known
        if not known.session_id:
            return self._authentication.challenge(ask, "The request is in no session")
        session = self._sessions.find(known.session_id, ask.now)
        if session is not None:
            return _told(OK, known.session_id, session.nonce, session.proof.identity)
        offer = self._sessions.offered(known.session_id, ask.now)
        if offer is None or ask.method == "PUT":
            return self._authentication.challenge(ask, session_id=known.session_id)
        return _told(OK, offer.session_id, offer.nonce)

    async def end(self, ask: Ask) -> Reply:
        """Forget the session."""
        known = await self._authentication.who(ask)
        if isinstance(known, Reply):
            return known
        if not known.session_id:
            return self._authentication.challenge(ask, "The request is in no session")
        self._sessions.end(known.session_id)
        return Reply(status=NO_CONTENT)


class Verifications:
    """Whether a signature proves an identity (VERIFY_RESPONSE of the Handle protocol)."""

    def __init__(self, identities: Identities, attempts: Attempts) -> None:
        self._identities = identities
        self._attempts = attempts

    async def verify(self, ask: Ask) -> Reply:
        """Answer GET and POST; the parameters may stand in the address or in a JSON body."""
        ask = ask.with_body()
        form = ask.form()
        try:
            identity = HandleIdentity.parse(ask.place)
        except Invalid as invalid:
            return msgspec.structs.replace(of_faults(invalid.faults), form=form)
        given = {name: value for name in _READ if (value := ask.last(name)) is not None}
        try:
            # Without a type the form of the answer says which: only secret keys have a salt.
            given.setdefault("type", "HS_SECKEY" if "salt" in given else "HS_PUBKEY")
            signed = read_signed(given)
            nonce, cnonce = read_base64(given, "nonce"), read_base64(given, "cnonce")
        except Unusable as error:
            reply = refusal(ResponseCode.PROTOCOL_ERROR, str(error))
            return msgspec.structs.replace(reply, form=form)
        if wait := self._attempts.wait(ask.origin, identity, ask.now):
            reply = refusal(ResponseCode.SERVER_BUSY, "Too many wrong signatures: wait")
            headers = (("Retry-After", str(wait)),)
            return msgspec.structs.replace(reply, status=TOO_MANY, headers=headers, form=form)
        proved = await self._identities.verify(identity, signed, nonce, cnonce, (given["type"],))
        if isinstance(proved, Refused) and proved.reason is Reason.BUSY:
            return msgspec.structs.replace(
                refusal(ResponseCode.SERVER_BUSY, str(proved.reason)), form=form
            )
        valid = isinstance(proved, HandleIdentity)
        if not valid:
            self._attempts.wrong(ask.origin, identity, ask.now)
        document = {"responseCode": int(ResponseCode.SUCCESS), "verificationResult": valid}
        return Reply(status=OK, document=document, form=form)


def _told(
    status: int, session_id: str, nonce: bytes, identity: HandleIdentity | None = None
) -> Reply:
    told: Document = {"sessionId": session_id, "nonce": base64.b64encode(nonce).decode()}
    if identity is not None:
        told["authenticated"] = True
        told["id"] = str(identity)
    return Reply(status=status, document=told, nonce=nonce)
