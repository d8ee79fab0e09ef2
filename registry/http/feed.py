"""The change feed of an enterprise, and how far its consumers are."""

import re
from typing import Any, Final

from aiohttp import web

from edge.bodies import read_body
from edge.problems import (
    CONTENT_ENCODING,
    INVALID,
    MALFORMED,
    MEDIA_TYPE_UNKNOWN,
    SLOW,
    TOO_LARGE,
    Refusal,
)
from edge.server import lift_time_limit
from identifiers.access import Action
from identifiers.faults import Faults, Invalid
from identifiers.feeds import BEGINNING, CONSUMER, LoggedChange, Place
from identifiers.wire.jsonform import instant
from identifiers.wire.jsonload import load
from identifiers.wire.members import members_of
from registry.business.feed import Feed, Follower
from registry.http import examples, requests
from registry.http.app import Noun
from registry.http.cursors import read_cursor, write_cursor
from registry.http.operations import Body, Json, Operation, Parameter, Result
from registry.http.parameters import AFTER, LANGUAGE, LIMIT
from registry.http.permission import PERMISSION, permit
from registry.http.problems import PARAMETER
from registry.http.reception import Reception
from registry.http.replies import JSON, json_reply
from registry.service import PAGE_LIMIT

FEED: Final = "/api/v1/feed"
MAX_WAIT: Final = 25
_PARAMETERS: Final = frozenset({"after", "limit", "consumer", "wait", "latest"})
_NONE: Final[frozenset[str]] = frozenset()
_DEFAULT_PAGE: Final = 100
_BODY_LIMIT: Final = 8192
_FORM: Final = re.compile(r"[0-9]{1,19}\.[0-9]{1,18}", re.ASCII)


def feed_noun(feed: Feed) -> Noun:
    """Return what makes the operations on the feed."""

    def operations(reception: Reception) -> tuple[Operation, ...]:
        return feed_operations(Feeds(feed, reception))

    return operations


class Feeds:
    """The handlers below ``/api/v1/feed``."""

    def __init__(self, feed: Feed, reception: Reception) -> None:
        self._feed = feed
        self._reception = reception

    async def read(self, request: web.Request) -> web.Response:
        """GET: what changed, past a place."""
        parameters = requests.query(request, _PARAMETERS)
        limit = requests.number(parameters, "limit", _DEFAULT_PAGE, PAGE_LIMIT)
        wait = requests.number(parameters, "wait", 0, MAX_WAIT)
        latest = requests.flag(parameters, "latest")
        consumer = _consumer(parameters)
        after = _place(parameters)
        caller = await self._reception.caller(request)
        permit(caller, Action.FEED_READ, caller.enterprise)
        if latest:
            end = await self._feed.end()
            return json_reply({"items": [], "next": _cursor(end), "more": False}).response()
        if after is None and consumer is not None:
            after = await self._feed.begin(caller.enterprise, consumer)
        if wait:
            lift_time_limit(request)
        follower = Follower.of(caller.principal)
        news = await self._feed.read(follower, after or BEGINNING, limit, wait)
        document = {
            "items": [change_document(change) for change in news.changes],
            "next": _cursor(news.place),
            "more": news.more,
        }
        return json_reply(document).response()

    async def acknowledge(self, request: web.Request) -> web.Response:
        """POST: a consumer has read so far."""
        requests.query(request, _NONE)
        caller = await self._reception.caller(request)
        permit(caller, Action.FEED_READ, caller.enterprise)
        requests.needs_media_type(request, JSON)
        consumer, place = read_acknowledgement(await read_body(request, _BODY_LIMIT))
        kept = await self._feed.acknowledge(caller.enterprise, consumer, place, caller.at)
        return json_reply({"consumer": consumer, "cursor": _cursor(kept)}).response()


def read_acknowledgement(body: bytes) -> tuple[str, Place]:
    """Read ``{"consumer", "cursor"}``. Raises `Invalid` with every fault."""
    faults = Faults()
    members = members_of(load(body), "", faults, ("consumer", "cursor"))
    if members is None:
        raise Invalid(faults)
    consumer, cursor = members.text("consumer"), members.text("cursor")
    if isinstance(members.get("consumer"), str) and CONSUMER.fullmatch(consumer) is None:
        members.note("consumer", "feed.consumer")
    place = None
    if isinstance(members.get("cursor"), str):
        try:
            place = _place({"after": cursor})
        except Refusal:
            members.note("cursor", "cursor")
    if faults or place is None:
        raise Invalid(faults)
    return consumer, place


def change_document(change: LoggedChange) -> Json:
    """Return one change as a feed tells it."""
    return {
        "change": str(change.change),
        "handle": change.key,
        "version": change.version,
        "kind": change.kind.name.lower(),
        "at": instant(change.at // 1000),
    }


def _cursor(place: Place) -> str:
    return write_cursor(str(place))


def _place(parameters: dict[str, str]) -> Place | None:
    found = read_cursor(parameters, _FORM)
    if found is None:
        return None
    place = Place.parse(found[0])
    if place is None:
        raise requests.bad_parameter("after", "cursor")
    return place


def _consumer(parameters: dict[str, str]) -> str | None:
    name = parameters.get("consumer")
    if name is not None and CONSUMER.fullmatch(name) is None:
        raise requests.bad_parameter("consumer", "feed.consumer")
    return name


_CHANGE: Final[Json] = {
    "type": "object",
    "required": ["change", "handle", "version", "kind", "at"],
    "additionalProperties": False,
    "properties": {
        "change": {"type": "string", "format": "uuid"},
        "handle": {"type": "string", "description": "In canonical form."},
        "version": {"type": "integer", "minimum": 1},
        "kind": {"enum": ["created", "updated", "deleted", "state"]},
        "at": {"type": "string", "format": "date-time"},
    },
}
_NEWS: Final[Json] = {
    "type": "object",
    "required": ["items", "next", "more"],
    "additionalProperties": False,
    "properties": {
        "items": {"type": "array", "items": _CHANGE},
        "next": {"type": "string", "description": "What `after` is next time, always."},
        "more": {"type": "boolean", "description": "There may be more at once."},
    },
}
_EXAMPLE: Final[dict[str, Any]] = {
    "items": [
        {
            "change": examples.CHANGE,
            "handle": examples.HANDLE,
            "version": 2,
            "kind": "updated",
            "at": "2026-01-05T08:30:00Z",
        }
    ],
    "next": "NzQxLjEy",
    "more": False,
}
_CONSUMER: Final[Json] = {"type": "string", "pattern": f"^{CONSUMER.pattern}$"}
_ACK: Final[Json] = {
    "type": "object",
    "required": ["consumer", "cursor"],
    "additionalProperties": False,
    "properties": {"consumer": _CONSUMER, "cursor": {"type": "string"}},
}
_ACK_EXAMPLE: Final = {"consumer": "erp", "cursor": "NzQxLjEy"}


def feed_operations(handlers: Feeds) -> tuple[Operation, ...]:
    """Return the operations on the feed."""
    return (
        Operation(
            method="GET",
            path=FEED,
            id="readFeed",
            tag="Change feed",
            summary="Follow what changes",
            description="Changes of identifiers under the enterprise's prefixes, in the order in "
            "which they were committed: none is missing and none comes twice, whoever reads from "
            "cursor to cursor. Without `after` it goes on behind what `consumer` has "
            "acknowledged, or begins at the beginning.",
            handler=handlers.read,
            parameters=(
                AFTER,
                LIMIT,
                Parameter(
                    name="consumer",
                    place="query",
                    schema=_CONSUMER,
                    description="Go on behind what this consumer has acknowledged.",
                ),
                Parameter(
                    name="wait",
                    place="query",
                    schema={"type": "integer", "minimum": 1, "maximum": MAX_WAIT},
                    description="How many seconds to wait when there is nothing new.",
                ),
                Parameter(
                    name="latest",
                    place="query",
                    schema={"enum": ["0", "1", "true", "false"], "default": "0"},
                    description="Only tell the cursor of now, to begin there.",
                ),
                LANGUAGE,
            ),
            results={200: Result(description="Changes.", content={JSON: (_NEWS, _EXAMPLE)})},
            problems=(*PERMISSION, PARAMETER),
        ),
        Operation(
            method="POST",
            path=f"{FEED}/ack",
            id="acknowledgeFeed",
            tag="Change feed",
            summary="Say how far a consumer has read",
            description="Kept for the consumer, forwards only. Safe to repeat.",
            handler=handlers.acknowledge,
            parameters=(LANGUAGE,),
            body=Body(description="Who, and how far.", content={JSON: (_ACK, _ACK_EXAMPLE)}),
            results={
                200: Result(description="How far it is.", content={JSON: (_ACK, _ACK_EXAMPLE)})
            },
            problems=(
                *(*PERMISSION, PARAMETER, MALFORMED, SLOW, TOO_LARGE, MEDIA_TYPE_UNKNOWN),
                *(CONTENT_ENCODING, INVALID),
            ),
            writes=True,
        ),
    )
