"""The ledger of enterprises: what was posted is there, all or nothing, one decision at a time."""

import asyncio
from uuid import UUID

import msgspec
import pytest

from identifiers.changes import AuditEntry
from identifiers.directory import PrefixEntry, PrefixKind
from identifiers.enterprises.ledger import (
    About,
    Application,
    Event,
    Identity,
    Listed,
    Member,
    Postings,
    ReviewStep,
    Told,
    Wanted,
)
from identifiers.enterprises.review import Kind, Stage, Standing
from identifiers.names import Prefix
from identifiers.standings import EnterpriseState

IDENTITY = Identity(1, "91990000PDY00001XR")
AUDIT = AuditEntry(at=1, actor="a", action="x", subject="s", request="r")
YEAR = 2026
EVENT = Event(at=5, actor="a", did="approved")


def application(number=1, **changes):
    made = Application(
        id=UUID(int=number),
        kind=Kind.ADMISSION,
        identity=IDENTITY,
        name="示例煤业有限公司",
        standing=Standing(),
        told=Told(b'{"a":1}', b"\0sealed"),
        digest=b"d" * 32,
        submitted_at=10,
        changed_at=11,
    )
    return msgspec.structs.replace(made, **changes)


def step(did="submitted", **changes):
    made = ReviewStep(application=UUID(int=1), revision=1, at=5, actor="somebody", did=did)
    return msgspec.structs.replace(made, **changes)


def member(number, **changes):
    made = Member(
        id=number,
        identity=IDENTITY,
        name="示例煤业有限公司",
        industry="B06",
        state=EnterpriseState.ACTIVE,
        told=Told(b"{}", b"\1"),
        filing=f"88.300-{YEAR}-{number:06}",
        approved_at=12,
    )
    return msgspec.structs.replace(made, **changes)


async def posted(business, postings, **about):
    return await business.post(About(**about), lambda ledger: (postings, ledger))


async def test_enterprises_are_counted_and_cut_into_pages(backend):
    business = backend.business
    for number, name in enumerate(("示例煤业", "示例物流", "Muster 煤业"), 1):
        identity = Identity(1, f"{number}")
        one = member(number, name=name, identity=identity, approved_at=number * 10)
        await posted(business, Postings(member=one, event=EVENT), identity=identity, year=YEAR)

    async def found(skip=0, limit=9, **wanted):
        listed = await business.listed(Listed(**wanted), skip, limit)
        return [one.id for one in listed], await business.count_listed(Listed(**wanted))

    assert await found() == ([1, 2, 3], 3)
    assert await found(1, 1) == ([2], 3)
    assert await found(3) == ([], 3)
    assert await found(name="煤") == ([1, 3], 2)
    assert await found(name="muster") == ([], 0)
    assert await found(since=20) == ([2, 3], 2)
    assert await found(since=10, until=20) == ([1], 1)
    assert await found(1, since=10, until=21) == ([2], 2)


async def test_what_was_posted_is_there(backend):
    business = backend.business
    assert await business.application(UUID(int=1)) is None
    assert await business.member(1) is None
    steps = (step(), step("rejected", reasons=("no picture", "无照片")))
    ledger = await posted(
        business,
        Postings(application=application(wanted="A1"), steps=steps, audit=(AUDIT,)),
        application=UUID(int=1),
        identity=IDENTITY,
    )
    assert (ledger.application, ledger.pending, ledger.member) == (None, None, None)
    assert await business.application(UUID(int=1)) == application(wanted="A1")
    assert await business.steps(UUID(int=1)) == list(steps)
    assert await business.steps(UUID(int=2)) == []
    assert list(await backend.past.audited()) == [AUDIT]


async def test_a_decision_sees_what_it_is_about(backend):
    business = backend.business
    await posted(business, Postings(application=application()))
    ledger = await posted(business, Postings(), application=UUID(int=1), identity=IDENTITY)
    assert ledger.application == ledger.pending == application()
    other = await posted(business, Postings(), identity=Identity(2, IDENTITY.number))
    assert (other.application, other.pending, other.member) == (None, None, None)


@pytest.mark.parametrize("stage", Stage)
async def test_an_application_that_is_decided_is_not_pending(backend, stage):
    standing = Standing(stage, 3)
    await posted(backend.business, Postings(application=application(standing=standing)))
    ledger = await posted(backend.business, Postings(), identity=IDENTITY)
    assert (ledger.pending is not None) is standing.open


async def test_who_is_approved_is_an_enterprise_with_a_prefix_and_a_number(backend):
    business = backend.business
    before = await posted(business, Postings(), year=YEAR)
    assert before.filed == 0
    number = before.fresh
    entry = PrefixEntry(
        prefix=Prefix.parse("88.300.7"), kind=PrefixKind.ENTERPRISE, enterprise=number
    )
    approved = application(enterprise=number, standing=Standing(Stage.APPROVED))
    await posted(
        business,
        Postings(application=approved, member=member(number), homed=(entry,)),
        year=YEAR,
    )
    assert await business.member(number) == member(number)
    assert await business.application(UUID(int=1)) == approved
    assert (await backend.directory.directory()).exact("88.300.7") == entry
    (known,) = await backend.store.enterprises()
    assert (known.id, known.credit_code, known.industry) == (number, IDENTITY.number, "B06")
    after = await posted(business, Postings(), identity=IDENTITY, year=YEAR)
    assert after.member == member(number)
    assert after.filed == 1
    assert after.fresh != number
    assert (await posted(business, Postings(), year=YEAR + 1)).filed == 0
    changed = member(number, version=2, name="新名", state=EnterpriseState.SUSPENDED, reason="x")
    await posted(business, Postings(member=changed), enterprise=number, year=YEAR)
    ledger = await posted(business, Postings(), enterprise=number, year=YEAR)
    assert ledger.member == changed
    assert ledger.filed == 1


async def test_applications_are_listed_page_by_page(backend):
    stages = (Stage.SUBMITTED, Stage.PASSED, Stage.SUBMITTED, Stage.REJECTED, Stage.PASSED)
    for number, stage in enumerate(stages, start=1):
        one = application(number, standing=Standing(stage), identity=Identity(2, str(number)))
        await posted(backend.business, Postings(application=one))
    waiting = (Stage.SUBMITTED, Stage.PASSED)
    page = await backend.business.applications(Wanted(stages=waiting), "", 3)
    assert [one.id.int for one in page] == [1, 2, 3]
    rest = await backend.business.applications(Wanted(stages=waiting), str(page[-1].id), 3)
    assert [one.id.int for one in rest] == [5]
    assert await backend.business.applications(Wanted(stages=()), "", 3) == []


async def test_a_decision_that_fails_writes_nothing(backend):
    def decide(_):
        raise RuntimeError("a fault of ours")

    with pytest.raises(RuntimeError):
        await backend.business.post(About(), decide)
    entry = PrefixEntry(prefix=Prefix.parse("88.300.7"), kind=PrefixKind.SECONDARY, enterprise=0)
    await posted(backend.business, Postings(homed=(entry,)))
    with pytest.raises(ValueError, match="allotted already"):
        await posted(backend.business, Postings(application=application(), homed=(entry,)))
    assert await backend.business.application(UUID(int=1)) is None


async def test_decisions_are_made_one_after_the_other(backend):
    def decide(ledger):
        version = 1 if ledger.application is None else ledger.application.version + 1
        return Postings(application=application(version=version)), version

    about = About(application=UUID(int=1))
    results = await asyncio.gather(*(backend.business.post(about, decide) for _ in range(8)))
    assert sorted(results) == list(range(1, 9))


async def test_what_was_done_to_the_open_application_is_told_with_it(backend):
    business = backend.business
    steps = (step(), step("rejected", at=6), step("resubmitted", at=7, revision=2))
    of = {"identity": IDENTITY, "kind": Kind.ADMISSION}
    assert (await posted(business, Postings(), **of)).steps == ()
    await posted(business, Postings(application=application(), steps=steps))
    other = application(2, identity=Identity(1, "9"))
    await posted(business, Postings(application=other, steps=(step(application=other.id),)))
    assert (await posted(business, Postings(), **of)).steps == steps
    done = application(standing=Standing(Stage.APPROVED))
    await posted(business, Postings(application=done))
    assert (await posted(business, Postings(), **of)).steps == ()
