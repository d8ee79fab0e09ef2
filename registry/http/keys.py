"""API keys over HTTP: the handlers below ``/api/v1/keys``."""

from collections.abc import Sequence
from typing import Any, Final, assert_never

from aiohttp import hdrs, web

from edge.problems import Problem, Refusal, of_faults
from identifiers.access import Action
from identifiers.changes import StoredKey
from identifiers.faults import Fault, Faults, Invalid
from identifiers.keys.bounds import Scoped, read_network
from identifiers.names import Prefix
from identifiers.principals import Scope
from identifiers.wire.jsonload import load, step
from identifiers.wire.members import Members, members_of, type_fault
from registry.access.keys import Keys, MadeKey, Network, NoKey
from registry.administration import KeyTerms, NoEnterprise
from registry.answers import Faulty
from registry.commands import Asked
from registry.http import requests
from registry.http.identifiers import DEFAULT_PAGE, NO_PARAMETERS
from registry.http.lists import (
    LIST_PARAMETERS,
    MOST_ENTERPRISES,
    received,
    wanted_enterprise,
)
from registry.http.permission import permit
from registry.http.problems import NO_SUCH
from registry.http.reception import Caller, Reception
from registry.http.repeats import Repeats
from registry.http.replies import Reply, json_reply
from registry.http.tokens import NO_STORE, instant_of
from registry.service import PAGE_LIMIT

PATH: Final = "/api/v1/keys"
MAX_DAYS: Final = 366
MAX_OVERLAP_HOURS: Final = 30 * 24
_DAY, _HOUR = 86_400, 3600
MOST: Final = 100
"""Prefixes or networks of one key."""


_Answer = MadeKey | NoKey | NoEnterprise | Faulty


class KeyRoutes:
    """The handlers below ``/api/v1/keys``."""

    def __init__(self, keys: Keys, reception: Reception) -> None:
        self._keys = keys
        self._reception = reception
        self._repeats = Repeats(reception)

    async def create(self, request: web.Request) -> web.Response:
        """POST: make a key."""
        caller, body = await received(self._reception, request)
        terms = _terms(body, caller)
        permit(caller, Action.KEY_WRITE, terms.enterprise)

        async def create(asked: Asked[Any]) -> _Answer:
            return await self._keys.create(terms, asked)

        return await self._repeats.once(request, body, caller, create, self._made)

    async def page(self, request: web.Request) -> web.Response:
        """GET: keys, some at a time."""
        parameters = requests.query(request, LIST_PARAMETERS)
        limit = requests.number(parameters, "limit", DEFAULT_PAGE, PAGE_LIMIT)
        caller = await self._reception.caller(request)
        whose = wanted_enterprise(parameters, caller)
        permit(caller, Action.KEY_READ, whose)
        after = parameters.get("after", "")
        if not after.isascii() or "\0" in after:
            raise requests.bad_parameter("after", "cursor")
        found = await self._keys.page(whose, after, limit)
        document: dict[str, Any] = {"items": [_shown(key) for key in found]}
        if len(found) == limit:
            document["next"] = found[-1].id
        return json_reply(document, 200, NO_STORE).response()

    async def read(self, request: web.Request) -> web.Response:
        """GET of one: its terms."""
        _, key = await self._found(request, Action.KEY_READ)
        return json_reply(_shown(key), 200, NO_STORE).response()

    async def revoke(self, request: web.Request) -> web.Response:
        """DELETE: end a key."""
        caller, key = await self._found(request, Action.KEY_WRITE)
        await self._keys.revoke(key.id, key.enterprise, self._reception.asked(caller))
        return Reply(204, (), b"").response()

    async def rotate(self, request: web.Request) -> web.Response:
        """POST of a rotation: another key on the same terms."""
        caller, body = await received(self._reception, request)
        key = await self._key(request, caller, Action.KEY_WRITE)
        faults = Faults()
        members = members_of(load(body), "", faults, ("overlap_hours",))
        hours = 0 if members is None else members.integer("overlap_hours", 0, MAX_OVERLAP_HOURS, 24)
        if faults:
            raise Invalid(faults)

        async def rotate(asked: Asked[Any]) -> _Answer:
            return await self._keys.rotate(key.id, key.enterprise, hours * _HOUR, asked)

        return await self._repeats.once(request, body, caller, rotate, self._made)

    async def _found(self, request: web.Request, action: Action) -> tuple[Caller, StoredKey]:
        requests.query(request, NO_PARAMETERS)
        caller = await self._reception.caller(request)
        return caller, await self._key(request, caller, action)

    async def _key(self, request: web.Request, caller: Caller, action: Action) -> StoredKey:
        key_id = request.match_info["id"]
        storable = key_id.isascii() and key_id.isprintable()
        key = await self._keys.find(key_id, None) if storable else NoKey()
        # Who may do this to none of his own keys is told so, whether there is such a key or not.
        permit(caller, action, caller.enterprise if isinstance(key, NoKey) else key.enterprise)
        if isinstance(key, NoKey):
            raise Refusal(Problem(kind=NO_SUCH))
        return key

    @staticmethod
    def _made(answer: _Answer) -> Reply:
        match answer:
            case MadeKey():
                document = _shown(answer.key) | {"key": answer.new.token}
                where = (hdrs.LOCATION, f"{PATH}/{answer.key.id}")
                return json_reply(document, 201, NO_STORE, where)
            case NoKey() | NoEnterprise():
                raise Refusal(Problem(kind=NO_SUCH))
            case Faulty():
                raise Refusal(of_faults(answer.faults))
            case _:
                assert_never(answer)


def _terms(body: bytes, caller: Caller) -> KeyTerms:
    faults = Faults()
    known = ("enterprise", "scopes", "prefixes", "networks", "days", "label")
    members = members_of(load(body), "", faults, known)
    if members is None:
        raise Invalid(faults)
    terms = KeyTerms(
        enterprise=members.integer("enterprise", 1, MOST_ENTERPRISES, caller.enterprise),
        scopes=_scopes(members),
        life=members.integer("days", 1, MAX_DAYS, 365) * _DAY,
        label=members.text("label", ""),
        prefixes=_prefixes(members),
        networks=read_networks(members),
    )
    if faults:
        raise Invalid(faults)
    return terms


def _texts(members: Members, name: str, default: list[object] | None) -> Sequence[tuple[str, str]]:
    """Return (pointer, text) of each item of an array of strings."""
    found = members.items(name, default)
    if len(found) > MOST:
        members.note(name, "too_many", count=len(found), limit=MOST)
    texts = []
    for at, item in enumerate(found[:MOST]):
        pointer = step(members.place(name), at)
        if isinstance(item, str):
            texts.append((pointer, item))
        else:
            members.faults.append(type_fault(item, "string", pointer))
    return texts


def _scopes(members: Members) -> frozenset[Scope]:
    found = set()
    for pointer, text in _texts(members, "scopes", None):
        if text in set(Scope):
            found.add(Scope(text))
        else:
            members.faults.append(Fault("one_of", pointer, {"choices": ", ".join(Scope)}))
    return frozenset(found)


def _prefixes(members: Members) -> tuple[Prefix, ...]:
    found = []
    for pointer, text in _texts(members, "prefixes", []):
        try:
            found.append(Prefix.parse(text))
        except Invalid as invalid:
            members.faults.extend(fault.below(pointer) for fault in invalid.faults)
    return tuple(found)


def read_networks(members: Members) -> tuple[Network, ...]:
    """Read ``networks``, an array of address ranges; none when it is missing."""
    found = []
    for pointer, text in _texts(members, "networks", []):
        try:
            found.append(read_network(text))
        except Scoped:
            members.faults.append(Fault("key.network_scope", pointer, {"text": text[:64]}))
        except ValueError:
            members.faults.append(Fault("key.network", pointer, {"text": text[:64]}))
    return tuple(found)


def _shown(key: StoredKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "enterprise": key.enterprise,
        "scopes": sorted(key.scopes),
        "prefixes": [str(prefix) for prefix in key.prefixes],
        "networks": [str(network) for network in key.networks],
        "label": key.label,
        "created_at": instant_of(key.created_at),
        "expires_at": instant_of(key.expires_at),
        "revoked_at": instant_of(key.revoked_at) if key.revoked_at else None,
        "replaces": key.replaces or None,
    }
