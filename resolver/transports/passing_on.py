"""Requests of the REST form that need somebody to be known: to the registry, and back.

Only the headers that the REST form knows are passed on: what our own processes tell each other is
no client's to say.
"""

from collections.abc import Callable
from typing import Final

from aiohttp import hdrs, web

from edge.bodies import read_body
from edge.problems import BAD_REQUEST, Problem, Refusal
from edge.server import limit_time, request_id
from identifiers.errors import FateUnknown, StoreUnavailable
from identifiers.relay import HttpAnswer, HttpRequest
from identifiers.wire import jsonform
from identifiers.wire.handle.codes import ResponseCode
from identifiers.wire.restform import JSON
from resolver.clients import Client
from resolver.counters import Counters, Result, Transport
from resolver.ports import Authority
from resolver.transports.admission import Admission
from resolver.transports.pages import ANYBODY
from resolver.transports.rest import NO_LOGIN

BODY_LIMIT: Final = 1024 * 1024
SECONDS: Final = 20.0
"""For an answer of the registry, also while its process is being replaced."""
PASSED_ON: Final = frozenset(
    {
        *("accept", "accept-language", "authorization", "content-type", "idempotency-key"),
        *("if-match", "if-none-match", "origin"),
    }
)
_RETRY_SECONDS: Final = "2"
_AWAY: Final = "the registry is away or has too much to do; nothing was done"
_LOST: Final = "the answer was lost: look whether it was done before you try again"


class PassingOn:
    """The handler. Without an authority everything needs a login that is not offered."""

    def __init__(
        self,
        authority: Authority | None,
        admission: Admission,
        counters: Counters,
        clock: Callable[[], float],
    ) -> None:
        self._authority = authority
        self._admission = admission
        self._counters = counters
        self._clock = clock

    async def let_in_and_answer(self, request: web.Request) -> web.Response:
        """Answer a request that was not let in yet."""
        with self._admission.let_in(request, self._clock()) as client:
            return await self.answer(request, client)

    async def answer(self, request: web.Request, client: Client) -> web.Response:
        """Answer a request that was let in."""
        began = self._clock()
        if self._authority is None:
            self._count(Result.UNSUPPORTED, began)
            return _told(ResponseCode.OPERATION_NOT_SUPPORTED, NO_LOGIN)
        if not request.raw_path.startswith("/"):
            raise Refusal(Problem(kind=BAD_REQUEST))
        passed_on = HttpRequest(
            method=request.method,
            target=request.raw_path,
            headers=(*_headers(request), ("X-Request-Id", request_id(request))),
            body=await read_body(request, BODY_LIMIT),
        )
        limit_time(request, SECONDS)
        origin = self._admission.origin(request, client)
        try:
            answer = await self._authority.http(passed_on, origin)
        except (StoreUnavailable, FateUnknown) as error:
            self._count(Result.UNAVAILABLE, began)
            why = _AWAY if isinstance(error, StoreUnavailable) else _LOST
            return _told(ResponseCode.SERVER_BUSY, why)
        self._count(Result.FORWARDED, began)
        return _passed_back(answer)

    def _count(self, result: Result, began: float) -> None:
        now = self._clock()
        self._counters.answered(Transport.HTTP, result, now - began, now)


def _headers(request: web.Request) -> list[tuple[str, str]]:
    # Octets that are no UTF-8 come as lone surrogates, and cannot be sent on.
    return [
        (name, value)
        for name, value in request.headers.items()
        if name.lower() in PASSED_ON and value.isprintable()
    ]


def _passed_back(answer: HttpAnswer) -> web.Response:
    names = {name.lower() for name, _ in answer.headers}
    allowed = [(name, value) for name, value in ANYBODY if name.lower() not in names]
    return web.Response(status=answer.status, body=answer.body, headers=[*answer.headers, *allowed])


def _told(code: ResponseCode, message: str) -> web.Response:
    document = {"responseCode": int(code), "message": message}
    headers = [*ANYBODY, (hdrs.CONTENT_TYPE, JSON)]
    if code is ResponseCode.SERVER_BUSY:
        headers.append((hdrs.RETRY_AFTER, _RETRY_SECONDS))
    return web.Response(status=503, body=jsonform.write_json(document), headers=headers)
