"""Bulk changes of state: ask for one, see how far it is, fetch what became of each row, stop it."""

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final
from uuid import UUID

import msgspec
from aiohttp import hdrs, web

from edge.bodies import read_body
from edge.problems import (
    Problem,
    Refusal,
    retry_after,
)
from edge.server import language
from edge.streams import stream
from identifiers.access import Action
from identifiers.faults import Fault, Faults, Invalid, Language
from identifiers.jobs import MAX_HANDLES, TARGETS, Job, JobAction, JobState, Listed, Under
from identifiers.names import Handle, Prefix, fold
from identifiers.principals import ApiKey
from identifiers.records import State
from identifiers.standings import ENDED
from identifiers.wire.jsonform import instant, parse_instant
from identifiers.wire.jsonload import load
from identifiers.wire.members import Members, members_of, type_fault
from registry.answers import Denied, KeyReused
from registry.business.jobs import NEWEST, Ended, JobOrder, Jobs, TooMany
from registry.http import requests
from registry.http.bodies import read_reason
from registry.http.cursors import read_cursor, write_cursor
from registry.http.imports import NDJSON, result_document
from registry.http.operations import Json
from registry.http.permission import permit
from registry.http.problems import (
    JOB_ENDED,
    NO_JOB,
    TOO_MANY_OPEN,
    problem_of_answer,
)
from registry.http.reception import Caller, Reception
from registry.http.replies import JSON, again, json_reply
from registry.imports.results import Fate, RowResult
from registry.service import PAGE_LIMIT

JOBS: Final = "/api/v1/jobs"
BODY_LIMIT: Final = 16 * 1024 * 1024
_NONE: Final[frozenset[str]] = frozenset()
_LIST: Final = frozenset({"after", "limit"})
_RESULTS: Final = frozenset({"all"})
_DEFAULT_PAGE: Final = 20
_RETRY_SECONDS: Final = 30
_PLACE: Final = re.compile(r"([0-9]{1,18})/([0-9a-f-]{36})", re.ASCII)
STATES: Final = {state.name.lower(): state for state in State if state is not State.DELETED}
_MEMBERS: Final = ("action", "reason", "handles", "prefix", "filter")
_FILTER: Final = ("begins", "state", "changed_since", "changed_before")
_ENCODER: Final = msgspec.json.Encoder()


class Wanted(msgspec.Struct, frozen=True):
    """What a body asks for."""

    action: JobAction
    reason: str
    what: Under | tuple[str, ...]


class StateJobs:
    """The handlers below ``/api/v1/jobs``."""

    def __init__(self, jobs: Jobs, reception: Reception) -> None:
        self._jobs = jobs
        self._reception = reception

    async def open(self, request: web.Request) -> web.Response:
        """POST: take a job."""
        requests.query(request, _NONE)
        caller = await self._reception.caller(request)
        permit(caller, Action.JOB_READ, caller.enterprise)
        requests.needs_media_type(request, JSON)
        body = await read_body(request, BODY_LIMIT)
        wanted = read_wanted(body)
        order = JobOrder(
            action=wanted.action,
            reason=wanted.reason,
            what=wanted.what,
            key=requests.idempotency_key(request),
            digest=requests.request_digest(request, body),
        )
        answer = await self._jobs.open(order, self._reception.asked(caller))
        if isinstance(answer, TooMany):
            problem = retry_after(TOO_MANY_OPEN, _RETRY_SECONDS)
            return caller.told.problem(problem).response()
        if isinstance(answer, KeyReused | Denied):
            return caller.told.problem(problem_of_answer(answer)).response()
        where = (hdrs.LOCATION, f"{JOBS}/{answer.job.id}")
        reply = json_reply(job_document(answer.job), 202, where)
        return (again(reply) if answer.again else reply).response()

    async def list(self, request: web.Request) -> web.Response:
        """GET: the jobs of the enterprise, newest first."""
        parameters = requests.query(request, _LIST)
        caller = await self._reception.caller(request)
        permit(caller, Action.JOB_READ, caller.enterprise)
        limit = requests.number(parameters, "limit", _DEFAULT_PAGE, PAGE_LIMIT)
        place = read_cursor(parameters, _PLACE)
        after = NEWEST if place is None else (int(place[1]), UUID(place[2]))
        found = await self._jobs.list(caller.enterprise, after, limit)
        document: Json = {"items": [job_document(job) for job in found if _sees(caller, job)]}
        if len(found) == limit:
            document["next"] = write_cursor(f"{found[-1].created_at}/{found[-1].id}")
        return json_reply(document).response()

    async def read(self, request: web.Request) -> web.Response:
        """GET: how far a job is."""
        requests.query(request, _NONE)
        _, job = await self._found(request, Action.JOB_READ)
        return json_reply(job_document(job)).response()

    async def cancel(self, request: web.Request) -> web.Response:
        """DELETE: call a job off."""
        requests.query(request, _NONE)
        caller, job = await self._found(request, Action.JOB_WRITE)
        answer = await self._jobs.cancel(job, self._reception.asked(caller))
        if isinstance(answer, Ended):
            if answer.job.state is JobState.CANCELLED:  # it was called off before
                return json_reply(job_document(answer.job)).response()
            members = {"state": answer.job.state.name.lower()}
            return caller.told.problem(Problem(kind=JOB_ENDED, members=members)).response()
        return json_reply(job_document(answer)).response()

    async def results(self, request: web.Request) -> web.StreamResponse:
        """GET: what became of the rows that were rejected, or with ``all=1`` of every row."""
        every = requests.flag(requests.query(request, _RESULTS), "all")
        _, job = await self._found(request, Action.JOB_READ)
        async with (
            aclosing(self._lines(job, language(request), every=every)) as pieces,
            aclosing(self._reception.while_in_force(request, pieces)) as lines,
        ):
            return await stream(request, NDJSON, lines)

    async def _lines(self, job: Job, tongue: Language, *, every: bool) -> AsyncGenerator[bytes]:
        async with aclosing(self._jobs.results(job, every=every)) as chunks:
            async for rows in chunks:
                yield _ENCODER.encode_lines([_row(row, tongue) for row in rows])

    async def _found(self, request: web.Request, action: Action) -> tuple[Caller, Job]:
        caller = await self._reception.caller(request)
        try:
            job = await self._jobs.find(UUID(request.match_info["id"]))
        except ValueError:
            job = None
        # Another's is answered like one that is not there; so is whose permission is asked.
        permit(caller, action, caller.enterprise if job is None else job.enterprise, NO_JOB)
        if job is None or not _sees(caller, job):
            raise Refusal(Problem(kind=NO_JOB))
        return caller, job


def _sees(caller: Caller, job: Job) -> bool:
    """Say whether a job may be told of. A key to some prefixes sees what was asked for with itself.

    Others' jobs tell names under prefixes that it does not reach.
    """
    principal = caller.principal
    cut_down = isinstance(principal, ApiKey) and bool(principal.prefixes)
    return not cut_down or job.principal == caller.name


def _row(row: RowResult, tongue: Language) -> Json:
    document = result_document(row, tongue)
    if row.status is Fate.UPDATED:
        document["status"] = "changed"
    return document


def read_wanted(body: bytes) -> Wanted:
    """Read what is asked of a job. Raises `Invalid` with every fault."""
    faults = Faults()
    members = members_of(load(body), "", faults, _MEMBERS)
    if members is None:
        raise Invalid(faults)
    named = members.one_of("action", [action.value for action in JobAction])
    action = JobAction(named) if named in set(JobAction) else None
    target = TARGETS[action] if action is not None else State.SUSPENDED
    reason = read_reason(members, target) if action or "reason" in members else ""
    what: Under | tuple[str, ...] = ()
    if "handles" in members:
        what = _handles(members)
        for other in ("prefix", "filter"):
            if other in members:
                members.note(other, "job.either")
    else:
        what = _under(members)
    if faults or action is None:
        raise Invalid(faults)
    return Wanted(action, reason if target in ENDED else "", what)


def _handles(members: Members) -> tuple[str, ...]:
    items = members.items("handles")
    if not items and isinstance(members.get("handles"), list):
        members.note("handles", "empty")
    if len(items) > MAX_HANDLES:
        members.note("handles", "too_many", count=len(items), limit=MAX_HANDLES)
        return ()
    named = []
    for at, item in enumerate(items):
        if members.faults.full:
            break
        if not isinstance(item, str):
            members.faults.append(type_fault(item, "string", f"/handles/{at}"))
            continue
        try:
            named.append(Handle.parse(item).given)
        except Invalid as invalid:
            members.faults.extend(fault.below(f"/handles/{at}") for fault in invalid.faults)
    return tuple(named)


def _under(members: Members) -> Under:
    prefix = members.text("prefix")
    try:
        prefix = str(Prefix.parse(prefix)) if prefix else ""
    except Invalid as invalid:
        members.faults.extend(fault.below("/prefix") for fault in invalid.faults)
    if not prefix and "prefix" in members and isinstance(members.get("prefix"), str):
        members.note("prefix", "empty")
    if "filter" not in members:
        return Under(prefix=prefix)
    found = members_of(members.get("filter"), "/filter", members.faults, _FILTER)
    if found is None:
        return Under(prefix=prefix)
    begins = found.text("begins", "")
    if prefix and fold(begins).startswith(f"{prefix}/"):
        # It would fit nothing, and a recall that found nothing must not look like one that is done.
        found.note("begins", "job.begins", prefix=prefix)
    state = found.one_of("state", tuple(STATES)) if "state" in found else ""
    return Under(
        prefix=prefix,
        begins=begins,
        state=STATES.get(state),
        since=_instant(found, "changed_since"),
        before=_instant(found, "changed_before"),
    )


def _instant(members: Members, name: str) -> int:
    if name not in members:
        return 0
    text = members.text(name)
    try:
        return parse_instant(text)
    except ValueError:
        if isinstance(members.get(name), str):
            members.faults.append(Fault("value.instant", members.place(name)))
        return 0


def job_document(job: Job) -> Json:
    """Return a job as its owner sees it."""
    document: Json = {
        "id": str(job.id),
        "state": job.state.name.lower(),
        "action": job.action.value,
        "total": job.total,
        "rows": job.counts.rows,
        **msgspec.structs.asdict(job.counts),
        "created_at": instant(job.created_at // 1000),
        "finished_at": instant(job.finished_at // 1000) if job.finished_at else None,
        "results": f"{JOBS}/{job.id}/results",
    }
    if job.reason:
        document["reason"] = job.reason
    if job.why:
        document["why"] = job.why
    if job.cursor and job.state is not JobState.DONE:  # then it looked at all there was
        document["reached"] = job.cursor
    if not isinstance(job.selection, Listed):
        document["prefix"] = job.selection.prefix
    return document
