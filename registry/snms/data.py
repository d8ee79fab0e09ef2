"""``/identityv2/data``: identifiers, one at a time and up to 2,000.

An update makes the values from index 2000 on just those that are sent; others, such as who
administers the identifier, are not this interface's and stay.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final

from identifiers.faults import Invalid
from identifiers.metadata.items import FIRST_INDEX
from identifiers.metadata.layouts import version_of
from identifiers.names import Handle
from identifiers.records import Record, State
from identifiers.snms.envelope import (
    BUSY,
    EXISTS,
    NO_IDENTIFIER,
    NO_RECORD,
    Envelope,
    Status,
    done,
    refused,
    sentence,
)
from identifiers.snms.objects import (
    Told,
    read_handle,
    read_list,
    read_object,
    theirs,
    told_object,
)
from identifiers.submissions import Submission
from identifiers.wire.handle.values import decode_values
from identifiers.wire.rows import Row
from registry.answers import (
    Answer,
    Batch,
    BatchAnswer,
    Denied,
    Exists,
    Faulty,
    Missing,
    Replayed,
    Saved,
    Stale,
    Unchanged,
)
from registry.batches import BatchOrder
from registry.commands import Asked, Create, Delete, Mode, Patch, Precondition
from registry.http.problems import problem_of_answer
from registry.http.reception import Caller, Reception
from registry.reading.judging import Bad, JudgedRow, judged
from registry.service import Registry
from registry.snms.calls import Call, of_problem, told
from registry.submissions import fit
from registry.templating import Sketch

AT_ONCE: Final = 8
"""Changes of one list that are on their way together; they share commits.

Each reads first, and a reader that gets no connection soon is told that the node is busy: a list
alone must not use them up.
"""
_ATTEMPTS: Final = 5
_TURN: Final = 50
_GONE: Final = frozenset({State.SUSPENDED, State.REVOKED})


class Data:
    """The calls on identifiers."""

    def __init__(self, registry: Registry, reception: Reception) -> None:
        self._registry = registry
        self._reception = reception

    async def detail(self, call: Call) -> Envelope:
        """GET ``detail?handle=``."""
        handle = _handle(read_handle(dict(call.parameters)))
        record = await self._registry.read(handle, self._reception.asked(call.caller))
        if isinstance(record, Missing | Denied):
            return _answered(record, NO_RECORD)
        if record.state in _GONE:
            return refused(NO_IDENTIFIER)
        return done(
            told_object(record.name, _template(record.template), decode_values(record.values))
        )

    async def create(self, call: Call) -> Envelope:
        """POST an identifier."""
        return await self._created(call.caller, read_object(call.document))

    async def update(self, call: Call) -> Envelope:
        """PUT an identifier that is there."""
        return await self._updated(call.caller, read_object(call.document), NO_RECORD)

    async def delete(self, call: Call) -> Envelope:
        """DELETE ``{"handle"}``."""
        return await self._deleted(call.caller, read_handle(call.document), NO_RECORD)

    async def create_many(self, call: Call) -> Envelope:
        """POST a list; each for itself."""
        caller = call.caller
        items = read_list(call.document, "value")
        rows = [row async for row in _rows(items, caller.at // 1000)]
        changes = self._reception.changes(caller, len(rows))
        asked: Asked[BatchAnswer] = self._reception.asked(caller, changes)
        answer = await self._registry.batch(BatchOrder(Mode.CREATE, rows), asked)
        if not isinstance(answer, Batch):  # none of these calls has a key to be repeated under
            raise TypeError(answer)
        return done([_fate(item.handle, _answered(item.fate, NO_RECORD)) for item in answer.items])

    async def update_many(self, call: Call) -> Envelope:
        """PUT a list; each for itself."""

        async def one(found: object) -> Envelope:
            return await self._updated(call.caller, read_object(found), NO_IDENTIFIER)

        return await _each(read_list(call.document, "value"), one)

    async def delete_many(self, call: Call) -> Envelope:
        """DELETE a list of handles, or ``{"handles"}``."""

        async def one(found: object) -> Envelope:
            return await self._deleted(call.caller, _named(found), NO_IDENTIFIER)

        return await _each(read_list(call.document, "handles"), one)

    async def _created(self, caller: Caller, sent: Told) -> Envelope:
        handle = _fit(sent)
        command = Create(handle=handle, values=sent.values)
        answer = await self._registry.create(command, self._asked(caller), Sketch(sent.template))
        return _answered(answer, NO_RECORD)

    async def _updated(self, caller: Caller, sent: Told, missing: str) -> Envelope:
        handle = _fit(sent)
        kept = {value.index for value in sent.values}
        for _ in range(_ATTEMPTS):
            there = await self._registry.read(handle, self._reception.asked(caller))
            if isinstance(there, Missing | Denied):
                return _answered(there, missing)
            command = Patch(
                handle=handle,
                values=sent.values,
                remove=frozenset(_own(there) - kept),
                precondition=Precondition(one_of=frozenset({there.version})),
            )
            asked, sketch = self._asked(caller), Sketch(sent.template)
            answer = await self._registry.patch(command, asked, sketch)
            if not isinstance(answer, Stale):
                return _answered(answer, missing)
        return Envelope(BUSY, Status.FAILED)

    async def _deleted(self, caller: Caller, handle: str, missing: str) -> Envelope:
        command = Delete(handle=_handle(handle))
        return _answered(await self._registry.delete(command, self._asked(caller)), missing)

    def _asked(self, caller: Caller) -> Asked[Answer]:
        return self._reception.asked(caller, self._reception.changes(caller, 1))


async def _each(items: Sequence[object], one: Callable[[object], Awaitable[Envelope]]) -> Envelope:
    """Do each for itself, some at once, and tell what became of each in order."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def fate(found: object) -> dict[str, object]:
        async with turns:
            return _fate(_named(found), await told(lambda: one(found)))

    return done(await asyncio.gather(*map(fate, items)))


def _fate(handle: str, ended: Envelope) -> dict[str, object]:
    """Return what became of an item: done, or refused with the message."""
    code = Status.DONE if ended.status is Status.DONE else Status.REFUSED
    return {"handle": handle, "code": code, "msg": ended.message}


async def _rows(items: Sequence[object], at: int) -> AsyncIterator[JudgedRow]:
    """Yield the items of a list as rows of a batch; others get a turn of the loop in between."""
    for number, item in enumerate(items, 1):
        if number % _TURN == 0:
            await asyncio.sleep(0)
        try:
            sent = read_object(item)
        except Invalid as invalid:
            yield Bad(number, 0, _named(item), invalid.faults)
        else:
            submission = Submission(sent.handle, sent.values, template=sent.template)
            yield judged(Row(number, 0, submission), at)


def _named(found: object) -> str:
    """Return the handle that an item of a list is about, or nothing when that cannot be read."""
    name = found.get("handle") if isinstance(found, dict) else found
    return name if isinstance(name, str) else ""


def _fit(sent: Told) -> Handle:
    """Return the handle of what keeps all rules that need no store. Raises `Invalid`."""
    try:
        return fit(Submission(sent.handle, sent.values))
    except Invalid as invalid:
        raise Invalid(map(theirs, invalid.faults)) from None


def _handle(text: str) -> Handle:
    try:
        return Handle.parse(text)
    except Invalid as invalid:
        raise Invalid([fault.below("/handle") for fault in invalid.faults]) from None


def _own(record: Record) -> set[int]:
    """Return the indexes of values that are this interface's."""
    return {value.index for value in decode_values(record.values) if value.index >= FIRST_INDEX}


def _template(stored: str | None) -> str:
    """Return the version of the template that a record names."""
    return "" if stored is None else version_of(stored)[0].rpartition("/")[2]


def _answered(answer: Answer, missing: str) -> Envelope:
    match answer:
        case Saved() | Unchanged():
            return done()
        case Exists():
            return refused(EXISTS)
        case Missing():
            return refused(missing)
        case Faulty(faults=faults):
            return refused(sentence(map(theirs, faults)))
        case Replayed():  # none of these calls has a key to be repeated under
            raise TypeError(answer)
        case _:
            return of_problem(problem_of_answer(answer))
