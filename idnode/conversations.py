"""One exchange with one server: a request, the challenge to it if there is one, the reply.

What a reply must prove is checked here (RFC 3652 sections 2.2.3, 2.2.4 and 3.5): that it answers
this request (its digest), that the server made it (its signature, or the session's MAC), and that
a challenge is one to what was asked, before anything is signed.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Final

import msgspec

from identifiers.keys.public import Policy
from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle import bodies
from identifiers.wire.handle.codes import (
    UNKNOWN_SITE_SERIAL,
    OpCode,
    OpFlag,
    ResponseCode,
)
from identifiers.wire.handle.envelope import COMPATIBLE, NEWEST, Version
from identifiers.wire.handle.message import Message
from identifiers.wire.handle.site import decode_site
from idnode.certified import check_certified, checked_digest
from idnode.credentials import Credentials
from idnode.errors import Garbled, Untrusted, declined
from idnode.peers import Peer
from idnode.questions import (
    UNREAD_REQUEST,
    packed,
    read_reply,
    read_site,
    request,
    text_of,
)
from idnode.sessions import Session
from idnode.transport import Transport


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a server.

    `certified`: the reply must be signed with the key of the server. `credentials` answer a
    challenge; without them it is the answer. `changes`: it may not be done twice. `known`: the
    server knows already who asks, so that it acts at once.
    """

    op_code: int
    body: bodies.Request
    flags: int = 0
    transport: Transport = Transport.TCP
    certified: bool = False
    changes: bool = False
    credentials: Credentials | None = None
    session: Session | None = None
    session_id: int = 0
    known: bool = False


class Conversations:
    """Asks questions. `chance` gives random octets, `epoch` the seconds since 1970."""

    def __init__(
        self, policy: Policy, chance: Callable[[int], bytes], epoch: Callable[[], float]
    ) -> None:
        self._policy = policy
        self._chance = chance
        self._epoch = epoch

    async def ask(self, peer: Peer, question: Question) -> Message:
        """Ask `peer` and return its reply, whatever its code.

        Who knows an older record of the site learns of the newer one and asks again, once. Raises
        `Unreachable`, `FateUnknown`, `Garbled` and `Untrusted`.
        """
        reply = await self._asked(peer, question)
        if _outdated(reply) and question.op_code != OpCode.GET_SITE_INFO:
            await self._learn(peer, question)
            reply = await self._asked(peer, question)
        return reply

    async def _learn(self, peer: Peer, question: Question) -> None:
        """Read the site record anew, signed where the answer to `question` must be (code 300)."""
        proved = OpFlag.CERTIFY | OpFlag.REQUEST_DIGEST if question.certified else 0
        asked = Question(
            op_code=OpCode.GET_SITE_INFO,
            body=bodies.Named("/"),
            flags=proved,
            transport=question.transport,
            certified=question.certified,
            session_id=question.session_id,
        )
        record = read_site(await self._asked(peer, asked))
        try:
            peer.site_serial = decode_site(record).serial
        except ProtocolError as why:
            raise Garbled(f"the site record cannot be read: {why}") from why

    async def _asked(self, peer: Peer, question: Question) -> Message:
        written = _Writing(question, _version(question), peer.site_serial)
        # Who is not known is challenged first: nothing has been done yet when an answer is lost.
        repeatable = not (question.changes and question.known)
        received = await peer.ask(written, question.transport, repeatable=repeatable)
        reply = self._read(received, question, written, peer)
        if _challenged(reply) and question.credentials is not None:
            answer = await self._answer(reply, written, question)
            received = await peer.ask(answer, question.transport, repeatable=not question.changes)
            reply = self._read(received, question, answer, peer)
        return reply

    async def messages(
        self, peer: Peer, question: Question, *, again: bool = False
    ) -> AsyncGenerator[Message]:
        """Ask `peer` over TCP and yield the messages of its reply. Raises as `ask`, `Declined`."""
        writing = _Writing(question, _version(question), peer.site_serial)
        challenge = None
        outdated = False
        async with aclosing(self._messages(peer, question, writing)) as replies:
            async for reply in replies:
                outdated = _outdated(reply) and not again
                if outdated:
                    break
                if _challenged(reply) and question.credentials is not None:
                    challenge = reply
                    break
                yield _granted(reply)
        if outdated:
            await self._learn(peer, question)
            async with aclosing(self.messages(peer, question, again=True)) as replies:
                async for reply in replies:
                    yield reply
        if challenge is None:
            return
        answer = await self._answer(challenge, writing, question)
        async with aclosing(self._messages(peer, question, answer)) as replies:
            async for reply in replies:
                yield _granted(reply)

    async def _messages(
        self, peer: Peer, question: Question, writing: "_Writing"
    ) -> AsyncGenerator[Message]:
        async with aclosing(peer.messages(writing)) as received:
            async for one in received:
                reply = self._read(one, question, writing, peer)
                yield reply
                if not reply.header.flags & OpFlag.CONTINUES:
                    return

    async def _answer(
        self, challenge: Message, asked: "_Writing", question: Question
    ) -> "_Writing":
        """Return the writing of an answer. Raises `Untrusted`, `Garbled`."""
        credentials = question.credentials
        if credentials is None or not isinstance(challenge.body, bodies.Challenge):
            raise Garbled("a demand for authentication without a challenge")
        digest = checked_digest(challenge, asked.plain, self._policy)
        if digest is None:
            raise Untrusted("a challenge without the digest of what was asked")
        signed = await asyncio.to_thread(
            credentials.answer, challenge.body.nonce, digest.value, self._chance
        )
        body = bodies.Answer(credentials.kind, credentials.handle, credentials.index, signed)
        answer = msgspec.structs.replace(
            question,
            op_code=OpCode.CHALLENGE_RESPONSE,
            body=body,
            flags=question.flags & ~OpFlag.REQUEST_DIGEST,
            session_id=challenge.session_id,
        )
        return _Writing(answer, challenge.version, answers=True)  # as Handle.Net: with no serial

    def _read(
        self, received: bytes, question: Question, written: "_Writing", peer: Peer
    ) -> Message:
        if question.session is not None:
            reply = question.session.open(received)
        else:
            reply = read_reply(received)
        code = reply.header.response_code
        # What could not be read is refused under an id of its own.
        unread = reply.request_id == UNREAD_REQUEST and code != ResponseCode.SUCCESS
        if reply.request_id != written.request_id and not unread:
            raise Garbled("the answer is to a request with another id")
        digest = checked_digest(reply, written.plain, self._policy)
        # A server that can sign no more says so unsigned; that denies an answer and gives none.
        unsigned = code == ResponseCode.SERVER_BUSY and reply.credential is None
        if question.certified and not _challenged(reply) and not unsigned:
            if digest is None and not written.answers:
                raise Untrusted("a certified answer without the digest of what was asked")
            check_certified(reply, peer.address.key, self._epoch(), self._policy)
        elif code == ResponseCode.SUCCESS and digest is None and written.wants_digest:
            raise Untrusted("an answer without the digest of what was asked")
        return reply


class _Writing:
    """Writes a question with the id that it is given, and keeps what was written last."""

    def __init__(
        self,
        question: Question,
        version: Version,
        site_serial: int = UNKNOWN_SITE_SERIAL,
        *,
        answers: bool = False,
    ) -> None:
        keeps = question.transport in {Transport.TCP, Transport.UDP_THEN_TCP}
        self._question = question
        self._flags = question.flags | (OpFlag.KEEP_ALIVE if keeps else 0)
        self._version = version
        self._site_serial = site_serial
        self.answers: Final = answers
        self.wants_digest: Final = bool(question.flags & OpFlag.REQUEST_DIGEST)
        self.plain = b""
        self.request_id = 0

    def __call__(self, request_id: int) -> bytes:
        asked, session = self._question, self._question.session
        made = request(
            asked.op_code,
            asked.body,
            request_id,
            self._flags,
            version=self._version,
            session_id=asked.session_id if session is None else session.number,
            site_serial=self._site_serial,
        )
        self.plain, self.request_id = packed(made), request_id
        return self.plain if session is None else session.seal(made)


def _version(question: Question) -> Version:
    # A session is only with who speaks the newest, where MACs cover the id of the request.
    return COMPATIBLE if question.session is None else NEWEST


def _granted(reply: Message) -> Message:
    if reply.header.response_code != ResponseCode.SUCCESS:
        raise declined(reply.header.response_code, text_of(reply))
    return reply


def _outdated(reply: Message) -> bool:
    return reply.header.response_code == ResponseCode.OUT_OF_DATE_SITE_INFO


def _challenged(reply: Message) -> bool:
    return reply.header.response_code == ResponseCode.AUTHENTICATION_NEEDED
