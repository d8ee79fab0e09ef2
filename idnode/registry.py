"""`RegistryClient`: registration over HTTP, as one enterprise's program."""

import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self

import msgspec

from identifiers.faults import Invalid
from identifiers.values import Value
from identifiers.wire.jsonform import read_values
from idnode.api import API, Api, items_of
from idnode.calls import PATIENCE, Answer, Calls
from idnode.errors import Garbled, Problem, Refused
from idnode.feeds import Feed
from idnode.jobs import StateJobs
from idnode.problems import document
from idnode.searching import Searches
from idnode.tracing import HISTORY, Tracings
from idnode.transfers import Transfers
from idnode.writing import json_octets, segment

IDENTIFIERS: Final = f"{API}/identifiers"
PAGE: Final = 500
"""Identifiers asked for at a time by `RegistryClient.identifiers`."""
_JSON: Final = "application/json"
_NOT_FOUND: Final = 404

Document = Mapping[str, Any]


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """An acknowledged write: durable, and visible to resolvers within a second.

    `status` is ``created``, ``updated``, ``deleted`` or ``unchanged``; `change` the id of the
    change, None when nothing changed. `replayed`: the request had been answered before.
    """

    handle: str
    status: str
    state: str
    version: int
    changed_at: str
    change: str | None = None
    replayed: bool = False


class Identifier(msgspec.Struct, frozen=True, kw_only=True):
    """An identifier as its owner sees it."""

    handle: str
    values: tuple[Value, ...]
    state: str
    version: int
    changed_at: str
    reason: str = ""
    template: str = ""
    template_revision: int = 0
    attributes: dict[str, str | int | bool] = {}
    """What the values say in the words of the template, if there is one."""


class BatchResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one item of a batch; `problem` says why it was refused."""

    handle: str
    status: int
    version: int = 0
    change: str | None = None
    problem: Problem | None = None


class RegistryClient:
    """Registers with one server.

    Documents are in the Handle JSON form: ``{"handle": …, "values": [{"index", "type", "data"}]}``.
    Each write carries an Idempotency-Key, the caller's or one made here, and is repeated under it
    while the server is away or says "not now" (`idnode.calls`). All methods raise `Refused`,
    `Unavailable`, `Unreachable` or `Garbled`.

    Args:
        base: the registry's address without a path, such as ``http://127.0.0.1:8080``.
        api_key: ``id.secret``, or the token of an account.
        patience: seconds for which a call is repeated.
        draw: gives fresh request keys.
    """

    def __init__(
        self,
        base: str,
        api_key: str,
        *,
        patience: float = PATIENCE,
        draw: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        self._calls: Final = Calls(base, api_key, patience=patience)
        self._transfers: Final = Transfers(self._calls)
        self._searches: Final = Searches(self._calls)
        self._tracings: Final = Tracings(self._calls)
        self._api: Final = Api(self._calls)
        self._feed: Final = Feed(self._calls)
        self._jobs: Final = StateJobs(self._calls)
        self._draw: Final = draw

    async def __aenter__(self) -> Self:
        await self._calls.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._calls.__aexit__(kind, error, traceback)

    async def create(self, identifier: Document, *, key: str | None = None) -> Receipt:
        """Register a new identifier; one that is there already is refused (409)."""
        return await self._write("POST", IDENTIFIERS, identifier, key)

    async def put(
        self, identifier: Document, *, if_version: int | None = None, key: str | None = None
    ) -> Receipt:
        """Make the values just these; registers the identifier when it is not there.

        `if_version`: only if this is the stored version, else it is refused (412).
        """
        path = _path(str(identifier["handle"]))
        return await self._write("PUT", path, identifier, key, if_version)

    async def patch(
        self,
        handle: str,
        *,
        values: Sequence[Document] = (),
        remove: Sequence[int] = (),
        attributes: Document | None = None,
        state: str | None = None,
        reason: str = "",
        if_version: int | None = None,
        key: str | None = None,
    ) -> Receipt:
        """Add or replace values by index, remove others, change the state; at least one of them.

        An attribute that is None is taken away. `reason` goes with ``suspended`` and ``revoked``,
        and everybody is told it.
        """
        changes: dict[str, Any] = {}
        if values:
            changes["values"] = values
        if remove:
            changes["remove"] = remove
        if attributes:
            changes["attributes"] = attributes
        if state is not None:
            changes["state"] = state
        if reason:
            changes["reason"] = reason
        return await self._write("PATCH", _path(handle), changes, key, if_version)

    async def delete(
        self, handle: str, *, if_version: int | None = None, key: str | None = None
    ) -> Receipt:
        """Remove an identifier and free its name."""
        return await self._write("DELETE", _path(handle), None, key, if_version)

    async def get(self, handle: str) -> Identifier | None:
        """Return an identifier, None when there is none."""
        try:
            answer = await self._calls.call("GET", _path(handle))
        except Refused as refused:
            if refused.problem.status == _NOT_FOUND:
                return None
            raise
        return _identifier(document(answer.body))

    async def restore(
        self, handle: str, version: int, *, if_version: int | None = None, key: str | None = None
    ) -> Receipt:
        """Make the values what they were in a version, as a new one; the state stays."""
        path = f"{HISTORY}/{segment(handle)}"
        return await self._write("POST", path, {"version": version}, key, if_version)

    async def identifiers(self, prefix: str) -> AsyncIterator[Identifier]:
        """Yield all identifiers under just this prefix, in the order of their names."""
        query = {"prefix": prefix, "limit": str(PAGE)}
        while True:
            page = document((await self._calls.call("GET", IDENTIFIERS, query=query)).body)
            for item in items_of(page):
                yield _identifier(item)
            if "next" not in page:
                return
            query["after"] = str(page["next"])

    async def batch(
        self, identifiers: Sequence[Document], *, mode: str = "create", key: str | None = None
    ) -> list[BatchResult]:
        """Register up to 2,000 identifiers in one transaction; each is judged for itself.

        `mode` is ``create``, ``upsert`` or ``replace``.
        """
        body = json_octets({"items": identifiers})
        answer = await self._calls.call(
            "POST",
            f"{IDENTIFIERS}/batch",
            query={"mode": mode},
            headers={"Content-Type": _JSON, "Idempotency-Key": key or self._draw()},
            body=lambda: body,
        )
        return [_batch_result(item) for item in document(answer.body)["items"]]

    @property
    def api(self) -> Api:
        """Everything else: prefixes, templates, codes, keys, accounts, applications."""
        return self._api

    @property
    def feed(self) -> Feed:
        """What changes under the enterprise's prefixes."""
        return self._feed

    @property
    def jobs(self) -> StateJobs:
        """Many identifiers suspended, made active, revoked or deleted."""
        return self._jobs

    @property
    def transfers(self) -> Transfers:
        """Bulk import and export."""
        return self._transfers

    @property
    def searches(self) -> Searches:
        """Search among the identifiers that one may see."""
        return self._searches

    @property
    def tracings(self) -> Tracings:
        """What became of identifiers, and what they are to others."""
        return self._tracings

    async def _write(
        self,
        method: str,
        path: str,
        content: Document | None,
        key: str | None,
        if_version: int | None = None,
    ) -> Receipt:
        headers = {"Idempotency-Key": key or self._draw()}
        if content is not None:
            headers["Content-Type"] = _JSON
        if if_version is not None:
            headers["If-Match"] = f'"v{if_version}"'
        body = b"" if content is None else json_octets(content)
        answer = await self._calls.call(method, path, headers=headers, body=lambda: body)
        return _receipt(answer)


def _path(handle: str) -> str:
    return f"{IDENTIFIERS}/{segment(handle)}"


def _receipt(answer: Answer) -> Receipt:
    told = document(answer.body)
    told["replayed"] = answer.headers.get("idempotency-replayed") == "true"
    try:
        return msgspec.convert(told, Receipt)
    except msgspec.ValidationError as why:
        raise Garbled(f"no receipt: {why}") from why


def _identifier(told: Any) -> Identifier:
    try:
        values = read_values(told["values"])
        return msgspec.convert({**told, "values": values}, Identifier)
    except (Invalid, KeyError, TypeError, msgspec.ValidationError) as why:
        raise Garbled(f"no identifier: {why}") from why


def _batch_result(told: Any) -> BatchResult:
    try:
        return msgspec.convert(told, BatchResult)
    except msgspec.ValidationError as why:
        raise Garbled(f"no result of a batch: {why}") from why
