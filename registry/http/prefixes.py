"""Prefixes over HTTP: the handlers below ``/api/v1/prefixes``."""

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec
from aiohttp import web

from identifiers.access import Action
from identifiers.changes import AuditEntry
from identifiers.faults import Faults, Invalid
from identifiers.holdings import Holding, Sought
from identifiers.names import Prefix
from identifiers.standings import Hosting, PrefixState
from identifiers.wire.jsonload import load
from identifiers.wire.members import Members, members_of
from registry.answers import KeyReused, Replayed
from registry.business.hosting import Hostings
from registry.business.prefix_ports import PrefixStore
from registry.business.prefixes import MAX_QUOTA, Allotting, Given, Holdings, Repeated
from registry.http import requests
from registry.http.business import NO_STORE, by_of, judged, members, missing
from registry.http.cursors import read_cursor, write_cursor
from registry.http.identifiers import DEFAULT_PAGE
from registry.http.lists import MOST_ENTERPRISES, received, wanted_enterprise
from registry.http.permission import permit
from registry.http.prefix_forms import (
    HOSTINGS,
    STATES,
    done,
    holding_document,
    moment,
    path_prefix,
    problem,
)
from registry.http.problems import problem_of_answer
from registry.http.reception import Caller, Reception
from registry.http.replies import Reply, etag, json_reply, repeated
from registry.ports import RegistryStore
from registry.service import PAGE_LIMIT

PATH: Final = "/api/v1/prefixes"
LIST_PARAMETERS: Final = frozenset(
    {"enterprise", "state", "hosting", "text", "holder", "after", "limit"}
)
SWITCHES: Final = ("enabled", "disabled", "to_be_deleted")
_PAGE_PARAMETERS: Final = frozenset({"after", "limit"})
_NONE: Final[frozenset[str]] = frozenset()
_PREFIX_PLACE: Final = re.compile(r"[0-9A-Z.-]{1,255}", re.ASCII)
_HISTORY_PLACE: Final = re.compile(r"[0-9]{1,18}-[0-9]{1,18}", re.ASCII)
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
        caller, body = await received(self._reception, request)
        permit(caller, Action.PREFIX_MANAGE, None)
        wanted = _allotting(body)

        def reply(answer: Given | Repeated) -> Reply:
            if isinstance(answer, Replayed):
                return repeated(answer.answer)
            if isinstance(answer, KeyReused):
                return caller.told.problem(problem_of_answer(answer))
            if not isinstance(answer, Holding):
                return caller.told.problem(problem(answer))
            headers = (NO_STORE, ("ETag", etag(answer.version)))
            return json_reply(holding_document(answer), 201, *headers)

        once = self._reception.once(request, body, caller, reply)
        return reply(await self._desk.holdings.allot(wanted, by_of(caller), once)).response()

    async def read(self, request: web.Request) -> web.Response:
        """GET of one."""
        requests.query(request, _NONE)
        caller = await self._reception.caller(request)
        return _told(await held_by(self._desk, request, caller, Action.PREFIX_READ))

    async def switch(self, request: web.Request) -> web.Response:
        """PUT of its state: on, off, off for good."""
        caller, found = await members(self._reception, request, ("state", "reason"))
        there = await held_by(self._desk, request, caller, Action.PREFIX_MANAGE)
        state = STATES.get(found.one_of("state", SWITCHES), PrefixState.ENABLED)
        reason = found.text("reason", "")
        judged(found)
        by = by_of(caller)
        return _told(
            done(
                await self._desk.holdings.switch(there.prefix, state, reason, by, seen_by(request))
            )
        )

    async def host(self, request: web.Request) -> web.Response:
        """PUT of its hosting: ask, withdraw, grant, refuse."""
        caller, found = await members(self._reception, request, ("hosting", "reason"))
        hosting = HOSTINGS.get(found.one_of("hosting", HOSTINGS), Hosting.APPLIED)
        action = Action.PREFIX_MANAGE if hosting in _OF_THE_NODE else Action.PREFIX_WRITE
        there = await held_by(self._desk, request, caller, action)
        reason = found.text("reason", "")
        judged(found)
        by = by_of(caller)
        return _told(
            done(
                await self._desk.hostings.host(there.prefix, hosting, reason, by, seen_by(request))
            )
        )

    async def limit(self, request: web.Request) -> web.Response:
        """PUT of its quota."""
        caller, found = await members(self._reception, request, ("quota",))
        there = await held_by(self._desk, request, caller, Action.PREFIX_MANAGE)
        found.any("quota")
        quota = _quota(found)
        judged(found)
        return _told(
            done(
                await self._desk.holdings.limit(
                    there.prefix, quota, by_of(caller), seen_by(request)
                )
            )
        )

    async def transfer(self, request: web.Request) -> web.Response:
        """POST: hand it to another enterprise."""
        caller, found = await members(self._reception, request, ("enterprise",))
        there = await held_by(self._desk, request, caller, Action.PREFIX_MANAGE)
        heir = found.integer("enterprise", 1, MOST_ENTERPRISES)
        judged(found)
        return _told(
            done(
                await self._desk.holdings.transfer(
                    there.prefix, heir, by_of(caller), seen_by(request)
                )
            )
        )

    async def remove(self, request: web.Request) -> web.Response:
        """DELETE: forget what is to be deleted and unused."""
        requests.query(request, _NONE)
        caller = await self._reception.caller(request)
        there = await held_by(self._desk, request, caller, Action.PREFIX_MANAGE)
        return _told(
            done(await self._desk.holdings.remove(there.prefix, by_of(caller), seen_by(request)))
        )

    async def history(self, request: web.Request) -> web.Response:
        """GET: what was done to it, newest first."""
        parameters = requests.query(request, _PAGE_PARAMETERS)
        limit = requests.number(parameters, "limit", DEFAULT_PAGE, PAGE_LIMIT)
        place = read_cursor(parameters, _HISTORY_PLACE)
        caller = await self._reception.caller(request)
        there = await held_by(self._desk, request, caller, Action.PREFIX_READ)
        after = "" if place is None else place[0]
        entries, more = await self._desk.store.history(there.prefix, after, limit)
        document: dict[str, Any] = {"items": [_entry(entry) for entry in entries]}
        if more:
            document["next"] = write_cursor(more)
        return json_reply(document, 200, NO_STORE).response()


async def held_by(desk: Desk, request: web.Request, caller: Caller, action: Action) -> Holding:
    """Return the prefix in the path, to which the caller may do this. Raises `Refusal`."""
    prefix = path_prefix(request)
    there = None if prefix is None else await desk.store.holding(prefix)
    if there is None:
        raise missing(caller, action)
    permit(caller, action, there.enterprise or None)
    return there


def _allotting(body: bytes) -> Allotting:
    faults = Faults()
    found = members_of(load(body), "", faults, ("enterprise", "prefix", "root", "hosted", "quota"))
    if found is None:
        raise Invalid(faults)
    if ("prefix" in found) == ("root" in found):
        found.note("prefix", "prefix.either")
    wanted = Allotting(
        enterprise=found.integer("enterprise", 1, MOST_ENTERPRISES),
        prefix=prefix_of(found, "prefix"),
        root=prefix_of(found, "root"),
        hosted="hosted" not in found or found.boolean("hosted"),
        quota=_quota(found),
    )
    judged(found)
    return wanted


def seen_by(request: web.Request) -> frozenset[int] | None:
    """Return the versions that If-Match names; None: any."""
    return requests.precondition(request).one_of


def _told(one: Holding) -> web.Response:
    headers = (NO_STORE, ("ETag", etag(one.version)))
    return json_reply(holding_document(one), 200, *headers).response()


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
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise requests.bad_parameter(name, "surrogate")
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
