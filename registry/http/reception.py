"""Who asks: authentication, and everything else a command needs to know about its request."""

import hmac
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from functools import lru_cache
from hashlib import sha256
from ipaddress import ip_address
from secrets import token_bytes
from time import monotonic, time_ns
from typing import Final, Protocol, TypeVar
from uuid import UUID

import msgspec
from aiohttp import web

from edge.addresses import Ip, Networks, came_secretly, client_address, unmapped
from edge.problems import (
    CHALLENGE,
    UNAUTHENTICATED,
    Problem,
    Refusal,
    of_denial,
    retry_after,
)
from edge.server import language, request_id
from identifiers.changes import RequestKey
from identifiers.limits import Allowance
from identifiers.principals import Account, ApiKey, WrongAddress
from identifiers.relay import Channel, Origin
from registry.access.limits import Rates
from registry.access.logins import Entry
from registry.commands import Asked, Once, change_ids
from registry.effects import principal_name
from registry.http.problems import INSECURE, TOO_OFTEN
from registry.http.replies import Reply, Told, kept
from registry.http.requests import bearer, idempotency_key, request_digest
from registry.keys import KeyRing

A = TypeVar("A")

_DIGEST: Final = b"idnode request digest"
_ASK_AGAIN_SECONDS: Final = 0.5
"""Between two looks at the key of a request that goes on and on."""


NOBODY: Final = Networks(())
ALLOWANCE: Final = web.RequestKey("allowance", Allowance)
"""Where a request keeps what is left to its enterprise."""


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever made a request, and when (epoch milliseconds)."""

    principal: ApiKey | Account
    address: Ip | None
    at: int
    told: Told

    @property
    def enterprise(self) -> int | None:
        """Return whose the caller is; None: the node's."""
        return self.principal.enterprise

    @property
    def name(self) -> str:
        """Return the name under which request keys and imports are kept."""
        return principal_name(self.principal)


class Logins(Protocol):
    """Knows accounts by the tokens that they got when they logged in."""

    def is_token(self, token: str) -> bool:
        """Say whether it has the form of such a token; API keys have another."""
        ...

    async def account(self, token: str, *, now: int, monotonic: float) -> Account | None:
        """Return whose token it is; None for whatever is not in force (`now`: epoch second)."""
        ...


class Reception:
    """Turns requests into callers, and callers into `Asked`.

    Keys are taken over TLS, from the machine itself, or when one of `proxies` says that its client
    came by https; what it says counts over the TLS between it and us (`came_secretly`).
    """

    def __init__(
        self,
        keys: KeyRing,
        proxies: Networks,
        *,
        logins: Logins | None = None,
        trusted: Networks = NOBODY,
        rates: Rates | None = None,
        clock: Callable[[], int] = time_ns,
        steady: Callable[[], float] = monotonic,
        chance: Callable[[int], bytes] = token_bytes,
    ) -> None:
        self.keys = keys
        self._logins = logins
        self._trusted = trusted
        self._rates = rates
        self._proxies = proxies
        self._clock = clock
        self._steady = steady
        self._chance = chance
        self._digest_key = hmac.digest(keys.answer_key, _DIGEST, sha256)

    async def caller(self, request: web.Request) -> Caller:
        """Return who asks.

        Raises `Refusal` (no key or token in force, not from this address, or too often), and
        `StoreUnavailable`.
        """
        caller = await self._known(request)
        trusted = caller.address is None or caller.address in self._trusted
        if self._rates is not None and caller.enterprise is not None and not trusted:
            allowance = await self._rates.take(caller.enterprise, self._steady())
            if allowance is not None:
                request[ALLOWANCE] = allowance
                if allowance.wait:
                    raise Refusal(retry_after(TOO_OFTEN, allowance.wait))
        return caller

    async def _known(self, request: web.Request) -> Caller:
        address = self._address(request)
        at = self._clock() // 1_000_000
        token = bearer(request)
        principal = await self._principal(token, at // 1000)
        if principal is None:
            raise Refusal(Problem(kind=UNAUTHENTICATED, headers=CHALLENGE))
        if isinstance(principal, ApiKey) and not principal.usable_from(address):
            raise Refusal(of_denial(WrongAddress()))
        told = Told(language(request), request_id(request))
        return Caller(principal=principal, address=address, at=at, told=told)

    def entry(self, request: web.Request) -> Entry:
        """Return from where and when somebody comes who is still to be known.

        Raises `Refusal` when what he says travels in the clear.
        """
        address = self._address(request)
        return Entry(
            origin=Origin(
                channel=Channel.HTTP,
                address=address,
                trusted=address is None or address in self._trusted,
                secure=True,
            ),
            at=self._clock() // 1_000_000,
            monotonic=self._steady(),
            request_id=request_id(request),
        )

    async def _principal(self, token: str, now: int) -> ApiKey | Account | None:
        if self._logins is not None and self._logins.is_token(token):
            return await self._logins.account(token, now=now, monotonic=self._steady())
        return await self.keys.principal(token, now=now, monotonic=self._steady())

    async def while_in_force(
        self, request: web.Request, pieces: AsyncIterator[bytes]
    ) -> AsyncGenerator[bytes]:
        """Yield `pieces`, asking again and again, and at their end, whether the key is in force.

        For what has no time limit. Raises `Refusal` as `caller` does.
        """
        due = self._steady()
        async for piece in pieces:
            # Pieces of a body come thousands a second, and keys are cached for longer than this.
            if (now := self._steady()) >= due:
                await self._known(request)
                due = now + _ASK_AGAIN_SECONDS
            yield piece
        await self._known(request)

    def changes(self, caller: Caller, count: int) -> tuple[UUID, ...]:
        """Return ids for `count` changes."""
        return change_ids(caller.at, self._chance, count)

    def asked(
        self, caller: Caller, changes: Sequence[UUID] = (), once: Once[A] | None = None
    ) -> Asked[A]:
        """Return what a command needs to know of its request."""
        return Asked(
            principal=caller.principal,
            address=caller.address,
            request_id=caller.told.request_id,
            at=caller.at,
            changes=tuple(changes),
            once=once,
        )

    def digest(self, request: web.Request, body: bytes) -> bytes:
        """Return by what the same request is known again.

        Bodies hold passwords and secret keys, short ones too: a digest that everybody can make
        would let whoever reads the database find them by trying.
        """
        return self._keyed(request_digest(request, body))

    def once(
        self, request: web.Request, body: bytes, caller: Caller, reply: Callable[[A], Reply]
    ) -> Once[A] | None:
        """Return how to keep the answer to a request; None when it carries no Idempotency-Key."""
        key = idempotency_key(request)
        if key is None:
            return None
        named, unkeyed = RequestKey(caller.name, key), request_digest(request, body)
        digest = self._keyed(unkeyed)
        return Once(
            named, digest, lambda answer: kept(named, digest, reply(answer)), unkeyed=unkeyed
        )

    def _keyed(self, digest: bytes) -> bytes:
        return hmac.digest(self._digest_key, digest, sha256)

    def _address(self, request: web.Request) -> Ip | None:
        """Return who asks. Raises `Refusal` when a key travels in the clear."""
        peer = request.remote
        if not peer:
            return None  # a Unix socket: whoever may open it is on this machine
        forwarded = request.headers.getall("X-Forwarded-For", ())
        said_https = request.headers.get("X-Forwarded-Proto", "").strip().lower() == "https"
        if not came_secretly(
            peer,
            self._proxies,
            tls=request.secure,
            forwarded=bool(forwarded),
            said_https=said_https,
        ):
            raise Refusal(Problem(kind=INSECURE))
        return client_address(peer, forwarded, self._proxies) if forwarded else _parsed(peer)


@lru_cache(maxsize=4096)
def _parsed(peer: str) -> Ip:
    return unmapped(ip_address(peer))


async def tell_allowance(request: web.Request, response: web.StreamResponse) -> None:
    """Say in an answer what is left: draft-ietf-httpapi-ratelimit-headers-10, sections 3 and 4."""
    allowance = request.get(ALLOWANCE)
    if allowance is not None:
        rate = allowance.rate
        response.headers["RateLimit-Policy"] = f'"default";q={rate.requests};w={rate.seconds}'
        response.headers["RateLimit"] = f'"default";r={allowance.remaining};t={allowance.reset}'
