"""Logging in, out, and who am I: ``/api/v1/token``."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, assert_never

from aiohttp import hdrs, web

from edge.bodies import read_body
from edge.problems import (
    CHALLENGE,
    CONTENT_ENCODING,
    INVALID,
    MALFORMED,
    MEDIA_TYPE_UNKNOWN,
    SLOW,
    TOO_LARGE,
    Kind,
    Problem,
    Refusal,
    retry_after,
)
from identifiers.faults import Faults, Invalid
from identifiers.principals import Account, ApiKey, Role
from identifiers.wire.jsonload import load
from identifiers.wire.members import members_of
from registry.access.logins import LoggedIn, Logins, TryLater, Unknown
from registry.access.programs import Password
from registry.http import requests
from registry.http.identifiers import NO_PARAMETERS
from registry.http.operations import Body, Json, Operation, Result
from registry.http.problems import LOGIN_LATER, LOGIN_REFUSED, MISSING_ROLE, PARAMETER
from registry.http.reception import Reception
from registry.http.replies import JSON, Reply, json_reply

PATH: Final = "/api/v1/token"
BODY: Final[tuple[Kind, ...]] = (
    MALFORMED,
    SLOW,
    TOO_LARGE,
    MEDIA_TYPE_UNKNOWN,
    CONTENT_ENCODING,
    INVALID,
)
"""The problems of an operation that reads a small JSON body."""
BODY_LIMIT: Final = 64 * 1024
NO_STORE: Final = (hdrs.CACHE_CONTROL, "no-store")
_GONE: Final = Reply(204, (), b"")


class Tokens:
    """The handlers of ``/api/v1/token``."""

    def __init__(self, logins: Logins, reception: Reception) -> None:
        self._logins = logins
        self._reception = reception

    async def log_in(self, request: web.Request) -> web.Response:
        """POST: a name and a password become a token."""
        requests.query(request, NO_PARAMETERS)
        entry = self._reception.entry(request)
        requests.needs_media_type(request, JSON)
        name, password = _read(await read_body(request, BODY_LIMIT))
        answer = await self._logins.log_in(name, Password(password), entry)
        match answer:
            case LoggedIn():
                return json_reply(_told(answer), 200, NO_STORE).response()
            case Unknown():
                raise Refusal(Problem(kind=LOGIN_REFUSED, headers=CHALLENGE))
            case TryLater():
                raise Refusal(retry_after(LOGIN_LATER, answer.seconds))
            case _:
                assert_never(answer)

    async def who(self, request: web.Request) -> web.Response:
        """GET: who asks, and what he may."""
        requests.query(request, NO_PARAMETERS)
        caller = await self._reception.caller(request)
        return json_reply(_who(caller.principal), 200, NO_STORE).response()

    async def log_out(self, request: web.Request) -> web.Response:
        """DELETE: the token that is sent ends."""
        requests.query(request, NO_PARAMETERS)
        caller = await self._reception.caller(request)
        if not isinstance(caller.principal, Account):
            raise Refusal(Problem(kind=MISSING_ROLE))
        await self._logins.log_out(requests.bearer(request), self._reception.entry(request))
        return _GONE.response()


def _read(body: bytes) -> tuple[str, str]:
    faults = Faults()
    members = members_of(load(body), "", faults, ("name", "password"))
    if members is None:
        raise Invalid(faults)
    name, password = members.text("name"), members.text("password")
    if faults:
        raise Invalid(faults)
    return name, password


def instant_of(seconds: int) -> str:
    """Return an epoch second as RFC 3339 has it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _told(answer: LoggedIn) -> dict[str, Any]:
    return {
        "token": answer.token,
        "token_type": "Bearer",
        "expires_at": instant_of(answer.expires_at),
        "caller": _who(answer.account),
    }


def _who(principal: ApiKey | Account) -> dict[str, Any]:
    account = isinstance(principal, Account)
    return {
        "kind": "account" if account else "key",
        "name": principal.name if isinstance(principal, Account) else principal.id,
        "role": principal.role.value if isinstance(principal, Account) else None,
        "enterprise": principal.enterprise,
        "scopes": sorted(principal.scopes),
    }


_WHO: Final[Json] = {
    "type": "object",
    "required": ["kind", "name", "role", "enterprise", "scopes"],
    "additionalProperties": False,
    "properties": {
        "kind": {"enum": ["account", "key"]},
        "name": {"type": "string", "description": "Of the account, or the id of the key."},
        "role": {"enum": [*(role.value for role in Role), None]},
        "enterprise": {
            "type": ["integer", "null"],
            "description": "Whose it is; null: the node's.",
        },
        "scopes": {
            "type": "array",
            "items": {"type": "string"},
            "description": "What may be done to names under the enterprise's prefixes.",
        },
    },
}
_ME: Final = {
    "kind": "account",
    "name": "li.na",
    "role": "owner",
    "enterprise": 1,
    "scopes": ["identifiers:read", "identifiers:write"],
}


def token_operations(logins: Logins, reception: Reception) -> Sequence[Operation]:
    """Return the operations on log-ins."""
    handlers = Tokens(logins, reception)
    return (
        Operation(
            method="POST",
            path=PATH,
            id="logIn",
            tag="Access",
            summary="Log in",
            description="Name and password of an account become a token for 24 hours, which is "
            "used as an API key is. It ends sooner with a log-out, and when the account is changed "
            "or disabled. Too many wrong attempts are slowed down.",
            handler=handlers.log_in,
            open=True,
            body=Body(
                description="Who, and the proof.",
                content={
                    JSON: (
                        {
                            "type": "object",
                            "required": ["name", "password"],
                            "additionalProperties": False,
                            "properties": {
                                "name": {"type": "string"},
                                "password": {"type": "string", "format": "password"},
                            },
                        },
                        {"name": "li.na", "password": "correct horse battery staple"},
                    )
                },
            ),
            results={
                200: Result(
                    description="Logged in.",
                    content={
                        JSON: (
                            {
                                "type": "object",
                                "required": ["token", "token_type", "expires_at", "caller"],
                                "additionalProperties": False,
                                "properties": {
                                    "token": {"type": "string"},
                                    "token_type": {"const": "Bearer"},
                                    "expires_at": {"type": "string", "format": "date-time"},
                                    "caller": _WHO,
                                },
                            },
                            {
                                "token": "login.AbCdEfGhIjKlMnOp.<43 characters>",
                                "token_type": "Bearer",
                                "expires_at": "2026-01-06T08:30:00Z",
                                "caller": _ME,
                            },
                        )
                    },
                )
            },
            problems=(LOGIN_REFUSED, LOGIN_LATER, PARAMETER, *BODY),
            writes=True,
        ),
        Operation(
            method="GET",
            path=PATH,
            id="whoAmI",
            tag="Access",
            summary="Who am I",
            description="Whose the key or token is, and what it may do.",
            handler=handlers.who,
            results={200: Result(description="The caller.", content={JSON: (_WHO, _ME)})},
            problems=(PARAMETER,),
        ),
        Operation(
            method="DELETE",
            path=PATH,
            id="logOut",
            tag="Access",
            summary="Log out",
            description="Ends the token that is sent. An API key is revoked instead.",
            handler=handlers.log_out,
            results={204: Result(description="The token is in force no more.")},
            problems=(MISSING_ROLE, PARAMETER),
            writes=True,
        ),
    )
