"""The operations on API keys, as they are served and described."""

from collections.abc import Sequence
from typing import Final

from identifiers.principals import Scope
from registry.access.keys import Keys
from registry.http.keys import MAX_DAYS, MAX_OVERLAP_HOURS, MOST, PATH, KeyRoutes
from registry.http.lists import MOST_ENTERPRISES, list_parameters, page_of
from registry.http.operations import Body, Json, Operation, Parameter, Result
from registry.http.parameters import ONCE_DONE
from registry.http.permission import PERMISSION
from registry.http.problems import KEY_REUSED, KEY_SYNTAX, NO_SUCH, PARAMETER
from registry.http.reception import Reception
from registry.http.replies import JSON
from registry.http.tokens import BODY

_TEXTS: Final[Json] = {"type": "array", "items": {"type": "string"}, "maxItems": MOST}
_SCOPES: Final[Json] = {"type": "array", "items": {"enum": [scope.value for scope in Scope]}}
_INSTANT: Final[Json] = {"type": "string", "format": "date-time"}
_KEY: Final[Json] = {
    "type": "object",
    "required": [
        "id",
        "enterprise",
        "scopes",
        "prefixes",
        "networks",
        "label",
        "created_at",
        "expires_at",
        "revoked_at",
        "replaces",
    ],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string"},
        "enterprise": {"type": "integer"},
        "scopes": _SCOPES,
        "prefixes": {**_TEXTS, "description": "Only below these; none: all of the enterprise's."},
        "networks": {**_TEXTS, "description": "Only from these; none: from everywhere."},
        "label": {"type": "string"},
        "created_at": _INSTANT,
        "expires_at": _INSTANT,
        "revoked_at": {"type": ["string", "null"], "format": "date-time"},
        "replaces": {
            "type": ["string", "null"],
            "description": "The key that this one was made to replace.",
        },
        "key": {"type": "string", "description": "The whole key; told this once."},
    },
}
_NEW: Final[Json] = {
    "type": "object",
    "required": ["scopes"],
    "additionalProperties": False,
    "properties": {
        "enterprise": {
            "type": "integer",
            "minimum": 1,
            "maximum": MOST_ENTERPRISES,
            "description": "Whose; the node's people say it, others need not.",
        },
        "scopes": {**_SCOPES, "minItems": 1},
        "prefixes": _TEXTS,
        "networks": _TEXTS,
        "days": {"type": "integer", "minimum": 1, "maximum": MAX_DAYS, "default": 365},
        "label": {"type": "string", "maxLength": 255},
    },
}
_SHOWN: Final[Json] = {
    "id": "Cf1q2w3e4r5t",
    "enterprise": 1,
    "scopes": ["identifiers:read", "identifiers:write"],
    "prefixes": ["88.300.1"],
    "networks": ["10.0.0.0/8"],
    "label": "MES line 3",
    "created_at": "2026-01-05T08:30:00Z",
    "expires_at": "2027-01-05T08:30:00Z",
    "revoked_at": None,
    "replaces": None,
}
_WHOLE: Final[Json] = {**_SHOWN, "key": "Cf1q2w3e4r5t.<43 characters>"}
_ID: Final = Parameter(
    name="id",
    place="path",
    required=True,
    schema={"type": "string"},
    example="Cf1q2w3e4r5t",
    description="The part of the key before the dot.",
)


def key_operations(keys: Keys, reception: Reception) -> Sequence[Operation]:
    """Return the operations on API keys."""
    handlers = KeyRoutes(keys, reception)
    one = PATH + "/{id}"
    made = Result(
        description="Made. `key` is told this once.",
        content={JSON: (_KEY, _WHOLE)},
        headers={"Location": "Where its terms can be read."},
    )
    return (
        Operation(
            method="POST",
            path=PATH,
            id="createKey",
            tag="Access",
            summary="Make an API key",
            description="Makes a key of the enterprise. It never gives more than its maker has. An "
            "answer that was lost is given again to the same request with its `Idempotency-Key`.",
            handler=handlers.create,
            parameters=(ONCE_DONE,),
            body=Body(
                description="The terms.",
                content={JSON: (_NEW, {"scopes": ["identifiers:read"], "days": 30})},
            ),
            results={201: made},
            problems=(*PERMISSION, NO_SUCH, KEY_REUSED, KEY_SYNTAX, PARAMETER, *BODY),
            writes=True,
        ),
        Operation(
            method="GET",
            path=PATH,
            id="listKeys",
            tag="Access",
            summary="List API keys",
            description="By id, revoked and expired ones too; secrets are nowhere kept.",
            handler=handlers.page,
            parameters=list_parameters("those", {"type": "string"}),
            results={
                200: Result(
                    description="A page.", content={JSON: (page_of(_KEY), {"items": [_SHOWN]})}
                )
            },
            problems=(*PERMISSION, NO_SUCH, PARAMETER),
        ),
        Operation(
            method="GET",
            path=one,
            id="getKey",
            tag="Access",
            summary="Read the terms of an API key",
            description="What it may do, from where, until when.",
            handler=handlers.read,
            parameters=(_ID,),
            results={200: Result(description="The terms.", content={JSON: (_KEY, _SHOWN)})},
            problems=(*PERMISSION, NO_SUCH, PARAMETER),
        ),
        Operation(
            method="DELETE",
            path=one,
            id="revokeKey",
            tag="Access",
            summary="Revoke an API key",
            description="It is refused within two seconds. What was revoked stays so.",
            handler=handlers.revoke,
            parameters=(_ID,),
            results={204: Result(description="It is in force no more.")},
            problems=(*PERMISSION, NO_SUCH, PARAMETER),
            writes=True,
        ),
        Operation(
            method="POST",
            path=one + "/rotate",
            id="rotateKey",
            tag="Access",
            summary="Replace an API key",
            description="Makes a key on the same terms for as long again. The one that it replaces "
            "goes on for `overlap_hours`, so that programs can be given the new one meanwhile.",
            handler=handlers.rotate,
            parameters=(_ID, ONCE_DONE),
            body=Body(
                description="How long both are in force.",
                content={
                    JSON: (
                        {
                            "type": "object",
                            "additionalProperties": False,
                            "properties": {
                                "overlap_hours": {
                                    "type": "integer",
                                    "minimum": 0,
                                    "maximum": MAX_OVERLAP_HOURS,
                                    "default": 24,
                                }
                            },
                        },
                        {"overlap_hours": 24},
                    )
                },
            ),
            results={201: made},
            problems=(*PERMISSION, NO_SUCH, KEY_REUSED, KEY_SYNTAX, PARAMETER, *BODY),
            writes=True,
        ),
    )
