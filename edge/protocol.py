"""HTTP connections: aiohttp's, with what is ours about them."""

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Any, Final, cast

import structlog
from aiohttp import web
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader

from edge.addresses import Networks
from edge.connections import Connections
from edge.farewell import Farewell
from edge.heads import END, Ends
from edge.short_cut import ShortCut

_MOST_TOLD: Final = 160
"""Characters of what a stranger sent that go into the log."""
_TOGETHER: Final = 64
"""Connections whose answers are made before they are written: what these take is bounded."""
_HEADS: Final = 32
"""Heads of one piece that are handed on one by one; as many requests aiohttp keeps at a time."""
_INSIDE: Final = frozenset(
    {"_waiter", "_messages", "_close", "_force_close", "_paused", "_next_keepalive_close_time"}
)
"""What the short cut looks at in aiohttp's connection, beside what it promises."""
_log = structlog.get_logger(__name__)


class Connection(web.RequestHandler):
    """A connection. What its parser refuses is told by `refuse`, as a problem document."""

    __slots__ = (
        "_connections",
        "_counted",
        "_farewell",
        "_heard",
        "_last_body",
        "_last_came",
        "_parting",
        "_refuse",
        "_trusted",
        "_trusted_idle",
    )

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
        self._heard = False
        self._last_came = False
        self._last_body: StreamReader = EMPTY_PAYLOAD
        self._parting: asyncio.TimerHandle | None = None

    @property
    def ends(self) -> bool:
        """Whether the answer that is being made is the last one: no other request has come."""
        return (self._farewell.begun or self._last_came) and not self._messages

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
        if self._parting is not None:
            self._parting.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Hand on requests head by head.

        With an error aiohttp forgets all that the same piece began with. What stands behind a
        request that says "close" is one to its parser; it must not cost that request its answer,
        and gets none itself (RFC 9112 section 9.6).
        """
        start = 0
        for _ in range(_HEADS):
            end = data.find(END, start) + len(END)
            if not len(END) <= end < len(data):
                break
            self._parse(data[start:end])
            start = end
        self._parse(data[start:])

    def eof_received(self) -> bool:  # type: ignore[override] # asyncio's; aiohttp always closes
        """Answer what came whole, then close: who half-closes reads on (RFC 9293 section 3.6).

        TLS knows no such state here.
        """
        if self._parting is not None:
            return False
        idle = not self._messages and (self._waiter is not None or not self._request_count)
        if idle or not self._last_body.is_eof() or self.ssl_context is not None:
            return False
        self._heard = True
        self._end_with_last()
        return True

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Write what is left of an answer; after the last one, part."""
        told, reset = await super().finish_response(request, resp, start_time)
        if not (told.keep_alive or reset):
            self._part()
        return told, reset

    def log_exception(self, *args: Any, **options: Any) -> None:
        """Log what aiohttp did not expect, but for a broken body that nobody wanted."""
        if not isinstance(options.get("exc_info"), web.RequestPayloadError):
            super().log_exception(*args, **options)

    def _parse(self, piece: bytes) -> None:
        super().data_received(piece)
        if not self._messages or (body := self._messages[-1][1]) is self._last_body:
            return
        if self._last_body.is_eof():
            self._last_body = body
            return
        # Behind a body without its end comes an error in it and nothing else. aiohttp tells that
        # after the request's answer, for which somebody still waits for the rest of the body.
        self._messages.pop()
        self._last_body.set_exception(web.RequestPayloadError("the body is broken"))
        self._end_with_last()

    def _part(self) -> None:
        """Close in stages (RFC 9112 section 9.6).

        What comes on a closed connection resets it, and all that the peer has not been sent yet is
        lost. So nothing more is said, but what comes is read and dropped until the peer closes.
        """
        transport = self.transport
        if self._heard or transport is None or transport.is_closing():
            return
        if not transport.can_write_eof():  # TLS
            return
        self._force_close = True  # so nothing more is parsed; and that aiohttp does not close
        transport.write_eof()
        transport.resume_reading()
        self._parting = self._loop.call_later(self._lingering_time, self._part_for_good)

    def _part_for_good(self) -> None:
        transport = self.transport
        if transport is None:
            return
        if transport.get_write_buffer_size():  # the answer is still being taken
            self._parting = self._loop.call_later(self._lingering_time, self._part_for_good)
        else:
            transport.close()

    def _end_with_last(self) -> None:
        """Close with the answer to the last request that came."""
        self._last_came = True
        if not self._messages:
            self.close()  # with the answer that is being made; else the last one says so (`ends`)

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


class Turn:
    """What came on the connections of a listener in one turn of the loop, answered together.

    All is read, then all is answered, then all is written. A processor keeps at hand the
    instructions of one of these, not of all three: done for each request in turn, each time they
    would have to be fetched anew.
    """

    def __init__(self, short_cut: ShortCut) -> None:
        self.short_cut: Final = short_cut
        self._came: list[ShortCutConnection] = []

    def add(self, connection: "ShortCutConnection") -> None:
        """Have `connection` answer when all that has come is read."""
        came = self._came
        if not came:
            asyncio.get_running_loop().call_soon(self._end)
        came.append(connection)

    def _end(self) -> None:
        came = self._came.copy()
        self._came.clear()
        now = monotonic()  # what the loop's time is too
        try:
            self._answer_all(came, now)
        except Exception as error:  # noqa: BLE001 -- nobody is to wait for what will not come
            for connection in came:
                if connection.piece:
                    connection.fail(error)

    def _answer_all(self, came: "list[ShortCutConnection]", now: float) -> None:
        self.short_cut.begin(now)
        for at in range(0, len(came), _TOGETHER):
            some = came[at : at + _TOGETHER]
            if len(some) > 1:
                self._answer(some, now)
            for connection in some:
                if connection.piece:
                    try:
                        connection.answer(now)
                    except Exception as error:  # noqa: BLE001 -- the others are to be answered
                        connection.fail(error)
        self.short_cut.end(now)

    def _answer(self, came: "list[ShortCutConnection]", now: float) -> None:
        """Answer the usual case, one whole request of a known kind, for all together."""
        free = [connection for connection in came if connection.free()]
        asked = [(connection.piece, connection.client) for connection in free]
        for connection, answer in zip(free, self.short_cut.answers(asked, now), strict=True):
            if answer is not None:
                try:
                    connection.tell(answer, now)
                except Exception as error:  # noqa: BLE001 -- as above
                    connection.fail(error)


class ShortCutConnection(Connection):
    """A connection on which plain requests that come again are answered at once.

    Only while the one before is answered and nothing of the next has come, so no answer overtakes
    another; and only while the peer takes its answers.
    """

    __slots__ = ("_ends", "_short_cut", "_turn", "client", "piece")

    def __init__(self, server: web.Server, *, turn: Turn, **options: Any) -> None:
        super().__init__(server, **options)
        self._turn = turn
        self._short_cut = turn.short_cut
        self._ends = Ends()
        self.client: Any = None
        """Who asks."""
        self.piece = b""
        """What has come in this turn, whole requests before it, and is not answered."""

    @property
    def ends(self) -> bool:
        """As in `Connection`; nor has the beginning of another one come."""
        return super().ends and (self._last_came or (self._ends.between and not self.piece))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note who asks."""
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        if peer:
            self.client = self._short_cut.client(peer[0])
        else:
            self._ends.lose()  # it has gone again already

    def connection_lost(self, exc: BaseException | None) -> None:
        """Answer nobody."""
        self.piece = b""
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Have it answered in this turn, if it may be the beginning of a request."""
        if data and not self.piece and self._ends.between:
            self.piece = data
            self._turn.add(self)
            return
        if data:  # aiohttp asks for what it holds itself with nothing
            self._answer_now()
        self._hand_on(data)

    def eof_received(self) -> bool:  # type: ignore[override] # as above
        """Answer what came before the end."""
        self._answer_now()
        return super().eof_received()

    def free(self) -> bool:
        """Say whether what has come may be answered at once."""
        return (
            bool(self.piece)
            and self._ends.between
            and not self._farewell.begun  # answers then say that the connection ends
            and self._waiter is not None  # a request is waited for: none is in progress
            and not (self._messages or self._paused or self._force_close or self._close)
            and self.transport is not None
        )

    def tell(self, answer: bytes, now: float) -> None:
        """Write the answer to all that has come; for who is `free`."""
        self.piece = b""
        self._next_keepalive_close_time = now + self._keepalive_timeout
        cast("asyncio.Transport", self.transport).write(answer)

    def answer(self, now: float) -> None:
        """Answer what can be answered at once of what has come, and hand on the rest."""
        data = self.piece
        if self.free():
            answers, taken = self._short_cut.take(data, self.client, now)
            if taken:
                self.tell(answers, now)
                if taken == len(data):
                    return
                data = data[taken:]
        self.piece = b""
        self._hand_on(data)

    def fail(self, error: Exception) -> None:
        """Cut the connection after an error that nobody expected."""
        transport = self.transport
        if transport is None or transport.is_closing():
            return  # what failed is that it is not there any more
        _log.error("connection cut", exc_info=error)
        transport.abort()

    def _answer_now(self) -> None:
        if self.piece:
            now = monotonic()
            self._short_cut.begin(now)
            self.answer(now)
            self._short_cut.end(now)

    def _hand_on(self, data: bytes) -> None:
        self._ends.feed(data)
        super().data_received(data)


def short_cut_possible() -> bool:
    """Say whether aiohttp's connection is inside as `ShortCutConnection` knows it."""
    slots = {name for kind in web.RequestHandler.__mro__ for name in getattr(kind, "__slots__", ())}
    return slots >= _INSIDE
