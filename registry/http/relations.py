"""What an identifier is part of, made from, carried by; and the other way round."""

from typing import Any, Final

from aiohttp import web

from edge.problems import MISSING_SCOPE, NOT_YOURS, PREFIX_DISABLED
from identifiers.relations import BY_WORD, Relation
from registry.answers import Denied, Missing
from registry.business.relations import (
    MAX_DEPTH,
    MAX_NODES,
    Direction,
    Node,
    Relations,
    Route,
    Trace,
)
from registry.commands import Asked
from registry.http import examples, requests
from registry.http.app import Noun
from registry.http.operations import Json, Operation, Parameter, Result
from registry.http.parameters import HANDLE, LANGUAGE
from registry.http.problems import NOT_FOUND, PARAMETER, problem_of_answer
from registry.http.reception import Reception
from registry.http.replies import JSON, json_reply

RELATIONS: Final = "/api/v1/relations"
_PARAMETERS: Final = frozenset({"direction", "depth", "relation", "limit"})


def relations_noun(relations: Relations) -> Noun:
    """Return what makes the operation on relations."""

    def operations(reception: Reception) -> tuple[Operation, ...]:
        return relation_operations(Tracings(relations, reception))

    return operations


class Tracings:
    """The handler of ``/api/v1/relations``."""

    def __init__(self, relations: Relations, reception: Reception) -> None:
        self._relations = relations
        self._reception = reception

    async def read(self, request: web.Request) -> web.Response:
        """GET: follow the relations of an identifier."""
        handle = requests.path_handle(request, RELATIONS)
        parameters = requests.query(request, _PARAMETERS)
        direction = _one_of(parameters, "direction", [one.value for one in Direction], "up")
        word = _one_of(parameters, "relation", list(BY_WORD), "")
        route = Route(
            direction=Direction(direction),
            depth=requests.number(parameters, "depth", 1, MAX_DEPTH),
            relations=(BY_WORD[word],) if word else tuple(Relation),
            limit=requests.number(parameters, "limit", MAX_NODES, MAX_NODES),
        )
        caller = await self._reception.caller(request)
        asked: Asked[None] = self._reception.asked(caller)
        found = await self._relations.trace(handle, route, asked)
        if isinstance(found, Missing | Denied):
            return caller.told.problem(problem_of_answer(found)).response()
        return json_reply(trace_document(found, route)).response()


def _one_of(parameters: dict[str, str], name: str, choices: list[str], default: str) -> str:
    value = parameters.get(name, default)
    if name in parameters and value not in choices:
        raise requests.bad_parameter(name, "one_of", choices=", ".join(choices))
    return value


def trace_document(trace: Trace, route: Route) -> Json:
    """Return what was met, and how it is related."""
    return {
        "handle": trace.nodes[0].name,
        "direction": route.direction.value,
        "depth": route.depth,
        "nodes": [_node(node) for node in trace.nodes[1:]],
        "edges": [
            {"from": edge.source_name, "relation": edge.relation.word, "to": edge.target_name}
            for edge in trace.edges
        ],
        "truncated": trace.cut,
    }


def _node(node: Node) -> Json:
    document: Json = {"handle": node.name, "steps": node.steps}
    if not node.own:
        document["foreign"] = True
    elif node.record is None:
        document["missing"] = True
    else:
        document["handle"] = node.record.name
        document["state"] = node.record.state.name.lower()
    return document


_TRACE: Final[Json] = {
    "type": "object",
    "required": ["handle", "direction", "depth", "nodes", "edges", "truncated"],
    "additionalProperties": False,
    "properties": {
        "handle": {"type": "string"},
        "direction": {"enum": [one.value for one in Direction]},
        "depth": {"type": "integer"},
        "nodes": {
            "type": "array",
            "description": "What was met, nearest first, each once.",
            "items": {
                "type": "object",
                "required": ["handle", "steps"],
                "additionalProperties": False,
                "properties": {
                    "handle": {"type": "string"},
                    "steps": {"type": "integer", "minimum": 1},
                    "state": {"enum": ["active", "reserved", "suspended", "revoked"]},
                    "foreign": {"const": True, "description": "Another's: only the name."},
                    "missing": {"const": True, "description": "Nothing is registered there."},
                },
            },
        },
        "edges": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["from", "relation", "to"],
                "additionalProperties": False,
                "properties": {
                    "from": {"type": "string"},
                    "relation": {"enum": list(BY_WORD)},
                    "to": {"type": "string"},
                },
            },
        },
        "truncated": {"type": "boolean", "description": "There was more than is told at once."},
    },
}
_EXAMPLE: Final[dict[str, Any]] = {
    "handle": examples.HANDLE,
    "direction": "up",
    "depth": 2,
    "nodes": [
        {"handle": "88.300.1/FACE-1203", "steps": 1, "state": "active"},
        {"handle": "88.300.10/WAGON-C70-1", "steps": 1, "foreign": True},
    ],
    "edges": [
        {"from": examples.HANDLE, "relation": "made_from", "to": "88.300.1/FACE-1203"},
        {"from": examples.HANDLE, "relation": "carried_by", "to": "88.300.10/WAGON-C70-1"},
    ],
    "truncated": False,
}


def relation_operations(handlers: Tracings) -> tuple[Operation, ...]:
    """Return the operation on relations."""
    return (
        Operation(
            method="GET",
            path=RELATIONS + "/{handle}",
            route=RELATIONS + r"/{handle:[\s\S]+}",
            id="getRelations",
            tag="Relations",
            summary="Trace what an identifier is related to",
            description="Relations are values of the types `REL.PART_OF` (组成), `REL.MADE_FROM` "
            "(来源) and `REL.CARRIED_BY` (承载) whose data is a handle. `up` follows them to "
            "wholes, origins and carriers, `down` to parts, products and loads. Identifiers of "
            "others are told by name and not followed further. A change is seen here within two "
            "seconds, beside bulk work later.",
            handler=handlers.read,
            parameters=(
                HANDLE,
                Parameter(
                    name="direction",
                    place="query",
                    schema={"enum": [one.value for one in Direction], "default": "up"},
                    description="Which way.",
                ),
                Parameter(
                    name="depth",
                    place="query",
                    schema={"type": "integer", "minimum": 1, "maximum": MAX_DEPTH, "default": 1},
                    description="How many steps.",
                ),
                Parameter(
                    name="relation",
                    place="query",
                    schema={"enum": list(BY_WORD)},
                    description="Just this one; without it, all.",
                ),
                Parameter(
                    name="limit",
                    place="query",
                    schema={
                        "type": "integer",
                        "minimum": 1,
                        "maximum": MAX_NODES,
                        "default": MAX_NODES,
                    },
                    description="How many identifiers at most; `truncated` says if there are more.",
                ),
                LANGUAGE,
            ),
            results={200: Result(description="The trace.", content={JSON: (_TRACE, _EXAMPLE)})},
            problems=(NOT_YOURS, MISSING_SCOPE, PREFIX_DISABLED, NOT_FOUND, PARAMETER),
        ),
    )
