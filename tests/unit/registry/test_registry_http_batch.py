import json

import pytest

from registry.http.batch import MOST_FAULTS
from registry.reading.rows import BATCH_LIMIT
from tests.unit.registry.world import IDENTIFIERS, new

BATCH = f"{IDENTIFIERS}/batch"


def value(index, data="x"):
    return {"index": index, "type": "URL", "data": data}


async def test_each_item_has_a_fate_of_its_own(api, store):
    await api.post(IDENTIFIERS, new("88.300.1/THERE"))
    items = [
        new("88.300.1/A"),
        new("88.300.1/THERE"),
        new("88.300.10/A"),
        {"handle": "88.300.1/B", "values": [value(0)], "x": 1},
        7,
        new("88.300.1/bad\u202ename"),
        new("88.300.1/C"),
    ]
    answer = await api.post(BATCH, {"items": items})
    assert answer.status == 200
    told = answer.json["items"]
    assert [item["status"] for item in told] == [201, 409, 403, 422, 422, 422, 201]
    assert [item["handle"] for item in told] == [
        "88.300.1/A",
        "88.300.1/THERE",
        "88.300.10/A",
        "88.300.1/B",
        "",
        "88.300.1/bad\u202ename",
        "88.300.1/C",
    ]
    assert told[1]["problem"]["version"] == 1
    assert sorted((e["pointer"], e["code"]) for e in told[3]["problem"]["errors"]) == [
        ("/items/3/values/0/index", "range"),
        ("/items/3/x", "unknown_key"),
    ]
    assert told[5]["problem"]["errors"][0]["pointer"] == "/items/5/handle"
    assert [w.record.key for w in store.changes[1:]] == ["88.300.1/A", "88.300.1/C"]
    assert [item["change"] for item in told if item["status"] == 201] == [
        str(w.change) for w in store.changes[1:]
    ]


async def test_a_handle_that_appears_again_is_refused_there(api, store):
    items = [new("88.300.1/A"), new("88.300.1/B"), new("88.300.1/A", value(9))]
    told = (await api.post(f"{BATCH}?mode=replace", {"items": items})).json["items"]
    assert [item["status"] for item in told] == [201, 201, 422]
    (error,) = told[2]["problem"]["errors"]
    assert (error["code"], error["pointer"]) == ("batch.duplicate", "/items/2/handle")
    assert len(store.changes) == 2


async def test_case_makes_no_other_handle_where_it_is_folded(api):
    items = [new("88.300.2/a"), new("88.300.2/A")]
    told = (await api.post(BATCH, {"items": items}, key="two")).json["items"]
    assert [item["status"] for item in told] == [201, 422]


@pytest.mark.parametrize(
    ("mode", "statuses", "indexes"),
    [("create", [409, 201], [1]), ("upsert", [200, 201], [1, 2]), ("replace", [200, 201], [2])],
)
async def test_modes(api, mode, statuses, indexes):
    await api.post(IDENTIFIERS, new("88.300.1/THERE", value(1)))
    items = [new("88.300.1/THERE", value(2)), new("88.300.1/NEW", value(2))]
    told = (await api.post(f"{BATCH}?mode={mode}", {"items": items})).json["items"]
    assert [item["status"] for item in told] == statuses
    there = (await api.get(f"{IDENTIFIERS}/88.300.1/THERE")).json
    assert [v["index"] for v in there["values"]] == indexes


async def test_equal_items_change_nothing(api, store):
    body = {"items": [new("88.300.1/A")]}
    await api.post(f"{BATCH}?mode=replace", body)
    (item,) = (await api.post(f"{BATCH}?mode=replace", body)).json["items"]
    assert (item["status"], item["version"], item["change"]) == (200, 1, None)
    assert len(store.changes) == 1


async def test_so_many_and_no_more(api, store):
    items = [new(f"88.300.1/{n}") for n in range(BATCH_LIMIT)]
    answer = await api.post(BATCH, {"items": items})
    assert {item["status"] for item in answer.json["items"]} == {201}
    assert len(store.changes) == BATCH_LIMIT
    more = await api.post(BATCH, {"items": [*items, new("88.300.1/more")]})
    assert (more.status, more.code, more.json["limit"]) == (413, "too-large", BATCH_LIMIT)
    assert len(store.changes) == BATCH_LIMIT


@pytest.mark.parametrize(
    ("raw", "faults"),
    [
        (b'{"items":[]}', [("/items", "empty")]),
        (b"{}", [("/items", "required")]),
        (b"[]", [("", "type")]),
        (b'{"items":{}}', [("/items", "type")]),
        (b'{"items":[],"mode":"create"}', [("/mode", "unknown_key")]),
    ],
)
async def test_what_is_no_batch(api, raw, faults):
    answer = await api.post(BATCH, raw=raw, media="application/json")
    assert answer.status == 422
    assert set(faults) <= set(answer.faults)


async def test_an_unknown_mode(api):
    answer = await api.post(f"{BATCH}?mode=merge", {"items": [new()]})
    assert answer.faults == [("/mode", "one_of")]


async def test_a_batch_has_a_largest_size(api):
    body = json.dumps({"items": [new()]}).encode() + b" " * (16 * 1024 * 1024)
    answer = await api.post(BATCH, raw=body, media="application/json")
    assert (answer.status, answer.code) == (413, "too-large")


async def test_an_unreachable_store_changes_nothing(api, store):
    await api.post(IDENTIFIERS, new("88.300.1/warm"))
    store.down = True
    answer = await api.post(BATCH, {"items": [new("88.300.1/A"), new("88.300.1/B")]})
    assert (answer.status, answer.code) == (503, "unavailable")
    assert len(store.changes) == 1


async def test_a_batch_of_faults_is_told_in_bounds(api):
    """Every item is told what is wrong with it, but not everything of everything."""
    wrong = {"handle": "88.300.1/A", "values": [{"index": 0, "type": "", "data": "x"}] * 150}
    answer = await api.post(BATCH, {"items": [wrong] * 200})
    faults = [item["problem"]["errors"] for item in answer.json["items"]]
    assert len(faults[0]) > 2
    assert [e["code"] for e in faults[-1]][1:] == ["more"]
    assert all(
        e["pointer"].startswith(f"/items/{at}") for at, f in enumerate(faults) for e in f[:1]
    )
    assert sum(map(len, faults)) <= MOST_FAULTS + 2 * 200
