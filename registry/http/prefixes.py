"""Prefixes over HTTP: the handlers below ``/api/v1/prefixes``, ``routes`` and ``prefix-rules``."""

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec
from aiohttp import web

from edge.problems import Problem, Refusal
from identifiers.access import Action
from identifiers.changes import AuditEntry
from identifiers.faults import Fault, Invalid
from identifiers.holdings import Holding, Sought
from identifiers.labels import MAX_DIGITS, MAX_RANGES, Allotment, read_ranges
from identifiers.names import Prefix
from identifiers.routes import record_key
from identifiers.routing import read_endpoints
from identifiers.standings import Hosting, PrefixState
from identifiers.wire.members import Members
from registry.business.hosting import Hostings, told_by
from registry.business.placing import DEFAULT_RULE
from registry.business.prefix_ports import PrefixStore
from registry.business.prefixes import MAX_QUOTA, Allotting, Holdings, Rule
from registry.http import requests
from registry.http.business import NO_STORE, by_of, judged, members, missing
from registry.http.cursors import read_cursor, write_cursor
from registry.http.identifiers import DEFAULT_PAGE
from registry.http.lists import MOST_ENTERPRISES, wanted_enterprise
from registry.http.permission import permit
from registry.http.prefix_forms import (
    HOSTINGS,
    STATES,
    done,
    holding_document,
    moment,
    path_prefix,
    rule_document,
)
from registry.http.problems import NO_SUCH
from registry.http.reception import Caller, Reception
from registry.http.replies import etag, json_reply
from registry.ports import RegistryStore
from registry.service import PAGE_LIMIT

PATH: Final = "/api/v1/prefixes"
ROUTES: Final = "/api/v1/routes"
RULES: Final = "/api/v1/prefix-rules"
LIST_PARAMETERS: Final = frozenset(
    {"enterprise", "state", "hosting", "text", "holder", "after", "limit"}
)
SWITCHES: Final = ("enabled", "disabled", "to_be_deleted")
_PAGE_PARAMETERS: Final = frozenset({"after", "limit"})
_NONE: Final[frozenset[str]] = frozenset()
_PREFIX_PLACE: Final = re.compile(r"[0-9A-Z.-]{1,255}", re.ASCII)
_HISTORY_PLACE: Final = re.compile(r"[0-9]{1,20}(?:-[0-9]{1,20})?", re.ASCII)
_OF_THE_NODE: Final = frozenset({Hosting.HOSTED, Hosting.REJECTED})


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """What the handlers work with. `reachable`: may a route lead to this numeric address?"""

    store: PrefixStore
    records: RegistryStore
    holdings: Holdings
    hostings: Hostings
    reachable: Callable[[str], bool]


class PrefixRoutes:
    """The handlers of prefixes."""

    def __init__(self, desk: Desk, reception: Reception) -> None:
        self._desk = desk
        self._reception = reception

    async def page(self, request: web.Request) -> web.Response:
        """GET of the collection: prefixes by their text, some at a time."""
        parameters = requests.query(request, LIST_PARAMETERS)
        limit = requests.number(parameters, "limit", DEFAULT_PAGE, PAGE_LIMIT)
        place = read_cursor(parameters, _PREFIX_PLACE)
        state, hosting = (
            _chosen(parameters, "state", STATES),
            _chosen(parameters, "hosting", HOSTINGS),
        )
        caller = await self._reception.caller(request)
        whose = wanted_enterprise(parameters, caller)
        permit(caller, Action.PREFIX_READ, whose)
        sought = Sought(
            enterprise=whose,
            state=state,
            hosting=hosting,
            text=_text(parameters, "text"),
            holder=_text(parameters, "holder"),
        )
        found = await self._desk.store.holdings(sought, "" if place is None else place[0], limit)
        document: dict[str, Any] = {"items": [holding_document(one) for one in found]}
        if len(found) == limit:
            document["next"] = write_cursor(str(found[-1].prefix))
        return json_reply(document, 200, NO_STORE).response()

    async def allot(self, request: web.Request) -> web.Response:
        """POST: give a prefix to an enterprise."""
        known = ("enterprise", "prefix", "root", "hosted", "quota")
        caller, found = await members(self._reception, request, known)
        permit(caller, Action.PREFIX_MANAGE, None)
        wanted = Allotting(
            enterprise=found.integer("enterprise", 1, MOST_ENTERPRISES),
            prefix=prefix_of(found, "prefix"),
            root=prefix_of(found, "root"),
            hosted="hosted" not in found or found.boolean("hosted"),
            quota=_quota(found),
        )
        if ("prefix" in found) == ("root" in found):
            found.note("prefix", "one_of", choices="prefix, root")
        judged(found)
        return _told(done(await self._desk.holdings.allot(wanted, by_of(caller))), 201)

    async def read(self, request: web.Request) -> web.Response:
        """GET of one."""
        requests.query(request, _NONE)
        caller = await self._reception.caller(request)
        return _told(await self._held(request, caller, Action.PREFIX_READ))

    async def switch(self, request: web.Request) -> web.Response:
        """PUT of its state: on, off, off for good."""
        caller, found = await members(self._reception, request, ("state", "reason"))
        there = await self._held(request, caller, Action.PREFIX_MANAGE)
        state = STATES.get(found.one_of("state", SWITCHES), PrefixState.ENABLED)
        reason = found.text("reason", "")
        judged(found)
        by = by_of(caller)
        return _told(done(await self._desk.holdings.switch(there.prefix, state, reason, by)))

    async def host(self, request: web.Request) -> web.Response:
        """PUT of its hosting: ask, withdraw, grant, refuse."""
        caller, found = await members(self._reception, request, ("hosting", "reason"))
        hosting = HOSTINGS.get(found.one_of("hosting", HOSTINGS), Hosting.APPLIED)
        action = Action.PREFIX_MANAGE if hosting in _OF_THE_NODE else Action.PREFIX_WRITE
        there = await self._held(request, caller, action)
        reason = found.text("reason", "")
        judged(found)
        by = by_of(caller)
        return _told(done(await self._desk.hostings.host(there.prefix, hosting, reason, by)))

    async def limit(self, request: web.Request) -> web.Response:
        """PUT of its quota."""
        caller, found = await members(self._reception, request, ("quota",))
        there = await self._held(request, caller, Action.PREFIX_MANAGE)
        found.any("quota")
        quota = _quota(found)
        judged(found)
        return _told(done(await self._desk.holdings.limit(there.prefix, quota, by_of(caller))))

    async def transfer(self, request: web.Request) -> web.Response:
        """POST: hand it to another enterprise."""
        caller, found = await members(self._reception, request, ("enterprise",))
        there = await self._held(request, caller, Action.PREFIX_MANAGE)
        heir = found.integer("enterprise", 1, MOST_ENTERPRISES)
        judged(found)
        return _told(done(await self._desk.holdings.transfer(there.prefix, heir, by_of(caller))))

    async def remove(self, request: web.Request) -> web.Response:
        """DELETE: forget what is to be deleted and unused."""
        requests.query(request, _NONE)
        caller = await self._reception.caller(request)
        there = await self._held(request, caller, Action.PREFIX_MANAGE)
        return _told(done(await self._desk.holdings.remove(there.prefix, by_of(caller))))

    async def history(self, request: web.Request) -> web.Response:
        """GET: what was done to it, newest first."""
        parameters = requests.query(request, _PAGE_PARAMETERS)
        limit = requests.number(parameters, "limit", DEFAULT_PAGE, PAGE_LIMIT)
        place = read_cursor(parameters, _HISTORY_PLACE)
        caller = await self._reception.caller(request)
        there = await self._held(request, caller, Action.PREFIX_READ)
        after = "" if place is None else place[0]
        entries, more = await self._desk.store.history(there.prefix, after, limit)
        document: dict[str, Any] = {"items": [_entry(entry) for entry in entries]}
        if more:
            document["next"] = write_cursor(more)
        return json_reply(document, 200, NO_STORE).response()

    # routes

    async def routes(self, request: web.Request) -> web.Response:
        """GET: where clients are referred to."""
        requests.query(request, _NONE)
        caller = await self._reception.caller(request)
        return await self._routed(await self._held(request, caller, Action.PREFIX_READ))

    async def route(self, request: web.Request) -> web.Response:
        """PUT: say where names live."""
        caller, found = await members(self._reception, request, ("sites",))
        there = await self._held(request, caller, Action.PREFIX_WRITE)
        try:
            endpoints = read_endpoints(found.any("sites"), self._desk.reachable)
        except Invalid as invalid:
            if "sites" in found:
                found.faults.extend(fault.below("/sites") for fault in invalid.faults)
            raise Invalid(found.faults) from None
        judged(found)
        by = by_of(caller)
        return await self._routed(
            done(await self._desk.hostings.route(there.prefix, endpoints, by))
        )

    async def unroute(self, request: web.Request) -> web.Response:
        """DELETE: names live here again."""
        requests.query(request, _NONE)
        caller = await self._reception.caller(request)
        there = await self._held(request, caller, Action.PREFIX_MANAGE)
        by = by_of(caller)
        if there.hosting is Hosting.REJECTED:
            there = done(await self._desk.hostings.host(there.prefix, Hosting.NOT_HOSTED, "", by))
        made = done(await self._desk.hostings.host(there.prefix, Hosting.HOSTED, "", by))
        return await self._routed(made)

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

    # rules

    async def rule(self, request: web.Request) -> web.Response:
        """GET: how labels are given below a secondary prefix."""
        requests.query(request, _NONE)
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

    async def _held(self, request: web.Request, caller: Caller, action: Action) -> Holding:
        """Return the prefix in the path, to which the caller may do this. Raises `Refusal`."""
        prefix = path_prefix(request)
        there = None if prefix is None else await self._desk.store.holding(prefix)
        if there is None:
            raise missing(caller, action)
        permit(caller, action, there.enterprise or None)
        return there


def _told(one: Holding, status: int = 200) -> web.Response:
    headers = (NO_STORE, ("ETag", etag(one.version)))
    return json_reply(holding_document(one), status, *headers).response()


def _entry(entry: AuditEntry) -> dict[str, Any]:
    return {
        "at": moment(entry.at),
        "actor": entry.actor,
        "action": entry.action,
        "request": entry.request,
        "detail": msgspec.json.decode(entry.detail),
    }


def _chosen(parameters: dict[str, str], name: str, choices: dict[str, Any]) -> Any:
    text = parameters.get(name)
    if text is None:
        return None
    if text not in choices:
        raise requests.bad_parameter(name, "one_of", choices=", ".join(choices))
    return choices[text]


def _text(parameters: dict[str, str], name: str) -> str:
    text = parameters.get(name, "")
    if "\0" in text:
        raise requests.bad_parameter(name, "nul")
    return text


def prefix_of(found: Members, name: str) -> Prefix | None:
    """Return a prefix that a member names; None: it does not, a fault is noted for a bad one."""
    if name not in found or not (text := found.text(name)):
        return None
    try:
        return Prefix.parse(text)
    except Invalid as invalid:
        found.faults.extend(fault.below(found.place(name)) for fault in invalid.faults)
        return None


def _quota(found: Members) -> int | None:
    if found.get("quota") is None:
        return None
    return found.integer("quota", 0, MAX_QUOTA)


def _ranges(found: Members) -> Any:
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
