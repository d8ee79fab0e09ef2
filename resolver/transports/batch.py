"""Many look-ups in one request: ``POST`` of ``{"handles": […]}``, each answered for itself.

What this process holds is put together from finished pages; the rest is asked for together. Where
nothing is to be asked for, that is done before a request is made of it (`edge.short_cut`).
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from aiohttp import hdrs, web

from edge.bodies import read_body
from edge.problems import MEDIA_TYPE_UNKNOWN, TOO_LARGE, Problem, Refusal
from edge.short_cut import head_of
from identifiers.outcomes import Outcome
from identifiers.queries import Query
from identifiers.wire import cborform
from identifiers.wire.handle.codes import ResponseCode
from identifiers.wire.restform import CBOR, JSON, Form, document, written
from resolver.clients import Client
from resolver.counters import Counters, Event, Result, Transport, result_of
from resolver.service import Resolver
from resolver.transports import rest
from resolver.transports.admission import Admission
from resolver.transports.hot import HotPages, Ready
from resolver.transports.pages import ANYBODY, Headers, media_type_of

BATCH_LIMIT: Final = 2000
BODY_LIMIT: Final = 1024 * 1024
BATCH_OCTETS: Final = 16 * 1024 * 1024
"""Octets of one answer to a batch after which no more records are put into it."""
BATCH_FULL: Final = "the answer to this batch is full: ask for this one again"
_ASKED_TOGETHER: Final = 500
"""Names of a batch that are looked up together; nobody knows before how large their records are."""
_FOUND_TOGETHER: Final = 100
_TURN: Final = 0.001
"""Seconds that one turn of the loop may be given to a batch."""
_HANDLES_PER_TOKEN: Final = 100
_OCTETS_PER_TOKEN: Final = 16 * 1024
"""What is read of a body, beside the names in it: a token is a request's worth of work."""


class Batches:
    """The handler. `clock` is monotonic."""

    def __init__(
        self,
        resolver: Resolver,
        hot: HotPages,
        admission: Admission,
        counters: Counters,
        clock: Callable[[], float],
    ) -> None:
        self._resolver = resolver
        self._hot = hot
        self._admission = admission
        self._counters = counters
        self._clock = clock

    async def answer(self, request: web.Request) -> web.Response:
        """Answer every name, in order."""
        began = self._clock()
        form = Form(media_type_of(request.headers.get(hdrs.ACCEPT, "")))
        with self._admission.let_in(request, began) as client:
            read = await read_body(request, BODY_LIMIT)
            self._admission.charge(client, len(read) / _OCTETS_PER_TOKEN)
            handles = _read(request, read)
            self._admission.charge(client, len(handles) / _HANDLES_PER_TOKEN)
            items = await self._told_all(handles, client, form, began)
        return web.Response(body=_document(items, form), headers=_headers(form))

    def at_once(self, body: bytes, form: Form, client: Client, now: float) -> Ready | None:
        """Answer a batch without waiting, as `answer` does, if pages of all its names are at hand.

        None: nothing was counted. Raises `Invalid` when it is no batch. Strangers are left to
        `answer`, which charges them as it reads.
        """
        if not client.trusted:
            return None
        handles = rest.read_batch(body, _FOUND_TOGETHER)
        if not 0 < len(handles) <= _FOUND_TOGETHER:
            return None
        items = self._hot.all_bodies([*map(str.encode, handles)], form, client, now)
        if items is None:
            return None
        data = _document(items, form)
        self._count(Result.FOUND, now, len(items))
        self._counters.happened(Event.SHORT_CUT, len(items))
        return Ready(head_of(_headers(form), len(data)), data)

    async def _told_all(
        self, handles: Sequence[str], client: Client, form: Form, began: float
    ) -> list[bytes]:
        items: list[bytes] = []
        cold: dict[str, bytes] = {}
        octets = 0
        for start in range(0, len(handles), _ASKED_TOGETHER):
            asked = handles[start : start + _ASKED_TOGETHER]
            if octets >= BATCH_OCTETS:
                items += await self._put_off(asked, form, began)
                continue
            pages = await self._pages(asked, client, form)
            told = [page for page in pages if page is not None]
            octets += sum(map(len, told))
            if len(told) == len(asked) and octets < BATCH_OCTETS:
                self._count(Result.FOUND, began, len(told))
                items += told
                continue
            room = BATCH_OCTETS - octets + sum(map(len, told))
            items += await self._told(
                asked, pages, room=room, cold=cold, client=client, form=form, began=began
            )
            octets = sum(map(len, items))
        return items

    async def _told(
        self,
        handles: Sequence[str],
        pages: Sequence[bytes | None],
        *,
        room: int,
        cold: dict[str, bytes],
        client: Client,
        form: Form,
        began: float,
    ) -> list[bytes]:
        """Return answers, pages where there are, up to `room` octets; the rest is put off."""
        missing = [h for h, page in zip(handles, pages, strict=True) if page is None]
        outcomes = iter(await self._ask(missing, client))
        items: list[bytes] = []
        turn = self._clock()
        for at, (handle, page) in enumerate(zip(handles, pages, strict=True)):
            if room <= 0:
                return items + await self._put_off(handles[at:], form, began)
            item, result = page, Result.FOUND
            if item is None:
                outcome = next(outcomes)
                result = result_of(outcome)
                item = cold[handle] = cold.get(handle) or _written(outcome, handle, form)
                turn = await self._let_others(turn)
            self._count(result, began)
            items.append(item)
            room -= len(item)
        return items

    async def _ask(self, handles: Sequence[str], client: Client) -> Sequence[Outcome]:
        if not handles:
            return []
        queries = [Query(handle=handle.encode()) for handle in handles]
        return await self._resolver.answer_all(queries, client, self._clock())

    async def _pages(
        self, handles: Sequence[str], client: Client, form: Form
    ) -> list[bytes | None]:
        """Return the answers that this process can give of itself."""
        pages: list[bytes | None] = []
        turn = self._clock()
        for start in range(0, len(handles), _FOUND_TOGETHER):
            names = [*map(str.encode, handles[start : start + _FOUND_TOGETHER])]
            found = self._hot.bodies(names, form, client, self._clock())
            if not all(found):
                for at, name in enumerate(names):
                    if found[at] is None:
                        page = self._hot.page(name, form, client, self._clock())
                        found[at] = None if page is None else page.data
                        turn = await self._let_others(turn)
            pages += found
            turn = await self._let_others(turn)
        return pages

    async def _put_off(self, handles: Sequence[str], form: Form, began: float) -> list[bytes]:
        items = []
        turn = self._clock()
        for handle in handles:
            told = document(ResponseCode.SERVER_BUSY, handle, message=BATCH_FULL)
            items.append(written(told, form))
            turn = await self._let_others(turn)
        self._count(Result.UNAVAILABLE, began, len(handles))
        return items

    async def _let_others(self, turn: float) -> float:
        """End a turn of the loop that has lasted long enough; return when the present one began."""
        if self._clock() - turn < _TURN:
            return turn
        await asyncio.sleep(0)
        return self._clock()

    def _count(self, result: Result, began: float, times: int = 1) -> None:
        if times:
            now = self._clock()
            self._counters.answered(Transport.HTTP, result, now - began, now, times)


def _headers(form: Form) -> Headers:
    return [*ANYBODY, (hdrs.CONTENT_TYPE, form.media_type), (hdrs.CACHE_CONTROL, "no-store")]


def _document(items: list[bytes], form: Form) -> bytes:
    if form.media_type == CBOR:
        return b"\xa1" + cborform.write("results") + cborform.write_array(items)
    return _results(items)


def _results(items: list[bytes]) -> bytes:
    # Put together in one go: a few names more are a megabyte, and each copy of it is felt.
    if not items:
        return b'{"results":[]}'
    items[0] = b'{"results":[' + items[0]
    items[-1] += b"]}"
    return b",".join(items)


def _written(outcome: Outcome, handle: str, form: Form) -> bytes:
    told = rest.tell(outcome, handle, binary=form.media_type == CBOR)
    return written(told.document, form)


def _read(request: web.Request, body: bytes) -> list[str]:
    if request.content_type != JSON or hdrs.CONTENT_TYPE not in request.headers:
        raise Refusal(Problem(kind=MEDIA_TYPE_UNKNOWN, members={"accepted": [JSON]}))
    handles = rest.read_batch(body, BATCH_LIMIT)
    if len(handles) > BATCH_LIMIT:
        raise Refusal(Problem(kind=TOO_LARGE, members={"limit": BATCH_LIMIT}))
    return handles
