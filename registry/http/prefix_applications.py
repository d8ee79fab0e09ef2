"""Applications for prefixes over HTTP: the handlers below ``/api/v1/prefix-applications``."""

from typing import Any, Final

from aiohttp import web

from identifiers.access import Action
from identifiers.enterprises.review import Approval, Rejection, Reviewer, Withdrawal
from identifiers.holdings import PrefixApplication
from identifiers.names import Prefix, fold
from registry.business.prefix_applications import Applied, Applying, PrefixApplications
from registry.business.prefix_ports import PrefixStore
from registry.commands import Asked
from registry.http import requests
from registry.http.business import (
    NO_STORE,
    UUID_PLACE,
    by_of,
    judged,
    members,
    members_in,
    missing,
    path_uuid,
    reasons,
    sent,
)
from registry.http.cursors import read_cursor, write_cursor
from registry.http.identifiers import DEFAULT_PAGE
from registry.http.lists import MOST_ENTERPRISES, wanted_enterprise
from registry.http.permission import permit
from registry.http.prefix_forms import application_document, done
from registry.http.prefixes import prefix_of
from registry.http.reception import Caller, Reception
from registry.http.repeats import Repeats
from registry.http.replies import Reply, etag, json_reply
from registry.service import PAGE_LIMIT

PATH: Final = "/api/v1/prefix-applications"
LIST_PARAMETERS: Final = frozenset({"enterprise", "open", "after", "limit"})
_NONE: Final[frozenset[str]] = frozenset()
NO_ROOT: Final = Prefix(("0",))
"""Below this no node allots anything."""


class PrefixApplicationRoutes:
    """The handlers."""

    def __init__(
        self, applications: PrefixApplications, store: PrefixStore, reception: Reception
    ) -> None:
        self._applications = applications
        self._store = store
        self._reception = reception
        self._repeats = Repeats(reception)

    async def apply(self, request: web.Request) -> web.Response:
        """POST: ask for a prefix more."""
        known = ("enterprise", "root", "label", "purpose", "hosted")
        caller, body = await sent(self._reception, request)
        found = members_in(body, known)
        number = found.integer("enterprise", 1, MOST_ENTERPRISES, caller.enterprise)
        permit(caller, Action.PREFIX_WRITE, number)
        root = prefix_of(found, "root") if "root" in found else await self._applications.root()
        wanted = Applying(
            enterprise=number,
            root=root or NO_ROOT,
            label=fold(found.text("label", "")),
            purpose=found.text("purpose", ""),
            hosted="hosted" not in found or found.boolean("hosted"),
        )
        judged(found)
        (made,) = self._reception.changes(caller, 1)

        async def apply(asked: Asked[Any]) -> Applied:
            return await self._applications.apply(made, wanted, by_of(caller), asked.once)

        def reply(answer: Applied) -> Reply:
            there = done(answer)
            return _reply(there, 201 if there.id == made else 200)

        return await self._repeats.once(request, body, caller, apply, reply)

    async def resubmit(self, request: web.Request) -> web.Response:
        """PUT of one: mend what was rejected."""
        caller, found = await members(self._reception, request, ("purpose", "hosted"))
        there = await self._there(request, caller, Action.PREFIX_WRITE)
        purpose = found.text("purpose", there.purpose)
        hosted = found.boolean("hosted") if "hosted" in found else there.hosted
        judged(found)
        by = by_of(caller)
        answer = await self._applications.resubmit(there.id, purpose, by, hosted=hosted)
        return _told(done(answer))

    async def page(self, request: web.Request) -> web.Response:
        """GET: applications, some at a time."""
        parameters = requests.query(request, LIST_PARAMETERS)
        limit = requests.number(parameters, "limit", DEFAULT_PAGE, PAGE_LIMIT)
        open_only = requests.flag(parameters, "open")
        place = read_cursor(parameters, UUID_PLACE)
        caller = await self._reception.caller(request)
        whose = wanted_enterprise(parameters, caller)
        permit(caller, Action.PREFIX_READ, whose)
        after = "" if place is None else place[0]
        found = await self._store.applications(whose, after, limit, open_only=open_only)
        document: dict[str, Any] = {"items": [application_document(one) for one in found]}
        if len(found) == limit:
            document["next"] = write_cursor(str(found[-1].id))
        return json_reply(document, 200, NO_STORE).response()

    async def read(self, request: web.Request) -> web.Response:
        """GET of one."""
        requests.query(request, _NONE)
        caller = await self._reception.caller(request)
        return _told(await self._there(request, caller, Action.PREFIX_READ))

    async def approve(self, request: web.Request) -> web.Response:
        """POST: approve for the node."""
        return await self._decide(request, Action.APPLICATION_REVIEW, Approval(Reviewer.NODE))

    async def withdraw(self, request: web.Request) -> web.Response:
        """POST: the applicant wants it no more."""
        return await self._decide(request, Action.PREFIX_WRITE, Withdrawal())

    async def reject(self, request: web.Request) -> web.Response:
        """POST: reject for the node, with reasons."""
        caller, found = await members(self._reception, request, ("reasons",))
        there = await self._there(request, caller, Action.APPLICATION_REVIEW)
        step = Rejection(Reviewer.NODE, reasons(found))
        judged(found)
        return _told(done(await self._applications.decide(there.id, step, by_of(caller))))

    async def national(self, request: web.Request) -> web.Response:
        """POST: record the national node's verdict."""
        caller, found = await members(self._reception, request, ("approved", "reasons"))
        there = await self._there(request, caller, Action.PREFIX_MANAGE)
        found.any("approved")
        approved = found.boolean("approved")
        told = () if approved and "reasons" not in found else reasons(found)
        if approved and told:
            found.note("reasons", "application.reasons")
        judged(found)
        step = Approval(Reviewer.NATIONAL) if approved else Rejection(Reviewer.NATIONAL, told)
        return _told(done(await self._applications.decide(there.id, step, by_of(caller))))

    async def _decide(
        self, request: web.Request, action: Action, step: Approval | Withdrawal
    ) -> web.Response:
        requests.query(request, _NONE)
        caller = await self._reception.caller(request)
        there = await self._there(request, caller, action)
        return _told(done(await self._applications.decide(there.id, step, by_of(caller))))

    async def _there(
        self, request: web.Request, caller: Caller, action: Action
    ) -> PrefixApplication:
        number = path_uuid(request)
        there = None if number is None else await self._store.application(number)
        if there is None:
            raise missing(caller, action)
        permit(caller, action, there.enterprise)
        return there


def _told(one: PrefixApplication) -> web.Response:
    return _reply(one, 200).response()


def _reply(one: PrefixApplication, status: int) -> Reply:
    headers = (NO_STORE, ("ETag", etag(one.version)))
    return json_reply(application_document(one), status, *headers)
