"""From an application to an enterprise with a prefix."""

import json
from uuid import UUID

import msgspec
import pytest

from identifiers.enterprises.ledger import Application
from identifiers.enterprises.review import (
    Approval,
    NotNow,
    Rejection,
    Reviewer,
    Stage,
    Withdrawal,
)
from identifiers.labels import Range
from identifiers.standings import EnterpriseState
from registry.answers import Faulty
from registry.business.admissions import Submitted
from registry.business.approvals import NoPrefixLeft
from registry.business.personal import Broken, Sealer
from registry.business.refusals import AlreadyMember, NoApplication, Pending
from tests.unit.registry.business.conftest import by, particulars, picture, submitted

ONE, TWO = UUID(int=1), UUID(int=2)
NODE, NATIONAL = Approval(Reviewer.NODE), Approval(Reviewer.NATIONAL)
REASONS = ("营业执照看不清",)


async def test_who_is_approved_has_a_number_a_filing_and_a_prefix(admit, business, store):
    node = admit()
    applied = await node.apply(ONE, submitted(), by("applicant"))
    assert isinstance(applied, Application)
    assert applied.standing.stage is Stage.SUBMITTED
    decided = await node.decide(ONE, NODE, by("reviewer"))
    assert decided.standing.stage is Stage.APPROVED
    member = await business.member(decided.enterprise)
    assert member.name == "示例煤业有限公司"
    assert member.industry == "B06"
    assert member.state is EnterpriseState.ACTIVE
    assert member.filing == "88.300-2026-000001"
    home = (await store.directory()).exact("88.300.7")
    assert home.enterprise == member.id
    steps = await business.steps(ONE)
    assert [(one.did, one.actor) for one in steps] == [
        ("submitted", "applicant"),
        ("approved", "reviewer"),
    ]
    assert [entry.action for entry in store.audited][-3:] == [
        "application.submitted",
        "application.approved",
        "prefix.allot",
    ]
    allotted = store.audited[-1]
    assert (allotted.subject, allotted.actor) == ("88.300.7", "reviewer")
    detail = json.loads(allotted.detail)
    assert detail["application"] == str(ONE)
    assert (detail["to"]["enterprise"], detail["to"]["state"]) == (member.id, "enabled")


async def test_the_national_node_decides_last(admit, business):
    node = admit(local=False)
    await node.apply(ONE, submitted(wanted="COAL"), by())
    passed = await node.decide(ONE, NODE, by())
    assert passed.standing.stage is Stage.PASSED
    assert passed.enterprise == 0
    decided = await node.decide(ONE, NATIONAL, by("national"))
    assert (await business.member(decided.enterprise)).id == decided.enterprise
    again = await node.decide(ONE, NATIONAL, by("national"))
    assert again == decided
    assert len(await business.steps(ONE)) == 3


async def test_what_is_sent_twice_is_one_application(admit, business):
    node = admit()
    first = await node.apply(ONE, submitted(), by())
    assert await node.apply(TWO, submitted(), by()) == first
    assert await node.apply(TWO, submitted(wanted="X"), by()) == Pending(ONE)
    decided = await node.decide(ONE, NODE, by())
    assert await node.apply(TWO, submitted(), by()) == AlreadyMember(decided.enterprise)
    other = await node.apply(TWO, submitted(2), by())
    assert other.id == TWO
    assert (await node.decide(TWO, NODE, by())).enterprise != decided.enterprise
    assert await business.application(ONE) == decided


async def test_what_was_rejected_is_mended_and_sent_again(admit, business):
    node = admit()
    await node.apply(ONE, submitted(), by())
    rejected = await node.decide(ONE, Rejection(Reviewer.NODE, REASONS), by("reviewer"))
    assert rejected.standing.stage is Stage.REJECTED
    assert (await business.steps(ONE))[-1].reasons == REASONS
    assert await node.decide(ONE, NODE, by()) == NotNow(Stage.REJECTED)
    assert await node.apply(TWO, submitted(wanted="A"), by()) == Pending(ONE)
    mended = submitted(org_name="新示例煤业有限公司", org_cert_image=str(picture(1, 9)))
    again = await node.resubmit(ONE, mended, by())
    assert (again.standing.stage, again.standing.revision) == (Stage.SUBMITTED, 2)
    assert again.name == "新示例煤业有限公司"
    assert await node.resubmit(ONE, mended, by()) == again
    decided = await node.decide(ONE, NODE, by())
    assert (await business.member(decided.enterprise)).name == "新示例煤业有限公司"
    assert await node.resubmit(ONE, submitted(), by()) == NotNow(Stage.APPROVED)


async def test_who_withdraws_may_apply_anew(admit):
    node = admit()
    await node.apply(ONE, submitted(), by())
    assert (await node.decide(ONE, Withdrawal(), by())).standing.stage is Stage.WITHDRAWN
    assert (await node.apply(TWO, submitted(), by())).id == TWO


async def test_what_is_wrong_is_told_and_nothing_is_kept(admit, business, store):
    node = admit()
    refused = await node.apply(ONE, submitted(contact_email="x", city_code="1"), by())
    assert [fault.pointer for fault in refused.faults] == [
        "/basic/contact_email",
        "/basic/city_code",
    ]
    wanted = await node.apply(ONE, submitted(wanted="6"), by())
    assert wanted.faults[0].pointer == "/wanted"
    assert isinstance(await node.apply(ONE, Submitted(particulars=[]), by()), Faulty)
    assert await business.application(ONE) is None
    assert store.audited == []
    await node.apply(ONE, submitted(), by())
    await node.decide(ONE, Rejection(Reviewer.NODE, REASONS), by())
    assert isinstance(await node.resubmit(ONE, submitted(legal_name=""), by()), Faulty)
    other = await node.resubmit(ONE, submitted(2), by())
    assert [fault.code for fault in other.faults] == ["application.other"]
    reserved = await node.resubmit(ONE, submitted(wanted="3"), by())
    assert [fault.code for fault in reserved.faults] == ["label.reserved"]


UNFIT = {"contact_email": "x", "legal_cert_front": str(UUID(int=7)), "legal_cert_back": "none"}
ALL_UNFIT = [
    ("/basic/contact_email", "field.email"),
    ("/basic/legal_cert_front", "document.unknown"),
    ("/basic/legal_cert_back", "document.unknown"),
    ("/wanted", "label.reserved"),
]


def told(refused):
    return [(fault.pointer, fault.code) for fault in refused.faults]


async def test_particulars_documents_and_label_are_judged_together(admit, business, store):
    node = admit()
    assert told(await node.apply(ONE, submitted(wanted="6", **UNFIT), by())) == ALL_UNFIT
    assert await business.application(ONE) is None
    assert store.audited == []
    await node.apply(ONE, submitted(), by())
    await node.decide(ONE, Rejection(Reviewer.NODE, REASONS), by())
    before = await business.application(ONE)
    mended = await node.resubmit(ONE, submitted(wanted="6", **UNFIT), by())
    assert told(mended) == ALL_UNFIT
    other = await node.resubmit(ONE, submitted(2, wanted="6", **UNFIT), by())
    assert told(other) == [
        ALL_UNFIT[0],
        ("/basic/org_cert_no", "application.other"),
        *ALL_UNFIT[1:],
    ]
    assert await business.application(ONE) == before


async def test_what_is_at_fault_is_told_once(admit):
    node = admit()
    # Documents of one's own that are bound may be the right ones when the number is mended.
    await node.apply(ONE, submitted(), by())
    number = await node.apply(TWO, submitted(org_cert_no="1", org_cert_image=7), by())
    assert told(number) == [
        ("/basic/org_cert_image", "type"),
        ("/basic/org_cert_no", "enterprise.credit_code"),
    ]
    nothing = await node.apply(TWO, Submitted(particulars=3, wanted="6"), by())
    assert told(nothing) == [("", "type"), ("/wanted", "label.reserved")]


async def test_documents_of_a_change_are_judged_as_the_enterprise_s(admit):
    node = admit()
    await node.apply(ONE, submitted(), by())
    number = (await node.decide(ONE, NODE, by())).enterprise
    wrong = submitted(enterprise=number, org_cert_no="1", legal_cert_front=str(UUID(int=201)))
    change = await node.apply(TWO, wrong, by())
    assert told(change) == [("/basic/org_cert_no", "enterprise.credit_code")]
    bound = submitted(2, legal_cert_front=str(UUID(int=101)), contact_email="x")
    taken = await node.apply(TWO, bound, by())
    assert told(taken) == [
        ("/basic/contact_email", "field.email"),
        ("/basic/legal_cert_front", "document.unknown"),
    ]


async def test_what_is_not_there_is_not_decided(admit):
    node = admit()
    assert await node.decide(ONE, NODE, by()) == NoApplication()
    assert await node.resubmit(ONE, submitted(), by()) == NoApplication()


async def test_a_label_that_was_given_meanwhile_is_told_at_the_approval(admit):
    node = admit()
    await node.apply(ONE, submitted(wanted="COAL"), by())
    await node.apply(TWO, submitted(2, wanted="COAL"), by())
    await node.decide(ONE, NODE, by())
    late = await node.decide(TWO, NODE, by())
    assert [fault.code for fault in late.faults] == ["label.taken"]


async def test_when_no_label_is_left_nobody_is_admitted(admit, business):
    node = admit(reserved=(Range(1, 10**11),))
    await node.apply(ONE, submitted(), by())
    assert await node.decide(ONE, NODE, by()) == NoPrefixLeft()
    assert (await business.application(ONE)).standing.stage is Stage.SUBMITTED


async def test_personal_data_is_sealed_and_bound_to_its_organisation(admit):
    node, sealer = admit(), Sealer(bytes(32))
    applied = await node.apply(ONE, submitted(), by())
    other = await node.apply(TWO, submitted(2), by())
    kept = msgspec.json.encode(applied.told)
    for secret in ("张某某", "990000180001010017", "10012345678", "contact@coal.example"):
        assert secret.encode() not in kept
    assert sealer.open(applied.told, applied.identity)["basic"]["legal_name"] == "张某某"
    with pytest.raises(Broken):
        sealer.open(applied.told, other.identity)
    with pytest.raises(Broken):
        Sealer(b"\1" * 32).open(applied.told, applied.identity)
    with pytest.raises(Broken):
        sealer.open(msgspec.structs.replace(applied.told, sealed=b"short"), applied.identity)
    assert particulars()["basic"]["legal_name"] == "张某某"
