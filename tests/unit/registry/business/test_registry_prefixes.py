"""Prefixes: states, hosting, routes, transfer, quotas, allotment by hand and by rule."""

import json
from ipaddress import ip_address
from itertools import count
from uuid import UUID

import pytest

from identifiers.changes import Enterprise
from identifiers.directory import PrefixEntry, PrefixKind
from identifiers.labels import Allotment, Range
from identifiers.names import Prefix
from identifiers.records import EMPTY_VALUES, State
from identifiers.routing import Endpoint, endpoints_of
from identifiers.standings import Hosting, PrefixState
from identifiers.values import Value
from identifiers.wire.handle.values import decode_values, encode_values
from registry.allotment import BelowAnother, InUse, StillBelow
from registry.answers import Faulty
from registry.business.hosting import Hostings, told_by
from registry.business.prefixes import (
    Allotting,
    Holdings,
    Moving,
    NoPrefix,
    NotActive,
    NotFrom,
    Rule,
)
from storage.memory.prefixes import MemoryPrefixes
from tests.contracts.units import AUDIT, put
from tests.unit.registry.business.conftest import ROOT, by

OWN, BELOW, OTHER = map(Prefix.parse, ("88.300.1", "88.300.1.5", "88.300.2"))
ON, OFF, GOING = PrefixState.ENABLED, PrefixState.DISABLED, PrefixState.TO_BE_DELETED
FAR = Endpoint(address=ip_address("203.0.113.7"), tcp=2641, udp=2641, http=8000)
FAR_6 = Endpoint(address=ip_address("2001:db8::7"), tcp=2641)


class Told:
    """Counts how often it was told that the picture changed."""

    times = 0

    def __call__(self):
        self.times += 1


@pytest.fixture
async def books(store, business):
    for name in ("甲矿业", "乙物流"):
        await store.add_enterprise(Enterprise(id=0, name=name), AUDIT)
    for prefix, enterprise in ((OWN, 1), (BELOW, 1), (OTHER, 2)):
        entry = PrefixEntry(prefix=prefix, kind=PrefixKind.ENTERPRISE, enterprise=enterprise)
        await store.home_prefix(entry, AUDIT)
    clock = count(1_770_000_000_000)
    return MemoryPrefixes(store, business, lambda: next(clock))


@pytest.fixture
def told():
    return Told()


@pytest.fixture
def change():
    numbers = count(1)
    return lambda _: UUID(int=next(numbers))


@pytest.fixture
def holdings(books, change, told):
    return Holdings(books, change, told)


@pytest.fixture
def hostings(books, change, told):
    return Hostings(books, change, told)


def details(store, action):
    found = [entry for entry in store.audited if entry.action == action]
    return [(entry.subject, json.loads(entry.detail)) for entry in found]


async def enabled(store, prefix):
    return (await store.directory()).exact(str(prefix)).enabled


# states


async def test_a_prefix_is_switched_off_and_on_with_a_reason(holdings, store, told):
    off = await holdings.switch(OWN, OFF, "欠费", by("admin"))
    assert (off.state, off.reason, off.version) == (OFF, "欠费", 2)
    assert not await enabled(store, OWN)
    assert await holdings.switch(OWN, OFF, "欠费", by()) == off
    on = await holdings.switch(OWN, ON, "", by())
    assert (on.state, on.reason) == (ON, "")
    assert await enabled(store, OWN)
    assert details(store, "prefix.state") == [
        (
            "88.300.1",
            {
                "from": {"state": "enabled", "reason": ""},
                "to": {"state": "disabled", "reason": "欠费"},
            },
        ),
        (
            "88.300.1",
            {
                "from": {"state": "disabled", "reason": "欠费"},
                "to": {"state": "enabled", "reason": ""},
            },
        ),
    ]
    assert told.times == 3


async def test_what_is_to_be_deleted_is_first_switched_off_again(holdings):
    assert (await holdings.switch(OWN, GOING, "离开", by())).state is GOING
    assert await holdings.switch(OWN, ON, "", by()) == NotFrom(GOING, ON)
    assert (await holdings.switch(OWN, OFF, "误操作", by())).state is OFF
    assert (await holdings.switch(OWN, ON, "", by())).state is ON


@pytest.mark.parametrize("then", [PrefixState.WAITING, PrefixState.IN_REVIEW, PrefixState.REJECTED])
async def test_what_reviews_decide_is_not_switched(holdings, then):
    assert await holdings.switch(OWN, then, "x", by()) == NotFrom(ON, then)


async def test_why_a_prefix_is_switched_off_is_said(holdings):
    refused = await holdings.switch(OWN, OFF, " ", by())
    assert [(fault.pointer, fault.code) for fault in refused.faults] == [("/reason", "empty")]
    assert await holdings.switch(Prefix.parse("88.300.9"), OFF, "x", by()) == NoPrefix()


async def test_a_secondary_prefix_stays_on_while_others_stand_on_it(holdings):
    assert await holdings.switch(ROOT, OFF, "x", by()) == StillBelow(OWN, 3)
    assert (await holdings.switch(ROOT, ON, "", by())).state is ON


async def test_what_is_unused_and_to_be_deleted_is_removed(holdings, store):
    assert await holdings.remove(OTHER, by()) == NotFrom(ON, GOING)
    await put(store, "88.300.2/A")
    await holdings.switch(OTHER, GOING, "x", by())
    assert await holdings.remove(OTHER, by()) == InUse()
    await holdings.switch(BELOW, GOING, "x", by())
    assert (await holdings.remove(BELOW, by())).prefix == BELOW
    assert (await store.directory()).exact(str(BELOW)) is None
    assert await holdings.remove(BELOW, by()) == NoPrefix()
    assert details(store, "prefix.remove") == [("88.300.1.5", {"enterprise": 1})]


# hosting and routes


async def test_who_handed_a_prefix_on_says_no_more_where_it_lives(holdings, hostings):
    former = by(enterprise=1)
    await holdings.transfer(OWN, 2, by())
    assert await hostings.route(OWN, (FAR,), former) == NoPrefix()
    assert await hostings.host(OWN, Hosting.NOT_HOSTED, "", former) == NoPrefix()
    heir = by(enterprise=2)
    assert (await hostings.route(OWN, (FAR,), heir)).routed


async def test_names_are_routed_elsewhere_and_back(hostings, store):
    await put(store, "88.300.1/A")
    routed = await hostings.route(OWN, (FAR, FAR_6), by("key:1"))
    assert (routed.routed, routed.hosting) == (True, Hosting.NOT_HOSTED)
    record = await store.record("0.NA/88.300.1")
    types = [value.type for value in decode_values(record.values)]
    assert types == ["HS_SITE", "HS_SITE.PREFIX", "HS_SITE.6", "HS_SITE.PREFIX"]
    assert told_by(record) == (FAR, FAR_6)
    entry = (await store.directory()).exact("88.300.1")
    assert [value.type for value in entry.routes.names] == ["HS_SITE", "HS_SITE.6"]
    assert await hostings.route(OWN, (FAR, FAR_6), by()) == routed
    assert (await store.record("0.NA/88.300.1")).version == record.version
    other = await hostings.route(OWN, (FAR_6,), by())
    assert told_by(await store.record("0.NA/88.300.1")) == (FAR_6,)
    assert other.version == routed.version + 1
    back = await hostings.host(OWN, Hosting.HOSTED, "", by("admin"))
    assert (back.routed, back.hosting) == (False, Hosting.HOSTED)
    assert (await store.directory()).exact("88.300.1").routes is None
    assert told_by(await store.record("0.NA/88.300.1")) == ()
    assert await hostings.host(OWN, Hosting.HOSTED, "", by()) == back
    (subject, detail) = details(store, "prefix.route")[0]
    assert subject == "88.300.1"
    assert detail["sites"][0] == {"address": "203.0.113.7", "tcp": 2641, "udp": 2641, "http": 8000}
    assert detail["to"] == {"hosting": "not_hosted", "routed": True}


async def test_hosting_is_asked_for_refused_and_granted(hostings, store):
    await hostings.route(OWN, (FAR,), by())
    asked = await hostings.host(OWN, Hosting.APPLIED, "", by())
    assert (asked.hosting, asked.routed) == (Hosting.APPLIED, True)
    assert (await hostings.route(OWN, (FAR_6,), by())).hosting is Hosting.APPLIED
    refused = await hostings.host(OWN, Hosting.REJECTED, "容量不足", by())
    assert (refused.hosting, refused.reason, refused.routed) == (
        Hosting.REJECTED,
        "容量不足",
        True,
    )
    assert isinstance(await hostings.host(OWN, Hosting.REJECTED, "", by()), Faulty)
    assert await hostings.host(OWN, Hosting.HOSTED, "", by()) == NotFrom(
        Hosting.REJECTED, Hosting.HOSTED
    )
    await hostings.host(OWN, Hosting.APPLIED, "", by())
    assert (await hostings.host(OWN, Hosting.NOT_HOSTED, "", by())).hosting is Hosting.NOT_HOSTED
    await hostings.host(OWN, Hosting.APPLIED, "", by())
    assert (await hostings.host(OWN, Hosting.HOSTED, "", by())).hosting is Hosting.HOSTED
    assert (await store.directory()).exact("88.300.1").routes is None


async def test_who_leaves_the_hosting_registers_nothing_here_until_a_route_is_told(hostings, store):
    await hostings.host(OWN, Hosting.NOT_HOSTED, "", by())
    assert (await store.directory()).exact("88.300.1").unhosted
    await hostings.route(OWN, (FAR,), by())
    assert not (await store.directory()).exact("88.300.1").unhosted


async def test_routes_are_for_approved_prefixes(hostings, holdings):
    assert await hostings.route(ROOT, (FAR,), by()) == NoPrefix()
    assert await hostings.host(ROOT, Hosting.APPLIED, "", by()) == NoPrefix()
    await holdings.switch(OWN, OFF, "x", by())
    assert await hostings.route(OWN, (FAR,), by()) == NotFrom(OFF, ON)


# transfer


def value(index, kind):
    return Value(index=index, type=kind, data=b"x")


async def test_a_prefix_goes_to_another_enterprise_without_the_keys_of_the_first(holdings, store):
    kept = value(1, "HS_SITE")
    own = (kept, value(100, "HS_ADMIN"), value(300, "HS_PUBKEY"), value(301, "HS_SECKEY"))
    await put(store, "0.NA/88.300.1", encode_values(own))
    await put(store, "0.NA/88.300.1.5", encode_values([value(200, "HS_VLIST")]))
    await put(store, "88.300.1/A")
    given = await holdings.transfer(OWN, 2, by("admin"))
    assert (given.enterprise, given.state) == (2, ON)
    directory = await store.directory()
    assert {str(e.prefix): e.enterprise for e in directory.entries} == {
        "88.300": 0,
        "88.300.1": 2,
        "88.300.1.5": 2,
        "88.300.2": 2,
    }
    record = await store.record("0.NA/88.300.1")
    assert decode_values(record.values) == (kept,)
    gone = await store.record("0.NA/88.300.1.5")
    assert (gone.state, gone.values) == (State.DELETED, EMPTY_VALUES)
    assert (await store.record("88.300.1/A")).version == 1
    told = details(store, "prefix.transfer")
    both = {"from": {"enterprise": 1}, "to": {"enterprise": 2}}
    assert told == [("88.300.1", both), ("88.300.1.5", both)]
    assert given.holder == "乙物流"
    assert await holdings.transfer(OWN, 2, by()) == given
    assert len(details(store, "prefix.transfer")) == 2


async def test_what_cannot_be_transferred(holdings):
    assert await holdings.transfer(Prefix.parse("88.300.9"), 2, by()) == NoPrefix()
    assert await holdings.transfer(ROOT, 2, by()) == NoPrefix()
    assert await holdings.transfer(OWN, 9, by()) == NotActive(9)
    assert await holdings.transfer(BELOW, 2, by()) == BelowAnother(OWN)


async def test_a_transfer_looks_again_when_prefixes_below_come_meanwhile(books, change, store):
    class Restless:
        """Has another prefix below each time that somebody has looked."""

        numbers = count(10)

        async def post(self, about, decide):
            answer = await books.post(about, decide)
            if not about.prefixes:
                prefix = Prefix.parse(f"88.300.1.{next(self.numbers)}")
                entry = PrefixEntry(prefix=prefix, kind=PrefixKind.ENTERPRISE, enterprise=1)
                await store.home_prefix(entry, AUDIT)
            return answer

    assert await Holdings(Restless(), change).transfer(OWN, 2, by()) == Moving()
    assert (await store.directory()).exact("88.300.1").enterprise == 1


# quotas, allotment


async def test_a_quota_is_set_and_taken_away(holdings, store):
    assert (await holdings.limit(OWN, 5, by())).quota == 5
    assert (await store.directory()).exact("88.300.1").quota == 5
    await holdings.limit(OWN, 5, by())
    assert (await holdings.limit(OWN, None, by())).quota is None
    assert [told for _, told in details(store, "prefix.quota")] == [
        {"from": {"quota": None}, "to": {"quota": 5}},
        {"from": {"quota": 5}, "to": {"quota": None}},
    ]
    assert isinstance(await holdings.limit(OWN, -1, by()), Faulty)
    assert await holdings.limit(Prefix.parse("88.300.9"), 1, by()) == NoPrefix()


async def test_allotment_by_the_rule_of_the_root(holdings, store):
    rule = Rule(ROOT, Allotment(first=1, digits=3, reserved=(Range(1, 7),)))
    assert await holdings.regulate(rule, by()) == rule
    assert await holdings.regulate(rule, by()) == rule
    assert len(details(store, "prefix.rule")) == 1
    given = await holdings.allot(Allotting(enterprise=2, root=ROOT, quota=7), by())
    assert (str(given.prefix), given.enterprise, given.quota, given.holder) == (
        "88.300.008",
        2,
        7,
        "乙物流",
    )
    assert given.approved_at > 0
    none = Rule(ROOT, Allotment(reserved=(Range(1, 10**11),)))
    await holdings.regulate(none, by())
    refused = await holdings.allot(Allotting(enterprise=2, root=ROOT), by())
    assert [fault.code for fault in refused.faults] == ["prefix.none_left"]


async def test_allotment_by_hand_knows_no_reserved_numbers(holdings):
    await holdings.regulate(Rule(ROOT, Allotment(reserved=(Range(1, 99),))), by())
    wanted = Allotting(enterprise=2, prefix=Prefix.parse("88.300.8"), hosted=False)
    given = await holdings.allot(wanted, by())
    assert (str(given.prefix), given.hosting) == ("88.300.8", Hosting.NOT_HOSTED)
    again = await holdings.allot(wanted, by())
    assert (again.prefix, again.version, again.hosting) == (given.prefix, 1, given.hosting)


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({}, "required"),
        ({"root": OWN}, "prefix.root"),
        ({"prefix": Prefix.parse("88.300.1")}, "prefix.taken"),
        ({"prefix": Prefix.parse("88.300.1.7")}, "prefix.below"),
        ({"prefix": Prefix.parse("99.1")}, "prefix.outside"),
        ({"prefix": Prefix.parse(f"88.300.{'1' * 60}")}, "too_long"),
    ],
)
async def test_what_is_not_allotted(holdings, wanted, code):
    refused = await holdings.allot(Allotting(enterprise=2, **wanted), by())
    assert [fault.code for fault in refused.faults] == [code]


async def test_who_is_no_enterprise_gets_nothing(holdings):
    assert await holdings.allot(Allotting(enterprise=9, root=ROOT), by()) == NotActive(9)
    refused = await holdings.regulate(Rule(OWN, Allotment()), by())
    assert [fault.code for fault in refused.faults] == ["prefix.root"]


async def test_routes_that_others_wrote_are_told_as_far_as_they_are_such():
    assert endpoints_of([value(1, "HS_SITE"), value(2, "URL")]) == ()
