"""Applications over HTTP: the handlers below ``/api/v1/applications`` and ``/api/v1/changes``."""

from enum import StrEnum
from itertools import islice
from typing import Any, Final, TypeVar

from aiohttp import hdrs, web

from identifiers.access import Action
from identifiers.enterprises.ledger import Application, Outcome, Wanted
from identifiers.enterprises.review import (
    Approval,
    Kind,
    Rejection,
    Reviewer,
    Stage,
    Withdrawal,
)
from identifiers.faults import Fault, Invalid
from identifiers.standings import reason_faults
from identifiers.wire.members import Members
from registry.answers import Faulty
from registry.business import shown
from registry.business.admissions import Submitted, Taken, Took
from registry.business.members import METHODS, Finding
from registry.business.national import record
from registry.business.office import Office
from registry.commands import Asked
from registry.http import requests
from registry.http.business import (
    NO_STORE,
    NUMBER_PLACE,
    UUID_PLACE,
    Trouble,
    by_of,
    done,
    judged,
    members,
    members_in,
    missing,
    path_uuid,
    reasons,
    sent,
)
from registry.http.cursors import read_cursor, write_cursor
from registry.http.identifiers import DEFAULT_PAGE, NO_PARAMETERS
from registry.http.lists import MOST_ENTERPRISES, wanted_enterprise
from registry.http.permission import permit
from registry.http.reception import Caller, Reception
from registry.http.repeats import Repeats
from registry.http.replies import Reply, etag, json_reply
from registry.service import PAGE_LIMIT

A = TypeVar("A", Application, Taken)
E = TypeVar("E", bound=StrEnum)

PATH: Final = "/api/v1/applications"
CHANGES: Final = "/api/v1/changes"
HISTORY_PARAMETERS: Final = frozenset({"after", "limit"})
LIST_PARAMETERS: Final = frozenset({"enterprise", "stage", "kind", "after", "limit"})
_WANTED, _PARTICULARS, _ENTERPRISE = "/wanted", "/particulars", "/enterprise"
_APPROVED: Final = Approval(Reviewer.NODE)


class ApplicationRoutes:
    """The handlers of applications."""

    def __init__(self, office: Office, reception: Reception) -> None:
        self._office = office
        self._reception = reception
        self._repeats = Repeats(reception)

    async def submit(self, request: web.Request) -> web.Response:
        """POST: apply for admission."""
        caller, body = await sent(self._reception, request)
        found = members_in(body, ("particulars", "wanted"))
        permit(caller, Action.APPLICATION_WRITE, caller.enterprise)
        submitted = _submitted(found)
        await self._judged(found, submitted, caller)
        return await self._apply(request, body, caller, submitted)

    async def change(self, request: web.Request) -> web.Response:
        """POST: ask for other particulars of an enterprise."""
        caller, body = await sent(self._reception, request)
        found = members_in(body, ("particulars", "enterprise"))
        number = found.integer("enterprise", 1, MOST_ENTERPRISES, caller.enterprise)
        submitted = Submitted(particulars=found.any("particulars"), enterprise=number)
        if any(fault.pointer == _ENTERPRISE for fault in found.faults):
            judged(found)  # whose particulars these are to be is not known
        permit(caller, Action.ENTERPRISE_WRITE, number)
        await self._judged(found, submitted, caller)
        return await self._apply(request, body, caller, submitted)

    async def _judged(
        self,
        found: Members,
        submitted: Submitted,
        caller: Caller,
        there: Application | None = None,
    ) -> None:
        """Raise `Invalid` if the members are at fault, with what is wrong within them too."""
        if found.faults:
            mended = None if there is None else there.id
            within = await self._office.admissions.faults(submitted, by_of(caller), mended)
            raise Invalid([*found.faults, *map(_placed, within)])

    async def _apply(
        self, request: web.Request, body: bytes, caller: Caller, submitted: Submitted
    ) -> web.Response:
        (number,) = self._reception.changes(caller, 1)

        async def take(asked: Asked[Any]) -> Took:
            admissions = self._office.admissions
            return await admissions.take(number, submitted, by_of(caller), asked.once)

        def reply(answer: Took) -> Reply:
            taken = _taken(answer)
            return self._whole(taken, 201 if taken.application.id == number else 200)

        return await self._repeats.once(request, body, caller, take, reply)

    async def resubmit(self, request: web.Request) -> web.Response:
        """PUT of one: mend what was rejected."""
        caller, found = await members(self._reception, request, ("particulars", "wanted"))
        there = await self._permitted(request, caller, Action.APPLICATION_WRITE)
        submitted = _submitted(found)
        await self._judged(found, submitted, caller, there)
        seen = requests.precondition(request).one_of
        answer = await self._office.admissions.resubmit(there.id, submitted, by_of(caller), seen)
        return await self._told(_taken(answer))

    async def page(self, request: web.Request) -> web.Response:
        """GET: applications, some at a time, oldest first."""
        parameters = requests.query(request, LIST_PARAMETERS)
        limit = requests.number(parameters, "limit", DEFAULT_PAGE, PAGE_LIMIT)
        place = read_cursor(parameters, UUID_PLACE)
        stages = _chosen(parameters, "stage", Stage)
        kinds = _chosen(parameters, "kind", Kind)
        caller = await self._reception.caller(request)
        whose = wanted_enterprise(parameters, caller)
        permit(caller, Action.APPLICATION_READ, whose)
        wanted = Wanted(stages=stages, kinds=kinds, enterprise=whose or 0)
        after = "" if place is None else place[0]
        found = await self._office.store.applications(wanted, after, limit)
        document: dict[str, Any] = {"items": [shown.brief(one) for one in found]}
        if len(found) == limit:
            document["next"] = write_cursor(str(found[-1].id))
        return json_reply(document, 200, NO_STORE).response()

    async def read(self, request: web.Request) -> web.Response:
        """GET of one: all of it, personal data masked, and what was done to it."""
        _, there = await self._found(request, Action.APPLICATION_READ)
        return await self._told(there)

    async def history(self, request: web.Request) -> web.Response:
        """GET: the revisions of one: who, when, what changed, old and new."""
        parameters = requests.query(request, HISTORY_PARAMETERS)
        limit = requests.number(parameters, "limit", DEFAULT_PAGE, PAGE_LIMIT)
        place = read_cursor(parameters, NUMBER_PLACE)
        caller = await self._reception.caller(request)
        there = await self._permitted(request, caller, Action.APPLICATION_READ)
        after = 0 if place is None else int(place[0])
        store = self._office.store
        steps = [one for one in await store.steps(there.id) if one.revision > after]
        # With the one before the first, to tell what the first changed.
        kept = await store.revisions(there.id, max(after - 1, 0), limit + 1)
        told = shown.revisions(steps, kept, there.identity, self._office.sealer)
        items = list(islice(told, limit))
        document: dict[str, Any] = {"items": items}
        if len(items) == limit:
            document["next"] = write_cursor(str(items[-1]["revision"]))
        return json_reply(document, 200, NO_STORE).response()

    async def approve(self, request: web.Request) -> web.Response:
        """POST: approve for the node."""
        return await self._decide(request, Action.APPLICATION_REVIEW, _APPROVED)

    async def withdraw(self, request: web.Request) -> web.Response:
        """POST: the applicant wants it no more."""
        return await self._decide(request, Action.APPLICATION_WRITE, Withdrawal())

    async def reject(self, request: web.Request) -> web.Response:
        """POST: reject for the node, with reasons."""
        caller, found = await members(self._reception, request, ("reasons",))
        there = await self._permitted(request, caller, Action.APPLICATION_REVIEW)
        step = Rejection(Reviewer.NODE, reasons(found))
        judged(found)
        return await self._stepped(request, caller, there, step)

    async def national(self, request: web.Request) -> web.Response:
        """POST: record the national node's verdict."""
        caller, found = await members(self._reception, request, ("approved", "reasons"))
        there = await self._permitted(request, caller, Action.ENTERPRISE_MANAGE)
        if "approved" not in found:
            found.note("approved", "required")
        approved = found.boolean("approved")
        told = () if approved and "reasons" not in found else reasons(found)
        if approved and told:
            found.note("reasons", "application.reasons")
        judged(found)
        by = by_of(caller)
        return await self._told(done(await record(self._office.admissions, there.id, told, by)))

    async def purge(self, request: web.Request) -> web.Response:
        """POST: remove the personal data of an application that came to nothing."""
        caller, there = await self._found(request, Action.ENTERPRISE_MANAGE)
        return await self._told(done(await self._office.admissions.purge(there.id, by_of(caller))))

    async def verify(self, request: web.Request) -> web.Response:
        """POST: note whether the applicant is who he says."""
        caller, found = await members(self._reception, request, FINDING)
        there = await self._permitted(request, caller, Action.APPLICATION_REVIEW)
        made = finding(found)
        done(await self._office.enterprises.verify_applicant(there.id, made, by_of(caller)))
        return await self._told(there)

    async def _decide(
        self, request: web.Request, action: Action, step: Approval | Withdrawal
    ) -> web.Response:
        caller, there = await self._found(request, action)
        return await self._stepped(request, caller, there, step)

    async def _stepped(
        self,
        request: web.Request,
        caller: Caller,
        there: Application,
        step: Approval | Rejection | Withdrawal,
    ) -> web.Response:
        seen = requests.precondition(request).one_of
        answer = await self._office.admissions.decide(there.id, step, by_of(caller), seen)
        return await self._told(done(answer))

    async def _found(self, request: web.Request, action: Action) -> tuple[Caller, Application]:
        requests.query(request, NO_PARAMETERS)
        caller = await self._reception.caller(request)
        return caller, await self._permitted(request, caller, action)

    async def _permitted(self, request: web.Request, caller: Caller, action: Action) -> Application:
        number = path_uuid(request)
        found = None if number is None else await self._office.store.application(number)
        if found is None:
            raise missing(caller, action)
        permit(caller, action, found.enterprise or None)
        return found

    async def _told(self, application: Application) -> web.Response:
        store = self._office.store
        steps = tuple(await store.steps(application.id))
        verification = await store.verification(application.identity)
        return self._whole(Taken(application, steps, verification), 200).response()

    def _whole(self, taken: Taken, status: int) -> Reply:
        application = taken.application
        document = shown.whole(application, self._office.sealer, taken.steps, taken.verification)
        headers = [NO_STORE, (hdrs.ETAG, etag(application.version))]
        if status != web.HTTPOk.status_code:
            headers.append((hdrs.LOCATION, f"{PATH}/{application.id}"))
        return json_reply(document, status, *headers)


FINDING: Final = ("outcome", "method", "note")


def finding(found: Members) -> Finding:
    """Read what came of a verification. Raises `Invalid`."""
    outcome = found.one_of("outcome", tuple(Outcome))
    method = found.one_of("method", tuple(METHODS))
    note = found.text("note", "")
    if note:
        found.faults.extend(reason_faults(note, found.place("note")))
    judged(found)
    return Finding(outcome=Outcome(outcome), method=method, note=note)


def _submitted(found: Members) -> Submitted:
    """Return what was submitted; its members note their faults."""
    particulars = found.any("particulars")
    return Submitted(particulars=particulars, wanted=found.text("wanted", ""))


def _taken(answer: A | Trouble) -> A:
    """Return the application that was made. Raises `Refusal`, faults where they were written."""
    if isinstance(answer, Faulty):
        answer = Faulty(tuple(map(_placed, answer.faults)))
    return done(answer)


def _placed(fault: Fault) -> Fault:
    return fault if fault.pointer == _WANTED else fault.below(_PARTICULARS)


def _chosen(parameters: dict[str, str], name: str, choices: type[E]) -> tuple[E, ...]:
    known = tuple(choices)
    text = parameters.get(name)
    if text is None:
        return known
    if text not in known:
        raise requests.bad_parameter(name, "one_of", choices=", ".join(known))
    return (choices(text),)
