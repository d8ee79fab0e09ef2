"""Idempotency-Key where keys, accounts and their secrets are made."""

import asyncio

import pytest

from registry.keys import KeyRing
from tests.unit.registry.access.conftest import PASSWORD, bearer, entered
from tests.unit.registry.world import IDENTIFIERS, new

KEYS, ACCOUNTS = "/api/v1/keys", "/api/v1/accounts"
TERMS = {"scopes": ["identifiers:write"], "days": 30}
PERSON = {"name": "zhao", "role": "operator", "password": PASSWORD}
PROGRAM = {"name": "mes", "role": "operator"}

TABLE = {
    "createKey": ("POST", KEYS, TERMS, {**TERMS, "days": 31}),
    "rotateKey": ("POST", f"{KEYS}/one/rotate", {"overlap_hours": 0}, {"overlap_hours": 1}),
    "createAccount": ("POST", ACCOUNTS, PERSON, {**PERSON, "password": PASSWORD + "!"}),
    "createAccount of a program": ("POST", ACCOUNTS, PROGRAM, {**PROGRAM, "role": "reader"}),
    "renewPassword": ("PUT", f"{ACCOUNTS}/3/password", {"password": "another one 12"}, {}),
}
NOUNS = pytest.mark.parametrize("noun", TABLE)


async def effects(people, owner):
    return [
        (await people.get(f"{KEYS}?enterprise=1", **owner)).json,
        (await people.get(f"{ACCOUNTS}?enterprise=1", **owner)).json,
    ]


def said(answer):
    headers = {name: answer.headers.get(name) for name in ("Location", "Cache-Control")}
    return answer.status, answer.body, headers


@NOUNS
async def test_a_repetition_gets_the_first_answer_and_does_nothing(people, noun):
    method, path, body, other = TABLE[noun]
    owner = await bearer(people, "li")
    first = await people.call(method, path, body=body, Idempotency_Key="k", **owner)
    assert first.status in {200, 201}, first.body
    assert "Idempotency-Replayed" not in first.headers
    after = await effects(people, owner)
    again = await people.call(method, path, body=body, Idempotency_Key="k", **owner)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert said(again) == said(first)
    assert await effects(people, owner) == after
    refused = await people.call(method, path, body=other, Idempotency_Key="k", **owner)
    assert (refused.status, refused.code) == (422, "idempotency-key-reused")


@NOUNS
async def test_two_at_the_same_time_have_one_effect(people, noun, store):
    method, path, body, _ = TABLE[noun]
    owner = await bearer(people, "li")
    noted = len(store.audited)
    first, second = await asyncio.gather(
        *(people.call(method, path, body=body, Idempotency_Key="k", **owner) for _ in range(2))
    )
    assert said(first) == said(second)
    replayed = [answer.headers.get("Idempotency-Replayed") for answer in (first, second)]
    assert sorted(replayed, key=bool) == [None, "true"]
    assert len(store.audited) == noted + 1


@pytest.mark.parametrize("noun", [*TABLE, "renewPassword of his own"])
async def test_one_that_is_judged_when_the_other_is_done_gets_its_answer(
    people, noun, store, monkeypatch
):
    own = {"password": "another one 12", "old": PASSWORD}
    method, path, body, _ = TABLE.get(noun, ("PUT", f"{ACCOUNTS}/1/password", own, {}))
    owner = await bearer(people, "li")
    noted, answer = len(store.audited), KeyRing.answer
    looked, done = asyncio.Event(), asyncio.Event()

    async def overtaken(self, named):
        found = await answer(self, named)
        if not looked.is_set():
            looked.set()
            await done.wait()
        return found

    monkeypatch.setattr(KeyRing, "answer", overtaken)
    late = asyncio.create_task(people.call(method, path, body=body, Idempotency_Key="k", **owner))
    await looked.wait()
    first = await people.call(method, path, body=body, Idempotency_Key="k", **owner)
    done.set()
    assert first.status in {200, 201}
    assert said(await late) == said(first)
    assert (await late).headers["Idempotency-Replayed"] == "true"
    actions = [entry.action for entry in store.audited[noted:]]
    # Whoever changes his own password logs in with the old one.
    assert len([action for action in actions if not action.startswith("login.")]) == 1, actions


async def test_a_key_that_is_told_again_works(people):
    owner = await bearer(people, "li")
    for _ in range(2):
        made = await people.post(KEYS, TERMS, Idempotency_Key="k", **owner)
    by = {"key": None, "Authorization": f"Bearer {made.json['key']}"}
    assert (await people.post(IDENTIFIERS, new(), **by)).status == 201


@NOUNS
async def test_nothing_of_what_is_secret_can_be_read_off_the_store(people, store, noun):
    method, path, body, _ = TABLE[noun]
    owner = await bearer(people, "li")
    first = await people.call(method, path, body=body, Idempotency_Key="k", **owner)
    (kept,) = store.answers.values()
    assert first.body not in kept.body
    for name in ("key", "secret"):
        if isinstance(told := first.json.get(name), str):
            assert told.encode() not in kept.body


async def test_a_lost_answer_is_found_again(people, store):
    owner = await bearer(people, "li")
    store.lose_next_answer = True
    lost = await people.post(ACCOUNTS, PROGRAM, Idempotency_Key="k", **owner)
    assert lost.code == "fate-unknown"
    again = await people.post(ACCOUNTS, PROGRAM, Idempotency_Key="k", **owner)
    assert (again.status, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert (await entered(people, "mes", again.json["secret"])).status == 200


async def test_what_was_refused_is_judged_anew(people):
    owner = await bearer(people, "li")
    taken = await people.post(ACCOUNTS, {**PERSON, "name": "wu"}, Idempotency_Key="k", **owner)
    assert taken.code == "name-taken"
    made = await people.post(ACCOUNTS, PERSON, Idempotency_Key="k", **owner)
    assert (made.status, "Idempotency-Replayed" in made.headers) == (201, False)


async def test_anothers_equal_key_is_another_key(people):
    first = await people.post(KEYS, TERMS, Idempotency_Key="k", **await bearer(people, "li"))
    other = await people.post(KEYS, TERMS, Idempotency_Key="k", **await bearer(people, "wu"))
    assert (first.status, other.status) == (201, 201)
    assert first.json["id"] != other.json["id"]


async def test_a_key_used_for_an_identifier_is_another_requests(people):
    owner = await bearer(people, "li")
    await people.post(IDENTIFIERS, new(), Idempotency_Key="k", **owner)
    assert (await people.post(KEYS, TERMS, Idempotency_Key="k", **owner)).status == 422
    await people.post(KEYS, TERMS, Idempotency_Key="l", **owner)
    answer = await people.post(IDENTIFIERS, new("88.300.1/B"), Idempotency_Key="l", **owner)
    assert answer.code == "idempotency-key-reused"
