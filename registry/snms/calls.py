"""What every call of the SNMS-style interface has in common: JSON in, the envelope out, HTTP 200.

Whatever goes wrong is told in the envelope too: clients look nowhere else.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec
from aiohttp import hdrs, web

from edge.bodies import read_body
from edge.problems import UNAUTHENTICATED, Problem, Refusal
from identifiers.errors import FateUnknown, StoreUnavailable
from identifiers.faults import Invalid
from identifiers.snms.envelope import (
    BUSY,
    FORBIDDEN,
    LOG_IN,
    Envelope,
    Status,
    refused,
    sentence,
)
from identifiers.wire.jsonload import load
from registry.http.problems import NO_SUCH
from registry.http.reception import Caller, Reception
from registry.http.replies import JSON

BODY_LIMIT: Final = 16 * 1024 * 1024
_FORBIDDEN: Final = 403


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A call: who makes it, what it says. `document` is None where there is no body."""

    caller: Caller
    document: object
    parameters: Mapping[str, str]


Answerer = Callable[[Call], Awaitable[Envelope]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def known(reception: Reception, answer: Answerer) -> Handler:
    """Return the handler of a call that needs somebody to be logged in."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return response(await told(lambda: answered(request)))

    async def answered(request: web.Request) -> Envelope:
        caller = await reception.caller(request)
        document = await body_of(request)
        return await answer(Call(caller=caller, document=document, parameters=dict(request.query)))

    return handle


async def body_of(request: web.Request, limit: int = BODY_LIMIT) -> Any:
    """Return the body as JSON, whatever type it says it is; None: there is none.

    Raises `Invalid`, and `Refusal` for more than `limit` octets.
    """
    body = await read_body(request, limit)
    return load(body) if body else None


async def told(work: Callable[[], Awaitable[Envelope]]) -> Envelope:
    """Return what `work` does, and what goes wrong as clients know it."""
    try:
        return await work()
    except Refusal as refusal:
        return of_problem(refusal.problem)
    except Invalid as invalid:
        return refused(sentence(invalid.faults))
    except (StoreUnavailable, FateUnknown):
        return Envelope(BUSY, Status.FAILED)


def of_problem(problem: Problem) -> Envelope:
    """Return a problem of the API in the envelope."""
    if problem.kind == UNAUTHENTICATED:
        return Envelope(LOG_IN, Status.LOG_IN)
    message = sentence(problem.faults) if problem.faults else problem.kind.zh
    if problem.kind == NO_SUCH:  # what is another's; what is not there is told by each call itself
        return Envelope(FORBIDDEN, Status.FORBIDDEN)
    if problem.status == _FORBIDDEN:
        reason = problem.members.get("reason")
        why = f"{message}（{reason}）" if reason else message
        return Envelope(f"{FORBIDDEN}: {why}", Status.FORBIDDEN)
    return refused(message)


def response(envelope: Envelope) -> web.Response:
    """Return what is sent."""
    return web.Response(
        body=msgspec.json.encode(envelope),
        headers={hdrs.CONTENT_TYPE: JSON, hdrs.CACHE_CONTROL: "no-store"},
    )
