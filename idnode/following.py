"""Asking a server, and those to which referrals and aliases lead, each at most so many times."""

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from identifiers.names import fold
from identifiers.values import Value
from identifiers.wire.handle import bodies
from identifiers.wire.handle.codes import OpCode, OpFlag, ResponseCode
from identifiers.wire.handle.message import Message
from identifiers.wire.handle.values import decode_values
from idnode import referrals
from idnode.conversations import Conversations, Question
from idnode.errors import Misled, Unreachable
from idnode.peers import Peer
from idnode.questions import read_resolution
from idnode.resolution import Resolution
from idnode.transport import Address, Transport

ALIAS: Final = "HS_ALIAS"
MAX_ALIASES: Final = 10
_MAX_PEERS: Final = 64
_PROVED: Final = OpFlag.CERTIFY | OpFlag.REQUEST_DIGEST
_REFERRALS: Final = (ResponseCode.SERVICE_REFERRAL, ResponseCode.PREFIX_REFERRAL)


class Following:
    """Starts at `home`; `make` connects to another server. At most `most` referrals are followed.

    A session or a login is with one server: what is asked in it is not asked elsewhere.
    """

    def __init__(
        self,
        home: Peer,
        make: Callable[[Address], Peer],
        conversations: Conversations,
        most: int,
    ) -> None:
        self.home: Final = home
        self.conversations: Final = conversations
        self._make = make
        self._most = most
        self._others: dict[Address, Peer] = {}

    async def close(self) -> None:
        """Close all sockets."""
        for peer in (self.home, *self._others.values()):
            await peer.close()

    async def ask(self, question: Question, handle: str) -> Message:
        """Ask about `handle` where it is, and return the reply.

        Raises as `Conversations.ask`, and `Misled`.
        """
        reply = await self.conversations.ask(self.home, question)
        return await self._follow(reply, question, handle)

    async def look_up(
        self, question: Question, handle: str, *, follow_aliases: bool = False
    ) -> Resolution:
        """Resolve `handle`; the filters of `question`, a resolution, hold for what it names too.

        Raises as `ask`.
        """
        asked = question.body
        if not isinstance(asked, bodies.Asked):
            raise TypeError("only a resolution is looked up")
        filtered = bool(asked.indexes or asked.types)
        types = (*asked.types, ALIAS) if follow_aliases and filtered else asked.types
        seen = [handle]
        while True:
            body = bodies.Asked(seen[-1], asked.indexes, types)
            reply = await self.ask(replace(question, body=body), seen[-1])
            found = read_resolution(seen[-1], reply)
            alias = _alias(found.values) if follow_aliases else None
            if alias is None:
                certified = question.certified and found.code != ResponseCode.SERVER_BUSY
                return replace(found, aliases=tuple(seen[1:]), certified=certified)
            if fold(alias) in map(fold, seen):
                raise Misled(f"aliases lead in a circle: {' -> '.join((*seen, alias))}")
            if len(seen) > MAX_ALIASES:
                raise Misled(f"more than {MAX_ALIASES} aliases, from {handle} to {alias}")
            seen.append(alias)

    async def _follow(self, reply: Message, question: Question, handle: str) -> Message:
        been: set[Address] = set()
        while self._most and reply.header.response_code in _REFERRALS and not question.known:
            values, service = _referred(reply)
            if service is not None:
                values = await self._sites_of(service, question)
            where = [
                address
                for address in referrals.addresses(values, handle, changes=question.changes)
                if address not in been
            ]
            if not where:
                raise Misled(f"{handle}: referred to {'where it was' if been else 'nobody'}")
            if len(been) == self._most:
                raise Misled(f"{handle}: more than {self._most} referrals")
            reply = await self._ask_one_of(where, question, been)
        return reply

    async def _sites_of(self, service: str, question: Question) -> tuple[Value, ...]:
        """Return the sites of a service that is named by a handle, as the first server has it."""
        asked = replace(
            question,
            op_code=OpCode.RESOLUTION,
            body=bodies.Asked(service, (), referrals.SITE_TYPES),
            flags=OpFlag.PUBLIC_ONLY | question.flags & _PROVED,
            changes=False,
        )
        return read_resolution(service, await self.conversations.ask(self.home, asked)).values

    async def _ask_one_of(
        self, where: list[Address], question: Question, been: set[Address]
    ) -> Message:
        why: Unreachable | None = None
        for address in where:
            been.add(address)
            fitting = replace(question, transport=_fitting(address, question.transport))
            try:
                return await self.conversations.ask(await self._peer(address), fitting)
            except Unreachable as error:
                why = error
        raise why or Unreachable("nobody to ask")

    async def _peer(self, address: Address) -> Peer:
        found = self._others.get(address)
        if found is None:
            if len(self._others) >= _MAX_PEERS:
                oldest = next(iter(self._others))
                await self._others.pop(oldest).close()
            found = self._others[address] = self._make(address)
        return found


def _referred(reply: Message) -> tuple[tuple[Value, ...], str | None]:
    """Return the values of a referral, and the handle of the service in place of its sites."""
    body = reply.body
    if isinstance(body, bodies.Named):
        return (), body.handle or None
    if not isinstance(body, bodies.Valued):
        return (), None
    values = decode_values(body.values)
    if referrals.sites(values):
        return values, None
    return values, referrals.service(values) or body.handle or None


def _alias(values: tuple[Value, ...]) -> str | None:
    for value in values:
        if fold(value.type) == ALIAS:
            return value.data.decode(errors="replace")
    return None


def _fitting(address: Address, transport: Transport) -> Transport:
    if transport is Transport.UDP_THEN_TCP and not (address.udp or address.tcp):
        return Transport.HTTP
    return transport
