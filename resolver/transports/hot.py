"""Plain look-ups over HTTP that are answered from this process: at once, with finished pages.

Plain is a look-up of a handle in JSON or CBOR without parameters. By address, one of many in a
batch, or before a request is made of it (`edge.short_cut`): it is the same page.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import msgspec
from aiohttp import hdrs

from edge.short_cut import head_of
from identifiers.queries import Query
from identifiers.wire.restform import JSON, PLAIN, Form, Unreadable, handle_in
from resolver.clients import Client, Clients
from resolver.counters import Counters
from resolver.limits import Limits
from resolver.service import Resolver
from resolver.tiers.s3fifo import MOST_USES, S3Fifo
from resolver.transports.pages import (
    LEAST_OCTETS,
    LITERAL,
    KeptPage,
    headers_of,
    kept_page_of,
    media_type_of,
)
from resolver.transports.rest import LookUp
from resolver.turns import Turns

MOUNT: Final = "/api/handles/"
BATCH: Final = "/api/resolve"
PAGE_OCTETS: Final = 96 * 1024 * 1024
"""Room for the pages of some 70,000 identifiers of six values."""
_AT_ONCE_OCTETS: Final = 256 * 1024
"""Of one answer to a batch that is given before a request is made of it."""
_ESCAPED: Final = LITERAL + b"%"


class HotPages:
    """Pages by handle, kept while what they stand on holds, in up to `octets` of memory.

    What is asked for once only does not push out what is asked for again (`resolver.tiers.s3fifo`).
    """

    def __init__(self, resolver: Resolver, octets: int) -> None:
        self._resolver = resolver
        self._kept = S3Fifo[bytes, KeptPage](max(octets // LEAST_OCTETS, 1), octets)
        self.peek: Final = self._kept.peek
        """Return what is kept under a handle in JSON, proved or not, and count nothing."""

    def __len__(self) -> int:
        return len(self._kept)

    def page(self, handle: bytes, form: Form, client: Client, now: float) -> KeptPage | None:
        """Return the page of a handle, made now if need be, and count it as asked for.

        None: this process does not hold its values, or they are not to be believed.
        """
        key = handle if form.media_type == JSON else _key(handle, form)
        page = self._kept.find(key)
        if page is not None:
            if self._resolver.vouches(page.basis, client, now):
                return page
            self._kept.discard(key)
        return self._make(key, handle, form, client, now)

    def bodies(
        self, handles: Iterable[bytes], form: Form, client: Client, now: float
    ) -> list[bytes | None]:
        """Return the data of many pages as far as they are there; None: `page` may tell more."""
        keys = handles if form.media_type == JSON else [_key(handle, form) for handle in handles]
        bodies: list[bytes | None] = []
        for page in self._resolver.vouched([*map(self.peek, keys)], client, now):
            if page is None:
                bodies.append(None)
                continue
            if page.uses < MOST_USES:
                page.uses += 1
            bodies.append(page.data)
        return bodies

    def all_bodies(
        self, handles: Iterable[bytes], form: Form, client: Client, now: float
    ) -> list[bytes] | None:
        """Return the data of many pages; None, and nothing is counted: not all are to be had.

        Nor are they when they are more than may go out in one turn of the loop.
        """
        keys = handles if form.media_type == JSON else [_key(handle, form) for handle in handles]
        pages: list[KeptPage] = []
        for page in map(self.peek, keys):
            if page is None:
                return None
            pages.append(page)
        bodies = [page.data for page in pages]
        if sum(map(len, bodies)) > _AT_ONCE_OCTETS:
            return None
        vouched = self._resolver.vouched(pages, client, now)
        if not all(vouched):
            for page in filter(None, vouched):  # they are counted where the batch is answered
                self._resolver.retold(page.basis.prefix, client, -1)
            return None
        for page in pages:
            if page.uses < MOST_USES:
                page.uses += 1
        return bodies

    def _make(
        self, key: bytes, handle: bytes, form: Form, client: Client, now: float
    ) -> KeptPage | None:
        query = Query(handle=handle)
        found = self._resolver.found_now(query, client, now)
        if found is None:
            return None
        outcome, basis = found
        page = kept_page_of(LookUp(query, form), outcome, basis)
        self._kept.put(key, page)
        return page


def _key(handle: bytes, form: Form) -> bytes:
    # 0xFF is in no UTF-8: whatever a batch names, it does not name this.
    return handle if form.media_type == JSON else b"\xff" + handle


class Ready(msgspec.Struct, frozen=True, gc=False):
    """An answer that is not kept."""

    head: bytes
    data: bytes


class Repeated:
    """Answers plain requests before a request is made of them (`edge.short_cut.AtOnce`).

    `epoch` is the wall clock in seconds; `answer_all` answers batches.
    """

    mount: Final = MOUNT
    batch: Final = BATCH

    def __init__(
        self,
        resolver: Resolver,
        pages: HotPages,
        *,
        clients: Clients,
        rates: Limits,
        counters: Counters,
        epoch: Callable[[], float],
        turns: Turns,
        answer_all: Callable[[bytes, Form, Client, float], Ready | None],
    ) -> None:
        self._resolver = resolver
        self._pages = pages
        self._peek = pages.peek
        self._rates = rates
        self._counters = counters
        self._epoch = epoch
        self._turns = turns
        self.client: Final = clients.of
        self.took: Final = counters.short
        self._answer_all = answer_all

    def form(self, accept: str) -> Form:
        """Return the form that an Accept field asks for."""
        form = Form(media_type_of(accept))
        return PLAIN if form == PLAIN else form

    def answer(self, rest: bytes, form: Any, client: Any, now: float) -> KeptPage | Ready | None:
        """Answer the address of a handle, if its page is at hand and the client within its rate."""
        # The usual case first. CPython 3.11 has no short way to a call of an attribute.
        peek = self._peek
        page = peek(rest)
        if (
            page is not None
            and page.literal
            and form is PLAIN
            and client.trusted
            and self._resolver.vouches(page.basis, client, now)
        ):
            if page.uses < MOST_USES:
                page.uses += 1
            return page
        return self._answer_any(rest, form, client, now)

    def answers(self, asked: Sequence[tuple[bytes, Any, Any]], now: float) -> list[KeptPage | None]:
        """Answer many, those whose finished pages are at hand; the others are asked for singly."""
        peek = self._peek
        pages: list[KeptPage | None] = []
        clients: list[Client] = []
        for rest, form, client in asked:
            page = peek(rest)
            plain = page is not None and page.literal and form is PLAIN and client.trusted
            pages.append(page if plain else None)
            clients.append(client)
        told = self._vouched(pages, clients, now)
        for page in told:
            if page is not None and page.uses < MOST_USES:
                page.uses += 1
        return told

    def _vouched(
        self, pages: list[KeptPage | None], clients: list[Client], now: float
    ) -> list[KeptPage | None]:
        resolver = self._resolver
        if clients and clients.count(clients[0]) == len(clients):
            return resolver.vouched(pages, clients[0], now)
        vouches = resolver.vouches
        return [
            page if page is not None and vouches(page.basis, client, now) else None
            for page, client in zip(pages, clients, strict=True)
        ]

    def answer_all(self, body: bytes, form: Any, client: Client, now: float) -> Ready | None:
        """Answer a batch, if all its pages are at hand."""
        ready = self._answer_all(body, form, client, now)
        if ready is not None:
            self._turns.answered(now)
        return ready

    def _answer_any(
        self, rest: bytes, form: Form, client: Client, now: float
    ) -> KeptPage | Ready | None:
        handle: bytes | None = rest
        if rest.translate(None, LITERAL) and (handle := _unescaped(rest)) is None:
            return None
        if not client.trusted and not self._rates.requests(client, now):
            return None
        page = self._pages.page(handle, form, client, now) if handle else None
        if page is None:
            if not client.trusted:
                self._rates.requests(client, now, -1.0)  # charged where it is answered
            return None
        return page if page.head else self._of_this_second(page)

    def count(self, now: float) -> None:
        """Count answers."""
        if self.took:
            self._turns.answered(now)
        self._counters.count_short(now)

    def _of_this_second(self, page: KeptPage) -> Ready:
        headers = headers_of(page, int(self._epoch()), None)
        return Ready(
            head_of([*headers, (hdrs.CONTENT_TYPE, page.media_type)], len(page.data)), page.data
        )


def _unescaped(rest: bytes) -> bytes | None:
    """Return the handle that percent-encoded octets of a path name, if they surely name one."""
    if rest.translate(None, _ESCAPED):
        return None
    try:
        handle = handle_in(MOUNT + rest.decode("ascii"), MOUNT)
    except Unreadable:
        return None
    return handle if handle.decode().isprintable() else None
