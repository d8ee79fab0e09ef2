"""Enterprises that an operator added and of which nothing was filed: shown, suspended, closed."""

from uuid import UUID

import pytest

from identifiers.changes import Enterprise
from identifiers.directory import PrefixEntry, PrefixKind
from identifiers.enterprises.ledger import Outcome, Wanted
from identifiers.enterprises.review import Approval, Reviewer, Stage
from identifiers.names import Prefix
from identifiers.standings import EnterpriseState, PrefixState
from registry.business.approvals import Left
from registry.business.certificates import Certificates, Wish
from registry.business.farewell import Farewell
from registry.business.members import CannotBecome, Enterprises, Finding
from registry.business.prefixes import Holdings
from registry.business.refusals import AlreadyMember, NotFiled
from storage.memory import MemoryAccounts
from storage.memory.prefixes import MemoryPrefixes
from tests.contracts.units import AUDIT
from tests.unit.registry.business.conftest import by, particulars, submitted
from tests.unit.registry.business.office import SIGNER, make_office, served
from tests.unit.registry.world import stored_key

ENTERPRISES, IDENTIFIERS = "/api/v1/enterprises", "/api/v1/identifiers"
ONE = UUID(int=1)
NODE = Approval(Reviewer.NODE)
PREFIX = "88.300.50"
HANDLE = {"handle": f"{PREFIX}/A", "values": [{"index": 1, "type": "URL", "data": "https://x"}]}
CODE = particulars()["basic"]["org_cert_no"]


@pytest.fixture
async def number(store):
    """An enterprise that was added, with a prefix and a key."""
    made = await store.add_enterprise(Enterprise(id=0, name="示例", credit_code=CODE), AUDIT)
    own = PrefixEntry(prefix=Prefix.parse(PREFIX), kind=PrefixKind.ENTERPRISE, enterprise=made)
    await store.home_prefix(own, AUDIT)
    await store.add_key(stored_key("k", made), AUDIT)
    return made


@pytest.fixture
def books(business, store):
    return MemoryPrefixes(store, business, lambda: 0)


@pytest.fixture
def enterprises(business, store, books):
    holdings = Holdings(books, lambda _: UUID(int=5))
    leaving = Farewell(books, holdings, MemoryAccounts(store), store)
    return Enterprises(business, local=False, leaving=leaving)


@pytest.fixture
async def api(business, store):
    async with served(make_office(business, store), store) as client:
        yield client


async def test_it_is_told_and_that_nothing_was_filed(api, number):
    (brief,) = (await api.get(ENTERPRISES, key="auditor")).json["items"]
    assert brief == {
        "id": number,
        "name": "示例",
        "number": CODE,
        "industry": "",
        "state": "active",
        "reason": "",
        "filing": None,
        "approved_at": None,
        "version": 1,
    }
    read = await api.get(f"{ENTERPRISES}/{number}", key="auditor")
    more = {"prefixes": [PREFIX], "verification": None, "particulars": None}
    assert read.json == brief | more
    owner = f"owner-{number}"
    assert (await api.get(ENTERPRISES, key=owner)).json["items"] == [brief]
    assert (await api.get(f"{ENTERPRISES}/{number}", key=owner)).json == read.json
    assert (await api.get(f"{ENTERPRISES}/{number}", key="owner-9")).status == 404
    assert (await api.get(f"{ENTERPRISES}/{number}/history", key=owner)).json == {"items": []}


async def test_what_needs_a_filing_says_so(api, number):
    where = f"{ENTERPRISES}/{number}"
    passed = {"outcome": "passed", "method": "papers"}
    change = {"enterprise": number, "particulars": particulars()}
    for answer in (
        await api.get(f"{where}/filing-record", key="admin"),
        await api.post(f"{where}/verification", passed, key="reviewer"),
        await api.post("/api/v1/certificates", {"enterprise": number}, key="admin"),
        await api.post("/api/v1/changes", change, key="admin"),
    ):
        assert (answer.status, answer.code) == (409, "enterprise-not-filed")


async def test_it_is_suspended_and_resumed_like_any_other(api, store, number):
    where = f"{ENTERPRISES}/{number}"
    told = await api.post(f"{where}/suspension", {"reason": "逾期"}, key="admin")
    assert (told.json["state"], told.json["reason"]) == ("suspended", "逾期")
    assert not (await store.directory()).exact(PREFIX).enabled
    again = await api.post(f"{where}/resumption", key="admin")
    assert (again.json["state"], again.json["version"]) == ("active", 3)
    assert (await store.directory()).exact(PREFIX).enabled
    history = (await api.get(f"{where}/history", key="admin")).json["items"]
    assert [(one["did"], one["changes"]) for one in history] == [
        ("suspended", []),
        ("resumed", [{"field": "/state", "old": "suspended", "new": "active"}]),
    ]


async def test_while_it_is_suspended_nothing_is_registered_under_its_prefixes(
    business, enterprises, store, number
):
    told = []
    for change in (
        enterprises.suspend(number, "逾期", by()),
        enterprises.resume(number, by()),
    ):
        await change
        async with served(make_office(business, store), store) as api:
            told.append((await api.post(IDENTIFIERS, HANDLE, key=f"operator-{number}")).status)
    assert told == [403, 201]


async def test_who_is_closed_keeps_no_key_and_is_never_admitted(
    admit, books, enterprises, store, number
):
    node = admit()
    await node.apply(ONE, submitted(), by())
    for _ in range(2):  # what was cut is finished
        closed = await enterprises.close(number, "注销", by())
        assert closed.state is EnterpriseState.CLOSED
    assert (await store.key("k")).revoked_at
    held = await books.holding(Prefix.parse(PREFIX))
    assert held.state is PrefixState.TO_BE_DELETED
    assert await enterprises.resume(number, by()) == CannotBecome(
        EnterpriseState.CLOSED, EnterpriseState.ACTIVE
    )
    assert await node.decide(ONE, NODE, by()) == Left()
    (waiting,) = await node.listed(Wanted(), "", 9)
    assert waiting.standing.stage is Stage.SUBMITTED


async def test_who_was_closed_applies_no_more(admit, enterprises, number):
    await enterprises.close(number, "注销", by())
    assert await admit().apply(ONE, submitted(), by()) == AlreadyMember(number)


async def test_who_is_admitted_while_suspended_stays_suspended(
    admit, business, enterprises, store, number
):
    await enterprises.suspend(number, "逾期", by())
    node = admit()
    await node.apply(ONE, submitted(), by())
    assert (await node.decide(ONE, NODE, by())).enterprise == number
    member = await business.member(number)
    assert (member.state, member.reason) == (EnterpriseState.SUSPENDED, "逾期")
    assert (member.filing, member.version) == ("88.300-2026-000001", 3)
    assert not (await store.directory()).exact(PREFIX).enabled
    async with served(make_office(business, store), store) as api:
        where = f"{ENTERPRISES}/{number}"
        history = (await api.get(f"{where}/history", key="admin")).json["items"]
        assert [(one["did"], one["version"], one["changes"]) for one in history] == [
            ("suspended", 2, []),
            ("approved", 3, []),
        ]
        filed = await api.get(f"{where}/filing-record", key="admin")
        assert filed.status == 200


async def test_the_national_node_is_told_nothing_of_who_was_not_filed(
    business, enterprises, number
):
    await enterprises.suspend(number, "逾期", by())
    assert await business.notices(9) == []


async def test_nobody_is_verified_or_certified_who_was_not_filed(
    business, enterprises, store, number
):
    finding = Finding(outcome=Outcome.PASSED, method="papers")
    assert await enterprises.verify(number, finding, by()) == NotFiled()
    certificates = Certificates(business, store, SIGNER)
    assert await certificates.issue(Wish(enterprise=number, days=1), by()) == NotFiled()
