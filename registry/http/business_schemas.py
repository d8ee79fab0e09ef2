"""The JSON schemas and examples of the node's business; a table describes the particulars."""

from collections.abc import Iterable
from typing import Any, Final, assert_never

from identifiers.enterprises.certificates import DEFAULT_DAYS, MAX_DAYS, Validity
from identifiers.enterprises.fields import (
    Addresses,
    Code,
    Day,
    Email,
    Endpoints,
    Field,
    File,
    Many,
    Number,
    Part,
    Phone,
    Place,
    Text,
)
from identifiers.enterprises.fields import Kind as FieldKind
from identifiers.enterprises.files import Media
from identifiers.enterprises.ledger import Outcome
from identifiers.enterprises.review import Kind, Stage
from identifiers.enterprises.tables import FIELDS
from identifiers.standings import MAX_REASON, EnterpriseState
from registry.business.members import METHODS
from registry.http.business import MAX_REASONS
from registry.http.lists import MOST_ENTERPRISES
from registry.http.operations import Body, Json, Result
from registry.http.replies import JSON

_APPLICATION: Final = "019b76da-a800-7c3e-9d41-5a2f0e6b8c17"
_STRING: Final[Json] = {"type": "string"}
_UUID: Final[Json] = {"type": "string", "format": "uuid"}
_INSTANT: Final[Json] = {"type": "string", "format": "date-time"}
_NO_INSTANT: Final[Json] = {"type": ["string", "null"], "format": "date-time"}
_REASON: Final[Json] = {"type": "string", "minLength": 1, "maxLength": MAX_REASON}
_NUMBER: Final[Json] = {"type": "integer", "minimum": 1, "maximum": MOST_ENTERPRISES}


def closed(required: Iterable[str], properties: dict[str, Json]) -> Json:
    """Return the schema of an object without other members."""
    return {
        "type": "object",
        "required": list(required),
        "additionalProperties": False,
        "properties": properties,
    }


def described(fields: tuple[Field, ...]) -> Json:
    """Return the schema of documents that a table describes."""
    properties = {one.name: _field(one) for one in fields}
    return closed((one.name for one in fields if one.required), properties)


def _field(field: Field) -> Json:
    return {**_kind(field.kind), "title": field.chinese}


_JOINED: Final = {
    Addresses: "IPv4 and IPv6 addresses, joined by `;`.",
    Endpoints: "`[host]:port`, joined by `;`; IPv6 needs the brackets.",
}


def _kind(kind: FieldKind) -> Json:  # noqa: PLR0911 -- one for each
    match kind:
        case Text(most) | Email(most) | Phone(most):
            return {"type": "string", "maxLength": most}
        case Addresses(most) | Endpoints(most):
            return {"type": "string", "maxLength": most, "description": _JOINED[type(kind)]}
        case Day():
            return {"type": "string", "format": "date"}
        case Number():
            return {"type": "integer", "minimum": 0}
        case Code(choices):
            said = "; ".join(f"{number} {name}" for number, name in choices.items())
            return {"enum": list(choices), "description": said}
        case Place():
            return {"type": "string", "pattern": "^[0-9]{6}$", "description": "GB/T 2260."}
        case File():
            return {**_UUID, "description": "The id of a document that was uploaded."}
        case Part(fields):
            return described(fields)
        case Many(of, most):
            return {"type": "array", "items": _kind(of), "maxItems": most}
        case _:
            assert_never(kind)


PARTICULARS: Final = described(FIELDS)
_MASKED: Final[Json] = {
    "type": "object",
    "description": "As they were sent; personal data masked, pictures of persons left out.",
}
_BRIEF: Final[dict[str, Json]] = {
    "id": _UUID,
    "kind": {"enum": [kind.value for kind in Kind]},
    "stage": {"enum": [stage.value for stage in Stage]},
    "revision": {"type": "integer", "minimum": 1},
    "name": _STRING,
    "number": {**_STRING, "description": "Of the organisation, such as its credit code."},
    "wanted": {**_STRING, "description": "The label that is wanted; empty: whichever is next."},
    "enterprise": {"type": ["integer", "null"], "description": "null until it has one."},
    "submitted_at": _INSTANT,
    "changed_at": _INSTANT,
    "purged_at": {**_NO_INSTANT, "description": "Since when its personal data is gone."},
}
APPLICATION_BRIEF: Final = closed(_BRIEF, _BRIEF)
_STEP: Final[dict[str, Json]] = {
    "at": _INSTANT,
    "by": _STRING,
    "did": _STRING,
    "revision": {"type": "integer"},
    "reasons": {"type": "array", "items": _STRING},
}
_VERIFIED: Final[dict[str, Json]] = {
    "outcome": {"enum": [outcome.value for outcome in Outcome]},
    "method": {"enum": list(METHODS)},
    "at": _INSTANT,
    "by": _STRING,
    "note": _STRING,
}
_VERIFICATION: Final[Json] = {"oneOf": [{"type": "null"}, closed(_VERIFIED, _VERIFIED)]}
_WHOLE: Final[dict[str, Json]] = {
    **_BRIEF,
    "particulars": _MASKED,
    "verification": _VERIFICATION,
    "steps": {"type": "array", "items": closed(_STEP, _STEP)},
}
APPLICATION: Final = closed(_WHOLE, _WHOLE)
_MEMBER: Final[dict[str, Json]] = {
    "id": _NUMBER,
    "name": _STRING,
    "number": _STRING,
    "industry": {**_STRING, "description": "GB/T 4754: section and division."},
    "state": {"enum": [state.value for state in EnterpriseState]},
    "reason": {**_STRING, "description": "Why it is suspended or closed."},
    "filing": {
        "type": ["string", "null"],
        "description": "The filing number (备案号); null: nothing was filed (未备案).",
    },
    "approved_at": _NO_INSTANT,
    "version": {"type": "integer", "minimum": 1},
}
MEMBER_BRIEF: Final = closed(_MEMBER, _MEMBER)
_MEMBER_WHOLE: Final[dict[str, Json]] = {
    **_MEMBER,
    "prefixes": {"type": "array", "items": _STRING},
    "verification": _VERIFICATION,
    "particulars": {**_MASKED, "type": ["object", "null"]},
}
MEMBER: Final = closed(_MEMBER_WHOLE, _MEMBER_WHOLE)
_ANY: Final[Json] = {"type": ["string", "integer", "null"]}
_CHANGE: Final[dict[str, Json]] = {"field": _STRING, "old": _ANY, "new": _ANY}
_VERSION: Final[dict[str, Json]] = {
    "version": {"type": "integer", "minimum": 1},
    "at": _INSTANT,
    "by": _STRING,
    "did": _STRING,
    "application": {"type": ["string", "null"], "format": "uuid"},
    "state": _MEMBER["state"],
    "reason": _STRING,
    "changes": {"type": "array", "items": closed(_CHANGE, _CHANGE)},
}
_REVISION: Final[dict[str, Json]] = {
    "revision": {"type": "integer", "minimum": 1},
    "at": _INSTANT,
    "by": _STRING,
    "did": _STRING,
    "changes": {
        "type": ["array", "null"],
        "items": closed(_CHANGE, _CHANGE),
        "description": "Since the revision before; null: what that told is not kept.",
    },
    "steps": {
        "type": "array",
        "items": closed(_STEP, _STEP),
        "description": "What was done to it since it was sent.",
    },
}
REVISION: Final = closed(_REVISION, _REVISION)
MEMBER_VERSION: Final = closed(_VERSION, _VERSION)
_DOCUMENT: Final[dict[str, Json]] = {
    "id": _UUID,
    "media_type": {"enum": [media.value for media in Media]},
    "size": {"type": "integer", "minimum": 1},
    "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    "uploaded_at": _INSTANT,
    "application": {"type": ["string", "null"], "format": "uuid"},
    "field": {"type": ["string", "null"], "description": "The field that it is bound to."},
}
DOCUMENT: Final = closed(_DOCUMENT, _DOCUMENT)
_CERTIFICATE: Final[dict[str, Json]] = {
    "serial": {"type": "string", "pattern": "^[0-9A-F]{16}$"},
    "status": {"enum": [validity.value for validity in Validity]},
    "enterprise": _NUMBER,
    "name": _STRING,
    "number": _STRING,
    "filing": _STRING,
    "prefix": _STRING,
    "issued_at": _INSTANT,
    "expires_at": _INSTANT,
    "revoked_at": _NO_INSTANT,
    "reason": _STRING,
    "index": {
        "type": ["integer", "null"],
        "description": "Where it stands as HS_CERT in the record of the prefix; null: nowhere.",
    },
    "token": {**_STRING, "description": "What is signed: a JWS in compact form."},
    "page": {"type": "string", "format": "uri-reference"},
}
CERTIFICATE: Final = closed(_CERTIFICATE, _CERTIFICATE)

SUBMITTED: Final = closed(
    ("particulars",),
    {
        "particulars": PARTICULARS,
        "wanted": {**_STRING, "maxLength": 64, "description": "The label of the prefix wanted."},
    },
)
CHANGED: Final = closed(
    ("particulars",),
    {
        "particulars": PARTICULARS,
        "enterprise": {**_NUMBER, "description": "Whose; without it the caller's."},
    },
)
REASONS: Final = closed(
    ("reasons",),
    {
        "reasons": {
            "type": "array",
            "items": _REASON,
            "minItems": 1,
            "maxItems": MAX_REASONS,
            "description": "What the applicant is to mend.",
        }
    },
)
VERDICT: Final = closed(("approved",), {"approved": {"type": "boolean"}, **REASONS["properties"]})
FINDING: Final = closed(
    ("outcome", "method"),
    {
        "outcome": _VERIFIED["outcome"],
        "method": {
            "enum": list(METHODS),
            "description": "; ".join(f"{n}: {en} ({zh})" for n, (en, zh) in METHODS.items()),
        },
        "note": {"type": "string", "maxLength": MAX_REASON},
    },
)
REASON: Final = closed(("reason",), {"reason": _REASON})
WISH: Final = closed(
    ("enterprise",),
    {
        "enterprise": _NUMBER,
        "days": {"type": "integer", "minimum": 1, "maximum": MAX_DAYS, "default": DEFAULT_DAYS},
        "prefix": {**_STRING, "description": "One of its prefixes; without it the first."},
        "replaces": {**_STRING, "description": "The serial number of the one in force."},
    },
)

_SAID: Final[dict[str, Any]] = {
    "id": _APPLICATION,
    "kind": "admission",
    "stage": "submitted",
    "revision": 1,
    "name": "示例煤业有限公司",
    "number": "91990000PDY00001XR",
    "wanted": "COAL",
    "enterprise": None,
    "submitted_at": "2026-01-05T08:30:00Z",
    "changed_at": "2026-01-05T08:30:00Z",
    "purged_at": None,
}
APPLICATIONS_EXAMPLE: Final = {"items": [_SAID]}
APPLICATION_EXAMPLE: Final = {
    **_SAID,
    "particulars": {"basic": {"org_name": "示例煤业有限公司", "legal_name": "张**"}},
    "verification": None,
    "steps": [
        {
            "at": "2026-01-05T08:30:00Z",
            "by": "account:li.na",
            "did": "submitted",
            "revision": 1,
            "reasons": [],
        }
    ],
}
_MEMBER_SAID: Final[dict[str, Any]] = {
    "id": 1,
    "name": "示例煤业有限公司",
    "number": "91990000PDY00001XR",
    "industry": "B06",
    "state": "active",
    "reason": "",
    "filing": "88.300-2026-000001",
    "approved_at": "2026-01-06T01:00:00Z",
    "version": 1,
}
MEMBERS_EXAMPLE: Final = {"items": [_MEMBER_SAID]}
MEMBER_EXAMPLE: Final = {
    **_MEMBER_SAID,
    "prefixes": ["88.300.COAL"],
    "verification": None,
    "particulars": {"basic": {"org_name": "示例煤业有限公司", "legal_name": "张**"}},
}
HISTORY_EXAMPLE: Final = {
    "items": [
        {
            "version": 2,
            "at": "2026-03-01T02:00:00Z",
            "by": "account:wang.fang",
            "did": "changed",
            "application": _APPLICATION,
            "state": "active",
            "reason": "",
            "changes": [{"field": "/basic/legal_name", "old": "张**", "new": "王*"}],
        }
    ]
}
REVISIONS_EXAMPLE: Final = {
    "items": [
        {
            "revision": 2,
            "at": "2026-01-07T01:10:00Z",
            "by": "account:li.na",
            "did": "resubmitted",
            "changes": [
                {"field": "/basic/contact_mobile", "old": "100****5678", "new": "100****4321"}
            ],
            "steps": [
                {
                    "at": "2026-01-08T03:00:00Z",
                    "by": "account:wang.fang",
                    "did": "rejected",
                    "revision": 2,
                    "reasons": ["营业执照照片不清"],
                }
            ],
        }
    ]
}
DOCUMENT_EXAMPLE: Final = {
    "id": "019b76da-a800-7c3e-9d41-5a2f0e6b8c18",
    "media_type": "image/png",
    "size": 48213,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "uploaded_at": "2026-01-05T08:29:00Z",
    "application": None,
    "field": None,
}
CERTIFICATE_EXAMPLE: Final = {
    "serial": "3F9A1C0D7E5B2846",
    "status": "valid",
    "enterprise": 1,
    "name": "示例煤业有限公司",
    "number": "91990000PDY00001XR",
    "filing": "88.300-2026-000001",
    "prefix": "88.300.COAL",
    "issued_at": "2026-01-07T02:00:00Z",
    "expires_at": "2027-01-07T02:00:00Z",
    "revoked_at": None,
    "reason": "",
    "index": 400,
    "token": "eyJhbGciOiJSUzI1NiJ9.<payload>.<signature>",
    "page": "/certificates/3F9A1C0D7E5B2846",
}
SUBMITTED_EXAMPLE: Final = {"particulars": {"basic": {"org_name": "…"}}, "wanted": "COAL"}
FOUND: Final = {"outcome": "passed", "method": "registers"}


def json_body(description: str, schema: Json, example: Any) -> Body:
    """Return a JSON body that is sent."""
    return Body(description=description, content={JSON: (schema, example)})


def json_result(description: str, schema: Json, example: Any) -> Result:
    """Return a success with a JSON body."""
    return Result(description=description, content={JSON: (schema, example)})
