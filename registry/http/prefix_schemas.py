"""What prefixes, their routes and their applications are in documents: schemas and examples."""

from collections.abc import Sequence
from typing import Any, Final

from identifiers.enterprises.review import Stage
from identifiers.labels import MAX_DIGITS, MAX_RANGES
from identifiers.routing import MAX_PORT
from registry.business.prefixes import MAX_QUOTA
from registry.http.lists import MOST_ENTERPRISES
from registry.http.operations import Json
from registry.http.prefix_forms import HOSTINGS, STATES

INSTANT: Final[Json] = {"type": "string", "format": "date-time"}
NO_INSTANT: Final[Json] = {"type": ["string", "null"], "format": "date-time"}
ENTERPRISE: Final[Json] = {"type": "integer", "minimum": 1, "maximum": MOST_ENTERPRISES}
QUOTA: Final[Json] = {
    "type": ["integer", "null"],
    "minimum": 0,
    "maximum": MAX_QUOTA,
    "description": "How many identifiers may stand under it; null: as its enterprise may.",
}
LABEL: Final[Json] = {"type": "string", "maxLength": 64}
STATE: Final[Json] = {"enum": list(STATES)}
HOSTING: Final[Json] = {"enum": list(HOSTINGS)}
REASONS: Final[Json] = {
    "type": "array",
    "minItems": 1,
    "maxItems": 20,
    "items": {"type": "string", "minLength": 1, "maxLength": 500},
}
CURSOR: Final[Json] = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,8192}$"}


def members(required: Sequence[str], /, **properties: Json) -> Json:
    """Return the schema of an object of which some members are required."""
    return {
        "type": "object",
        "required": list(required),
        "additionalProperties": False,
        "properties": properties,
    }


def whole(**properties: Json) -> Json:
    """Return the schema of an object that has all its members."""
    return members(list(properties), **properties)


HELD: Final = whole(
    prefix={"type": "string"},
    kind={"enum": ["secondary", "enterprise"]},
    enterprise={"type": ["integer", "null"], "description": "null: the node's own."},
    holder={"type": ["string", "null"], "description": "The enterprise's name."},
    state=STATE,
    hosting=HOSTING,
    routed={"type": "boolean", "description": "Clients are referred to the enterprise's node."},
    reason={"type": "string"},
    quota=QUOTA,
    created_at=INSTANT,
    approved_at={**NO_INSTANT, "description": "When the last review passed into the database."},
    resolvable_at={**NO_INSTANT, "description": "When every worker answered for it."},
    effective_seconds={
        "type": ["number", "null"],
        "description": "From the one to the other (标识注册生效时间).",
    },
    version={"type": "integer", "minimum": 1},
)
HELD_EXAMPLE: Final[dict[str, Any]] = {
    "prefix": "88.300.1",
    "kind": "enterprise",
    "enterprise": 1,
    "holder": "示例煤业有限公司",
    "state": "enabled",
    "hosting": "hosted",
    "routed": False,
    "reason": "",
    "quota": None,
    "created_at": "2026-01-05T08:30:00Z",
    "approved_at": "2026-01-05T08:30:00.120Z",
    "resolvable_at": "2026-01-05T08:30:00.470Z",
    "effective_seconds": 0.35,
    "version": 1,
}
PORT: Final[Json] = {"type": "integer", "minimum": 1, "maximum": MAX_PORT}
SITE: Final = members(
    ["address"],
    address={"type": "string", "description": "Numeric, IPv4 or IPv6."},
    tcp=PORT,
    udp=PORT,
    http=PORT,
    https=PORT,
    public_key={
        "type": "string",
        "description": "That the server signs with: PEM, or HS_PUBKEY data in Base64.",
    },
)
SITES_EXAMPLE: Final = [{"address": "203.0.113.7", "tcp": 2641, "udp": 2641, "http": 8000}]
ROUTE: Final = whole(
    prefix={"type": "string"},
    hosting=HOSTING,
    routed={"type": "boolean"},
    sites={"type": "array", "items": SITE},
    version={"type": "integer", "minimum": 1},
)
ROUTE_EXAMPLE: Final = {
    "prefix": "88.300.1",
    "hosting": "not_hosted",
    "routed": True,
    "sites": SITES_EXAMPLE,
    "version": 2,
}
RULE_BODY: Final = {
    "first": {"type": "integer", "minimum": 0, "maximum": 10**MAX_DIGITS - 1, "default": 1},
    "digits": {
        "type": "integer",
        "minimum": 1,
        "maximum": MAX_DIGITS,
        "default": 1,
        "description": "At least so many, with leading zeros.",
    },
    "reserved": {
        "type": "array",
        "maxItems": MAX_RANGES,
        "items": {"type": "string"},
        "description": "Numbers and ranges that only the node gives, by hand.",
    },
    "keep_vanity": {
        "type": "boolean",
        "default": True,
        "description": "Numbers that people like (靓号) are given on request only.",
    },
}
RULE_EXAMPLE: Final = {
    "root": "88.300",
    "first": 1,
    "digits": 1,
    "reserved": ["1-99", "888"],
    "keep_vanity": True,
}
APPLIED: Final = whole(
    id={"type": "string", "format": "uuid"},
    enterprise={"type": "integer"},
    prefix={"type": "string", "description": "Nobody else gets it meanwhile."},
    purpose={"type": "string"},
    hosted={"type": "boolean"},
    stage={"enum": [stage.value for stage in Stage]},
    revision={"type": "integer", "minimum": 1},
    reasons={"type": "array", "items": {"type": "string"}},
    submitted_at=INSTANT,
    changed_at=INSTANT,
    version={"type": "integer", "minimum": 1},
)
APPLIED_EXAMPLE: Final = {
    "id": "019b76da-a800-7c3e-9d41-5a2f0e6b8c17",
    "enterprise": 1,
    "prefix": "88.300.17",
    "purpose": "运单",
    "hosted": True,
    "stage": "submitted",
    "revision": 1,
    "reasons": [],
    "submitted_at": "2026-01-05T08:30:00Z",
    "changed_at": "2026-01-05T08:30:00Z",
    "version": 1,
}
ENTRY: Final = whole(
    at=INSTANT,
    actor={"type": "string"},
    action={"type": "string"},
    request={"type": "string"},
    detail={"type": "object", "description": "What changed: `from` and `to`, by name."},
)
ENTRY_EXAMPLE: Final = {
    "at": "2026-01-05T08:30:00.120Z",
    "actor": "account:admin",
    "action": "prefix.state",
    "request": "5f0c7a2e",
    "detail": {"from": {"state": "enabled"}, "to": {"state": "disabled"}},
}
