"""Recursion: other nodes are asked in a client's name, and their answer is passed on.

Over TCP only, and never for UDP clients, whose address proves nothing. Each question passed on
counts one more in its header (RFC 3652 section 2.2.2: <RecursionCount>), so that nodes which send
it to one another come to an end. The answers are kept for as long as their values live, and those
run down: what a client gets of them lives for what is left. Bounded in questions under way, in time
and in what is kept.

A query that is to be certified is sent on as one, and only what the key of the server has signed
that the referral names is passed on.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Final

import msgspec
import structlog

from identifiers.outcomes import (
    Absent,
    Found,
    InvalidName,
    NeedsAuthentication,
    NotHomed,
    Outcome,
    PassedOnTooOften,
    Referral,
    Unavailable,
    ValuesAbsent,
)
from identifiers.queries import Query
from identifiers.records import EMPTY_VALUES, Record, State
from identifiers.values import Value
from identifiers.wire.handle import bodies, message
from identifiers.wire.handle.codes import MAX_RECURSION, OpCode, OpFlag, ResponseCode
from identifiers.wire.handle.values import decode_values, encode_values
from idnode import questions, referrals
from idnode.certified import check_certified, checked_digest
from idnode.errors import IdnodeError, Untrusted
from idnode.peers import Peer
from idnode.transport import Address, Transport

_RETRY_AFTER: Final = 2
_UNAVAILABLE: Final = Unavailable(_RETRY_AFTER)
_REFERRALS: Final = frozenset({ResponseCode.SERVICE_REFERRAL, ResponseCode.PREFIX_REFERRAL})
_log = structlog.get_logger(__name__)

Connect = Callable[[Address], Peer]


class WalkBounds(msgspec.Struct, frozen=True, kw_only=True):
    """How much is asked elsewhere at one time, for how long (seconds), and how much is kept."""

    under_way: int = 64
    seconds: float = 8.0
    entries: int = 10_000
    octets: int = 16 * 1024 * 1024


class _Kept(msgspec.Struct, frozen=True):
    """Values as they came, the monotonic moment when they did, the seconds that they live."""

    values: tuple[Value, ...]
    moment: float
    life: float
    size: int


_Key = tuple[bytes, tuple[int, ...], tuple[str, ...], bool]


class Recursion:
    """Walks from node to node. `upstream` is asked about prefixes that nobody here knows.

    `clock` is monotonic, `epoch` the wall clock; `connect` makes a peer of an address.
    """

    def __init__(
        self,
        upstream: Sequence[Address],
        connect: Connect,
        *,
        clock: Callable[[], float],
        epoch: Callable[[], float],
        bounds: WalkBounds = WalkBounds(),  # noqa: B008 -- frozen
    ) -> None:
        self._upstream = tuple(upstream)
        self._connect = connect
        self._clock = clock
        self._epoch = epoch
        self._bounds = bounds
        self._free = bounds.under_way
        self._answers: OrderedDict[_Key, _Kept] = OrderedDict()
        self._octets = 0

    async def ask(self, query: Query, known: Referral | NotHomed) -> Outcome:
        """Answer a query that others answer (`resolver.ports.Walk`)."""
        where = self._begin(query, known)
        if not where:
            return known
        key = (query.handle, query.indexes, query.types, query.certified)
        if not query.authoritative and (kept := self._look(key)) is not None:
            return kept
        if not self._free:
            return _UNAVAILABLE
        self._free -= 1
        try:
            async with asyncio.timeout(self._bounds.seconds):
                outcome = await self._walk(query, where)
        except TimeoutError:
            return _UNAVAILABLE
        finally:
            self._free += 1
        if isinstance(outcome, Found):
            self._keep(key, decode_values(outcome.values))
        return outcome

    def _begin(self, query: Query, known: Referral | NotHomed) -> Sequence[Address]:
        if isinstance(known, Referral):
            return referrals.addresses(known.values, query.text, changes=False)
        return self._upstream

    async def _walk(self, query: Query, where: Sequence[Address]) -> Outcome:
        count = query.passed_on
        while True:
            count += 1
            if count > MAX_RECURSION:
                return PassedOnTooOften()
            reply = await self._ask_one_of(query, where, count)
            if reply is None:
                return _UNAVAILABLE
            outcome = _outcome(query, reply)
            if not isinstance(outcome, Referral):
                return outcome
            where = referrals.addresses(outcome.values, query.text, changes=False)
            if not where:
                return outcome

    async def _ask_one_of(
        self, query: Query, where: Sequence[Address], count: int
    ) -> message.Message | None:
        for address in where:
            if not address.tcp:
                continue
            try:
                return await self._ask_it(query, address, count)
            except IdnodeError as why:
                _log.info("a node did not answer", node=address.host, why=str(why))
        return None

    async def _ask_it(self, query: Query, address: Address, count: int) -> message.Message:
        asked = b""

        def write(request_id: int) -> bytes:
            nonlocal asked
            asked = _request(query, count, request_id)
            return asked

        async with self._peer(address) as peer:
            reply = questions.read_reply(await peer.ask(write, Transport.TCP))
        if query.certified:
            if checked_digest(reply, asked) is None:
                raise Untrusted("a certified answer without the digest of what was asked")
            check_certified(reply, address.key, self._epoch())
        return reply

    @asynccontextmanager
    async def _peer(self, address: Address) -> AsyncIterator[Peer]:
        # A connection for each question: on one that is shared, a question that comes back to us
        # would wait behind the one that it answers.
        peer = self._connect(address)
        try:
            yield peer
        finally:
            await peer.close()

    def _look(self, key: _Key) -> Found | None:
        kept = self._answers.get(key)
        if kept is None:
            return None
        age = self._clock() - kept.moment
        if age >= kept.life:
            self._drop(key)
            return None
        self._answers.move_to_end(key)
        return _found(key[0], tuple(_aged(value, int(age)) for value in kept.values))

    def _keep(self, key: _Key, values: tuple[Value, ...]) -> None:
        if key in self._answers:
            self._drop(key)
        epoch = self._epoch()
        life = min((v.ttl - epoch if v.absolute else v.ttl for v in values), default=0)
        size = len(key[0]) + sum(len(value.data) + len(value.type) + 128 for value in values)
        if life <= 0:
            return
        self._answers[key] = _Kept(values, self._clock(), life, size)
        self._octets += size
        bounds = self._bounds
        while self._octets > bounds.octets or len(self._answers) > bounds.entries:
            self._drop(next(iter(self._answers)))

    def _drop(self, key: _Key) -> None:
        self._octets -= self._answers.pop(key).size


def _aged(value: Value, seconds: int) -> Value:
    if value.absolute or not seconds:
        return value
    return msgspec.structs.replace(value, ttl=value.ttl - seconds)


def _request(query: Query, count: int, request_id: int) -> bytes:
    flags = OpFlag.RECURSIVE | OpFlag.PUBLIC_ONLY
    if query.certified:
        flags |= OpFlag.CERTIFY | OpFlag.REQUEST_DIGEST
    if query.authoritative:
        flags |= OpFlag.AUTHORITATIVE
    if query.do_not_refer:
        flags |= OpFlag.DO_NOT_REFER
    body = bodies.Asked(query.text, query.indexes, query.types)
    asked = questions.request(OpCode.RESOLUTION, body, request_id, int(flags))
    header = msgspec.structs.replace(asked.header, recursion_count=count)
    return message.encode(msgspec.structs.replace(asked, header=header))


_SAID: Final[Mapping[int, Callable[[str], Outcome]]] = MappingProxyType(
    {
        ResponseCode.HANDLE_NOT_FOUND: Absent,
        ResponseCode.INVALID_HANDLE: InvalidName,
        ResponseCode.SERVER_NOT_RESPONSIBLE: lambda _: NotHomed(),
        ResponseCode.RECURSION_COUNT_TOO_HIGH: lambda _: PassedOnTooOften(),
        ResponseCode.AUTHENTICATION_NEEDED: lambda _: NeedsAuthentication(),
    }
)
"""What answers without values come to here, from what they say to people."""


def _outcome(query: Query, reply: message.Message) -> Outcome:
    """Make of another node's reply what this one says; what it cannot tell is unavailable."""
    code, body = reply.header.response_code, reply.body
    if isinstance(body, bodies.Valued):
        values = decode_values(body.values)
        if code in _REFERRALS:
            return Referral(values, of_prefix=code == ResponseCode.PREFIX_REFERRAL)
        return _found(query.handle, values)
    if code == ResponseCode.VALUES_NOT_FOUND:
        return ValuesAbsent(_record(query.handle, EMPTY_VALUES))
    said = _SAID.get(code)
    return _UNAVAILABLE if said is None else said(questions.text_of(reply))


def _found(handle: bytes, values: tuple[Value, ...]) -> Found:
    public = tuple(value for value in values if value.public)
    blob = encode_values(public)
    return Found(_record(handle, blob), blob)


def _record(handle: bytes, blob: bytes) -> Record:
    name = handle.decode()
    return Record(key=name, name=name, version=0, state=State.ACTIVE, values=blob, changed_at=0)
