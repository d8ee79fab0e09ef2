import asyncio
import json
from hashlib import sha256

import msgspec
import pytest

from tests.unit.registry.world import IDENTIFIERS, new

A = f"{IDENTIFIERS}/88.300.1/A"
BATCH = f"{IDENTIFIERS}/batch"


def said(answer):
    kept = ("Content-Type", "ETag", "Location")
    return answer.status, answer.body, {n: answer.headers.get(n) for n in kept}


async def twice(call):
    first, second = await call(), await call()
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert said(first) == said(second)
    return first


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_every_write_has_one_effect_and_its_first_answer(api, store, method):
    if method in {"PATCH", "DELETE"}:
        await api.post(IDENTIFIERS, new())
    path = IDENTIFIERS if method == "POST" else A
    body = {"PATCH": {"state": "reserved"}, "DELETE": None}.get(method, new())
    before = len(store.changes)
    await twice(lambda: api.call(method, path, body=body, Idempotency_Key="k"))
    assert len(store.changes) == before + 1


async def test_a_first_answer_is_given_whatever_happened_since(api, store):
    first = await api.post(IDENTIFIERS, new(), Idempotency_Key="k")
    await api.delete(A)
    again = await api.post(IDENTIFIERS, new(), Idempotency_Key="k")
    assert said(first) == said(again)
    assert store.records["88.300.1/A"].version == 2


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        (IDENTIFIERS, new(), "exists"),
        (A, {"remove": [1]}, "invalid"),
        (f"{IDENTIFIERS}/88.300.1/NOT", {"remove": [1]}, "not-found"),
    ],
)
async def test_what_was_refused_stays_refused(api, path, body, code):
    await api.post(IDENTIFIERS, new())
    method = "POST" if path == IDENTIFIERS else "PATCH"
    first = await twice(lambda: api.call(method, path, body=body, Idempotency_Key="k"))
    assert first.code == code


async def test_a_first_answer_keeps_its_language_and_request_id(api):
    await api.post(IDENTIFIERS, new())
    first = await api.post(
        IDENTIFIERS, new(), Idempotency_Key="k", Accept_Language="zh", X_Request_Id="one"
    )
    again = await api.post(
        IDENTIFIERS, new(), Idempotency_Key="k", Accept_Language="en", X_Request_Id="two"
    )
    assert again.body == first.body
    assert (again.json["title"], again.json["request_id"]) == ("该标识已存在。", "one")
    assert again.headers["X-Request-Id"] == "two"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", IDENTIFIERS, new("88.300.1/B")),
        ("POST", IDENTIFIERS, {**new(), "state": "active"}),
        ("PUT", A, new()),
        ("POST", BATCH, {"items": [new()]}),
    ],
)
async def test_a_key_belongs_to_one_request(api, store, method, path, body):
    await api.post(IDENTIFIERS, new(), Idempotency_Key="k")
    answer = await api.call(method, path, body=body, Idempotency_Key="k")
    assert (answer.status, answer.code) == (422, "idempotency-key-reused")
    assert len(store.changes) == 1


@pytest.mark.parametrize("field", ["If_Match", "If_None_Match"])
async def test_another_precondition_is_another_request(api, field):
    await api.post(IDENTIFIERS, new())
    wrong, right = ('"v9"', '"v1"') if field == "If_Match" else ('"v1"', '"v9"')
    refused = await api.put(A, new(), Idempotency_Key="k", **{field: wrong})
    assert refused.code == "precondition-failed"
    for other in ({field: right}, {}):
        answer = await api.put(A, new(), Idempotency_Key="k", **other)
        assert (answer.status, answer.code) == (422, "idempotency-key-reused")
    again = await api.put(A, new(), Idempotency_Key="k", **{field: wrong})
    assert said(again) == said(refused)


async def test_anothers_equal_key_is_another_key(api):
    await api.post(IDENTIFIERS, new(), Idempotency_Key="k")
    other = await api.post(IDENTIFIERS, new("88.300.10/A"), key="two", Idempotency_Key="k")
    assert other.status == 201
    assert "Idempotency-Replayed" not in other.headers


async def test_what_never_reached_a_decision_is_judged_anew(api):
    refused = await api.post(IDENTIFIERS, new("88.300.10/A"), Idempotency_Key="k")
    assert refused.code == "not-yours"
    faulty = await api.post(IDENTIFIERS, new("88.300.1"), Idempotency_Key="k")
    assert faulty.code == "invalid"
    assert (await api.post(IDENTIFIERS, new(), Idempotency_Key="k")).status == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "ключ"])
async def test_keys_have_a_syntax(api, key):
    answer = await api.post(IDENTIFIERS, new(), Idempotency_Key=key)
    assert (answer.status, answer.code) == (400, "idempotency-key")


@pytest.mark.parametrize("key", ["x", "x" * 255, '"quoted"', "!~"])
async def test_keys_may_be_any_visible_ascii(api, key):
    assert (await api.post(IDENTIFIERS, new(), Idempotency_Key=key)).status == 201


async def test_equal_requests_at_the_same_time_have_one_effect(api, store):
    answers = await asyncio.gather(
        *(api.post(IDENTIFIERS, new(), Idempotency_Key="k") for _ in range(20))
    )
    assert {said(a)[:2] for a in answers} == {said(answers[0])[:2]}
    assert sum("Idempotency-Replayed" not in a.headers for a in answers) == 1
    assert len(store.changes) == 1


async def test_other_requests_with_one_key_at_the_same_time(api, store):
    answers = await asyncio.gather(
        *(api.post(IDENTIFIERS, new(f"88.300.1/{n}"), Idempotency_Key="k") for n in range(10))
    )
    assert sorted(a.status for a in answers) == [201] + [422] * 9
    assert len(store.changes) == 1


@pytest.mark.parametrize("lost", ["lose_next_answer", "lose_next_commit"])
async def test_after_a_lost_answer_the_repetition_settles_it(api, store, lost):
    setattr(store, lost, True)
    unknown = await api.post(BATCH, {"items": [new()]}, Idempotency_Key="k")
    assert unknown.code == "fate-unknown"
    settled = await api.post(BATCH, {"items": [new()]}, Idempotency_Key="k")
    assert settled.json["items"][0]["status"] == 201
    assert len(store.changes) == 1


async def test_a_batch_is_repeated_as_a_whole(api, store):
    body = {"items": [new("88.300.1/A"), new("88.300.10/A"), {"handle": 7}]}
    await twice(lambda: api.post(BATCH, body, Idempotency_Key="k"))
    assert len(store.changes) == 1


def unkeyed(body):
    """What anybody can work out of a POST: method, path, no preconditions, media type, body."""
    head = f"POST\0{IDENTIFIERS}\0\0\0application/json\0"
    return sha256(head.encode() + json.dumps(body, ensure_ascii=False).encode()).digest()


SECRET = new("88.300.1/A", {"index": 1, "type": "HS_SECKEY", "data": "1234"})


async def test_a_short_secret_in_a_body_cannot_be_found_by_trying(api, store):
    assert (await api.post(IDENTIFIERS, SECRET, Idempotency_Key="k")).status == 201
    (kept,) = store.answers.values()
    assert len(kept.digest) == 32
    assert kept.digest != unkeyed(SECRET)


async def test_a_request_that_an_earlier_version_answered_is_known_again(api, store):
    first = await api.post(IDENTIFIERS, new(), Idempotency_Key="k")
    (kept,) = store.answers.values()
    store.answers[kept.request] = msgspec.structs.replace(kept, digest=unkeyed(new()))
    again = await api.post(IDENTIFIERS, new(), Idempotency_Key="k")
    assert said(again) == said(first)
    assert again.headers["Idempotency-Replayed"] == "true"
    other = await api.post(IDENTIFIERS, new("88.300.1/B"), Idempotency_Key="k")
    assert (other.status, other.code) == (422, "idempotency-key-reused")
