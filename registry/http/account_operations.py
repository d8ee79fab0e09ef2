"""The operations on accounts, as they are served and described."""

from collections.abc import Sequence
from typing import Final

from identifiers.accounts import MAX_PASSWORD, MIN_PASSWORD, AccountKind, AccountState
from identifiers.principals import Role
from registry.access.accounts import Accounts
from registry.access.logins import Logins
from registry.http.accounts import MOST_ACCOUNTS, PATH, AccountRoutes
from registry.http.lists import MOST_ENTERPRISES, list_parameters, page_of
from registry.http.operations import Body, Json, Operation, Parameter, Result
from registry.http.parameters import ONCE_DONE
from registry.http.permission import PERMISSION
from registry.http.problems import (
    ACCOUNT_CHANGED,
    KEY_REUSED,
    KEY_SYNTAX,
    NAME_TAKEN,
    NO_SUCH,
    PARAMETER,
    YOURSELF,
)
from registry.http.reception import Reception
from registry.http.replies import JSON
from registry.http.tokens import BODY

_INSTANT: Final[Json] = {"type": "string", "format": "date-time"}
_ROLE: Final[Json] = {"enum": [role.value for role in Role]}
_STATE: Final[Json] = {"enum": [state.value for state in AccountState]}
_PASSWORD: Final[Json] = {
    "type": "string",
    "format": "password",
    "minLength": MIN_PASSWORD,
    "maxLength": MAX_PASSWORD,
}
_ACCOUNT: Final[Json] = {
    "type": "object",
    "required": [
        "id",
        "name",
        "role",
        "enterprise",
        "kind",
        "state",
        "failed",
        "created_at",
        "changed_at",
    ],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "integer"},
        "name": {"type": "string"},
        "role": _ROLE,
        "enterprise": {"type": ["integer", "null"], "description": "null: the node's."},
        "kind": {"enum": [kind.value for kind in AccountKind]},
        "state": _STATE,
        "failed": {
            "type": "integer",
            "description": "Log-ins that failed since the last that succeeded.",
        },
        "created_at": _INSTANT,
        "changed_at": _INSTANT,
        "secret": {"type": "string", "description": "A program's secret; told this once."},
    },
}
_SHOWN: Final[Json] = {
    "id": 7,
    "name": "li.na",
    "role": "operator",
    "enterprise": 1,
    "kind": "person",
    "state": "active",
    "failed": 0,
    "created_at": "2026-01-05T08:30:00Z",
    "changed_at": "2026-01-05T08:30:00Z",
}
_NEW: Final[Json] = {
    "type": "object",
    "required": ["name", "role"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._@-]{1,49}$"},
        "role": _ROLE,
        "enterprise": {
            "type": ["integer", "null"],
            "minimum": 1,
            "maximum": MOST_ENTERPRISES,
            "description": "Whose; the node's people say it, others need not.",
        },
        "password": {**_PASSWORD, "description": "Without: a program, which gets a secret."},
    },
}
_CHANGE: Final[Json] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"role": _ROLE, "state": _STATE},
}
_RENEWED: Final[Json] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "password": {**_PASSWORD, "description": "Of a person; a program's secret is made."},
        "old": {"type": "string", "description": "The one until now, of whoever changes his own."},
    },
}
_ID: Final = Parameter(
    name="id",
    place="path",
    required=True,
    schema={"type": "integer", "minimum": 1, "maximum": MOST_ACCOUNTS},
    example=7,
    description="The account's number.",
)
_PAGE: Final = page_of(_ACCOUNT)


def account_operations(
    accounts: Accounts, logins: Logins, reception: Reception
) -> Sequence[Operation]:
    """Return the operations on accounts."""
    handlers = AccountRoutes(accounts, logins, reception)
    one = PATH + "/{id}"
    shown = Result(description="The account.", content={JSON: (_ACCOUNT, _SHOWN)})
    return (
        Operation(
            method="POST",
            path=PATH,
            id="createAccount",
            tag="Access",
            summary="Make an account",
            description="Somebody who logs in with a name and a password; without a password a "
            "program, whose random secret is told in the answer, this once. An owner makes "
            "accounts of his enterprise, the node's administrator any.",
            handler=handlers.create,
            parameters=(ONCE_DONE,),
            body=Body(
                description="Who.",
                content={
                    JSON: (
                        _NEW,
                        {"name": "li.na", "role": "operator", "password": "correct horse battery"},
                    )
                },
            ),
            results={
                201: Result(
                    description="Made.",
                    content={JSON: (_ACCOUNT, _SHOWN)},
                    headers={"Location": "Where it can be read."},
                )
            },
            problems=(*PERMISSION, NO_SUCH, NAME_TAKEN, KEY_REUSED, KEY_SYNTAX, PARAMETER, *BODY),
            writes=True,
        ),
        Operation(
            method="GET",
            path=PATH,
            id="listAccounts",
            tag="Access",
            summary="List accounts",
            description="By number, disabled ones too.",
            handler=handlers.page,
            parameters=list_parameters("those", {"type": "string", "pattern": "^[1-9][0-9]*$"}),
            results={
                200: Result(description="A page.", content={JSON: (_PAGE, {"items": [_SHOWN]})})
            },
            problems=(*PERMISSION, NO_SUCH, PARAMETER),
        ),
        Operation(
            method="GET",
            path=one,
            id="getAccount",
            tag="Access",
            summary="Read an account",
            description="Who it is and what it may do.",
            handler=handlers.read,
            parameters=(_ID,),
            results={200: shown},
            problems=(*PERMISSION, NO_SUCH, PARAMETER),
        ),
        Operation(
            method="PATCH",
            path=one,
            id="changeAccount",
            tag="Access",
            summary="Change or disable an account",
            description="Gives it another role or state. Its tokens end within two seconds.",
            handler=handlers.change,
            parameters=(_ID,),
            body=Body(
                description="What changes.", content={JSON: (_CHANGE, {"state": "disabled"})}
            ),
            results={200: shown},
            problems=(*PERMISSION, NO_SUCH, ACCOUNT_CHANGED, YOURSELF, PARAMETER, *BODY),
            writes=True,
        ),
        Operation(
            method="PUT",
            path=one + "/password",
            id="renewPassword",
            tag="Access",
            summary="Give an account another password",
            description="Of a person, or another secret of a program. Whoever changes his own "
            "tells the old one too. Its tokens end within two seconds.",
            handler=handlers.renew,
            parameters=(_ID, ONCE_DONE),
            body=Body(
                description="The new one.",
                content={JSON: (_RENEWED, {"password": "battery horse correct"})},
            ),
            results={200: shown},
            problems=(
                *(*PERMISSION, NO_SUCH, ACCOUNT_CHANGED),
                *(KEY_REUSED, KEY_SYNTAX, PARAMETER, *BODY),
            ),
            writes=True,
        ),
    )
