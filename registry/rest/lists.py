"""Lists: identifiers by prefix (``/api/handles?prefix=``), prefixes (``/api/prefixes``)."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from identifiers.faults import Invalid
from identifiers.names import PREFIX_RECORDS, Prefix
from identifiers.wire.handle.codes import ResponseCode
from identifiers.wire.restform import Document, Unreadable
from registry.answers import Denied
from registry.commands import Asked
from registry.handle.homing import Homing
from registry.handle.replies import denied
from registry.handle.turns import Told
from registry.ports import RegistryStore
from registry.rest.asks import Ask
from registry.rest.authentication import Authentication
from registry.rest.handles import asked_by
from registry.rest.replies import (
    METHOD_NOT_ALLOWED,
    OK,
    Ended,
    Reply,
    of_faults,
    refusal,
    reply_of,
)
from registry.service import PAGE_LIMIT, Registry

PREFIXES: Final = "/api/prefixes"
MOST_NAMES: Final = 100_000
"""In one answer; longer lists are read page by page."""
MOST_OCTETS: Final = 8 * 1024 * 1024
MOST_STEPS: Final = 200
"""Pages of the registry that are walked to reach a page that nobody read up to before."""
_TOO_MANY: Final = "There are more names than one answer holds: ask for pages"
REMEMBERED: Final = 4096
"""Beginnings of pages."""


class Listing(msgspec.Struct, frozen=True):
    """Which names are asked for. `size` None: all of them, as far as one answer holds them."""

    prefix: Prefix
    page: int
    size: int | None


class Bookmarks:
    """After which canonical handle a page begins, so that the next one is found at once.

    What is written meanwhile moves names between pages, as in any list by number.
    """

    def __init__(self, most: int = REMEMBERED) -> None:
        self._most = most
        self._known: OrderedDict[tuple[str, int, int], str] = OrderedDict()

    def nearest(self, prefix: str, size: int, page: int) -> tuple[int, str]:
        """Return the last page up to `page` whose beginning is known, and that."""
        for nearer in range(page, max(0, page - self._most), -1):
            after = self._known.get((prefix, size, nearer))
            if after is not None:
                self._known.move_to_end((prefix, size, nearer))
                return nearer, after
        return 0, ""

    def keep(self, prefix: str, size: int, page: int, after: str) -> None:
        """Remember where a page begins."""
        self._known[prefix, size, page] = after
        self._known.move_to_end((prefix, size, page))
        if len(self._known) > self._most:
            self._known.popitem(last=False)


class Lists:
    """Lists for administrators. `chance` gives random octets."""

    def __init__(
        self,
        registry: Registry,
        store: RegistryStore,
        homing: Homing,
        authentication: Authentication,
        chance: Callable[[int], bytes],
    ) -> None:
        self._registry = registry
        self._store = store
        self._homing = homing
        self._authentication = authentication
        self._chance = chance
        self._bookmarks = Bookmarks()

    async def handles(self, ask: Ask) -> Reply:
        """List the identifiers under just one prefix."""
        form = ask.form()
        known = await self._authentication.required(ask)
        if isinstance(known, Reply):
            return msgspec.structs.replace(known, form=form)
        asked = asked_by(ask, known.identity, self._chance)
        try:
            wanted = _listing(ask)
        except Invalid as invalid:
            return msgspec.structs.replace(of_faults(invalid.faults), form=form)
        # The right to list is asked for before anything is counted.
        allowed = await self._registry.list_handles(wanted.prefix, "", 1, asked)
        if isinstance(allowed, Denied):
            told = denied(allowed.verdict)
            return reply_of(told, f"{PREFIX_RECORDS}/{wanted.prefix}", writing=True, form=form)
        total = await self._store.count(str(wanted.prefix))
        if wanted.size is None:
            names = await self._all(wanted.prefix, total, asked)
        else:
            names = await self._numbered(wanted.prefix, wanted.page, wanted.size, asked)
        document = _paged(wanted.page, wanted.size, total)
        document["prefix"] = str(wanted.prefix)
        document["handles"] = names
        return Reply(status=OK, document=document, form=form)

    async def _all(self, prefix: Prefix, total: int, asked: Asked[Any]) -> Sequence[str]:
        if total > MOST_NAMES:
            raise _too_many(_TOO_MANY)
        names, _ = await self._walk(prefix, "", MOST_NAMES, asked)
        if sum(map(len, names)) > MOST_OCTETS:
            raise _too_many(_TOO_MANY)
        return names

    async def _numbered(
        self, prefix: Prefix, page: int, size: int, asked: Asked[Any]
    ) -> Sequence[str]:
        if not size:
            return ()
        near, after = self._bookmarks.nearest(str(prefix), size, page)
        if (page - near) * size > MOST_STEPS * PAGE_LIMIT:
            raise _too_many("This page is too far from those that were read: go page by page")
        while True:
            names, after = await self._walk(prefix, after, size, asked)
            if len(names) == size:
                self._bookmarks.keep(str(prefix), size, near + 1, after)
            if near == page:
                return names
            if len(names) < size:
                return ()
            near += 1

    async def _walk(
        self, prefix: Prefix, after: str, count: int, asked: Asked[Any]
    ) -> tuple[Sequence[str], str]:
        """Return up to `count` names past `after`, and the last one's canonical handle."""
        names: list[str] = []
        while len(names) < count:
            step = min(count - len(names), PAGE_LIMIT)
            found = await self._registry.list_handles(prefix, after, step, asked)
            if isinstance(found, Denied):  # the right was taken away between two steps
                raise Ended(reply_of(denied(found.verdict), str(prefix), writing=True))
            names += found.names
            after = found.after
            if not found.more:
                break
        return names, after

    async def prefixes(self, ask: Ask) -> Reply:
        """List the prefixes that live here, to a server administrator."""
        form = ask.form()
        known = await self._authentication.required(ask)
        if isinstance(known, Reply):
            return msgspec.structs.replace(known, form=form)
        homed = await self._homing.homed(asked_by(ask, known.identity, self._chance))
        if isinstance(homed, Told):
            return reply_of(homed, PREFIX_RECORDS, writing=True, form=form)
        page, size = _pages(ask)
        names = [f"{PREFIX_RECORDS}/{prefix}" for prefix in homed]
        document = _paged(page, size, len(names))
        document["prefixes"] = names if size is None else names[page * size : (page + 1) * size]
        return Reply(status=OK, document=document, form=form)

    async def home(self, ask: Ask) -> Reply:
        """Home a prefix (POST), or give it up (DELETE): for server administrators."""
        known = await self._authentication.required(ask)
        if isinstance(known, Reply):
            return known
        name = ask.place.strip("/") or ask.last("prefix") or ""
        try:
            prefix = _prefix(name)
        except Invalid as invalid:
            return of_faults(invalid.faults, name)
        asked = asked_by(ask, known.identity, self._chance)
        act = self._homing.unhome if ask.method == "DELETE" else self._homing.home
        return reply_of(await act(prefix, asked), f"{PREFIX_RECORDS}/{prefix}", writing=True)

    async def one_prefix(self, _: Ask) -> Reply:
        """Say that one prefix is not looked at here: it is an ordinary identifier."""
        text = f"Look at {PREFIX_RECORDS}/<prefix> as at any identifier"
        reply = refusal(ResponseCode.OPERATION_NOT_SUPPORTED, text)
        headers = (("Allow", "POST, DELETE"),)
        return msgspec.structs.replace(reply, status=METHOD_NOT_ALLOWED, headers=headers)


def _listing(ask: Ask) -> Listing:
    text = ask.last("prefix")
    if not text:
        raise Unreadable("name a prefix: /api/handles?prefix=<prefix>")
    return Listing(_prefix(text), *_pages(ask))


def _prefix(text: str) -> Prefix:
    """Read a prefix, or the name of its record. Raises `Invalid`."""
    record = f"{PREFIX_RECORDS}/"
    return Prefix.parse(text[len(record) :] if text.upper().startswith(record) else text)


def _pages(ask: Ask) -> tuple[int, int | None]:
    """Read page and size; a size that is missing or negative stands for everything."""
    page, size = ask.number("page"), ask.number("pageSize")
    if size is None or size < 0:
        return 0, None
    if size > MOST_NAMES:
        raise Unreadable(f"pageSize may be at most {MOST_NAMES}")
    return max(page or 0, 0), size


def _paged(page: int, size: int | None, total: int) -> Document:
    # The total is a text at Handle.Net, and clients read it as one.
    return {
        "responseCode": int(ResponseCode.SUCCESS),
        "totalCount": str(total),
        "page": page,
        "pageSize": -1 if size is None else size,
    }


def _too_many(why: str) -> Ended:
    return Ended(refusal(ResponseCode.PROTOCOL_ERROR, why))
