"""The operations below ``/api/v1/key-pairs``, described; the handlers are in `key_pairs`."""

from collections.abc import Sequence
from typing import Final

import msgspec

from edge.problems import INVALID
from registry.access.key_pairs import KeyPairs
from registry.http.key_pairs import PATH, KeyPairRoutes
from registry.http.keys import MOST
from registry.http.lists import list_parameters, page_of
from registry.http.operations import Body, Json, Operation, Parameter, Result
from registry.http.parameters import IF_MATCH
from registry.http.permission import PERMISSION
from registry.http.problems import (
    BOUNDS_CHANGED,
    LOCKED,
    NO_SUCH,
    PARAMETER,
    STALE,
    VALUES_EXIST,
)
from registry.http.reception import Reception
from registry.http.replies import JSON
from registry.http.tokens import BODY

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
_NEW: Final[Json] = {
    "type": "object",
    "required": ["public_key"],
    "additionalProperties": False,
    "properties": {
        "public_key": {
            "type": "string",
            "description": "PEM, or HS_PUBKEY data in Base64. RSA from 2048 bits, or SM2.",
        }
    },
}
_PEM: Final = "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkq…\n-----END PUBLIC KEY-----\n"
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
            method="POST",
            path=one,
            route=route,
            id="addPublicKey",
            tag="Access",
            summary="Have a public key administer a prefix",
            description="It stands at `index` of the prefix's record `0.NA/<prefix>` from then on, "
            "beside an HS_ADMIN value that gives it everything there. The enterprise's owner does "
            "this; no scope of a key gives it. The same key again changes nothing (200), another "
            "value is not written over. Bounds that the place has are the key's. Keys that are to "
            "do less are values of the enterprise's identifiers.",
            handler=handlers.add,
            parameters=(_ID,),
            body=Body(
                description="The public key.",
                content={JSON: (_NEW, {"public_key": _PEM})},
            ),
            results={
                200: msgspec.structs.replace(result, description="It administered before."),
                201: msgspec.structs.replace(result, description="It administers."),
            },
            problems=(*problems, VALUES_EXIST, LOCKED, *BODY),
            writes=True,
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
