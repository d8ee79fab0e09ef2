"""Administration over the Handle protocol, whole: a message in, the messages of its answer out."""

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from secrets import token_bytes
from time import monotonic, time_ns
from typing import Final

import msgspec
import structlog
from msgspec.structs import replace

from identifiers.errors import FateUnknown, StoreUnavailable
from identifiers.keys.public import STRICT, Policy
from identifiers.keys.signers import Signer
from identifiers.principals import HandleIdentity
from identifiers.relay import Channel, Origin
from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle import bodies, translate
from identifiers.wire.handle.codes import OpCode, OpFlag, ResponseCode
from identifiers.wire.handle.digests import request_digest
from identifiers.wire.handle.site import Site, SiteFlag, encode_site
from identifiers.wire.handle.translate import REPLY_LIFETIME, ReplyTo, reply_to
from registry.administration import Administration
from registry.attempts import Attempts
from registry.handle.challenges import Challenge, Challenges, Full
from registry.handle.establishing import Establishing
from registry.handle.homing import Homing
from registry.handle.logging_in import LoggingIn
from registry.handle.logins import Ended, Logins
from registry.handle.lookups import Lookups
from registry.handle.operations import CHANGES, Operations, code_of
from registry.handle.replies import FATE_UNKNOWN
from registry.handle.sealing import Opened, Rejected, Sealing
from registry.handle.sessions import Session, Sessions
from registry.handle.turns import TOO_OFTEN, Prove, Result, Told, Turn, refused
from registry.identities import Identities, Reason, Refused
from registry.ports import RegistryStore
from registry.prefixes import Prefixes
from registry.service import Registry

_WRITING: Final = (*CHANGES, OpCode.HOME_NA)
_log = structlog.get_logger(__name__)
_LATE: Final = refused(
    ResponseCode.AUTHENTICATION_TIMEOUT, "No challenge waits for this answer: ask anew"
)
_WRONG: Final = refused(ResponseCode.AUTHENTICATION_FAILED)
_NOT_HOMED: Final = refused(ResponseCode.SERVER_NOT_RESPONSIBLE, translate.NOT_HOMED)
_TOO_MANY: Final = refused(ResponseCode.SERVER_BUSY, "Too many challenges wait: try again")
_RELOGIN: Final = refused(ResponseCode.RELOGIN, "The login on this connection is over: log in anew")
_LOGIN_FIRST: Final = refused(ResponseCode.LOGIN_FIRST, "Log in first")


async def _at_once() -> None:
    """Nobody else answers look-ups."""


class Habits(msgspec.Struct, frozen=True, kw_only=True):
    """What operators may choose.

    `login_first`: who is not known is told to log in first (code 408), as one Chinese SDK expects,
    and not challenged on the operation itself. `passwords`: the opcode 2000, which sends a password
    in clear, is taken from secure and trusted connections. `policy`: which keys are strong enough.
    """

    login_first: bool = False
    passwords: bool = False
    policy: Policy = STRICT


class HandleAdministration:
    """Answers Handle messages that need somebody to be known.

    `site` is what this site tells of itself; `signer` holds its key, if it has one. `attempts`
    counts wrong answers, and may do so for the REST form too. `clock` gives epoch nanoseconds,
    `steady` monotonic seconds, `chance` random octets. `settled` returns when whatever answers
    look-ups knows what was committed before: clients read what they wrote at once.
    """

    def __init__(
        self,
        *,
        registry: Registry,
        administration: Administration,
        store: RegistryStore,
        prefixes: Prefixes,
        identities: Identities,
        site: Site,
        signer: Signer | None = None,
        attempts: Attempts | None = None,
        habits: Habits = Habits(),  # noqa: B008 -- frozen
        clock: Callable[[], int] = time_ns,
        steady: Callable[[], float] = monotonic,
        chance: Callable[[int], bytes] = token_bytes,
        settled: Callable[[], Awaitable[None]] = _at_once,
    ) -> None:
        attempts = Attempts() if attempts is None else attempts
        self._identities = identities
        self._attempts = attempts
        self._site = translate.Site(site.serial, bool(site.flags & SiteFlag.PRIMARY))
        self._habits = habits
        self._settled = settled
        self._clock = clock
        self._steady = steady
        self.challenges: Final = Challenges(chance, taken=lambda n: n in self.sessions)
        self.sessions: Final = Sessions(chance, taken=lambda n: n in self.challenges)
        self.logins: Final = Logins()
        self.answered: Final[Counter[int]] = Counter()
        """Messages by their response codes."""
        self._sealing = Sealing(self.sessions, chance, signer, habits.policy)
        self._establishing = Establishing(self.sessions, identities, chance, signer, habits.policy)
        self._logging_in = LoggingIn(self.logins, identities, attempts, passwords=habits.passwords)
        self._operations = Operations(
            registry=registry,
            lookups=Lookups(registry, store, prefixes),
            homing=Homing(registry, administration, prefixes),
            identities=identities,
            attempts=attempts,
            site=encode_site(site),
            chance=chance,
        )

    @property
    def known(self) -> dict[str, int]:
        """How many challenges wait, and how many sessions and logins there are."""
        return {
            "challenge": len(self.challenges),
            "session": len(self.sessions),
            "login": len(self.logins),
        }

    async def message(self, request: bytes, origin: Origin) -> AsyncGenerator[bytes]:
        """Yield the answer to a request as one or more whole messages, envelope first.

        None at all where silence is the answer: a challenge over UDP to a stranger, who then asks
        over TCP, and anything that is an answer itself.
        """
        now, at = self._steady(), self._clock() // 1_000_000
        try:
            opened = self._sealing.open(request, now)
        except ProtocolError as error:
            yield translate.early_error(error, _expiration(at))
            return
        if isinstance(opened, Rejected):
            yield self._written(opened.to, opened.told, at)
            return
        if opened.message.header.response_code != ResponseCode.REQUEST:
            return  # an answer is never answered (`assurance` 3.3)
        async for reply in self._replies(_turn(opened, origin, now, at)):
            yield reply

    async def _replies(self, turn: Turn) -> AsyncIterator[bytes]:
        try:
            turn, refusal = await self._identified(turn)
            result = refusal or await self._perform(turn)
            if isinstance(result, Prove):
                challenge = await self._demand(turn)
                if challenge is not None:
                    yield challenge
            elif isinstance(result, Told):
                if result.code is ResponseCode.SUCCESS and turn.to.op_code in _WRITING:
                    await self._settled()
                yield await self._closed(turn, result)
            else:
                async for told in result:
                    yield await self._closed(turn, told)
        except StoreUnavailable:
            yield await self._closed(turn, refused(ResponseCode.SERVER_BUSY))
        except FateUnknown:
            yield await self._closed(turn, refused(ResponseCode.ERROR, FATE_UNKNOWN))
        except ProtocolError as error:
            yield await self._closed(turn, refused(ResponseCode(error.code), str(error)))

    async def _identified(self, turn: Turn) -> tuple[Turn, Told | None]:
        """Return a request with whoever makes it; an answer stands for the one it is to."""
        if turn.message.header.op_code == OpCode.CHALLENGE_RESPONSE:
            return await self._answered(turn)
        return replace(turn, identity=await self._known(turn)), None

    async def _known(self, turn: Turn) -> HandleIdentity | None:
        """Return who is known in a session or on a connection, if his key is still there."""
        if turn.session is not None and (proof := turn.session.proof) is not None:
            if await self._identities.stands(proof):
                return proof.identity
            turn.session.proof = None
        login = self.logins.find(turn.origin.connection, turn.now)
        if login is None or isinstance(login, Ended):
            return None
        if await self._identities.stands(login):
            return login.identity
        self.logins.end(turn.origin.connection)
        return None

    async def _perform(self, turn: Turn) -> Result:
        match turn.message.header.op_code:
            case OpCode.LOGIN_ID_SYSTEM:
                return await self._logging_in.by_key(turn)
            case OpCode.PASSWORD_LOGIN:
                return await self._logging_in.by_password(turn)
            case OpCode.SESSION_SETUP:
                return await self._establishing.set_up(turn)
            case OpCode.SESSION_EXCHANGE_KEY:
                return self._establishing.exchange(turn)
            case OpCode.SESSION_TERMINATE:
                return self._establishing.terminate(turn)
            case _:
                return await self._operations.perform(turn)

    async def _answered(self, turn: Turn) -> tuple[Turn, Told | None]:
        """Return the request that an answer is to, made by whoever answered; or why it is not.

        The challenge is gone before the answer is looked at.
        """
        answer = turn.message.body
        challenge = self.challenges.take(turn.message.session_id, turn.origin, turn.now)
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
        if session is not None and (proof := await self._identities.proof(who)) is not None:
            session.belongs_to(proof, turn.now)
        return replace(turn, identity=who), None

    async def _verified(
        self, turn: Turn, answer: bodies.Answer, challenge: Challenge
    ) -> HandleIdentity | Told:
        claimed = HandleIdentity(answer.handle, answer.index)
        if self._attempts.wait(turn.origin, claimed, turn.now):
            return TOO_OFTEN
        who = await self._identities.verify_answer(answer, challenge.nonce, challenge.digest.value)
        if isinstance(who, Refused):
            if who.reason is not Reason.BUSY:
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
            session = self.sessions.find(challenge.session_id, turn.now)
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

    async def _demand(self, turn: Turn) -> bytes | None:
        """Return the demand to prove who asks, or what is told in its place; None: silence."""
        origin, op_code = turn.origin, turn.message.header.op_code
        if op_code != OpCode.LOGIN_ID_SYSTEM and turn.session is None:
            if isinstance(self.logins.find(origin.connection, turn.now), Ended):
                return await self._closed(turn, _RELOGIN)
            if self._habits.login_first:
                return await self._closed(turn, _LOGIN_FIRST)
        if origin.channel is Channel.UDP and not origin.trusted:
            return None
        digest = request_digest(turn.plain, turn.to.version)
        challenge = self.challenges.issue(
            turn.message,
            len(turn.plain),
            origin,
            digest,
            turn.now,
            session_id=0 if turn.session is None else turn.session.id,
        )
        if isinstance(challenge, Full):
            return await self._closed(turn, _TOO_MANY)
        self.answered[ResponseCode.AUTHENTICATION_NEEDED] += 1
        reply = translate.challenge_reply(
            turn.to,
            self._site,
            _expiration(turn.at),
            digest=digest,
            nonce=challenge.nonce,
            session_id=challenge.told_id,
        )
        return await self._sealing.close(turn, reply, private=False)

    async def _closed(self, turn: Turn, told: Told) -> bytes:
        reply = self._written(turn.to, told, turn.at)
        return await self._sealing.close(turn, reply, private=told.private)

    def _written(self, to: ReplyTo, told: Told, at: int) -> bytes:
        self.answered[told.code] += 1
        if to.old_codes and told.code is ResponseCode.PREFIX_REFERRAL:
            told = _NOT_HOMED  # their 303 is a message and no referral
        if told.session_id:
            to = replace(to, session_id=told.session_id)
        return translate.reply(
            to, told.body, self._site, _expiration(at), code=told.code, continues=told.continues
        )


def _turn(opened: Opened, origin: Origin, now: float, at: int) -> Turn:
    return Turn(
        message=opened.message,
        plain=opened.plain,
        to=reply_to(opened.message, opened.plain),
        origin=origin,
        session=opened.session,
        key=opened.key,
        encrypted=opened.encrypted,
        now=now,
        at=at,
    )


def _expiration(at: int) -> int:
    return at // 1000 + REPLY_LIFETIME
