"""Enterprises over HTTP: the handlers below ``/api/v1/enterprises``."""

from collections.abc import Sequence
from typing import Any, Final

from aiohttp import hdrs, web

from edge.problems import Problem, Refusal
from identifiers.access import Action
from identifiers.enterprises.ledger import Member, ReviewStep
from registry.business import shown
from registry.business.members import Shifted
from registry.business.office import Office
from registry.http import requests
from registry.http.applications import FINDING, finding
from registry.http.business import (
    NO_STORE,
    NUMBER_PLACE,
    by_of,
    done,
    judged,
    members,
    missing,
    path_number,
    reason,
)
from registry.http.business_kinds import NOT_FILED
from registry.http.cursors import read_cursor, write_cursor
from registry.http.filing_page import filing_page
from registry.http.identifiers import DEFAULT_PAGE, NO_PARAMETERS
from registry.http.lists import MOST_ENTERPRISES
from registry.http.pages import html
from registry.http.permission import permit
from registry.http.reception import Caller, Reception
from registry.http.replies import etag, json_reply
from registry.service import PAGE_LIMIT

PATH: Final = "/api/v1/enterprises"
_PAGE_PARAMETERS: Final = frozenset({"after", "limit"})


class EnterpriseRoutes:
    """The handlers of enterprises."""

    def __init__(self, office: Office, reception: Reception) -> None:
        self._office = office
        self._reception = reception

    async def page(self, request: web.Request) -> web.Response:
        """GET: enterprises, some at a time; to an enterprise itself alone."""
        parameters = requests.query(request, _PAGE_PARAMETERS)
        limit = requests.number(parameters, "limit", DEFAULT_PAGE, PAGE_LIMIT)
        place = read_cursor(parameters, NUMBER_PLACE)
        caller = await self._reception.caller(request)
        permit(caller, Action.ENTERPRISE_READ, caller.enterprise)
        after = 0 if place is None else min(int(place[0]), MOST_ENTERPRISES)
        found = await self._members(caller, after, limit)
        document: dict[str, Any] = {"items": [shown.member_brief(one) for one in found]}
        if len(found) == limit:
            document["next"] = write_cursor(str(found[-1].id))
        return json_reply(document, 200, NO_STORE).response()

    async def _members(self, caller: Caller, after: int, limit: int) -> Sequence[Member]:
        if caller.enterprise is None:
            return await self._office.store.enterprises(after, limit)
        own = await self._office.store.enterprise(caller.enterprise)
        return () if own is None or own.id <= after else (own,)

    async def read(self, request: web.Request) -> web.Response:
        """GET of one: its particulars, personal data masked; null when nothing was filed."""
        _, there = await self._found(request, Action.ENTERPRISE_READ)
        return await self._told(there)

    async def history(self, request: web.Request) -> web.Response:
        """GET: what happened to it: who, when, old and new."""
        parameters = requests.query(request, _PAGE_PARAMETERS)
        limit = requests.number(parameters, "limit", DEFAULT_PAGE, PAGE_LIMIT)
        place = read_cursor(parameters, NUMBER_PLACE)
        caller = await self._reception.caller(request)
        there = await self._permitted(request, caller, Action.ENTERPRISE_READ)
        after = 0 if place is None else int(place[0])
        store = self._office.store
        before = await store.versions(there.id, after - 1, 1) if after else ()
        found = await store.versions(there.id, after, limit)
        items = list(shown.history(found, before[0] if before else None, self._office.sealer))
        document: dict[str, Any] = {"items": items}
        if len(found) == limit:
            document["next"] = write_cursor(str(found[-1].member.version))
        return json_reply(document, 200, NO_STORE).response()

    async def filing(self, request: web.Request) -> web.Response:
        """GET: the filing record, to be printed."""
        _, there = await self._found(request, Action.ENTERPRISE_READ)
        if not there.filed:
            raise Refusal(Problem(kind=NOT_FILED))
        store = self._office.store
        document = self._office.sealer.open(there.told, there.identity)
        verification = await store.verification(there.identity)
        prefixes = await self._prefixes(there)
        steps = await self._review(there)
        return html(filing_page(there, document, prefixes, verification, steps), private=True)

    async def _review(self, there: Member) -> Sequence[ReviewStep]:
        after = 0
        while found := await self._office.store.versions(there.id, after, PAGE_LIMIT):
            # Before it, somebody may have suspended what was only added.
            admission = next((one.event for one in found if one.event.did == "approved"), None)
            if admission is not None:
                number = admission.application
                return () if number is None else await self._office.store.steps(number)
            after = found[-1].member.version
        return ()

    async def suspend(self, request: web.Request) -> web.Response:
        """POST: switch its prefixes off."""
        caller, there, why = await self._with_reason(request)
        answer = await self._office.enterprises.suspend(there.id, why, by_of(caller))
        return await self._shifted(answer)

    async def resume(self, request: web.Request) -> web.Response:
        """POST: switch them on again."""
        caller, there = await self._found(request, Action.ENTERPRISE_MANAGE)
        return await self._shifted(await self._office.enterprises.resume(there.id, by_of(caller)))

    async def close(self, request: web.Request) -> web.Response:
        """POST: let it go, for good."""
        caller, there, why = await self._with_reason(request)
        answer = await self._office.enterprises.close(there.id, why, by_of(caller))
        return await self._shifted(answer)

    async def verify(self, request: web.Request) -> web.Response:
        """POST: note whether it is who it says."""
        caller, found = await members(self._reception, request, FINDING)
        there = await self._permitted(request, caller, Action.APPLICATION_REVIEW)
        made = finding(found)
        done(await self._office.enterprises.verify(there.id, made, by_of(caller)))
        return await self._told(there)

    async def _with_reason(self, request: web.Request) -> tuple[Caller, Member, str]:
        caller, found = await members(self._reception, request, ("reason",))
        there = await self._permitted(request, caller, Action.ENTERPRISE_MANAGE)
        why = reason(found)
        judged(found)
        return caller, there, why

    async def _found(self, request: web.Request, action: Action) -> tuple[Caller, Member]:
        requests.query(request, NO_PARAMETERS)
        caller = await self._reception.caller(request)
        return caller, await self._permitted(request, caller, action)

    async def _permitted(self, request: web.Request, caller: Caller, action: Action) -> Member:
        found = await self._office.store.enterprise(path_number(request))
        if found is None:
            raise missing(caller, action)
        permit(caller, action, found.id)
        return found

    async def _shifted(self, answer: Shifted) -> web.Response:
        return await self._told(done(answer))

    async def _told(self, member: Member) -> web.Response:
        verification = await self._office.store.verification(member.identity)
        prefixes = await self._prefixes(member)
        document = shown.member_whole(member, self._office.sealer, prefixes, verification)
        headers = (NO_STORE, (hdrs.ETAG, etag(member.version)))
        return json_reply(document, 200, *headers).response()

    async def _prefixes(self, member: Member) -> list[str]:
        directory = await self._office.records.directory()
        return sorted(str(e.prefix) for e in directory.entries if e.enterprise == member.id)
