"""The operations on templates, as they are served and described."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from identifiers.metadata.forms import Form
from identifiers.metadata.items import FIRST_INDEX, MAX_CHOICES, MAX_LENGTH
from identifiers.metadata.templates import MAX_DESCRIPTION, MAX_ITEMS, MAX_TITLE, Stage
from identifiers.metadata.types import DataType
from identifiers.values import MAX_INDEX
from registry.business.templates import Templates, TemplateStore
from registry.http.operations import Body, Json, Operation, Parameter, Result
from registry.http.parameters import AFTER, LANGUAGE, LIMIT
from registry.http.permission import PERMISSION
from registry.http.problems import NO_SUCH, PARAMETER, TEMPLATE_STAGE, TEMPLATE_TAKEN
from registry.http.reception import Reception
from registry.http.replies import JSON
from registry.http.templates import MOST_REVISIONS, PATH, TemplateRoutes
from registry.http.tokens import BODY
from registry.prefixes import Prefixes

TAG: Final = "Templates"
_STRING: Final[Json] = {"type": "string"}
_CODE: Final[Json] = {"type": "string", "minLength": 1}
_ITEM: Final[Json] = {
    "type": "object",
    "required": ["name", "title"],
    "additionalProperties": False,
    "properties": {
        "index": {
            "type": "integer",
            "minimum": FIRST_INDEX,
            "maximum": MAX_INDEX,
            "description": "The value's index; without it the next free one.",
        },
        "name": {
            "type": "string",
            "pattern": "^[A-Za-z][A-Za-z0-9_.-]{0,127}$",
            "description": "The value's type, and the attribute's name.",
        },
        "title": {"type": "string", "minLength": 1, "description": "The Chinese name."},
        "title_en": _STRING,
        "type": {"enum": [kind.value for kind in DataType], "default": "string"},
        "unit": _STRING,
        "required": {"type": "boolean", "default": False},
        "unique": {
            "type": "boolean",
            "default": False,
            "description": "No two identifiers under one prefix have the same.",
        },
        "pattern": {"type": "string", "description": "A regular expression for the whole text."},
        "check": {
            "enum": [form.value for form in Form],
            "description": "What a text is checked as: its form, and its check character.",
        },
        "min_length": {"type": "integer", "minimum": 0, "maximum": MAX_LENGTH},
        "max_length": {"type": "integer", "minimum": 1, "maximum": MAX_LENGTH},
        "low": {"type": "string", "description": "The lowest value, itself allowed."},
        "high": {"type": "string", "description": "The highest value, itself allowed."},
        "choices": {"type": "array", "items": _STRING, "maxItems": MAX_CHOICES},
        "enabled": {
            "type": "boolean",
            "default": True,
            "description": "Without it no new values are taken; those that are there stay.",
        },
    },
}
_ITEMS: Final[Json] = {"type": "array", "items": _ITEM, "minItems": 1, "maxItems": MAX_ITEMS}
_MEMBERS: Final[Json] = {
    "prefix": {"type": "string", "description": "An allotted prefix: whose it is, it is too."},
    "version": {"type": "string", "description": "Its name under the prefix; never changed."},
    "title": {"type": "string", "minLength": 1, "maxLength": MAX_TITLE},
    "title_en": {"type": "string", "maxLength": MAX_TITLE},
    "industry": {
        "type": "object",
        "required": ["category", "division", "group", "class"],
        "additionalProperties": False,
        "description": "The class of GB/T 4754 with all that is above it.",
        "properties": {"category": _CODE, "division": _CODE, "group": _CODE, "class": _CODE},
    },
    "carrier": {"enum": [1, 2], "description": "1: connects by itself (主动标识载体), 2: other."},
    "description": {"type": "string", "maxLength": MAX_DESCRIPTION},
    "items": _ITEMS,
}
_NEW: Final[Json] = {
    "type": "object",
    "required": ["prefix", "version", "title", "industry", "items"],
    "additionalProperties": False,
    "properties": _MEMBERS,
}
_TEMPLATE: Final[Json] = {
    "type": "object",
    "required": [*_MEMBERS, "revision", "stage"],
    "additionalProperties": False,
    "properties": {
        **_MEMBERS,
        "revision": {"type": "integer", "minimum": 1},
        "stage": {"enum": [stage.value for stage in Stage]},
    },
}
_PAGE: Final[Json] = {
    "type": "object",
    "required": ["items"],
    "additionalProperties": False,
    "properties": {"items": {"type": "array", "items": _TEMPLATE}, "next": _STRING},
}
_REVISION: Final[Json] = {
    "type": "object",
    "required": ["items"],
    "additionalProperties": False,
    "properties": {"items": _ITEMS},
}
_DEMAND: Final[Json] = {
    "type": "object",
    "required": ["required"],
    "additionalProperties": False,
    "properties": {"required": {"type": "boolean"}},
}
_DEMANDED: Final[Json] = {
    "type": "object",
    "required": ["prefix", "required"],
    "additionalProperties": False,
    "properties": {"prefix": _STRING, "required": {"type": "boolean"}},
}
_WRITTEN: Final[dict[str, Any]] = {
    "prefix": "88.300.1",
    "version": "lump-coal-1",
    "title": "块煤",
    "title_en": "Lump coal",
    "industry": {"category": "B", "division": "06", "group": "061", "class": "0610"},
    "carrier": 2,
    "description": "",
    "items": [
        {
            "index": 2000,
            "name": "BATCH_NO",
            "title": "批次号",
            "type": "string",
            "required": True,
            "unique": True,
        },
        {
            "index": 2001,
            "name": "ASH",
            "title": "灰分",
            "type": "number",
            "unit": "%",
            "low": "0",
            "high": "100",
        },
    ],
}
_SHOWN: Final = {**_WRITTEN, "revision": 1, "stage": "draft"}
_PREFIX: Final = Parameter(
    name="prefix",
    place="path",
    required=True,
    schema=_STRING,
    example="88.300.1",
    description="The prefix that the template stands under.",
)
_VERSION: Final = Parameter(
    name="version",
    place="path",
    required=True,
    schema=_STRING,
    example="lump-coal-1",
    description="The template's version.",
)
_AT: Final = Parameter(
    name="revision",
    place="query",
    schema={"type": "integer", "minimum": 1, "maximum": MOST_REVISIONS},
    description="This one instead of the newest.",
)
_BELOW: Final = Parameter(
    name="prefix",
    place="query",
    schema=_STRING,
    description="Only templates that identifiers under this prefix may have.",
)
_STAGE: Final = Parameter(
    name="stage",
    place="query",
    schema={"enum": [stage.value for stage in Stage]},
    description="Only templates at this stage.",
)
_ONE: Final = {200: Result(description="The template.", content={JSON: (_TEMPLATE, _SHOWN)})}
_PROBLEMS: Final = (*PERMISSION, NO_SUCH, PARAMETER)


def templates_noun(
    templates: Templates, store: TemplateStore, prefixes: Prefixes
) -> Callable[[Reception], Sequence[Operation]]:
    """Return what makes the operations on templates."""

    def operations(reception: Reception) -> Sequence[Operation]:
        return template_operations(TemplateRoutes(templates, store, prefixes, reception))

    return operations


def template_operations(routes: TemplateRoutes) -> Sequence[Operation]:
    """Return the operations on templates."""
    return (*_collection(routes), *_single(routes), *_steps(routes))


def _collection(routes: TemplateRoutes) -> Sequence[Operation]:
    return (
        Operation(
            method="POST",
            path=PATH,
            id="createTemplate",
            tag=TAG,
            summary="Write a template",
            description="Writes a draft, also in place of one of the same version that is a draft "
            "still. Nothing is registered with it before it is published.",
            handler=routes.create,
            parameters=(LANGUAGE,),
            body=Body(description="The template.", content={JSON: (_NEW, _WRITTEN)}),
            results=_ONE,
            problems=(*_PROBLEMS, *BODY, TEMPLATE_TAKEN),
            writes=True,
        ),
        Operation(
            method="GET",
            path=PATH,
            id="listTemplates",
            tag=TAG,
            summary="List templates",
            description="Those of the enterprise and the node's own, which everybody may use, by "
            "name, some at a time. Pages may be shorter than asked for; `next` says if there is "
            "more.",
            handler=routes.page,
            parameters=(_BELOW, _STAGE, AFTER, LIMIT, LANGUAGE),
            results={
                200: Result(description="A page.", content={JSON: (_PAGE, {"items": [_SHOWN]})})
            },
            problems=_PROBLEMS,
        ),
        Operation(
            method="PUT",
            path=PATH + "/{prefix}",
            id="requireTemplate",
            tag=TAG,
            summary="Say whether a prefix wants templates",
            description="Where it does, nothing is registered under the prefix and below without "
            "a template. What is there stays.",
            handler=routes.demand,
            parameters=(_PREFIX, LANGUAGE),
            body=Body(
                description="Whether it does.", content={JSON: (_DEMAND, {"required": True})}
            ),
            results={
                200: Result(
                    description="It does, or does not.",
                    content={JSON: (_DEMANDED, {"prefix": "88.300.1", "required": True})},
                )
            },
            problems=(*_PROBLEMS, *BODY),
            writes=True,
        ),
    )


def _single(routes: TemplateRoutes) -> Sequence[Operation]:
    one = PATH + "/{prefix}/{version}"
    return (
        Operation(
            method="GET",
            path=one,
            id="getTemplate",
            tag=TAG,
            summary="Read a template",
            description="Reads the newest revision of a template, or another.",
            handler=routes.read,
            parameters=(_PREFIX, _VERSION, _AT, LANGUAGE),
            results=_ONE,
            problems=_PROBLEMS,
        ),
        Operation(
            method="PUT",
            path=one,
            id="replaceTemplate",
            tag=TAG,
            summary="Write a draft anew",
            description="Only drafts are written over: what was published gets revisions.",
            handler=routes.replace,
            parameters=(_PREFIX, _VERSION, LANGUAGE),
            body=Body(description="The template.", content={JSON: (_NEW, _WRITTEN)}),
            results=_ONE,
            problems=(*_PROBLEMS, *BODY, TEMPLATE_TAKEN),
            writes=True,
        ),
        Operation(
            method="PATCH",
            path=one,
            id="reviseTemplate",
            tag=TAG,
            summary="Add entries, change or disable some",
            description="Entries that are not sent stay as they are. None ever goes away, and none "
            "gets another name or type. What is published gets a revision more, in force at once.",
            handler=routes.revise,
            parameters=(_PREFIX, _VERSION, LANGUAGE),
            body=Body(
                description="The entries.",
                content={JSON: (_REVISION, {"items": _WRITTEN["items"]})},
            ),
            results=_ONE,
            problems=(*_PROBLEMS, *BODY, TEMPLATE_STAGE),
            writes=True,
        ),
    )


def _steps(routes: TemplateRoutes) -> Sequence[Operation]:
    one = PATH + "/{prefix}/{version}"
    return (
        Operation(
            method="POST",
            path=one + "/publish",
            id="publishTemplate",
            tag=TAG,
            summary="Put a template in force",
            description="From now on identifiers may be registered with it, and it does not "
            "change but by revisions. One that was withdrawn is in force again.",
            handler=routes.publish,
            parameters=(_PREFIX, _VERSION, LANGUAGE),
            results=_ONE,
            problems=(*_PROBLEMS, TEMPLATE_STAGE),
            writes=True,
        ),
        Operation(
            method="POST",
            path=one + "/withdraw",
            id="withdrawTemplate",
            tag=TAG,
            summary="Withdraw a template",
            description="Nothing new is registered with it. What is there stays, and may change.",
            handler=routes.withdraw,
            parameters=(_PREFIX, _VERSION, LANGUAGE),
            results=_ONE,
            problems=(*_PROBLEMS, TEMPLATE_STAGE),
            writes=True,
        ),
    )
