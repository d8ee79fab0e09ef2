"""HTTP resolution: look-ups by address, many at once, and the site record."""

import random
from collections.abc import Callable
from typing import Final

from aiohttp import hdrs, web

from edge.addresses import Networks
from identifiers.outcomes import Found, Outcome, ValuesAbsent
from identifiers.wire import jsonform
from identifiers.wire.dataform import key_or_binary
from identifiers.wire.handle.codes import ResponseCode
from identifiers.wire.handle.site import Site, encode_site
from identifiers.wire.restform import CBOR, JSON, Unreadable, handle_in, written
from identifiers.wire.siteform import site_document
from resolver.clients import Clients
from resolver.counters import Counters, Result, Transport, result_of
from resolver.countries import NOWHERE, Countries
from resolver.limits import Limits
from resolver.ports import Authority
from resolver.service import Resolver
from resolver.transports import rest
from resolver.transports.admission import Admission
from resolver.transports.batch import BODY_LIMIT, Batches
from resolver.transports.handle import HandleExchange
from resolver.transports.hot import BATCH, MOUNT, PAGE_OCTETS, HotPages, Repeated
from resolver.transports.pages import ANYBODY, Headers, Page, headers_of, media_type_of, page_of
from resolver.transports.passing_on import PassingOn
from resolver.transports.redirecting import Redirecting
from resolver.transports.rest import LookUp
from resolver.transports.tunnel import HandleTunnel, tunnelled
from resolver.turns import Turns

_UNHEARD: Final = "/api/{rest:(?!(?:site|resolve)$).*}"
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
        page_octets: int = PAGE_OCTETS,
        exchange: HandleExchange | None = None,
        authority: Authority | None = None,
        chance: Callable[[], float] = random.random,
        countries: Countries = NOWHERE,
        turns: Turns | None = None,
    ) -> None:
        self._resolver = resolver
        self._site = jsonform.write_json(site_document(encode_site(site), key_or_binary))
        self._admission = admission = Admission(
            clients=clients, proxies=proxies, rates=rates, counters=counters, clock=clock
        )
        exchange = exchange or HandleExchange(resolver, site, epoch)
        self._tunnel = HandleTunnel(exchange, admission, counters, clock)
        self._passing_on = PassingOn(authority, admission, counters, clock)
        self._redirecting = Redirecting(
            resolver,
            admission,
            counters,
            clock=clock,
            epoch=epoch,
            chance=chance,
            countries=countries,
        )
        self._counters = counters
        self._clock = clock
        self._epoch = epoch
        self._hot = HotPages(resolver, page_octets)
        self._batches = Batches(resolver, self._hot, admission, counters, clock)
        self.at_once: Final = Repeated(
            resolver,
            self._hot,
            clients=clients,
            rates=rates,
            counters=counters,
            epoch=epoch,
            turns=Turns() if turns is None else turns,
            answer_all=self._batches.at_once,
        )
        """What `edge.server.serve` may answer before a request is made of it."""

    def application(self) -> web.Application:
        """Return the application, which `edge.server.serve` serves."""
        middlewares = [tunnelled(self._tunnel)]
        app = web.Application(client_max_size=BODY_LIMIT, middlewares=middlewares)
        router = app.router
        router.add_get("/api/handles/{handle:.+}", self.look_up)
        router.add_post(BATCH, self._batches.answer)
        router.add_get("/api/site", self.site)
        router.add_route(hdrs.METH_OPTIONS, "/api/{rest:.*}", self.preflight)
        for path in _RESTRICTED:
            router.add_route(hdrs.METH_ANY, path + "{rest:(?:/.*)?}", self.restricted)
        # The preflight's path is there for one method only: for others it is nowhere.
        router.add_route(hdrs.METH_ANY, _UNHEARD, self.nowhere)
        self._redirecting.add_to(router)
        return app

    async def nowhere(self, _: web.Request) -> web.StreamResponse:
        """Say that there is nothing at this path."""
        raise web.HTTPNotFound

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
                page = self._hot.page(asked.query.handle, asked.form, client, began)
                if page is not None:
                    self._count(Result.FOUND, began)
                    return self._answered(request, page)
            outcome = self._resolver.answer_now(asked.query, client, began)
            if outcome is None:
                outcome = await self._resolver.answer(asked.query, client, began)
            response = self._told(request, asked, outcome)
            self._count(result_of(outcome), began)
            return response

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
            return self._answered(request, page_of(asked, outcome))
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


def _short(code: ResponseCode, message: str, *, status: int) -> web.Response:
    document = {"responseCode": int(code), "message": message}
    headers = [*ANYBODY, (hdrs.CONTENT_TYPE, JSON)]
    return web.Response(status=status, body=jsonform.write_json(document), headers=headers)
