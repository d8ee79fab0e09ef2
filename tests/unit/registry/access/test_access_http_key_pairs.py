"""How far key pairs count, over HTTP: who sees it and who says it."""

import asyncio
import json
from ipaddress import ip_network
from urllib.parse import quote

import pytest

from identifiers.principals import Scope
from identifiers.records import Record, State
from identifiers.values import Value
from identifiers.wire.handle.values import encode_values
from storage.memory import MemoryKeyBounds
from tests.unit.registry.access.conftest import bearer
from tests.unit.registry.world import NOW, audit, stored_key

PAIRS = "/api/v1/key-pairs"
MINE, NAME, THEIRS = "0.NA/88.300.1", "88.300.1/煤", "0.NA/88.300.10"
ONE = f"{PAIRS}/301:{MINE}"
UNTIL, PAST = "2100-01-01T00:00:00Z", "2000-01-01T00:00:00Z"
BOUNDS = {"expires_at": UNTIL, "networks": ["10.0.0.0/8", "2001:db8::/32"]}


@pytest.fixture
def keep(store):
    def keep(name, *indexes, state=State.ACTIVE):
        values = [Value(index=one, type="hs_pubkey", data=b"k") for one in indexes]
        values.append(Value(index=1, type="URL", data=b"x"))
        store.records[name] = Record(
            key=name,
            name=name,
            version=1,
            state=state,
            values=encode_values(sorted(values, key=lambda value: value.index)),
            changed_at=NOW,
        )

    keep(MINE, 300, 301)
    keep(NAME, 300)
    keep(THEIRS, 300)
    keep("0.NA/88.300", 300)
    return keep


@pytest.fixture
async def owner(people, keep):
    assert callable(keep)
    return await bearer(people, "li")


async def listed(people, by, query=""):
    page = (await people.get(PAIRS + query, **by)).json
    return [(pair["id"], pair["expired"]) for pair in page["items"]], page.get("next")


async def test_an_owner_bounds_a_key_and_lifts_the_bounds(people, owner, store):
    before = (await people.get(ONE, **owner)).json
    assert before == {
        "id": f"301:{MINE}",
        "handle": MINE,
        "index": 301,
        "type": "HS_PUBKEY",
        "expires_at": None,
        "networks": [],
        "expired": False,
        "set_by": None,
        "set_at": None,
    }
    bounded = await people.put(ONE, BOUNDS, **owner)
    assert bounded.status == 200
    assert bounded.json == before | BOUNDS | {
        "set_by": "account:li",
        "set_at": bounded.json["set_at"],
    }
    assert bounded.json["set_at"]
    assert (await people.get(ONE, **owner)).json == bounded.json
    entry = store.audited[-1]
    assert (entry.action, entry.subject) == ("key_pair.bound", f"301:{MINE}")
    assert json.loads(entry.detail)["new"]["networks"] == BOUNDS["networks"]
    lifted = await people.delete(ONE, **owner)
    assert lifted.status == 204
    assert (await people.get(ONE, **owner)).json == before


async def test_lists_tell_what_has_expired(people, owner, keep):
    every = [(f"{n}:{MINE}", False) for n in (300, 301)]
    assert await listed(people, owner) == (every, None)
    await people.put(ONE, {"expires_at": PAST}, **owner)
    await people.put(f"{PAIRS}/300:{quote(NAME)}", {"networks": ["10.0.0.0/8"]}, **owner)
    assert await listed(people, owner) == (
        [every[0], (f"301:{MINE}", True), (f"300:{NAME}", False)],
        None,
    )
    # The bounds of a key that is gone are shown, and can be lifted but not changed.
    keep(MINE, 300)
    assert (await people.get(ONE, **owner)).json["type"] is None
    assert (await people.put(ONE, BOUNDS, **owner)).status == 404
    assert (await people.delete(ONE, **owner)).status == 204
    assert (await people.get(ONE, **owner)).status == 404


async def test_pages_end(people, owner):
    await people.put(f"{PAIRS}/300:{quote(NAME)}", BOUNDS, **owner)
    found, after = [], ""
    while after is not None:
        more, after = await listed(
            people, owner, f"?limit=1&after={after}" if after else "?limit=1"
        )
        found += more
    assert [one for one, _ in found] == [f"300:{MINE}", f"301:{MINE}", f"300:{NAME}"]
    auditor = await bearer(people, "au")
    every, _ = await listed(people, auditor)
    assert {f"300:{THEIRS}", "300:0.NA/88.300", f"300:{MINE}"} <= {one for one, _ in every}
    of_one, _ = await listed(people, auditor, "?enterprise=2")
    assert of_one == [(f"300:{THEIRS}", False)]
    assert (await people.get(f"{PAIRS}?after=%00", **owner)).faults == [("/after", "cursor")]


async def test_a_page_looks_through_so_many_bounded_names(people, owner, keep, monkeypatch):
    monkeypatch.setattr("registry.access.key_pairs.MOST_BOUNDED", 2)
    other = await bearer(people, "wu")
    mine, theirs = (f"88.300.{n}/K{{}}" for n in (1, 10))
    for by, name in ((owner, mine), (other, theirs)):
        for number in range(5):
            keep(name.format(number), 300)
            where = f"{PAIRS}/300:{name.format(number)}"
            assert (await people.put(where, BOUNDS, **by)).status == 200
    found, pages, after = [], 0, ""
    while after is not None:
        more, after = await listed(people, other, f"?limit=4&after={after}" if after else "")
        found += [one for one, _ in more]
        pages += 1
    assert found == [f"300:{THEIRS}", *(f"300:{theirs.format(n)}" for n in range(5))]
    assert pages == 6


async def test_nobody_overwrites_what_he_has_not_seen(people, owner):
    other = await bearer(people, "ad")
    seen = (await people.get(ONE, **owner)).headers["ETag"]
    bounded = await people.put(ONE, BOUNDS, **other, If_Match=seen)
    assert bounded.status == 200
    late = await people.put(ONE, {"networks": []}, **owner, If_Match=seen)
    assert (late.status, late.code) == (412, "precondition-failed")
    assert (await people.delete(ONE, **owner, If_Match=seen)).status == 412
    found = await people.get(ONE, **owner)
    assert found.headers["ETag"] == bounded.headers["ETag"] != seen
    assert found.json == bounded.json
    again = await people.put(ONE, BOUNDS, **owner, If_Match=found.headers["ETag"])
    # The clock stands still here: what tells versions apart does not.
    assert again.headers["ETag"] != found.headers["ETag"]
    lifted = await people.delete(ONE, **owner, If_Match=again.headers["ETag"])
    assert lifted.status == 204
    assert (await people.get(ONE, **owner)).headers["ETag"] == seen


async def test_two_at_the_same_time_do_not_overwrite_each_other(people, owner, store, monkeypatch):
    keep, met = MemoryKeyBounds.keep_key_bounds, asyncio.Barrier(2)

    async def together(self, bounds, entry, *, was):
        await met.wait()
        return await keep(self, bounds, entry, was=was)

    monkeypatch.setattr(MemoryKeyBounds, "keep_key_bounds", together)
    noted = len(store.audited)
    said = [BOUNDS, {"expires_at": PAST}]
    answers = await asyncio.gather(*(people.put(ONE, one, **owner) for one in said))
    kept, late = sorted(answers, key=lambda answer: answer.status)
    assert (kept.status, late.status, late.code) == (200, 409, "bounds-changed")
    assert len(store.audited) == noted + 1
    assert (await people.get(ONE, **owner)).json == kept.json
    answers = await asyncio.gather(*(people.delete(ONE, **owner) for _ in "ab"))
    assert sorted(answer.status for answer in answers) == [204, 409]


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({"expires_at": "tomorrow"}, [("/expires_at", "value.instant")]),
        ({"expires_at": 7}, [("/expires_at", "type")]),
        ({"networks": ["10.0.0.1/8"]}, [("/networks/0", "key.network")]),
        (
            {"networks": ["fe80::%eth0/64", "10.0.0.0/8", "fe80::1%2"]},
            [("/networks/0", "key.network_scope"), ("/networks/2", "key.network_scope")],
        ),
        ({"networks": "10.0.0.0/8"}, [("/networks", "type")]),
        ({"days": 3}, [("/days", "unknown_key")]),
        ([], [("", "type")]),
    ],
)
async def test_every_fault_is_told(people, owner, body, faults):
    answer = await people.put(ONE, body, **owner)
    assert (answer.status, answer.faults) == (422, faults)


@pytest.mark.parametrize("place", ["301", "x:0.NA/88.300.1", "301:0.NA", "301:%ff/A"])
async def test_a_place_is_an_identity(people, owner, place):
    assert (await people.get(f"{PAIRS}/{place}", **owner)).code == "invalid-parameter"


async def test_what_is_anothers_or_no_key_is_not_there(people, owner, keep):
    keep("88.300.7/A", 300)  # its prefix was given up
    for place in (
        f"300:{THEIRS}",
        "300:0.NA/88.300",
        "300:88.999/A",
        "300:0.NA/88.300.1.",
        f"1:{MINE}",
        f"0:{MINE}",
        "300:88.300.1/NONE",
        "300:88.300.7/A",
    ):
        where = f"{PAIRS}/{place}"
        answers = [
            await people.get(where, **owner),
            await people.put(where, BOUNDS, **owner),
            await people.delete(where, **owner),
        ]
        assert {answer.code for answer in answers} == {"no-such-thing"}, place


async def test_a_suspended_name_has_no_keys(people, owner, keep):
    keep(MINE, 301, state=State.SUSPENDED)
    assert (await people.get(ONE, **owner)).status == 404


async def test_who_may(people, keep):
    assert callable(keep)
    for name in ("op", "re", "rev"):
        by = await bearer(people, name)
        for answer in (await people.get(ONE, **by), await people.put(ONE, BOUNDS, **by)):
            assert answer.code == "missing-role", name
    auditor = await bearer(people, "au")
    assert (await people.get(ONE, **auditor)).status == 200
    assert (await people.put(ONE, BOUNDS, **auditor)).code == "missing-role"
    administrator = await bearer(people, "ad")
    assert (await people.put(ONE, BOUNDS, **administrator)).status == 200
    assert (await people.get(ONE, key="reader")).code == "missing-scope"
    assert (await people.get(ONE, key="part")).code == "no-such-thing"
    assert (await people.get(PAIRS, key="part")).json == {"items": []}


async def test_an_api_key_widens_nothing_beyond_its_own_bounds(people, store, keep):
    assert callable(keep)
    maker = stored_key("maker", 1, frozenset({Scope.KEYS}), networks=(ip_network("127.0.0.0/8"),))
    await store.add_key(maker, audit())
    soon, late = "2024-01-01T00:00:00Z", UNTIL

    async def faults(**said):
        answer = await people.put(ONE, said, key="maker")
        return answer.status, answer.json.get("errors") and [
            (e["pointer"], e["code"]) for e in answer.json["errors"]
        ]

    # To bound what had no bounds is to give less, whatever the bounds.
    assert await faults(expires_at=late, networks=["10.0.0.0/8", "127.0.0.0/8"]) == (200, None)
    assert await faults(networks=["127.0.0.1/32"]) == (422, [("/expires_at", "key.life")])
    assert await faults(expires_at=late) == (422, [("/networks", "key.networks")])
    assert await faults(expires_at=late, networks=["10.0.0.0/9"]) == (200, None)
    assert await faults(expires_at=late, networks=["127.0.0.1/32"]) == (200, None)
    assert await faults(expires_at=soon, networks=["127.0.0.1/32"]) == (200, None)
    assert (await people.delete(ONE, key="maker")).faults == [
        ("/expires_at", "key.life"),
        ("/networks", "key.networks"),
    ]
