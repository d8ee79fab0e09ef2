"""The schemas of webhooks, and what the examples show."""

from typing import Any, Final

from identifiers.webhooks import MAX_URL, NAME
from registry.http.keys import MAX_OVERLAP_HOURS
from registry.http.operations import Json

_INSTANT: Final[Json] = {"type": "string", "format": "date-time"}
_MAYBE: Final[Json] = {"type": ["string", "null"], "format": "date-time"}
SHOWN: Final[Json] = {
    "name": {"type": "string"},
    "url": {"type": "string"},
    "state": {
        "enum": ["active", "failing", "parked"],
        "description": "parked: it failed for 24 hours, and waits until it is resumed.",
    },
    "attempts": {"type": "integer", "description": "That failed in a row."},
    "failing_since": _MAYBE,
    "next_attempt": _MAYBE,
    "cursor": {"type": "string", "description": "Told up to here: `after` of the feed."},
    "created_at": _INSTANT,
}


def _object(properties: Json) -> Json:
    return {
        "type": "object",
        "required": [name for name in properties if name != "error"],
        "additionalProperties": False,
        "properties": properties,
    }


HOOK: Final = _object(SHOWN)
MADE: Final = _object(
    {**SHOWN, "secret": {"type": "string", "description": "Shown this once: it signs."}}
)
RENEWED: Final = _object(
    {
        **SHOWN,
        "secret": {"type": "string", "description": "Shown this once: it signs."},
        "previous_until": {**_INSTANT, "description": "So long those before it sign beside it."},
    }
)
OVERLAP: Final[Json] = {
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
}
NEW: Final = _object(
    {
        "name": {"type": "string", "pattern": f"^{NAME.pattern}$"},
        "url": {"type": "string", "maxLength": MAX_URL},
    }
)
DELIVERY: Final = _object(
    {
        "delivery": {"type": "string", "format": "uuid"},
        "at": _INSTANT,
        "attempt": {"type": "integer"},
        "changes": {"type": "integer"},
        "status": {"type": ["integer", "null"], "description": "null: there was no answer."},
        "milliseconds": {"type": "integer"},
        "error": {"type": "string"},
    }
)
EXAMPLE: Final[dict[str, Any]] = {
    "name": "erp",
    "url": "https://erp.example/idnode",
    "state": "active",
    "attempts": 0,
    "failing_since": None,
    "next_attempt": None,
    "cursor": "NzQxLjEy",
    "created_at": "2026-01-05T08:30:00Z",
}
ATTEMPT: Final[dict[str, Any]] = {
    "delivery": "8b0e5a1c-2d3f-8a6b-9c7d-1e2f3a4b5c6d",
    "at": "2026-01-05T08:30:01Z",
    "attempt": 1,
    "changes": 3,
    "status": 204,
    "milliseconds": 41,
}


def items(schema: Json) -> Json:
    """Return the schema of a list."""
    return _object({"items": {"type": "array", "items": schema}})
