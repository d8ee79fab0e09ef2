"""The description of the API as OpenAPI 3.1, made of the operations that are served."""

from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import Any, Final

from edge import problems
from edge.problems import Kind
from registry.http.operations import Json, Operation, Parameter, Result
from registry.http.problems import INSECURE, TOO_OFTEN
from registry.http.schemas import SCHEMAS, ref

VERSION: Final = version("idnode")
"""Of the program: what this node says of itself. That of the API stands in its paths."""
TITLE: Final = "idnode registry"
DESCRIPTION: Final = """\
Registers identifiers (标识) of a secondary node and keeps them.

An identifier is a handle, `prefix/suffix`, with typed values. What is registered here resolves over
the Handle protocol (UDP and TCP) and over HTTP within a second.

* **Keys and tokens.** Operations need `Authorization: Bearer <key>`; people log in and send the
  token that they get in the same place. A key belongs to an enterprise and
  reaches the names under its prefixes, compared label by label: `88.300.1` never covers
  `88.300.10`.
* **Safe to repeat.** Send an `Idempotency-Key` with every write that lists it. After a timeout or
  a 503 repeat the request as it was: it has one effect, and gives its first answer.
* **No lost updates.** Answers carry an `ETag`; send it back as `If-Match`.
* **How much** an enterprise may ask for is told by `RateLimit` and `RateLimit-Policy` where it is
  limited (draft-ietf-httpapi-ratelimit-headers-10); over that the answer is 429 with `Retry-After`.
* **Problems** are RFC 9457 documents that name everything that is wrong, in Chinese or English.
"""
_ALWAYS: Final = (
    problems.INTERNAL,
    problems.UNAVAILABLE,
    problems.OVERLOADED,
    problems.TIMED_OUT,
)
_GUARDED: Final = (problems.UNAUTHENTICATED, problems.WRONG_ADDRESS, INSECURE, TOO_OFTEN)
_WRITTEN: Final = (problems.FATE_UNKNOWN,)


def describe(operations: Iterable[Operation]) -> Json:
    """Return the OpenAPI document."""
    paths: dict[str, Json] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": TITLE,
            "version": VERSION,
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "An API key or a token."}
            },
        },
    }


def kinds_of(operation: Operation) -> Sequence[Kind]:
    """Return every problem that an operation may answer, by status."""
    kinds = (
        *operation.problems,
        *((INSECURE,) if operation.open else _GUARDED),
        *(_WRITTEN if operation.writes else ()),
        *_ALWAYS,
    )
    return sorted(dict.fromkeys(kinds), key=lambda kind: kind.status)


def _operation(operation: Operation) -> Json:
    described: Json = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description,
        "parameters": [_parameter(parameter) for parameter in operation.parameters],
        "responses": {
            **{str(status): _result(result) for status, result in operation.results.items()},
            **_problem_responses(kinds_of(operation)),
        },
    }
    if operation.open:
        described["security"] = []
    if operation.body is not None:
        described["requestBody"] = {
            "required": True,
            "description": operation.body.description,
            "content": _content(operation.body.content),
        }
    return described


def _parameter(parameter: Parameter) -> Json:
    described: Json = {
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.description,
        "schema": parameter.schema,
    }
    if parameter.required:
        described["required"] = True
    if parameter.example is not None:
        described["example"] = parameter.example
    return described


def _result(result: Result) -> Json:
    described: Json = {"description": result.description}
    if result.content:
        described["content"] = _content(result.content)
    if result.headers:
        described["headers"] = {
            name: {"description": text, "schema": {"type": "string"}}
            for name, text in result.headers.items()
        }
    return described


def _content(content: Mapping[str, tuple[Json, Any]]) -> Json:
    return {
        media_type: {"schema": schema}
        if example is None
        else {"schema": schema, "example": example}
        for media_type, (schema, example) in content.items()
    }


def _problem_responses(kinds: Sequence[Kind]) -> dict[str, Json]:
    statuses = dict.fromkeys(kind.status for kind in kinds)
    return {
        str(status): _problem_response([kind for kind in kinds if kind.status == status])
        for status in statuses
    }


def _problem_response(kinds: Sequence[Kind]) -> Json:
    examples = {
        kind.code: {
            "summary": kind.title("zh"),
            "value": {"type": kind.type, "title": kind.title("en"), "status": kind.status},
        }
        for kind in kinds
    }
    return {
        "description": " ".join(kind.title("en") for kind in kinds),
        "content": {
            problems.MEDIA_TYPE: {"schema": ref("Problem"), "examples": examples},
        },
    }
