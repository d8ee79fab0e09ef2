"""Up to 2,000 identifiers in one request, each judged for itself."""

import asyncio
from typing import Final

from aiohttp import web

from edge.bodies import read_body
from edge.problems import TOO_LARGE, Problem, Refusal
from identifiers.faults import Fault, Invalid
from identifiers.submissions import Submission
from identifiers.wire.jsonfast import read_batch
from identifiers.wire.rows import Refused
from registry.answers import BatchAnswer
from registry.commands import Mode, row_commands
from registry.http import requests
from registry.http.reception import Reception, once_of
from registry.http.replies import JSON, Reply, reply_to_batch
from registry.service import BATCH_LIMIT, BatchItem, Registry
from registry.submissions import fit

BODY_LIMIT: Final = 16 * 1024 * 1024
PARAMETERS: Final = frozenset({"mode"})
MOST_FAULTS: Final = 2000
"""Faults of all items together; the answer is kept, and must not be larger than what was sent."""
_INLINE: Final = 64 * 1024
"""Larger bodies are read in a thread, so that other requests go on being answered."""


class Batches:
    """The handler of ``POST /api/v1/identifiers/batch``."""

    def __init__(self, registry: Registry, reception: Reception) -> None:
        self._registry = registry
        self._reception = reception

    async def post(self, request: web.Request) -> web.Response:
        """POST: register, change or replace many identifiers."""
        mode = query_mode(requests.query(request, PARAMETERS))
        caller = await self._reception.caller(request)
        requests.needs_media_type(request, JSON)
        body = await read_body(request, BODY_LIMIT)
        if len(body) > _INLINE:
            items = await asyncio.to_thread(read_items, body, mode)
        else:
            items = read_items(body, mode)
        changes = self._reception.changes(caller, len(items))

        def reply(answer: BatchAnswer) -> Reply:
            return reply_to_batch(answer, caller.told, changes)

        once = once_of(request, body, caller, reply)
        answer = await self._registry.batch(items, self._reception.asked(caller, changes, once))
        return reply(answer).response()


def query_mode(parameters: dict[str, str]) -> Mode:
    """Return the parameter `mode`; without it nothing that is there is touched."""
    try:
        return Mode(parameters.get("mode", Mode.CREATE))
    except ValueError:
        raise requests.bad_parameter("mode", "one_of", choices=", ".join(Mode)) from None


def read_items(body: bytes, mode: Mode) -> list[BatchItem]:
    """Read a batch. Raises `Invalid` when it is at fault as a whole, `Refusal` when too long."""
    try:
        contents = read_batch(body, BATCH_LIMIT)
    except Invalid as invalid:
        if any(f.code == "too_many" and f.pointer == "/items" for f in invalid.faults):
            problem = Problem(kind=TOO_LARGE, faults=invalid.faults, members={"limit": BATCH_LIMIT})
            raise Refusal(problem) from None
        raise
    return _bounded([_item(content, at, mode) for at, content in enumerate(contents)])


def _bounded(items: list[BatchItem]) -> list[BatchItem]:
    """Return the items with at most `MOST_FAULTS` faults, beyond these with the first of each."""
    told = 0
    bounded = []
    for at, item in enumerate(items):
        if len(item.faults) > 1 and told + len(item.faults) > MOST_FAULTS:
            rest = Fault("more", f"/items/{at}")
            bounded.append(BatchItem(item.handle, None, (item.faults[0], rest)))
        else:
            bounded.append(item)
        told += len(bounded[-1].faults)
    return bounded


def _item(content: Submission | Refused, at: int, mode: Mode) -> BatchItem:
    if isinstance(content, Refused):
        return _faulty(content.handle, content.faults, at)
    try:
        handle = fit(content)
    except Invalid as invalid:
        return _faulty(content.handle, invalid.faults, at)
    command = row_commands(mode)(handle=handle, values=content.values, state=content.state)
    return BatchItem(content.handle, command)


def _faulty(handle: str, faults: tuple[Fault, ...], at: int) -> BatchItem:
    return BatchItem(handle, None, tuple(fault.below(f"/items/{at}") for fault in faults))
