"""Delegating a prefix and taking it back: what is written, and what an operator is told."""

from ipaddress import ip_address
from uuid import UUID

import pytest
from msgspec.structs import replace

from identifiers.changes import Enterprise
from identifiers.names import Prefix
from identifiers.principals import Operator
from identifiers.records import State
from identifiers.routes import routes_of
from identifiers.values import Value
from identifiers.wire.handle.site import Server, Site, SiteFlag, decode_site
from identifiers.wire.handle.values import decode_values, encode_values
from registry.administration import Administration, Delegation, Ordered
from registry.allotment import Unallotted
from registry.delegation import interfaces, routed
from storage.memory import MemoryStore
from tests.unit.registry.world import NOW, PEPPER, entry

PREFIX = Prefix.parse("88.300.1")
ORDERED = Ordered(operator=Operator("root"), at=NOW * 1000, request_id="r")
CHANGE = UUID(int=1)


def site(*hosts, key=b""):
    return Site(
        serial=1,
        servers=tuple(
            Server(id=n, address=ip_address(host), public_key=key, interfaces=interfaces(2641))
            for n, host in enumerate(hosts, 1)
        ),
    )


@pytest.fixture
async def store():
    store = MemoryStore()
    office = Administration(store, PEPPER)
    await office.add_enterprise(Enterprise(id=0, name="first"), ORDERED)
    for prefix, owner in (("88.300", 0), ("88.300.1", 1)):
        await office.home_prefix(entry(prefix, owner), ORDERED)
    return store


@pytest.fixture
def office(store):
    return Administration(store, PEPPER)


def values_of(record):
    return decode_values(record.values)


async def test_mark_and_routes_are_written_and_audited(office, store):
    one = site("192.0.2.1", "192.0.2.2", key=b"key")
    record = await office.delegate(Delegation(PREFIX, (one,)), CHANGE, ORDERED)
    entry = (await store.directory()).exact("88.300.1")
    assert entry.routes == routes_of(record.values)
    (of_names,), (of_derived,) = entry.routes.names, entry.routes.derived
    assert decode_site(of_names.data) == one
    assert of_derived.data == of_names.data
    assert (store.audited[-1].action, store.audited[-1].subject) == ("prefix.delegate", "88.300.1")
    assert store.changes[-1].change == CHANGE


async def test_a_prefix_is_taken_back(office, store):
    await office.delegate(Delegation(PREFIX, (site("192.0.2.1"),)), CHANGE, ORDERED)
    record = await office.delegate(Delegation(PREFIX), CHANGE, ORDERED)
    assert (record.state, record.version) == (State.DELETED, 2)
    assert (await store.directory()).exact("88.300.1").routes is None
    assert store.audited[-1].action == "prefix.take_back"
    assert await office.delegate(Delegation(PREFIX), CHANGE, ORDERED) is None


@pytest.mark.parametrize("prefix", ["88.300", "88.300.1.7", "88.300.9", "99"])
async def test_only_what_an_enterprise_has_is_delegated(office, store, prefix):
    wanted = Delegation(Prefix.parse(prefix), (site("192.0.2.1"),))
    before = len(store.audited)
    assert await office.delegate(wanted, CHANGE, ORDERED) == Unallotted()
    assert len(store.audited) == before


def test_other_values_of_the_record_stay_where_they_are():
    admin = Value(index=1, type="HS_ADMIN", data=b"a", timestamp=5)
    key = Value(index=300, type="HS_PUBKEY", data=b"k", timestamp=6)
    old = Value(index=2, type="hs_site", data=b"?", timestamp=7)
    first = routed(None, PREFIX, [site("192.0.2.1")], NOW)
    stored = replace(first, values=encode_values((admin, old, key)))
    record = routed(stored, PREFIX, [site("192.0.2.1"), site("2001:db8::1")], NOW)
    assert record.version == stored.version + 1
    values = values_of(record)
    assert values[:2] == (admin, key)
    assert [(v.index, v.type, v.timestamp) for v in values[2:]] == [
        (2, "HS_SITE", NOW),
        (3, "HS_SITE.PREFIX", NOW),
        (4, "HS_SITE.6", NOW),
        (5, "HS_SITE.PREFIX", NOW),
    ]
    back = routed(record, PREFIX, (), NOW + 1)
    assert values_of(back) == (admin, key)
    assert back.state is State.ACTIVE


def test_the_first_site_is_the_primary():
    record = routed(None, PREFIX, [site("192.0.2.1"), site("192.0.2.2")], NOW)
    flags = [decode_site(value.data).flags for value in values_of(record)]
    assert flags == [SiteFlag.PRIMARY, SiteFlag.PRIMARY, 0, 0]


def test_the_serial_rises_with_each_change():
    record = None
    for serial in (1, 2, 3):
        record = routed(record, PREFIX, [site("192.0.2.1")], NOW)
        assert {decode_site(value.data).serial for value in values_of(record)} == {serial}
