"""Enterprises that an operator added and of which nothing was filed, in the ledger."""

import msgspec
import pytest

from identifiers.changes import Enterprise
from identifiers.directory import NO_REASON, Off, OffAs, PrefixEntry, PrefixKind
from identifiers.enterprises.ledger import (
    Event,
    Identity,
    Listed,
    Member,
    MemberVersion,
    Postings,
    Told,
)
from identifiers.names import Prefix
from identifiers.standings import EnterpriseState
from tests.contracts.test_contract_business import AUDIT, IDENTITY, YEAR, member, posted

SUSPENDED = Event(at=7, actor="admin", did="suspended")
APPROVED = Event(at=8, actor="reviewer", did="approved")


@pytest.fixture
async def added(backend):
    """An enterprise with a prefix, as it is before anything happens to it."""
    number = await backend.store.add_enterprise(
        Enterprise(id=0, name="示例", credit_code=IDENTITY.number, industry="B06"), AUDIT
    )
    entry = PrefixEntry(
        prefix=Prefix.parse("88.300.7"), kind=PrefixKind.ENTERPRISE, enterprise=number
    )
    await backend.store.home_prefix(entry, AUDIT)
    return Member(
        id=number,
        identity=IDENTITY,
        name="示例",
        industry="B06",
        state=EnterpriseState.ACTIVE,
        told=Told(b"", b""),
        filing="",
        approved_at=0,
    )


def suspended(added):
    return msgspec.structs.replace(
        added, state=EnterpriseState.SUSPENDED, reason="逾期", version=added.version + 1
    )


async def test_it_stands_among_all_and_not_among_those_that_were_filed(backend, added):
    business = backend.business
    ledger = await posted(business, Postings(), year=YEAR)
    filed = member(ledger.fresh, identity=Identity(1, "9"))
    await posted(business, Postings(member=filed, event=APPROVED), year=YEAR)
    assert await business.enterprise(added.id) == added
    assert await business.enterprise(filed.id) == filed
    assert await business.enterprise(99) is None
    assert await business.member(added.id) is None
    assert list(await business.listed(Listed(), 0, 9)) == [filed]
    assert list(await business.enterprises(0, 9)) == [added, filed]
    assert list(await business.enterprises(0, 1)) == [added]
    assert list(await business.enterprises(added.id, 9)) == [filed]


async def test_a_decision_sees_it_by_its_number(backend, added):
    ledger = await posted(backend.business, Postings(), enterprise=added.id)
    assert (ledger.added, ledger.member) == (added, None)
    other = await posted(backend.business, Postings(), enterprise=99, identity=IDENTITY)
    assert other.added is None


async def test_its_prefixes_are_off_while_it_is_suspended(backend, added):
    business = backend.business
    off = suspended(added)
    await posted(business, Postings(member=off, event=SUSPENDED), enterprise=added.id)
    entry = (await backend.directory.directory()).exact("88.300.7")
    assert (entry.enabled, entry.off) == (False, Off(OffAs.ENTERPRISE_SUSPENDED, "逾期"))
    assert await business.enterprise(added.id) == off
    assert await business.member(added.id) is None
    assert list(await business.versions(added.id, 0, 9)) == [MemberVersion(off, SUSPENDED)]
    on = msgspec.structs.replace(off, state=EnterpriseState.ACTIVE, reason="", version=3)
    await posted(business, Postings(member=on, event=SUSPENDED), enterprise=added.id)
    entry = (await backend.directory.directory()).exact("88.300.7")
    assert (entry.enabled, entry.off) == (True, NO_REASON)
    ledger = await posted(business, Postings(), identity=IDENTITY, year=YEAR)
    assert (ledger.added, ledger.filed) == (on, 0)


async def test_several_are_suspended_and_each_is_filed_with_a_number_of_the_year(backend, added):
    business = backend.business
    second = await backend.store.add_enterprise(Enterprise(id=0, name="二"), AUDIT)
    other = msgspec.structs.replace(added, id=second, identity=Identity(1, ""), name="二")
    for one in (added, other):
        await posted(business, Postings(member=suspended(one), event=SUSPENDED))
    filed = member(added.id, version=3)
    await posted(business, Postings(member=filed, event=APPROVED), year=YEAR)
    ledger = await posted(business, Postings(), enterprise=added.id, year=YEAR)
    assert (ledger.added, ledger.member, ledger.filed) == (None, filed, 1)
    told = await business.versions(added.id, 0, 9)
    assert told == [
        MemberVersion(suspended(added), SUSPENDED),
        MemberVersion(filed, APPROVED),
    ]


async def test_of_two_with_a_credit_code_the_one_that_was_not_closed_is_meant(backend, added):
    business = backend.business
    again = Enterprise(id=0, name="示例", credit_code=IDENTITY.number, industry="B06")
    second = await backend.store.add_enterprise(again, AUDIT)
    assert (await posted(business, Postings(), identity=IDENTITY)).added == added
    closed = msgspec.structs.replace(added, state=EnterpriseState.CLOSED, version=2)
    await posted(business, Postings(member=closed, event=SUSPENDED))
    assert (await posted(business, Postings(), identity=IDENTITY)).added.id == second
