"""The registry's HTTP application, whole."""

from collections.abc import Callable, Sequence
from time import monotonic, time_ns

import msgspec
from aiohttp import hdrs, web

from edge.addresses import Networks
from registry.access.limits import Rates
from registry.http.batch import Batches
from registry.http.docs import CSP, STYLE_PATH, page, style
from registry.http.entrance import entrance
from registry.http.export import Exports
from registry.http.identifiers import Identifiers
from registry.http.imports import ImportRoutes
from registry.http.jobs import Jobs
from registry.http.openapi import VERSION, describe
from registry.http.operations import Handler, Operation
from registry.http.problems import ALL_KINDS
from registry.http.reception import NOBODY, Logins, Reception, tell_allowance
from registry.http.routes import bulk_operations, identifier_operations
from registry.imports.service import Imports
from registry.keys import KeyRing
from registry.reading.reader import HereReader, Reader
from registry.service import Registry

Noun = Callable[[Reception], Sequence[Operation]]
"""What makes the operations on one sort of thing, for callers that a `Reception` knows."""


def registry_app(
    registry: Registry,
    imports: Imports,
    keys: KeyRing,
    proxies: Networks,
    *,
    reader: Reader | None = None,
    logins: Logins | None = None,
    trusted: Networks = NOBODY,
    rates: Rates | None = None,
    nouns: Sequence[Noun] = (),
    clock: Callable[[], int] = time_ns,
    steady: Callable[[], float] = monotonic,
) -> web.Application:
    """Return the application, to be given to `edge.server.serve`.

    `proxies` are believed when they say who asks and that he came by https. `reader` reads large
    batches; without one they are read here. `logins` know accounts, `nouns` add operations.
    Whoever comes from `trusted` networks is not slowed down; `rates` slow others.
    `clock` gives epoch nanoseconds, `steady` monotonic seconds.
    """
    reception = Reception(
        keys, proxies, logins=logins, trusted=trusted, rates=rates, clock=clock, steady=steady
    )
    jobs = Jobs()
    operations = [
        *bulk_operations(
            Batches(registry, reception, reader or HereReader()),
            ImportRoutes(imports, reception, jobs),
            Exports(registry, reception, jobs),
        ),
        *identifier_operations(Identifiers(registry, reception)),
        *(operation for noun in nouns for operation in noun(reception)),
    ]
    app = web.Application()
    if rates is not None:
        app.on_response_prepare.append(tell_allowance)
    for operation in operations:
        _route(app, operation)
    _describe(app, operations)
    return app


def _route(app: web.Application, operation: Operation) -> None:
    path = operation.route or operation.path
    app.router.add_route(operation.method, path, operation.handler)
    if operation.method == hdrs.METH_GET:
        app.router.add_route(hdrs.METH_HEAD, path, operation.handler)


def _describe(app: web.Application, operations: list[Operation]) -> None:
    document = describe(sorted(operations, key=lambda o: o.tag))
    described = msgspec.json.encode(document)
    shown = page(document, ALL_KINDS).encode()
    app.router.add_get("/", entrance(VERSION))
    app.router.add_get("/openapi.json", _constant(described, "application/json"))
    app.router.add_get("/docs", _constant(shown, "text/html; charset=utf-8"))
    app.router.add_get(STYLE_PATH, _constant(style(), "text/css; charset=utf-8"))


def _constant(body: bytes, media_type: str) -> Handler:
    headers = {
        hdrs.CONTENT_TYPE: media_type,
        hdrs.CACHE_CONTROL: "public, max-age=300",
        "Content-Security-Policy": CSP,
        "Referrer-Policy": "no-referrer",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
    }

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body, headers=headers)

    return answer
