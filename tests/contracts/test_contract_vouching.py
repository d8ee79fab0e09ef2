"""What stands beside applications: documents, versions, verifications, certificates, notices."""

from uuid import UUID

import msgspec

from identifiers.changes import Enterprise
from identifiers.directory import NO_REASON, Off, OffAs, PrefixEntry, PrefixKind
from identifiers.enterprises.files import Waiting
from identifiers.enterprises.ledger import (
    Attachment,
    Certificate,
    Event,
    Identity,
    Listed,
    MemberVersion,
    Notice,
    Outcome,
    Postings,
    Verification,
    Wanted,
)
from identifiers.enterprises.review import Kind, Stage, Standing
from identifiers.names import Prefix
from identifiers.standings import EnterpriseState
from tests.contracts.test_contract_business import (
    AUDIT,
    IDENTITY,
    YEAR,
    application,
    member,
    posted,
)

APPLICATION = UUID(int=1)
EVENT = Event(at=7, actor="reviewer", did="approved", application=APPLICATION)


def attachment(number=1, **more):
    told = {
        "owner": "node",
        "media": "image/png",
        "size": 3,
        "sha256": bytes([number]),
        "uploaded_at": 100 + number,
    } | more
    return Attachment(id=UUID(int=number), **told)


def certificate(serial="c1", **more):
    told = {
        "serial": serial,
        "name": "示例煤业有限公司",
        "identity": IDENTITY,
        "filing": "88.300-2026-000001",
        "prefix": "88.300.7",
        "token": b"a.b.c",
        "issued_at": 5,
        "expires_at": 50,
        "issued_by": "admin",
    } | more
    return Certificate(**told)


async def taken_in(backend):
    """Take an enterprise in; gives its number."""
    number = (await posted(backend.business, Postings(), year=YEAR)).fresh
    entry = PrefixEntry(
        prefix=Prefix.parse("88.300.7"), kind=PrefixKind.ENTERPRISE, enterprise=number
    )
    postings = Postings(
        application=application(enterprise=number, standing=Standing(Stage.APPROVED)),
        member=member(number),
        event=EVENT,
        homed=(entry,),
    )
    # An application refers to its enterprise, so they come together.
    await posted(backend.business, postings, year=YEAR)
    return number


async def test_a_document_is_kept_until_it_is_bound(backend):
    documents = backend.documents
    assert await documents.document(UUID(int=1)) is None
    assert await documents.keep(attachment(), b"sealed", AUDIT) == attachment()
    again = attachment(2, sha256=attachment().sha256)
    assert await documents.keep(again, b"other", AUDIT) == attachment()
    assert await documents.keep(attachment(2, owner="enterprise:7"), b"", AUDIT)
    assert await documents.document(UUID(int=1)) == (attachment(), b"sealed")
    assert len(await backend.past.audited()) == 2
    await documents.read_by(AUDIT)
    assert len(await backend.past.audited()) == 3
    numbers = (UUID(int=1), UUID(int=3))
    ledger = await posted(backend.business, Postings(), documents=numbers)
    assert ledger.attachments == {UUID(int=1): attachment()}
    bound = msgspec.structs.replace(
        attachment(), application=APPLICATION, identity=IDENTITY, field="/basic/x"
    )
    await posted(backend.business, Postings(application=application(), bound=(bound,)))
    assert await documents.document(UUID(int=1)) == (bound, b"sealed")
    assert (await documents.keep(again, b"other", AUDIT)).id == UUID(int=2)


async def test_so_many_documents_of_an_owner_wait(backend):
    documents = backend.documents
    one, two, three = map(attachment, (1, 2, 3))
    for limit in (Waiting(2, 10**9), Waiting(9, 2 * one.size)):
        for wanted in (one, two):
            assert await documents.keep(wanted, b"", AUDIT, limit) == wanted
        assert await documents.keep(three, b"", AUDIT, limit) is None
        assert await documents.keep(one, b"", AUDIT, limit) == one
    other = msgspec.structs.replace(three, owner="enterprise:7")
    assert await documents.keep(other, b"", AUDIT, Waiting(1, other.size)) == other


async def test_documents_go_when_nobody_names_them_or_their_application_is_purged(backend):
    documents = backend.documents
    for number in (1, 2, 3, 4):
        await documents.keep(attachment(number), b"", AUDIT)
    bound = tuple(
        msgspec.structs.replace(
            attachment(number), application=APPLICATION, identity=IDENTITY, field="/x"
        )
        for number in (1, 2)
    )
    await posted(backend.business, Postings(application=application(), bound=bound))
    assert await documents.sweep(103) == 0
    assert await documents.sweep(104) == 1
    assert await documents.document(UUID(int=3)) is None
    await posted(backend.business, Postings(purged=APPLICATION, kept=(UUID(int=2),)))
    left = [n for n in (1, 2, 3, 4) if await documents.document(UUID(int=n)) is not None]
    assert left == [2, 4]


async def test_who_was_added_and_never_filed_is_known_by_its_credit_code(backend):
    added = Enterprise(id=0, name="n", credit_code=IDENTITY.number, industry="")
    number = await backend.store.add_enterprise(added, AUDIT)
    ledger = await posted(backend.business, Postings(), identity=IDENTITY, year=YEAR)
    assert ledger.added.id == number
    for other in (Identity(2, IDENTITY.number), Identity(1, ""), Identity(1, "x"), None):
        assert (await posted(backend.business, Postings(), identity=other)).added is None
    filed = Postings(member=member(number), event=EVENT)
    await posted(backend.business, filed, year=YEAR)
    ledger = await posted(backend.business, Postings(), identity=IDENTITY)
    assert (ledger.added, ledger.member) == (None, member(number))


async def test_every_version_of_an_enterprise_is_kept(backend):
    business = backend.business
    number = await taken_in(backend)
    second = member(number, version=2, name="新名")
    changed = Event(at=9, actor="x", did="changed")
    await posted(business, Postings(member=second, event=changed), enterprise=number)
    first = MemberVersion(member(number), EVENT)
    assert await business.versions(number, 0, 9) == [first, MemberVersion(second, changed)]
    assert await business.versions(number, 0, 1) == [first]
    assert await business.versions(number, 1, 9) == [MemberVersion(second, changed)]
    assert await business.versions(number + 1, 0, 9) == []
    assert await business.changed_at([number, number + 1]) == {number: changed.at}
    assert await business.changed_at([]) == {}
    assert await business.listed(Listed(), 0, 9) == [second]
    assert await business.listed(Listed(), 1, 9) == []


async def test_prefixes_of_an_enterprise_go_off_and_on_with_it(backend):
    number = await taken_in(backend)
    steps = (
        (EnterpriseState.SUSPENDED, OffAs.ENTERPRISE_SUSPENDED),
        (EnterpriseState.ACTIVE, None),
        (EnterpriseState.CLOSED, OffAs.ENTERPRISE_CLOSED),
    )
    cursor = await backend.feed.start()
    for version, (state, off) in enumerate(steps, 2):
        told = member(number, version=version, state=state, reason="" if off is None else "欠费")
        postings = Postings(member=told, event=EVENT)
        await posted(backend.business, postings, enterprise=number)
        entry = (await backend.directory.directory()).exact("88.300.7")
        assert entry.enabled is (off is None)
        assert entry.off == (NO_REASON if off is None else Off(off, "欠费"))
        page = await backend.feed.poll(cursor)
        assert page.directory
        cursor = page.cursor


async def test_the_newest_verification_counts(backend):
    business = backend.business
    assert await business.verification(IDENTITY) is None
    first = Verification(
        identity=IDENTITY, outcome=Outcome.FAILED, method="visit", at=1, actor="a", note="n"
    )
    second = Verification(
        identity=IDENTITY, outcome=Outcome.PASSED, method="papers", at=2, actor="b"
    )
    for one in (first, second):
        await posted(business, Postings(verification=one))
    assert await business.verification(IDENTITY) == second
    assert await business.verification(Identity(2, IDENTITY.number)) is None
    assert (await posted(business, Postings(), identity=IDENTITY)).verification == second


async def test_certificates_are_found_by_serial_and_by_enterprise(backend):
    business = backend.business
    number = await taken_in(backend)
    assert await business.certificate("c1") is None
    made = [
        certificate("c1", enterprise=number),
        certificate("c2", enterprise=number, issued_at=6, index=400),
    ]
    await posted(business, Postings(certificates=tuple(made)))
    assert await business.certificate("c2") == made[1]
    assert await business.certificates(number, "", 9) == made
    assert await business.certificates(0, "c1", 9) == made[1:]
    assert await business.certificates(number, "", 1) == made[:1]
    assert await business.certificates(number + 1, "", 9) == []
    ledger = await posted(business, Postings(), enterprise=number, certificate="c1")
    assert (ledger.certificate, ledger.in_force) == (made[0], made[1])
    revoked = msgspec.structs.replace(made[1], revoked_at=9, reason="key lost", index=0)
    await posted(business, Postings(certificates=(revoked,)))
    ledger = await posted(business, Postings(), enterprise=number, certificate="c2")
    assert (ledger.certificate, ledger.in_force) == (revoked, made[0])


async def test_what_the_national_node_is_to_be_told_waits_until_it_was(backend):
    notices = backend.notices
    assert await notices.notices(9) == []
    two = tuple(Notice(kind="application", subject=str(n), at=n) for n in (1, 2))
    await posted(backend.business, Postings(notices=two))
    waiting = await notices.notices(9)
    assert [(one.kind, one.subject, one.at) for one in waiting] == [
        ("application", "1", 1),
        ("application", "2", 2),
    ]
    assert await notices.notices(1) == waiting[:1]
    await notices.settle(waiting[0].id)
    await notices.settle(waiting[0].id)
    assert await notices.notices(9) == waiting[1:]


async def test_applications_are_found_by_kind_by_enterprise_and_by_age(backend):
    business = backend.business
    number = await taken_in(backend)
    change = application(
        2, kind=Kind.CHANGE, enterprise=number, standing=Standing(Stage.REJECTED), changed_at=20
    )
    other = application(
        3, identity=Identity(2, "x"), standing=Standing(Stage.WITHDRAWN), changed_at=30
    )
    for one in (change, other):
        await posted(business, Postings(application=one))
    of_it = await business.applications(Wanted(enterprise=number), "", 9)
    assert [one.id.int for one in of_it] == [1, 2]
    changes = await business.applications(Wanted(kinds=(Kind.CHANGE,)), "", 9)
    assert changes == [change]
    assert await business.lapsed(20, 9) == []
    assert await business.lapsed(31, 9) == [change.id, other.id]
    assert await business.lapsed(31, 1) == [change.id]
    purged = msgspec.structs.replace(change, purged_at=40)
    await posted(business, Postings(application=purged))
    assert await business.lapsed(31, 9) == [other.id]
    assert await business.application(change.id) == purged
    ledger = await posted(business, Postings(), identity=IDENTITY, kind=Kind.CHANGE)
    assert ledger.pending == purged
