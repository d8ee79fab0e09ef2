"""The change feed: what happened under an enterprise's prefixes, in the order of commits."""

from collections.abc import AsyncIterator
from typing import Final

import msgspec

from idnode.calls import Calls
from idnode.errors import Garbled

FEED: Final = "/api/v1/feed"
ACKNOWLEDGEMENTS: Final = "/api/v1/feed/ack"
WAIT: Final = 20
"""Seconds for which a registry holds a question until there is news; less than for an answer."""
_JSON: Final = "application/json"


class News(msgspec.Struct, frozen=True, kw_only=True):
    """One change; `kind` is ``created``, ``updated``, ``deleted`` or ``state``."""

    change: str
    handle: str
    version: int
    kind: str
    at: str


class NewsPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some news; `next` is the cursor behind them, also when there are none."""

    items: tuple[News, ...]
    next: str
    more: bool = False


class Feed:
    """Follows one registry. All methods raise as `RegistryClient`'s do."""

    def __init__(self, calls: Calls) -> None:
        self._calls: Final = calls

    async def page(
        self, after: str = "", *, consumer: str = "", limit: int = 100, wait: int = 0
    ) -> NewsPage:
        """Return what comes after a cursor; "": from the beginning that is still kept.

        Without a cursor a `consumer` goes on behind what it has acknowledged. `wait`: seconds to
        wait for news when there are none.
        """
        query = {"limit": str(limit)}
        query |= {"after": after} if after else {}
        query |= {"consumer": consumer} if consumer else {}
        query |= {"wait": str(wait)} if wait else {}
        return _page((await self._calls.call("GET", FEED, query=query)).body)

    async def latest(self) -> str:
        """Return the cursor of now: nothing that happened comes after it."""
        return _page((await self._calls.call("GET", FEED, query={"latest": "1"})).body).next

    async def follow(
        self, consumer: str, *, limit: int = 100, wait: int = WAIT
    ) -> AsyncIterator[tuple[News, ...]]:
        """Yield news for ever, as they come; when the next are asked for these are acknowledged.

        So whoever is cut off in the middle gets the same again next time.
        """
        page = await self.page(consumer=consumer, limit=limit, wait=wait)
        while True:
            if page.items:
                yield page.items
                await self.acknowledge(consumer, page.next)
            page = await self.page(page.next, limit=limit, wait=wait)

    async def acknowledge(self, consumer: str, cursor: str) -> None:
        """Keep that a consumer has dealt with everything up to a cursor. It never goes back."""
        body = msgspec.json.encode({"consumer": consumer, "cursor": cursor})
        headers = {"Content-Type": _JSON}
        await self._calls.call("POST", ACKNOWLEDGEMENTS, headers=headers, body=lambda: body)


def _page(body: bytes) -> NewsPage:
    try:
        return msgspec.json.decode(body, type=NewsPage)
    except msgspec.DecodeError as why:
        raise Garbled(f"no page of a feed: {why}") from why
