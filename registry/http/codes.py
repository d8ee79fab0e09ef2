"""Code rules over HTTP, and the codes that they give."""

import re
from collections.abc import Callable, Sequence
from typing import Any, Final, assert_never

import msgspec
from aiohttp import web

from edge.problems import (
    MISSING_SCOPE,
    NOT_YOURS,
    PREFIX_DISABLED,
    UNAVAILABLE,
    Problem,
    Refusal,
    of_faults,
)
from identifiers.access import Action
from identifiers.coding import MAX_RULE, StoredRule
from identifiers.faults import Faults, Invalid
from identifiers.names import Handle, Prefix
from identifiers.principals import Allowed, Scope
from identifiers.wire.jsonload import load
from identifiers.wire.members import members_of
from registry.answers import Denied, Faulty
from registry.business.asking import By
from registry.business.codes import (
    MOST_CODES,
    Codes,
    CodeStore,
    Exhausted,
    Given,
    Giving,
    NoRule,
    Wanted,
)
from registry.commands import Asked
from registry.http import requests
from registry.http.business import missing
from registry.http.cursors import read_cursor, write_cursor
from registry.http.identifiers import DEFAULT_PAGE
from registry.http.lists import received
from registry.http.operations import Body, Json, Operation, Parameter, Result
from registry.http.parameters import AFTER, LANGUAGE, LIMIT, ONCE_DONE
from registry.http.permission import PERMISSION
from registry.http.permission import permit as permit_action
from registry.http.problems import (
    CODES_EXHAUSTED,
    KEY_REUSED,
    KEY_SYNTAX,
    NO_SUCH,
    PARAMETER,
    problem_of_answer,
)
from registry.http.reception import Caller, Reception
from registry.http.repeats import Repeats
from registry.http.replies import JSON, Reply, json_reply
from registry.http.tokens import BODY
from registry.prefixes import Prefixes, permit
from registry.service import PAGE_LIMIT

CODES: Final = "/api/v1/codes"
RULES: Final = "/api/v1/code-rules"
LIST_PARAMETERS: Final = frozenset({"prefix", "after", "limit"})
_PLACE: Final = re.compile(r"([0-9A-Za-z.-]{1,255})/([0-9A-Za-z_.-]{1,64})")


class CodeRoutes:
    """The handlers. Rules stand under allotted prefixes, and are whosever those are."""

    def __init__(
        self, codes: Codes, store: CodeStore, prefixes: Prefixes, reception: Reception
    ) -> None:
        self._codes = codes
        self._store = store
        self._prefixes = prefixes
        self._reception = reception
        self._repeats = Repeats(reception)

    async def keep(self, request: web.Request) -> web.Response:
        """PUT of a rule."""
        caller, body = await received(self._reception, request)
        document = load(body)
        prefix = _prefix(request.match_info["prefix"])
        await self._permit(caller, Action.TEMPLATE_WRITE, prefix)
        name = request.match_info["name"]
        kept = await self._codes.keep(prefix, name, document, _by(caller))
        if isinstance(kept, Faulty):
            raise Refusal(of_faults(kept.faults))
        return json_reply(kept).response()

    async def page(self, request: web.Request) -> web.Response:
        """GET: the rules of an enterprise, some at a time."""
        parameters = requests.query(request, LIST_PARAMETERS)
        limit = requests.number(parameters, "limit", DEFAULT_PAGE, PAGE_LIMIT)
        place = read_cursor(parameters, _PLACE)
        caller = await self._reception.caller(request)
        permit_action(caller, Action.TEMPLATE_READ, caller.enterprise)
        below = _prefix(parameters["prefix"]) if "prefix" in parameters else None
        directory = await self._prefixes.picture()
        prefixes = [
            str(entry.prefix)
            for entry in directory.entries
            if caller.enterprise in {None, entry.enterprise} and below in {None, entry.prefix}
        ]
        after = ("", "") if place is None else (place[1], place[2])
        found = await self._store.rules(prefixes, after, limit)
        document: dict[str, Any] = {"items": found}
        if len(found) == limit:
            document["next"] = write_cursor(f"{found[-1].prefix}/{found[-1].name}")
        return json_reply(document).response()

    async def give(self, request: web.Request) -> web.Response:
        """POST: names that nobody else gets."""
        caller, body = await received(self._reception, request)
        faults = Faults()
        members = members_of(load(body), "", faults, ("prefix", "rule", "count"))
        if members is None:
            raise Invalid(faults)
        text, rule = members.text("prefix"), members.text("rule")
        count = members.integer("count", 1, MOST_CODES, 1)
        try:
            prefix = Prefix.parse(text)
        except Invalid as invalid:
            if text:
                faults.extend(fault.below("/prefix") for fault in invalid.faults)
            raise Invalid(faults) from None
        if faults:
            raise Invalid(faults)
        asked: Asked[None] = self._reception.asked(caller)
        handle = Handle(f"{prefix}/", str(prefix), "")
        allowed = permit(await self._prefixes.picture(), asked, Scope.WRITE, handle)
        if not isinstance(allowed.verdict, Allowed):
            raise Refusal(problem_of_answer(Denied(allowed.verdict)))
        wanted = Wanted(prefix=prefix, rule=rule, count=count, fold=allowed.fold_suffix)

        async def give(asked: Asked[Any]) -> Giving:
            return await self._codes.give(wanted, _by(caller), asked.once)

        return await self._repeats.once(request, body, caller, give, _given)

    async def _permit(self, caller: Caller, action: Action, prefix: Prefix) -> None:
        entry = (await self._prefixes.picture()).exact(str(prefix))
        if entry is None:
            raise missing(caller, action)
        permit_action(caller, action, entry.enterprise or None, under=entry.prefix)


def _prefix(text: str) -> Prefix:
    try:
        return Prefix.parse(text)
    except Invalid as invalid:
        fault = invalid.faults[0]
        raise requests.bad_parameter("prefix", fault.code, **fault.params) from None


def _given(answer: Giving) -> Reply:
    match answer:
        case Given():
            return json_reply(answer)
        case NoRule():
            raise Refusal(Problem(kind=NO_SUCH))
        case Exhausted():
            raise Refusal(Problem(kind=CODES_EXHAUSTED))
        case _:
            assert_never(answer)


def _by(caller: Caller) -> By:
    return By(actor=caller.name, at=caller.at, request_id=caller.told.request_id)


_STRING: Final[Json] = {"type": "string"}
_TEXT: Final[Json] = {
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_RULE,
    "description": "Text with parts in braces: {yyyy} {yy} {MM} {dd} {HH} (the time in Beijing), "
    "{seq:6} (a number, six digits at least), {random:8} (eight characters), {check} (a character "
    "over what stands before it, ISO/IEC 7064 MOD 37-36).",
}
_RULE_MEMBERS: Final[Json] = {
    "rule": _TEXT,
    "template": {"type": "string", "description": "The template that goes with the codes."},
    "enabled": {"type": "boolean", "default": True},
}
_RULE: Final[Json] = {
    "type": "object",
    "required": ["prefix", "name", "rule", "template", "enabled"],
    "additionalProperties": False,
    "properties": {"prefix": _STRING, "name": _STRING, **_RULE_MEMBERS},
}
_NEW: Final[Json] = {
    "type": "object",
    "required": ["rule"],
    "additionalProperties": False,
    "properties": _RULE_MEMBERS,
}
_ASKED: Final[Json] = {
    "type": "object",
    "required": ["prefix", "rule"],
    "additionalProperties": False,
    "properties": {
        "prefix": _STRING,
        "rule": {"type": "string", "description": "The rule's name."},
        "count": {"type": "integer", "minimum": 1, "maximum": MOST_CODES, "default": 1},
    },
}
_GIVEN: Final[Json] = {
    "type": "object",
    "required": ["handles", "template"],
    "additionalProperties": False,
    "properties": {"handles": {"type": "array", "items": _STRING}, "template": _STRING},
}
_PAGE: Final[Json] = {
    "type": "object",
    "required": ["items"],
    "additionalProperties": False,
    "properties": {"items": {"type": "array", "items": _RULE}, "next": _STRING},
}
_SHOWN: Final = StoredRule(
    prefix="88.300.1", name="coal", rule="COAL-{yyyy}{MM}-{seq:6}{check}", template="coal-batch-1"
)
_EXAMPLE: Final[Json] = msgspec.structs.asdict(_SHOWN)
_PATH: Final = (
    Parameter(
        name="prefix",
        place="path",
        required=True,
        schema=_STRING,
        example="88.300.1",
        description="The prefix that the rule stands under.",
    ),
    Parameter(
        name="name",
        place="path",
        required=True,
        schema=_STRING,
        example="coal",
        description="The rule's name.",
    ),
    LANGUAGE,
)
_BELOW: Final = Parameter(
    name="prefix", place="query", schema=_STRING, description="Only rules of this prefix."
)


def codes_noun(
    codes: Codes, store: CodeStore, prefixes: Prefixes
) -> Callable[[Reception], Sequence[Operation]]:
    """Return what makes the operations on codes."""

    def operations(reception: Reception) -> Sequence[Operation]:
        return code_operations(CodeRoutes(codes, store, prefixes, reception))

    return operations


def code_operations(routes: CodeRoutes) -> Sequence[Operation]:
    """Return the operations on codes."""
    handles = {"handles": ["88.300.1/COAL-202611-000001Q"], "template": "coal-batch-1"}
    return (
        Operation(
            method="POST",
            path=CODES,
            id="giveCodes",
            tag="Codes",
            summary="Get names for new identifiers",
            description="Gives handles by a rule. Nobody else gets them, and none of them is "
            "registered. They come in no particular order and with gaps; the same request again "
            "gives others, unless it has the same `Idempotency-Key`.",
            handler=routes.give,
            parameters=(ONCE_DONE, LANGUAGE),
            body=Body(
                description="Which, and how many.",
                content={JSON: (_ASKED, {"prefix": "88.300.1", "rule": "coal", "count": 1})},
            ),
            results={200: Result(description="The names.", content={JSON: (_GIVEN, handles)})},
            problems=(
                NOT_YOURS,
                MISSING_SCOPE,
                PREFIX_DISABLED,
                NO_SUCH,
                PARAMETER,
                CODES_EXHAUSTED,
                KEY_REUSED,
                KEY_SYNTAX,
                UNAVAILABLE,
                *BODY,
            ),
            writes=True,
        ),
        Operation(
            method="GET",
            path=RULES,
            id="listCodeRules",
            tag="Codes",
            summary="List code rules",
            description="The rules of the enterprise by name, some at a time.",
            handler=routes.page,
            parameters=(_BELOW, AFTER, LIMIT, LANGUAGE),
            results={
                200: Result(description="A page.", content={JSON: (_PAGE, {"items": [_EXAMPLE]})})
            },
            problems=(*PERMISSION, NO_SUCH, PARAMETER),
        ),
        Operation(
            method="PUT",
            path=RULES + "/{prefix}/{name}",
            id="putCodeRule",
            tag="Codes",
            summary="Write a code rule",
            description="Stores a rule, in place of one of the same name. Numbers go on where the "
            "same text has left them.",
            handler=routes.keep,
            parameters=_PATH,
            body=Body(
                description="The rule.",
                content={JSON: (_NEW, {"rule": _SHOWN.rule, "template": _SHOWN.template})},
            ),
            results={200: Result(description="The rule.", content={JSON: (_RULE, _EXAMPLE)})},
            problems=(*PERMISSION, NO_SUCH, PARAMETER, *BODY),
            writes=True,
        ),
    )
