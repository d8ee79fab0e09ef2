"""Search: what a registry finds of what its asker may see."""

from collections.abc import AsyncIterator, Sequence
from typing import Final
from urllib.parse import urlencode

import msgspec

from idnode.calls import Calls
from idnode.errors import Garbled

SEARCH: Final = "/api/v1/search"


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """One identifier that was found. Times are of RFC 3339."""

    handle: str
    state: str
    version: int
    created_at: str
    changed_at: str
    template: str = ""


class Count(msgspec.Struct, frozen=True):
    """How many there are; not `exact`: there are more, or nobody looked further."""

    number: int
    exact: bool


class MatchPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some of what was found; `next` "": that is all. What is newer than `lag_seconds` may lack."""

    items: tuple[Match, ...]
    next: str = ""
    count: Count | None = None
    lag_seconds: float = 0.0


class Searches:
    """Asks one registry. All methods raise `Refused`, `Unavailable`, `Unreachable`, `Garbled`.

    `terms`: parameters of ``GET /api/v1/search`` (``q``, ``field``, ``begins``, ``state`` …);
    several of ``field`` may be there.
    """

    def __init__(self, calls: Calls) -> None:
        self._calls: Final = calls

    async def page(
        self, terms: Sequence[tuple[str, str]], *, limit: int = 100, after: str = ""
    ) -> MatchPage:
        """Return one page; it may be short, even empty, and have a `next`."""
        query = [*terms, ("limit", str(limit)), *([("after", after)] if after else [])]
        answer = await self._calls.call("GET", f"{SEARCH}?{urlencode(query)}")
        try:
            return msgspec.json.decode(answer.body, type=MatchPage)
        except msgspec.DecodeError as why:
            raise Garbled(f"no page of a search: {why}") from why

    async def pages(
        self, terms: Sequence[tuple[str, str]], *, limit: int = 100
    ) -> AsyncIterator[MatchPage]:
        """Yield page after page to the end."""
        page = await self.page(terms, limit=limit)
        yield page
        while page.next:
            page = await self.page(terms, limit=limit, after=page.next)
            yield page
