"""The registry: one method for each thing that can be asked of it. No HTTP, no SQL."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

import msgspec

from identifiers.directory import PrefixDirectory
from identifiers.errors import StoreUnavailable
from identifiers.faults import Fault
from identifiers.metadata.book import Book
from identifiers.names import PREFIX_RECORDS, Handle, Prefix
from identifiers.principals import Allowed, HandleIdentity, NotAdministrator, Scope
from identifiers.records import PAGE_BYTES, Record, State
from identifiers.wire.handle.data import AdminPermission
from registry.administrators import Administrators
from registry.answers import Answer, BatchAnswer, Denied, Faulty, Missing
from registry.batches import BatchOrder, Plan, batch_unit, claims_of
from registry.commands import (
    AddValues,
    Asked,
    Command,
    Create,
    Delete,
    ModifyValues,
    Patch,
    Put,
    RemoveValues,
    Restore,
    RowCommand,
    Upsert,
)
from registry.commit import GroupCommit
from registry.holding import Holders
from registry.planning import Ground, Moving, PlannedUnit, plan
from registry.ports import RegistryStore
from registry.prefixes import Prefixes, permit, place_of
from registry.rights import Needed
from registry.rows import Entry, Permits, planned_rows
from registry.rules import Terms, decide
from registry.seals import Seals
from registry.shelf import Shelf
from registry.signatures import Drafts, Outdated
from registry.signing import Signatures
from registry.templating import Sketch, changing, drawn
from registry.units import judged_unit, refusing, unit
from registry.visible import seen_by_administrator, seen_by_owner

PAGE_LIMIT: Final = 1000
PLAIN: Final = Sketch()
"""Nothing is said in the words of templates."""
GATHERINGS: Final = 5
"""How often rights are gathered anew because administrators changed meanwhile."""
_READ: Final = Needed(int(AdminPermission.READ_VALUE))
_LIST: Final = Needed(int(AdminPermission.LIST_HANDLES))


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
    registered under prefixes that are marked for it, and without it nothing is signed. `shelf` has
    the templates, and without it there are none.
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
        shelf: Shelf | None = None,
    ) -> None:
        self._store = store
        self._commit = commit
        self._prefixes = prefixes
        self._seals = seals
        self._administrators = Administrators(store, administrators)
        self._signatures = signatures or Signatures()
        self._shelf = shelf or Shelf()

    async def create(self, command: Create, asked: Asked[Answer], sketch: Sketch = PLAIN) -> Answer:
        """Register a new identifier, with what a template makes of a `sketch`."""
        return await self._write(command, Scope.WRITE, asked, sketch)

    async def put(self, command: Put, asked: Asked[Answer], sketch: Sketch = PLAIN) -> Answer:
        """Replace an identifier, or register it; `sketch` as in `create`."""
        return await self._write(command, Scope.WRITE, asked, sketch)

    async def patch(self, command: Patch, asked: Asked[Answer], sketch: Sketch = PLAIN) -> Answer:
        """Change single values of an identifier, or its state; `sketch` as in `create`."""
        return await self._write(command, Scope.WRITE, asked, sketch)

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

    async def planned(
        self, commands: Sequence[tuple[Moving, Scope]], asked: Asked[Any]
    ) -> tuple[PlannedUnit | Denied, ...]:
        """Return how each of several commands will be decided, for whoever commits them himself."""
        ground = Ground(await self._prefixes.picture(), await self._shelf.book())
        return await plan(commands, asked, ground, self._store, self._signatures)

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

    async def book(self) -> Book:
        """Return the templates in force."""
        return await self._shelf.book()

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
        for attempt in range(GATHERINGS):
            plan = await self._batch_plan(order, asked, met=attempt > 0)
            answer = await self._commit.submit(batch_unit(plan, asked))
            if not isinstance(answer, Outdated):
                return answer
        raise StoreUnavailable("what this batch meets changes all the time")

    async def _batch_plan(self, order: BatchOrder, asked: Asked[BatchAnswer], *, met: bool) -> Plan:
        """Return how a batch is decided; `met`: what is stored asks for more locks than it says."""
        directory, book = await self._prefixes.picture(), await self._shelf.book()
        planned = planned_rows(order.rows, Permits(asked, directory, book), self._seals)
        entries = planned.entries.values()
        drafts = await self._batch_drafts(directory, entries, order.kind)
        claims = frozenset(claim for entry in entries for claim in entry.claims)
        plan = Plan(order=order, planned=planned, drafts=drafts, book=book, claims=claims)
        if met and book.unique:
            stored = await self._store.fetch([entry.key for entry in entries])
            plan = msgspec.structs.replace(plan, claims=claims_of(plan, stored))
        return plan

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
                place.key,
                asked.at // 1000,
                may_change_state=False,
                keeps=place.home.keeps,
                book=(book := await self._shelf.book()),
                demands=book.demands(command.handle.prefix),
            )
            drafts = await self._drafts(directory, ((sealed, terms),))
            claims = await self._claims(sealed, terms)
            unit = judged_unit(
                sealed, terms, drafts, place, grants, scope, directory, asked, claims
            )
            answer = await self._commit.submit(unit)
            if not isinstance(answer, Outdated):
                return answer
        raise StoreUnavailable(f"who administers {command.handle.given} changes all the time")

    async def _write(
        self, command: Command, scope: Scope, asked: Asked[Answer], sketch: Sketch = PLAIN
    ) -> Answer:
        if isinstance(asked.principal, HandleIdentity):
            return await self._write_as(asked.principal, command, scope, asked)
        directory = await self._prefixes.picture()
        allowed = permit(directory, asked, scope, command.handle)
        if not isinstance(allowed.verdict, Allowed):
            return Denied(allowed.verdict)
        key = command.handle.key(fold_suffix=allowed.fold_suffix)
        terms = _terms(directory, asked, command, key, await self._shelf.book())
        if not sketch.empty:
            drawn = await self._drawn(command, sketch, terms)
            if isinstance(drawn, Faulty):
                return await self._commit.submit(refusing(drawn, asked)) if asked.once else drawn
            command = drawn
        sealed = self._seals.commanded(key, command)
        for _ in range(GATHERINGS):
            drafts = await self._drafts(directory, ((sealed, terms),))
            claims = await self._claims(sealed, terms)
            answer = await self._commit.submit(unit(sealed, terms, drafts, asked, claims))
            if not isinstance(answer, Outdated):
                return answer
        raise StoreUnavailable(f"{command.handle.given} changes all the time")

    async def _drawn(self, command: Command, sketch: Sketch, terms: Terms) -> Command | Faulty:
        """Return a command with what a template makes of a sketch."""
        book, layout = terms.book, None
        if sketch.template is not None:
            layout = book.find(command.handle.prefix, sketch.template)
        if isinstance(command, Create):
            return drawn(command, sketch, layout)
        stored = await self._store.record(terms.key)
        known = book.of(stored.template) if stored is not None else None
        if isinstance(layout, Fault) and known is not None and known.is_called(sketch.template):
            layout = known  # what has a template that was withdrawn may go on with it
        if isinstance(command, Put):
            return drawn(command, sketch, layout)
        if not isinstance(command, Patch):
            raise TypeError(f"nothing is drawn of {command!r}")
        if stored is None or stored.state is State.DELETED:
            return command
        return changing(command, sketch, known if layout is None else layout)

    async def _claims(self, command: Command, terms: Terms) -> tuple[bytes, ...]:
        """Return what a command has to lock of what is unique, by what is stored just now."""
        if not terms.book.unique:
            return ()
        holders, stored = Holders(terms.book, {}, None), None
        if not isinstance(command, Create) or command.overwrite:
            stored = await self._store.record(terms.key)
        holders.settle(decide(command, stored, terms), stored)
        return tuple(holders.wanted)


def _terms(
    directory: PrefixDirectory, asked: Asked[Any], command: Command, key: str, book: Book
) -> Terms:
    may_change_state = False
    if isinstance(command, Create | Put | Upsert | Patch) and command.state is not None:
        state = permit(directory, asked, Scope.STATE, command.handle)
        may_change_state = isinstance(state.verdict, Allowed)
    home = directory.home_of(command.handle)
    keeps = home is not None and home.keeps
    demands = book.demands(command.handle.prefix)
    return Terms(key, asked.at // 1000, may_change_state, keeps, book, demands)
