"""The operations on bulk changes of state, as they are served and described."""

from typing import Any, Final

from edge.problems import (
    CONTENT_ENCODING,
    INVALID,
    MALFORMED,
    MEDIA_TYPE_UNKNOWN,
    NOT_YOURS,
    PREFIX_DISABLED,
    SLOW,
    TOO_LARGE,
)
from identifiers.jobs import MAX_HANDLES, JobAction
from identifiers.standings import MAX_REASON
from registry.business.jobs import Jobs
from registry.http.app import Noun
from registry.http.imports import NDJSON
from registry.http.operations import Body, Json, Operation, Parameter, Result
from registry.http.parameters import AFTER, ALL, LANGUAGE, LIMIT, ONCE
from registry.http.permission import PERMISSION
from registry.http.problems import (
    JOB_ENDED,
    KEY_REUSED,
    KEY_SYNTAX,
    NO_JOB,
    PARAMETER,
    TOO_MANY_OPEN,
)
from registry.http.reception import Reception
from registry.http.replies import JSON
from registry.http.state_jobs import JOBS, STATES, StateJobs

_INSTANT: Final[Json] = {"type": "string", "format": "date-time"}
_COUNT: Final[Json] = {"type": "integer", "minimum": 0}
_JOB: Final[Json] = {
    "type": "object",
    "required": [
        *("id", "state", "action", "total", "rows", "changed", "unchanged", "rejected"),
        *("created_at", "finished_at", "results"),
    ],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "state": {
            "enum": ["running", "done", "cancelled", "stopped"],
            "description": "stopped: `why` has the code of the problem, such as unauthenticated, "
            "when the key was revoked meanwhile.",
        },
        "action": {"enum": [action.value for action in JobAction]},
        "reason": {"type": "string"},
        "why": {"type": "string"},
        "prefix": {"type": "string"},
        "reached": {
            "type": "string",
            "description": "Of a job under a prefix that is not done: the last name that was "
            "looked at, whether the filter takes it or not.",
        },
        "total": {
            **_COUNT,
            "description": "How many handles were named, or how many the prefix had, "
            "whether the filter takes them or not.",
        },
        "rows": {**_COUNT, "description": "How many were dealt with."},
        "changed": _COUNT,
        "unchanged": _COUNT,
        "rejected": _COUNT,
        "created_at": _INSTANT,
        "finished_at": {"type": ["string", "null"], "format": "date-time"},
        "results": {"type": "string", "format": "uri-reference"},
    },
}
_WANTED: Final[Json] = {
    "type": "object",
    "required": ["action"],
    "additionalProperties": False,
    "description": "Either `handles`, or a `prefix` with or without a `filter`.",
    "properties": {
        "action": {"enum": [action.value for action in JobAction]},
        "reason": {
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_REASON,
            "description": "Goes with suspend and revoke.",
        },
        "handles": {
            "type": "array",
            "minItems": 1,
            "maxItems": MAX_HANDLES,
            "items": {"type": "string"},
        },
        "prefix": {"type": "string", "description": "Just this one, not those derived from it."},
        "filter": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "begins": {
                    "type": "string",
                    "description": "What the suffix begins with: without the prefix.",
                },
                "state": {"enum": list(STATES)},
                "changed_since": _INSTANT,
                "changed_before": _INSTANT,
            },
        },
    },
}
_EXAMPLE_ID: Final = "8b0e5a1c-2d3f-8a6b-9c7d-1e2f3a4b5c6d"
_EXAMPLE: Final[dict[str, Any]] = {
    "id": _EXAMPLE_ID,
    "state": "running",
    "action": "suspend",
    "total": 5000,
    "rows": 1500,
    "changed": 1499,
    "unchanged": 0,
    "rejected": 1,
    "created_at": "2026-01-05T08:30:00Z",
    "finished_at": None,
    "results": f"{JOBS}/{_EXAMPLE_ID}/results",
    "reason": "质量核查",
    "reached": "88.300.1/COAL-2026-1500",
    "prefix": "88.300.1",
}
_EXAMPLE_WANTED: Final = {
    "action": "suspend",
    "reason": "质量核查",
    "prefix": "88.300.1",
    "filter": {"begins": "COAL-2026-", "state": "active"},
}
_ONE: Final = Parameter(
    name="id",
    place="path",
    required=True,
    schema={"type": "string", "format": "uuid"},
    example=_EXAMPLE_ID,
    description="The job.",
)
_TAG: Final = "Bulk changes of state"


def jobs_noun(jobs: Jobs) -> Noun:
    """Return what makes the operations on jobs."""

    def operations(reception: Reception) -> tuple[Operation, ...]:
        return _operations(StateJobs(jobs, reception))

    return operations


def _operations(handlers: StateJobs) -> tuple[Operation, ...]:
    """Return the operations on jobs."""
    shown = {JSON: (_JOB, _EXAMPLE)}
    return (
        Operation(
            method="POST",
            path=JOBS,
            id="openJob",
            tag=_TAG,
            summary="Suspend, activate, revoke or delete many identifiers",
            description="Takes a job that goes on by itself, also when the node is restarted "
            "meanwhile: each identifier is dealt with once. Each is judged as a request of its own "
            "would be. An enterprise's jobs are done one after the other.",
            handler=handlers.open,
            parameters=(ONCE, LANGUAGE),
            body=Body(
                description="What to do, and to which.", content={JSON: (_WANTED, _EXAMPLE_WANTED)}
            ),
            results={
                202: Result(
                    description="Taken.", content=shown, headers={"Location": "Where it is told."}
                )
            },
            problems=(
                *(NOT_YOURS, PREFIX_DISABLED, *PERMISSION, TOO_MANY_OPEN, KEY_REUSED, KEY_SYNTAX),
                *(PARAMETER, MALFORMED, SLOW, TOO_LARGE, MEDIA_TYPE_UNKNOWN, CONTENT_ENCODING),
                INVALID,
            ),
            writes=True,
        ),
        Operation(
            method="GET",
            path=JOBS,
            id="listJobs",
            tag=_TAG,
            summary="List jobs",
            description="The enterprise's jobs, newest first.",
            handler=handlers.list,
            parameters=(AFTER, LIMIT, LANGUAGE),
            results={
                200: Result(
                    description="A page.",
                    content={
                        JSON: (
                            {
                                "type": "object",
                                "required": ["items"],
                                "additionalProperties": False,
                                "properties": {
                                    "items": {"type": "array", "items": _JOB},
                                    "next": {"type": "string"},
                                },
                            },
                            {"items": [_EXAMPLE]},
                        )
                    },
                )
            },
            problems=(*PERMISSION, PARAMETER),
        ),
        Operation(
            method="GET",
            path=JOBS + "/{id}",
            id="getJob",
            tag=_TAG,
            summary="See how far a job is",
            description="As far as it is committed.",
            handler=handlers.read,
            parameters=(_ONE, LANGUAGE),
            results={200: Result(description="The job.", content=shown)},
            problems=(NO_JOB, *PERMISSION, PARAMETER),
        ),
        Operation(
            method="DELETE",
            path=JOBS + "/{id}",
            id="cancelJob",
            tag=_TAG,
            summary="Call a job off",
            description="What is done stays so; the rest is left as it is.",
            handler=handlers.cancel,
            parameters=(_ONE, LANGUAGE),
            results={200: Result(description="Called off.", content=shown)},
            problems=(NO_JOB, JOB_ENDED, *PERMISSION, PARAMETER),
            writes=True,
        ),
        Operation(
            method="GET",
            path=JOBS + "/{id}/results",
            id="getJobResults",
            tag=_TAG,
            summary="See what became of the identifiers",
            description="A line for each that was rejected, or with `all=1` for every one, in the "
            "order in which they were dealt with.",
            handler=handlers.results,
            parameters=(_ONE, ALL, LANGUAGE),
            results={
                200: Result(
                    description="Newline-delimited: row, handle, status, version or problem.",
                    content={
                        NDJSON: (
                            {"type": "string"},
                            '{"row":1,"handle":"88.300.1/A","status":"changed","version":2}\n',
                        )
                    },
                )
            },
            problems=(NO_JOB, *PERMISSION, PARAMETER),
        ),
    )
