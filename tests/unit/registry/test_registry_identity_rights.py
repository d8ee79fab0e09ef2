"""Handle identities at the registry: HS_ADMIN values bit by bit, groups, versions."""

import asyncio
import sys
from itertools import pairwise

import pytest
from msgspec.structs import replace

from identifiers.changes import ChangeKind, Delegated, Touched, Writes
from identifiers.errors import StoreUnavailable
from identifiers.names import Prefix
from identifiers.principals import (
    Disabled,
    HandleIdentity,
    LivesElsewhere,
    MissingPermission,
    NotAdministrator,
    NotYours,
)
from identifiers.records import State
from identifiers.values import Reference, Value
from identifiers.wire.handle.data import decode_vlist, encode_vlist
from identifiers.wire.handle.values import decode_values
from registry.administrators import (
    KEPT_BYTES,
    MAX_DEPTH,
    MAX_KEPT,
    MAX_RECORDS,
    MAX_REFERENCES,
    Administrators,
)
from registry.answers import (
    Denied,
    Exists,
    Locked,
    Missing,
    Protected,
    Saved,
    Unchanged,
    ValuesExist,
    ValuesMissing,
)
from registry.commands import (
    AddValues,
    Create,
    Delete,
    ModifyValues,
    Patch,
    Put,
    RemoveValues,
    Upsert,
    minted,
)
from registry.commit import GroupCommit
from registry.prefixes import Prefixes, place_of
from registry.service import GATHERINGS, Names, Registry
from storage.memory import MemoryStore
from tests.unit.registry.handles import EVERYTHING, OWNER, P, admin, group, stored, url
from tests.unit.registry.world import SEALS, api_key, asked, audit, entry, handle, once

PREFIX_RECORD = "0.NA/88.300.1"
NAME = "88.300.1/A"
NOBODY = HandleIdentity("88.300.10/USER", 300)
NOT_NAMED = Denied(NotAdministrator())


def lacks(bits):
    return Denied(MissingPermission(int(bits)))


def create(name=NAME, *values, **more):
    return Create(handle=handle(name), values=values or (url(),), **more)


def by(identity=OWNER, **more):
    return asked(identity, **more)


@pytest.fixture(autouse=True)
async def world(store):
    """A store with the prefix record of 88.300.1, which `OWNER` administers."""
    await stored(store, PREFIX_RECORD, admin())
    return store


async def grant(store, permissions, key=PREFIX_RECORD, *more):
    await stored(store, key, admin(permissions=permissions), *more)


# creating


async def test_an_administrator_of_the_prefix_creates(registry, world):
    answer = await registry.create(create(), by())
    assert isinstance(answer, Saved)
    assert [(e.actor, e.subject) for e in world.audited] == [("identity:300:0.NA/88.300.1", NAME)]


async def test_nobody_else_does(registry, world):
    assert await registry.create(create(), by(NOBODY)) == NOT_NAMED
    assert await registry.create(create(), by(HandleIdentity(OWNER.handle, 301))) == NOT_NAMED
    await grant(world, EVERYTHING & ~P.ADD_HANDLE)
    assert await registry.create(create(), by()) == lacks(P.ADD_HANDLE)
    assert NAME not in world.records


async def test_one_permission_creates_whatever_the_values_are(registry, world):
    await grant(world, P.ADD_HANDLE)
    assert isinstance(await registry.create(create(NAME, admin(), url()), by()), Saved)


async def test_a_name_that_is_there_is_told_to_those_who_might_create_it(registry):
    await registry.create(create(), by())
    assert await registry.create(create(), by()) == Exists(1)
    assert await registry.create(create(), by(NOBODY)) == NOT_NAMED


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("88.300.1.2/A", NotAdministrator()),  # below, without a prefix record of its own
        ("88.300.1.5/A", NotAdministrator()),  # below, another's
        ("88.300.10/A", NotAdministrator()),  # looks alike
        ("88.300.2/A", NotAdministrator()),
        ("88.300/A", NotAdministrator()),
        ("88.300.99/A", NotYours()),
        ("88.301/A", NotYours()),
        ("0.NA/88.301", NotYours()),
        ("0.NA/88.300.1/X", NotYours()),
        ("0.NA/0.NA", NotYours()),
        ("0.SITE/STATUS", NotYours()),
        ("88.300.7/A", Disabled()),
    ],
)
async def test_other_prefixes(registry, name, verdict):
    assert await registry.create(create(name), by()) == Denied(verdict)


async def test_a_minted_name():
    made = minted("88.300.1/", bytes(range(16)))
    assert made.given == "88.300.1/00010203-0405-4607-8809-0a0b0c0d0e0f"
    assert minted("88.300.1", bytes(16)).suffix == minted("88.300.1/", bytes(16)).suffix
    assert minted("88.300.1/LOT-", bytes(16)).suffix.startswith("LOT-0000")


# values, bit by bit

AN_ADMIN = admin(index=101)


@pytest.mark.parametrize(
    ("command", "needs"),
    [
        (AddValues(handle=handle(NAME), values=(url(9),)), P.ADD_VALUE),
        (AddValues(handle=handle(NAME), values=()), P.ADD_VALUE),
        (AddValues(handle=handle(NAME), values=(AN_ADMIN,)), P.ADD_ADMIN),
        (AddValues(handle=handle(NAME), values=(url(9), AN_ADMIN)), P.ADD_VALUE | P.ADD_ADMIN),
        (AddValues(handle=handle(NAME), values=(url(1, b"n"),), overwrite=True), P.MODIFY_VALUE),
        (ModifyValues(handle=handle(NAME), values=(url(1, b"new"),)), P.MODIFY_VALUE),
        (ModifyValues(handle=handle(NAME), values=(url(1),)), P.MODIFY_VALUE),
        (ModifyValues(handle=handle(NAME), values=()), P.MODIFY_VALUE),
        (ModifyValues(handle=handle(NAME), values=(url(77),)), P.MODIFY_VALUE),
        (ModifyValues(handle=handle(NAME), values=(admin(permissions=1),)), P.MODIFY_ADMIN),
        (ModifyValues(handle=handle(NAME), values=(url(100),)), P.REMOVE_ADMIN | P.ADD_VALUE),
        (ModifyValues(handle=handle(NAME), values=(admin(index=1),)), P.REMOVE_VALUE | P.ADD_ADMIN),
        (RemoveValues(handle=handle(NAME), indexes=frozenset({1})), P.REMOVE_VALUE),
        (RemoveValues(handle=handle(NAME), indexes=frozenset()), P.REMOVE_VALUE),
        (RemoveValues(handle=handle(NAME), indexes=frozenset({77})), P.REMOVE_VALUE),
        (RemoveValues(handle=handle(NAME), indexes=frozenset({100})), P.REMOVE_ADMIN),
        (Delete(handle=handle(NAME)), P.DELETE_HANDLE),
        (
            Put(handle=handle(NAME), values=(url(1, b"new"), url(9))),
            P.MODIFY_VALUE | P.ADD_VALUE | P.REMOVE_ADMIN | P.REMOVE_VALUE,
        ),
        (
            create(NAME, url(9), admin(), overwrite=True),
            P.ADD_VALUE | P.REMOVE_VALUE | P.MODIFY_ADMIN,
        ),
        (Upsert(handle=handle(NAME), values=(url(9),)), P.ADD_VALUE),
        (
            Patch(handle=handle(NAME), values=(url(1),), remove=frozenset({2})),
            P.MODIFY_VALUE | P.REMOVE_VALUE,
        ),
    ],
)
async def test_each_command_needs_just_its_permissions(registry, world, command, needs):
    method = {
        AddValues: registry.add_values,
        ModifyValues: registry.modify_values,
        RemoveValues: registry.remove_values,
        Delete: registry.delete,
        Create: registry.create,
        Put: registry.put,
        Upsert: registry.put,
        Patch: registry.patch,
    }[type(command)]
    values = (url(), url(2, b"second", permissions=0x0C))
    await grant(world, EVERYTHING & ~needs, NAME, *values)
    assert await method(command, by()) == lacks(needs)
    assert await method(command, by(NOBODY)) == NOT_NAMED
    await grant(world, needs, NAME, *values)
    assert not isinstance(await method(command, by()), Denied)


async def test_repeating_public_values_with_all_others_changes_none(registry, world):
    await grant(world, 0, NAME, url())
    same = Put(handle=handle(NAME), values=(admin(permissions=0), url()))
    assert isinstance(await registry.put(same, by()), Unchanged)


async def test_a_hidden_value_is_not_guessed_by_repeating_it(registry, world):
    hidden = url(2, b"secret", permissions=0x0C)
    await grant(world, 0, NAME, hidden)
    for guess in (b"secret", b"wrong"):
        command = Put(
            handle=handle(NAME), values=(admin(permissions=0), replace(hidden, data=guess))
        )
        assert await registry.put(command, by()) == lacks(P.MODIFY_VALUE)


async def test_a_secret_key_is_not_guessed_by_repeating_it(registry, world):
    """Nobody reads one, also where its permissions say that everybody does."""
    key = Value(index=300, type="hs_seckey", data=b"secret")
    await grant(world, 0, NAME, *SEALS.sealed(handle(NAME).key(), (key,)))
    for guess in (b"secret", b"wrong"):
        command = Create(
            handle=handle(NAME),
            values=(admin(permissions=0), replace(key, data=guess)),
            overwrite=True,
        )
        assert await registry.create(command, by()) == lacks(P.MODIFY_VALUE)


async def test_values_on_the_wire(registry, world):
    await stored(world, NAME, admin(), url())
    name = handle(NAME)
    add = AddValues(handle=name, values=(url(1, b"x"), url(3)))
    assert await registry.add_values(add, by()) == ValuesExist((1,))
    saved = await registry.add_values(replace(add, overwrite=True), by())
    assert [v.index for v in decode_values(saved.record.values)] == [100, 1, 3]
    modify = ModifyValues(handle=name, values=(url(1, b"y"), url(4)))
    assert await registry.modify_values(modify, by()) == ValuesMissing((4,))
    saved = await registry.modify_values(replace(modify, values=(url(1, b"y"),)), by())
    assert decode_values(saved.record.values)[1].data == b"y"
    remove = RemoveValues(handle=name, indexes=frozenset({1, 3, 9, 8}))
    assert await registry.remove_values(remove, by()) == ValuesMissing((8, 9))
    saved = await registry.remove_values(replace(remove, indexes=frozenset({1, 3})), by())
    assert [v.index for v in decode_values(saved.record.values)] == [100]
    saved = await registry.create(create(NAME, url(5), overwrite=True), by())
    assert (saved.kind, saved.record.version) == (ChangeKind.UPDATED, 5)


async def test_what_is_not_there(registry):
    name = handle(NAME)
    for method, command in (
        (registry.add_values, AddValues(handle=name, values=(url(),))),
        (registry.modify_values, ModifyValues(handle=name, values=(url(),))),
        (registry.remove_values, RemoveValues(handle=name, indexes=frozenset({1}))),
        (registry.delete, Delete(handle=name)),
        (registry.patch, Patch(handle=name, values=(url(),))),
    ):
        assert await method(command, by()) == Missing()
        assert await method(command, by(NOBODY)) == NOT_NAMED
    assert isinstance(await registry.create(create(overwrite=True), by()), Saved)
    assert isinstance(await registry.delete(Delete(handle=name), by()), Saved)
    assert await registry.delete(Delete(handle=name), by()) == Missing()
    assert isinstance(await registry.put(Put(handle=name, values=(url(),)), by()), Saved)


async def test_an_api_key_adds_single_values_too(registry):
    await registry.create(create(), asked())
    answer = await registry.add_values(AddValues(handle=handle(NAME), values=(url(2),)), asked())
    assert isinstance(answer, Saved)
    other = asked(api_key(enterprise=2))
    remove = RemoveValues(handle=handle(NAME), indexes=frozenset({2}))
    assert await registry.remove_values(remove, other) == Denied(NotYours())


async def test_values_without_the_write_bit_and_locked_records_bind(registry, world):
    fixed = url(2, b"fixed", permissions=0x0A)
    await stored(world, NAME, admin(), fixed)
    remove = RemoveValues(handle=handle(NAME), indexes=frozenset({2}))
    assert await registry.remove_values(remove, by()) == Protected((2,))
    overwrite = create(NAME, admin(), overwrite=True)
    assert await registry.create(overwrite, by()) == Protected((2,))
    await stored(world, NAME, admin(), url(), state=State.SUSPENDED, reason="why")
    locked = Locked(State.SUSPENDED, "why")
    for command in (remove, AddValues(handle=handle(NAME), values=(url(9),))):
        method = registry.remove_values if command is remove else registry.add_values
        assert isinstance(await method(command, by()), ValuesMissing | Locked)
    assert await registry.delete(Delete(handle=handle(NAME)), by()) == locked


async def test_an_identity_changes_no_states(registry):
    await registry.create(create(), by())
    reserve = Patch(handle=handle(NAME), state=State.RESERVED)
    assert not isinstance(await registry.patch(reserve, by()), Saved)


# whose HS_ADMIN counts


async def test_a_record_with_administrators_is_not_its_prefixs(registry, world):
    await stored(world, NAME, admin(NOBODY), url())
    delete = Delete(handle=handle(NAME))
    assert await registry.delete(delete, by()) == NOT_NAMED
    assert isinstance(await registry.delete(delete, by(NOBODY)), Saved)


async def test_a_record_without_administrators_is_its_prefixs(registry, world):
    await stored(world, NAME, url())
    assert await registry.delete(Delete(handle=handle(NAME)), by(NOBODY)) == NOT_NAMED
    assert isinstance(await registry.delete(Delete(handle=handle(NAME)), by()), Saved)


async def test_what_cannot_be_read_names_nobody_and_still_counts(registry, world):
    broken = Value(index=100, type="hs_admin", data=b"\0")
    await stored(world, NAME, broken, url())
    assert await registry.delete(Delete(handle=handle(NAME)), by()) == NOT_NAMED
    await stored(
        world, NAME, admin(HandleIdentity("no handle", 1)), admin(), replace(broken, index=7)
    )
    assert isinstance(await registry.delete(Delete(handle=handle(NAME)), by()), Saved)


async def test_several_values_add_up(registry, world):
    parts = [
        admin(permissions=bit, index=100 + n) for n, bit in enumerate((P.ADD_VALUE, P.ADD_ADMIN))
    ]
    await stored(world, NAME, *parts)
    command = AddValues(handle=handle(NAME), values=(url(), admin(index=300)))
    assert isinstance(await registry.add_values(command, by()), Saved)


async def test_index_0_is_any_key_of_that_handle(registry, world):
    await stored(world, NAME, admin(HandleIdentity(OWNER.handle, 0)))
    assert isinstance(await registry.delete(Delete(handle=handle(NAME)), by(OWNER)), Saved)


async def test_handles_are_compared_in_canonical_form(registry, world):
    # 0.NA names are folded whole, 88.300.2 folds suffixes, 88.300.1 does not.
    await stored(world, NAME, admin(HandleIdentity("0.na/88.300.1", 300)), url())
    assert isinstance(await registry.delete(Delete(handle=handle(NAME)), by()), Saved)
    for given, same in (("88.300.2/user", True), ("88.300.1/user", False)):
        await stored(world, NAME, admin(HandleIdentity(given, 1)))
        answer = await registry.delete(
            Delete(handle=handle(NAME)), by(HandleIdentity(given.replace("user", "USER"), 1))
        )
        assert isinstance(answer, Saved) == same


async def test_an_identity_of_another_node_may_be_named(registry, world):
    stranger = HandleIdentity("20.500.1/Bob", 300)
    await stored(world, NAME, admin(stranger))
    assert isinstance(await registry.delete(Delete(handle=handle(NAME)), by(stranger)), Saved)


# derived prefixes


async def test_records_of_derived_prefixes(registry, world):
    child = "0.NA/88.300.1.2"
    await grant(world, EVERYTHING & ~P.ADD_DERIVED_PREFIX)
    assert await registry.create(create(child, admin()), by()) == lacks(P.ADD_DERIVED_PREFIX)
    await grant(world, P.ADD_DERIVED_PREFIX)
    assert isinstance(await registry.create(create(child, admin()), by()), Saved)
    # Now names under it have a record to be judged by.
    assert isinstance(await registry.create(create("88.300.1.2/A"), by()), Saved)
    delete = Delete(handle=handle(child))
    assert await registry.delete(delete, by()) == lacks(P.DELETE_DERIVED_PREFIX)
    await grant(world, P.DELETE_DERIVED_PREFIX)
    assert isinstance(await registry.delete(delete, by()), Saved)


@pytest.mark.parametrize(
    "name", ["0.NA/88.300.1.5", "0.NA/88.300.10", "0.NA/88.300", "0.NA/88.300.1"]
)
async def test_what_was_allotted_is_nobodys_derived_prefix(registry, world, name):
    above = HandleIdentity("0.NA/88.300", 300)
    await stored(world, "0.NA/88.300", admin(above))
    for identity in (OWNER, above):
        answer = await registry.create(create(name, admin(identity), overwrite=False), by(identity))
        assert answer == NOT_NAMED, identity


async def test_the_record_of_ones_own_prefix_is_changed_and_not_deleted(registry):
    command = AddValues(handle=handle(PREFIX_RECORD), values=(url(9),))
    assert isinstance(await registry.add_values(command, by()), Saved)
    assert await registry.delete(Delete(handle=handle(PREFIX_RECORD)), by()) == NOT_NAMED


async def test_a_suspended_prefix_record_grants_nothing(registry, world):
    await stored(world, PREFIX_RECORD, admin(), state=State.SUSPENDED)
    assert await registry.create(create(), by()) == NOT_NAMED


async def test_names_of_a_delegated_prefix_are_written_where_they_live(registry, world):
    delegated = Delegated(Prefix.parse("88.300.1"), away=True)
    await world.write(Touched(), lambda _: (Writes(delegated=(delegated,)), None))
    assert await registry.create(create(), by()) == Denied(LivesElsewhere())
    # The record of the prefix itself lives here: it says where the names live.
    command = AddValues(handle=handle(PREFIX_RECORD), values=(url(9),))
    assert isinstance(await registry.add_values(command, by()), Saved)
    assert await registry.create(create("0.NA/88.300.1.2"), by()) == Denied(LivesElsewhere())


# groups

LIST = HandleIdentity("88.300.1/STAFF", 200)


async def test_a_group_and_a_group_in_a_group(registry, world):
    await stored(world, NAME, admin(LIST), url())
    await stored(world, LIST.handle, group(HandleIdentity("88.300.1/INNER", 200)))
    await stored(world, "88.300.1/INNER", group(NOBODY))
    assert isinstance(await registry.delete(Delete(handle=handle(NAME)), by(NOBODY)), Saved)


async def test_a_group_that_moved_away_names_nobody_here(registry, world):
    """What was left of it under a delegated prefix is kept up to date by nobody."""
    moved = HandleIdentity("88.300.10/STAFF", 200)
    await stored(world, NAME, admin(moved), url())
    await stored(world, moved.handle, group(NOBODY))
    change = ModifyValues(handle=handle(NAME), values=(url(1, b"x"),))
    assert isinstance(await registry.modify_values(change, by(NOBODY)), Saved)
    delegated = Delegated(Prefix.parse("88.300.10"), away=True)
    await world.write(Touched(), lambda _: (Writes(delegated=(delegated,)), None))
    other = Registry(world, GroupCommit(world), Prefixes(world), SEALS)
    assert await other.delete(Delete(handle=handle(NAME)), by(NOBODY)) == NOT_NAMED
    # The record of the prefix itself stays here.
    own = HandleIdentity("0.NA/88.300.10", 200)
    await stored(world, own.handle, group(NOBODY))
    await stored(world, NAME, admin(own), url())
    assert isinstance(await other.delete(Delete(handle=handle(NAME)), by(NOBODY)), Saved)


async def chain(store, length, last):
    lists = [HandleIdentity(f"88.300.1/L{n}", 200) for n in range(length)]
    await stored(store, NAME, admin(lists[0]), url())
    for one, following in pairwise([*lists, last]):
        await stored(store, one.handle, group(following))


@pytest.mark.parametrize(("length", "reaches"), [(MAX_DEPTH, True), (MAX_DEPTH + 1, False)])
async def test_groups_are_followed_so_deep(registry, world, length, reaches):
    await chain(world, length, NOBODY)
    answer = await registry.delete(Delete(handle=handle(NAME)), by(NOBODY))
    assert isinstance(answer, Saved) == reaches


async def test_a_group_that_holds_itself_ends(registry, world):
    await stored(world, NAME, admin(LIST), url())
    await stored(world, LIST.handle, group(LIST, HandleIdentity(NAME, 100), LIST))
    assert await registry.delete(Delete(handle=handle(NAME)), by(NOBODY)) == NOT_NAMED


@pytest.mark.parametrize(
    "inner",
    [
        Value(index=200, type="HS_VLIST", data=b"\0\0\0\7"),
        Value(index=200, type="URL", data=group(NOBODY).data),
        replace(group(NOBODY), index=201),
    ],
)
async def test_what_is_no_group_names_nobody(registry, world, inner):
    await stored(world, NAME, admin(LIST), url())
    await stored(world, LIST.handle, inner)
    assert await registry.delete(Delete(handle=handle(NAME)), by(NOBODY)) == NOT_NAMED


async def test_a_suspended_group_and_one_of_another_node_name_nobody(registry, world):
    await stored(world, NAME, admin(LIST), admin(HandleIdentity("20.500.1/G", 200), index=101))
    await stored(world, LIST.handle, group(NOBODY), state=State.SUSPENDED)
    assert await registry.delete(Delete(handle=handle(NAME)), by(NOBODY)) == NOT_NAMED


async def test_index_0_of_a_group_is_a_key_and_no_list(registry, world):
    await stored(world, NAME, admin(HandleIdentity(LIST.handle, 0)), url())
    await stored(world, LIST.handle, group(NOBODY))
    assert await registry.delete(Delete(handle=handle(NAME)), by(NOBODY)) == NOT_NAMED


async def test_the_records_that_are_read_are_bounded(registry, world):
    crowd = [HandleIdentity(f"88.300.1/G{n}", 200) for n in range(500)]
    await stored(world, NAME, admin(LIST), url())
    await stored(world, LIST.handle, group(*crowd))
    for one in crowd:
        await stored(world, one.handle, group(*crowd))
    world.fetches.clear()
    assert await registry.delete(Delete(handle=handle(NAME)), by(NOBODY)) == NOT_NAMED
    assert sum(map(len, world.fetches)) <= MAX_RECORDS
    assert len(world.fetches) <= MAX_DEPTH + 1


async def test_the_members_that_are_looked_at_are_bounded(registry, world):
    many = [HandleIdentity("88.300.1/NOT", n + 1) for n in range(2048)]
    for n in range(MAX_REFERENCES // 2048 + 1):
        await stored(world, f"88.300.1/G{n}", group(*many))
    lists = [HandleIdentity(f"88.300.1/G{n}", 200) for n in range(MAX_REFERENCES // 2048 + 1)]
    await stored(world, "88.300.1/LAST", group(NOBODY))
    admins = [admin(one, index=100 + n) for n, one in enumerate(lists)]
    await stored(world, NAME, *admins, admin(HandleIdentity("88.300.1/LAST", 200), index=150))
    assert await registry.delete(Delete(handle=handle(NAME)), by(NOBODY)) == NOT_NAMED


async def test_groups_beyond_the_bounds_are_not_even_read(registry, world):
    """One of 2,048 members takes a millisecond, and there may be hundreds in the records."""
    many = encode_vlist([Reference("88.300.1/NOT", n + 1) for n in range(2048)])
    lists = [Value(index=n, type="HS_VLIST", data=many) for n in range(1, 200)]
    await stored(world, "88.300.1/G", *lists)
    await stored(world, LIST.handle, group(*(HandleIdentity("88.300.1/G", n) for n in range(200))))
    await stored(world, NAME, admin(LIST), url())
    read = 0

    def count(frame, event, _):
        nonlocal read
        read += event == "call" and frame.f_code is decode_vlist.__code__

    sys.setprofile(count)
    try:
        answer = await registry.delete(Delete(handle=handle(NAME)), by(NOBODY))
    finally:
        sys.setprofile(None)
    assert answer == NOT_NAMED
    assert 1 < read <= 2 + MAX_REFERENCES // 2048


# server administrators


async def test_server_administrators_do_everything_that_lives_here(store):
    boss = HandleIdentity("0.NA/88.300", 300)
    commit = GroupCommit(store)
    registry = Registry(store, commit, Prefixes(store), SEALS, (HandleIdentity("0.na/88.300", 0),))
    for name in (NAME, "0.NA/88.300.10", "88.300/X", "88.300.10/A"):
        assert isinstance(await registry.create(create(name, admin()), by(boss)), Saved)
    assert await registry.create(create("88.300.7/A"), by(boss)) == Denied(Disabled())
    assert await registry.create(create("99/A"), by(boss)) == Denied(NotYours())
    assert isinstance(await registry.delete(Delete(handle=handle(NAME)), by(boss)), Saved)
    homed = await registry.homed(by(boss))
    assert Prefix.parse("88.300.10") in homed
    assert Prefix.parse("88.300.7") not in homed
    for other in (by(OWNER), asked(), by(HandleIdentity("no handle", 1))):
        assert await registry.homed(other) == NOT_NAMED


# the very version


class Restless(MemoryStore):
    """Changes a record right after the rights were gathered, so many times."""

    def __init__(self):
        super().__init__()
        self.restless = 0
        self.values = (admin(),)

    async def fetch(self, keys):
        found = await super().fetch(keys)
        if self.restless and PREFIX_RECORD in keys:
            self.restless -= 1
            await stored(self, PREFIX_RECORD, *self.values)
        return found


@pytest.fixture
async def restless():
    store = Restless()
    await store.home_prefix(entry("88.300.1", 0), audit())
    await stored(store, PREFIX_RECORD, admin())
    return store


async def test_rights_are_gathered_again_when_they_changed(restless):
    registry = Registry(restless, GroupCommit(restless), Prefixes(restless), SEALS)
    restless.restless = GATHERINGS - 1
    assert isinstance(await registry.create(create(), by()), Saved)
    restless.restless, restless.values = 1, (admin(NOBODY),)
    another = Registry(restless, GroupCommit(restless), Prefixes(restless), SEALS)
    assert await another.create(create("88.300.1/B"), by()) == NOT_NAMED
    assert "88.300.1/B" not in restless.records
    # What the first one kept is found out of date in its transaction.
    assert await registry.create(create("88.300.1/B"), by()) == NOT_NAMED


async def test_creating_again_and_again_reads_nothing_beforehand(registry, world):
    await registry.create(create(), by())
    world.fetches.clear()
    for number in range(5):
        assert isinstance(await registry.create(create(f"88.300.1/{number}"), by()), Saved)
    assert world.fetches == []
    delete = Delete(handle=handle(NAME))
    assert isinstance(await registry.delete(delete, by()), Saved)
    assert world.fetches == [(NAME,)]


async def test_few_small_records_are_kept(world):
    administrators = Administrators(world)
    directory = await world.directory()

    async def ask(name, **more):
        place = place_of(directory, handle(name))
        return await administrators.grants(OWNER, place, directory, own=False, **more)

    large = url(9, b"x" * KEPT_BYTES)
    await stored(world, PREFIX_RECORD, admin(), large)
    for _ in range(2):
        assert (await ask(NAME, fresh=False)).above == EVERYTHING
    assert world.fetches == [(PREFIX_RECORD,)] * 2
    for number in range(MAX_KEPT + 1):
        await ask(f"88.300.1.{number}/A", fresh=False)
    world.fetches.clear()
    await ask(f"88.300.1.{MAX_KEPT}/A", fresh=False)
    assert world.fetches == []
    await ask("88.300.1.0/A", fresh=False)
    await ask(f"88.300.1.{MAX_KEPT}/A")
    assert world.fetches == [("0.NA/88.300.1.0",), (f"0.NA/88.300.1.{MAX_KEPT}",)]


async def test_rights_that_change_all_the_time_are_given_up(restless):
    registry = Registry(restless, GroupCommit(restless), Prefixes(restless), SEALS)
    restless.restless = GATHERINGS
    with pytest.raises(StoreUnavailable, match="changes all the time"):
        await registry.create(create(), by())
    assert NAME not in restless.records


async def test_a_change_of_a_group_is_noticed(world):
    """The member is removed between gathering and deciding."""

    class Meddling(GroupCommit):
        async def submit(self, unit):
            if LIST.handle in unit.reads and not self.meddled:
                self.meddled = True
                await stored(world, LIST.handle, group(OWNER))
            return await super().submit(unit)

        meddled = False

    await stored(world, NAME, admin(LIST), url())
    await stored(world, LIST.handle, group(NOBODY))
    registry = Registry(world, Meddling(world), Prefixes(world), SEALS)
    assert await registry.delete(Delete(handle=handle(NAME)), by(NOBODY)) == NOT_NAMED


async def test_creating_under_one_prefix_does_not_wait_in_line(registry):
    names = [f"88.300.1/N{n}" for n in range(20)]
    answers = await asyncio.gather(*(registry.create(create(name), by()) for name in names))
    assert all(isinstance(answer, Saved) for answer in answers)


async def test_a_repeated_request_is_answered_as_the_first_time(registry):
    key = once(principal="identity:300:0.NA/88.300.1")
    first = await registry.create(create(), by(once=key))
    assert isinstance(first, Saved)
    again = await registry.create(create(), by(once=key))
    assert again.answer.body == repr(first).encode()


# reading and listing


async def test_what_an_identity_sees(registry, world):
    private, nobodys = url(2, b"p", permissions=0x0C), url(3, b"n", permissions=0x04)
    values = (admin(permissions=P.READ_VALUE), url(), private, nobodys)
    await stored(world, NAME, *values)
    assert [v.index for v in decode_values((await registry.read(handle(NAME), by())).values)] == [
        100,
        1,
        2,
    ]
    seen = await registry.read(handle(NAME), by(NOBODY))
    assert [v.index for v in decode_values(seen.values)] == [100, 1]
    await grant(world, EVERYTHING & ~P.READ_VALUE, NAME, url(), private)
    seen = await registry.read(handle(NAME), by())
    assert [v.index for v in decode_values(seen.values)] == [100, 1]
    await stored(world, NAME, url())
    assert (await registry.read(handle(NAME), by())).version == 3


@pytest.mark.parametrize(
    ("state", "reason", "message"),
    [
        (State.RESERVED, "", ""),
        (State.SUSPENDED, "", "suspended"),
        (State.REVOKED, "recalled", "revoked: recalled"),
    ],
)
async def test_what_is_not_active_is_not_shown(registry, world, state, reason, message):
    await stored(world, NAME, url(), state=state, reason=reason)
    assert await registry.read(handle(NAME), by()) == Missing(message)


async def test_reading_where_nothing_lives(registry):
    assert await registry.read(handle(NAME), by()) == Missing()
    assert await registry.read(handle("99/A"), by()) == Denied(NotYours())
    assert await registry.read(handle("88.300.7/A"), by()) == Denied(Disabled())


async def test_listing(registry, world):
    for name in ("A", "B", "C"):
        await registry.create(create(f"88.300.1/{name}"), by())
    prefix = Prefix.parse("88.300.1")
    first = await registry.list_handles(prefix, "", 2, by())
    assert first == Names(("88.300.1/A", "88.300.1/B"), "88.300.1/B", more=True)
    rest = await registry.list_handles(prefix, first.after, 2, by())
    assert rest == Names(("88.300.1/C",), "88.300.1/C", more=False)
    assert await registry.list_handles(prefix, rest.after, 2, by()) == Names(
        (), "88.300.1/C", more=False
    )
    assert await registry.list_handles(prefix, "", 2, by(NOBODY)) == NOT_NAMED
    assert (await registry.list_handles(prefix, "", 2, asked())).names == first.names
    await grant(world, EVERYTHING & ~P.LIST_HANDLES)
    assert await registry.list_handles(prefix, "", 2, by()) == lacks(P.LIST_HANDLES)
    elsewhere = Prefix.parse("99")
    assert await registry.list_handles(elsewhere, "", 2, by()) == Denied(NotYours())


async def test_batches_and_pages_are_not_for_identities(registry):
    assert await registry.page(Prefix.parse("88.300.1"), "", 10, by()) == NOT_NAMED
