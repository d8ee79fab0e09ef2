"""The ledger of enterprises: what was posted is there, all or nothing, one decision at a time."""

import asyncio
from uuid import UUID

import asyncpg
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
    Revision,
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


def revision(number, **changes):
    made = Revision(
        application=UUID(int=1),
        number=number,
        told=Told(b'{"r":%d}' % number, b"sealed-%d" % number),
    )
    return msgspec.structs.replace(made, **changes)


async def mended(backend, number=1, revisions=3, **told):
    """Keep an application that was mended; gives it."""
    of = {"application": UUID(int=number), **told}
    now = application(
        number,
        standing=Standing(revision=revisions),
        told=Told(b"{}", b"sealed-now"),
        identity=Identity(2, str(number)),
    )
    await posted(backend.business, Postings(application=now))
    for one in range(1, revisions):
        postings = Postings(application=now, replaced=revision(one, **of))
        await posted(backend.business, postings)
    return now


async def test_every_revision_of_an_application_is_kept(backend):
    revisions = backend.business.revisions
    assert await revisions(UUID(int=1), 0, 9) == []
    now = await mended(backend, wanted="A1")
    await mended(backend, 2, revisions=1)
    every = [revision(1, wanted="A1"), revision(2, wanted="A1"), now.revision]
    assert await revisions(UUID(int=1), 0, 9) == every
    assert await revisions(UUID(int=1), 0, 2) == every[:2]
    assert await revisions(UUID(int=1), 1, 9) == every[1:]
    assert await revisions(UUID(int=1), 10**17, 9) == []
    assert [one.number for one in await revisions(UUID(int=2), 0, 9)] == [1]


async def test_a_purge_reaches_every_revision_of_an_application(backend):
    revisions = backend.business.revisions
    now = await mended(backend)
    other = await mended(backend, 2, revisions=2)
    stripped = msgspec.structs.replace(now, told=Told(now.told.document, b""), purged_at=12)
    await posted(backend.business, Postings(application=stripped, purged=now.id))
    left = await revisions(now.id, 0, 9)
    assert [one.number for one in left] == [1, 2, 3]
    assert [one.told.document for one in left] == [b'{"r":1}', b'{"r":2}', b"{}"]
    assert {one.told.sealed for one in left} == {b""}
    assert {one.told.sealed for one in await revisions(other.id, 0, 9)} == {
        b"sealed-1",
        b"sealed-now",
    }


async def test_what_is_replaced_and_what_replaces_it_are_kept_together(backend):
    now = await mended(backend, revisions=2)
    entry = PrefixEntry(prefix=Prefix.parse("88.300.7"), kind=PrefixKind.SECONDARY, enterprise=0)
    await posted(backend.business, Postings(homed=(entry,)))
    later = msgspec.structs.replace(now, standing=Standing(revision=3))
    with pytest.raises(ValueError, match="allotted already"):
        await posted(
            backend.business,
            Postings(application=later, replaced=now.revision, homed=(entry,)),
        )
    assert await backend.business.revisions(now.id, 0, 9) == [revision(1), now.revision]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE application_revision SET document = ''",
        "UPDATE application_revision SET sealed = 'x'",
        "UPDATE application_revision SET sealed = '', wanted = 'x'",
        "DELETE FROM application_revision",
        "TRUNCATE application_revision",
    ],
)
async def test_nobody_rewrites_a_revision(postgres, sql, statement):
    await mended(postgres)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        await sql.execute(statement)


async def test_nothing_sealed_is_left_in_the_tables_of_a_purged_application(postgres, sql):
    now = await mended(postgres)
    count = """SELECT count(*) FROM (SELECT a::text FROM application a
               UNION ALL SELECT r::text FROM application_revision r) t(row)
               WHERE strpos(row, encode('sealed', 'hex')) > 0"""
    assert await sql.fetchval(count) == 3
    stripped = msgspec.structs.replace(now, told=Told(now.told.document, b""), purged_at=12)
    await posted(postgres.business, Postings(application=stripped, purged=now.id))
    assert await sql.fetchval(count) == 0


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
