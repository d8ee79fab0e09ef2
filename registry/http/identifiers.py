"""One identifier: create, read, replace, change, delete; and the list of a prefix."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar
from urllib.parse import urlencode

from aiohttp import hdrs, web

from edge.bodies import read_body
from identifiers.faults import Invalid
from identifiers.names import Handle, Prefix
from registry.answers import Answer, Denied, Missing
from registry.commands import Asked, Command, Create, Delete, Patch, Put
from registry.http import requests
from registry.http.bodies import read_changes, read_new, read_replacement
from registry.http.problems import problem_of_answer
from registry.http.reception import Caller, Reception
from registry.http.replies import (
    IDENTIFIERS,
    JSON,
    Reply,
    etag,
    identifier,
    json_reply,
    reply_to,
)
from registry.service import PAGE_LIMIT, Registry

C = TypeVar("C", bound=Command)

BODY_LIMIT: Final = 1024 * 1024
DEFAULT_PAGE: Final = 100
NO_PARAMETERS: Final[frozenset[str]] = frozenset()
LIST_PARAMETERS: Final = frozenset({"prefix", "after", "limit"})
# What was read may be shown again only after asking: the next answer may be another.
REVALIDATE: Final = (hdrs.CACHE_CONTROL, "private, no-cache")
_CURSOR: Final = re.compile(r"[A-Za-z0-9_-]{1,8192}", re.ASCII)


class Identifiers:
    """The handlers below ``/api/v1/identifiers`` that are about single identifiers."""

    def __init__(self, registry: Registry, reception: Reception) -> None:
        self._registry = registry
        self._reception = reception

    async def create(self, request: web.Request) -> web.Response:
        """POST: register a new identifier."""
        caller, body = await self._received(request)
        new = read_new(body)
        command = Create(handle=new.handle, values=new.values, state=new.state)
        create = self._registry.create

        def method(command: Create, asked: Asked[Answer]) -> Awaitable[Answer]:
            return create(command, asked, new.sketch)

        return await self._answered(request, caller, body, method, command)

    async def put(self, request: web.Request) -> web.Response:
        """PUT: replace an identifier, or register it."""
        handle = requests.path_handle(request, IDENTIFIERS)
        caller, body = await self._received(request)
        new = read_replacement(body, handle)
        command = Put(
            handle=handle,
            values=new.values,
            state=new.state,
            precondition=requests.precondition(request),
        )
        put = self._registry.put

        def method(command: Put, asked: Asked[Answer]) -> Awaitable[Answer]:
            return put(command, asked, new.sketch)

        return await self._answered(request, caller, body, method, command)

    async def patch(self, request: web.Request) -> web.Response:
        """PATCH: change single values or the state."""
        handle = requests.path_handle(request, IDENTIFIERS)
        caller, body = await self._received(request)
        changes = read_changes(body)
        command = Patch(
            handle=handle,
            values=changes.values,
            remove=changes.remove,
            state=changes.state,
            reason=changes.reason,
            precondition=requests.precondition(request),
        )
        patch = self._registry.patch

        def method(command: Patch, asked: Asked[Answer]) -> Awaitable[Answer]:
            return patch(command, asked, changes.sketch)

        return await self._answered(request, caller, body, method, command)

    async def delete(self, request: web.Request) -> web.Response:
        """DELETE: remove an identifier."""
        handle = requests.path_handle(request, IDENTIFIERS)
        caller = await self._caller(request)
        command = Delete(handle=handle, precondition=requests.precondition(request))
        return await self._answered(request, caller, b"", self._registry.delete, command)

    async def read(self, request: web.Request) -> web.Response:
        """GET: one identifier."""
        handle = requests.path_handle(request, IDENTIFIERS)
        caller = await self._caller(request)
        record = await self._registry.read(handle, self._reception.asked(caller))
        if isinstance(record, Missing | Denied):
            return caller.told.problem(problem_of_answer(record)).response()
        headers = (("ETag", etag(record.version)), REVALIDATE)
        if requests.not_modified(request, record.version):
            return Reply(304, headers, b"").response()
        book = await self._registry.book()
        return json_reply(identifier(record, book), 200, *headers).response()

    async def page(self, request: web.Request) -> web.Response:
        """GET of the collection: the identifiers under one prefix, some at a time."""
        parameters = requests.query(request, LIST_PARAMETERS)
        prefix = query_prefix(parameters)
        limit = requests.number(parameters, "limit", DEFAULT_PAGE, PAGE_LIMIT)
        after = _after(parameters, prefix)
        caller = await self._reception.caller(request)
        page = await self._registry.page(prefix, after, limit, self._reception.asked(caller))
        if isinstance(page, Denied):
            return caller.told.problem(problem_of_answer(page)).response()
        book = await self._registry.book()
        document: dict[str, object] = {"items": [identifier(r, book) for r in page.records]}
        headers = []
        if page.more:
            following = _cursor(page.records[-1].key)
            document["next"] = following
            where = urlencode({"prefix": str(prefix), "limit": limit, "after": following})
            headers.append((hdrs.LINK, f'<{IDENTIFIERS}?{where}>; rel="next"'))
        return json_reply(document, 200, *headers).response()

    async def _caller(self, request: web.Request) -> Caller:
        requests.query(request, NO_PARAMETERS)
        return await self._reception.caller(request)

    async def _received(self, request: web.Request) -> tuple[Caller, bytes]:
        caller = await self._caller(request)
        requests.needs_media_type(request, JSON)
        return caller, await read_body(request, BODY_LIMIT)

    async def _answered(
        self,
        request: web.Request,
        caller: Caller,
        body: bytes,
        method: Callable[[C, Asked[Answer]], Awaitable[Answer]],
        command: C,
    ) -> web.Response:
        (change,) = changes = self._reception.changes(caller, 1)

        def reply(answer: Answer) -> Reply:
            return reply_to(answer, caller.told, change)

        once = self._reception.once(request, body, caller, reply)
        answer = await method(command, self._reception.asked(caller, changes, once))
        return reply(answer).response()


def query_prefix(parameters: dict[str, str]) -> Prefix:
    """Return the required parameter `prefix`."""
    text = parameters.get("prefix")
    if not text:
        raise requests.bad_parameter("prefix", "required")
    try:
        return Prefix.parse(text)
    except Invalid as invalid:
        (fault,) = invalid.faults
        raise requests.bad_parameter("prefix", fault.code, **fault.params) from None


def _cursor(key: str) -> str:
    return urlsafe_b64encode(key.encode()).rstrip(b"=").decode()


def _after(parameters: dict[str, str], prefix: Prefix) -> str:
    """Return the key behind which a page begins. The cursor is opaque to clients, not secret."""
    cursor = parameters.get("after")
    if cursor is None:
        return ""
    if _CURSOR.fullmatch(cursor) is not None:
        try:
            key = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
            # Every key is a handle; other text the store may not even take.
            if Handle.parse(key).given.startswith(f"{prefix}/"):
                return key
        except ValueError:
            pass  # `Invalid` and UnicodeDecodeError too: said below
    raise requests.bad_parameter("after", "cursor")
