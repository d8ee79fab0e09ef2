"""Posts to addresses that strangers name, and to nothing but the public internet.

A name is resolved once, every address it has is checked, and just those are connected to: what a
name server says a moment later means nothing. No redirect is followed, no proxy asked, and of an
answer no more than its status is used.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from types import TracebackType
from typing import Final, Protocol, Self

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult

from identifiers.webhooks import is_public, url_faults

CONNECT_SECONDS: Final = 5.0
TOTAL_SECONDS: Final = 10.0
_CONNECTIONS: Final = 32
_ANSWER_OCTETS: Final = 1024

Ip = IPv4Address | IPv6Address
LookUp = Callable[[str, int], Awaitable[Sequence[Ip]]]


class Sent(msgspec.Struct, frozen=True):
    """What came of a post. `status` 0: there was no answer, and `error` says why."""

    status: int
    error: str = ""


class Sender(Protocol):
    """Posts a body to a URL. Never raises: that it failed is an answer."""

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> Sent:
        """Post; a few seconds at most."""
        ...


class NotPublic(OSError):
    """A name has an address that is not public."""


async def look_up(host: str, port: int) -> Sequence[Ip]:
    """Return the addresses of a name as this machine knows them. Raises `OSError`."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(str(info[4][0])) for info in found))


class CheckedResolver(AbstractResolver):
    """Gives addresses to connect to, all of which were checked."""

    def __init__(self, look: LookUp = look_up) -> None:
        self._look = look

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a name, none of them private. Raises `OSError`."""
        del family
        addresses = await self._look(host, port)
        refused = [str(address) for address in addresses if not is_public(address)]
        if refused or not addresses:
            raise NotPublic(f"{host} is {', '.join(refused) or 'nowhere'}")
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET if address.version == 4 else socket.AF_INET6,  # noqa: PLR2004
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        """Hold nothing."""


class PublicSender:
    """Sender over HTTPS. `loopback`: this machine may be posted to; for tests."""

    def __init__(self, *, loopback: bool = False, look: LookUp = look_up) -> None:
        self._loopback = loopback
        self._look = look
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(
            resolver=CheckedResolver(self._look),
            use_dns_cache=False,
            force_close=True,
            limit=_CONNECTIONS,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=TOTAL_SECONDS, connect=CONNECT_SECONDS),
            auto_decompress=False,
            trust_env=False,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> Sent:
        """Post a body; a few seconds at most. Never raises."""
        if self._session is None:
            raise RuntimeError("enter it first")
        if url_faults(url, loopback=self._loopback):
            # A literal address never comes to the resolver, and rules may be stricter by now.
            return Sent(0, "the target is not one that may be told")
        try:
            async with self._session.post(
                url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                await answer.content.read(_ANSWER_OCTETS)
                return Sent(answer.status)
        except TimeoutError:
            return Sent(0, "it took too long")
        except (aiohttp.ClientError, OSError) as why:
            return Sent(0, _told(why))


def _told(why: Exception) -> str:
    """Return an error without addresses: which there are behind a name is nobody's business."""
    cause: BaseException | None = why
    while cause is not None:
        if isinstance(cause, NotPublic):
            return "the name has an address that is not public"
        cause = cause.__cause__ or cause.__context__
    return type(why).__name__
