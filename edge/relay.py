"""From a worker to the registry process: the port ``resolver.ports.Authority``, over a Unix socket.

HTTP, because both ends have it: a Handle message is posted to `MESSAGE_PATH` as `MEDIA_TYPE`, as
clients tunnel it, and is answered with one or more whole messages; a request of the REST form is
passed on as it came. `ORIGIN` tells where a request came from. It is believed because only this
user may connect to the socket (mode 0600), so nobody else's may ever be passed on.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import Final, Self
from urllib.parse import quote_from_bytes

import aiohttp
import msgspec
from aiohttp import hdrs, web
from yarl import URL

from edge.problems import BAD_REQUEST, FATE_UNKNOWN, Problem, Refusal
from edge.server import Limits
from identifiers.errors import FateUnknown, StoreUnavailable
from identifiers.relay import Channel, HttpAnswer, HttpRequest, Origin
from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle.framing import NEED_DATA, TcpFramer

ORIGIN: Final = "Idnode-Origin"
OURS: Final = "idnode-"
"""What the names of headers between our own processes begin with, in lower case."""
MESSAGE_PATH: Final = "/message"
MEDIA_TYPE: Final = "application/x-hdl-message"
ANSWER_OCTETS: Final = 16 << 20
"""Longest body of an answer to `RelayedAuthority.http`."""
MAX_CERTIFICATE: Final = 32 * 1024
"""Octets of a client's certificate that can be passed on."""
SERVER_LIMITS: Final = Limits(idle=60.0, field_octets=64 * 1024)
"""For ``edge.server.serve`` at the registry's end."""

_HOST: Final = "http://registry"
_ASCII: Final = bytes(range(0x21, 0x7F))
# Of one connection (RFC 9110 7.6.1), or written anew by whoever sends it.
_NOT_PASSED_ON: Final = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}
)


class RelayBounds(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one worker's way to the registry; seconds and counts."""

    connections: int = 64
    """Requests that the registry works on at one time."""
    waiting: int = 256
    """Requests beyond these that wait for their turn; further ones are refused at once."""
    turn: float = 5.0
    """For a connection, also while a registry process that ended is being replaced."""
    silence: float = 10.0
    """Until the answer, and between two parts of one."""
    whole: float = 300.0
    """From the request to the last message of an answer that has many."""


class _Sent(msgspec.Struct, omit_defaults=True):
    """`Origin` as JSON knows it."""

    channel: Channel
    trusted: bool
    secure: bool
    address: str = ""
    connection: str = ""
    certificate: bytes = b""
    login_first: bool = False


_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(_Sent)


class RelayedAuthority:
    """The registry process as a worker knows it (`resolver.ports.Authority`); to be entered.

    Both calls raise `StoreUnavailable` when nothing can have happened: the registry cannot be
    reached, or too much is under way. They raise `FateUnknown` when the request was sent and its
    answer did not come whole.
    """

    def __init__(self, path: str, bounds: RelayBounds = RelayBounds()) -> None:  # noqa: B008 -- frozen
        self._path = path
        self._bounds = bounds
        self._under_way = 0
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        bounds = self._bounds
        self._session = aiohttp.ClientSession(
            connector=aiohttp.UnixConnector(
                self._path,
                limit=bounds.connections,
                # Shorter than at the other end, so that no request meets a connection's end.
                keepalive_timeout=SERVER_LIMITS.idle / 2,
            ),
            timeout=aiohttp.ClientTimeout(
                total=None, connect=bounds.turn, sock_read=bounds.silence
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=(
                *(hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.CONTENT_TYPE, hdrs.USER_AGENT),
            ),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    @property
    def under_way(self) -> int:
        """How many requests are on their way or wait for their turn."""
        return self._under_way

    async def message(self, request: bytes, origin: Origin) -> AsyncIterator[bytes]:
        """Yield the reply to a Handle message as one or more whole messages."""
        headers = [(ORIGIN, written(origin)), (hdrs.CONTENT_TYPE, MEDIA_TYPE)]
        target = URL(_HOST + MESSAGE_PATH)
        async with self._asked(hdrs.METH_POST, target, headers, request) as answer:
            if answer.status != web.HTTPOk.status_code:
                raise _not_answered(answer.status, await answer.content.read(ANSWER_OCTETS))
            async for message in _messages(answer.content, self._bounds.whole):
                yield message

    async def http(self, request: HttpRequest, origin: Origin) -> HttpAnswer:
        """Answer a request of the REST form, whatever its status."""
        # Whoever passes requests on chooses what of them; this much is never a client's to say.
        theirs = (pair for pair in request.headers if not pair[0].lower().startswith(OURS))
        headers = [(ORIGIN, written(origin)), *theirs]
        octets = request.target.encode("utf-8", "surrogateescape")
        target = URL(_HOST + quote_from_bytes(octets, _ASCII), encoded=True)
        # The answer to HEAD says how long a body would be that does not come.
        head = request.method == hdrs.METH_HEAD
        left_out = _NOT_PASSED_ON - {"content-length"} if head else _NOT_PASSED_ON
        async with self._asked(request.method, target, headers, request.body) as answer:
            return HttpAnswer(
                status=answer.status,
                headers=tuple(
                    (name, value)
                    for name, value in answer.headers.items()
                    if name.lower() not in left_out
                ),
                body=await _whole(answer.content),
            )

    @asynccontextmanager
    async def _asked(
        self, method: str, target: URL, headers: Sequence[tuple[str, str]], body: bytes
    ) -> AsyncGenerator[aiohttp.ClientResponse]:
        bounds = self._bounds
        if self._session is None or self._under_way >= bounds.connections + bounds.waiting:
            raise StoreUnavailable("the registry has too much to do")
        self._under_way += 1
        try:
            async with self._session.request(
                method, target, headers=headers, data=body or None, allow_redirects=False
            ) as answer:
                yield answer
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise StoreUnavailable("the registry cannot be reached") from error
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise FateUnknown("the registry's answer was lost") from error
        finally:
            self._under_way -= 1


async def _messages(stream: aiohttp.StreamReader, seconds: float) -> AsyncIterator[bytes]:
    clock = asyncio.get_running_loop().time
    until = clock() + seconds
    framer = TcpFramer()
    try:
        async for piece in stream.iter_any():
            framer.feed(piece)
            while (message := framer.next_message()) is not NEED_DATA:
                yield message
            if clock() > until:
                raise FateUnknown("the registry's answer did not end in time")
    except ProtocolError as error:
        raise FateUnknown("the registry's answer cannot be read") from error
    if framer.buffered:
        raise FateUnknown("the registry's answer was cut")


async def _whole(stream: aiohttp.StreamReader) -> bytes:
    pieces, size = [], 0
    async for piece in stream.iter_any():
        pieces.append(piece)
        size += len(piece)
        if size > ANSWER_OCTETS:
            raise FateUnknown(f"the registry's answer has more than {ANSWER_OCTETS} octets")
    return b"".join(pieces)


def _not_answered(status: int, body: bytes) -> StoreUnavailable | FateUnknown:
    busy = status in {web.HTTPTooManyRequests.status_code, web.HTTPServiceUnavailable.status_code}
    if busy and FATE_UNKNOWN.type.encode() not in body:
        return StoreUnavailable("the registry is busy")
    return FateUnknown(f"the registry failed (status {status})")


def written(origin: Origin) -> str:
    """Return the value of the header `ORIGIN`; a certificate of unusual length is left out."""
    certificate = origin.certificate if len(origin.certificate) <= MAX_CERTIFICATE else b""
    sent = _Sent(
        channel=origin.channel,
        trusted=origin.trusted,
        secure=origin.secure,
        address="" if origin.address is None else str(origin.address),
        connection=origin.connection,
        certificate=certificate,
        login_first=origin.login_first,
    )
    return _encoder.encode(sent).decode()


def origin_of(request: web.BaseRequest) -> Origin:
    """Return where a request that a worker handed on came from. Raises `Refusal` without that.

    Only for what is served on the relay's own socket: elsewhere anybody could write the header.
    """
    told = request.headers.getall(ORIGIN, ())
    try:
        if len(told) != 1:
            raise Refusal(Problem(kind=BAD_REQUEST, detail=f"one {ORIGIN} header is needed"))
        sent = _decoder.decode(told[0])
        address = ip_address(sent.address) if sent.address else None
    except ValueError:
        raise Refusal(Problem(kind=BAD_REQUEST, detail=f"{ORIGIN} cannot be read")) from None
    return Origin(
        channel=sent.channel,
        address=address,
        trusted=sent.trusted,
        secure=sent.secure,
        connection=sent.connection,
        certificate=sent.certificate,
        login_first=sent.login_first,
    )
