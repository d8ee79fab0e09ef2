"""Who administers a prefix over the Handle protocol, as the operator says."""

from uuid import UUID

import pytest

from identifiers.names import Prefix
from identifiers.principals import HandleIdentity, Operator
from identifiers.records import State
from identifiers.values import Value
from identifiers.wire.handle.data import Admin, decode_admin
from identifiers.wire.handle.values import decode_values
from registry.administration import Administration, Ordered
from registry.allotment import Unallotted
from registry.answers import Saved
from registry.appointment import Appointment, IndexTaken
from registry.commands import Create
from tests.unit.registry.handles import OWNER, admin, stored, url
from tests.unit.registry.world import NOW, PEPPER, SEALS, asked, handle

NAME = "0.NA/88.300.1"
CHANGE = UUID(int=7)


def ordered(at=NOW * 1000):
    return Ordered(operator=Operator("root"), at=at, request_id="r")


def wanted(prefix="88.300.1", **more):
    return Appointment(prefix=Prefix.parse(prefix), **{"secret": b"s3cret", **more})


@pytest.fixture
def appoint(store):
    office = Administration(store, PEPPER)

    async def work(appointment, at=NOW * 1000):
        return await office.appoint(appointment, SEALS, CHANGE, ordered(at))

    return work


def values(store, name=NAME):
    return {v.index: v for v in decode_values(store.records[name].values)}


async def test_a_secret_key(appoint, store, registry):
    assert await appoint(wanted()) == OWNER
    kept = values(store)
    assert decode_admin(kept[100].data) == Admin(0xFFF, NAME, 300)
    assert (kept[300].type, kept[300].permissions) == ("HS_SECKEY", 0x0C)
    assert SEALS.opened(NAME, kept[300]) == b"s3cret"
    (entry,) = store.audited
    assert (entry.actor, entry.action, entry.subject) == (
        "operator:root",
        "prefix.admin",
        "88.300.1",
    )
    assert b"s3cret" not in entry.detail
    create = Create(handle=handle("88.300.1/A"), values=(url(),))
    assert isinstance(await registry.create(create, asked(OWNER)), Saved)


async def test_a_public_key_at_another_index(appoint, store):
    assert await appoint(wanted(public_key=b"key", index=301)) == HandleIdentity(NAME, 301)
    kept = values(store)
    assert (kept[301].type, kept[301].data, kept[301].permissions) == ("HS_PUBKEY", b"key", 0x0E)


async def test_the_same_again_changes_nothing(appoint, store):
    await appoint(wanted())
    assert await appoint(wanted(), NOW * 1000 + 60_000) == OWNER
    assert store.records[NAME].version == 1
    assert len(store.audited) == 2


async def test_a_new_key_takes_the_place_of_the_old(appoint, store):
    await appoint(wanted())
    await appoint(wanted(public_key=b"key"), NOW * 1000 + 60_000)
    kept = values(store)
    assert kept.keys() == {100, 300}
    assert (kept[300].type, kept[300].timestamp) == ("HS_PUBKEY", NOW + 60)
    assert kept[100].timestamp == NOW


async def test_others_and_other_values_stay(appoint, store):
    other = admin(HandleIdentity("88.300.10/B", 300))
    broken = Value(index=101, type="HS_ADMIN", data=b"?")
    await stored(store, NAME, other, broken, url(1), state=State.SUSPENDED, reason="why")
    await appoint(wanted())
    kept = values(store)
    assert list(kept) == [100, 101, 1, 102, 300]
    assert decode_admin(kept[102].data).handle == NAME
    record = store.records[NAME]
    assert (record.state, record.reason, record.version) == (State.SUSPENDED, "why", 2)


async def test_an_administrator_with_less_gets_everything(appoint, store):
    await stored(store, NAME, admin(HandleIdentity("0.na/88.300.1", 300), 0x001, index=7))
    await appoint(wanted())
    assert list(values(store)) == [7, 300]
    assert decode_admin(values(store)[7].data).permissions == 0xFFF


async def test_a_key_replaces_keys_only(appoint, store):
    await appoint(wanted())
    assert await appoint(wanted(index=100)) == IndexTaken("HS_ADMIN")
    assert store.records[NAME].version == 1
    # Where nothing is, any index will do, and HS_ADMIN makes room.
    await appoint(wanted("88.300.10", index=100))
    assert {v.index: v.type for v in values(store, "0.NA/88.300.10").values()} == {
        101: "HS_ADMIN",
        100: "HS_SECKEY",
    }


@pytest.mark.parametrize(
    ("prefix", "lives_here"),
    [("88.300", True), ("88.300.1.2", True), ("88.300.99", False), ("99", False)],
)
async def test_prefixes_that_live_here(appoint, store, prefix, lives_here):
    answer = await appoint(wanted(prefix))
    assert isinstance(answer, Unallotted) != lives_here
    assert (f"0.NA/{prefix}" in store.records) == lives_here


async def test_a_deleted_record_is_made_anew(appoint, store):
    await stored(store, NAME, url(), state=State.DELETED)
    await appoint(wanted())
    assert (store.records[NAME].version, store.records[NAME].state) == (2, State.ACTIVE)
    assert values(store).keys() == {100, 300}


def test_a_secret_is_in_no_repr():
    assert "s3cret" not in repr(wanted())
