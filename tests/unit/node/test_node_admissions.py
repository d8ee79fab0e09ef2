"""``idnode application …`` on stores in memory: what is wrong is told at once."""

import json

import pytest

from identifiers.directory import PrefixEntry, PrefixKind
from node.commands.admissions import Desk, submitting
from node.refusals import NotDone
from storage.memory import MemoryBusiness, MemoryStore
from tests.contracts.units import AUDIT
from tests.unit.registry.business.conftest import ROOT, by, particulars
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
