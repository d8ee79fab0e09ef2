"""`HttpResolver`: resolution over HTTP, one name or many at once."""

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
from yarl import URL

from identifiers.faults import Invalid
from identifiers.wire.jsonform import read_values
from idnode.errors import Garbled
from idnode.problems import document, reaching, refusal
from idnode.resolution import Resolution
from idnode.writing import json_octets, segment

BATCH_LIMIT: Final = 2000
"""Names in one question; more are asked in several."""
PATIENCE: Final = 10.0
"""Seconds for one answer."""
_JSON: Final = "application/json"


class HttpResolver:
    """Asks one server; `base` is its address without a path, such as ``http://127.0.0.1:8000``."""

    def __init__(self, base: str, *, patience: float = PATIENCE) -> None:
        self._base: Final = base.rstrip("/")
        self._timeout: Final = aiohttp.ClientTimeout(total=patience)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        # No proxies of the environment: a node is asked itself.
        self._session = aiohttp.ClientSession(timeout=self._timeout, trust_env=False)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def resolve(
        self,
        handle: str,
        *,
        indexes: Iterable[int] = (),
        types: Iterable[str] = (),
        authoritative: bool = False,
    ) -> Resolution:
        """Look up `handle`; the filters form a union, and both empty means all public values.

        Not found is an answer and no exception. Raises `Unreachable`, `Garbled`, and `Refused` when
        the server does not even look.
        """
        query = [("index", str(index)) for index in indexes] + [("type", kind) for kind in types]
        if authoritative:
            query.append(("auth", "true"))
        # Every octet quoted, slashes too: nobody on the way may tidy up the path of a name.
        path = f"/api/handles/{segment(handle)}"
        try:
            url = URL(self._base + path, encoded=True)
        except ValueError as why:
            raise Garbled(f"{self._base} is no address of a server: {why}") from why
        if query:
            url = url.with_query(query)
        async with reaching(self._base), self._http().get(url) as answer:
            body = await answer.read()
        if answer.content_type != _JSON:
            raise refusal(answer.status, answer.content_type, body)
        return _resolution(handle, document(body))

    async def resolve_many(self, handles: Sequence[str]) -> list[Resolution]:
        """Look up many names; each is answered for itself, in order. Raises as `resolve`."""
        found: list[Resolution] = []
        for start in range(0, len(handles), BATCH_LIMIT):
            found += await self._batch(handles[start : start + BATCH_LIMIT])
        return found

    async def _batch(self, handles: Sequence[str]) -> list[Resolution]:
        async with (
            reaching(self._base),
            self._http().post(
                f"{self._base}/api/resolve",
                data=json_octets({"handles": handles}),
                headers={"Content-Type": _JSON},
            ) as answer,
        ):
            body = await answer.read()
        if answer.status != 200 or answer.content_type != _JSON:  # noqa: PLR2004 -- OK
            raise refusal(answer.status, answer.content_type, body)
        results = document(body).get("results")
        if not isinstance(results, list) or len(results) != len(handles):
            raise Garbled("the answer does not fit the question")
        return [_resolution(h, told) for h, told in zip(handles, results, strict=True)]

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("use the resolver as an asynchronous context: async with …")
        return self._session


def _resolution(handle: str, told: Any) -> Resolution:
    try:
        return Resolution(
            handle=handle,
            code=int(told["responseCode"]),
            values=read_values(told.get("values", [])),
            message=str(told.get("message", "")),
        )
    except (Invalid, KeyError, TypeError, ValueError) as why:
        raise Garbled(f"the answer cannot be read: {why}") from why
