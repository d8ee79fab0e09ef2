"""Handle messages through HTTP: POST of ``application/x-hdl-message`` to any path.

The same exchange as over UDP and TCP; an answer of several messages is their concatenation.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from edge.bodies import read_body
from edge.problems import BAD_REQUEST, Problem, Refusal
from edge.relay import MEDIA_TYPE
from edge.streams import stream
from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle import envelope
from identifiers.wire.handle.codes import MAX_MESSAGE_BYTES
from resolver.clients import Client
from resolver.counters import Counters, Event, Transport
from resolver.transports.admission import Admission
from resolver.transports.desk import Pace
from resolver.transports.handle import START, HandleExchange, Pending, Reply, Silence

_MOST: Final = envelope.SIZE + MAX_MESSAGE_BYTES


class HandleTunnel:
    """The handler. `clock` is monotonic."""

    def __init__(
        self,
        exchange: HandleExchange,
        admission: Admission,
        counters: Counters,
        clock: Callable[[], float],
        pace: Pace = Pace(),  # noqa: B008 -- frozen
    ) -> None:
        self._exchange = exchange
        self._admission = admission
        self._counters = counters
        self._clock = clock
        self._most_here = envelope.SIZE + pace.message_octets

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a message."""
        began = self._clock()
        with self._admission.let_in(request, began) as client:
            asked = await read_body(request, _MOST)
            began = self._clock()
            if len(asked) > self._most_here and not self._exchange.takes_long(asked[:START]):
                error = ProtocolError("Message is too long")
                return self._whole(self._exchange.unreadable(error, began), began)
            answer = self._exchange.at_once(asked, client, began)
            if isinstance(answer, Silence):
                # Here somebody waits for an answer, so they are told that there is none.
                self._counters.happened(Event.DROPPED_RESPONSE)
                raise Refusal(Problem(kind=BAD_REQUEST, detail="This is no request."))
            if isinstance(answer, Reply):
                return self._whole(answer, began)
            return await self._later(request, answer, client, began)

    async def _later(
        self, request: web.Request, pending: Pending, client: Client, began: float
    ) -> web.StreamResponse:
        replies = self._exchange.replies(
            pending, client, began, lambda: self._admission.origin(request, client)
        )
        async with aclosing(replies):
            first = await anext(replies, None)
            if first is None:
                return web.Response(body=b"", content_type=MEDIA_TYPE)
            second = await anext(replies, None)
            if second is None:
                return self._whole(first, began)
            return await stream(request, MEDIA_TYPE, self._all(first, second, replies, began))

    async def _all(
        self, first: Reply, second: Reply, rest: AsyncIterator[Reply], began: float
    ) -> AsyncGenerator[bytes]:
        for reply in (first, second):
            yield self._counted(reply, began)
        async for reply in rest:
            yield self._counted(reply, began)

    def _whole(self, reply: Reply, began: float) -> web.Response:
        return web.Response(body=self._counted(reply, began), content_type=MEDIA_TYPE)

    def _counted(self, reply: Reply, began: float) -> bytes:
        now = self._clock()
        self._counters.answered(Transport.HTTP, reply.result, now - began, now)
        return reply.data


def tunnelled(tunnel: HandleTunnel) -> Middleware:
    """Return what takes Handle messages out of the requests of an application, on any path."""

    @web.middleware
    async def take_out(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == hdrs.METH_POST and request.content_type == MEDIA_TYPE:
            return await tunnel.answer(request)
        return await handler(request)

    return take_out
