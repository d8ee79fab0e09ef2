"""What became of an identifier: its versions, one of them, and the way back to it."""

import re
from typing import Any, Final
from urllib.parse import quote, urlencode

from aiohttp import hdrs, web

from edge.bodies import read_body
from edge.problems import (
    CONTENT_ENCODING,
    INVALID,
    MALFORMED,
    MEDIA_TYPE_UNKNOWN,
    MISSING_SCOPE,
    NOT_YOURS,
    PREFIX_DISABLED,
    SLOW,
    TOO_LARGE,
    Problem,
)
from identifiers.faults import Faults, Invalid
from identifiers.history import Difference, Version, author, differences, following
from identifiers.records import EMPTY_VALUES
from identifiers.values import Value, is_secret
from identifiers.wire.jsonform import instant, value_document
from identifiers.wire.jsonload import load
from identifiers.wire.members import members_of
from registry.answers import Answer, Denied, Missing
from registry.business.history import NEWEST, History, NotKept
from registry.commands import Asked
from registry.http import examples, requests
from registry.http.app import Noun
from registry.http.cursors import read_cursor, write_cursor
from registry.http.operations import Body, Json, Operation, Parameter, Result
from registry.http.parameters import AFTER, HANDLE, IF_MATCH, LANGUAGE, LIMIT, ONCE
from registry.http.problems import (
    KEY_REUSED,
    KEY_SYNTAX,
    LOCKED,
    NOT_FOUND,
    PARAMETER,
    PROTECTED,
    STALE,
    VERSION_NOT_KEPT,
    problem_of_answer,
)
from registry.http.reception import Reception
from registry.http.replies import JSON, Reply, etag, identifier, json_reply, reply_to
from registry.http.schemas import ref
from registry.service import PAGE_LIMIT

HISTORY: Final = "/api/v1/history"
_PARAMETERS: Final = frozenset({"version", "after", "limit"})
_NONE: Final[frozenset[str]] = frozenset()
_DEFAULT_PAGE: Final = 20
_BODY_LIMIT: Final = 4096
_PLACE: Final = re.compile(r"v([1-9][0-9]{0,17})", re.ASCII)
_MOST: Final = 2**63 - 1


def history_noun(history: History) -> Noun:
    """Return what makes the operations on history."""

    def operations(reception: Reception) -> tuple[Operation, ...]:
        return history_operations(Histories(history, reception))

    return operations


class Histories:
    """The handlers below ``/api/v1/history``."""

    def __init__(self, history: History, reception: Reception) -> None:
        self._history = history
        self._reception = reception

    async def read(self, request: web.Request) -> web.Response:
        """GET: the versions of an identifier, newest first, or with ``version=n`` one of them."""
        handle = requests.path_handle(request, HISTORY)
        parameters = requests.query(request, _PARAMETERS)
        caller = await self._reception.caller(request)
        asked: Asked[None] = self._reception.asked(caller)
        if "version" in parameters:
            number = requests.number(parameters, "version", 1, _MOST)
            found = await self._history.version(handle, number, asked)
            if isinstance(found, NotKept):
                return caller.told.problem(Problem(kind=VERSION_NOT_KEPT)).response()
            if isinstance(found, Denied):
                return caller.told.problem(problem_of_answer(found)).response()
            return json_reply(identifier(found), 200, ("ETag", etag(found.version))).response()
        limit = requests.number(parameters, "limit", _DEFAULT_PAGE, PAGE_LIMIT)
        place = read_cursor(parameters, _PLACE)
        below = NEWEST if place is None else int(place[1])
        past = await self._history.page(handle, below, limit, asked)
        if isinstance(past, Missing | Denied):
            return caller.told.problem(problem_of_answer(past)).response()
        pairs = list(following((*past.versions, *([past.before] if past.before else ()))))
        shown = pairs[: len(past.versions)]
        document: Json = {"items": [version_document(new, old) for new, old in shown]}
        headers = []
        if past.more:
            after = write_cursor(f"v{past.versions[-1].record.version}")
            document["next"] = after
            where = f"{HISTORY}/{quote(handle.given, safe='/')}"
            query = urlencode({"limit": limit, "after": after})
            headers.append((hdrs.LINK, f'<{where}?{query}>; rel="next"'))
        return json_reply(document, 200, *headers).response()

    async def restore(self, request: web.Request) -> web.Response:
        """POST: make the values those of an earlier version, as a new version."""
        handle = requests.path_handle(request, HISTORY)
        requests.query(request, _NONE)
        caller = await self._reception.caller(request)
        requests.needs_media_type(request, JSON)
        body = await read_body(request, _BODY_LIMIT)
        number = read_version(body)
        (change,) = changes = self._reception.changes(caller, 1)

        def reply(answer: Answer) -> Reply:
            return reply_to(answer, caller.told, change)

        once = self._reception.once(request, body, caller, reply)
        asked = self._reception.asked(caller, changes, once)
        precondition = requests.precondition(request)
        answer = await self._history.restore(handle, number, precondition, asked)
        if isinstance(answer, NotKept):
            return caller.told.problem(Problem(kind=VERSION_NOT_KEPT)).response()
        return reply(answer).response()


def read_version(body: bytes) -> int:
    """Read ``{"version": n}``. Raises `Invalid` with every fault."""
    faults = Faults()
    members = members_of(load(body), "", faults, ("version",))
    number = 1 if members is None else members.integer("version", 1, _MOST)
    if faults:
        raise Invalid(faults)
    return number


def version_document(version: Version, before: Version | None) -> Json:
    """Return a version with who wrote it and what it changed.

    `before` None: the one before is not kept, and what changed cannot be told, but for the first.
    """
    record, entry = version.record, author(version)
    document: Json = {
        "version": record.version,
        "status": "updated" if version.kind is None else version.kind.name.lower(),
        "state": record.state.name.lower(),
        "at": instant(record.changed_at if version.at is None else version.at // 1000),
        "actor": None if entry is None else entry.actor,
        "action": None if entry is None else entry.action,
        "request": None if entry is None else entry.request,
        "change": None if version.change is None else str(version.change),
    }
    if record.reason:
        document["reason"] = record.reason
    if before is not None or record.version == 1:
        old = EMPTY_VALUES if before is None else before.record.values
        found = differences(old, record.values)
        document["changed"] = [_difference_document(one) for one in found]
        if before is not None and before.record.state is not record.state:
            document["was"] = before.record.state.name.lower()
    return document


def _difference_document(difference: Difference) -> Json:
    return {
        "index": difference.index,
        "old": _value(difference.old),
        "new": _value(difference.new),
    }


def _value(value: Value | None) -> Json | None:
    if value is None:
        return None
    if is_secret(value.type):
        return {"index": value.index, "type": value.type, "secret": True}
    return value_document(value)


_VALUE: Final[Json] = {
    "oneOf": [
        ref("Value"),
        {
            "type": "object",
            "required": ["index", "type", "secret"],
            "properties": {"index": {}, "type": {}, "secret": {"const": True}},
            "additionalProperties": False,
        },
        {"type": "null"},
    ]
}
_TEXT: Final[Json] = {"type": ["string", "null"]}
_ITEM: Final[Json] = {
    "type": "object",
    "required": ["version", "status", "state", "at", "actor", "action", "request", "change"],
    "additionalProperties": False,
    "properties": {
        "version": {"type": "integer", "minimum": 1},
        "status": {"enum": ["created", "updated", "deleted", "state"]},
        "state": {"enum": ["active", "reserved", "suspended", "revoked", "deleted"]},
        "was": {"type": "string", "description": "The state before, where it is another."},
        "reason": {"type": "string"},
        "at": {"type": "string", "format": "date-time"},
        "actor": {**_TEXT, "description": "Who; null when that cannot be told for sure."},
        "action": _TEXT,
        "request": _TEXT,
        "change": _TEXT,
        "changed": {
            "type": "array",
            "description": "Values that differ from the version before, by index. It is left out "
            "where that version is no longer kept.",
            "items": {
                "type": "object",
                "required": ["index", "old", "new"],
                "additionalProperties": False,
                "properties": {"index": {"type": "integer"}, "old": _VALUE, "new": _VALUE},
            },
        },
    },
}
_PAGE: Final[Json] = {
    "type": "object",
    "required": ["items"],
    "additionalProperties": False,
    "properties": {"items": {"type": "array", "items": _ITEM}, "next": {"type": "string"}},
}
_RESTORE: Final[Json] = {
    "type": "object",
    "required": ["version"],
    "additionalProperties": False,
    "properties": {"version": {"type": "integer", "minimum": 1}},
}
_STORED: Final[Json] = {
    "index": 1,
    "type": "URL",
    "data": {"format": "string", "value": "https://coal.example/batches/2026-0001"},
    "ttl": 86400,
    "timestamp": "2026-01-05T08:30:00Z",
}
_EXAMPLE: Final[dict[str, Any]] = {
    "items": [
        {
            "version": 1,
            "status": "created",
            "state": "active",
            "at": "2026-01-05T08:30:00Z",
            "actor": "key:k1",
            "action": "identifier.create",
            "request": "5f0c7a2e",
            "change": examples.CHANGE,
            "changed": [{"index": 1, "old": None, "new": _STORED}],
        }
    ]
}
_VERSION: Final = Parameter(
    name="version",
    place="query",
    schema={"type": "integer", "minimum": 1},
    description="Just this version, as the identifier was.",
)
_RIGHTS: Final = (NOT_YOURS, MISSING_SCOPE, PREFIX_DISABLED)


def history_operations(handlers: Histories) -> tuple[Operation, ...]:
    """Return the operations on history."""
    path, route = HISTORY + "/{handle}", HISTORY + r"/{handle:[\s\S]+}"
    return (
        Operation(
            method="GET",
            path=path,
            route=route,
            id="getHistory",
            tag="History",
            summary="See what became of an identifier",
            description="Its versions, newest first: when, who, and which values changed from what "
            "to what; also of one that was deleted. Versions are kept for 180 days after they were "
            "replaced. Secret keys are shown to nobody.",
            handler=handlers.read,
            parameters=(HANDLE, _VERSION, AFTER, LIMIT, LANGUAGE),
            results={
                200: Result(
                    description="A page of versions, or with `version` the identifier as it was.",
                    content={JSON: ({"oneOf": [_PAGE, ref("Identifier")]}, _EXAMPLE)},
                )
            },
            problems=(*_RIGHTS, NOT_FOUND, VERSION_NOT_KEPT, PARAMETER),
        ),
        Operation(
            method="POST",
            path=path,
            route=route,
            id="restoreVersion",
            tag="History",
            summary="Go back to an earlier version",
            description="Makes the values just those of an earlier version, secret keys too, as a "
            "new version; the state stays. What was deleted is registered again.",
            handler=handlers.restore,
            parameters=(HANDLE, IF_MATCH, ONCE, LANGUAGE),
            body=Body(description="Which version.", content={JSON: (_RESTORE, {"version": 1})}),
            results={
                200: Result(
                    description="Restored, or so already.",
                    content={JSON: (ref("Receipt"), examples.RECEIPT)},
                    headers={"ETag": 'The version, as `"v3"`.'},
                ),
                201: Result(
                    description="Registered again.",
                    content={JSON: (ref("Receipt"), examples.RECEIPT)},
                ),
            },
            problems=(
                *_RIGHTS,
                VERSION_NOT_KEPT,
                STALE,
                PROTECTED,
                LOCKED,
                KEY_REUSED,
                KEY_SYNTAX,
                PARAMETER,
                MALFORMED,
                SLOW,
                TOO_LARGE,
                MEDIA_TYPE_UNKNOWN,
                CONTENT_ENCODING,
                INVALID,
            ),
            writes=True,
        ),
    )
