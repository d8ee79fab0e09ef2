"""Documents of applications, change requests, and personal data that goes."""

from uuid import UUID, uuid4

import msgspec
import pytest

from identifiers.accounts import AccountKind, AccountState, StoredAccount, StoredLogin
from identifiers.changes import Enterprise
from identifiers.directory import PrefixEntry, PrefixKind
from identifiers.enterprises.files import TooMuchWaits, Waiting
from identifiers.enterprises.ledger import Attachment, Outcome, Wanted
from identifiers.enterprises.review import (
    Approval,
    Kind,
    NotNow,
    Rejection,
    Reviewer,
    Stage,
    Withdrawal,
)
from identifiers.errors import FateUnknown
from identifiers.names import Prefix
from identifiers.principals import Role
from identifiers.standings import EnterpriseState, PrefixState
from registry.answers import Faulty
from registry.business import documents as registry_documents
from registry.business import shown
from registry.business.admissions import Admissions
from registry.business.approvals import Left, NoPrefixLeft, Terms
from registry.business.documents import UNBOUND_SECONDS, Documents
from registry.business.farewell import Farewell
from registry.business.members import CannotBecome, Enterprises, Finding
from registry.business.national import Sandbox, record
from registry.business.personal import Broken, Sealer
from registry.business.prefixes import Holdings
from registry.business.refusals import AlreadyMember, NoApplication, NoMember, Pending, Undecided
from storage.memory import MemoryAccounts
from storage.memory.prefixes import MemoryPrefixes
from tests.contracts.units import AUDIT
from tests.unit.registry.business.conftest import (
    PICTURES,
    REGISTERS,
    ROOT,
    attachment,
    by,
    particulars,
    picture,
    submitted,
)
from tests.unit.registry.world import stored_key

ONE, TWO, THREE = UUID(int=1), UUID(int=2), UUID(int=3)
NODE = Approval(Reviewer.NODE)
REJECTED = Rejection(Reviewer.NODE, ("照片不清",))
SEALER = Sealer(bytes(32))
PNG = b"\x89PNG\r\n\x1a\n..."


@pytest.fixture
def enterprises(business):
    return Enterprises(business, local=False)


@pytest.fixture
async def admitted(admit):
    """A node with one enterprise; gives its commands and the enterprise's number."""
    node = admit()
    await node.apply(ONE, submitted(), by())
    return node, (await node.decide(ONE, NODE, by())).enterprise


async def bound(business, number):
    found, _ = await business.documents.document(number)
    return found.application


async def test_documents_are_bound_by_the_application_that_names_them(admit, business):
    node = admit()
    await node.apply(ONE, submitted(), by())
    kept, _ = await business.documents.document(picture(1, 1))
    assert (kept.application, kept.field) == (ONE, "/basic/org_cert_image")
    stolen = await node.apply(TWO, submitted(2, org_cert_image=str(picture(1, 1))), by())
    assert [(f.code, f.pointer) for f in stolen.faults] == [
        ("document.unknown", "/basic/org_cert_image")
    ]
    foreign = await node.apply(TWO, submitted(2), by(enterprise=7))
    assert {f.code for f in foreign.faults} == {"document.unknown"}
    assert len(foreign.faults) == 3


async def test_who_withdrew_names_the_same_documents_again(admit, business):
    node = admit()
    await node.apply(ONE, submitted(), by())
    await node.decide(ONE, Withdrawal(), by())
    assert (await node.apply(TWO, submitted(), by())).id == TWO
    assert await bound(business, picture(1, 1)) == TWO


async def test_an_account_of_an_enterprise_that_was_only_named_is_admitted_as_that(
    admit, business, store
):
    number = await store.add_enterprise(
        Enterprise(id=0, name="n", credit_code="", industry=""),
        AUDIT,
    )
    for at in (1, 2, 3):
        own = msgspec.structs.replace(
            attachment(1, at), id=picture(3, at), owner=f"enterprise:{number}"
        )
        await business.documents.keep(own, b"", AUDIT)
    files = ("org_cert_image", "legal_cert_front", "legal_cert_back")
    named = {name: str(picture(3, at)) for at, name in enumerate(files, 1)}
    node = admit()
    made = await node.apply(ONE, submitted(**named), by("account:a", enterprise=number))
    assert made.enterprise == number
    assert (await node.decide(ONE, NODE, by())).enterprise == number
    again = await node.apply(TWO, submitted(2), by(enterprise=number))
    assert again == AlreadyMember(number)


async def test_an_enterprise_is_admitted_as_one_organisation_only(admit, business, store):
    number = await store.add_enterprise(Enterprise(id=0, name="n"), AUDIT)
    mine = by("account:a", enterprise=number)
    node = admit()
    for of, made in ((3, ONE), (4, TWO)):
        named = {}
        for at, name in enumerate(PICTURES, 1):
            own = attachment(of, at, owner=f"enterprise:{number}")
            await business.documents.keep(own, b"", AUDIT)
            named[name] = str(own.id)
        assert (await node.apply(made, submitted(of, **named), mine)).enterprise == number
    admitted = (await node.decide(ONE, NODE, by())).identity
    refused = await node.decide(TWO, NODE, by())
    assert isinstance(refused, Faulty)
    assert (await business.member(number)).identity == admitted


async def test_who_was_added_with_its_credit_code_is_admitted_as_that(admit, store):
    code = particulars()["basic"]["org_cert_no"]
    known = Enterprise(id=0, name="n", credit_code=code, industry="")
    number = await store.add_enterprise(known, AUDIT)
    own = PrefixEntry(
        prefix=Prefix.parse("88.300.50"), kind=PrefixKind.ENTERPRISE, enterprise=number
    )
    await store.home_prefix(own, AUDIT)
    node = admit()
    await node.apply(ONE, submitted(), by())
    assert (await node.decide(ONE, NODE, by())).enterprise == number
    entries = (await store.directory()).entries
    assert [str(e.prefix) for e in entries if e.enterprise == number] == ["88.300.50"]
    other = await node.apply(TWO, submitted(2, wanted="X"), by())
    assert (await node.decide(other.id, NODE, by())).enterprise != number


async def test_a_node_without_a_prefix_takes_nobody_in(admit, store):
    await store.enable_prefix(ROOT, AUDIT, enabled=False)
    node = admit()
    await node.apply(ONE, submitted(), by())
    assert await node.decide(ONE, NODE, by()) == NoPrefixLeft()


async def test_a_change_is_reviewed_and_applied_with_old_and_new_kept(admitted, business):
    node, number = admitted
    changed = submitted(enterprise=number, org_name="新名煤业有限公司", legal_name="王某")
    made = await node.apply(TWO, changed, by("account:owner", enterprise=number))
    assert (made.kind, made.standing.stage) == (Kind.CHANGE, Stage.SUBMITTED)
    assert await node.apply(THREE, changed, by(enterprise=number)) == made
    other = submitted(enterprise=number, org_name="另一名")
    assert await node.apply(THREE, other, by(enterprise=number)) == Pending(TWO)
    assert (await business.member(number)).name == "示例煤业有限公司"
    await node.decide(TWO, NODE, by("reviewer"))
    member = await business.member(number)
    assert (member.name, member.version) == ("新名煤业有限公司", 2)
    assert member.filing == "88.300-2026-000001"
    versions = await business.versions(number, 0, 10)
    assert [(one.event.did, one.event.actor) for one in versions] == [
        ("approved", "somebody"),
        ("changed", "reviewer"),
    ]
    told = list(shown.history(versions, None, SEALER))
    assert told[0]["changes"] == []
    assert told[1]["application"] == str(TWO)
    assert told[1]["changes"] == [
        {"field": "/basic/legal_name", "old": "张**", "new": "王*"},
        {"field": "/basic/org_name", "old": "示例煤业有限公司", "new": "新名煤业有限公司"},
    ]
    (second,) = shown.history(versions[1:], versions[0], SEALER)
    assert second == told[1]
    assert [a.id for a in await node.listed(Wanted(enterprise=number), "", 9)] == [ONE, TWO]
    assert [a.id for a in await node.listed(Wanted(kinds=(Kind.CHANGE,)), "", 9)] == [TWO]


async def test_a_change_stays_with_its_organisation(admitted):
    node, number = admitted
    other = await node.apply(TWO, submitted(2, enterprise=number), by())
    assert [(f.code, f.pointer) for f in other.faults] == [
        ("application.other", "/basic/org_cert_no")
    ]
    assert await node.apply(TWO, submitted(enterprise=99), by()) == NoMember()
    assert isinstance(await node.apply(TWO, submitted(enterprise=number, wanted="7"), by()), Faulty)


async def test_a_change_that_was_rejected_is_mended(admitted):
    node, number = admitted
    await node.apply(TWO, submitted(enterprise=number, org_name="甲"), by())
    await node.decide(TWO, REJECTED, by())
    mended = await node.resubmit(TWO, submitted(enterprise=number, org_name="乙"), by())
    assert (mended.kind, mended.standing.revision) == (Kind.CHANGE, 2)


async def test_an_enterprise_is_suspended_resumed_and_closed(
    admitted, enterprises, business, store
):
    node, number = admitted
    prefix = f"{ROOT}.7"
    faulty = await enterprises.suspend(number, " ", by())
    assert [f.pointer for f in faulty.faults] == ["/reason"]
    suspended = await enterprises.suspend(number, "逾期未年审", by("admin"))
    assert suspended.state is EnterpriseState.SUSPENDED
    assert await enterprises.suspend(number, "again", by()) == suspended
    assert (await store.directory()).exact(prefix).enabled is False
    assert (await enterprises.resume(number, by())).state is EnterpriseState.ACTIVE
    assert (await store.directory()).exact(prefix).enabled is True
    closed = await enterprises.close(number, "注销", by())
    assert closed.state is EnterpriseState.CLOSED
    assert (await store.directory()).exact(prefix).enabled is False
    assert await enterprises.resume(number, by()) == CannotBecome(
        EnterpriseState.CLOSED, EnterpriseState.ACTIVE
    )
    assert await enterprises.resume(99, by()) == NoMember()
    assert await node.apply(TWO, submitted(enterprise=number), by()) == Left()
    history = await enterprises.history(number, 0, 9)
    assert [one.event.did for one in history] == ["approved", "suspended", "resumed", "closed"]
    told = list(shown.history(history, None, SEALER))
    assert told[1]["changes"] == [{"field": "/state", "old": "active", "new": "suspended"}]
    assert told[1]["reason"] == "逾期未年审"
    assert [one.kind for one in await business.notices(9)] == ["enterprise"] * 3


async def test_nobody_acts_for_who_left(admitted, business, store):
    _, number = admitted
    accounts = MemoryAccounts(store)
    other = await store.add_enterprise(Enterprise(id=0, name="n"), AUDIT)
    for whose in (number, other):
        account = StoredAccount(
            id=0,
            name=f"li-{whose}",
            role=Role.OWNER,
            enterprise=whose,
            kind=AccountKind.PERSON,
            proof=b"p",
            created_at=1,
            changed_at=1,
        )
        made = await accounts.add_account(account, AUDIT)
        login = StoredLogin(
            id=f"of-{whose}", account=made, hashed=b"h", created_at=1, expires_at=2**40
        )
        await accounts.add_login(login, AUDIT, version=1)
        await store.add_key(stored_key(f"key-{whose}", whose), AUDIT)
    books = MemoryPrefixes(store, business, lambda: 0)
    leaving = Farewell(books, Holdings(books, lambda _: UUID(int=5)), accounts, store)
    enterprises = Enterprises(business, local=True, leaving=leaving)
    for _ in range(2):
        await enterprises.close(number, "注销", by())
    ended, account = await accounts.login(f"of-{number}")
    assert (bool(ended.revoked_at), account.state) == (True, AccountState.DISABLED)
    assert (await store.key(f"key-{number}")).revoked_at
    stays, account = await accounts.login(f"of-{other}")
    assert (stays.revoked_at, account.state) == (0, AccountState.ACTIVE)
    assert not (await store.key(f"key-{other}")).revoked_at
    told = [entry.action for entry in store.audited]
    assert (told.count("account.change"), told.count("key.revoke")) == (1, 1)


async def test_prefixes_of_who_left_are_to_be_deleted(admitted, business, store):
    _, number = admitted
    accounts = MemoryAccounts(store)
    books = MemoryPrefixes(store, business, lambda: 0)
    holdings = Holdings(books, lambda _: UUID(int=5))
    below = PrefixEntry(
        prefix=Prefix.parse("88.300.7.1"), kind=PrefixKind.ENTERPRISE, enterprise=number
    )
    await store.home_prefix(below, AUDIT)
    enterprises = Enterprises(
        business, local=True, leaving=Farewell(books, holdings, accounts, store)
    )
    store.lose_next_commit = True
    with pytest.raises(FateUnknown):
        await enterprises.close(number, "注销", by())
    for _ in range(2):
        assert (await enterprises.close(number, "注销", by())).state is EnterpriseState.CLOSED
    for text in ("88.300.7", "88.300.7.1"):
        held = await books.holding(Prefix.parse(text))
        assert (held.state, held.reason) == (PrefixState.TO_BE_DELETED, "注销")
    told = [entry for entry in store.audited if entry.action == "prefix.state"]
    assert [entry.subject for entry in told] == ["88.300.7.1", "88.300.7"]


async def test_prefixes_are_looked_at_anew_when_they_were_given_or_switched(business):
    told = []
    terms = Terms(registers=REGISTERS, local=True)
    node = Admissions(business, SEALER, terms, lambda: told.append("given"))
    await node.apply(ONE, submitted(), by())
    assert told == []
    number = (await node.decide(ONE, NODE, by())).enterprise
    assert told == ["given"]
    enterprises = Enterprises(business, local=True, changed=lambda: told.append("switched"))
    await enterprises.suspend(number, "核查", by())
    await enterprises.resume(number, by())
    assert told == ["given", "switched", "switched"]


async def test_a_local_node_tells_nobody(admitted, business):
    _, number = admitted
    await Enterprises(business, local=True).suspend(number, "x", by())
    assert await business.notices(9) == []


async def test_who_is_verified_is_told_apart_from_reviews(admitted, enterprises, business, admit):
    _, number = admitted
    passed = Finding(outcome=Outcome.PASSED, method="registers")
    made = await enterprises.verify(number, passed, by("reviewer"))
    assert made.actor == "reviewer"
    await admit().apply(TWO, submitted(2), by())
    failed = Finding(outcome=Outcome.FAILED, method="visit", note="无此地址")
    other = await enterprises.verify_applicant(TWO, failed, by())
    member, application = await business.member(number), await business.application(TWO)
    assert await business.verification(member.identity) == made
    assert await business.verification(application.identity) == other
    assert application.standing.stage is Stage.SUBMITTED
    told = shown.whole(application, SEALER, (), other)
    assert told["verification"]["note"] == "无此地址"
    assert await enterprises.verify(99, passed, by()) == NoMember()
    assert await enterprises.verify_applicant(THREE, passed, by()) == NoApplication()
    unknown = Finding(outcome=Outcome.PASSED, method="guess", note="a\0b")
    assert [f.pointer for f in (await enterprises.verify(number, unknown, by())).faults] == [
        "/method"
    ]
    noted = Finding(outcome=Outcome.PASSED, method="visit", note="a\0b")
    assert [f.pointer for f in (await enterprises.verify(number, noted, by())).faults] == ["/note"]


async def test_who_was_refused_leaves_no_personal_data(admit, business):
    node = admit()
    assert await node.purge(ONE, by()) == NoApplication()
    await node.apply(ONE, submitted(), by())
    assert await node.purge(ONE, by()) == Undecided(Stage.SUBMITTED)
    await node.decide(ONE, REJECTED, by())
    purged = await node.purge(ONE, by())
    assert purged.standing.stage is Stage.WITHDRAWN
    assert purged.told.sealed == b""
    assert await node.purge(ONE, by()) == purged
    assert await business.documents.document(picture(1, 1)) is None
    assert await business.documents.document(picture(1, 9)) is not None
    told = shown.whole(purged, SEALER, (), None)
    assert told["particulars"]["basic"]["org_name"] == "示例煤业有限公司"
    assert "legal_name" not in told["particulars"]["basic"]
    assert [step.did for step in await business.steps(ONE)][-1] == "purged"
    assert await node.resubmit(ONE, submitted(2), by()) == NotNow(Stage.WITHDRAWN)


async def test_a_purge_reaches_what_was_told_before_it_was_mended(admit, business):
    node = admit()
    await node.apply(ONE, submitted(), by())
    await node.decide(ONE, REJECTED, by())
    mended = submitted(contact_name="王某", legal_cert_front=str(picture(1, 9)))
    await node.resubmit(ONE, mended, by())
    await node.decide(ONE, REJECTED, by())
    await node.resubmit(ONE, submitted(wanted="A1"), by())
    await node.decide(ONE, REJECTED, by(at=2_000_000))
    identity = (await business.application(ONE)).identity
    kept = await business.revisions(ONE, 0, 9)
    opened = [SEALER.open(one.told, identity)["basic"] for one in kept]
    assert [one["contact_name"] for one in opened] == ["李某", "王某", "李某"]
    everything = repr(vars(business))
    assert all(repr(one.told.sealed) in everything for one in kept)
    for at in (1, 2, 3, 9):  # the last was named by the second revision alone
        assert await business.documents.document(picture(1, at)) is not None
    assert await node.purge_lapsed(2_001, by()) == 1
    left = await business.revisions(ONE, 0, 9)
    assert [one.told.document for one in left] == [one.told.document for one in kept]
    everything = repr(vars(business))
    assert not any(repr(one.told.sealed) in everything for one in kept)
    for at in (1, 2, 3, 9):
        assert await business.documents.document(picture(1, at)) is None
    told = shown.revisions(await business.steps(ONE), left, identity, SEALER)
    assert [one["changes"] for one in told] == [
        [],
        [],
        [{"field": "/wanted", "old": "", "new": "A1"}],
    ]


async def test_what_was_replaced_before_revisions_were_kept_is_not_guessed(admit, business):
    node = admit()
    await node.apply(ONE, submitted(), by())
    for name in ("王某", "赵某"):
        await node.decide(ONE, REJECTED, by())
        made = await node.resubmit(ONE, submitted(contact_name=name), by())
    steps, (_, *kept) = await business.steps(ONE), await business.revisions(ONE, 0, 9)
    told = list(shown.revisions(steps, kept, made.identity, SEALER))
    assert [(one["revision"], one["did"]) for one in told] == [
        (1, "submitted"),
        (2, "resubmitted"),
        (3, "resubmitted"),
    ]
    changed = {"field": "/basic/contact_name", "old": "王*", "new": "赵*"}
    assert [one["changes"] for one in told] == [[], None, [changed]]


async def test_a_refused_change_takes_no_document_that_is_still_needed(admitted, business):
    node, number = admitted
    change = submitted(enterprise=number, org_cert_image=str(picture(1, 9)))
    await node.apply(TWO, change, by())
    await node.decide(TWO, REJECTED, by())
    await node.purge(TWO, by())
    assert await business.documents.document(picture(1, 9)) is None
    for at in (1, 2, 3):
        assert await business.documents.document(picture(1, at)) is not None


async def test_after_a_time_personal_data_goes_by_itself(admit, business):
    node = admit()
    await node.apply(ONE, submitted(), by())
    await node.decide(ONE, REJECTED, by(at=2_000_000))
    assert await node.purge_lapsed(2_000, by()) == 0
    assert await node.purge_lapsed(2_001, by()) == 1
    assert (await business.application(ONE)).purged_at
    assert await node.purge_lapsed(2_001, by()) == 0


async def test_the_sandbox_reviews_what_waits(admit, business):
    node = admit(local=False)
    sandbox = Sandbox(node, business, business, SEALER)
    await node.apply(ONE, submitted(), by())
    assert await sandbox.review(by("sandbox")) == 0
    await node.decide(ONE, NODE, by())
    assert await sandbox.review(by("sandbox")) == 1
    assert (await business.application(ONE)).standing.stage is Stage.APPROVED
    assert (await business.steps(ONE))[-1].actor == "sandbox"
    assert await business.notices(9) == []
    await node.apply(TWO, submitted(2), by())
    await node.decide(TWO, NODE, by())
    await node.decide(TWO, Withdrawal(), by())
    assert await sandbox.review(by()) == 1
    assert (await business.application(TWO)).standing.stage is Stage.WITHDRAWN
    number = (await business.application(ONE)).enterprise
    await Enterprises(business, local=False).suspend(number, "x", by())
    assert await sandbox.review(by()) == 1
    assert await business.notices(9) == []


async def test_the_sandbox_says_what_is_missing(admit, business):
    node = admit(local=False)
    await node.apply(ONE, submitted(), by())
    await node.decide(ONE, NODE, by())
    there = await business.application(ONE)
    document = particulars()
    del document["basic"]["legal_name"], document["basic"]["org_cert_image"]
    told = SEALER.seal(document, there.identity, bytes(12))
    business._applications[ONE] = msgspec.structs.replace(there, told=told)
    await Sandbox(node, business, business, SEALER).review(by())
    assert (await business.application(ONE)).standing.stage is Stage.REJECTED
    assert (await business.steps(ONE))[-1].reasons == ("T6 6：缺少法定代表人姓名",)


async def test_a_verdict_of_the_national_node_is_recorded_once(admit, business):
    node = admit(local=False)
    await node.apply(ONE, submitted(), by())
    assert await record(node, ONE, (), by()) == NotNow(Stage.SUBMITTED)
    await node.decide(ONE, NODE, by())
    rejected = await record(node, ONE, ("材料不全",), by("national"))
    assert rejected.standing.stage is Stage.REJECTED
    assert await record(node, ONE, ("材料不全",), by("national")) == rejected
    assert (await business.steps(ONE))[-1].reasons == ("材料不全",)


async def test_a_document_is_kept_sealed_and_read_with_a_trace(business, store):
    documents = Documents(business.documents, SEALER)
    sent = await documents.upload(ONE, PNG, by("account:a", enterprise=7))
    assert (sent.media, sent.size, sent.owner) == ("image/png", len(PNG), "enterprise:7")
    assert await documents.upload(TWO, PNG, by(enterprise=7)) == sent
    assert (await documents.upload(TWO, PNG, by())).id == TWO
    assert await documents.find(ONE) == sent
    assert await documents.find(THREE) is None
    _, sealed = await business.documents.document(ONE)
    assert PNG not in sealed
    assert await documents.read(ONE, by("reviewer")) == (sent, PNG)
    assert (store.audited[-1].action, store.audited[-1].actor) == ("document.read", "reviewer")
    assert await documents.read(THREE, by()) is None
    with pytest.raises(Broken):
        SEALER.open_file(sealed, TWO)
    assert shown.document(sent)["sha256"] == sent.sha256.hex()


async def test_so_many_documents_wait_for_an_application(business, monkeypatch):
    limit = Waiting(documents=3, octets=4 * len(PNG))
    monkeypatch.setattr(registry_documents, "MOST_WAITING", limit)
    documents, owner = Documents(business.documents, SEALER), by(enterprise=7)
    for number in range(3):
        await documents.upload(uuid4(), PNG + bytes([number]), owner)
    for octets in (PNG + b"4", PNG * 2):
        assert await documents.upload(uuid4(), octets, owner) == TooMuchWaits(limit)
    again = await documents.upload(uuid4(), PNG + bytes([1]), owner)
    assert isinstance(again, Attachment)
    assert isinstance(await documents.upload(uuid4(), PNG * 9, by(enterprise=8)), TooMuchWaits)
    assert isinstance(await documents.upload(uuid4(), PNG * 9, by()), Attachment)


async def test_what_is_no_document_is_not_kept(business):
    documents = Documents(business.documents, SEALER)
    assert type(await documents.upload(ONE, b"GIF89a", by())).__name__ == "UnknownForm"
    assert await documents.find(ONE) is None


async def test_a_document_that_nobody_names_goes_after_a_day(admit, business):
    await admit().apply(ONE, submitted(), by())
    documents = Documents(business.documents, SEALER)
    there = attachment(1, 9)
    assert await documents.sweep(there.uploaded_at + UNBOUND_SECONDS) == 0
    assert await documents.sweep(there.uploaded_at + UNBOUND_SECONDS + 1) == 5
    assert await business.documents.document(picture(1, 9)) is None
    assert await business.documents.document(picture(1, 1)) is not None
