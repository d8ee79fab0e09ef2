"""What operations on an enterprise's things share: their lists, their small bodies."""

from typing import Final

from aiohttp import web

from edge.bodies import read_body
from registry.http import requests
from registry.http.identifiers import DEFAULT_PAGE, NO_PARAMETERS
from registry.http.operations import Json, Parameter
from registry.http.reception import Caller, Reception
from registry.http.replies import JSON
from registry.http.tokens import BODY_LIMIT
from registry.service import PAGE_LIMIT

LIST_PARAMETERS: Final = frozenset({"enterprise", "after", "limit"})
MOST_ENTERPRISES: Final = 2**31 - 1


async def received(reception: Reception, request: web.Request) -> tuple[Caller, bytes]:
    """Return who sends a small JSON body, and the body."""
    requests.query(request, NO_PARAMETERS)
    caller = await reception.caller(request)
    requests.needs_media_type(request, JSON)
    return caller, await read_body(request, BODY_LIMIT)


def wanted_enterprise(parameters: dict[str, str], caller: Caller) -> int | None:
    """Return whose things are to be listed: the caller's, for the node's people any or all."""
    if "enterprise" in parameters:
        return requests.number(parameters, "enterprise", 1, MOST_ENTERPRISES)
    return caller.enterprise


def list_parameters(of: str, cursor: Json) -> tuple[Parameter, ...]:
    """Return the parameters of a list of an enterprise's things."""
    return (
        Parameter(
            name="enterprise",
            place="query",
            schema={"type": "integer", "minimum": 1, "maximum": MOST_ENTERPRISES},
            description=f"Only {of} of this enterprise; the node's people see all without it.",
        ),
        Parameter(
            name="after",
            place="query",
            schema=cursor,
            description="`next` of the page before. Opaque.",
        ),
        Parameter(
            name="limit",
            place="query",
            schema={
                "type": "integer",
                "minimum": 1,
                "maximum": PAGE_LIMIT,
                "default": DEFAULT_PAGE,
            },
            description="How many at most.",
        ),
    )


def page_of(item: Json) -> Json:
    """Return the schema of a page of a list."""
    return {
        "type": "object",
        "required": ["items"],
        "additionalProperties": False,
        "properties": {"items": {"type": "array", "items": item}, "next": {"type": "string"}},
    }
