"""``idnode application …`` on stores in memory: what is wrong is told at once."""

import json
from uuid import UUID

import pytest

from identifiers.directory import PrefixEntry, PrefixKind
from identifiers.enterprises.review import Rejection, Reviewer
from node.commands.admissions import Desk, submitting, telling_revisions
from node.refusals import NotDone
from storage.memory import MemoryBusiness, MemoryStore
from tests.contracts.units import AUDIT
from tests.unit.registry.business.conftest import ROOT, attachment, by, particulars, submitted
from tests.unit.registry.business.office import make_office


async def test_form_documents_and_label_of_an_application_are_refused_together():
    store = MemoryStore()
    root = PrefixEntry(prefix=ROOT, kind=PrefixKind.SECONDARY, enterprise=0)
    await store.home_prefix(root, AUDIT)
    business = MemoryBusiness(store)
    desk = Desk(make_office(business, store), by())
    text = json.dumps(particulars(contact_email="x")).encode()
    with pytest.raises(NotDone) as refused:
        await submitting(text, "3")(desk)
    places = [told.partition(" ")[0] for told in str(refused.value).split("; ")]
    assert places == [
        "basic/contact_email",
        "basic/org_cert_image",
        "basic/legal_cert_front",
        "basic/legal_cert_back",
        "wanted",
    ]


async def test_an_operator_is_told_what_each_revision_changed():
    store = MemoryStore()
    root = PrefixEntry(prefix=ROOT, kind=PrefixKind.SECONDARY, enterprise=0)
    await store.home_prefix(root, AUDIT)
    business = MemoryBusiness(store)
    for at in (1, 2, 3):
        await business.documents.keep(attachment(1, at), b"sealed", AUDIT)
    office, number = make_office(business, store), UUID(int=1)
    desk = Desk(office, by())
    with pytest.raises(NotDone, match="no such application"):
        await telling_revisions(str(number))(desk)
    await office.admissions.apply(number, submitted(), by("applicant"))
    await office.admissions.decide(number, Rejection(Reviewer.NODE, ("不符",)), by())
    await office.admissions.resubmit(number, submitted(contact_name="王某"), by("agent"))
    first, second = await telling_revisions(str(number))(desk)
    assert (first["by"], first["changes"]) == ("applicant", [])
    assert [step["reasons"] for step in first["steps"]] == [["不符"]]
    assert second["by"] == "agent"
    assert second["changes"] == [{"field": "/basic/contact_name", "old": "李*", "new": "王*"}]
