"""Bounds of key pairs over HTTP: ``/api/v1/key-pairs/{index}:{handle}``."""

import re
from typing import Any, Final, assert_never
from urllib.parse import unquote_to_bytes

from aiohttp import hdrs, web

from edge.problems import Problem, Refusal, of_faults
from identifiers.access import Action
from identifiers.faults import Faults, Invalid
from identifiers.keys.bounds import UNBOUNDED, Bounds
from identifiers.keys.errors import KeyUnfit
from identifiers.keys.public import check_key, parse_public_key, read_public_key
from identifiers.principals import ApiKey, HandleIdentity
from identifiers.wire.jsonform import parse_instant
from identifiers.wire.jsonload import load
from identifiers.wire.members import Members, members_of
from registry.access.accounts import Overtaken
from registry.access.key_pairs import Added, KeyPair, KeyPairs, NoKeyPair
from registry.answers import Faulty, Locked, Stale, ValuesExist
from registry.commands import Asked
from registry.http import requests
from registry.http.cursors import read_cursor, write_cursor
from registry.http.identifiers import DEFAULT_PAGE, NO_PARAMETERS
from registry.http.keys import read_networks
from registry.http.lists import (
    LIST_PARAMETERS,
    received,
    wanted_enterprise,
)
from registry.http.permission import permit
from registry.http.problems import (
    BOUNDS_CHANGED,
    NO_SUCH,
    PARAMETER,
    STALE,
    problem_of_answer,
)
from registry.http.reception import Caller, Reception
from registry.http.replies import Reply, etag, json_reply
from registry.http.tokens import NO_STORE, instant_of
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

    async def add(self, request: web.Request) -> web.Response:
        """POST: a public key stands there and administers the prefix."""
        identity = _identity(request)
        caller, body = await received(self._reception, request)
        await self._permit(caller, Action.KEY_PAIR_ADD, identity)
        asked: Asked[None] = self._reception.asked(caller, self._reception.changes(caller, 1))
        answer = await self._pairs.add(identity, _public_key(body), asked)
        match answer:
            case Added():
                status = web.HTTPCreated.status_code if answer.new else web.HTTPOk.status_code
                return _told(answer.pair, caller, status)
            case NoKeyPair():
                raise Refusal(Problem(kind=NO_SUCH))
            case Locked() | ValuesExist() | Faulty():
                raise Refusal(problem_of_answer(answer))
            case _:
                assert_never(answer)

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


def _told(pair: KeyPair, caller: Caller, status: int) -> web.Response:
    headers = (NO_STORE, (hdrs.ETAG, etag(pair.version)))
    return json_reply(_shown(pair, caller.at), status, *headers).response()


def _answered(
    answer: KeyPair | NoKeyPair | Stale | Overtaken | Faulty, caller: Caller
) -> web.Response:
    match answer:
        case KeyPair():
            return _told(answer, caller, web.HTTPOk.status_code)
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


def _public_key(body: bytes) -> bytes:
    faults = Faults()
    members = members_of(load(body), "", faults, ("public_key",))
    if members is None:
        raise Invalid(faults)
    text, data = members.text("public_key"), b""
    if not faults:
        try:
            data = read_public_key(text)
        except KeyUnfit:
            members.note("public_key", "route.key")
    if data:
        try:
            check_key(parse_public_key(data))
        except KeyUnfit:
            members.note("public_key", "key.weak")
    if faults:
        raise Invalid(faults)
    return data


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
