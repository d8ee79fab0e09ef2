"""Bulk import: the body streams in, and whoever comes later sees how far it got."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final, assert_never
from uuid import UUID

import msgspec
from aiohttp import web

from edge.bodies import stream_body
from edge.problems import Problem, of_faults, retry_after
from edge.server import language, lift_time_limit
from edge.streams import stream
from identifiers.changes import Import, RequestKey
from identifiers.faults import Language
from identifiers.wire import csvform
from identifiers.wire.jsonform import instant
from registry.answers import Denied
from registry.commands import Asked
from registry.http import requests
from registry.http.batch import query_mode
from registry.http.jobs import RETRY_SECONDS, Jobs
from registry.http.problems import (
    BODY_DIFFERS,
    DRY_RUN_TOO_LONG,
    DRY_RUNS_BUSY,
    IMPORT_OVERTAKEN,
    NO_IMPORT,
    kind_of_code,
    problem_of_answer,
)
from registry.http.reception import Caller, Reception
from registry.http.replies import Reply, again, json_reply
from registry.imports.results import RowResult
from registry.imports.service import (
    Crowded,
    Finished,
    ImportAnswer,
    ImportRequest,
    Imports,
    OtherBody,
    Overtaken,
    TooLong,
    import_id,
)
from registry.reading.rows import FORMS

IMPORTS: Final = "/api/v1/imports"
NDJSON: Final = "application/x-ndjson"
_ENCODER: Final = msgspec.json.Encoder()
_GB_CHARSETS: Final = frozenset({"gb18030", "gbk", "gb2312"})
"""GB 18030 and its parts, by the names of the IANA's register."""
RUN_PARAMETERS: Final = frozenset({"mode", "dry_run"})
LIST_PARAMETERS: Final = frozenset({"idempotency_key"})
RESULT_PARAMETERS: Final = frozenset({"all"})


class ImportRoutes:
    """The handlers below ``/api/v1/imports``."""

    def __init__(self, imports: Imports, reception: Reception, jobs: Jobs) -> None:
        self._imports = imports
        self._reception = reception
        self._jobs = jobs

    async def run(self, request: web.Request) -> web.Response:
        """POST: import a body of any length."""
        parameters = requests.query(request, RUN_PARAMETERS)
        mode, dry_run = query_mode(parameters), requests.flag(parameters, "dry_run")
        caller = await self._reception.caller(request)
        form = _form(request)
        wanted = ImportRequest(
            key=requests.idempotency_key(request),
            mode=mode,
            media_type=form,
            dry_run=dry_run,
        )
        with self._jobs.running(caller.principal):
            lift_time_limit(request)
            answer = await self._run(wanted, request, caller)
        return _reply(answer, caller).response()

    async def _run(
        self, wanted: ImportRequest, request: web.Request, caller: Caller
    ) -> ImportAnswer:
        async with (
            aclosing(stream_body(request)) as pieces,
            aclosing(self._reception.while_in_force(request, pieces)) as body,
        ):
            return await self._imports.run(wanted, body, self._asked(caller))

    async def list(self, request: web.Request) -> web.Response:
        """GET: the caller's newest imports, or the one with a given Idempotency-Key."""
        parameters = requests.query(request, LIST_PARAMETERS)
        caller = await self._reception.caller(request)
        key = parameters.get("idempotency_key")
        if key is None:
            found = await self._imports.list(self._asked(caller))
        else:
            number = import_id(RequestKey(caller.name, key))
            one = await self._imports.find(number, self._asked(caller))
            found = () if one is None else (one,)
        return json_reply({"items": [import_document(i) for i in found]}).response()

    async def read(self, request: web.Request) -> web.Response:
        """GET: how far an import is."""
        caller = await self._reception.caller(request)
        found = await self._found(request, caller)
        if found is None:
            return caller.told.problem(Problem(kind=NO_IMPORT)).response()
        return json_reply(import_document(found)).response()

    async def results(self, request: web.Request) -> web.StreamResponse:
        """GET: what became of the rows that were rejected, or with ``all=1`` of every row."""
        every = requests.flag(requests.query(request, RESULT_PARAMETERS), "all")
        caller = await self._reception.caller(request)
        found = await self._found(request, caller)
        if found is None:
            return caller.told.problem(Problem(kind=NO_IMPORT)).response()
        async with (
            aclosing(self._lines(found, language(request), every=every)) as pieces,
            aclosing(self._reception.while_in_force(request, pieces)) as lines,
        ):
            return await stream(request, NDJSON, lines)

    async def _lines(
        self, found: Import, tongue: Language, *, every: bool
    ) -> AsyncGenerator[bytes]:
        async with aclosing(self._imports.results(found, every=every)) as chunks:
            async for rows in chunks:
                yield _ENCODER.encode_lines([result_document(row, tongue) for row in rows])

    async def _found(self, request: web.Request, caller: Caller) -> Import | None:
        try:
            number = UUID(request.match_info["id"])
        except ValueError:
            return None
        return await self._imports.find(number, self._asked(caller))

    def _asked(self, caller: Caller) -> Asked[None]:
        return self._reception.asked(caller)


def _form(request: web.Request) -> str:
    """Return the form of a body. Raises `Refusal`."""
    charset = (request.charset or "").lower()
    if request.content_type == csvform.MEDIA_TYPE and charset in _GB_CHARSETS:
        return csvform.GB18030_MEDIA_TYPE
    requests.needs_media_type(request, *FORMS)
    return request.content_type


def _reply(answer: ImportAnswer, caller: Caller) -> Reply:
    match answer:
        case Finished():
            return _finished(answer, caller)
        case OtherBody():
            return caller.told.problem(Problem(kind=BODY_DIFFERS))
        case Overtaken():
            return caller.told.problem(Problem(kind=IMPORT_OVERTAKEN))
        case Crowded():
            return caller.told.problem(retry_after(DRY_RUNS_BUSY, RETRY_SECONDS))
        case TooLong():
            members = {"import": import_document(answer.tried)}
            return caller.told.problem(Problem(kind=DRY_RUN_TOO_LONG, members=members))
        case Denied():
            return caller.told.problem(problem_of_answer(answer))
        case _:
            assert_never(answer)


def _finished(answer: Finished, caller: Caller) -> Reply:
    document = import_document(answer.done)
    if answer.refusal is None:
        reply = json_reply(document)
    else:
        problem = of_faults(answer.refusal.errors)
        members = {"row": answer.refusal.row, "import": document}
        reply = caller.told.problem(msgspec.structs.replace(problem, members=members))
    return again(reply) if answer.again else reply


def import_document(found: Import) -> dict[str, Any]:
    """Return an import as its owner sees it."""
    return {
        "id": str(found.id),
        "state": found.state.name.lower(),
        "mode": found.mode,
        "dry_run": found.dry_run,
        "media_type": found.media_type,
        "bytes": found.offset,
        "rows": found.counts.rows,
        **msgspec.structs.asdict(found.counts),
        "started_at": instant(found.started_at),
        "finished_at": instant(found.finished_at) if found.finished_at else None,
        "results": f"{IMPORTS}/{found.id}/results",
    }


def result_document(result: RowResult, tongue: Language) -> dict[str, Any]:
    """Return the fate of one row; a rejected one with its problem in the reader's language."""
    document: dict[str, Any] = {
        "row": result.row,
        "handle": result.handle,
        "status": result.status.value,
    }
    if result.version:
        document["version"] = result.version
    if result.problem:
        problem = Problem(kind=kind_of_code(result.problem), faults=result.errors)
        document["problem"] = problem.document(tongue)
    return document
