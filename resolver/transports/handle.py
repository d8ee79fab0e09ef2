"""What the two Handle transports share: the bytes of a message in, the bytes of its reply out.

Workers answer resolutions and site information. Whatever needs somebody to be known (logins,
administration, sessions) is told "not supported" until a registry takes it over.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from identifiers.outcomes import Found, Outcome
from identifiers.queries import Query
from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle import bodies, envelope, message, translate
from identifiers.wire.handle.codes import OpCode, ResponseCode
from identifiers.wire.handle.resolution import (
    answer_key,
    decode_query,
    encode_found,
    patch,
    request_id_of,
)
from identifiers.wire.handle.site import Site, SiteFlag, encode_site
from identifiers.wire.handle.translate import REPLY_LIFETIME, ReplyTo
from resolver.clients import Client
from resolver.counters import Event, Result, result_of
from resolver.service import Basis, Resolver
from resolver.transports.finished import DEFAULT_OCTETS, FinishedReplies

_CODE_START: Final = envelope.SIZE + 4
_CODE_END: Final = _CODE_START + 4
_NO_CODE: Final = bytes(4)
_NOT_HERE: Final = "This server answers look-ups only"


class Reply(msgspec.Struct, frozen=True):
    """A finished message. `subject` is what like replies have in common, for rates."""

    data: bytes
    result: Result
    subject: bytes


class FinishedMessage(msgspec.Struct, frozen=True, gc=False):
    """A reply that serves again (`finished.Finished`); `subject` as in `Reply`."""

    data: bytes
    subject: bytes
    basis: Basis


class Asking(msgspec.Struct, frozen=True):
    """A miss: `HandleExchange.later` asks the store."""

    to: ReplyTo
    query: Query


class Silence(msgspec.Struct, frozen=True):
    """Nothing is sent back."""

    event: Event


_NO_REQUEST: Final = Silence(Event.DROPPED_RESPONSE)


class HandleExchange:
    """Answers message bytes. `site` is the site record of this node; `epoch` the wall clock.

    Finished replies take up to `finished_octets` of memory.
    """

    def __init__(
        self,
        resolver: Resolver,
        site: Site,
        epoch: Callable[[], float],
        finished_octets: int = DEFAULT_OCTETS,
    ) -> None:
        self._resolver = resolver
        self._finished = FinishedReplies[FinishedMessage](finished_octets)
        self._site = translate.Site(site.serial, bool(site.flags & SiteFlag.PRIMARY))
        self._record = encode_site(site)
        self._epoch = epoch
        self._expiration = 0
        self._expiration_octets = bytes(4)
        self._renew_at = float("-inf")

    def at_once(self, request: bytes, client: Client, now: float) -> Reply | Asking | Silence:
        """Answer one whole message, envelope first, without waiting. `now` is monotonic."""
        return self.plain(request, client, now) or self.general(request, client, now)

    def plain(self, request: bytes, client: Client, now: float) -> Reply | Asking | None:
        """Answer a plain resolution as `at_once` does; None: it is something else."""
        key = answer_key(request)
        if key is not None:
            done = self._finished.find(key, self._resolver, now)
            if done is not None:
                self._expires(now)
                data = patch(done.data, request_id_of(request), self._expiration_octets)
                return Reply(data, Result.FOUND, done.subject)
        plain = decode_query(request)
        if plain is None:
            return None
        to, query = plain
        outcome = self._resolver.answer_now(query, client, now)
        if outcome is None:
            return Asking(to, query)
        reply = self._told(to, query, outcome, now)
        if key is not None and isinstance(outcome, Found):
            basis = self._resolver.basis(query, outcome)
            if basis is not None:
                self._finished.keep(key, FinishedMessage(reply.data, reply.subject, basis))
        return reply

    async def later(self, asking: Asking, client: Client, now: float) -> Reply:
        """Answer a miss."""
        outcome = await self._resolver.answer(asking.query, client, now)
        return self._told(asking.to, asking.query, outcome, now)

    def unreadable(self, error: ProtocolError, now: float) -> Reply:
        """Return the answer to bytes that are no message."""
        return Reply(translate.early_error(error, self._expires(now)), Result.MALFORMED, b"")

    def _told(self, to: ReplyTo, query: Query, outcome: Outcome, now: float) -> Reply:
        expires = self._expires(now)
        if to.digest is None and isinstance(outcome, Found):
            data = encode_found(to, query.handle, outcome.values, self._site, expires)
            return Reply(data, Result.FOUND, query.handle)
        data = translate.outcome_reply(to, query, outcome, self._site, expires)
        return Reply(data, result_of(outcome), query.handle)

    def general(self, request: bytes, client: Client, now: float) -> Reply | Asking | Silence:
        """Answer what is no plain resolution."""
        # Never answer an answer (`assurance` 3.3), nor what is too short to be told from one.
        if len(request) < envelope.SIZE or request[_CODE_START:_CODE_END].strip(_NO_CODE):
            return _NO_REQUEST
        try:
            asked = message.decode(request)
        except ProtocolError as error:
            return self.unreadable(error, now)
        to = translate.reply_to(asked, request)
        if asked.header.op_code == OpCode.RESOLUTION:
            try:
                query = translate.to_query(asked)
            except ProtocolError as error:
                return self._refused(to, ResponseCode(error.code), str(error), now)
            outcome = self._resolver.answer_now(query, client, now)
            return Asking(to, query) if outcome is None else self._told(to, query, outcome, now)
        if asked.header.op_code == OpCode.GET_SITE_INFO:
            return self._site_info(to, now)
        return self._refused(to, ResponseCode.OPERATION_NOT_SUPPORTED, _NOT_HERE, now)

    def _site_info(self, to: ReplyTo, now: float) -> Reply:
        data = translate.reply(to, bodies.SiteInfo(self._record), self._site, self._expires(now))
        return Reply(data, Result.SITE, b"")

    def _refused(self, to: ReplyTo, code: ResponseCode, text: str, now: float) -> Reply:
        data = translate.error_reply(to, code, text, self._site, self._expires(now))
        result = (
            Result.UNSUPPORTED if code is ResponseCode.OPERATION_NOT_SUPPORTED else Result.MALFORMED
        )
        return Reply(data, result, b"")

    def _expires(self, now: float) -> int:
        # The wall clock is read once a second: an expiration is a matter of hours.
        if now >= self._renew_at:
            self._renew_at = now + 1.0
            self._expiration = int(self._epoch()) + REPLY_LIFETIME
            self._expiration_octets = self._expiration.to_bytes(4, "big")
        return self._expiration
