"""Limits of enterprises over HTTP: ``/api/v1/limits/{enterprise}``."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from aiohttp import web

from edge.problems import Problem, Refusal
from identifiers.access import Action
from identifiers.faults import Faults, Invalid
from identifiers.limits import (
    MAX_IDENTIFIERS,
    MAX_REQUESTS,
    MAX_SECONDS,
    NO_LIMITS,
    Limits,
    Rate,
)
from identifiers.names import Prefix
from identifiers.wire.jsonload import load, step
from identifiers.wire.members import Members, members_of
from registry.access.limits import LimitBook
from registry.access.ports import LimitStore
from registry.access.quotas import Quotas
from registry.commands import Asked
from registry.effects import audited
from registry.http import requests
from registry.http.identifiers import NO_PARAMETERS
from registry.http.lists import MOST_ENTERPRISES, received
from registry.http.operations import Body, Json, Operation, Parameter, Result
from registry.http.permission import PERMISSION, permit
from registry.http.problems import NO_SUCH, PARAMETER
from registry.http.reception import Caller, Reception
from registry.http.replies import JSON, json_reply
from registry.http.tokens import BODY

PATH: Final = "/api/v1/limits/{enterprise}"
_MOST_PREFIXES: Final = 100
_DIGITS: Final = 10


class LimitRoutes:
    """The handlers; what is used is counted when it is asked for."""

    def __init__(
        self,
        store: LimitStore,
        book: LimitBook,
        quotas: Quotas,
        reception: Reception,
    ) -> None:
        self._store = store
        self._book = book
        self._quotas = quotas
        self._reception = reception

    async def read(self, request: web.Request) -> web.Response:
        """GET: what an enterprise may use, and uses."""
        requests.query(request, NO_PARAMETERS)
        caller = await self._reception.caller(request)
        enterprise = _permitted(request, caller, Action.LIMIT_READ)
        limits = (await self._store.limits()).get(enterprise, NO_LIMITS)
        return json_reply(await self._shown(enterprise, limits)).response()

    async def put(self, request: web.Request) -> web.Response:
        """PUT: the limits become just these."""
        caller, body = await received(self._reception, request)
        enterprise = _permitted(request, caller, Action.LIMIT_WRITE)
        limits = _limits(body)
        asked: Asked[None] = self._reception.asked(caller)
        old = (await self._store.limits()).get(enterprise, NO_LIMITS)
        detail = {"old": _told(old), "new": _told(limits)}
        entry = audited(asked, "limits.change", str(enterprise), detail)
        if not await self._store.keep_limits(enterprise, limits, entry):
            raise Refusal(Problem(kind=NO_SUCH))
        self._book.forget()
        return json_reply(await self._shown(enterprise, limits)).response()

    async def _shown(self, enterprise: int, limits: Limits) -> dict[str, Any]:
        quotas = []
        for prefix, most in sorted(limits.quotas.items()):
            used = await self._quotas.used(enterprise, prefix)
            quotas.append({"prefix": prefix or None, "most": most, "used": used})
        rate = limits.rate
        return {
            "enterprise": enterprise,
            "requests": None if rate is None else {"most": rate.requests, "seconds": rate.seconds},
            "identifiers": quotas,
        }


def _permitted(request: web.Request, caller: Caller, action: Action) -> int:
    text = request.match_info["enterprise"]
    digits = text.isascii() and text.isdigit() and len(text) <= _DIGITS
    enterprise = int(text) if digits else 0
    permit(caller, action, enterprise)
    if not 0 < enterprise <= MOST_ENTERPRISES:
        raise Refusal(Problem(kind=NO_SUCH))
    return enterprise


def _told(limits: Limits) -> Mapping[str, Any]:
    return {
        "requests": None if limits.rate is None else str(limits.rate),
        "identifiers": dict(limits.quotas),
    }


def _limits(body: bytes) -> Limits:
    faults = Faults()
    members = members_of(load(body), "", faults, ("requests", "identifiers"))
    if members is None:
        raise Invalid(faults)
    rate = _rate(members, faults)
    quotas = _quotas(members, faults)
    if faults:
        raise Invalid(faults)
    prefixes = {prefix: most for prefix, most in quotas.items() if prefix}
    return Limits(rate, quotas.get(""), prefixes)


def _rate(members: Members, faults: Faults) -> Rate | None:
    if members.get("requests") is None:
        return None
    said = members_of(
        members.get("requests"), members.place("requests"), faults, ("most", "seconds")
    )
    if said is None:
        return None
    return Rate(said.integer("most", 1, MAX_REQUESTS), said.integer("seconds", 1, MAX_SECONDS))


def _quotas(members: Members, faults: Faults) -> dict[str, int]:
    found: dict[str, int] = {}
    items = members.items("identifiers", [])
    if len(items) > _MOST_PREFIXES:
        members.note("identifiers", "too_many", count=len(items), limit=_MOST_PREFIXES)
    for at, item in enumerate(items[:_MOST_PREFIXES]):
        pointer = step(members.place("identifiers"), at)
        said = members_of(item, pointer, faults, ("prefix", "most"))
        if said is None:
            continue
        prefix = ""
        if said.get("prefix") is not None:
            text = said.text("prefix")
            try:
                prefix = str(Prefix.parse(text))
            except Invalid as invalid:
                faults.extend(fault.below(said.place("prefix")) for fault in invalid.faults)
        found[prefix] = said.integer("most", 0, MAX_IDENTIFIERS)
    return found


_REQUESTS: Final[Json] = {
    "type": ["object", "null"],
    "required": ["most", "seconds"],
    "additionalProperties": False,
    "description": "A rate of its own; null: as everybody.",
    "properties": {
        "most": {"type": "integer", "minimum": 1, "maximum": MAX_REQUESTS},
        "seconds": {"type": "integer", "minimum": 1, "maximum": MAX_SECONDS},
    },
}
_PREFIX: Final[Json] = {
    "type": ["string", "null"],
    "description": "Below this prefix; null: of all.",
}
_COUNT: Final[Json] = {"type": "integer", "minimum": 0, "maximum": MAX_IDENTIFIERS}


def _document(required: list[str], quota: Json, **more: Json) -> Json:
    return {
        "type": "object",
        "required": required,
        "additionalProperties": False,
        "properties": {
            **more,
            "requests": _REQUESTS,
            "identifiers": {"type": "array", "maxItems": _MOST_PREFIXES, "items": quota},
        },
    }


def _quota(**more: Json) -> Json:
    return {
        "type": "object",
        "required": ["most", *more],
        "additionalProperties": False,
        "properties": {"prefix": _PREFIX, "most": _COUNT, **more},
    }


_SAID: Final = {"identifiers": [{"prefix": None, "most": 100_000}]}
_SHOWN: Final = {
    "enterprise": 1,
    "requests": None,
    "identifiers": [{"prefix": None, "most": 100_000, "used": 71_204}],
}


def limit_operations(
    store: LimitStore, book: LimitBook, quotas: Quotas, reception: Reception
) -> Sequence[Operation]:
    """Return the operations on limits."""
    handlers = LimitRoutes(store, book, quotas, reception)
    parameter = Parameter(
        name="enterprise",
        place="path",
        required=True,
        schema={"type": "integer", "minimum": 1, "maximum": MOST_ENTERPRISES},
        example=1,
        description="The enterprise's number.",
    )
    shown = _document(
        ["enterprise", "requests", "identifiers"],
        _quota(used={"type": "integer"}),
        enterprise={"type": "integer"},
    )
    result = Result(description="The limits.", content={JSON: (shown, _SHOWN)})
    return (
        Operation(
            method="GET",
            path=PATH,
            id="getLimits",
            tag="Access",
            summary="What an enterprise may use",
            description="How many requests it may make, how many identifiers it may have, and has.",
            handler=handlers.read,
            parameters=(parameter,),
            results={200: result},
            problems=(*PERMISSION, NO_SUCH, PARAMETER),
        ),
        Operation(
            method="PUT",
            path=PATH,
            id="putLimits",
            tag="Access",
            summary="Limit an enterprise",
            description="The limits become just these. Identifiers that are there stay, also when "
            "there are more than may be. In force within five seconds.",
            handler=handlers.put,
            parameters=(parameter,),
            body=Body(description="The limits.", content={JSON: (_document([], _quota()), _SAID)}),
            results={200: result},
            problems=(*PERMISSION, NO_SUCH, PARAMETER, *BODY),
            writes=True,
        ),
    )
