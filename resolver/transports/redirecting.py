"""The redirecting form: ``GET /88.300.1/A`` sends a browser to what the identifier names.

That is the proxy form of Handle.Net: 302 to a 10320/loc choice or the first URL value, 301 to the
name that an HS_ALIAS stands for, or a page with the values.
"""

from collections.abc import Callable, Mapping, Sequence
from email.utils import formatdate
from ipaddress import ip_address
from types import MappingProxyType
from typing import Final, assert_never

import msgspec
from aiohttp import hdrs, web

from edge import problems
from edge.accept import best_media_type
from edge.addresses import unmapped
from edge.moments import moment
from edge.server import language
from identifiers import outcomes
from identifiers.faults import Language
from identifiers.locations import Wish
from identifiers.names import fold
from identifiers.outcomes import Found, Outcome
from identifiers.queries import Query
from identifiers.records import State
from identifiers.values import Value
from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle.site import Transport as Spoken
from identifiers.wire.handle.site import decode_site
from identifiers.wire.handle.values import decode_values
from identifiers.wire.restform import Unreadable, handle_in, read_flag
from resolver import redirects
from resolver.clients import Client
from resolver.counters import Counters, Transport, result_of
from resolver.countries import NOWHERE, Countries
from resolver.redirects import Alias, Refused, Target, Wanted
from resolver.service import Resolver
from resolver.transports import rest
from resolver.transports.admission import Admission
from resolver.transports.rest import STALE_SECONDS, shortest_life
from resolver.transports.showing import POLICY, Line, message_page, values_page

ROUTE: Final = "/{handle:(?!(?:api|hrls)(?:/|$)).*(?:/|%2[Ff]).+}"
"""Everything with a slash within that is no other form's."""
NOWHERE_ROUTE: Final = "/{rest:(?!(?:api|hrls)(?:/|$))(?:(?!%2[Ff].)[^/])*/?}"
"""What is left beside `ROUTE` and the other forms: no suffix, or nothing at all."""
_HTML: Final = "text/html"
_HTML_OR_NOT: Final = (problems.MEDIA_TYPE, _HTML)
_PAGE_HEADERS: Final = (
    ("Content-Security-Policy", POLICY),
    ("Referrer-Policy", "no-referrer"),
    (hdrs.VARY, "Accept-Language"),
)
_ENDED: Final[Mapping[State, tuple[int, str]]] = MappingProxyType(
    {State.SUSPENDED: (404, "suspended"), State.REVOKED: (410, "revoked")}
)


class _NoAddress(Unreadable):
    """`ip` is none; pages say it in their own language."""


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What an address asks for."""

    query: Query
    wanted: Wanted
    table: bool
    """Show the values, whatever they say."""
    told: bool
    """Tell where one would be sent, and do not send (`redirectionHeaders`)."""
    tail: str
    """The query string, with its question mark."""


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    """A page that says something."""

    status: int
    title: str
    lines: tuple[Line, ...]
    headers: tuple[tuple[str, str], ...] = ()


class Redirecting:
    """The handler. `clock` is monotonic, `epoch` the wall clock, `chance` draws from [0, 1).

    `countries` tells where who asks is, for locations that are chosen by that.
    """

    def __init__(
        self,
        resolver: Resolver,
        admission: Admission,
        counters: Counters,
        *,
        clock: Callable[[], float],
        epoch: Callable[[], float],
        chance: Callable[[], float],
        countries: Countries = NOWHERE,
    ) -> None:
        self._resolver = resolver
        self._admission = admission
        self._counters = counters
        self._clock = clock
        self._epoch = epoch
        self._chance = chance
        self._countries = countries

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Serve what no other route takes."""
        router.add_get(ROUTE, self.answer)
        router.add_route(hdrs.METH_ANY, NOWHERE_ROUTE, self.nowhere)

    async def answer(self, request: web.Request) -> web.Response:
        """GET and HEAD of an identifier."""
        began = self._clock()
        with self._admission.let_in(request, began) as client:
            try:
                asked = _read(request, self._country(request))
            except Unreadable as error:
                why = Line("invalid.why", (("message", str(error)),))
                if isinstance(error, _NoAddress):
                    why = Line("invalid.ip")
                return _said(request, "", _Told(status=400, title="invalid", lines=(why,)))
            outcome = await self._look(asked.query, client, began)
            now = self._clock()
            self._counters.answered(Transport.HTTP, result_of(outcome), now - began, now)
            if isinstance(outcome, Found):
                return await self._found(request, asked, decode_values(outcome.values), client)
            return _unfound(request, asked, outcome)

    async def nowhere(self, request: web.Request) -> web.Response:
        """Say that there is nothing at this address: to a browser with a page."""
        accept = request.headers.get(hdrs.ACCEPT, "")
        reads = request.method in {hdrs.METH_GET, hdrs.METH_HEAD}
        if not reads or best_media_type(accept, _HTML_OR_NOT) != _HTML:
            raise web.HTTPNotFound
        lines = (Line("nowhere.why"),)
        headers = ((hdrs.VARY, hdrs.ACCEPT),)
        return _said(request, "", _Told(status=404, title="nowhere", lines=lines, headers=headers))

    def _country(self, request: web.Request) -> str:
        """Return where somebody asks from: the country named, or that of the address.

        Raises `Unreadable`.
        """
        given = request.query
        if "country" in given:
            return given["country"]
        if "ip" not in given:
            return self._countries.of(self._admission.address(request))
        try:
            return self._countries.of(unmapped(ip_address(given["ip"].strip())))
        except ValueError:
            raise _NoAddress("ip must be an IPv4 or IPv6 address") from None

    async def _look(self, query: Query, client: Client, now: float) -> Outcome:
        outcome = self._resolver.answer_now(query, client, now)
        return await self._resolver.answer(query, client, now) if outcome is None else outcome

    async def _found(
        self, request: web.Request, asked: _Asked, values: Sequence[Value], client: Client
    ) -> web.Response:
        decided = None
        if not asked.table:
            decided = redirects.decide(values, asked.wanted, self._chance())
        match decided:
            case None:
                return self._shown(request, asked, values)
            case Target():
                return self._sent(asked, decided)
            case Alias():
                return await self._renamed(request, asked, decided, client)
            case Refused():
                refusal = _Told(status=400, title="append", lines=(Line("append.why"),))
                return _said(request, asked.query.text, refusal)
            case _:
                assert_never(decided)

    def _shown(self, request: web.Request, asked: _Asked, values: Sequence[Value]) -> web.Response:
        body = values_page(asked.query.text, values, language(request))
        headers = [*_PAGE_HEADERS, *self._kept(values)]
        return web.Response(body=body, content_type=_HTML, charset="utf-8", headers=headers)

    def _sent(self, asked: _Asked, target: Target) -> web.Response:
        headers = self._kept((target.value,), private=target.personal)
        return _moved(302, target.address, headers, told=asked.told)

    async def _renamed(
        self, request: web.Request, asked: _Asked, alias: Alias, client: Client
    ) -> web.Response:
        """Send on to the last name of a chain of aliases, so that one step is enough."""
        passed = [alias.value]
        seen = {_folded(asked.query.text)}
        last = alias.handle
        for _ in range(redirects.MOST_ALIASES):
            if _folded(last) in seen:
                break
            seen.add(_folded(last))
            query = Query(
                handle=last.encode(),
                types=(redirects.ALIAS,),
                recursive=True,
                certified=asked.query.certified,
            )
            outcome = await self._look(query, client, self._clock())
            further = None
            if isinstance(outcome, Found):
                further = redirects.decide(decode_values(outcome.values), Wanted(), 0.0)
            if not isinstance(further, Alias):
                headers = self._kept(passed)
                return _moved(301, _path_of(last) + asked.tail, headers, told=asked.told)
            passed.append(further.value)
            last = further.handle
        circle = _Told(status=404, title="circle", lines=(Line("circle.why"),))
        return _said(request, asked.query.text, circle)

    def _kept(self, values: Sequence[Value], *, private: bool = False) -> list[tuple[str, str]]:
        """Return the headers that say for how long an answer made of values may be kept."""
        epoch = int(self._epoch())
        seconds = shortest_life(values).left(epoch)
        if self._resolver.stale(self._clock()) is not None:
            seconds = min(seconds, STALE_SECONDS)
        whose = "private" if private else "public"
        control = f"{whose}, max-age={seconds}" if seconds else "no-cache"
        expires = formatdate(epoch + seconds, usegmt=True)
        return [(hdrs.CACHE_CONTROL, control), (hdrs.EXPIRES, expires)]


def _read(request: web.Request, country: str) -> _Asked:
    target = request.raw_path
    if not target.startswith("/"):
        # An absolute one, as proxies are asked (RFC 9112 section 3.2.2).
        raise Unreadable("the target must begin with a slash")
    handle = handle_in(target, "/")
    given = request.query
    look_up = rest.read_look_up(handle, given.items())

    def flag(name: str) -> bool:
        return name in given and read_flag(given[name])

    attribute, colon, value = given.get("locatt", "").partition(":")
    # Without HTML, the locations that are for programs come first.
    negotiated = best_media_type(request.headers.get(hdrs.ACCEPT, ""), (_HTML,)) is None
    wish = Wish(
        attribute=(attribute, value) if colon else None,
        country=country,
        negotiated=negotiated,
    )
    return _Asked(
        query=msgspec.structs.replace(look_up.query, recursive=True),
        wanted=Wanted(
            handle=look_up.query.text,
            wish=wish,
            append=given.get("urlappend", ""),
            ignore_aliases=flag("ignore_aliases"),
        ),
        table=flag("noredirect"),
        told="redirectionHeaders" in given,
        tail=redirects.escaped("".join(target.partition("?")[1:])),
    )


def _unfound(request: web.Request, asked: _Asked, outcome: Outcome) -> web.Response:
    handle = asked.query.text
    if isinstance(outcome, outcomes.Referral):
        sites = _servers(outcome.values)
        web_address = next((address for _, address in sites if address), "")
        if web_address and not asked.table:
            address = web_address + _path_of(handle) + asked.tail
            return _moved(302, address, [(hdrs.CACHE_CONTROL, "no-cache")], told=asked.told)
        servers = ", ".join(dict.fromkeys(server for server, _ in sites)) or "HS_SERV"
        line = Line("referred.why", (("servers", servers),))
        return _said(request, handle, _Told(status=300, title="referred", lines=(line,)))
    return _said(request, handle, _told(outcome))


def _told(outcome: Outcome) -> _Told:
    match outcome:
        case outcomes.Absent(message=message, ended=ended):
            return _absent(message, ended)
        case outcomes.ValuesAbsent() | outcomes.NeedsAuthentication():
            return _Told(status=404, title="no-values", lines=(Line("no-values.why"),))
        case outcomes.NotHomed():
            return _Told(status=404, title="elsewhere", lines=(Line("elsewhere.why"),))
        case outcomes.InvalidName(message=message):
            line = Line("invalid.why", (("message", message),))
            return _Told(status=400, title="invalid", lines=(line,))
        case outcomes.PassedOnTooOften():
            return _Told(status=500, title="circle", lines=(Line("passed-on.why"),))
        case outcomes.Unavailable(retry_after=seconds):
            return _Told(
                status=503,
                title="unavailable",
                lines=(Line("unavailable.why"),),
                headers=((hdrs.RETRY_AFTER, str(seconds)),),
            )
        case outcomes.Found() | outcomes.Referral():
            raise TypeError("this outcome has an answer of its own")
        case _:
            assert_never(outcome)


def _absent(message: str, ended: outcomes.Ended | None) -> _Told:
    if ended is None:
        detail = (Line("detail", (("message", message),)),) if message else ()
        return _Told(status=404, title="not-found", lines=(Line("not-found.why"), *detail))
    status, title = _ENDED[ended.state]
    reason = (Line("reason", (("reason", ended.reason),)),) if ended.reason else ()
    since = Line(f"{title}.why", (("at", moment(ended.since)),))
    return _Told(status=status, title=title, lines=(since, *reason))


def _servers(values: Sequence[Value]) -> list[tuple[str, str]]:
    """Return each server of some sites as text, with the base of its HTTP form or nothing."""
    found = []
    for value in values:
        try:
            site = decode_site(value.data)
        except ProtocolError:
            continue  # HS_SERV, which names a handle
        for server in site.servers:
            host = f"[{server.address}]" if server.address.version == 6 else str(server.address)  # noqa: PLR2004 -- IP version 6
            ports = {i.transport: i.port for i in server.interfaces}
            base = ""
            for transport, scheme in ((Spoken.HTTPS, "https"), (Spoken.HTTP, "http")):
                if transport in ports and not base:
                    base = f"{scheme}://{host}:{ports[transport]}"
            found.append((host, base))
    return found


def _moved(
    status: int, address: str, headers: list[tuple[str, str]], *, told: bool
) -> web.Response:
    """Send on; `told` only says where, with status 200."""
    # A Location is written as it is: aiohttp's own redirections would quote it once more.
    return web.Response(
        status=200 if told else status,
        text=f"{address}\n",
        headers=[(hdrs.LOCATION, address), ("Referrer-Policy", "no-referrer"), *headers],
    )


def _said(request: web.Request, handle: str, told: _Told) -> web.Response:
    chosen: Language = language(request)
    body = message_page(handle, told.title, told.lines, chosen)
    headers = [*_PAGE_HEADERS, (hdrs.CACHE_CONTROL, "no-store"), *told.headers]
    return web.Response(
        status=told.status, body=body, content_type=_HTML, charset="utf-8", headers=headers
    )


def _folded(handle: str) -> str:
    prefix, slash, suffix = handle.partition("/")
    return fold(prefix) + slash + suffix


def _path_of(handle: str) -> str:
    return "/" + redirects.path_of(handle)
