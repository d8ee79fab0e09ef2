"""What an operation of the API is: its route, its handler, and what its description needs."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from aiohttp import web

from edge.problems import Kind

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Json = dict[str, Any]


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter of an operation, in the words of OpenAPI 3.1."""

    name: str
    place: str
    description: str
    schema: Json
    required: bool = False
    example: Any = None


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """A body that is sent: media type -> (schema, example)."""

    description: str
    content: Mapping[str, tuple[Json, Any]]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """A success: what it means, its body by media type, its headers."""

    description: str
    content: Mapping[str, tuple[Json, Any]] = {}
    headers: Mapping[str, str] = {}


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One method on one path. `problems` are those beyond what every operation may answer."""

    method: str
    path: str
    id: str
    tag: str
    summary: str
    description: str
    handler: Handler
    results: Mapping[int, Result]
    parameters: tuple[Parameter, ...] = ()
    body: Body | None = None
    problems: tuple[Kind, ...] = ()
    writes: bool = False
    open: bool = False
    """Needs no key."""
    route: str = ""
    """The path as aiohttp's router takes it, where that differs."""
