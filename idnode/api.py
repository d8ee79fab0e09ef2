"""The whole registration API: documents as they are told, for what has no method of its own."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from idnode.calls import Calls
from idnode.errors import Garbled
from idnode.problems import document
from idnode.writing import json_octets

API: Final = "/api/v1"
_JSON: Final = "application/json"


class Api:
    """Asks one registry. All methods raise as `RegistryClient`'s do.

    A `noun` is the path after ``/api/v1/``: ``prefixes/88.300.1``, ``templates``, ``keys``.
    """

    def __init__(self, calls: Calls) -> None:
        self._calls: Final = calls

    async def call(
        self,
        method: str,
        noun: str,
        content: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        if_match: str = "",
        repeat: bool | None = None,
    ) -> dict[str, Any]:
        """Ask, and return what is told; empty where nothing is.

        Unless `repeat` says otherwise a POST is sent once: not all are safe to send again.
        """
        headers = {"Content-Type": _JSON} if content is not None else {}
        headers |= {"If-Match": if_match} if if_match else {}
        body = b"" if content is None else json_octets(content)
        patient = method != "POST" if repeat is None else repeat
        answer = await self._calls.call(
            method,
            f"{API}/{noun}",
            query=query,
            headers=headers,
            body=lambda: body,
            repeat=patient,
        )
        return document(answer.body) if answer.body else {}

    async def items(
        self, noun: str, query: Mapping[str, str] | None = None
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield the items of a list, page after page."""
        asked = dict(query or {})
        while True:
            page = await self.call("GET", noun, query=asked)
            for item in items_of(page):
                yield item
            if not page.get("next"):
                return
            asked["after"] = str(page["next"])


def items_of(page: Mapping[str, Any]) -> list[Any]:
    """Return the items of a page. Raises `Garbled`."""
    items = page.get("items")
    if not isinstance(items, list):
        raise Garbled("a page without items")
    return items
