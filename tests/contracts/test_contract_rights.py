"""Handle identities at the registry, over each store: rights, the very versions, sealed keys."""

import asyncio
from itertools import count
from typing import Any
from uuid import UUID, uuid5

import pytest

from identifiers.changes import Current, Enterprise, Touched, Writes
from identifiers.directory import PrefixEntry, PrefixKind
from identifiers.names import Handle, Prefix
from identifiers.principals import ApiKey, HandleIdentity, NotAdministrator, Operator, Scope
from identifiers.records import Record
from identifiers.values import Value
from identifiers.wire.handle.values import decode_values
from registry.administration import Administration, Ordered
from registry.answers import Denied, Saved
from registry.appointment import Appointment
from registry.commands import AddValues, Asked, Create, Delete, Put, RemoveValues
from registry.commit import GroupCommit, Unit
from registry.prefixes import Prefixes
from registry.seals import MARK, Seals
from registry.service import Names, Registry
from tests.contracts.backends import Backend
from tests.contracts.units import AUDIT, NAMESPACE, next_version
from tests.unit.registry.handles import admin, group, url

NOW = 1_800_000_000
SEALS = Seals(b"s" * 32)
NAME = "88.300.1/RIGHTS"
RECORD = "0.NA/88.300.1"
OWNER = HandleIdentity(RECORD, 300)
OTHER = HandleIdentity("88.300.1/OTHER", 300)
DENIED = Denied(NotAdministrator())
API_KEY = ApiKey(id="k", enterprise=1, scopes=frozenset(Scope))
ORDERED = Ordered(operator=Operator("root"), at=NOW * 1000, request_id="r")
_changes = count(1)


def asked(principal: Any = OWNER) -> Asked[Any]:
    return Asked(
        principal=principal,
        address=None,
        request_id="r",
        at=NOW * 1000,
        changes=(uuid5(NAMESPACE, str(next(_changes))),),
    )


def create(name: str = NAME, *values: Value, **more: Any) -> Create:
    return Create(handle=Handle.parse(name), values=values or (url(),), **more)


@pytest.fixture
async def registry(backend: Backend) -> Registry:
    """A registry whose prefix 88.300.1 has an administrator with a secret key."""
    store = backend.store
    await store.add_enterprise(Enterprise(id=0, name="first"), AUDIT)
    for prefix, owner in (("88.300", 0), ("88.300.1", 1)):
        kind = PrefixKind.ENTERPRISE if owner else PrefixKind.SECONDARY
        entry = PrefixEntry(prefix=Prefix.parse(prefix), kind=kind, enterprise=owner)
        await store.home_prefix(entry, AUDIT)
    wanted = Appointment(prefix=Prefix.parse("88.300.1"), secret=b"geheim")
    await Administration(store, b"p" * 32).appoint(wanted, SEALS, UUID(int=1), ORDERED)
    return Registry(store, GroupCommit(store), Prefixes(store), SEALS)


async def stored(backend: Backend, key: str) -> Record:
    found = await backend.store.record(key)
    assert found is not None
    return found


async def test_what_is_read_comes_with_what_is_locked(backend: Backend, registry: Registry) -> None:
    await registry.create(create(), asked())

    def look(current: Current) -> tuple[Writes, dict[str, int]]:
        return Writes(), {key: record.version for key, record in current.records.items()}

    touched = Touched(keys=(NAME,), reads=(RECORD, NAME, "88.300.1/NONE"))
    assert await backend.store.write(touched, look) == {NAME: 1, RECORD: 1}
    assert await backend.store.write(Touched(reads=(RECORD,)), look) == {RECORD: 1}


async def test_what_is_only_read_is_not_written(backend: Backend, registry: Registry) -> None:
    await registry.create(create(), asked())
    touched = Touched(keys=("88.300.1/B",), reads=(NAME,))
    with pytest.raises(ValueError, match="was not touched"):
        await backend.store.write(touched, next_version(NAME))
    assert (await stored(backend, NAME)).version == 1


async def test_an_administrator_works_on_names_of_the_prefix(
    backend: Backend, registry: Registry
) -> None:
    assert isinstance(await registry.create(create(), asked()), Saved)
    handle = Handle.parse(NAME)
    add = AddValues(handle=handle, values=(url(2),))
    assert isinstance(await registry.add_values(add, asked()), Saved)
    remove = RemoveValues(handle=handle, indexes=frozenset({2}))
    assert isinstance(await registry.remove_values(remove, asked()), Saved)
    put = create(NAME, url(7), overwrite=True)
    assert isinstance(await registry.create(put, asked()), Saved)
    assert (await stored(backend, NAME)).version == 4
    listed = await registry.list_handles(Prefix.parse("88.300.1"), "", 10, asked())
    assert listed == Names((NAME,), NAME, more=False)
    assert await registry.delete(Delete(handle=handle), asked(OTHER)) == DENIED
    assert isinstance(await registry.delete(Delete(handle=handle), asked()), Saved)
    actors = {entry.actor for entry in await backend.past.audited() if entry.subject == NAME}
    assert actors == {"identity:300:0.NA/88.300.1"}


async def test_a_group_is_followed(backend: Backend, registry: Registry) -> None:
    staff = HandleIdentity("88.300.1/STAFF", 200)
    await registry.create(create(staff.handle, group(OTHER)), asked())
    await registry.create(create(NAME, admin(staff), url()), asked())
    assert await registry.delete(Delete(handle=Handle.parse(NAME)), asked()) == DENIED
    answer = await registry.delete(Delete(handle=Handle.parse(NAME)), asked(OTHER))
    assert isinstance(answer, Saved)
    assert (await stored(backend, NAME)).version == 2


class Meddling(GroupCommit):
    """Takes the rights away after they were gathered, before the decision."""

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend.store)
        self._backend = backend
        self._first = True

    async def submit(self, unit: Unit[Any]) -> Any:
        if self._first:
            self._first = False
            assert RECORD in unit.reads
            rights_gone = Registry(
                self._backend.store,
                GroupCommit(self._backend.store),
                Prefixes(self._backend.store),
                SEALS,
            )
            values = RemoveValues(handle=Handle.parse(RECORD), indexes=frozenset({100}))
            assert isinstance(await rights_gone.remove_values(values, asked()), Saved)
        return await super().submit(unit)


@pytest.mark.usefixtures("registry")
async def test_a_right_that_was_taken_away_meanwhile_is_not_used(backend: Backend) -> None:
    late = Registry(backend.store, Meddling(backend), Prefixes(backend.store), SEALS)
    assert await late.create(create(), asked()) == DENIED
    assert await backend.store.record(NAME) is None


async def test_many_create_under_one_prefix_at_once(backend: Backend, registry: Registry) -> None:
    names = [f"88.300.1/N{number}" for number in range(60)]
    answers = await asyncio.gather(*(registry.create(create(name), asked()) for name in names))
    assert {type(answer) for answer in answers} == {Saved}
    found = await backend.store.fetch([*names, "88.300.1/NONE"])
    assert [record.key for record in found if record is not None] == names
    assert found[-1] is None


async def test_secret_keys_are_stored_sealed_and_not_told(
    backend: Backend, registry: Registry
) -> None:
    key = (await stored(backend, RECORD)).values
    assert b"geheim" not in key
    secret = Value(index=300, type="HS_SECKEY", data=b"ganz geheim", permissions=0x0E)
    for principal in (API_KEY, OWNER):
        put = Put(handle=Handle.parse(NAME), values=(url(), secret))
        # Equal or not, what is sent is a change: so that no answer tells whether a guess is right.
        for _ in range(2):
            assert isinstance(await registry.put(put, asked(principal)), Saved)
        seen = await registry.read(Handle.parse(NAME), asked(principal))
        assert isinstance(seen, Record)
        assert [value.type for value in decode_values(seen.values)] == ["URL"]
    record = await stored(backend, NAME)
    assert record.version == 4
    (_, sealed) = decode_values(record.values)
    assert sealed.data.startswith(MARK)
    assert SEALS.opened(NAME, sealed) == b"ganz geheim"
