"""HTTP connections: aiohttp's, with what is ours about them."""

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Any, Final, cast

import structlog
from aiohttp import web

from edge.addresses import Networks
from edge.connections import Connections
from edge.farewell import Farewell
from edge.heads import Ends
from edge.short_cut import ShortCut

_MOST_TOLD: Final = 160
"""Characters of what a stranger sent that go into the log."""
_INSIDE: Final = frozenset(
    {"_waiter", "_messages", "_close", "_force_close", "_paused", "_next_keepalive_close_time"}
)
"""What the short cut looks at in aiohttp's connection, beside what it promises."""
_log = structlog.get_logger(__name__)


class Connection(web.RequestHandler):
    """A connection. What its parser refuses is told by `refuse`, as a problem document."""

    __slots__ = ("_connections", "_counted", "_farewell", "_refuse", "_trusted", "_trusted_idle")

    def __init__(
        self,
        server: web.Server,
        *,
        trusted: Networks,
        trusted_idle: float,
        connections: Connections | None,
        farewell: Farewell,
        refuse: Callable[[web.BaseRequest], web.Response],
        **options: Any,
    ) -> None:
        super().__init__(server, **options)
        self._trusted = trusted
        self._trusted_idle = trusted_idle
        self._connections = connections
        self._farewell = farewell
        self._refuse = refuse
        self._counted = ""

    @property
    def ends(self) -> bool:
        """Whether the answer that is being made is the last one: no other request has come."""
        return self._farewell.begun and not self._messages

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection, or cut it when it is one too many."""
        peer = transport.get_extra_info("peername")
        if peer and self._trusted.trusts(peer[0]):
            self._keepalive_timeout = self._trusted_idle  # read when the timer is set, below
        super().connection_made(transport)
        if not peer or self._connections is None:
            return
        if self._connections.begin(peer[0]):
            self._counted = peer[0]
        else:
            cast("asyncio.Transport", transport).abort()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Count it no longer."""
        if self._connections is not None and self._counted:
            self._connections.end(self._counted)
            self._counted = ""
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what was no request. What aiohttp made of it is logged only."""
        if isinstance(exc, ConnectionError):
            raise exc  # ends the connection without a word
        why = (message or repr(exc)).partition("\n")[0][:_MOST_TOLD]
        _log.info("not HTTP", remote=request.remote, status=status, why=why)
        response = self._refuse(request)
        response.force_close()
        return response


class ShortCutConnection(Connection):
    """A connection on which plain requests that come again are answered at once.

    Only while the one before is answered and nothing of the next has come, so no answer overtakes
    another; and only while the peer takes its answers.
    """

    __slots__ = ("_client", "_ends", "_short_cut")

    def __init__(self, server: web.Server, *, short_cut: ShortCut, **options: Any) -> None:
        super().__init__(server, **options)
        self._short_cut = short_cut
        self._client: Any = None
        self._ends = Ends()

    @property
    def ends(self) -> bool:
        """As in `Connection`; nor has the beginning of another one come."""
        return super().ends and self._ends.between

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note who asks."""
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        if peer:
            self._client = self._short_cut.client(peer[0])
        else:
            self._ends.lose()  # it has gone again already

    def data_received(self, data: bytes) -> None:
        """Answer what can be answered at once, and hand on the rest."""
        if (
            self._ends.between
            and not self._farewell.begun  # answers then say that the connection ends
            and self._waiter is not None  # a request is waited for: none is in progress
            and not (self._messages or self._paused or self._force_close or self._close)
            and (transport := self.transport) is not None
        ):
            now = monotonic()  # what the loop's time is too
            answers, taken = self._short_cut.take(data, self._client, now)
            if taken:
                transport.write(answers)
                self._next_keepalive_close_time = now + self._keepalive_timeout
                if taken == len(data):
                    return
                data = data[taken:]
        self._ends.feed(data)
        super().data_received(data)


def short_cut_possible() -> bool:
    """Say whether aiohttp's connection is inside as `ShortCutConnection` knows it."""
    slots = {name for kind in web.RequestHandler.__mro__ for name in getattr(kind, "__slots__", ())}
    return slots >= _INSIDE
