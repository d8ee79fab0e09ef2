"""The books of prefixes: what was posted is there, readers learn of it, one decision at a time."""

import asyncio
from contextlib import AsyncExitStack
from time import time_ns
from uuid import UUID

import msgspec
import pytest

from identifiers.changes import (
    AuditEntry,
    ChangeKind,
    Enterprise,
    RequestKey,
    StoredAnswer,
    Writes,
    Written,
)
from identifiers.directory import NO_REASON, Off, OffAs, PrefixEntry, PrefixKind
from identifiers.enterprises.ledger import About, Postings
from identifiers.enterprises.review import Stage, Standing
from identifiers.holdings import (
    Holding,
    HoldingAbout,
    HoldingPostings,
    PrefixApplication,
    Sought,
)
from identifiers.labels import Allotment, Range
from identifiers.names import Prefix
from identifiers.records import Record, State
from identifiers.standings import EnterpriseState, Hosting, PrefixState
from identifiers.values import Value
from identifiers.wire.handle.values import encode_values
from storage.memory import MemoryStore
from storage.memory.prefixes import MemoryPrefixes
from storage.postgres import Database, Nudge
from storage.postgres.prefixes import PostgresPrefixes
from tests.contracts.units import AUDIT, delete, put

ROOT, OWN = Prefix.parse("88.300"), Prefix.parse("88.300.7")
NOTHING = HoldingPostings()


@pytest.fixture
async def books(backend, request):
    """Return the store, with a root and two enterprises, of which the first has 88.300.7."""
    async with AsyncExitStack() as stack:
        if isinstance(backend.store, MemoryStore):
            made = MemoryPrefixes(backend.store, backend.business, lambda: time_ns() // 1_000_000)
        else:
            dsn = request.getfixturevalue("dsn")
            database = await stack.enter_async_context(Database(dsn, connections=8))
            made = PostgresPrefixes(database, await stack.enter_async_context(Nudge(dsn)))
        await _furnish(backend.store)
        yield made


async def _furnish(store):
    await store.home_prefix(
        PrefixEntry(prefix=ROOT, kind=PrefixKind.SECONDARY, enterprise=0), AUDIT
    )
    for name in ("甲矿业", "乙物流"):
        await store.add_enterprise(Enterprise(id=0, name=name), AUDIT)
    await store.home_prefix(
        PrefixEntry(prefix=OWN, kind=PrefixKind.ENTERPRISE, enterprise=1), AUDIT
    )


def holding(text="88.300.9", **changes):
    made = Holding(
        prefix=Prefix.parse(text),
        enterprise=2,
        state=PrefixState.WAITING,
        hosting=Hosting.HOSTED,
    )
    return msgspec.structs.replace(made, **changes)


def application(number=1, **changes):
    made = PrefixApplication(
        id=UUID(int=number),
        enterprise=2,
        prefix=Prefix.parse("88.300.9"),
        purpose="运单",
        digest=b"d" * 32,
        submitted_at=10,
        changed_at=11,
    )
    return msgspec.structs.replace(made, **changes)


async def posted(books, postings=NOTHING, **about):
    return await books.post(HoldingAbout(**about), lambda ledger: (postings, ledger))


async def test_what_was_homed_is_a_holding(books):
    found = await books.holding(OWN)
    assert (found.enterprise, found.holder, found.state, found.hosting) == (
        1,
        "甲矿业",
        PrefixState.ENABLED,
        Hosting.HOSTED,
    )
    assert found.approved_at >= found.created_at > 0 == found.resolvable_at
    assert found.effective_ms is None
    assert await books.holding(Prefix.parse("88.300.8")) is None


async def test_what_was_posted_is_there_and_told_to_readers(backend, books):
    cursor = await backend.feed.start()
    writes = Writes(audit=(AUDIT,))
    await posted(
        books, HoldingPostings(holdings=(holding(),), application=application(), writes=writes)
    )
    found = await books.holding(Prefix.parse("88.300.9"))
    assert found == holding(holder="乙物流", created_at=found.created_at)
    assert await books.application(UUID(int=1)) == application()
    assert await books.application(UUID(int=2)) is None
    assert (await backend.feed.poll(cursor)).directory
    entry = (await backend.directory.directory()).exact("88.300.9")
    assert (entry.enabled, entry.applied, entry.unhosted, entry.enterprise) == (
        False,
        True,
        False,
        2,
    )
    assert (await backend.past.audited())[-1] == AUDIT


@pytest.mark.parametrize("state", PrefixState)
async def test_every_state_is_kept(backend, books, state):
    await posted(books, HoldingPostings(holdings=(holding(state=state, reason="x", quota=5),)))
    found = await books.holding(Prefix.parse("88.300.9"))
    assert (found.state, found.reason, found.quota) == (state, "x", 5)
    entry = (await backend.directory.directory()).exact("88.300.9")
    assert entry.enabled is (state is PrefixState.ENABLED)
    assert entry.quota == 5
    assert bool(found.approved_at) is entry.enabled


async def test_why_a_prefix_is_off_is_in_the_picture(backend, books):
    for state, off in (
        (PrefixState.DISABLED, Off(reason="号段整理")),
        (PrefixState.TO_BE_DELETED, Off(OffAs.TO_BE_DELETED, "号段整理")),
        (PrefixState.ENABLED, NO_REASON),
    ):
        there = await books.holding(Prefix.parse("88.300.9"))
        version = 1 if there is None else there.version + 1
        made = holding(state=state, reason="号段整理", version=version)
        await posted(books, HoldingPostings(holdings=(made,)))
        entry = (await backend.directory.directory()).exact("88.300.9")
        assert (entry.enabled, entry.off) == (state is PrefixState.ENABLED, off)


@pytest.mark.parametrize("hosting", Hosting)
async def test_every_hosting_is_kept(backend, books, hosting):
    await posted(books, HoldingPostings(holdings=(holding(hosting=hosting),)))
    assert (await books.holding(Prefix.parse("88.300.9"))).hosting is hosting
    entry = (await backend.directory.directory()).exact("88.300.9")
    assert entry.unhosted is (hosting is not Hosting.HOSTED)


async def test_what_is_applied_for_is_not_switched_on_or_off_beside_the_review(backend, books):
    await posted(books, HoldingPostings(holdings=(holding(),)))
    nine = Prefix.parse("88.300.9")
    assert not await backend.store.enable_prefix(nine, AUDIT, enabled=True)
    assert (await books.holding(nine)).state is PrefixState.WAITING


async def test_what_was_given_up_is_disabled_and_restored_as_it_was(backend, books):
    await backend.store.enable_prefix(OWN, AUDIT, enabled=False)
    assert (await books.holding(OWN)).state is PrefixState.DISABLED
    await backend.store.enable_prefix(OWN, AUDIT, enabled=True)
    assert (await books.holding(OWN)).state is PrefixState.ENABLED


async def test_the_approval_is_dated_once(books):
    nine = Prefix.parse("88.300.9")
    await posted(books, HoldingPostings(holdings=(holding(),)))
    await posted(books, HoldingPostings(holdings=(holding(state=PrefixState.ENABLED),)))
    first = (await books.holding(nine)).approved_at
    assert first > 0
    await posted(books, HoldingPostings(holdings=(holding(state=PrefixState.DISABLED),)))
    await posted(books, HoldingPostings(holdings=(holding(state=PrefixState.ENABLED),)))
    assert (await books.holding(nine)).approved_at == first


async def test_what_is_seen_to_resolve_is_noted_once(books):
    await posted(books, HoldingPostings(holdings=(holding(),)))
    assert await books.unproven(9) == [OWN]
    assert await books.unproven(0) == []
    (noted,) = await books.prove([OWN, Prefix.parse("88.300.9")])
    assert noted == await books.holding(OWN)
    assert noted.resolvable_at >= noted.approved_at
    assert noted.effective_ms >= 0
    assert await books.unproven(9) == []
    assert await books.prove([OWN]) == []


async def test_what_the_node_hands_over_is_approved_just_then(backend, books):
    eight = Prefix.parse("88.300.8")
    own = PrefixEntry(prefix=eight, kind=PrefixKind.SECONDARY, enterprise=0)
    await backend.store.home_prefix(own, AUDIT)
    assert eight not in await books.unproven(9)
    (before,) = await books.prove([eight])
    entry = PrefixEntry(prefix=eight, kind=PrefixKind.ENTERPRISE, enterprise=1)
    assert await backend.store.hand_over(entry, AUDIT)
    after = await books.holding(eight)
    assert after.approved_at >= before.approved_at
    assert after.resolvable_at == 0 < before.resolvable_at
    assert eight in await books.unproven(9)


async def test_a_decision_sees_what_it_is_about(books):
    await posted(books, HoldingPostings(holdings=(holding(),), application=application()))
    ledger = await posted(
        books,
        prefixes=(OWN, Prefix.parse("88.300.8")),
        application=UUID(int=1),
        enterprise=2,
        digest=b"d" * 32,
        heirs=(1, 9),
    )
    assert set(ledger.holdings) == {"88.300.7"}
    assert ledger.application == ledger.twin == application()
    assert ledger.owners == {1: EnterpriseState.ACTIVE, 2: EnterpriseState.ACTIVE}
    assert ledger.names == {1: "甲矿业", 2: "乙物流"}
    assert ledger.used == frozenset()
    assert ledger.directory.exact("88.300.9").applied
    other = await posted(books, enterprise=1, digest=b"d" * 32)
    assert (other.application, other.twin, other.rule) == (None, None, None)


async def test_what_is_decided_is_no_twin(books):
    decided = application(standing=Standing(Stage.APPROVED, 2), reasons=("a", "b"), version=3)
    await posted(books, HoldingPostings(application=decided))
    assert await books.application(UUID(int=1)) == decided
    assert (await posted(books, enterprise=2, digest=b"d" * 32)).twin is None


async def test_rules_of_allotment(books):
    rule = Allotment(
        first=10, digits=4, reserved=(Range(1, 99), Range(888, 888)), keep_vanity=False
    )
    assert await books.rule(ROOT) is None
    await posted(books, HoldingPostings(rule=rule), root=ROOT)
    assert await books.rule(ROOT) == rule
    assert (await posted(books, root=ROOT)).rule == rule
    await posted(books, HoldingPostings(rule=Allotment()), root=ROOT)
    assert await books.rule(ROOT) == Allotment()


async def test_the_record_of_a_prefix_is_written_with_it(backend, books):
    record = Record(
        key="0.NA/88.300.7",
        name="0.NA/88.300.7",
        version=1,
        state=State.ACTIVE,
        values=encode_values([Value(index=1, type="HS_SITE", data=b"x")]),
        changed_at=5,
    )
    writes = Writes(records=(Written(UUID(int=5), ChangeKind.CREATED, record),))
    moved = holding("88.300.7", state=PrefixState.ENABLED, hosting=Hosting.NOT_HOSTED, routed=True)
    await posted(books, HoldingPostings(holdings=(moved,), writes=writes), prefixes=(OWN,))
    assert await backend.store.record("0.NA/88.300.7") == record
    entry = (await backend.directory.directory()).exact("88.300.7")
    assert [value.type for value in entry.routes.names] == ["HS_SITE"]
    assert (await books.holding(OWN)).routed
    ledger = await posted(books, prefixes=(OWN,))
    assert ledger.current.records == {"0.NA/88.300.7": record}


async def test_a_request_is_answered_once(books):
    request = RequestKey("account:admin", "k1")
    answer = StoredAnswer(request=request, digest=b"d" * 32, status=201, body=b"{}")
    kept = HoldingPostings(writes=Writes(answers=(answer,)))
    first = await posted(books, kept, requests=(request,))
    assert first.current.answers == {}
    again = await posted(books, requests=(request,))
    assert again.current.answers == {request: answer}


async def test_what_is_weighed_is_known_to_be_in_use(backend, books):
    await put(backend.store, "88.300.7/A")
    about = {"prefixes": (OWN, Prefix.parse("88.300.8")), "weigh": True}
    assert (await posted(books, **about)).used == {"88.300.7"}
    await delete(backend.store, "88.300.7/A")
    # What it was is kept for a time, and whoever got the prefix next would read it.
    assert (await posted(books, **about)).used == {"88.300.7"}
    with pytest.raises(ValueError, match="not there or in use"):
        await posted(books, HoldingPostings(removed=(OWN,)), prefixes=(OWN,))


async def test_what_is_unused_is_removed(backend, books):
    await posted(books, HoldingPostings(removed=(OWN,)), prefixes=(OWN,))
    assert await books.holding(OWN) is None
    assert (await backend.directory.directory()).exact("88.300.7") is None
    with pytest.raises(ValueError, match="not there or in use"):
        await posted(books, HoldingPostings(removed=(OWN,)), prefixes=(OWN,))


async def test_what_is_in_use_is_not_removed(books):
    record = Record(
        key="0.NA/88.300.7",
        name="0.NA/88.300.7",
        version=1,
        state=State.ACTIVE,
        values=encode_values([Value(index=1, type="URL", data=b"x")]),
        changed_at=5,
    )
    writes = Writes(records=(Written(UUID(int=5), ChangeKind.CREATED, record),))
    await posted(books, HoldingPostings(writes=writes), prefixes=(OWN,))
    with pytest.raises(ValueError, match="not there or in use"):
        await posted(
            books, HoldingPostings(removed=(OWN,), application=application()), prefixes=(OWN,)
        )
    assert await books.application(UUID(int=1)) is None
    assert await books.holding(OWN) is not None


async def test_prefixes_are_listed_page_by_page(books):
    for number in range(1, 5):
        one = holding(f"88.300.10{number}", quota=number)
        await posted(books, HoldingPostings(holdings=(one,)))
    page = await books.holdings(Sought(), "", 3)
    assert [str(one.prefix) for one in page] == ["88.300", "88.300.101", "88.300.102"]
    rest = await books.holdings(Sought(), str(page[-1].prefix), 9)
    assert [str(one.prefix) for one in rest] == ["88.300.103", "88.300.104", "88.300.7"]

    async def found(**sought):
        return [str(one.prefix) for one in await books.holdings(Sought(**sought), "", 9)]

    assert await found(enterprise=0) == ["88.300"]
    assert await found(enterprise=1) == await found(holder="矿") == ["88.300.7"]
    assert len(await found(state=PrefixState.WAITING)) == 4
    assert len(await found(hosting=Hosting.HOSTED)) == 6
    assert await found(hosting=Hosting.APPLIED) == []
    assert await found(text=".7") == ["88.300.7"]
    assert await found(held=True) == (await found())[1:]
    cut = await books.holdings(Sought(), "", 2, 3)
    assert [str(one.prefix) for one in cut] == ["88.300.103", "88.300.104"]
    assert await books.holdings(Sought(), "", 2, 6) == []
    counts = [await books.count_holdings(Sought(**one)) for one in ({}, {"held": True})]
    assert counts == [6, 5]
    assert await books.count_holdings(Sought(holder="无")) == 0
    one = await books.holding(OWN)
    assert OWN in {h.prefix for h in await books.holdings(Sought(since=one.created_at), "", 9)}
    assert await found(until=one.created_at - 60_000) == []


async def test_applications_are_listed_page_by_page(books):
    stages = (Stage.SUBMITTED, Stage.APPROVED, Stage.PASSED, Stage.WITHDRAWN)
    for number, stage in enumerate(stages, 1):
        one = application(
            number,
            enterprise=1 + number % 2,
            standing=Standing(stage),
            prefix=holding(f"88.300.{number}").prefix,
        )
        await posted(books, HoldingPostings(application=one))
    page = await books.applications(None, "", 3)
    assert [one.id.int for one in page] == [1, 2, 3]
    rest = await books.applications(None, str(page[-1].id), 3)
    assert [one.id.int for one in rest] == [4]
    assert [one.id.int for one in await books.applications(2, "", 9)] == [1, 3]
    assert [one.id.int for one in await books.applications(None, "", 9, open_only=True)] == [1, 3]


async def test_the_history_of_a_prefix_newest_first(books):
    def entry(number, action="prefix.state", subject="88.300.7"):
        return AuditEntry(
            at=number, actor="a", action=action, subject=subject, request="r", detail=b'{"n":1}'
        )

    for number in range(1, 6):
        await posted(books, HoldingPostings(writes=Writes(audit=(entry(number),))))
    others = (entry(7, subject="88.300.8"), entry(8, action="identifier.create"))
    await posted(books, HoldingPostings(writes=Writes(audit=others)))
    page, more = await books.history(OWN, "", 2)
    assert page == [entry(5), entry(4)]
    page, more = await books.history(OWN, more, 2)
    assert page == [entry(3), entry(2)]
    page, more = await books.history(OWN, more, 2)
    assert page == [entry(1)]
    assert not more


async def test_a_decision_that_fails_writes_nothing(books):
    def decide(_):
        raise RuntimeError("a fault of ours")

    with pytest.raises(RuntimeError):
        await books.post(HoldingAbout(), decide)


async def test_decisions_are_made_one_after_the_other(books):
    def decide(ledger):
        version = 1 if ledger.application is None else ledger.application.version + 1
        return HoldingPostings(application=application(version=version)), version

    about = HoldingAbout(application=UUID(int=1), prefixes=(OWN,))
    results = await asyncio.gather(*(books.post(about, decide) for _ in range(4)))
    assert sorted(results) == list(range(1, 5))


async def test_a_rule_holds_for_whoever_is_taken_in_too(books, backend):
    rule = Allotment(first=5, reserved=(Range(7, 9),))
    posting = HoldingPostings(rule=rule)
    await books.post(HoldingAbout(root=ROOT), lambda _: (posting, None))
    ledger = await backend.business.post(About(), lambda ledger: (Postings(), ledger))
    assert ledger.rule == rule
    assert ledger.directory.root == ROOT
