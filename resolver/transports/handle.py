"""What all transports of Handle messages share: the bytes of one in, the bytes of its replies out.

Workers answer resolutions and site information. Whatever needs somebody to be known (logins,
administration, sessions) goes ``beyond``: to the registry. What is not answered at once is a
`Pending`; `HandleExchange.replies` answers it.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Final, assert_never

import msgspec

from identifiers.outcomes import Found, NeedsAuthentication, Outcome
from identifiers.queries import Query
from identifiers.relay import Origin
from identifiers.trust.verification import Verdict
from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle import bodies, envelope, message, translate
from identifiers.wire.handle.codes import EnvelopeFlag, OpCode, OpFlag, ResponseCode
from identifiers.wire.handle.message import Message
from identifiers.wire.handle.resolution import (
    decode_query,
    encode_found,
    handle_of,
)
from identifiers.wire.handle.site import Site, SiteFlag, encode_site
from identifiers.wire.handle.translate import ReplyTo
from identifiers.wire.handle.values import filter_blob
from resolver.clients import Client
from resolver.counters import Event, Result, result_of
from resolver.service import Resolver
from resolver.transports.absent import ABSENT, AbsentReplies
from resolver.transports.beyond import (
    NOT_HERE,
    Beyond,
    Certifying,
    Forwarding,
    Nobody,
    needs_somebody,
    packet_reply_to,
    sealed_reply_to,
)
from resolver.transports.beyond import Reply as Reply  # noqa: PLC0414 -- exported too
from resolver.transports.repeats import DEFAULT_OCTETS, Expirations, Plain, Repeats

_CODE_START: Final = envelope.SIZE + 4
_CODE_END: Final = _CODE_START + 4
_NO_CODE: Final = bytes(4)
_BUSY: Final = "Too many requests of this kind: try again"
_FLAGS_AT: Final = 2
_ENCRYPTED: Final = int(EnvelopeFlag.ENCRYPTED)
START: Final = envelope.SIZE + 4
"""Octets of a message that tell what it is: the envelope and the opcode."""
_OP_FLAGS_AT: Final = envelope.SIZE + 8
_PUBLIC_ONLY: Final = int(OpFlag.PUBLIC_ONLY) >> 24
_KEEP_ALIVE: Final = int(OpFlag.KEEP_ALIVE) >> 24
_CERTIFY: Final = int(OpFlag.CERTIFY)


class Asking(msgspec.Struct, frozen=True, gc=False):
    """A miss: the store is asked. `request` are the bytes it came in, `known` as in `at_once`."""

    to: ReplyTo
    query: Query
    request: bytes
    known: bool = False

    def gathers(self, client: Client) -> bool:
        """Say whether it may wait with others: nobody is asked who may be slow."""
        return not (self.query.authoritative or (self.query.recursive and client.walked_for))


class Verifying(msgspec.Struct, frozen=True):
    """An answer that is to be verified before it is told, because the request wants that."""

    asked: Asking
    found: Found


class Silence(msgspec.Struct, frozen=True):
    """Nothing is sent back."""

    event: Event


Pending = Asking | Forwarding | Certifying | Verifying
Answer = Reply | Pending | Silence
"""What is known at once about a request."""

_REFUSALS: Final = {
    ResponseCode.OPERATION_NOT_SUPPORTED: Result.UNSUPPORTED,
    ResponseCode.SERVER_BUSY: Result.UNAVAILABLE,
}
_NO_REQUEST: Final = Silence(Event.DROPPED_RESPONSE)


class HandleExchange:
    """Answers message bytes. `site` is the site record of this node; `epoch` the wall clock.

    Of what it answers `repeats` remembers enough to answer it again, in up to `finished_octets` of
    memory. A certified reply is never among it: its signature covers the request's id.
    """

    def __init__(
        self,
        resolver: Resolver,
        site: Site,
        epoch: Callable[[], float],
        finished_octets: int = DEFAULT_OCTETS,
        beyond: Beyond = Beyond(),  # noqa: B008 -- frozen
    ) -> None:
        self._resolver = resolver
        expirations = Expirations(epoch, resolver.stale)
        self._expires = expirations.told
        # What is repeated is believed, so it is never stale.
        self._repeats = Repeats(resolver, expirations.at, finished_octets)
        self.repeated: Final = self._repeats.one
        self.look: Final = self._repeats.look
        self.repeat: Final = self._repeats.some
        self._site = translate.Site(site.serial, bool(site.flags & SiteFlag.PRIMARY))
        self._absent = AbsentReplies(self._site)
        self._record = encode_site(site)
        self._beyond = beyond

    @property
    def hands_on(self) -> bool:
        """Say whether there is a registry for what is not answered here."""
        return self._beyond.authority is not None

    def takes_long(self, start: bytes) -> bool:
        """Say whether a message may be longer than a look-up, by its first `START` octets."""
        sealed = bool(start[_FLAGS_AT] & _ENCRYPTED)
        op_code = int.from_bytes(start[envelope.SIZE : START])
        return self.hands_on and (
            sealed or op_code not in {OpCode.RESOLUTION, OpCode.GET_SITE_INFO}
        )

    def at_once(self, request: bytes, client: Client, now: float, *, known: bool = False) -> Answer:
        """Answer one whole message, envelope first, without waiting. `now` is monotonic.

        `known`: somebody may have logged in on this connection, and then sees more than anybody.
        """
        if known and not _public_only(request):
            return self.general(request, client, now, known=True)
        return self.plain(request, client, now) or self.general(request, client, now)

    def plain(self, request: bytes, client: Client, now: float) -> Reply | Pending | None:
        """Answer a plain resolution as `at_once` does; None: it is something else.

        Who knows an older record of the site has asked with a serial for which nothing is kept.
        """
        data = self.repeated(request, client, now)
        if data is not None:
            return Reply(data, Result.FOUND, handle_of(request))
        return self.anew(request, client, now)

    def anew(self, request: bytes, client: Client, now: float) -> Reply | Pending | None:
        """Do so for a request that is not `repeated`."""
        plain = decode_query(request)
        if plain is None:
            return None
        to, query = plain
        if query.site_serial is not None and self._site.outdates(query.site_serial):
            return None
        outcome = self._resolver.answer_now(query, client, now)
        if outcome is None:
            return Asking(to, query, request)
        if not isinstance(outcome, Found):
            return self._decided(Asking(to, query, request), outcome, client, now)
        reply = self._told(to, query, outcome, now)
        self._repeats.learn(request, query, outcome, reply.data, now)
        return reply

    async def later(self, asking: Asking, client: Client, now: float) -> Reply | Pending:
        """Ask the store for what was missed."""
        outcome = await self._resolver.answer(asking.query, client, now)
        return self._decided(asking, outcome, client, now)

    async def together(
        self, asked: Sequence[tuple[Asking, Client]], now: float
    ) -> list[Reply | Pending]:
        """Ask the store for what several missed; each `gathers`."""
        queries = [(asking.query, client) for asking, client in asked]
        outcomes = await self._resolver.answer_together(queries, now)
        answers: list[Reply | Pending] = []
        for (asking, client), outcome in zip(asked, outcomes, strict=True):
            answer = self._decided(asking, outcome, client, now)
            if isinstance(outcome, Found) and isinstance(answer, Reply):
                self._repeats.learn_shape(asking.request, asking.query, outcome, answer.data)
            answers.append(answer)
        return answers

    async def tell_together(
        self, asked: Sequence[tuple[Plain, Client]], now: float
    ) -> list[bytes | Reply | Pending]:
        """Ask the store for what several missed at a glance; most are told their values' bytes."""
        told = await self._resolver.tell_together(asked, now)
        expires = self._expires(now)
        return [
            plain.reply(values, expires)
            if isinstance(values, bytes)
            else self._decided(Asking(*plain.asking(), plain.request), values, client, now)
            for (plain, client), values in zip(asked, told, strict=True)
        ]

    async def replies(
        self,
        pending: Pending,
        client: Client,
        now: float,
        origin: Callable[[], Origin],
        sendable: Callable[[Certifying], bool] = lambda _: True,
    ) -> AsyncGenerator[Reply]:
        """Yield what answers a request that could not be answered at once: one reply or more.

        None for a reply that is to be signed and would not be `sendable` then.
        """
        answer: Reply | Pending = pending
        while not isinstance(answer, Reply):
            match answer:
                case Asking():
                    answer = await self.later(answer, client, now)
                case Certifying():
                    if not sendable(answer):
                        return
                    answer = await self._certified(answer.reply)
                case Verifying():
                    answer = await self._verified(answer, client, now)
                case Forwarding():
                    async with aclosing(self._forwarded(answer, origin(), now)) as forwarded:
                        async for message_ in forwarded:
                            yield message_
                    return
                case _:
                    assert_never(answer)
        yield answer

    def part(self, packet: bytes, client: Client, now: float) -> Reply | Pending | Silence:
        """Hand on one packet of several: the workers share a socket, and none sees them all."""
        try:
            return self._hand_on(Forwarding(packet, packet_reply_to(packet)), client, now)
        except ProtocolError:
            return _NO_REQUEST  # it may be a part of an answer

    def unreadable(self, error: ProtocolError, now: float) -> Reply:
        """Return the answer to bytes that are no message."""
        return Reply(translate.early_error(error, self._expires(now)), Result.MALFORMED, b"")

    def _told(self, to: ReplyTo, query: Query, outcome: Outcome, now: float) -> Reply:
        expires = self._expires(now)
        if to.digest is None and isinstance(outcome, Found):
            data = encode_found(to, query.handle, outcome.values, self._site, expires)
            return Reply(data, Result.FOUND, query.handle)
        if to.digest is None and outcome == ABSENT:
            return Reply(self._absent.reply(to, query, expires), Result.ABSENT, query.handle)
        data = translate.outcome_reply(to, query, outcome, self._site, expires)
        return Reply(data, result_of(outcome), query.handle)

    def general(self, request: bytes, client: Client, now: float, *, known: bool = False) -> Answer:
        """Answer what is no plain resolution, as `at_once` does."""
        # Never answer an answer (`assurance` 3.3), nor what is too short to be told from one.
        if len(request) < envelope.SIZE:
            return _NO_REQUEST
        try:
            if request[_FLAGS_AT] & _ENCRYPTED and self._beyond.authority is not None:
                # Whether it is an answer only its session's key shows, which the registry has.
                return self._hand_on(Forwarding(request, sealed_reply_to(request)), client, now)
            if request[_CODE_START:_CODE_END].strip(_NO_CODE):
                return _NO_REQUEST
            asked = message.decode(request)
        except ProtocolError as error:
            return self.unreadable(error, now)
        return self._read(asked, request, client, now, known=known)

    def _read(
        self, asked: Message, request: bytes, client: Client, now: float, *, known: bool
    ) -> Reply | Pending:
        to = translate.reply_to(asked, request)
        if needs_somebody(asked) and self._beyond.authority is not None:
            return self._hand_on(Forwarding(request, to), client, now)
        if asked.header.op_code == OpCode.GET_SITE_INFO:
            return self._perhaps_certified(to, self._site_info(to, now), client, now)
        if asked.header.op_code != OpCode.RESOLUTION:
            return self._hand_on(Forwarding(request, to), client, now)
        if self._site.outdates(asked.header.site_serial):
            data = translate.out_of_date(to, self._site, self._expires(now))
            return self._perhaps_certified(to, Reply(data, Result.OUTDATED, b""), client, now)
        try:
            asking = Asking(to, translate.to_query(asked), request, known)
        except ProtocolError as error:
            return self._refused(to, ResponseCode(error.code), str(error), now)
        outcome = self._resolver.answer_now(asking.query, client, now)
        return asking if outcome is None else self._decided(asking, outcome, client, now)

    def _decided(
        self, asked: Asking, outcome: Outcome, client: Client, now: float
    ) -> Reply | Pending:
        """Tell an outcome, or see that another than "anybody" has to be asked for."""
        if self._beyond.authority is not None and (
            isinstance(outcome, NeedsAuthentication)
            or (asked.known and _hides(outcome, asked.query))
        ):
            return self._hand_on(Forwarding(asked.request, asked.to), client, now)
        if asked.to.verify and isinstance(outcome, Found) and self._beyond.verifies(client, now):
            return Verifying(asked, outcome)
        reply = self._told(asked.to, asked.query, outcome, now)
        return self._perhaps_certified(asked.to, reply, client, now)

    def _hand_on(self, request: Forwarding, client: Client, now: float) -> Reply | Forwarding:
        if self._beyond.authority is None:
            return self._refused(request.to, ResponseCode.OPERATION_NOT_SUPPORTED, NOT_HERE, now)
        if not self._beyond.admits(client, now):
            return self._refused(request.to, ResponseCode.SERVER_BUSY, _BUSY, now)
        return request

    async def _forwarded(
        self, request: Forwarding, origin: Origin, now: float
    ) -> AsyncGenerator[Reply]:
        try:
            async with aclosing(self._beyond.messages(request.request, origin)) as messages:
                async for data in messages:
                    yield Reply(data, Result.FORWARDED, b"")
        except Nobody as why:
            yield self._refused(request.to, ResponseCode.SERVER_BUSY, str(why), now)

    def _perhaps_certified(
        self, to: ReplyTo, reply: Reply, client: Client, now: float
    ) -> Reply | Certifying:
        certifier = self._beyond.certifier
        if certifier is None or not to.flags & _CERTIFY:
            return reply
        if not self._beyond.signs(client, now):
            return self._refused(to, ResponseCode.SERVER_BUSY, _BUSY, now)
        return Certifying(reply, len(reply.data) + certifier.octets)

    async def _certified(self, reply: Reply) -> Reply:
        certifier = self._beyond.certifier
        if certifier is None:
            return reply
        return Reply(await certifier.certify(reply.data), reply.result, reply.subject)

    async def _verified(self, wanted: Verifying, client: Client, now: float) -> Reply | Certifying:
        to, query = wanted.asked.to, wanted.asked.query
        if self._beyond.vouching is not None:
            verdict = await self._beyond.vouching.verdict(query, wanted.found, client, now)
            if verdict is not Verdict.UNKNOWN:
                to = translate.with_verdict(to, trusted=verdict is Verdict.TRUSTED)
        return self._perhaps_certified(to, self._told(to, query, wanted.found, now), client, now)

    def _site_info(self, to: ReplyTo, now: float) -> Reply:
        data = translate.reply(to, bodies.SiteInfo(self._record), self._site, self._expires(now))
        return Reply(data, Result.SITE, b"")

    def _refused(self, to: ReplyTo, code: ResponseCode, text: str, now: float) -> Reply:
        data = translate.error_reply(to, code, text, self._site, self._expires(now))
        return Reply(data, _REFUSALS.get(code, Result.MALFORMED), b"")


def keeps_alive(request: bytes) -> bool:
    """Say whether the sender of a message wants its connection to be kept."""
    return len(request) > _OP_FLAGS_AT and request[_OP_FLAGS_AT] & _KEEP_ALIVE != 0


def _public_only(request: bytes) -> bool:
    return len(request) <= _OP_FLAGS_AT or request[_OP_FLAGS_AT] & _PUBLIC_ONLY != 0


def _hides(outcome: Outcome, query: Query) -> bool:
    """Say whether somebody who is known might see more values than `outcome` has."""
    if not isinstance(outcome, Found) or query.public_only:
        return False
    asked = filter_blob(outcome.record.values, query.indexes, query.types, public_only=False)
    return asked != outcome.values
