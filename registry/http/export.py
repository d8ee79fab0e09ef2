"""All identifiers under a prefix as one stream, in the forms that can be imported."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from types import MappingProxyType
from typing import Final

import msgspec
from aiohttp import hdrs, web

from edge.accept import best_media_type
from edge.problems import Problem, Refusal
from edge.streams import stream
from identifiers.metadata.layouts import version_of
from identifiers.names import Prefix
from identifiers.records import Record, State
from identifiers.wire import cborform, csvform, jsonlines
from registry.answers import Denied
from registry.commands import Asked
from registry.http import requests
from registry.http.identifiers import query_prefix
from registry.http.jobs import Jobs
from registry.http.problems import NOT_ACCEPTABLE, problem_of_answer
from registry.http.reception import Reception
from registry.service import Registry

PARAMETERS: Final = frozenset({"prefix"})
PAGE: Final = 250
"""Records that are read and written at a time; between any two pages others are served."""

Writer = Callable[[str, bytes, State, str | None], bytes]
WRITERS: Final[Mapping[str, Writer | None]] = MappingProxyType(
    {
        jsonlines.MEDIA_TYPE: jsonlines.write_line,
        csvform.MEDIA_TYPE: None,  # its columns depend on what is written
        cborform.SEQUENCE_MEDIA_TYPE: cborform.write_record,
    }
)
"""The forms, by preference when a client has none."""


class Listing(msgspec.Struct, frozen=True):
    """What is exported, and for which request."""

    prefix: Prefix
    request: web.Request


class Exports:
    """The handler of ``GET /api/v1/export``."""

    def __init__(self, registry: Registry, reception: Reception, jobs: Jobs) -> None:
        self._registry = registry
        self._reception = reception
        self._jobs = jobs

    async def get(self, request: web.Request) -> web.StreamResponse:
        """GET: everything under just one prefix."""
        prefix = query_prefix(requests.query(request, PARAMETERS))
        caller = await self._reception.caller(request)
        form = best_media_type(request.headers.get(hdrs.ACCEPT, ""), tuple(WRITERS))
        if form is None:
            problem = Problem(kind=NOT_ACCEPTABLE, members={"offered": list(WRITERS)})
            return caller.told.problem(problem).response()
        listing = Listing(prefix, request)
        writer = WRITERS[form]
        pieces = self._table(listing) if writer is None else self._rows(listing, writer)
        with self._jobs.running(caller.principal):
            async with aclosing(pieces):
                return await stream(request, form, pieces)

    async def _rows(self, listing: Listing, writer: Writer) -> AsyncGenerator[bytes]:
        async with aclosing(self._pages(listing)) as pages:
            async for records in pages:
                yield b"".join([writer(r.name, r.values, r.state, _template(r)) for r in records])

    async def _table(self, listing: Listing) -> AsyncGenerator[bytes]:
        """Write a table: one look at everything for its columns, another for its rows.

        Raises `Invalid` before the first piece when a table cannot hold everything.
        """
        columns: dict[csvform.Column, None] = {}
        templates = False
        async with aclosing(self._pages(listing)) as pages:
            async for records in pages:
                for record in records:
                    template = _template(record)
                    needed = csvform.columns_of(record.values, template)
                    alone = csvform.CsvTable(needed)
                    alone.row(record.name, record.values, record.state, template)
                    columns |= dict.fromkeys(needed)
                    templates = templates or template is not None
        table = csvform.CsvTable(columns, templates=templates)
        yield table.header()
        async for piece in self._rows(listing, table.row):
            yield piece

    async def _pages(self, listing: Listing) -> AsyncGenerator[tuple[Record, ...]]:
        after = ""
        more = True
        while more:
            # An export has no time limit: a key that is revoked meanwhile reads no further page.
            asked: Asked[None] = self._reception.asked(
                await self._reception.caller(listing.request)
            )
            page = await self._registry.page(listing.prefix, after, PAGE, asked)
            if isinstance(page, Denied):
                raise Refusal(problem_of_answer(page))
            if page.records:
                yield tuple(page.records)
                after = page.records[-1].key
            more = page.more


def _template(record: Record) -> str | None:
    """Return the name of a record's template, by which it can be imported again."""
    return None if record.template is None else version_of(record.template)[0]
