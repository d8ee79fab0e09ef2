"""Routes and rules over HTTP: below ``/api/v1/routes`` and ``/api/v1/prefix-rules``."""

from typing import Final

from aiohttp import web

from edge.problems import Problem, Refusal
from identifiers.access import Action
from identifiers.faults import Fault, Invalid
from identifiers.holdings import Holding
from identifiers.labels import MAX_DIGITS, MAX_RANGES, Allotment, Range, read_ranges
from identifiers.names import Prefix
from identifiers.routes import record_key
from identifiers.routing import read_endpoints
from identifiers.standings import Hosting
from identifiers.wire.members import Members
from registry.business.hosting import told_by
from registry.business.placing import DEFAULT_RULE
from registry.business.prefixes import Rule
from registry.http import requests
from registry.http.business import NO_STORE, by_of, judged, members
from registry.http.identifiers import NO_PARAMETERS
from registry.http.permission import permit
from registry.http.prefix_forms import done, path_prefix, rule_document
from registry.http.prefixes import Desk, held_by, seen_by
from registry.http.problems import NO_SUCH
from registry.http.reception import Reception
from registry.http.replies import json_reply

ROUTES: Final = "/api/v1/routes"
RULES: Final = "/api/v1/prefix-rules"


class RouteRoutes:
    """The handlers of routes, and of the rules by which labels are given."""

    def __init__(self, desk: Desk, reception: Reception) -> None:
        self._desk = desk
        self._reception = reception

    async def routes(self, request: web.Request) -> web.Response:
        """GET: where clients are referred to."""
        requests.query(request, NO_PARAMETERS)
        caller = await self._reception.caller(request)
        return await self._routed(await held_by(self._desk, request, caller, Action.PREFIX_READ))

    async def route(self, request: web.Request) -> web.Response:
        """PUT: say where names live."""
        caller, found = await members(self._reception, request, ("sites",))
        there = await held_by(self._desk, request, caller, Action.PREFIX_WRITE)
        try:
            endpoints = read_endpoints(found.any("sites"), self._desk.reachable)
        except Invalid as invalid:
            if "sites" in found:
                found.faults.extend(fault.below("/sites") for fault in invalid.faults)
            raise Invalid(found.faults) from None
        judged(found)
        by = by_of(caller)
        return await self._routed(
            done(await self._desk.hostings.route(there.prefix, endpoints, by, seen_by(request)))
        )

    async def unroute(self, request: web.Request) -> web.Response:
        """DELETE: names live here again."""
        requests.query(request, NO_PARAMETERS)
        caller = await self._reception.caller(request)
        there = await held_by(self._desk, request, caller, Action.PREFIX_MANAGE)
        by = by_of(caller)
        seen = seen_by(request)
        if there.hosting is Hosting.REJECTED:
            asked = await self._desk.hostings.host(there.prefix, Hosting.NOT_HOSTED, "", by, seen)
            seen = frozenset({done(asked).version})
        made = await self._desk.hostings.host(there.prefix, Hosting.HOSTED, "", by, seen)
        return await self._routed(done(made))

    async def _routed(self, one: Holding) -> web.Response:
        record = await self._desk.records.record(record_key(one.prefix)) if one.routed else None
        document = {
            "prefix": str(one.prefix),
            "hosting": one.hosting.name.lower(),
            "routed": one.routed,
            "sites": [endpoint.document() for endpoint in told_by(record)],
            "version": one.version,
        }
        return json_reply(document, 200, NO_STORE).response()

    async def rule(self, request: web.Request) -> web.Response:
        """GET: how labels are given below a secondary prefix."""
        requests.query(request, NO_PARAMETERS)
        caller = await self._reception.caller(request)
        permit(caller, Action.PREFIX_READ, None)
        root = await self._root(request)
        rule = await self._desk.store.rule(root) or DEFAULT_RULE
        return json_reply(rule_document(root, rule), 200, NO_STORE).response()

    async def regulate(self, request: web.Request) -> web.Response:
        """PUT: say how."""
        known = ("first", "digits", "reserved", "keep_vanity", "root")
        caller, found = await members(self._reception, request, known)
        permit(caller, Action.PREFIX_MANAGE, None)
        root = await self._root(request)
        wanted = Allotment(
            first=found.integer("first", 0, 10**MAX_DIGITS - 1, 1),
            digits=found.integer("digits", 1, MAX_DIGITS, 1),
            reserved=_ranges(found),
            keep_vanity="keep_vanity" not in found or found.boolean("keep_vanity"),
        )
        judged(found)
        made = done(await self._desk.holdings.regulate(Rule(root, wanted), by_of(caller)))
        document = rule_document(made.root, made.allotment)
        return json_reply(document, 200, NO_STORE).response()

    async def _root(self, request: web.Request) -> Prefix:
        prefix = path_prefix(request)
        there = None if prefix is None else await self._desk.store.holding(prefix)
        if there is None or there.enterprise:
            raise Refusal(Problem(kind=NO_SUCH))
        return there.prefix


def _ranges(found: Members) -> tuple[Range, ...]:
    items = found.items("reserved", [])
    place = found.place("reserved")
    if len(items) > MAX_RANGES:
        found.note("reserved", "too_many", count=len(items), limit=MAX_RANGES)
        return ()
    texts = [item if isinstance(item, str) else "" for item in items]
    try:
        return read_ranges(texts)
    except Invalid as invalid:
        found.faults.extend(
            Fault(fault.code, place + fault.pointer, fault.params) for fault in invalid.faults
        )
        return ()
