from ipaddress import ip_network

import pytest

from identifiers.names import Prefix
from identifiers.principals import Scope
from registry.keys import hashed
from tests.unit.registry.access.conftest import bearer
from tests.unit.registry.world import IDENTIFIERS, NOW, PEPPER, audit, new, stored_key, token

KEYS = "/api/v1/keys"
DAY = 86_400


def by(text):
    return {"key": None, "Authorization": f"Bearer {text}"}


async def test_an_owner_makes_a_key_that_works(people, store):
    owner = await bearer(people, "li")
    made = await people.post(KEYS, {"scopes": ["identifiers:write"], "days": 30}, **owner)
    assert made.status == 201
    assert made.headers["Location"] == f"{KEYS}/{made.json['id']}"
    assert made.headers["Cache-Control"] == "no-store"
    assert (await people.post(IDENTIFIERS, new(), **by(made.json["key"]))).status == 201
    shown = (await people.get(f"{KEYS}/{made.json['id']}", **owner)).json
    assert shown == {name: said for name, said in made.json.items() if name != "key"}
    assert (await store.key(shown["id"])).hashed == hashed(made.json["key"], PEPPER)
    assert store.audited[-2].actor == "account:li"
    assert made.json["key"].encode() not in b"".join(e.detail for e in store.audited)


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, [("/scopes", "required")]),
        ({"scopes": []}, [("/scopes", "empty")]),
        ({"scopes": ["x", 1]}, [("/scopes/0", "one_of"), ("/scopes/1", "type")]),
        ({"scopes": ["identifiers:read"], "days": 367}, [("/days", "range")]),
        ({"scopes": ["identifiers:read"], "prefixes": ["a b"]}, [("/prefixes/0", "name.prefix")]),
        ({"scopes": ["identifiers:read"], "networks": ["x"]}, [("/networks/0", "key.network")]),
        ({"scopes": ["identifiers:read"], "label": "x" * 256}, [("/label", "too_long")]),
        (
            {"scopes": ["identifiers:read"] * 101},
            [("/scopes", "too_many")],
        ),
        (
            {"scopes": ["identifiers:read"], "prefixes": ["88.300.10"]},
            [("/prefixes", "prefix.not_yours")],
        ),
    ],
)
async def test_every_fault_is_told(people, body, faults):
    answer = await people.post(KEYS, body, **await bearer(people, "li"))
    assert (answer.status, answer.faults) == (422, faults)


async def test_a_key_never_gives_more_than_its_maker_has(people, store):
    networks, prefix = (ip_network("127.0.0.0/8"),), Prefix.parse("88.300.1.2")
    scopes = frozenset({Scope.READ, Scope.KEYS})
    bounded = stored_key("maker", 1, scopes, networks=networks, prefixes=(prefix,))
    await store.add_key(bounded, audit())

    async def faults(**more):
        body = {
            "scopes": ["identifiers:read"],
            "prefixes": ["88.300.1.2.7"],
            "networks": ["127.0.0.1/32"],
            "days": 1,
            **more,
        }
        answer = await people.post(KEYS, body, key="maker")
        return answer.json.get("errors") and [e["code"] for e in answer.json["errors"]]

    # The maker ends within a day, and what it makes may not live longer.
    assert await faults() == ["key.life"]
    assert await faults(scopes=["identifiers:write"]) == ["key.scopes", "key.life"]
    assert await faults(prefixes=[]) == ["key.prefixes", "key.life"]
    assert await faults(prefixes=["88.300.1.20"]) == ["key.prefixes", "key.life"]
    assert await faults(networks=[]) == ["key.networks", "key.life"]
    assert await faults(networks=["126.0.0.0/7"]) == ["key.networks", "key.life"]
    assert await faults(networks=["::1/128"]) == ["key.networks", "key.life"]
    longer = stored_key("long", 1, scopes, expires_at=NOW + 9 * DAY)
    await store.add_key(longer, audit())
    body = {"scopes": ["identifiers:read"], "networks": ["2001:db8::/32"], "days": 9}
    assert (await people.post(KEYS, body, key="long")).status == 201


async def test_an_operator_of_the_enterprise_makes_no_keys(people):
    for name in ("op", "re", "rev", "au"):
        answer = await people.post(
            KEYS, {"scopes": ["identifiers:read"], "enterprise": 1}, **await bearer(people, name)
        )
        assert answer.code == "missing-role", name
    answer = await people.post(KEYS, {"scopes": ["identifiers:read"]}, key="writer")
    assert (answer.code, answer.json["scope"]) == ("missing-scope", "keys:write")


async def test_another_enterprises_keys_are_not_there(people):
    other = await bearer(people, "wu")
    answers = [
        await people.post(KEYS, {"scopes": ["identifiers:read"], "enterprise": 1}, **other),
        await people.get(f"{KEYS}?enterprise=1", **other),
        await people.get(f"{KEYS}/one", **other),
        await people.get(f"{KEYS}/nosuch", **other),
        await people.delete(f"{KEYS}/one", **other),
        await people.post(f"{KEYS}/one/rotate", {}, **other),
    ]
    assert {(a.status, a.code) for a in answers} == {(404, "no-such-thing")}


async def test_the_nodes_people_say_whose(people):
    administrator = await bearer(people, "ad")
    without = await people.post(KEYS, {"scopes": ["identifiers:read"]}, **administrator)
    assert without.faults == [("/enterprise", "required")]
    body = {"scopes": ["identifiers:read"], "enterprise": 2}
    assert (await people.post(KEYS, body, **administrator)).json["enterprise"] == 2
    more = {"scopes": ["identifiers:write"], "enterprise": 2}
    assert (await people.post(KEYS, more, **administrator)).faults == [("/scopes", "key.scopes")]
    nobody = {"scopes": ["identifiers:read"], "enterprise": 99}
    assert (await people.post(KEYS, nobody, **administrator)).code == "no-such-thing"


async def test_pages(people, store):
    owner, auditor = await bearer(people, "li"), await bearer(people, "au")
    ids, after = [], ""
    while True:
        page = (await people.get(f"{KEYS}?limit=2{after}", **owner)).json
        ids += [key["id"] for key in page["items"]]
        if "next" not in page:
            break
        after = f"&after={page['next']}"
    own = [key.id for key in await store.api_keys() if key.enterprise == 1]
    assert ids == sorted(own)
    every = (await people.get(KEYS, **auditor)).json["items"]
    assert {key["enterprise"] for key in every} == {1, 2}
    of_one = (await people.get(f"{KEYS}?enterprise=2", **auditor)).json["items"]
    assert {key["enterprise"] for key in of_one} == {2}
    assert (await people.get(f"{KEYS}?after=%00", **owner)).faults == [("/after", "cursor")]


async def test_a_revoked_key_is_ended_once(people, store):
    owner = await bearer(people, "li")
    assert (await people.delete(f"{KEYS}/reader", **owner)).status == 204
    ended = (await store.key("reader")).revoked_at
    assert ended == NOW
    assert (await people.delete(f"{KEYS}/reader", **owner)).status == 204
    assert (await people.get(f"{KEYS}/reader", **owner)).json["revoked_at"] is not None
    assert (await people.post(f"{KEYS}/reader/rotate", {}, **owner)).code == "no-such-thing"


async def test_a_key_is_replaced_while_it_goes_on_for_a_while(people, store):
    await store.add_key(stored_key("mine", 1, expires_at=NOW + 100 * DAY), audit())
    answer = await people.post(f"{KEYS}/mine/rotate", {"overlap_hours": 2}, key="mine")
    assert answer.status == 201
    assert answer.json["replaces"] == "mine"
    assert (await store.key("mine")).expires_at == NOW + 2 * 3600
    assert (await people.get("/api/v1/token", **by(answer.json["key"]))).status == 200
    assert (await people.get("/api/v1/token", key="mine")).status == 200
    over = await people.post(f"{KEYS}/mine/rotate", {"overlap_hours": 721}, key="mine")
    assert over.faults == [("/overlap_hours", "range")]
    assert (await people.post(f"{KEYS}/mine/rotate", [], key="mine")).faults == [("", "type")]


async def test_a_key_replaces_no_stronger_one(people, store):
    await store.add_key(
        stored_key("weak", 1, frozenset({Scope.KEYS}), expires_at=NOW + 9 * DAY), audit()
    )
    answer = await people.post(f"{KEYS}/one/rotate", {}, key="weak")
    assert answer.faults == [("/scopes", "key.scopes")]
    assert token("one") not in answer.body.decode()
