"""The routes of the REST form, on the relay's application: aiohttp in, plain functions within."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from secrets import token_bytes
from time import monotonic, time_ns
from typing import Final

import msgspec
from aiohttp import hdrs, web

from edge.bodies import read_body
from edge.relay import origin_of
from edge.server import request_id
from identifiers.errors import FateUnknown, StoreUnavailable
from identifiers.faults import Invalid
from identifiers.keys.signers import Signer
from identifiers.wire.restform import Unreadable, written
from registry.attempts import Attempts
from registry.handle.homing import Homing
from registry.handle.lookups import Lookups
from registry.identities import Identities
from registry.ports import RegistryStore, ReverseLookup
from registry.prefixes import Prefixes
from registry.rest.asks import Ask
from registry.rest.authentication import Authentication
from registry.rest.countersigning import Countersigning
from registry.rest.handles import Handles
from registry.rest.lists import PREFIXES, Lists
from registry.rest.proofs import SessionRoutes, Verifications
from registry.rest.replies import METHOD_NOT_ALLOWED, Ended, Reply, of_faults, of_store, refusal
from registry.rest.reverse import Reverse
from registry.rest.sessions import Sessions
from registry.service import Registry

BODY_LIMIT: Final = 1024 * 1024
_PLACE: Final = "/{place:.*}"
_WRITING: Final = frozenset({hdrs.METH_PUT, hdrs.METH_DELETE})
"""Whatever the path; a POST is a GET with its parameters in the body, but for prefixes."""
_REDIRECTION: Final = 300

Handler = Callable[[Ask], Awaitable[Reply]]


async def _at_once() -> None:
    """Nobody else answers look-ups."""


class RestForm(msgspec.Struct, frozen=True, kw_only=True):
    """What the REST form is made of. `clock` gives epoch nanoseconds, `steady` seconds.

    `attempts` counts wrong credentials, and may do so for the Handle protocol too.

    `settled` returns when whatever answers look-ups knows what was committed before: clients of
    this form read what they wrote at once, on another connection. `signer` holds the site's key.
    """

    registry: Registry
    store: RegistryStore
    prefixes: Prefixes
    identities: Identities
    homing: Homing
    reverse: ReverseLookup
    clock: Callable[[], int] = time_ns
    steady: Callable[[], float] = monotonic
    chance: Callable[[int], bytes] = token_bytes
    settled: Callable[[], Awaitable[None]] = _at_once
    attempts: Attempts = msgspec.field(default_factory=Attempts)
    signer: Signer | None = None


def add_rest(app: web.Application, form: RestForm) -> None:
    """Add the routes to an application that is served to workers only (`edge.relay`)."""
    sessions, attempts = Sessions(form.chance), form.attempts
    countersigning = Countersigning(form.signer)
    authentication = Authentication(form.identities, sessions, attempts)
    lookups = Lookups(form.registry, form.store, form.prefixes)
    handles = Handles(form.registry, lookups, authentication, form.chance)
    lists = Lists(form.registry, form.store, form.homing, authentication, form.chance)
    own = SessionRoutes(authentication, sessions)
    verify = Verifications(form.identities, attempts).verify
    reverse = Reverse(form.reverse, form.store, form.prefixes, authentication).search
    get, post, put, delete = hdrs.METH_GET, hdrs.METH_POST, hdrs.METH_PUT, hdrs.METH_DELETE
    one = {get: handles.get, post: handles.get, put: handles.put, delete: handles.delete}
    this = {get: own.this, put: own.this, delete: own.end}
    routes: Mapping[str, Mapping[str, Handler]] = {
        "/api/handles": {get: lists.handles},
        "/api/handles" + _PLACE: one,
        PREFIXES: {get: lists.prefixes, post: lists.home, delete: lists.home},
        PREFIXES + _PLACE: {get: lists.one_prefix, post: lists.home, delete: lists.home},
        "/api/sessions": {post: own.begin},
        "/api/sessions/this": this,
        "/api/verifications" + _PLACE: {get: verify, post: verify},
        "/hrls/handles": {get: reverse},
        "/hrls/handles" + _PLACE: {get: reverse},
    }
    for path, by_method in routes.items():
        writing = _WRITING | {post} if path.startswith(PREFIXES) else _WRITING
        app.router.add_route(hdrs.METH_ANY, path, _route(by_method, form, writing, countersigning))
    app.router.add_get("/hrls/ping", _ping)


async def _ping(request: web.Request) -> web.Response:
    origin_of(request)
    return web.Response(text="OK")


def _route(
    by_method: Mapping[str, Handler],
    form: RestForm,
    writing: Collection[str],
    countersigning: Countersigning,
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    allowed = ", ".join(sorted({*by_method, *(["HEAD"] if hdrs.METH_GET in by_method else [])}))

    async def handle(request: web.Request) -> web.StreamResponse:
        method = hdrs.METH_GET if request.method == hdrs.METH_HEAD else request.method
        handler = by_method.get(method)
        if handler is None:
            return _response(
                request, Reply(status=METHOD_NOT_ALLOWED, headers=(("Allow", allowed),))
            )
        ask = await _ask(request, method, form)
        try:
            wanted = countersigning.wanted(ask)
            reply = await handler(ask)
            if wanted is not None:
                reply = await countersigning.signed(reply, wanted, ask)
        except Unreadable as error:
            reply = refusal(error.code, str(error))
        except Invalid as invalid:
            reply = of_faults(invalid.faults)
        except Ended as ended:
            reply = ended.reply
        except (StoreUnavailable, FateUnknown) as error:
            reply = of_store(error)
        if method in writing and reply.status < _REDIRECTION:
            await form.settled()
        return _response(request, reply)

    return handle


async def _ask(request: web.Request, method: str, form: RestForm) -> Ask:
    typed = hdrs.CONTENT_TYPE in request.headers
    return Ask(
        method=method,
        target=request.raw_path,
        place=request.match_info.get("place", ""),
        parameters=tuple(request.query.items()),
        authorization=tuple(request.headers.getall(hdrs.AUTHORIZATION, ())),
        content_type=request.content_type if typed else "",
        body=await read_body(request, BODY_LIMIT),
        origin=origin_of(request),
        request_id=request_id(request),
        at=form.clock() // 1_000_000,
        now=form.steady(),
    )


def _response(request: web.Request, reply: Reply) -> web.Response:
    headers = [*reply.headers, (hdrs.CACHE_CONTROL, "no-store"), *_cross_origin(request)]
    if reply.document is None:
        return web.Response(status=reply.status, headers=headers)
    headers.append((hdrs.CONTENT_TYPE, reply.form.media_type))
    return web.Response(
        status=reply.status, body=written(reply.document, reply.form), headers=headers
    )


def _cross_origin(request: web.Request) -> list[tuple[str, str]]:
    """Let scripts of any origin read the answer.

    Never with the browser's own credentials (a client certificate): without
    Access-Control-Allow-Credentials a script has to know what it logs in with.
    """
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None:
        return []
    return [
        (hdrs.ACCESS_CONTROL_ALLOW_ORIGIN, origin),
        (hdrs.VARY, hdrs.ORIGIN),
        (hdrs.ACCESS_CONTROL_EXPOSE_HEADERS, "WWW-Authenticate, Retry-After, X-Request-Id"),
    ]
