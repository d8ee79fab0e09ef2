"""Who makes a request: known in a session, on a connection, or by an answer to a challenge.

RFC 3652 section 3.5. An answer stands for the request that was challenged: that is executed, once,
and answered under the request id of the answer.
"""

from typing import Final

import structlog
from msgspec.structs import replace

from identifiers.keys.bounds import Address
from identifiers.principals import HandleIdentity
from identifiers.relay import Channel
from identifiers.wire.handle import bodies
from identifiers.wire.handle.codes import OpCode, OpFlag, ResponseCode
from identifiers.wire.handle.digests import request_digest
from registry.attempts import Attempts
from registry.handle.challenges import Challenge, Challenges, Full
from registry.handle.logins import Ended, Logins
from registry.handle.operations import code_of
from registry.handle.sessions import Session, Sessions
from registry.handle.turns import TOO_OFTEN, Told, Turn, refused
from registry.identities import Identities
from registry.proofs import Reason, Refused

_log = structlog.get_logger(__name__)
_LATE: Final = refused(
    ResponseCode.AUTHENTICATION_TIMEOUT, "No challenge waits for this answer: ask anew"
)
_WRONG: Final = refused(ResponseCode.AUTHENTICATION_FAILED)
_TOO_MANY: Final = refused(ResponseCode.SERVER_BUSY, "Too many challenges wait: try again")
_RELOGIN: Final = refused(ResponseCode.RELOGIN, "The login on this connection is over: log in anew")
_LOGIN_FIRST: Final = refused(ResponseCode.LOGIN_FIRST, "Log in first")


class Proving:
    """Finds out who asks."""

    def __init__(
        self,
        challenges: Challenges,
        sessions: Sessions,
        logins: Logins,
        identities: Identities,
        attempts: Attempts,
    ) -> None:
        self._challenges = challenges
        self._sessions = sessions
        self._logins = logins
        self._identities = identities
        self._attempts = attempts

    async def identified(self, turn: Turn) -> tuple[Turn, Told | None]:
        """Return a request with whoever makes it; an answer stands for the one it is to.

        With it comes what is told when an answer proves nothing. Raises `StoreUnavailable`.
        """
        if turn.message.header.op_code == OpCode.CHALLENGE_RESPONSE:
            return await self._answered(turn)
        return replace(turn, identity=await self._known(turn)), None

    async def _known(self, turn: Turn) -> HandleIdentity | None:
        """Return who is known in a session or on a connection, if his key is still there."""
        if turn.session is not None and (proof := turn.session.proof) is not None:
            if await self._identities.stands(proof, turn.origin.shown):
                return proof.identity
            turn.session.disown(proof)
        login = self._logins.find(turn.origin.connection, turn.now)
        if login is None or isinstance(login, Ended):
            return None
        if await self._identities.stands(login, turn.origin.shown):
            return login.identity
        self._logins.end(turn.origin.connection, login)
        return None

    async def _answered(self, turn: Turn) -> tuple[Turn, Told | None]:
        """Return the request that an answer is to, made by whoever answered; or why it is not.

        The challenge is gone before the answer is looked at.
        """
        answer = turn.message.body
        challenge = self._challenges.take(turn.message.session_id, turn.origin, turn.now)
        if challenge is None or not isinstance(answer, bodies.Answer):
            return turn, _LATE
        turn, session = self._original(turn, challenge)
        if challenge.in_session and session is None:
            return turn, _LATE
        if (
            turn.message.header.op_code == OpCode.LOGIN_ID_SYSTEM
            and turn.origin.connection != challenge.origin.connection
        ):
            # Whoever took an answer off the wire must not be logged in by it elsewhere.
            return turn, _WRONG
        who = await self._verified(turn, answer, challenge)
        if isinstance(who, Told):
            return turn, who
        if session is not None:
            proof = await self._identities.proof(who, *_addresses(turn, challenge))
            if proof is not None:
                session.belongs_to(proof, turn.now)
        return replace(turn, identity=who), None

    async def _verified(
        self, turn: Turn, answer: bodies.Answer, challenge: Challenge
    ) -> HandleIdentity | Told:
        claimed = HandleIdentity(answer.handle, answer.index)
        if self._attempts.wait(turn.origin, claimed, turn.now):
            return TOO_OFTEN
        who = await self._identities.verify_answer(
            answer, challenge.nonce, challenge.digest.value, *_addresses(turn, challenge)
        )
        if isinstance(who, Refused):
            if who.reason.was_wrong:
                self._attempts.wrong(turn.origin, claimed, turn.now)
            _log.info("an answer proved nobody", claimed=str(claimed), reason=who.reason.name)
            text = "" if who.reason is Reason.WRONG else who.reason
            return refused(code_of(who), text)
        return who

    def _original(self, turn: Turn, challenge: Challenge) -> tuple[Turn, Session | None]:
        """Return the challenged request, to be answered under the request id of the answer."""
        original = challenge.request
        session = None
        if challenge.in_session:
            session = self._sessions.find(challenge.session_id, turn.now)
        to = replace(
            turn.to,
            op_code=original.header.op_code,
            # The digest would be that of a request which the client does not wait for any more.
            flags=original.header.flags & ~OpFlag.REQUEST_DIGEST,
            session_id=original.session_id,
            digest=None,
        )
        key = turn.key if session is None else session.key
        turn = replace(turn, message=original, to=to, session=session, key=key, proved=True)
        return turn, session

    def demand(self, turn: Turn) -> Challenge | Told | None:
        """Return the challenge to whoever must prove who he is, or what is told in its place.

        None: silence.
        """
        origin, op_code = turn.origin, turn.message.header.op_code
        if op_code != OpCode.LOGIN_ID_SYSTEM and turn.session is None:
            if isinstance(self._logins.find(origin.connection, turn.now), Ended):
                return _RELOGIN
            if origin.login_first:
                return _LOGIN_FIRST
        if origin.channel is Channel.UDP and not origin.trusted:
            return None
        challenge = self._challenges.issue(
            turn.message,
            len(turn.plain),
            origin,
            request_digest(turn.plain, turn.to.version),
            turn.now,
            session_id=0 if turn.session is None else turn.session.id,
        )
        return _TOO_MANY if isinstance(challenge, Full) else challenge


def _addresses(turn: Turn, challenge: Challenge) -> tuple[Address | None, ...]:
    """Return from where a key must count: where the challenge went, and where the answer is from.

    Whoever saw the nonce from afar could send the answer in one datagram from any address.
    """
    return challenge.origin.shown, turn.origin.shown
