"""Bounds of key pairs over HTTP: ``/api/v1/key-pairs/{index}:{handle}``."""

import re
from collections.abc import Sequence
from typing import Any, Final, assert_never
from urllib.parse import unquote_to_bytes

from aiohttp import hdrs, web

from edge.problems import INVALID, Problem, Refusal, of_faults
from identifiers.access import Action
from identifiers.faults import Faults, Invalid
from identifiers.keys.bounds import UNBOUNDED, Bounds
from identifiers.principals import ApiKey, HandleIdentity
from identifiers.wire.jsonform import parse_instant
from identifiers.wire.jsonload import load
from identifiers.wire.members import Members, members_of
from registry.access.accounts import Overtaken
from registry.access.key_pairs import KeyPair, KeyPairs, NoKeyPair
from registry.answers import Faulty, Stale
from registry.commands import Asked
from registry.http import requests
from registry.http.cursors import read_cursor, write_cursor
from registry.http.identifiers import DEFAULT_PAGE, NO_PARAMETERS
from registry.http.keys import MOST, read_networks
from registry.http.lists import (
    LIST_PARAMETERS,
    list_parameters,
    page_of,
    received,
    wanted_enterprise,
)
from registry.http.operations import Body, Json, Operation, Parameter, Result
from registry.http.parameters import IF_MATCH
from registry.http.permission import PERMISSION, permit
from registry.http.problems import BOUNDS_CHANGED, NO_SUCH, PARAMETER, STALE
from registry.http.reception import Caller, Reception
from registry.http.replies import JSON, Reply, etag, json_reply
from registry.http.tokens import BODY, NO_STORE, instant_of
from registry.service import PAGE_LIMIT

PATH: Final = "/api/v1/key-pairs"
_NAME: Final = re.compile(r"[\s\S]+")
_MILLI: Final = 1000


class KeyPairRoutes:
    """The handlers below ``/api/v1/key-pairs``."""

    def __init__(self, pairs: KeyPairs, reception: Reception) -> None:
        self._pairs = pairs
        self._reception = reception

    async def page(self, request: web.Request) -> web.Response:
        """GET: keys of an enterprise, some records at a time."""
        parameters = requests.query(request, LIST_PARAMETERS)
        limit = requests.number(parameters, "limit", DEFAULT_PAGE, PAGE_LIMIT)
        caller = await self._reception.caller(request)
        whose = wanted_enterprise(parameters, caller)
        permit(caller, Action.KEY_READ, whose)
        place = read_cursor(parameters, _NAME)
        after = "" if place is None else place[0]
        only = caller.principal.prefixes if isinstance(caller.principal, ApiKey) else ()
        found = await self._pairs.page(whose, after, limit, only)
        document: dict[str, Any] = {"items": [_shown(pair, caller.at) for pair in found.pairs]}
        if found.after:
            document["next"] = write_cursor(found.after)
        return json_reply(document, 200, NO_STORE).response()

    async def read(self, request: web.Request) -> web.Response:
        """GET of one: how far it counts."""
        requests.query(request, NO_PARAMETERS)
        identity = _identity(request)
        caller = await self._reception.caller(request)
        await self._permit(caller, Action.KEY_READ, identity)
        return _answered(await self._pairs.find(identity), caller)

    async def put(self, request: web.Request) -> web.Response:
        """PUT: the bounds become just these."""
        identity = _identity(request)
        caller, body = await received(self._reception, request)
        await self._permit(caller, Action.KEY_WRITE, identity)
        asked: Asked[None] = self._reception.asked(caller)
        seen = requests.precondition(request).one_of
        return _answered(await self._pairs.bound(identity, _bounds(body), asked, seen), caller)

    async def lift(self, request: web.Request) -> web.Response:
        """DELETE: the key has no bounds any more."""
        requests.query(request, NO_PARAMETERS)
        identity = _identity(request)
        caller = await self._reception.caller(request)
        await self._permit(caller, Action.KEY_WRITE, identity)
        asked: Asked[None] = self._reception.asked(caller)
        seen = requests.precondition(request).one_of
        _answered(await self._pairs.bound(identity, UNBOUNDED, asked, seen), caller)
        return Reply(204, (), b"").response()

    async def _permit(self, caller: Caller, action: Action, identity: HandleIdentity) -> None:
        whose = await self._pairs.whose(identity.handle)
        if whose is None:
            permit(caller, action, caller.enterprise)
            raise Refusal(Problem(kind=NO_SUCH))
        permit(caller, action, whose.enterprise, under=whose.under)


def _answered(
    answer: KeyPair | NoKeyPair | Stale | Overtaken | Faulty, caller: Caller
) -> web.Response:
    match answer:
        case KeyPair():
            headers = (NO_STORE, (hdrs.ETAG, etag(answer.version)))
            return json_reply(_shown(answer, caller.at), 200, *headers).response()
        case NoKeyPair():
            raise Refusal(Problem(kind=NO_SUCH))
        case Stale():
            raise Refusal(Problem(kind=STALE, members={"version": answer.version}))
        case Overtaken():
            raise Refusal(Problem(kind=BOUNDS_CHANGED))
        case Faulty():
            raise Refusal(of_faults(answer.faults))
        case _:
            assert_never(answer)


def _identity(request: web.Request) -> HandleIdentity:
    path = request.raw_path.partition("?")[0].partition("#")[0]
    octets = unquote_to_bytes(path.partition(PATH + "/")[2].encode("utf-8", "surrogateescape"))
    try:
        return HandleIdentity.parse(octets.decode())
    except UnicodeDecodeError as error:
        raise requests.bad_parameter("id", "utf8", at=error.start) from None
    except Invalid as invalid:
        faults = tuple(fault.below("/id") for fault in invalid.faults)
        raise Refusal(Problem(kind=PARAMETER, faults=faults)) from None


def _bounds(body: bytes) -> Bounds:
    faults = Faults()
    members = members_of(load(body), "", faults, ("expires_at", "networks"))
    if members is None:
        raise Invalid(faults)
    bounds = Bounds(_end(members), read_networks(members))
    if faults:
        raise Invalid(faults)
    return bounds


def _end(members: Members) -> int | None:
    if members.get("expires_at") is None:
        return None
    text = members.text("expires_at")
    try:
        return parse_instant(text)
    except ValueError:
        if isinstance(members.get("expires_at"), str):
            members.note("expires_at", "value.instant")
    return None


def _shown(pair: KeyPair, at: int) -> dict[str, Any]:
    bounds = pair.bounds
    return {
        "id": str(pair.identity),
        "handle": pair.identity.handle,
        "index": pair.identity.index,
        "type": pair.kind or None,
        "expires_at": None if bounds.expires_at is None else instant_of(bounds.expires_at),
        "networks": [str(network) for network in bounds.networks],
        "expired": bounds.expired(at // _MILLI),
        "set_by": pair.set_by or None,
        "set_at": instant_of(pair.set_at // _MILLI) if pair.set_at else None,
    }


_END: Final[Json] = {
    "type": ["string", "null"],
    "format": "date-time",
    "description": "From then on it proves nobody, and sessions end; null: until it is removed.",
}
_NETWORKS: Final[Json] = {
    "type": "array",
    "items": {"type": "string"},
    "maxItems": MOST,
    "description": "Only from these it proves somebody; none: from everywhere.",
}
_NULLABLE: Final[Json] = {"type": ["string", "null"]}
_SHOWN: Final[Json] = {
    "id": "301:0.NA/88.300.1",
    "handle": "0.NA/88.300.1",
    "index": 301,
    "type": "HS_PUBKEY",
    "expires_at": "2027-01-05T08:30:00Z",
    "networks": ["10.0.0.0/8"],
    "expired": False,
    "set_by": "account:li.na",
    "set_at": "2026-01-05T08:30:00Z",
}
_PAIR: Final[Json] = {
    "type": "object",
    "required": list(_SHOWN),
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string", "description": "Whom it proves: `index:handle`."},
        "handle": {"type": "string"},
        "index": {"type": "integer"},
        "type": {
            "enum": ["HS_PUBKEY", "HS_SECKEY", None],
            "description": "null: no key stands there any more, only its bounds.",
        },
        "expires_at": _END,
        "networks": _NETWORKS,
        "expired": {"type": "boolean"},
        "set_by": {**_NULLABLE, "description": "Who set the bounds; null: there are none."},
        "set_at": {**_NULLABLE, "format": "date-time"},
    },
}
_SAID: Final[Json] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"expires_at": _END, "networks": _NETWORKS},
}
_ID: Final = Parameter(
    name="id",
    place="path",
    required=True,
    schema={"type": "string"},
    example="301:0.NA/88.300.1",
    description="`index:handle`, the identity that the key proves.",
)


def key_pair_operations(pairs: KeyPairs, reception: Reception) -> Sequence[Operation]:
    """Return the operations on key pairs."""
    handlers = KeyPairRoutes(pairs, reception)
    one, route = PATH + "/{id}", PATH + r"/{id:[\s\S]+}"
    result = Result(
        description="How far it counts.",
        content={JSON: (_PAIR, _SHOWN)},
        headers={"ETag": "The version of the bounds."},
    )
    problems = (*PERMISSION, NO_SUCH, PARAMETER)
    return (
        Operation(
            method="GET",
            path=PATH,
            id="listKeyPairs",
            tag="Access",
            summary="List key pairs",
            description="Keys (HS_PUBKEY, HS_SECKEY) in the records of the enterprise's prefixes, "
            "and keys under its other names that have bounds. `limit` counts the records that are "
            "looked through: a page may be empty and have a `next`.",
            handler=handlers.page,
            parameters=list_parameters("those", {"type": "string"}),
            results={
                200: Result(
                    description="A page.", content={JSON: (page_of(_PAIR), {"items": [_SHOWN]})}
                )
            },
            problems=problems,
        ),
        Operation(
            method="GET",
            path=one,
            route=route,
            id="getKeyPair",
            tag="Access",
            summary="Read how far a key pair counts",
            description="Until when, and from which addresses.",
            handler=handlers.read,
            parameters=(_ID,),
            results={200: result},
            problems=problems,
        ),
        Operation(
            method="PUT",
            path=one,
            route=route,
            id="boundKeyPair",
            tag="Access",
            summary="Say how far a key pair counts",
            description="The bounds become just these, in force within two seconds, for sessions "
            "that are open too. They belong to the place: a key that is put in the place of this "
            "one has them. An API key widens none beyond its own. With `If-Match` nothing is "
            "changed that somebody else said meanwhile.",
            handler=handlers.put,
            parameters=(_ID, IF_MATCH),
            body=Body(
                description="The bounds.",
                content={
                    JSON: (
                        _SAID,
                        {"expires_at": "2027-01-05T08:30:00Z", "networks": ["10.0.0.0/8"]},
                    )
                },
            ),
            results={200: result},
            problems=(*problems, STALE, BOUNDS_CHANGED, *BODY),
            writes=True,
        ),
        Operation(
            method="DELETE",
            path=one,
            route=route,
            id="liftKeyPairBounds",
            tag="Access",
            summary="Lift the bounds of a key pair",
            description="The key stays, and counts until it is removed and from everywhere.",
            handler=handlers.lift,
            parameters=(_ID, IF_MATCH),
            results={204: Result(description="It has no bounds.")},
            problems=(*problems, STALE, BOUNDS_CHANGED, INVALID),
            writes=True,
        ),
    )
