import aiohttp
import pytest

from registry.business.history import History
from registry.http.history import history_noun
from registry.prefixes import Prefixes
from storage.memory import MemoryHistory
from tests.unit.registry.world import IDENTIFIERS, new

NAME = "88.300.1/A"
A = f"{IDENTIFIERS}/{NAME}"
PAST = f"/api/v1/history/{NAME}"


def url(data, index=1, **more):
    return {"index": index, "type": "URL", "data": data, **more}


@pytest.fixture
def kept(store):
    return MemoryHistory(store)


@pytest.fixture
async def api(serving, store, registry, kept):
    history = History(kept, Prefixes(store), registry)
    return await serving(nouns=(history_noun(history),))


@pytest.fixture
async def changed(api):
    """Four versions: made, changed, suspended, active again."""
    await api.post(IDENTIFIERS, new(NAME, url("a")), X_Request_Id="req-1")
    await api.patch(A, {"values": [url("b"), url("c", 2)]}, X_Request_Id="req-2")
    await api.patch(A, {"state": "suspended", "reason": "核查"}, X_Request_Id="req-3")
    await api.patch(A, {"state": "active"}, X_Request_Id="req-4")
    return api


async def test_history_tells_who_when_and_what(changed, store):
    items = (await changed.get(PAST)).json["items"]
    assert [i["version"] for i in items] == [4, 3, 2, 1]
    assert [i["status"] for i in items] == ["state", "state", "updated", "created"]
    assert [i["request"] for i in items] == ["req-4", "req-3", "req-2", "req-1"]
    assert {i["actor"] for i in items} == {"key:one"}
    assert [i["change"] for i in items] == [str(w.change) for w in reversed(store.changes)]
    assert (items[1]["state"], items[1]["was"], items[1]["reason"]) == (
        "suspended",
        "active",
        "核查",
    )
    assert items[1]["changed"] == []
    told = [
        (d["index"], d["old"] and d["old"]["data"]["value"], d["new"]["data"]["value"])
        for d in items[2]["changed"]
    ]
    assert told == [(1, "a", "b"), (2, None, "c")]
    assert items[3]["changed"][0]["old"] is None
    assert items[0]["at"] == "2027-01-15T08:00:00Z"


async def test_pages_follow_each_other(changed):
    seen, path = [], f"{PAST}?limit=3"
    while path:
        answer = await changed.get(path)
        seen += [i["version"] for i in answer.json["items"]]
        assert all("changed" in item for item in answer.json["items"])
        path = answer.headers.get("Link", "").partition(">")[0].removeprefix("<")
    assert seen == [4, 3, 2, 1]


async def test_what_is_no_longer_kept_is_not_told(changed, kept):
    kept.kept = False
    (item,) = (await changed.get(PAST)).json["items"]
    assert item["version"] == 4
    assert "changed" not in item
    assert (await changed.get(f"{PAST}?version=2")).code == "version-not-kept"
    assert (await changed.post(PAST, {"version": 2})).code == "version-not-kept"


async def test_one_version_is_the_identifier_as_it_was(changed):
    answer = await changed.get(f"{PAST}?version=1")
    assert (answer.headers["ETag"], answer.json["version"]) == ('"v1"', 1)
    assert [v["data"]["value"] for v in answer.json["values"]] == ["a"]
    assert (await changed.get(f"{PAST}?version=9")).code == "version-not-kept"


async def test_history_is_the_owners(changed):
    for path in (PAST, f"{PAST}?version=1"):
        assert (await changed.get(path, key="two")).code == "not-yours"
        assert (await changed.get(path, key=None)).status == 401
    assert (await changed.post(PAST, {"version": 1}, key="two")).code == "not-yours"
    assert (await changed.post(PAST, {"version": 1}, key="reader")).code == "missing-scope"
    assert (await changed.get("/api/v1/history/88.300.1/NONE")).code == "not-found"


async def test_an_earlier_version_is_restored_as_a_new_one(changed, store):
    stale = await changed.post(PAST, {"version": 1}, If_Match='"v1"')
    assert (stale.status, stale.code) == (412, "precondition-failed")
    restored = await changed.post(PAST, {"version": 1}, If_Match='"v4"', Idempotency_Key="back")
    assert (restored.status, restored.json["version"]) == (200, 5)
    read = (await changed.get(A)).json
    assert [(v["index"], v["data"]["value"]) for v in read["values"]] == [(1, "a")]
    again = await changed.post(PAST, {"version": 1}, If_Match='"v4"', Idempotency_Key="back")
    assert (again.body, again.headers["Idempotency-Replayed"]) == (restored.body, "true")
    unchanged = await changed.post(PAST, {"version": 1})
    assert (unchanged.json["status"], unchanged.json["version"]) == ("unchanged", 5)
    (item, *_) = (await changed.get(PAST)).json["items"]
    assert item["action"] == "identifier.update"
    assert b'"restored":1' in store.audited[-1].detail


async def test_what_was_deleted_has_its_history_and_comes_back(api):
    await api.post(IDENTIFIERS, new(NAME, url("a"), state="reserved"))
    await api.delete(A)
    assert (await api.get(A)).code == "not-found"
    assert [i["status"] for i in (await api.get(PAST)).json["items"]] == ["deleted", "created"]
    assert (await api.post(PAST, {"version": 2})).code == "version-not-kept"
    back = await api.post(PAST, {"version": 1})
    assert (back.status, back.json["version"], back.json["state"]) == (201, 3, "reserved")
    assert (await api.delete(A)).status == 200
    assert (await api.post(PAST, {"version": 1}, If_Match="*")).code == "precondition-failed"


async def test_what_is_suspended_is_not_restored(changed):
    await changed.patch(A, {"state": "suspended", "reason": "核查"})
    assert (await changed.post(PAST, {"version": 1})).code == "locked"


async def test_secrets_come_back_and_are_shown_to_nobody(api, store):
    await api.post(IDENTIFIERS, new(NAME, url("a"), {**url("s3cret", 2), "type": "HS_SECKEY"}))
    sealed = store.records[NAME].values
    await api.patch(A, {"values": [{**url("other", 2), "type": "HS_SECKEY"}]})
    answer = await api.get(PAST)
    secret = {"index": 2, "type": "HS_SECKEY", "secret": True}
    assert answer.json["items"][0]["changed"] == [{"index": 2, "old": secret, "new": secret}]
    for path in (PAST, f"{PAST}?version=1"):
        text = (await api.get(path)).body
        assert b"s3cret" not in text
        assert b"sealed" not in text
    assert (await api.post(PAST, {"version": 1})).json["version"] == 3
    assert store.records[NAME].values == sealed


@pytest.mark.parametrize(
    ("query", "pointer"),
    [("after=x", "/after"), ("version=0", "/version"), ("limit=0", "/limit"), ("x=1", "/x")],
)
async def test_parameters_are_read_strictly(api, query, pointer):
    answer = await api.get(f"{PAST}?{query}")
    assert (answer.status, answer.faults[0][0]) == (400, pointer)


async def test_the_body_is_read_strictly(api):
    for body in ({}, {"version": 0}, {"version": 1, "more": 2}, []):
        assert (await api.post(PAST, body)).status == 422


async def test_it_is_described(api):
    async with aiohttp.ClientSession() as session, session.get(f"{api.base}/openapi.json") as a:
        paths = (await a.json())["paths"]
    assert set(paths["/api/v1/history/{handle}"]) == {"get", "post"}
