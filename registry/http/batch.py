"""Up to 2,000 identifiers in one request, each judged for itself."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

import msgspec
from aiohttp import web

from edge.bodies import read_body
from edge.problems import TOO_LARGE, Problem, Refusal
from identifiers.faults import Fault, Invalid
from registry.answers import BatchAnswer
from registry.batches import BatchOrder
from registry.commands import Mode
from registry.http import requests
from registry.http.reception import Reception
from registry.http.replies import JSON, Reply, reply_to_batch
from registry.reading.judging import Bad, JudgedRow
from registry.reading.reader import HereReader, Piece, Reader
from registry.reading.rows import BATCH, BATCH_LIMIT
from registry.service import Registry

BODY_LIMIT: Final = 16 * 1024 * 1024
PARAMETERS: Final = frozenset({"mode"})
MOST_FAULTS: Final = 2000
"""Faults of all items together; the answer is kept, and must not be larger than what was sent."""
_INLINE: Final = 64 * 1024
"""Larger bodies are read by the reader, so that other requests go on being answered."""


class Batches:
    """The handler of ``POST /api/v1/identifiers/batch``."""

    def __init__(self, registry: Registry, reception: Reception, reader: Reader) -> None:
        self._registry = registry
        self._reception = reception
        self._reader = reader

    async def post(self, request: web.Request) -> web.Response:
        """POST: register, change or replace many identifiers."""
        mode = query_mode(requests.query(request, PARAMETERS))
        caller = await self._reception.caller(request)
        requests.needs_media_type(request, JSON)
        body = await read_body(request, BODY_LIMIT)
        reader = self._reader if len(body) > _INLINE else HereReader()
        rows = _bounded(await _read(reader, Piece(body, caller.at // 1000)))
        changes = self._reception.changes(caller, len(rows))

        def reply(answer: BatchAnswer) -> Reply:
            return reply_to_batch(answer, caller.told, changes)

        once = self._reception.once(request, body, caller, reply)
        asked = self._reception.asked(caller, changes, once)
        answer = await self._registry.batch(BatchOrder(mode, rows), asked)
        return reply(answer).response()


def query_mode(parameters: dict[str, str]) -> Mode:
    """Return the parameter `mode`; without it nothing that is there is touched."""
    try:
        return Mode(parameters.get("mode", Mode.CREATE))
    except ValueError:
        raise requests.bad_parameter("mode", "one_of", choices=", ".join(Mode)) from None


async def _read(reader: Reader, body: Piece) -> list[JudgedRow]:
    """Read a batch. Raises `Invalid` when it is at fault as a whole, `Refusal` when too long."""
    rows: list[JudgedRow] = []
    async with aclosing(_alone(body)) as pieces, aclosing(reader.read(BATCH, 0, pieces)) as blocks:
        async for block in blocks:
            if block.lost:
                (whole,) = (row for row in block.rows if isinstance(row, Bad))
                raise _refused(whole.faults)
            rows += block.rows
    return rows


async def _alone(body: Piece) -> AsyncGenerator[Piece]:
    yield body


def _refused(faults: tuple[Fault, ...]) -> Invalid | Refusal:
    if any(fault.code == "too_many" and fault.pointer == "/items" for fault in faults):
        return Refusal(Problem(kind=TOO_LARGE, faults=faults, members={"limit": BATCH_LIMIT}))
    return Invalid(faults)


def _bounded(rows: list[JudgedRow]) -> list[JudgedRow]:
    """Return the rows with at most `MOST_FAULTS` faults, beyond these with the first of each."""
    told = 0
    bounded: list[JudgedRow] = []
    for at, row in enumerate(rows):
        if not isinstance(row, Bad):
            bounded.append(row)
            continue
        faults = tuple(fault.below(f"/items/{at}") for fault in row.faults)
        if len(faults) > 1 and told + len(faults) > MOST_FAULTS:
            faults = (faults[0], Fault("more", f"/items/{at}"))
        told += len(faults)
        bounded.append(msgspec.structs.replace(row, faults=faults))
    return bounded
