"""Administration over the Handle protocol, whole: a message in, the messages of its answer out."""

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from secrets import token_bytes
from time import monotonic, time_ns
from typing import Final

import msgspec
from msgspec.structs import replace

from identifiers.errors import FateUnknown, StoreUnavailable
from identifiers.keys.public import STRICT, Policy
from identifiers.keys.signers import Signer
from identifiers.relay import Channel, Origin
from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle import envelope, translate
from identifiers.wire.handle.codes import OpCode, ResponseCode
from identifiers.wire.handle.framing import UdpJoiner
from identifiers.wire.handle.site import Site, SiteFlag, encode_site
from identifiers.wire.handle.translate import REPLY_LIFETIME, ReplyTo, reply_to
from registry.administration import Administration
from registry.attempts import Attempts
from registry.handle.challenges import Challenges
from registry.handle.establishing import Establishing
from registry.handle.homing import Homing
from registry.handle.logging_in import LoggingIn
from registry.handle.logins import Logins
from registry.handle.lookups import Lookups
from registry.handle.operations import CHANGES, Operations
from registry.handle.proving import Proving
from registry.handle.replies import FATE_UNKNOWN
from registry.handle.sealing import Opened, Rejected, Sealing
from registry.handle.sessions import Sessions
from registry.handle.turns import Prove, Result, Told, Turn, refused
from registry.identities import Identities
from registry.ports import RegistryStore
from registry.prefixes import Prefixes
from registry.service import Registry

_WRITING: Final = (*CHANGES, OpCode.HOME_NA, OpCode.UNHOME_NA)
_OF_ANY_SITE: Final = (OpCode.GET_SITE_INFO, OpCode.CHALLENGE_RESPONSE)
"""How a client learns of the site as it is; and the rest of what was begun with it already."""
_OUT_OF_DATE: Final = refused(ResponseCode.OUT_OF_DATE_SITE_INFO, translate.OUT_OF_DATE)
_NOT_HOMED: Final = refused(ResponseCode.SERVER_NOT_RESPONSIBLE, translate.NOT_HOMED)


async def _at_once() -> None:
    """Nobody else answers look-ups."""


class Habits(msgspec.Struct, frozen=True, kw_only=True):
    """What operators may choose.

    `passwords`: the opcode 2000, which sends a password in clear, is taken from secure and trusted
    connections. `policy`: which keys are strong enough.
    """

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
        self._site = translate.Site(site.serial, bool(site.flags & SiteFlag.PRIMARY))
        self._settled = settled
        self._clock = clock
        self._steady = steady
        self.challenges: Final = Challenges(chance, taken=lambda n: n in self.sessions)
        self.sessions: Final = Sessions(chance, taken=lambda n: n in self.challenges)
        self.logins: Final = Logins()
        self.answered: Final[Counter[int]] = Counter()
        """Messages by their response codes."""
        self._sealing = Sealing(self.sessions, chance, signer, habits.policy)
        self._proving = Proving(self.challenges, self.sessions, self.logins, identities, attempts)
        self._joiner = UdpJoiner()
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
        if origin.channel is Channel.UDP:
            whole = self._whole(request, origin, now)
            if whole is None:
                return
            request = whole
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

    def _whole(self, packet: bytes, origin: Origin, now: float) -> bytes | None:
        """Return the message that a packet completes; packets come to whichever worker is free."""
        try:
            outer = envelope.decode_envelope(packet)
        except ProtocolError:
            return packet  # to be told so
        if not outer.packet and len(packet) == envelope.SIZE + outer.message_length:
            return packet
        try:
            return self._joiner.add(packet, origin.address, now)
        except ProtocolError:
            return None  # it may be a part of an answer: only whole messages show what they are

    async def _replies(self, turn: Turn) -> AsyncIterator[bytes]:
        header = turn.message.header
        if header.op_code not in _OF_ANY_SITE and self._site.outdates(header.site_serial):
            yield await self._closed(turn, _OUT_OF_DATE)
            return
        try:
            turn, refusal = await self._proving.identified(turn)
            result = refusal or await self._perform(turn)
            if isinstance(result, Prove):
                async for demand in self._demanded(turn):
                    yield demand
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

    async def _demanded(self, turn: Turn) -> AsyncIterator[bytes]:
        demand = self._proving.demand(turn)
        if isinstance(demand, Told):
            yield await self._closed(turn, demand)
        elif demand is not None:
            self.answered[ResponseCode.AUTHENTICATION_NEEDED] += 1
            reply = translate.challenge_reply(
                turn.to,
                self._site,
                _expiration(turn.at),
                digest=demand.digest,
                nonce=demand.nonce,
                session_id=demand.told_id,
            )
            yield await self._sealing.close(turn, reply, private=False)

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
