import json
from ipaddress import ip_network

import msgspec
import pytest

from identifiers.changes import Enterprise
from identifiers.directory import PrefixKind
from identifiers.faults import Fault
from identifiers.names import Prefix
from identifiers.principals import Operator, Scope
from identifiers.records import EMPTY_VALUES, Record, State
from registry.administration import Administration, KeyTerms, NoEnterprise, Ordered
from registry.allotment import (
    BelowAnother,
    GivenUp,
    Homed,
    InUse,
    OutsideRoots,
    Ownerless,
    StillBelow,
    Taken,
    Unallotted,
    UnderReview,
)
from registry.answers import Faulty
from registry.keys import MAX_LIFE_SECONDS, KeyRing
from storage.memory import MemoryStore
from tests.unit.registry.world import EVERYTHING, NOW, PEPPER, entry

CHANCE = bytes(range(41))
CREDIT_CODE = "91969696MA0000001F"


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def office(store):
    return Administration(store, PEPPER)


def ordered(request_id="r"):
    return Ordered(operator=Operator("root"), at=NOW * 1000 + 7, request_id=request_id)


def company(name="山西示例煤业", **more):
    return Enterprise(id=0, name=name, **more)


def terms(**more):
    return KeyTerms(**{"enterprise": 1, "scopes": EVERYTHING, "life": 3600, **more})


@pytest.fixture
async def world(office):
    for name in ("first", "second"):
        await office.add_enterprise(company(name), ordered())
    for prefix, owner in (("88.300", 0), ("88.300.1", 1), ("88.300.10", 2)):
        await office.home_prefix(entry(prefix, owner), ordered())
    return office


async def test_enterprises_are_numbered_and_audited(office, store):
    number = await office.add_enterprise(company(industry="B06"), ordered("req-1"))
    assert number == 1
    assert (await store.enterprises())[0].name == "山西示例煤业"
    (audited,) = store.audited
    assert (audited.actor, audited.action, audited.subject, audited.request, audited.at) == (
        "operator:root",
        "enterprise.add",
        "山西示例煤业",
        "req-1",
        NOW * 1000 + 7,
    )
    assert json.loads(audited.detail)["industry"] == "B06"


@pytest.mark.parametrize(
    ("name", "code"), [("", "empty"), ("  ", "empty"), ("x" * 256, "too_long"), ("a\0b", "nul")]
)
async def test_enterprises_need_a_name(office, store, name, code):
    answer = await office.add_enterprise(company(name), ordered())
    assert [f.code for f in answer.faults] == [code]
    assert store.audited == []


async def test_faults_of_an_enterprise_are_named_at_once(office, store):
    wrong = company(" ", credit_code=f"{CREDIT_CODE[:17]}0", industry="abc")
    answer = await office.add_enterprise(wrong, ordered())
    assert [(f.pointer, f.code) for f in answer.faults] == [
        ("/name", "empty"),
        ("/credit_code", "enterprise.credit_code"),
        ("/industry", "enterprise.industry"),
    ]
    assert store.audited == []


async def test_a_class_of_trade_is_one_of_the_standard(office, store):
    answer = await office.add_enterprise(company(industry="9999"), ordered())
    assert [(f.pointer, f.code) for f in answer.faults] == [("/industry", "industry.code")]
    assert store.audited == []


@pytest.mark.parametrize(
    ("prefix", "owner", "answer"),
    [
        ("88.300.2", 1, Homed),
        ("88.300.1.7", 1, Homed),
        ("88.301", 0, Homed),
        ("88.300.1", 1, Taken(same=True)),
        ("88.300.1", 2, Taken(same=False, enterprise=1)),
        ("88.300.1", 0, Taken(same=False, enterprise=1)),
        ("88.300", 1, Taken(same=False)),
        ("88.300.1.7", 2, BelowAnother(Prefix.parse("88.300.1"))),
        ("88.300.10.7.8", 1, BelowAnother(Prefix.parse("88.300.10"))),
        ("88.400.1", 1, OutsideRoots()),
        ("88.3001", 1, OutsideRoots()),
        ("88.300.2", 9, NoEnterprise()),
        ("88.300." + "1" * 60, 1, Faulty),
    ],
)
async def test_prefixes_are_allotted_below_the_nodes_own(world, store, prefix, owner, answer):
    before = len(store.audited)
    told = await world.home_prefix(entry(prefix, owner), ordered())
    assert told == answer or type(told) is answer
    assert len(store.audited) == before + isinstance(told, Homed)
    if isinstance(told, Homed):
        there = (await store.directory()).exact(prefix)
        kind = PrefixKind.ENTERPRISE if owner else PrefixKind.SECONDARY
        assert (there.enterprise, there.kind) == (owner, kind)


def known(store):
    return {str(e.prefix): e.enabled for e in store._prefixes.values()}


async def test_what_is_applied_for_is_not_homed_beside_the_review(world, store):
    waiting = msgspec.structs.replace(entry("88.300.9", 1), enabled=False, applied=True)
    store.keep_prefix(waiting)
    assert await world.home_prefix(waiting, ordered()) == UnderReview()


async def test_what_is_given_up_is_restored_as_it_was(world, store):
    await world.home_prefix(
        msgspec.structs.replace(entry("88.300.2", 1), fold_suffix=True), ordered()
    )
    prefix = Prefix.parse("88.300.2")
    await world.vouch_no_more(prefix, ordered())
    before = (await store.directory()).exact("88.300.2")
    audited = len(store.audited)
    for _ in range(2):
        assert await world.give_up(prefix, ordered("gone")) == GivenUp()
    assert not (await store.directory()).exact("88.300.2").enabled
    other = await world.home_prefix(entry("88.300.2", 2), ordered())
    assert other == Taken(same=False, enterprise=1)
    seeded = await world.home_prefix(entry("88.300.2", 1), ordered(), restoring=False)
    assert seeded == Taken(same=True)
    again = await world.home_prefix(entry("88.300.2", 1), ordered("again"))
    assert isinstance(again, Homed)
    assert (await store.directory()).exact("88.300.2") == before
    actions = [(a.action, a.subject, a.request) for a in store.audited[audited:]]
    assert actions == [
        ("prefix.unhome", "88.300.2", "gone"),
        ("prefix.home", "88.300.2", "again"),
    ]


@pytest.mark.parametrize(
    ("prefix", "answer"),
    [
        ("88.300", StillBelow(Prefix.parse("88.300.1"), 2)),
        ("88.300.1.7", Unallotted()),
        ("99.1", Unallotted()),
    ],
)
async def test_what_cannot_be_given_up(world, store, prefix, answer):
    before = known(store), len(store.audited)
    assert await world.give_up(Prefix.parse(prefix), ordered()) == answer
    assert (known(store), len(store.audited)) == before


async def test_a_secondary_prefix_is_given_up_last_and_restored_first(world, store):
    for prefix in ("88.300.1", "88.300.10", "88.300"):
        assert await world.give_up(Prefix.parse(prefix), ordered()) == GivenUp()
    assert not any(known(store).values())
    assert await world.home_prefix(entry("88.300.1", 1), ordered()) == OutsideRoots()
    for prefix, owner in (("88.300", 0), ("88.300.1", 1)):
        assert isinstance(await world.home_prefix(entry(prefix, owner), ordered()), Homed)
    assert known(store) == {"88.300": True, "88.300.1": True, "88.300.10": False}


@pytest.mark.parametrize(
    ("prefix", "answer"),
    [
        ("88.300.2", Ownerless(Prefix.parse("88.300"))),
        ("88.300.1.7", Ownerless(Prefix.parse("88.300.1"), 1)),
        ("88.3001", Homed),
        ("88", Homed),
        ("88.300", Taken(same=True)),
    ],
)
async def test_an_own_prefix_below_another_has_to_be_wanted(world, store, prefix, answer):
    before = len(store.audited)
    told = await world.home_prefix(entry(prefix, 0), ordered(), nested=False)
    assert told == answer or type(told) is answer
    assert len(store.audited) == before + isinstance(told, Homed)


@pytest.mark.parametrize("given_up", [False, True])
async def test_an_own_prefix_becomes_an_enterprises_while_nothing_is_there(world, store, given_up):
    await world.home_prefix(entry("88.300.2", 0), ordered())
    prefix = Prefix.parse("88.300.2")
    if given_up:
        assert await world.give_up(prefix, ordered()) == GivenUp()
    folding = msgspec.structs.replace(entry("88.300.2", 2), fold_suffix=True)
    assert await world.home_prefix(folding, ordered("over")) == Homed(folding)
    assert (await store.directory()).exact("88.300.2") == folding
    last = store.audited[-1]
    assert (last.action, last.subject, last.request) == ("prefix.home", "88.300.2", "over")
    assert json.loads(last.detail) == {"kind": "enterprise", "enterprise": 2}
    back = await world.home_prefix(entry("88.300.2", 0), ordered())
    assert back == Taken(same=False, enterprise=2)


def record(key, state=State.ACTIVE):
    return Record(key=key, name=key, version=1, state=state, values=EMPTY_VALUES, changed_at=NOW)


@pytest.mark.parametrize("handle", ["88.300.2/A", "0.NA/88.300.2"])
async def test_an_own_prefix_that_is_in_use_is_not_handed_over(world, store, handle):
    await world.home_prefix(entry("88.300.2", 0), ordered())
    store.records[handle] = record(handle)
    before = known(store), len(store.audited)
    assert await world.home_prefix(entry("88.300.2", 1), ordered()) == InUse()
    assert (known(store), len(store.audited)) == before
    store.records[handle] = record(handle, state=State.DELETED)
    assert isinstance(await world.home_prefix(entry("88.300.2", 1), ordered()), Homed)


async def test_an_own_prefix_over_those_of_others_is_not_handed_over(world):
    for prefix, owner in (("88.300.2", 0), ("88.300.2.1", 1), ("88.300.2.2", 2)):
        assert isinstance(await world.home_prefix(entry(prefix, owner), ordered()), Homed)
    answer = await world.home_prefix(entry("88.300.2", 2), ordered())
    assert answer == StillBelow(Prefix.parse("88.300.2.1"), 1)


async def test_a_secondary_prefix_stays_while_another_one_below_it_is_homed(world):
    inner, outer = Prefix.parse("88.7.1"), Prefix.parse("88.7")
    for prefix in ("88.7", "88.7.1"):
        assert isinstance(await world.home_prefix(entry(prefix, 0), ordered()), Homed)
    assert await world.give_up(outer, ordered()) == StillBelow(inner, 1)
    for prefix in (inner, outer):
        assert await world.give_up(prefix, ordered()) == GivenUp()


async def test_a_new_key_works_and_only_its_hash_is_kept(world, store):
    new = await world.create_key(
        terms(
            scopes=frozenset({Scope.READ}),
            prefixes=(Prefix.parse("88.300.1.2"),),
            networks=(ip_network("10.0.0.0/8"),),
            label="ERP",
        ),
        CHANCE,
        ordered(),
    )
    principal = await KeyRing(store, PEPPER).principal(new.token, now=NOW, monotonic=0.0)
    assert (principal.enterprise, principal.scopes) == (1, {Scope.READ})
    assert (principal.prefixes, principal.networks) == (
        (Prefix.parse("88.300.1.2"),),
        (ip_network("10.0.0.0/8"),),
    )
    kept = await store.key(new.id)
    secret = new.token.partition(".")[2]
    assert (kept.created_at, kept.expires_at, kept.label) == (NOW, NOW + 3600, "ERP")
    assert secret not in repr(kept)
    assert secret not in repr(store.audited)
    ended = await KeyRing(store, PEPPER).principal(new.token, now=NOW + 3600, monotonic=0.0)
    assert ended is None


@pytest.mark.parametrize(
    ("wrong", "faults"),
    [
        ({"scopes": frozenset()}, [("/scopes", "empty")]),
        ({"life": 0}, [("/life", "range")]),
        ({"life": MAX_LIFE_SECONDS + 1}, [("/life", "range")]),
        ({"label": "x" * 256, "life": -1}, [("/label", "too_long"), ("/life", "range")]),
    ],
)
async def test_faults_of_a_key_are_named_at_once(world, wrong, faults):
    answer = await world.create_key(terms(**wrong), CHANCE, ordered())
    assert [(f.pointer, f.code) for f in answer.faults] == faults


async def test_a_key_needs_an_enterprise(world):
    assert await world.create_key(terms(enterprise=9), CHANCE, ordered()) == NoEnterprise()


async def test_a_revoked_key_is_over(world, store):
    new = await world.create_key(terms(), CHANCE, ordered())
    assert await world.revoke_key(new.id, ordered())
    assert not await world.revoke_key(new.id, ordered())
    assert not await world.revoke_key("nobody", ordered())
    assert [e.action for e in store.audited][-1] == "key.revoke"
    assert await KeyRing(store, PEPPER).principal(new.token, now=NOW, monotonic=0.0) is None


async def test_a_credit_code_names_one_enterprise(office):
    first = await office.add_enterprise(company(credit_code=CREDIT_CODE), ordered())
    again = await office.add_enterprise(company("别名煤业", credit_code=CREDIT_CODE), ordered())
    assert again == Faulty((Fault("enterprise.known", "/credit_code", {"number": first}),))


@pytest.mark.parametrize("prefix", ["88.300.10", "88.300", "88.300.2", "88"])
async def test_a_key_for_prefixes_of_others_is_refused(world, prefix):
    prefixes = (Prefix.parse("88.300.1.7"), Prefix.parse(prefix))
    answer = await world.create_key(terms(prefixes=prefixes), CHANCE, ordered())
    assert answer == Faulty((Fault("prefix.not_yours", "/prefixes", {"prefix": prefix}),))
