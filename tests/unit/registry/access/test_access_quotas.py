import asyncio
import json
import socket

import aiohttp
import pytest

from edge.addresses import Networks
from edge.server import serve
from identifiers.errors import FateUnknown, QuotaSpent, StoreUnavailable
from identifiers.limits import Limits, Rate
from identifiers.principals import Role
from registry.access.accounts import Accounts, NewAccount
from registry.access.limits import BOOK_SECONDS, LimitBook, Rates
from registry.access.logins import Logins
from registry.access.passwords import Passwords
from registry.access.programs import Safe
from registry.access.quotas import COUNT_SECONDS, Quotas
from registry.attempts import Attempts
from registry.commands import Create, Delete
from registry.commit import GroupCommit
from registry.http.app import registry_app
from registry.http.limits import limit_operations
from registry.http.tokens import token_operations
from registry.imports.service import Imports
from registry.keys import KeyRing
from registry.prefixes import Prefixes
from registry.service import Registry
from storage.memory import MemoryAccounts, MemoryLimits, MemoryStore
from tests.unit.registry.access.conftest import CHEAP, PASSWORD, bearer
from tests.unit.registry.world import (
    IDENTIFIERS,
    PEPPER,
    SEALS,
    Api,
    asked,
    audit,
    handle,
    new,
    now_ns,
    value,
)

LIMITS = "/api/v1/limits"


class Metered(MemoryStore):
    """A store with `quotas` in front of its writes."""

    def meter(self, book, clock):
        self.quotas = Quotas(self, book, clock)

    async def write(self, touched, decide):
        return await self.quotas.write(super().write, touched, decide)


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def store(store, clock):
    """The store of the API's tests, metered."""
    metered = Metered()
    metered.__dict__.update(store.__dict__)
    metered.limits = MemoryLimits(metered)
    metered.book = LimitBook(metered.limits)
    metered.meter(metered.book, clock)
    return metered


@pytest.fixture
def registry(store):
    return Registry(store, GroupCommit(store), Prefixes(store), SEALS)


@pytest.fixture
async def people(store, registry, clock):
    """Serve the API with limits to whoever is nowhere trusted."""
    kept, passwords, safe = MemoryAccounts(store), Passwords(CHEAP), Safe(b"k" * 32)
    accounts = Accounts(kept, store, passwords, safe)
    logins = Logins(kept, PEPPER, passwords, safe, Attempts())
    for name, role, whose in (("ad", Role.ADMINISTRATOR, None), ("au", Role.AUDITOR, None)):
        account = NewAccount(name=name, role=role, enterprise=whose, password=PASSWORD)
        await accounts.add(account, asked(changes=0))
    app = registry_app(
        registry,
        Imports(store, Prefixes(store), SEALS, clock=now_ns, chunk_rows=3),
        KeyRing(store, PEPPER),
        Networks(()),
        logins=logins,
        rates=Rates(store.book, Rate(5, 60)),
        nouns=(
            lambda reception: token_operations(logins, reception),
            lambda reception: limit_operations(store.limits, store.book, store.quotas, reception),
        ),
        clock=now_ns,
        steady=clock,
    )
    bound = socket.create_server(("127.0.0.1", 0))
    runner = await serve(app, [bound])
    async with aiohttp.ClientSession() as session:
        yield Api(session, f"http://127.0.0.1:{bound.getsockname()[1]}")
    await runner.cleanup()


async def limited(store, limits, enterprise=1):
    assert await store.limits.keep_limits(enterprise, limits, audit())
    store.book.forget()


async def created(registry, name):
    command = Create(handle=handle(name), values=(value(1),))
    return await registry.create(command, asked())


async def test_no_more_identifiers_than_may_be(store, registry):
    await created(registry, "88.300.1/0")
    await limited(store, Limits(identifiers=3))
    await created(registry, "88.300.1/1")
    await created(registry, "88.300.1.7/2")
    with pytest.raises(QuotaSpent) as spent:
        await created(registry, "88.300.1/3")
    assert (spent.value.used, spent.value.most, spent.value.prefix) == (3, 3, "")
    await registry.delete(Delete(handle=handle("88.300.1/0")), asked())
    await created(registry, "88.300.1/4")
    assert await store.quotas.used(1) == 3


async def test_a_prefix_has_a_bound_of_its_own(store, registry):
    await limited(store, Limits(prefixes={"88.300.1.7": 1}))
    await created(registry, "88.300.1.7.1/A")
    await created(registry, "88.300.1.70/A")
    with pytest.raises(QuotaSpent):
        await created(registry, "88.300.1.7/B")
    assert await store.quotas.used(1, "88.300.1.7") == 1


async def test_others_are_not_bounded_and_not_counted(store, registry):
    await limited(store, Limits(identifiers=0), 2)
    await created(registry, "88.300.1/A")
    assert store.quotas._accounts == {}


async def test_many_at_once_do_not_pass_together(store, registry):
    await limited(store, Limits(identifiers=5))
    many = (created(registry, f"88.300.1/{n}") for n in range(20))
    answers = await asyncio.gather(*many, return_exceptions=True)
    assert sum(isinstance(a, QuotaSpent) for a in answers) == 15
    assert await store.quotas.used(1) == 5


async def test_what_may_have_happened_counts_and_what_failed_does_not(store, registry):
    await limited(store, Limits(identifiers=1))
    store.lose_next_commit = True
    with pytest.raises(FateUnknown):
        await created(registry, "88.300.1/A")
    store.lose_next_answer = True
    with pytest.raises(FateUnknown):
        await created(registry, "88.300.1/A")
    with pytest.raises(QuotaSpent):
        await created(registry, "88.300.1/B")


async def test_the_store_counts_again_from_time_to_time(store, registry):
    await limited(store, Limits(identifiers=2))
    await created(registry, "88.300.1/A")
    store.records.clear()  # as if somebody had deleted it past the node
    await created(registry, "88.300.1/B")
    with pytest.raises(QuotaSpent):
        await created(registry, "88.300.1/C")
    store.quotas._steady.now = COUNT_SECONDS
    await created(registry, "88.300.1/C")


async def test_limits_that_cannot_be_read_are_read_again(store, registry):
    await limited(store, Limits(identifiers=0))
    store.down = True
    with pytest.raises(StoreUnavailable):
        await store.book.every(0.0)
    store.down = False
    with pytest.raises(QuotaSpent):
        await created(registry, "88.300.1/A")


async def test_limits_are_in_force_within_seconds(store, registry):
    await created(registry, "88.300.1/A")
    assert await store.limits.keep_limits(1, Limits(identifiers=1), audit())
    await created(registry, "88.300.1/B")
    store.quotas._steady.now = BOOK_SECONDS
    with pytest.raises(QuotaSpent):
        await created(registry, "88.300.1/C")


async def test_over_http_a_quota_is_told(people, store):
    await limited(store, Limits(identifiers=2))
    assert (await people.post(IDENTIFIERS, new())).status == 201
    batch = {"items": [new(f"88.300.1/{n}") for n in range(2)]}
    answer = await people.post(f"{IDENTIFIERS}/batch", batch)
    assert (answer.status, answer.code) == (409, "quota-spent")
    assert (answer.json["used"], answer.json["allowed"], answer.json["prefix"]) == (1, 2, None)
    rows = "".join(json.dumps(new(f"88.300.1/r{n}")) + "\n" for n in range(4))
    imported = await people.call(
        "POST", "/api/v1/imports", raw=rows.encode(), media="application/x-ndjson"
    )
    assert imported.code == "quota-spent"


async def test_requests_are_counted_by_enterprise(people, clock):
    for left in range(4, -1, -1):
        answer = await people.get("/api/v1/token", key="one" if left % 2 else "reader")
        assert answer.headers["RateLimit-Policy"] == '"default";q=5;w=60'
        assert answer.headers["RateLimit"] == f'"default";r={left};t={12 * (5 - left)}'
    answer = await people.get("/api/v1/token")
    assert (answer.status, answer.code) == (429, "too-many-requests")
    assert answer.headers["Retry-After"] == "12"
    assert answer.headers["RateLimit"] == '"default";r=0;t=60'
    assert (await people.get("/api/v1/token", key="two")).status == 200
    clock.now = 12.0
    assert (await people.get("/api/v1/token")).status == 200


async def test_an_enterprise_has_a_rate_of_its_own(people, store):
    await limited(store, Limits(rate=Rate(1, 10)))
    assert (await people.get("/api/v1/token")).headers["RateLimit"] == '"default";r=0;t=10'
    assert (await people.get("/api/v1/token")).status == 429


async def test_the_administrator_limits_and_the_enterprise_reads(people, store):
    administrator = await bearer(people, "ad")
    body = {
        "requests": {"most": 60, "seconds": 60},
        "identifiers": [{"most": 9}, {"prefix": "88.300.1.7", "most": 5}],
    }
    answer = await people.put(f"{LIMITS}/1", body, **administrator)
    assert answer.json == {
        "enterprise": 1,
        "requests": {"most": 60, "seconds": 60},
        "identifiers": [
            {"prefix": None, "most": 9, "used": 0},
            {"prefix": "88.300.1.7", "most": 5, "used": 0},
        ],
    }
    assert store.audited[-1].action == "limits.change"
    assert (await people.get(f"{LIMITS}/1")).json == answer.json
    assert (await people.get(f"{LIMITS}/2")).code == "no-such-thing"
    assert (await people.put(f"{LIMITS}/1", {})).code == "missing-role"
    assert (
        await people.put(f"{LIMITS}/1", {}, **await bearer(people, "au"))
    ).code == "missing-role"
    assert (await people.put(f"{LIMITS}/99", {}, **administrator)).code == "no-such-thing"
    assert (await people.get(f"{LIMITS}/x", **administrator)).code == "no-such-thing"
    assert (await people.put(f"{LIMITS}/1", {}, **administrator)).json["identifiers"] == []


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({"requests": {}}, [("/requests/most", "required"), ("/requests/seconds", "required")]),
        ({"requests": 1}, [("/requests", "type")]),
        ({"identifiers": [1, {"prefix": "a b", "most": -1}]}, None),
        ({"identifiers": [{"most": 1}] * 101}, [("/identifiers", "too_many")]),
        ([], [("", "type")]),
    ],
)
async def test_every_fault_of_limits_is_told(people, body, faults):
    answer = await people.put(f"{LIMITS}/1", body, **await bearer(people, "ad"))
    assert answer.status == 422
    if faults is None:
        faults = [
            ("/identifiers/0", "type"),
            ("/identifiers/1/most", "range"),
            ("/identifiers/1/prefix", "name.prefix"),
        ]
    assert answer.faults == faults
