"""Search over HTTP: the handler of ``/api/v1/search``, and its description."""

import re
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import hdrs, web

from edge.problems import Problem, Refusal
from identifiers.access import Action
from identifiers.faults import Fault, Faults, Invalid
from identifiers.names import Prefix, fold
from identifiers.records import State
from identifiers.reverse import MAX_TESTS, Pattern, Test
from identifiers.search import (
    COUNT_CAP,
    LIVING,
    MAX_WORD,
    MAX_WORDS,
    START,
    Counted,
    Found,
    Place,
    Span,
    Wanted,
)
from identifiers.wire.jsonform import instant, parse_instant
from registry.business.searching import Question, Results, Searching
from registry.http import requests
from registry.http.app import Noun
from registry.http.cursors import read_cursor, write_cursor
from registry.http.identifiers import DEFAULT_PAGE
from registry.http.operations import Json, Operation, Parameter, Result
from registry.http.parameters import LANGUAGE, LIMIT
from registry.http.permission import PERMISSION, permit
from registry.http.problems import PARAMETER
from registry.http.reception import Reception
from registry.http.replies import JSON, json_reply
from registry.service import PAGE_LIMIT

PATH: Final = "/api/v1/search"
_LONGEST: Final = 1024
"""Characters of a parameter."""
_MOST_WILDCARDS: Final = 8
_TIMES: Final = ("changed_since", "changed_until", "created_since", "created_until")
_ONCE: Final = frozenset(
    {"q", "name", "begins", "prefix", "state", "after", "limit", "count", *_TIMES}
)
_FIELD: Final = "field"
_STATES: Final = {state.name.lower(): state for state in State if state in LIVING}
_PLACE: Final = re.compile(r"b([0-9]{1,18})\.([0-9]{1,9})|n(.+)", re.ASCII | re.DOTALL)


def search_noun(searching: Searching) -> Noun:
    """Return what makes the operation of searching."""

    def operations(reception: Reception) -> Sequence[Operation]:
        return (_operation(SearchRoutes(searching, reception)),)

    return operations


class SearchRoutes:
    """The handler."""

    def __init__(self, searching: Searching, reception: Reception) -> None:
        self._searching = searching
        self._reception = reception

    async def search(self, request: web.Request) -> web.Response:
        """GET: identifiers that the caller may see, some at a time."""
        parameters, fields = _parameters(request)
        question = read_question(parameters, fields)
        limit = requests.number(parameters, "limit", DEFAULT_PAGE, PAGE_LIMIT)
        count = requests.flag(parameters, "count")
        begin = _begin(parameters)
        caller = await self._reception.caller(request)
        permit(caller, Action.IDENTIFIER_SEARCH, caller.enterprise)
        results = await self._searching.search(
            question, caller.principal, begin, limit, count=count
        )
        headers = []
        document = _document(results)
        if "next" in document:
            asked = [(k, v) for k, v in request.query.items() if k != "after"]
            query = urlencode([*asked, ("after", document["next"])])
            headers.append((hdrs.LINK, f'<{PATH}?{query}>; rel="next"'))
        return json_reply(document, 200, *headers).response()


def _parameters(request: web.Request) -> tuple[dict[str, str], Sequence[str]]:
    """Return the parameters that stand there once, and the fields. Raises `Refusal`."""
    found: dict[str, str] = {}
    fields: list[str] = []
    faults = Faults()
    for name, value in request.query.items():
        if name == _FIELD:
            fields.append(value)
        elif name not in _ONCE:
            faults.append(Fault("unknown_key", f"/{name}"))
        elif name in found:
            faults.append(Fault("json.duplicate_key", f"/{name}", {"key": name}))
        else:
            found[name] = value
        faults.extend(_text_faults(name, value))
    if faults:
        raise Refusal(Problem(kind=PARAMETER, faults=tuple(faults)))
    return found, fields


def _text_faults(name: str, value: str) -> list[Fault]:
    if "\0" in value:
        return [Fault("nul", f"/{name}")]
    if len(value) > _LONGEST and name != "after":
        return [_too_long(name, len(value), _LONGEST)]
    return []


def _too_long(name: str, size: int, limit: int) -> Fault:
    params: dict[str, str | int] = {"size": size, "unit": "characters", "limit": limit}
    return Fault("too_long", f"/{name}", params)


def read_question(parameters: dict[str, str], fields: Sequence[str]) -> Question:
    """Read what is asked for. Raises `Refusal` with every fault."""
    faults = Faults()
    times = {name: _time(parameters, name, faults) for name in _TIMES}
    wanted = Wanted(
        words=_words(parameters.get("q", ""), faults),
        tests=_tests(fields, faults),
        states=_states(parameters.get("state"), faults),
        changed=_span(times["changed_since"], times["changed_until"]),
        created=_span(times["created_since"], times["created_until"]),
    )
    prefix = _prefix(parameters.get("prefix"), faults)
    if "name" in parameters and "begins" in parameters:
        faults.append(Fault("search.either", "/begins"))
    begins = parameters.get("begins", "")
    if prefix is not None and begins and _apart(str(prefix), begins):
        faults.append(Fault("search.begins", "/begins", {"prefix": str(prefix)}))
    if faults:
        raise Refusal(Problem(kind=PARAMETER, faults=tuple(faults)))
    name = parameters.get("name", "")
    return Question(wanted=wanted, name=name, begins=begins, prefix=prefix)


def _apart(prefix: str, begins: str) -> bool:
    """Say whether no name under a prefix can begin so."""
    begins = fold(begins)
    return not (begins.startswith(prefix) or prefix.startswith(begins))


def _words(text: str, faults: Faults) -> tuple[str, ...]:
    words = tuple(dict.fromkeys(text.split()))
    if len(words) > MAX_WORDS:
        faults.append(Fault("too_many", "/q", {"count": len(words), "limit": MAX_WORDS}))
    longest = max(map(len, words), default=0)
    if longest > MAX_WORD:
        faults.append(_too_long("q", longest, MAX_WORD))
    return words


def _tests(fields: Sequence[str], faults: Faults) -> tuple[Test, ...]:
    if len(fields) > MAX_TESTS:
        faults.append(Fault("too_many", "/field", {"count": len(fields), "limit": MAX_TESTS}))
    tests = []
    for field in fields:
        kind, equals, text = field.partition("=")
        pattern = Pattern.parse(text)
        if not kind or not equals or len(pattern.pieces) - 1 > _MOST_WILDCARDS:
            faults.append(Fault("search.field", "/field", {"wildcards": _MOST_WILDCARDS}))
        tests.append(Test(kind, pattern))
    return tuple(tests)


def _states(text: str | None, faults: Faults) -> frozenset[State]:
    if text is None:
        return LIVING
    names = text.split(",")
    if not set(names) <= set(_STATES):
        faults.append(Fault("one_of", "/state", {"choices": ", ".join(_STATES)}))
        return LIVING
    return frozenset(_STATES[name] for name in names)


def _time(parameters: dict[str, str], name: str, faults: Faults) -> int | None:
    if name not in parameters:
        return None
    try:
        return parse_instant(parameters[name])
    except ValueError:
        faults.append(Fault("value.instant", f"/{name}"))
        return None


def _span(since: int | None, until: int | None) -> Span:
    always = Span()
    return Span(always.since if since is None else since, always.until if until is None else until)


def _prefix(text: str | None, faults: Faults) -> Prefix | None:
    if text is None:
        return None
    try:
        return Prefix.parse(text)
    except Invalid as invalid:
        faults.extend(fault.below("/prefix") for fault in invalid.faults)
        return None


def _begin(parameters: dict[str, str]) -> Place | str:
    place = read_cursor(parameters, _PLACE)
    if place is None:
        return START
    return Place(int(place[1]), int(place[2])) if place[3] is None else str(place[3])


def _document(results: Results) -> dict[str, Any]:
    document: dict[str, Any] = {"items": [_item(found) for found in results.found]}
    match results.more:
        case Place(block, entry):
            document["next"] = write_cursor(f"b{block}.{entry}")
        case str():
            document["next"] = write_cursor(f"n{results.more}")
        case None:
            pass
    if results.count is not None:
        document["count"] = _counted(results.count)
    document["lag_seconds"] = round(results.lag, 1)
    return document


def _counted(count: Counted) -> dict[str, Any]:
    return {"number": count.number, "exact": count.exact}


def _item(found: Found) -> dict[str, Any]:
    document: dict[str, Any] = {
        "handle": found.name,
        "state": found.state.name.lower(),
        "version": found.version,
        "created_at": instant(found.created_at),
        "changed_at": instant(found.changed_at),
    }
    if found.template is not None:
        document["template"] = found.template
    return document


_STRING: Final[Json] = {"type": "string", "maxLength": _LONGEST}
_INSTANT: Final[Json] = {"type": "string", "format": "date-time"}
_ITEM: Final[Json] = {
    "type": "object",
    "required": ["handle", "state", "version", "created_at", "changed_at"],
    "additionalProperties": False,
    "properties": {
        "handle": {"type": "string"},
        "state": {"enum": list(_STATES)},
        "version": {"type": "integer", "minimum": 1},
        "created_at": _INSTANT,
        "changed_at": _INSTANT,
        "template": {"type": "string"},
    },
}
_PAGE: Final[Json] = {
    "type": "object",
    "required": ["items", "lag_seconds"],
    "additionalProperties": False,
    "properties": {
        "items": {"type": "array", "items": _ITEM},
        "next": {"type": "string"},
        "count": {
            "type": "object",
            "required": ["number", "exact"],
            "additionalProperties": False,
            "properties": {
                "number": {"type": "integer", "minimum": 0, "maximum": COUNT_CAP},
                "exact": {
                    "type": "boolean",
                    "description": "false: there are more, or a search does not look further.",
                },
            },
        },
        "lag_seconds": {
            "type": "number",
            "minimum": 0,
            "description": "What changed in the last so many seconds may be missing.",
        },
    },
}
_EXAMPLE: Final = {
    "items": [
        {
            "handle": "88.300.1/COAL-2026-0001",
            "state": "active",
            "version": 1,
            "created_at": "2026-10-16T08:00:00Z",
            "changed_at": "2026-10-16T08:00:00Z",
            "template": "88.300/coal-batch-1@1",
        }
    ],
    "next": "YjE3LjEy",
    "count": {"number": COUNT_CAP, "exact": False},
    "lag_seconds": 0.4,
}
_AFTER: Final = Parameter(
    name="after",
    place="query",
    schema={"type": "string"},
    description="`next` of the page before. Opaque. With other parameters than that page's it is "
    "a place in another list.",
)


def _said(name: str, description: str, example: str, schema: Json = _STRING) -> Parameter:
    return Parameter(
        name=name, place="query", schema=schema, description=description, example=example
    )


_PARAMETERS: Final = (
    _said(
        "q",
        f"Up to {MAX_WORDS} words between white space. Each is part of the name or of a public "
        "text; Chinese words need no spaces and no dictionary. Case of ASCII letters is ignored.",
        "长焰煤",
    ),
    _said("name", "Just this identifier.", "88.300.1/COAL-2026-0001"),
    _said("begins", "Names begin with this text: the prefix too.", "88.300.1/COAL-2026-"),
    Parameter(
        name=_FIELD,
        place="query",
        schema={"type": "array", "items": _STRING, "maxItems": MAX_TESTS},
        example=["PRODUCT=长焰煤洗块煤"],
        description="`<item of a template, or type>=<value>`, where `*` stands for any "
        f"characters, {_MOST_WILDCARDS} times at most. Case matters. Repeated: all must hold.",
    ),
    _said("prefix", "Just this prefix and those derived from it.", "88.300.1"),
    _said(
        "state",
        "One or more states, separated by commas.",
        "suspended,revoked",
        {"type": "string", "pattern": f"^({'|'.join(_STATES)})(,({'|'.join(_STATES)}))*$"},
    ),
    *(
        _said(
            name,
            f"{name.partition('_')[0].capitalize()} "
            f"{'at this instant or later' if name.endswith('since') else 'not later than this'}.",
            "2026-10-16T08:00:00Z",
            _INSTANT,
        )
        for name in _TIMES
    ),
    Parameter(
        name="count",
        place="query",
        schema={"enum": ["0", "1", "true", "false"], "default": "0"},
        description=f"Tell how many there are, as far as {COUNT_CAP:,}.",
    ),
    _AFTER,
    LIMIT,
    LANGUAGE,
)


def _operation(handlers: SearchRoutes) -> Operation:
    return Operation(
        method="GET",
        path=PATH,
        id="searchIdentifiers",
        tag="Search",
        summary="Search for identifiers",
        description="Finds identifiers that the caller may see: an enterprise those under its own "
        "prefixes, the node's people all. Everything that is asked for must hold; what is looked "
        "through is names, states, times, and values that anybody may read. By `name` alone and by "
        "`begins` alone it answers from the identifiers themselves; otherwise from an index that "
        "is `lag_seconds` behind, in the order of changes. A page may be short, or empty, and have "
        "a `next` all the same.",
        handler=handlers.search,
        parameters=_PARAMETERS,
        results={
            200: Result(
                description="A page.",
                content={JSON: (_PAGE, _EXAMPLE)},
                headers={"Link": 'The next page, as `rel="next"`.'},
            )
        },
        problems=(*PERMISSION, PARAMETER),
    )
