"""HTTP resolution: look-ups by address, many at once, and the site record."""

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Final

from aiohttp import hdrs, web

from edge.addresses import Networks
from edge.bodies import read_body
from edge.problems import MEDIA_TYPE_UNKNOWN, TOO_LARGE, Problem, Refusal
from identifiers.outcomes import Found, Outcome, ValuesAbsent
from identifiers.queries import Query
from identifiers.wire import cborform, jsonform
from identifiers.wire.dataform import key_or_binary
from identifiers.wire.handle.codes import ResponseCode
from identifiers.wire.handle.site import Site, encode_site
from identifiers.wire.restform import CBOR, JSON, Form, Unreadable, document, handle_in, written
from identifiers.wire.siteform import site_document
from resolver.clients import Client, Clients
from resolver.counters import Counters, Result, Transport, result_of
from resolver.limits import Limits
from resolver.ports import Authority
from resolver.service import Resolver
from resolver.transports import rest
from resolver.transports.admission import Admission
from resolver.transports.finished import DEFAULT_OCTETS
from resolver.transports.handle import HandleExchange
from resolver.transports.hot import MOUNT, HotPages, Repeated
from resolver.transports.pages import ANYBODY, Headers, Page, headers_of, media_type_of, page_of
from resolver.transports.passing_on import PassingOn
from resolver.transports.redirecting import Redirecting
from resolver.transports.rest import LookUp
from resolver.transports.tunnel import HandleTunnel, tunnelled

BATCH_LIMIT: Final = 2000
BODY_LIMIT: Final = 1024 * 1024
BATCH_OCTETS: Final = 16 * 1024 * 1024
"""Octets of one answer to a batch after which no more records are put into it."""
BATCH_FULL: Final = "the answer to this batch is full: ask for this one again"
_ASKED_TOGETHER: Final = 500
"""Names of a batch that are looked up together; nobody knows before how large their records are."""
_TURN_OCTETS: Final = 64 * 1024
"""Octets of a batch's answer that are written in one turn of the loop."""
_LEAST_OCTETS: Final = 1024
"""What the writing of one answer counts for, however short it is."""
_HANDLES_PER_TOKEN: Final = 100
_OCTETS_PER_TOKEN: Final = 16 * 1024
"""What is read of a body, beside the names in it: a token is a request's worth of work."""
_RESTRICTED: Final = (
    *("/api/handles", "/api/prefixes", "/api/sessions", "/api/verifications"),
    "/hrls",
)
"""Where somebody has to be known, whatever the method."""
_PREFLIGHT: Final = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, DELETE"),
    (
        "Access-Control-Allow-Headers",
        "Accept, Authorization, Content-Type, If-Match, If-None-Match, X-Request-Id",
    ),
    ("Access-Control-Max-Age", "86400"),
)


class HttpResolution:
    """The handlers. `clock` is monotonic, `epoch` the wall clock; both in seconds.

    Finished pages take up to `page_octets` of memory.
    """

    def __init__(
        self,
        resolver: Resolver,
        site: Site,
        *,
        clients: Clients,
        proxies: Networks,
        rates: Limits,
        counters: Counters,
        clock: Callable[[], float],
        epoch: Callable[[], float],
        page_octets: int = DEFAULT_OCTETS,
        exchange: HandleExchange | None = None,
        authority: Authority | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._resolver = resolver
        self._site = jsonform.write_json(site_document(encode_site(site), key_or_binary))
        self._admission = admission = Admission(
            clients=clients, proxies=proxies, rates=rates, counters=counters, clock=clock
        )
        exchange = exchange or HandleExchange(resolver, site, epoch, page_octets)
        self._tunnel = HandleTunnel(exchange, admission, counters, clock)
        self._passing_on = PassingOn(authority, admission, counters, clock)
        self._redirecting = Redirecting(
            resolver, admission, counters, clock=clock, epoch=epoch, chance=chance
        )
        self._counters = counters
        self._clock = clock
        self._epoch = epoch
        self._hot = HotPages(resolver, page_octets)
        self.at_once: Final = Repeated(
            self._hot, clients=clients, rates=rates, counters=counters, clock=clock, epoch=epoch
        )
        """What `edge.server.serve` may answer before a request is made of it."""

    def application(self) -> web.Application:
        """Return the application, which `edge.server.serve` serves."""
        middlewares = [tunnelled(self._tunnel)]
        app = web.Application(client_max_size=BODY_LIMIT, middlewares=middlewares)
        router = app.router
        router.add_get("/api/handles/{handle:.+}", self.look_up)
        router.add_post("/api/resolve", self.resolve)
        router.add_get("/api/site", self.site)
        router.add_route(hdrs.METH_OPTIONS, "/api/{rest:.*}", self.preflight)
        for path in _RESTRICTED:
            router.add_route(hdrs.METH_ANY, path + "{rest:(?:/.*)?}", self.restricted)
        self._redirecting.add_to(router)
        return app

    async def look_up(self, request: web.Request) -> web.Response:
        """GET and HEAD of one identifier."""
        began = self._clock()
        with self._admission.let_in(request, began) as client:
            try:
                asked = _read(request)
            except Unreadable as error:
                self._count(Result.INVALID, began)
                return _short(error.code, str(error), status=400)
            if asked.wants_private or _names_somebody(request):
                return await self._passing_on.answer(request, client)
            if "?" not in request.raw_path:
                page = self._hot.find(asked.query.handle, asked.form, began)
                if page is not None:
                    self._count(Result.FOUND, began)
                    return self._answered(request, page)
            outcome = self._resolver.answer_now(asked.query, client, began)
            if outcome is None:
                outcome = await self._resolver.answer(asked.query, client, began)
            response = self._told(request, asked, outcome)
            self._count(result_of(outcome), began)
            return response

    async def resolve(self, request: web.Request) -> web.Response:
        """POST of ``{"handles": […]}``: each is answered for itself, in order."""
        began = self._clock()
        form = Form(_media_type(request))
        with self._admission.let_in(request, began) as client:
            read = await read_body(request, BODY_LIMIT)
            self._admission.charge(client, len(read) / _OCTETS_PER_TOKEN)
            handles = _read_batch(request, read)
            self._admission.charge(client, len(handles) / _HANDLES_PER_TOKEN)
            body = await self._told_all(handles, client, form, began)
        return web.Response(
            body=body,
            headers=[
                *ANYBODY,
                (hdrs.CONTENT_TYPE, form.media_type),
                (hdrs.CACHE_CONTROL, "no-store"),
            ],
        )

    async def site(self, _: web.Request) -> web.Response:
        """GET of the site record."""
        began = self._clock()
        headers = [*ANYBODY, (hdrs.CONTENT_TYPE, JSON), (hdrs.CACHE_CONTROL, "no-cache")]
        self._count(Result.SITE, began)
        return web.Response(body=self._site, headers=headers)

    async def preflight(self, _: web.Request) -> web.Response:
        """OPTIONS: scripts of any origin may look up."""
        return web.Response(status=204, headers=_PREFLIGHT)

    async def restricted(self, request: web.Request) -> web.Response:
        """Hand on what needs somebody to be known: administration, lists, sessions."""
        return await self._passing_on.let_in_and_answer(request)

    def _told(self, request: web.Request, asked: LookUp, outcome: Outcome) -> web.Response:
        if isinstance(outcome, Found | ValuesAbsent):
            return self._answered(request, page_of(asked, outcome, None))
        form = asked.form
        told = rest.tell(outcome, asked.query.text, binary=form.media_type == CBOR)
        headers: Headers = [*ANYBODY, (hdrs.VARY, hdrs.ACCEPT)]
        if told.retry_after is not None:
            headers.append((hdrs.RETRY_AFTER, str(told.retry_after)))
        headers.append((hdrs.CONTENT_TYPE, form.media_type))
        body = written(told.document, form)
        return web.Response(status=told.status, body=body, headers=headers)

    def _answered(self, request: web.Request, page: Page) -> web.Response:
        headers = headers_of(page, int(self._epoch()), self._resolver.stale(self._clock()))
        known = request.headers.get(hdrs.IF_NONE_MATCH)
        if known is not None and rest.tag_matches(known, page.tag):
            return web.Response(status=304, headers=headers)
        headers.append((hdrs.CONTENT_TYPE, page.media_type))
        return web.Response(body=page.data, headers=headers)

    async def _told_all(
        self, handles: Sequence[str], client: Client, form: Form, began: float
    ) -> bytes:
        items: list[bytes] = []
        known: dict[str, bytes] = {}
        octets = turn = 0
        for start in range(0, len(handles), _ASKED_TOGETHER):
            asked = handles[start : start + _ASKED_TOGETHER]
            outcomes: Sequence[Outcome | None] = [None] * len(asked)
            if octets < BATCH_OCTETS:
                queries = [Query(handle=handle.encode()) for handle in asked]
                outcomes = await self._resolver.answer_all(queries, client, self._clock())
            for handle, outcome in zip(asked, outcomes, strict=True):
                if outcome is None or octets >= BATCH_OCTETS:
                    items.append(_put_off(handle, form))
                    self._count(Result.UNAVAILABLE, began)
                    continue
                item = known.get(handle)
                if item is None:
                    told = rest.tell(outcome, handle, binary=form.media_type == CBOR)
                    item = known[handle] = written(told.document, form)
                    turn += max(len(item), _LEAST_OCTETS)
                items.append(item)
                octets += len(item)
                self._count(result_of(outcome), began)
                if turn >= _TURN_OCTETS:
                    turn = 0
                    await asyncio.sleep(0)
        if form.media_type == CBOR:
            return b"\xa1" + cborform.write("results") + cborform.write_array(items)
        return b'{"results":[%s]}' % b",".join(items)

    def _count(self, result: Result, began: float) -> None:
        now = self._clock()
        self._counters.answered(Transport.HTTP, result, now - began, now)


def _read(request: web.Request) -> LookUp:
    target = request.raw_path
    handle = handle_in(target, MOUNT)
    parameters = request.query.items() if "?" in target else ()
    return rest.read_look_up(handle, parameters, _media_type(request))


def _media_type(request: web.Request) -> str:
    return media_type_of(request.headers.get(hdrs.ACCEPT, ""))


def _names_somebody(request: web.Request) -> bool:
    # Who logs in wants more than anybody sees: to leave that out silently would mislead.
    return hdrs.AUTHORIZATION in request.headers and "publicOnly" not in request.query


def _read_batch(request: web.Request, body: bytes) -> list[str]:
    if request.content_type != JSON or hdrs.CONTENT_TYPE not in request.headers:
        raise Refusal(Problem(kind=MEDIA_TYPE_UNKNOWN, members={"accepted": [JSON]}))
    handles = rest.read_batch(jsonform.load(body), BATCH_LIMIT)
    if len(handles) > BATCH_LIMIT:
        raise Refusal(Problem(kind=TOO_LARGE, members={"limit": BATCH_LIMIT}))
    return handles


def _put_off(handle: str, form: Form) -> bytes:
    told = document(ResponseCode.SERVER_BUSY, handle, message=BATCH_FULL)
    return written(told, form)


def _short(code: ResponseCode, message: str, *, status: int) -> web.Response:
    document = {"responseCode": int(code), "message": message}
    headers = [*ANYBODY, (hdrs.CONTENT_TYPE, JSON)]
    return web.Response(status=status, body=jsonform.write_json(document), headers=headers)
