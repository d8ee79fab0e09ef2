"""The JSON schemas of the API's bodies (JSON Schema 2020-12, as OpenAPI 3.1 has it)."""

from typing import Any, Final

from identifiers.standings import MAX_REASON
from identifiers.values import (
    DEFAULT_TTL,
    MAX_DATA_BYTES,
    MAX_INDEX,
    MAX_RECORD_BYTES,
    MAX_TTL,
    MAX_TYPE_BYTES,
    MAX_VALUES,
)
from registry.reading.rows import BATCH_LIMIT

Json = dict[str, Any]


def ref(name: str) -> Json:
    """Return a reference to a schema of `SCHEMAS`."""
    return {"$ref": f"#/components/schemas/{name}"}


def _object(required: tuple[str, ...], /, **properties: Json) -> Json:
    return {
        "type": "object",
        "required": list(required),
        "properties": properties,
        "additionalProperties": False,
    }


def _array(items: Json, **more: Any) -> Json:
    return {"type": "array", "items": items, **more}


_HANDLE: Final[Json] = {
    "type": "string",
    "description": "prefix/suffix. The prefix is compared without regard to case; the suffix "
    "exactly, unless its prefix says otherwise. In Unicode normal form C, at most 255 characters "
    "after the slash and 1,024 octets as a whole.",
    "maxLength": 1024,
    "examples": ["88.300.1/COAL-2026-0001"],
}
_INDEX: Final[Json] = {"type": "integer", "minimum": 1, "maximum": MAX_INDEX}
_INSTANT: Final[Json] = {"type": "string", "format": "date-time"}
_VERSION: Final[Json] = {
    "type": "integer",
    "minimum": 1,
    "description": "Rises by one with each committed change, also through delete and re-create.",
}
_TEMPLATE: Final[Json] = {
    "type": "string",
    "minLength": 1,
    "maxLength": 512,
    "description": "A template by its version; the nearest one counts, from the prefix of the "
    "identifier upwards to the node's own. `88.300/v1` names just one.",
    "examples": ["coal-batch-1"],
}
_VALUES_OR_TEMPLATE: Final[list[Json]] = [
    {"required": ["values"], "properties": {"values": {"minItems": 1}}},
    {"required": ["template"]},
]
_OWNERS_STATE: Final[Json] = {"type": "string", "enum": ["active", "reserved"]}
_STATE: Final[Json] = {"type": "string", "enum": ["active", "reserved", "suspended", "revoked"]}
_CHANGE: Final[Json] = {
    "type": ["string", "null"],
    "format": "uuid",
    "description": "The id of the change; null when nothing changed.",
}
_STRUCTURED: Final[Json] = {
    "type": "object",
    "description": "As the Handle REST form writes HS_ADMIN, HS_VLIST, HS_SITE and HS_PUBKEY.",
}
_VALUE_READ_ONLY: Final[Json] = {
    **_INSTANT,
    "description": "When the value last changed. The server sets it; what is sent is ignored.",
}

SCHEMAS: Final[dict[str, Json]] = {
    "Data": {
        "description": "The data of a value: a text, or an object that names its format.",
        "oneOf": [
            {"type": "string"},
            {
                "type": "object",
                "required": ["format", "value"],
                "additionalProperties": False,
                "properties": {
                    "format": {
                        "enum": ["string", "base64", "hex", "admin", "vlist", "site", "key"]
                    },
                    "value": {"oneOf": [{"type": "string"}, _STRUCTURED, _array({})]},
                },
            },
        ],
    },
    "Reference": _object(
        ("handle", "index"),
        handle={"type": "string"},
        index={"type": "integer", "minimum": 0, "maximum": MAX_INDEX},
    ),
    "Value": _object(
        ("index", "type", "data"),
        index=_INDEX,
        type={
            "type": "string",
            "minLength": 1,
            "description": f"At most {MAX_TYPE_BYTES} octets. TEMPLATE is set by the server.",
        },
        data=ref("Data"),
        ttl={
            "oneOf": [{"type": "integer", "minimum": 0, "maximum": MAX_TTL}, _INSTANT],
            "default": DEFAULT_TTL,
            "description": "How long the value may be cached: seconds, or until an instant.",
        },
        permissions={
            "type": "string",
            "pattern": "^[01]{4}$",
            "default": "1110",
            "description": "Administrators read, administrators write, everybody reads, everybody "
            "writes. A value that administrators may not write cannot be changed.",
        },
        timestamp=_VALUE_READ_ONLY,
        references=_array(ref("Reference")),
    ),
    "Attributes": {
        "type": "object",
        "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
        "description": "Values in the words of the template: the entry's name and what it says, "
        "as JSON has it or as text. They are values too, from index 2000 on.",
        "examples": [{"BATCH_NO": "B-2026-001", "MASS": 61.5}],
    },
    "Values": _array(
        ref("Value"),
        minItems=1,
        maxItems=MAX_VALUES,
        description="In the order that is kept. Each index once; data of at most "
        f"{MAX_DATA_BYTES // 1024} KiB each and {MAX_RECORD_BYTES // 1024} KiB together.",
    ),
    "NewIdentifier": {
        **_object(
            ("handle",),
            handle=_HANDLE,
            values=_array(ref("Value"), maxItems=MAX_VALUES),
            state=_OWNERS_STATE,
            template=_TEMPLATE,
            attributes=ref("Attributes"),
        ),
        "anyOf": _VALUES_OR_TEMPLATE,
    },
    "Replacement": {
        **_object(
            (),
            handle={**_HANDLE, "description": "May be left to the address; never another one."},
            values=_array(ref("Value"), maxItems=MAX_VALUES),
            template=_TEMPLATE,
            attributes=ref("Attributes"),
            template_revision={"type": "integer", "readOnly": True},
            state={**_OWNERS_STATE, "description": "Without it the state stays."},
            version={**_VERSION, "readOnly": True},
            changed_at={**_INSTANT, "readOnly": True},
            reason={"type": "string", "readOnly": True},
        ),
        "anyOf": _VALUES_OR_TEMPLATE,
    },
    "Changes": {
        **_object(
            (),
            values=_array(
                ref("Value"), description="Replace the values of the same index, or are added."
            ),
            remove=_array(_INDEX, description="Indexes of values to be removed."),
            template=_TEMPLATE,
            attributes={
                **ref("Attributes"),
                "description": "Attributes to be added or replaced; null takes one away.",
            },
            state={
                **_STATE,
                "description": "A suspended identifier does not resolve until it is made active "
                "again; a revoked one never will, and its name stays taken.",
            },
            reason={
                "type": "string",
                "minLength": 1,
                "maxLength": MAX_REASON,
                "description": "Goes with suspended and revoked, and is told to everybody.",
            },
        ),
        "minProperties": 1,
    },
    "Identifier": _object(
        ("handle", "values", "state", "version", "changed_at"),
        handle=_HANDLE,
        values=ref("Values"),
        state=_STATE,
        reason={"type": "string", "description": "Why it is suspended or revoked."},
        version=_VERSION,
        changed_at=_INSTANT,
        template={"type": "string", "description": "Its template, by its whole name."},
        template_revision={
            "type": "integer",
            "minimum": 1,
            "description": "The revision that the values were checked against.",
        },
        attributes=ref("Attributes"),
    ),
    "Receipt": _object(
        ("handle", "status", "state", "version", "changed_at", "change"),
        handle=_HANDLE,
        status={"type": "string", "enum": ["created", "updated", "unchanged", "deleted"]},
        state={"type": "string", "enum": [*_STATE["enum"], "deleted"]},
        version=_VERSION,
        changed_at=_INSTANT,
        change=_CHANGE,
    ),
    "Page": _object(
        ("items",),
        items=_array(ref("Identifier")),
        next={"type": "string", "description": "What `after` is for the following page."},
    ),
    "Batch": _object(
        ("items",), items=_array(ref("NewIdentifier"), minItems=1, maxItems=BATCH_LIMIT)
    ),
    "BatchAnswer": _object(("items",), items=_array(ref("BatchItem"))),
    "BatchItem": _object(
        ("handle", "status"),
        handle={"type": "string"},
        status={"type": "integer", "description": "What a request of its own would answer."},
        version=_VERSION,
        change=_CHANGE,
        problem=ref("Problem"),
    ),
    "Import": _object(
        ("id", "state", "mode", "dry_run", "media_type", "bytes", "rows", "started_at", "results"),
        id={"type": "string", "format": "uuid"},
        state={
            "type": "string",
            "enum": ["running", "done", "refused"],
            "description": "running: also when its connection was cut; send the body again. "
            "refused: at some row the rest could not be told apart any more.",
        },
        mode={"type": "string", "enum": ["create", "upsert", "replace"]},
        dry_run={"type": "boolean"},
        media_type={"type": "string"},
        bytes={"type": "integer", "description": "Octets of the body that are dealt with."},
        rows={"type": "integer"},
        created={"type": "integer"},
        updated={"type": "integer"},
        unchanged={"type": "integer"},
        rejected={"type": "integer"},
        started_at=_INSTANT,
        finished_at={"type": ["string", "null"], "format": "date-time"},
        results={"type": "string", "format": "uri-reference"},
    ),
    "Imports": _object(("items",), items=_array(ref("Import"))),
    "RowResult": _object(
        ("row", "handle", "status"),
        row={"type": "integer", "minimum": 1, "description": "Line, or item of a sequence."},
        handle={"type": "string", "description": "Empty when it could not be read."},
        status={"type": "string", "enum": ["created", "updated", "unchanged", "rejected"]},
        version=_VERSION,
        problem=ref("Problem"),
    ),
    "Problem": {
        "type": "object",
        "description": "A problem document (RFC 9457). `type` is stable; texts are in the language "
        "of Accept-Language.",
        "required": ["type", "title", "status"],
        "properties": {
            "type": {"type": "string", "format": "uri"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "errors": _array(ref("Fault"), description="Everything that is wrong, at once."),
            "request_id": {"type": "string", "description": "For the operator's log."},
        },
    },
    "Fault": _object(
        ("pointer", "code", "detail"),
        pointer={
            "type": "string",
            "description": "Where: a JSON pointer (RFC 6901) into the body, or `/name` of a "
            "parameter when the type is invalid-parameter.",
        },
        code={"type": "string"},
        detail={"type": "string"},
    ),
}
