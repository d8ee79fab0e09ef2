"""The registry: one method for each thing that can be asked of it. No HTTP, no SQL."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from identifiers.changes import Current, RequestKey, Writes
from identifiers.directory import PrefixDirectory
from identifiers.faults import Fault
from identifiers.names import Handle, Prefix
from identifiers.principals import Allowed, Scope
from identifiers.records import PAGE_BYTES, Record, State
from registry.answers import Answer, Batch, BatchAnswer, Decision, Denied, Faulty, Item, Missing
from registry.commands import Asked, Command, Create, Delete, Once, Patch, Put, Upsert
from registry.commit import GroupCommit, Unit
from registry.effects import NOTHING, effects, first_answer, joined, remembered
from registry.ports import RegistryStore
from registry.prefixes import Prefixes, permit
from registry.rules import Terms, decide

BATCH_LIMIT: Final = 2000
PAGE_LIMIT: Final = 1000


class BatchItem(msgspec.Struct, frozen=True):
    """One item of a batch as it was sent: a command, or what is wrong with it."""

    handle: str
    command: Create | Upsert | Put | None
    faults: tuple[Fault, ...] = ()


class Page(msgspec.Struct, frozen=True):
    """Some records in the order of their keys; `more`: there may be others after them."""

    records: Sequence[Record]
    more: bool


class Registry:
    """What can be asked of the registry. Every method may raise `StoreUnavailable`.

    Those that write may raise `FateUnknown` too. Everything else is an answer.
    """

    def __init__(self, store: RegistryStore, commit: GroupCommit, prefixes: Prefixes) -> None:
        self._store = store
        self._commit = commit
        self._prefixes = prefixes

    async def create(self, command: Create, asked: Asked[Answer]) -> Answer:
        """Register a new identifier."""
        return await self._write(command, Scope.WRITE, asked)

    async def put(self, command: Put, asked: Asked[Answer]) -> Answer:
        """Replace an identifier, or register it."""
        return await self._write(command, Scope.WRITE, asked)

    async def patch(self, command: Patch, asked: Asked[Answer]) -> Answer:
        """Change single values of an identifier, or its state."""
        return await self._write(command, Scope.WRITE, asked)

    async def delete(self, command: Delete, asked: Asked[Answer]) -> Answer:
        """Remove an identifier."""
        return await self._write(command, Scope.DELETE, asked)

    async def read(self, handle: Handle, asked: Asked[Any]) -> Record | Missing | Denied:
        """Return an identifier as its owner sees it."""
        allowed = permit(await self._prefixes.picture(), asked, Scope.READ, handle)
        if not isinstance(allowed.verdict, Allowed):
            return Denied(allowed.verdict)
        record = await self._store.record(handle.key(fold_suffix=allowed.fold_suffix))
        if record is None or record.state is State.DELETED:
            return Missing()
        return record

    async def page(
        self, prefix: Prefix, after: str, limit: int, asked: Asked[Any]
    ) -> Page | Denied:
        """Return up to `limit` identifiers under just `prefix` whose keys follow `after`."""
        handle = Handle(f"{prefix}/", str(prefix), "")
        allowed = permit(await self._prefixes.picture(), asked, Scope.READ, handle)
        if not isinstance(allowed.verdict, Allowed):
            return Denied(allowed.verdict)
        records = await self._store.page(str(prefix), after, limit)
        octets = sum(len(record.values) for record in records)
        return Page(records, len(records) == limit or octets >= PAGE_BYTES)

    async def batch(self, items: Sequence[BatchItem], asked: Asked[BatchAnswer]) -> BatchAnswer:
        """Judge up to `BATCH_LIMIT` items, each for itself, in one transaction.

        A handle that appears again is refused where it does. `asked.changes` has an id for each.
        """
        fates, planned = await self._plan(items, asked)

        def decide_batch(current: Current) -> tuple[Writes, BatchAnswer]:
            if (known := first_answer(asked.once, current)) is not None:
                return NOTHING, known
            decided = dict(fates)
            writes = []
            for at, (command, terms) in planned.items():
                decided[at] = decision = decide(command, current.records.get(terms.key), terms)
                writes.append(effects(decision, asked, at))
            answer = Batch(tuple(Item(item.handle, decided[at]) for at, item in enumerate(items)))
            return remembered(joined(writes), asked.once, answer), answer

        keys = tuple(terms.key for _, terms in planned.values())
        return await self._commit.submit(Unit(keys, _requests(asked.once), decide_batch))

    async def _plan(
        self, items: Sequence[BatchItem], asked: Asked[BatchAnswer]
    ) -> tuple[dict[int, Denied | Decision], dict[int, tuple[Command, Terms]]]:
        """Return the fates that are clear already, and what is to be decided, by position."""
        directory = await self._prefixes.picture()
        fates: dict[int, Denied | Decision] = {}
        planned: dict[int, tuple[Command, Terms]] = {}
        first: dict[str, int] = {}
        for at, item in enumerate(items):
            if item.command is None:
                fates[at] = Faulty(item.faults)
                continue
            handle = item.command.handle
            allowed = permit(directory, asked, Scope.WRITE, handle)
            if not isinstance(allowed.verdict, Allowed):
                fates[at] = Denied(allowed.verdict)
                continue
            key = handle.key(fold_suffix=allowed.fold_suffix)
            if key in first:
                fates[at] = Faulty((_duplicate(handle, first[key], at),))
                continue
            first[key] = at
            planned[at] = (item.command, _terms(directory, asked, item.command, key))
        return fates, planned

    async def _write(self, command: Command, scope: Scope, asked: Asked[Answer]) -> Answer:
        directory = await self._prefixes.picture()
        allowed = permit(directory, asked, scope, command.handle)
        if not isinstance(allowed.verdict, Allowed):
            return Denied(allowed.verdict)
        key = command.handle.key(fold_suffix=allowed.fold_suffix)
        terms = _terms(directory, asked, command, key)

        def decide_one(current: Current) -> tuple[Writes, Answer]:
            if (known := first_answer(asked.once, current)) is not None:
                return NOTHING, known
            decision = decide(command, current.records.get(key), terms)
            return remembered(effects(decision, asked, 0), asked.once, decision), decision

        return await self._commit.submit(Unit((key,), _requests(asked.once), decide_one))


def _requests(once: Once[Any] | None) -> tuple[RequestKey, ...]:
    return () if once is None else (once.key,)


def _terms(directory: PrefixDirectory, asked: Asked[Any], command: Command, key: str) -> Terms:
    may_change_state = False
    if not isinstance(command, Delete) and command.state is not None:
        state = permit(directory, asked, Scope.STATE, command.handle)
        may_change_state = isinstance(state.verdict, Allowed)
    return Terms(key, asked.at // 1000, may_change_state)


def _duplicate(handle: Handle, first: int, second: int) -> Fault:
    pointer = f"/items/{second}/handle"
    return Fault(
        "batch.duplicate", pointer, {"handle": handle.given, "first": first, "second": second}
    )
