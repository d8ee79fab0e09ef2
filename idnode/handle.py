"""`HandleClient`: the Handle protocol (RFC 3652), UDP first and TCP after it."""

import secrets
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Final, Self

from identifiers.keys.public import Policy
from identifiers.wire.handle import bodies
from identifiers.wire.handle.codes import OpCode, OpFlag
from identifiers.wire.handle.site import Site
from idnode import datagrams, referrals, streams
from idnode.administration import Administrator
from idnode.conversations import Conversations, Question
from idnode.credentials import Credentials
from idnode.following import Following
from idnode.peers import Peer
from idnode.questions import (
    HANDLE_NET,
    Dialect,
    read_site,
    read_verified,
    verification,
)
from idnode.resolution import Resolution
from idnode.transport import Address, Transport

__all__ = ["HandleClient", "Transport"]

MAX_REFERRALS: Final = 10
_PROVED: Final = int(OpFlag.CERTIFY | OpFlag.REQUEST_DIGEST)
"""What has a reply signed; the digest ties the signature to what was asked."""


class HandleClient:
    """Asks one server, and those that it refers to.

    Any number of questions may be asked at once; they share the sockets.

    Args:
        host: a numeric address or a name.
        port: of UDP and TCP; 2641 by registration.
        http: the URL that takes Handle messages; without it, ``http://host:port/``.
        key: the server's public key, HS_PUBKEY data: what certified answers are verified with.
        site: the server's site record, which has that key, from whoever runs the server.
        transport: what questions take that do not say otherwise.
        max_referrals: how many are followed for one question; 0: none, they are the answer.
        dialect: how requests are spoken where clients differ.
        policy: which signatures and digests are strong enough.
        udp_patience: seconds to wait for a reply after each sending.
        tcp_patience: seconds for connecting and for a reply.
        draw: gives request ids, 32 unpredictable bits each: who could guess them could answer.
        chance: gives so many random octets.
        epoch: gives the seconds since 1970.
    """

    def __init__(
        self,
        host: str,
        port: int = 2641,
        *,
        http: str = "",
        key: bytes = b"",
        site: Site | None = None,
        transport: Transport = Transport.UDP_THEN_TCP,
        max_referrals: int = MAX_REFERRALS,
        dialect: Dialect = HANDLE_NET,
        policy: Policy = Policy(),  # noqa: B008 -- frozen
        udp_patience: tuple[float, ...] = datagrams.PATIENCE,
        tcp_patience: float = streams.PATIENCE,
        draw: Callable[[], int] = lambda: secrets.randbits(32),
        chance: Callable[[int], bytes] = secrets.token_bytes,
        epoch: Callable[[], float] = time.time,
    ) -> None:
        shown = f"[{host}]" if ":" in host else host
        if site is not None:
            key = key or referrals.key_of(site, host, port)
        home = Address(
            host=host, udp=port, tcp=port, http=http or f"http://{shown}:{port}/", key=key
        )

        def connect(address: Address) -> Peer:
            return Peer(address, draw=draw, udp_patience=udp_patience, tcp_patience=tcp_patience)

        conversations = Conversations(policy, chance, epoch)
        self._transport: Final = transport
        self._dialect: Final = dialect
        self._chance: Final = chance
        self._following: Final = Following(connect(home), connect, conversations, max_referrals)
        if site is not None:
            self._following.home.site_serial = site.serial

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._following.close()

    async def resolve(
        self,
        handle: str,
        *,
        indexes: Iterable[int] = (),
        types: Iterable[str] = (),
        authoritative: bool = False,
        certified: bool = False,
        follow_aliases: bool = False,
        transport: Transport | None = None,
    ) -> Resolution:
        """Look up `handle`; the filters form a union, and both empty means all public values.

        `authoritative` asks past the server's caches. `certified`: only an answer that the server
        has signed is taken. `follow_aliases`: where the values hold an HS_ALIAS, what it names is
        looked up in its turn. Not found is an answer and no exception.

        Raises `Unreachable`, `Garbled`, `Untrusted`, `Misled` (referrals or aliases that lead
        nowhere), and `Unaskable` for a handle that nobody can be asked about.
        """
        flags = self._dialect.flags
        flags |= OpFlag.AUTHORITATIVE if authoritative else 0
        flags |= _PROVED if certified else 0
        question = Question(
            op_code=OpCode.RESOLUTION,
            body=bodies.Asked(handle, tuple(indexes), tuple(types)),
            flags=flags,
            transport=transport or self._transport,
            certified=certified,
            session_id=self._dialect.session_id,
        )
        return await self._following.look_up(question, handle, follow_aliases=follow_aliases)

    async def site(self, transport: Transport | None = None) -> bytes:
        """Return the server's own HS_SITE record (`identifiers.wire.handle.site` reads it)."""
        question = Question(
            op_code=OpCode.GET_SITE_INFO,
            body=bodies.Named("/"),
            transport=transport or self._transport,
            session_id=self._dialect.session_id,
        )
        return read_site(await self._following.conversations.ask(self._following.home, question))

    async def verify_answer(
        self,
        handle: str,
        index: int,
        signed: bytes,
        nonce: bytes,
        digest: bytes,
        *,
        transport: Transport = Transport.TCP,
    ) -> bool:
        """Ask whether `signed` is the answer of the key ``index:handle`` to a challenge.

        The challenge was somebody else's, with this `nonce` and this `digest` of what was asked of
        him: so he learns who answered without knowing the key, which may be a secret one. Only a
        verdict that the server has signed is taken. Raises as `resolve`, `Declined` when the server
        does not have the key, and `Unaskable` for a nonce and digest that no challenge has.
        """
        question = Question(
            op_code=OpCode.VERIFY_RESPONSE,
            body=verification(handle, index, signed, nonce, digest),
            flags=_PROVED,
            transport=transport,
            certified=True,
            session_id=self._dialect.session_id,
        )
        home = self._following.home
        return read_verified(await self._following.conversations.ask(home, question))

    def administrator(
        self, credentials: Credentials, *, transport: Transport | None = None
    ) -> Administrator:
        """Return who administers in the name of `credentials`, over this client's connections."""
        return Administrator(
            self._following,
            credentials,
            transport=transport or _changing(self._transport),
            dialect=self._dialect,
            chance=self._chance,
        )


def _changing(transport: Transport) -> Transport:
    # A request to change something is best sent just once.
    return Transport.TCP if transport is Transport.UDP_THEN_TCP else transport
