import asyncio

import pytest

from identifiers.principals import Scope
from registry.business import feed as following
from registry.business.feed import Feed
from registry.http.feed import feed_noun
from registry.prefixes import Prefixes
from storage.memory import MemoryFollowers
from tests.unit.registry.world import IDENTIFIERS, audit, entry, new, stored_key

FEED = "/api/v1/feed"


@pytest.fixture
async def api(serving, store):
    await store.add_key(stored_key("blind", 1, frozenset({Scope.READ, Scope.WRITE})), audit())
    feed = Feed(MemoryFollowers(store), Prefixes(store))
    return await serving(nouns=(feed_noun(feed),))


async def register(api, *names, key="one"):
    for name in names:
        assert (await api.post(IDENTIFIERS, new(name), key=key)).status == 201


async def news(api, query="", **more):
    answer = await api.get(f"{FEED}{query}", **more)
    assert answer.status == 200, answer.body
    return answer.json


def names(document):
    return [item["handle"] for item in document["items"]]


async def test_who_applies_for_a_prefix_follows_nothing_below_it_yet(api, store):
    await register(api, "88.300.10/X", key="two")
    store.keep_prefix(entry("88.300.10", 1, enabled=False, applied=True))
    assert names(await news(api)) == []


async def test_an_enterprise_follows_its_own(api, store):
    await register(api, "88.300.1/A", "88.300.1.2/B")
    await register(api, "88.300.10/X", key="two")
    await api.patch(f"{IDENTIFIERS}/88.300.1/A", {"state": "suspended", "reason": "r"})
    told = await news(api)
    assert [(i["handle"], i["version"], i["kind"]) for i in told["items"]] == [
        ("88.300.1/A", 1, "created"),
        ("88.300.1.2/B", 1, "created"),
        ("88.300.1/A", 2, "state"),
    ]
    assert told["items"][0]["change"] == str(store.changes[0].change)
    assert told["items"][0]["at"] == "2027-01-15T08:00:00Z"
    assert not told["more"]
    assert names(await news(api, key="two")) == ["88.300.10/X"]
    assert names(await news(api, key="part")) == ["88.300.1.2/B"]


async def test_what_was_allotted_to_another_is_the_others(api):
    key = await api.post(IDENTIFIERS, new("88.300.1.5/C"), key="one")
    assert key.status == 403
    assert names(await news(api)) == []


async def test_pages_follow_each_other(api):
    await register(api, *(f"88.300.1/{n}" for n in range(5)))
    seen, query = [], "?limit=2"
    while True:
        told = await news(api, query)
        seen += names(told)
        if not told["more"]:
            break
        query = f"?limit=2&after={told['next']}"
    assert seen == [f"88.300.1/{n}" for n in range(5)]
    assert names(await news(api, f"?after={told['next']}")) == []


async def test_others_changes_are_passed_over_in_pieces(api, monkeypatch):
    monkeypatch.setattr(following, "SCANNED", 2)
    monkeypatch.setattr(following, "_SCANS", 2)
    await register(api, *(f"88.300.10/{n}" for n in range(7)), key="two")
    await register(api, "88.300.1/A")
    first = await news(api)
    assert (names(first), first["more"]) == ([], True)
    assert names(await news(api, f"?after={first['next']}")) == ["88.300.1/A"]
    assert names(await news(api, "?wait=20")) == ["88.300.1/A"]


async def test_who_waits_is_told_when_something_comes(api):
    latest = await news(api, "?latest=1")
    waiting = asyncio.create_task(news(api, f"?after={latest['next']}&wait=20"))
    await register(api, "88.300.1/A")
    assert names(await waiting) == ["88.300.1/A"]


async def test_when_too_many_wait_one_is_answered_at_once(api, monkeypatch):
    monkeypatch.setattr(following, "WAITING", 0)
    assert names(await news(api, "?wait=20")) == []


async def test_a_consumer_goes_on_where_it_was(api):
    await register(api, "88.300.1/A", "88.300.1/B")
    first = await news(api, "?consumer=erp&limit=1")
    body = {"consumer": "erp", "cursor": first["next"]}
    kept = await api.post(f"{FEED}/ack", body)
    assert (kept.status, kept.json) == (200, body)
    assert names(await news(api, "?consumer=erp")) == ["88.300.1/B"]
    last = await news(api, "?consumer=erp")
    await api.post(f"{FEED}/ack", {"consumer": "erp", "cursor": last["next"]})
    assert (await api.post(f"{FEED}/ack", body)).json["cursor"] == last["next"]
    assert names(await news(api, "?consumer=erp")) == []
    assert names(await news(api, "?consumer=other")) == ["88.300.1/A", "88.300.1/B"]


async def test_who_may_follow(api):
    assert (await api.get(FEED, key="blind")).json["scope"] == "feed:read"
    assert (await api.get(FEED, key=None)).status == 401
    body = {"consumer": "erp", "cursor": (await news(api))["next"]}
    assert (await api.post(f"{FEED}/ack", body, key="blind")).status == 403


@pytest.mark.parametrize(
    "query",
    ["after=x", "after=OTk5OTk5OTk5OTk5OTk5OTk5OS4x", "limit=0", "wait=26", "consumer=a+b", "x=1"],
)
async def test_parameters_are_read_strictly(api, query):
    assert (await api.get(f"{FEED}?{query}")).status == 400


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, [("/consumer", "required"), ("/cursor", "required")]),
        (
            {"consumer": "a b", "cursor": "x"},
            [("/consumer", "feed.consumer"), ("/cursor", "cursor")],
        ),
        ([], [("", "type")]),
    ],
)
async def test_every_fault_of_an_acknowledgement(api, body, faults):
    answer = await api.post(f"{FEED}/ack", body)
    assert (answer.status, answer.faults) == (422, faults)
