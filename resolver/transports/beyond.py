"""What a worker does not answer by itself at once: it asks the registry, or signs.

Who is known by what, and who may do what, is decided there and nowhere here. The registry's
messages are passed on as they are.
"""

from collections.abc import AsyncGenerator
from typing import Final

import msgspec

from identifiers.errors import FateUnknown, StoreUnavailable
from identifiers.relay import Origin
from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle import envelope
from identifiers.wire.handle.codes import OpCode, OpFlag
from identifiers.wire.handle.envelope import negotiate
from identifiers.wire.handle.message import Message
from identifiers.wire.handle.translate import ReplyTo
from resolver.clients import Client
from resolver.counters import Result
from resolver.limits import Limits
from resolver.ports import Authority
from resolver.transports.certified import Certifier
from resolver.vouching import Vouching

NOT_HERE: Final = "This server answers look-ups only"
_ENCRYPT: Final = int(OpFlag.ENCRYPT)
_LOGINS: Final = frozenset(
    {OpCode.CHALLENGE_RESPONSE, OpCode.PASSWORD_LOGIN, OpCode.LOGIN_ID_SYSTEM}
)


class Forwarding(msgspec.Struct, frozen=True):
    """A request for the registry; `to` is how it is answered when there is none."""

    request: bytes
    to: ReplyTo

    @property
    def logs_in(self) -> bool:
        """Say whether somebody may be known on the connection hereafter."""
        return self.to.op_code in _LOGINS


class Reply(msgspec.Struct, frozen=True, gc=False):
    """A finished message. `subject` is what like replies have in common, for rates."""

    data: bytes
    result: Result
    subject: bytes


class Certifying(msgspec.Struct, frozen=True):
    """A finished reply that is to be signed; `octets` is its length then, about."""

    reply: Reply
    octets: int


class Nobody(Exception):
    """The registry gave no answer, or not a whole one; the message is for people."""


class Beyond(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker has beside its caches. Each may be missing, and is then not offered."""

    authority: Authority | None = None
    certifier: Certifier | None = None
    rates: Limits | None = None
    vouching: Vouching | None = None

    def admits(self, client: Client, now: float) -> bool:
        """Say whether a request of this client may be handed on now."""
        return self.rates is None or self.rates.forwards(client, now)

    def signs(self, client: Client, now: float) -> bool:
        """Say whether a reply to this client may be signed now."""
        if self.certifier is None or self.certifier.full:
            return False
        return self.rates is None or self.rates.signatures(client, now)

    def verifies(self, client: Client, now: float) -> bool:
        """Say whether an answer to this client may be verified now: it costs what signing does."""
        if self.vouching is None or self.vouching.full:
            return False
        return self.rates is None or self.rates.signatures(client, now)

    async def messages(self, request: bytes, origin: Origin) -> AsyncGenerator[bytes]:
        """Yield the registry's reply. Raises `Nobody`, also in its middle."""
        if self.authority is None:
            raise Nobody(NOT_HERE)
        replies = self.authority.message(request, origin)
        try:
            async for data in replies:
                yield data
        except StoreUnavailable:
            raise Nobody("The registry is away or has too much to do; nothing was done") from None
        except FateUnknown:
            raise Nobody("The answer was lost: look whether it was done") from None
        finally:
            if isinstance(replies, AsyncGenerator):
                await replies.aclose()


def needs_somebody(asked: Message) -> bool:
    """Say whether only the registry can tell who asks: a MAC, or secrecy within a session."""
    secret = asked.session_id and asked.header.flags & _ENCRYPT
    return asked.credential is not None or bool(secret)


def sealed_reply_to(request: bytes) -> ReplyTo:
    """Return how to answer an encrypted request that cannot be handed on.

    Raises `ProtocolError` when even its envelope cannot be read.
    """
    outer = envelope.decode_envelope(request)
    if len(request) != envelope.SIZE + outer.message_length or outer.packet:
        raise ProtocolError("Invalid message length")
    return packet_reply_to(request)


def packet_reply_to(packet: bytes) -> ReplyTo:
    """Return how to answer one packet, of which the envelope is all that can be read.

    Raises `ProtocolError` when that cannot be read either.
    """
    outer = envelope.decode_envelope(packet)
    return ReplyTo(
        version=negotiate(outer.version, outer.suggested),
        session_id=outer.session_id,
        request_id=outer.request_id,
        op_code=OpCode.RESERVED,
        flags=0,
        recursion_count=0,
    )
