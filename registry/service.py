"""The registry: one method for each thing that can be asked of it. No HTTP, no SQL."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

import msgspec

from identifiers.changes import Current, Writes, Written
from identifiers.directory import PrefixDirectory
from identifiers.errors import StoreUnavailable
from identifiers.names import PREFIX_RECORDS, Handle, Prefix
from identifiers.principals import Allowed, HandleIdentity, NotAdministrator, Scope
from identifiers.records import PAGE_BYTES, Record, State
from identifiers.wire.handle.data import AdminPermission
from registry.administrators import Administrators
from registry.answers import Answer, Batch, BatchAnswer, Decision, Denied, Item, Missing, Saved
from registry.commands import (
    AddValues,
    Asked,
    Command,
    Create,
    Delete,
    Mode,
    ModifyValues,
    Patch,
    Put,
    RemoveValues,
    Restore,
    RowCommand,
    Upsert,
    row_commands,
)
from registry.commit import GroupCommit, Unit
from registry.effects import NOTHING, bulk_effects, first_answer, remembered
from registry.ports import RegistryStore
from registry.prefixes import Prefixes, permit, place_of
from registry.reading.judging import Bad, Good
from registry.rights import Needed
from registry.rows import Entry, Permits, decided, given, planned_rows
from registry.rules import Terms
from registry.seals import Seals
from registry.signatures import OUTDATED, Drafts, Outdated, Unsigned
from registry.signing import Signatures
from registry.units import judged_unit, requests_of, unit
from registry.visible import seen_by_administrator, seen_by_owner, told

PAGE_LIMIT: Final = 1000
GATHERINGS: Final = 5
"""How often rights are gathered anew because administrators changed meanwhile."""
_READ: Final = Needed(int(AdminPermission.READ_VALUE))
_LIST: Final = Needed(int(AdminPermission.LIST_HANDLES))


class BatchOrder(msgspec.Struct, frozen=True):
    """What a batch asks for: rows, each of which does what `mode` says."""

    mode: Mode
    rows: Sequence[Good | Bad]


class Page(msgspec.Struct, frozen=True):
    """Some records in the order of their keys; `more`: there may be others after them."""

    records: Sequence[Record]
    more: bool


class Names(msgspec.Struct, frozen=True):
    """Some names as they were registered, by their keys; the next page begins past `after`."""

    names: tuple[str, ...]
    after: str
    more: bool


class Registry:
    """What can be asked of the registry. Every method may raise `StoreUnavailable`.

    Those that write may raise `FateUnknown` too. Everything else is an answer. What a Handle
    identity may do is decided in the transaction, on the versions its rights were gathered from.
    `administrators` are the server administrators of the settings; `signatures` signs what is
    registered under prefixes that are marked for it, and without it nothing is signed.
    """

    def __init__(
        self,
        store: RegistryStore,
        commit: GroupCommit,
        prefixes: Prefixes,
        seals: Seals,
        administrators: Iterable[HandleIdentity] = (),
        *,
        signatures: Signatures | None = None,
    ) -> None:
        self._store = store
        self._commit = commit
        self._prefixes = prefixes
        self._seals = seals
        self._administrators = Administrators(store, administrators)
        self._signatures = signatures or Signatures()

    async def create(self, command: Create, asked: Asked[Answer]) -> Answer:
        """Register a new identifier."""
        return await self._write(command, Scope.WRITE, asked)

    async def put(self, command: Put, asked: Asked[Answer]) -> Answer:
        """Replace an identifier, or register it."""
        return await self._write(command, Scope.WRITE, asked)

    async def patch(self, command: Patch, asked: Asked[Answer]) -> Answer:
        """Change single values of an identifier, or its state."""
        return await self._write(command, Scope.WRITE, asked)

    async def add_values(self, command: AddValues, asked: Asked[Answer]) -> Answer:
        """Add single values to an identifier."""
        return await self._write(command, Scope.WRITE, asked)

    async def modify_values(self, command: ModifyValues, asked: Asked[Answer]) -> Answer:
        """Replace single values of an identifier."""
        return await self._write(command, Scope.WRITE, asked)

    async def remove_values(self, command: RemoveValues, asked: Asked[Answer]) -> Answer:
        """Remove single values of an identifier."""
        return await self._write(command, Scope.WRITE, asked)

    async def delete(self, command: Delete, asked: Asked[Answer]) -> Answer:
        """Remove an identifier."""
        return await self._write(command, Scope.DELETE, asked)

    async def restore(self, command: Restore, asked: Asked[Answer]) -> Answer:
        """Give an identifier the values of an earlier version."""
        return await self._write(command, Scope.WRITE, asked)

    async def read(self, handle: Handle, asked: Asked[Any]) -> Record | Missing | Denied:
        """Return an identifier as its owner sees it.

        A Handle identity sees of an active one what everybody does, and what is for administrators
        if it may read that.
        """
        if isinstance(asked.principal, HandleIdentity):
            return await self._read_as(asked.principal, handle, asked)
        allowed = permit(await self._prefixes.picture(), asked, Scope.READ, handle)
        if not isinstance(allowed.verdict, Allowed):
            return Denied(allowed.verdict)
        record = await self._store.record(handle.key(fold_suffix=allowed.fold_suffix))
        if record is None or record.state is State.DELETED:
            return Missing()
        return seen_by_owner(record)

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
        more = len(records) == limit or octets >= PAGE_BYTES
        return Page([seen_by_owner(record) for record in records], more)

    async def list_handles(
        self, prefix: Prefix, after: str, limit: int, asked: Asked[Any]
    ) -> Names | Denied:
        """Return names under just `prefix`, as `page` does; an identity needs LIST_HANDLES."""
        handle = Handle(f"{PREFIX_RECORDS}/{prefix}", PREFIX_RECORDS, str(prefix))
        directory = await self._prefixes.picture()
        if isinstance(asked.principal, HandleIdentity):
            place = place_of(directory, handle)
            grants = await self._administrators.grants(asked.principal, place, directory)
            allowed = permit(directory, asked, Scope.READ, handle, grants.rights(_LIST))
        else:
            allowed = permit(directory, asked, Scope.READ, handle)
        if not isinstance(allowed.verdict, Allowed):
            return Denied(allowed.verdict)
        records = await self._store.page(str(prefix), after, limit)
        octets = sum(len(record.values) for record in records)
        names = tuple(record.name for record in records)
        more = len(names) == limit or octets >= PAGE_BYTES
        return Names(names, records[-1].key if records else after, more)

    async def homed(self, asked: Asked[Any]) -> tuple[Prefix, ...] | Denied:
        """Return the prefixes that live here, to a server administrator."""
        directory = await self._prefixes.picture()
        principal = asked.principal
        if isinstance(principal, HandleIdentity) and self._administrators.everywhere(
            principal, directory
        ):
            return tuple(entry.prefix for entry in directory.entries if entry.enabled)
        return Denied(NotAdministrator())

    async def batch(self, order: BatchOrder, asked: Asked[BatchAnswer]) -> BatchAnswer:
        """Judge up to `BATCH_LIMIT` rows, each for itself, in one transaction.

        A handle that appears again is refused where it does. `asked.changes` has an id for each.
        """
        for _ in range(GATHERINGS):
            answer = await self._commit.submit(await self._batch_unit(order, asked))
            if not isinstance(answer, Outdated):
                return answer
        raise StoreUnavailable("what this batch signs changes all the time")

    async def _batch_unit(
        self, order: BatchOrder, asked: Asked[BatchAnswer]
    ) -> Unit[BatchAnswer | Outdated]:
        directory = await self._prefixes.picture()
        kind = row_commands(order.mode)
        planned = planned_rows(order.rows, Permits(asked, directory), self._seals)
        drafts = await self._batch_drafts(directory, planned.entries.values(), kind)

        def decide_batch(current: Current) -> tuple[Writes, BatchAnswer | Outdated]:
            if (known := first_answer(asked.once, current)) is not None:
                return NOTHING, known
            fates: dict[int, Denied | Decision] = dict(planned.fates)
            written = []
            for at, entry in planned.entries.items():
                decision = decided(entry, kind, current.records.get(entry.key), drafts)
                if isinstance(decision, Unsigned):
                    return NOTHING, OUTDATED
                if isinstance(decision, Saved):
                    written.append(Written(asked.changes[at], decision.kind, decision.record))
                fates[at] = told(decision)
            answer = Batch(tuple(Item(given(row), fates[at]) for at, row in enumerate(order.rows)))
            return remembered(bulk_effects(written, asked), asked.once, answer), answer

        keys = tuple(entry.key for entry in planned.entries.values())
        return Unit(keys, requests_of(asked.once), decide_batch)

    async def _batch_drafts(
        self, directory: PrefixDirectory, entries: Collection[Entry], kind: RowCommand
    ) -> Drafts:
        marks = self._signatures.marks(directory, ((e.key, e.row.prefix) for e in entries))
        drafts = Drafts(marks)
        if not drafts.signing:
            return drafts
        return await self._drafts(directory, [(e.command(kind), e.terms) for e in entries])

    async def _drafts(
        self, directory: PrefixDirectory, planned: Collection[tuple[Command, Terms]]
    ) -> Drafts:
        """Return what signatures the records of `planned` get."""
        return await self._signatures.prepared(directory, planned, self._store)

    async def _read_as(
        self, identity: HandleIdentity, handle: Handle, asked: Asked[Any]
    ) -> Record | Missing | Denied:
        directory = await self._prefixes.picture()
        place = place_of(directory, handle)
        grants = await self._administrators.grants(identity, place, directory)
        allowed = permit(directory, asked, Scope.READ, handle, grants.rights(_READ))
        if place.home is None or not place.home.enabled:
            return Denied(allowed.verdict)
        may_read = isinstance(allowed.verdict, Allowed)
        return seen_by_administrator(grants.record, may_read=may_read)

    async def _write_as(
        self, identity: HandleIdentity, command: Command, scope: Scope, asked: Asked[Answer]
    ) -> Answer:
        # What creates is not judged by its own record, so that is not read beforehand.
        own = not isinstance(command, Create) or command.overwrite
        for attempt in range(GATHERINGS):
            directory = await self._prefixes.picture()
            place = place_of(directory, command.handle)
            if place.home is None:
                return Denied(permit(directory, asked, scope, command.handle).verdict)
            grants = await self._administrators.grants(
                identity, place, directory, own=own, fresh=attempt > 0
            )
            sealed = self._seals.commanded(place.key, command)
            terms = Terms(
                place.key, asked.at // 1000, may_change_state=False, keeps=place.home.keeps
            )
            drafts = await self._drafts(directory, ((sealed, terms),))
            unit = judged_unit(sealed, terms, drafts, place, grants, scope, directory, asked)
            answer = await self._commit.submit(unit)
            if not isinstance(answer, Outdated):
                return answer
        raise StoreUnavailable(f"who administers {command.handle.given} changes all the time")

    async def _write(self, command: Command, scope: Scope, asked: Asked[Answer]) -> Answer:
        if isinstance(asked.principal, HandleIdentity):
            return await self._write_as(asked.principal, command, scope, asked)
        directory = await self._prefixes.picture()
        allowed = permit(directory, asked, scope, command.handle)
        if not isinstance(allowed.verdict, Allowed):
            return Denied(allowed.verdict)
        key = command.handle.key(fold_suffix=allowed.fold_suffix)
        terms = _terms(directory, asked, command, key)
        sealed = self._seals.commanded(key, command)
        for _ in range(GATHERINGS):
            drafts = await self._drafts(directory, ((sealed, terms),))
            answer = await self._commit.submit(unit(sealed, terms, drafts, asked))
            if not isinstance(answer, Outdated):
                return answer
        raise StoreUnavailable(f"{command.handle.given} changes all the time")


def _terms(directory: PrefixDirectory, asked: Asked[Any], command: Command, key: str) -> Terms:
    may_change_state = False
    if isinstance(command, Create | Put | Upsert | Patch) and command.state is not None:
        state = permit(directory, asked, Scope.STATE, command.handle)
        may_change_state = isinstance(state.verdict, Allowed)
    home = directory.home_of(command.handle)
    keeps = home is not None and home.keeps
    return Terms(key, asked.at // 1000, may_change_state, keeps)
