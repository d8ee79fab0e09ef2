"""An aiohttp application served on sockets that were opened elsewhere.

`serve` puts one frame around every request, also those that no route or no parser accepts: a
request id, the time limit, the refusal of encoded bodies, and the translation of errors into
problem documents. Handlers return answers or raise; they never write an error themselves.
"""

import asyncio
import re
import secrets
import ssl
import time
from collections.abc import Awaitable, Callable, Iterable
from socket import socket
from typing import Any, Final

import aiohttp
import msgspec
import structlog
from aiohttp import hdrs, http_parser, web
from structlog.contextvars import bind_contextvars

from edge import problems
from edge.addresses import NOBODY, Networks
from edge.connections import Connections
from edge.deadlines import Deadline
from edge.farewell import Farewell
from edge.language import preferred
from edge.problems import Problem, problem_of, retry_after
from edge.protocol import Connection, ShortCutConnection, Turn, short_cut_possible
from edge.short_cut import AtOnce, ShortCut
from identifiers.faults import Language

REQUEST_ID: Final = web.RequestKey("request_id", str)
_DEADLINE: Final = web.RequestKey("deadline", Deadline)
_SANE_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_BACKLOG: Final = 1024

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Observe = Callable[[web.BaseRequest, int, float], None]
"""Is told a request that the application saw, its status and the seconds that it took."""
_log = structlog.get_logger(__name__)


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Times in seconds, and a count (`assurance` R-DOS-3)."""

    idle: float = 15.0
    """A connection without a request, or with one whose header does not end."""
    trusted_idle: float = 600.0
    """The same from a trusted network: gateways keep pools of connections."""
    handler: float = 10.0
    """From the end of the body to the answer; handlers that stream lift it (`lift_time_limit`)."""
    linger: float = 5.0
    """What is left of a body whose answer is given already is read and dropped for so long, and so
    is what comes behind the last answer."""
    drain: float = 10.0
    """What requests in progress get when the listener is closed."""
    in_flight: int = 1024
    """Requests in progress at one time, whoever asks; more are answered 503 at once."""
    field_octets: int = 8190
    """Longest header field."""


DEFAULT_LIMITS: Final = Limits()


def request_id(request: web.BaseRequest) -> str:
    """Return the request's id: the client's X-Request-Id when it is sane, else one made here."""
    if REQUEST_ID not in request:
        asked = request.headers.get("X-Request-Id", "")
        request[REQUEST_ID] = asked if _SANE_ID.fullmatch(asked) else secrets.token_hex(8)
    return request[REQUEST_ID]


def language(request: web.BaseRequest) -> Language:
    """Return the language in which the client is answered."""
    return preferred(request.headers.get(hdrs.ACCEPT_LANGUAGE, ""))


def lift_time_limit(request: web.BaseRequest) -> None:
    """Let this request take as long as it takes; it must bound its waits itself."""
    limit_time(request, None)


def limit_time(request: web.BaseRequest, seconds: float | None) -> None:
    """Give this request so many seconds from now."""
    if (deadline := request.get(_DEADLINE)) is not None:
        deadline.reschedule(seconds)


def answer_problem(request: web.BaseRequest, problem: Problem) -> web.Response:
    """Return the answer that tells a problem in the client's language."""
    return web.Response(
        status=problem.status,
        body=problem.encoded(language(request), request_id(request)),
        headers=[*problem.headers, (hdrs.CONTENT_TYPE, problems.MEDIA_TYPE)],
    )


def dress(request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Set the headers that every answer has; a handler that streams calls this before it begins."""
    if isinstance(request.protocol, Connection) and request.protocol.ends:
        response.force_close()
    headers = response.headers
    headers["Server"] = "idnode"
    headers["X-Request-Id"] = request_id(request)
    headers["X-Content-Type-Options"] = "nosniff"
    if hdrs.CACHE_CONTROL not in headers and (
        hdrs.AUTHORIZATION in request.headers or response.status >= web.HTTPBadRequest.status_code
    ):
        headers[hdrs.CACHE_CONTROL] = "no-store"


async def serve(
    app: web.Application,
    sockets: Iterable[socket],
    *,
    tls: ssl.SSLContext | None = None,
    limits: Limits = DEFAULT_LIMITS,
    trusted: Networks = NOBODY,
    log_requests: bool = False,
    turned_away: Callable[[], None] = lambda: None,
    connections: Connections | None = None,
    at_once: AtOnce | None = None,
    observe: Observe = lambda *_: None,
) -> "Runner":
    """Serve `app` on bound sockets; `await runner.cleanup()` drains and closes.

    Where another process serves on, `edge.farewell.leave(runner)` goes before that.

    `trusted` peers may keep idle connections for longer. `turned_away` is called for each request
    that was one too many. `connections` bounds how many are open, also those that TLS is added to.
    `at_once` answers plain requests that come again before the application sees them; they are
    not among those in progress, since they never wait. `observe` is told of what the application
    answers.

    Raises RuntimeError without aiohttp's C parser: the Python one is slower and laxer.
    """
    if http_parser.HttpRequestParser is http_parser.HttpRequestParserPy:
        raise RuntimeError("aiohttp's C parser is missing: install it from a wheel")
    # A request that is answered before it is one cannot be logged as one.
    short_cut = None if at_once is None or log_requests else _short_cut(at_once)
    runner = Runner(
        app,
        limits,
        trusted,
        turned_away,
        connections=connections,
        short_cut=short_cut,
        log_requests=log_requests,
        observe=observe,
    )
    await runner.setup()
    try:
        for bound in sockets:
            await web.SockSite(runner, bound, ssl_context=tls, backlog=_BACKLOG).start()
    except BaseException:
        await runner.cleanup()
        raise
    return runner


def _short_cut(at_once: AtOnce) -> ShortCut | None:
    if short_cut_possible():
        return ShortCut(at_once, time.time)
    _log.warning("another aiohttp than was tested with: no short cut", version=aiohttp.__version__)
    return None


class _Frame:
    """What happens around every handler."""

    def __init__(
        self,
        inner: Handler,
        limits: Limits,
        turned_away: Callable[[], None],
        *,
        log_requests: bool,
        observe: Observe,
    ) -> None:
        self._inner = inner
        self._limits = limits
        self._turned_away = turned_away
        self._in_flight = 0
        # Bound once: to find out that nobody wants a line costs as much as to route the request.
        self._log = _log.bind() if log_requests else None
        self._observe = observe

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        if self._in_flight >= self._limits.in_flight:
            self._turned_away()
            refusal = answer_problem(request, retry_after(problems.OVERLOADED, 1))
            dress(request, refusal)
            return refusal
        # aiohttp runs each request in a task, so what is bound here ends with the request.
        bind_contextvars(request_id=request_id(request))
        began = time.monotonic()
        if hdrs.CONTENT_ENCODING in request.headers:
            told: web.StreamResponse = answer_problem(
                request, Problem(kind=problems.CONTENT_ENCODING)
            )
            told.force_close()
            dress(request, told)
        else:
            told = await self._answer(request, began)
        if self._log is not None:
            self._log.info(
                "request",
                method=request.method,
                path=request.path,
                status=told.status,
                seconds=round(time.monotonic() - began, 6),
            )
        return told

    async def _answer(self, request: web.BaseRequest, began: float) -> web.StreamResponse:
        status = web.HTTPInternalServerError.status_code
        self._in_flight += 1
        try:
            with Deadline(self._limits.handler) as deadline:
                request[_DEADLINE] = deadline
                response = await self._inner(request)
            status = response.status
        except ConnectionError:
            raise  # nobody is left to be answered
        except web.HTTPRedirection as redirection:
            status = redirection.status
            dress(request, redirection)
            raise
        except Exception as error:  # noqa: BLE001 -- the edge: what nobody knew is told as internal
            response = _told(request, error)
            status = response.status
        finally:
            self._in_flight -= 1
            self._observe(request, status, time.monotonic() - began)
        if not response.prepared:
            dress(request, response)
        return response


def _told(request: web.BaseRequest, error: Exception) -> web.Response:
    problem = problem_of(error)
    if problem is None:
        _log.error("internal error", method=request.method, path=request.path, exc_info=error)
        problem = Problem(kind=problems.INTERNAL)
    if request.writer.output_size > 0:
        # The answer has begun: only a cut connection can tell the client that it is not whole.
        _log.warning("answer cut", path=request.path, problem=problem.kind.code)
        raise ConnectionResetError("the answer was cut") from error
    response = answer_problem(request, problem)
    if problem.kind is problems.FATE_UNKNOWN and (key := request.headers.get("Idempotency-Key")):
        response.headers["Idempotency-Key"] = key  # what to repeat the request with
    return response


def _refuse(request: web.BaseRequest) -> web.Response:
    response = answer_problem(request, Problem(kind=problems.BAD_REQUEST))
    dress(request, response)
    return response


class _Server(web.Server):
    def __init__(
        self,
        plain: web.Server,
        frame: _Frame,
        options: dict[str, Any],
        short_cut: ShortCut | None,
    ) -> None:
        super().__init__(frame, request_factory=plain.request_factory)
        self._options = options
        self._turn = None if short_cut is None else Turn(short_cut)

    def __call__(self) -> web.RequestHandler:
        loop = asyncio.get_running_loop()
        if self._turn is None:
            return Connection(self, loop=loop, **self._options)
        return ShortCutConnection(self, loop=loop, turn=self._turn, **self._options)


class Runner(web.AppRunner):
    """An AppRunner whose connections are ours: aiohttp has no other place to say so."""

    __slots__ = (
        "_connections",
        "_farewell",
        "_frame_limits",
        "_log_requests",
        "_observe",
        "_short_cut",
        "_trusted",
        "_turned_away",
    )

    def __init__(
        self,
        app: web.Application,
        limits: Limits,
        trusted: Networks,
        turned_away: Callable[[], None],
        *,
        connections: Connections | None,
        short_cut: ShortCut | None,
        log_requests: bool,
        observe: Observe,
    ) -> None:
        super().__init__(app, shutdown_timeout=limits.drain)
        self._frame_limits = limits
        self._trusted = trusted
        self._turned_away = turned_away
        self._connections = connections
        self._short_cut = short_cut
        self._log_requests = log_requests
        self._observe = observe
        self._farewell = Farewell()

    async def accept_no_more(self) -> None:
        """Stop listening, and let each answer end its connection (`edge.farewell`)."""
        self._farewell.begun = True
        for site in tuple(self.sites):
            await site.stop()

    @property
    def open(self) -> int:
        """How many connections there are."""
        return 0 if self.server is None else len(self.server.connections)

    async def cleanup(self) -> None:
        """Accept no more, let requests in progress end, close."""
        self._farewell.begun = True
        await super().cleanup()

    async def _make_server(self) -> web.Server:
        plain = await super()._make_server()
        frame = _Frame(
            plain.request_handler,
            self._frame_limits,
            self._turned_away,
            log_requests=self._log_requests,
            observe=self._observe,
        )
        options = {
            "keepalive_timeout": self._frame_limits.idle,
            "trusted": self._trusted,
            "trusted_idle": self._frame_limits.trusted_idle,
            "connections": self._connections,
            "farewell": self._farewell,
            "refuse": _refuse,
            "access_log": None,
            "auto_decompress": False,
            "lingering_time": self._frame_limits.linger,
            "max_field_size": self._frame_limits.field_octets,
        }
        return _Server(plain, frame, options, self._short_cut)
