"""An enterprise applies for a prefix more; it stands there switched off until it is approved."""

import json
from itertools import count
from uuid import UUID

import pytest

from identifiers.changes import Enterprise
from identifiers.directory import PrefixEntry, PrefixKind
from identifiers.enterprises.review import (
    Approval,
    NotNow,
    Rejection,
    Reviewer,
    Stage,
    Withdrawal,
)
from identifiers.labels import Allotment, Range
from identifiers.names import Prefix
from identifiers.standings import Hosting, PrefixState
from identifiers.values import Value
from identifiers.wire.handle.values import encode_values
from registry.answers import Faulty
from registry.business.prefix_applications import (
    MAX_OPEN,
    Applying,
    NoSuchApplication,
    PrefixApplications,
    TooManyOpen,
)
from registry.business.prefixes import Holdings, NotActive, Rule
from storage.memory.prefixes import MemoryPrefixes
from tests.contracts.units import AUDIT, put
from tests.unit.registry.business.conftest import ROOT, by

ONE, TWO = UUID(int=1), UUID(int=2)
NODE, NATIONAL = Approval(Reviewer.NODE), Approval(Reviewer.NATIONAL)
NO = Rejection(Reviewer.NODE, ("用途不明",))
FIRST = Prefix.parse("88.300.1")


@pytest.fixture
async def books(store, business):
    for name in ("甲矿业", "乙物流"):
        await store.add_enterprise(Enterprise(id=0, name=name), AUDIT)
    clock = count(1_770_000_000_000)
    return MemoryPrefixes(store, business, lambda: next(clock))


@pytest.fixture
def alone(books):
    return PrefixApplications(books, local=True)


@pytest.fixture
def below(books):
    return PrefixApplications(books, local=False)


def wanted(**more):
    return Applying(**({"enterprise": 1, "root": ROOT, "purpose": "运单"} | more))


async def entry(store, text="88.300.1"):
    return (await store.directory()).exact(text)


async def test_what_is_approved_is_switched_on(alone, books, store):
    made = await alone.apply(ONE, wanted(), by("key:1"))
    assert (str(made.prefix), made.standing.stage) == ("88.300.1", Stage.SUBMITTED)
    waiting = await entry(store)
    assert (waiting.enabled, waiting.applied, waiting.enterprise) == (False, True, 1)
    assert (await books.holding(FIRST)).state is PrefixState.WAITING
    approved = await alone.decide(ONE, NODE, by("reviewer"))
    assert approved.standing.stage is Stage.APPROVED
    there = await entry(store)
    assert (there.enabled, there.applied) == (True, False)
    assert (await books.holding(FIRST)).approved_at > 0
    assert await alone.decide(ONE, NODE, by()) == approved
    told = [(entry.action, json.loads(entry.detail)) for entry in store.audited[-2:]]
    assert [action for action, _ in told] == ["prefix.apply", "prefix.review"]
    assert told[1][1]["application"] == str(ONE)
    assert told[1][1]["from"] == {"state": "waiting"}
    assert told[1][1]["to"] == {"state": "enabled"}


async def test_the_national_node_decides_last(below, books):
    await below.apply(ONE, wanted(hosted=False), by())
    passed = await below.decide(ONE, NODE, by())
    assert passed.standing.stage is Stage.PASSED
    assert (await books.holding(FIRST)).state is PrefixState.IN_REVIEW
    assert await below.decide(ONE, NODE, by()) == passed
    await below.decide(ONE, NATIONAL, by("national"))
    there = await books.holding(FIRST)
    assert (there.state, there.hosting) == (PrefixState.ENABLED, Hosting.NOT_HOSTED)


async def test_what_is_said_twice_is_one_application(alone):
    made = await alone.apply(ONE, wanted(label="COAL"), by())
    assert str(made.prefix) == "88.300.COAL"
    assert await alone.apply(TWO, wanted(label="COAL"), by()) == made
    await alone.decide(ONE, NODE, by())
    again = await alone.apply(TWO, wanted(label="COAL"), by())
    assert [fault.code for fault in again.faults] == ["label.taken"]


async def test_what_was_rejected_is_mended_or_withdrawn(alone, books, store):
    await alone.apply(ONE, wanted(), by())
    rejected = await alone.decide(ONE, NO, by())
    assert (rejected.standing.stage, rejected.reasons) == (Stage.REJECTED, ("用途不明",))
    assert (await books.holding(FIRST)).state is PrefixState.REJECTED
    assert await alone.decide(ONE, NODE, by()) == NotNow(Stage.REJECTED)
    again = await alone.resubmit(ONE, "仓单", by(), hosted=True)
    assert (again.standing.revision, again.purpose, again.reasons) == (2, "仓单", ())
    assert (await books.holding(FIRST)).state is PrefixState.WAITING
    withdrawn = await alone.decide(ONE, Withdrawal(), by())
    assert withdrawn.standing.stage is Stage.WITHDRAWN
    assert await entry(store) is None
    assert str((await alone.apply(TWO, wanted(), by())).prefix) == "88.300.1"
    assert await alone.resubmit(ONE, "x", by(), hosted=True) == NotNow(Stage.WITHDRAWN)


async def test_a_prefix_with_a_record_is_kept_when_its_application_is_withdrawn(
    alone, books, store
):
    await alone.apply(ONE, wanted(), by())
    await put(store, "0.NA/88.300.1", encode_values([Value(index=1, type="URL", data=b"x")]))
    await alone.decide(ONE, Withdrawal(), by())
    assert (await books.holding(FIRST)).state is PrefixState.TO_BE_DELETED


async def test_labels_that_others_have_or_the_node_keeps(alone, books, store):
    rule = Rule(ROOT, Allotment(reserved=(Range(1, 6),)))
    await Holdings(books, lambda _: ONE).regulate(rule, by())
    kept = await alone.apply(ONE, wanted(label="3"), by())
    assert [(fault.code, fault.pointer) for fault in kept.faults] == [("label.reserved", "/label")]
    assert str((await alone.apply(ONE, wanted(), by())).prefix) == "88.300.7"
    taken = await alone.apply(TWO, wanted(label="7", enterprise=2), by())
    assert [fault.code for fault in taken.faults] == ["label.taken"]
    inside = PrefixEntry(prefix=Prefix.parse("88.300.9"), kind=PrefixKind.SECONDARY, enterprise=0)
    await store.home_prefix(inside, AUDIT)
    assert isinstance(await alone.apply(TWO, wanted(label="9"), by()), Faulty)
    odd = await alone.apply(TWO, wanted(root=Prefix.parse("88.300.7")), by())
    assert [fault.code for fault in odd.faults] == ["prefix.root"]
    odd = await alone.apply(TWO, wanted(root=Prefix.parse("88.300.7"), label="X"), by())
    assert [fault.code for fault in odd.faults] == ["prefix.root"]
    await Holdings(books, lambda _: ONE).regulate(
        Rule(ROOT, Allotment(reserved=(Range(1, 10**11),))), by()
    )
    none = await alone.apply(TWO, wanted(purpose="别的"), by())
    assert [fault.code for fault in none.faults] == ["prefix.none_left"]


async def test_what_is_wrong_is_told(alone):
    assert isinstance(await alone.apply(ONE, wanted(purpose="a\nb"), by()), Faulty)
    assert await alone.apply(ONE, wanted(enterprise=9), by()) == NotActive(9)
    await alone.apply(ONE, wanted(), by())
    for reasons in ((), ("x",) * 99, ("",)):
        answer = await alone.decide(ONE, Rejection(Reviewer.NODE, reasons), by())
        assert isinstance(answer, Faulty)
    assert isinstance(await alone.resubmit(ONE, "a\nb", by(), hosted=True), Faulty)
    assert await alone.decide(TWO, NODE, by()) == NoSuchApplication()


async def test_an_enterprise_keeps_no_labels_without_end(alone):
    for number in range(MAX_OPEN):
        await alone.apply(UUID(int=number), wanted(purpose=f"用途 {number}"), by())
    refused = await alone.apply(UUID(int=99), wanted(purpose="更多"), by())
    assert refused == TooManyOpen(MAX_OPEN)
    assert (await alone.apply(UUID(int=99), wanted(enterprise=2), by())).id.int == 99


async def test_the_prefix_of_a_suspended_enterprise_is_not_approved(alone, books, monkeypatch):
    await alone.apply(ONE, wanted(), by())

    async def nobody(_):
        return {}

    monkeypatch.setattr(books, "_owners", nobody)
    assert await alone.decide(ONE, NODE, by()) == NotActive(1)
    assert (await alone.decide(ONE, NO, by())).standing.stage is Stage.REJECTED
