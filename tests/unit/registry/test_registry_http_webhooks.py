import asyncio
import hmac
import json

import pytest

from identifiers.principals import Account, Role
from identifiers.webhooks import PARK_AFTER
from registry.access.programs import Safe
from registry.business import webhooks as telling_webhooks
from registry.business.feed import Feed
from registry.business.webhooks import Telling, Webhooks
from registry.http.webhooks import telling, webhooks_noun
from registry.outgoing import Sent
from registry.prefixes import Prefixes
from storage.memory import MemoryFollowers, MemoryWebhooks
from tests.unit.registry.world import IDENTIFIERS, NOW, new

WEBHOOKS = "/api/v1/webhooks"
ERP = {"name": "erp", "url": "https://erp.example/in"}


class OwnersLogins:
    """Knows an owner and a reader of enterprise 1 and an owner of enterprise 2 by their tokens."""

    def is_token(self, token):
        return token.startswith(("owner", "reader", "other"))

    async def account(self, token, **_):
        role = Role.READER if token.startswith("reader") else Role.OWNER
        enterprise = 2 if token.startswith("other") else 1
        return Account(id=1, name=token.partition(".")[0], role=role, enterprise=enterprise)


class Target:
    """A sender that notes what it is to send, and answers what it is told to."""

    def __init__(self):
        self.sent = []
        self.answer = Sent(204)

    async def post(self, url, body, headers):
        self.sent.append((url, body, headers))
        return self.answer

    def items(self):
        return [i["handle"] for _, body, _ in self.sent for i in json.loads(body)["items"]]


class Place:
    def __init__(self, api, teller, target, store, time):
        self.api, self.teller, self.target, self.store = api, teller, target, store
        self.time = time

    async def add(self, body=ERP, status=201, key="owner"):
        answer = await self.api.post(WEBHOOKS, body, key=key)
        assert answer.status == status, answer.body
        return answer

    async def register(self, *names, key="one"):
        for name in names:
            assert (await self.api.post(IDENTIFIERS, new(name), key=key)).status == 201

    async def told(self):
        return (await self.api.get(f"{WEBHOOKS}/erp", key="owner")).json


@pytest.fixture
async def place(serving, store):
    time = [NOW * 1_000_000_000]
    kept, safe, target = MemoryWebhooks(store), Safe(b"k" * 32), Target()
    feed = Feed(MemoryFollowers(store), Prefixes(store))
    noun = webhooks_noun(Webhooks(kept, feed, safe))
    teller = Telling(kept, feed, safe, target, telling, clock=lambda: time[0])
    api = await serving(nouns=(noun,), logins=OwnersLogins(), clock=lambda: time[0])
    return Place(api, teller, target, store, time)


async def test_changes_are_told_signed_and_in_order(place):
    await place.register("88.300.1/BEFORE")
    made = await place.add()
    assert made.headers["Location"] == f"{WEBHOOKS}/erp"
    await place.register("88.300.1/A", "88.300.1/B")
    await place.register("88.300.10/X", key="two")
    assert await place.teller.turn()
    assert not await place.teller.turn()
    ((url, body, headers),) = place.target.sent
    assert (url, place.target.items()) == (ERP["url"], ["88.300.1/A", "88.300.1/B"])
    signed = f"{NOW}.".encode() + body
    digest = hmac.new(made.json["secret"].encode(), signed, "sha256").hexdigest()
    assert headers["Idnode-Signature"] == f"t={NOW},v1={digest}"
    assert (headers["Idnode-Webhook"], headers["Content-Type"]) == ("erp", "application/json")
    told = await place.told()
    assert (told["state"], told["attempts"]) == ("active", 0)
    assert "secret" not in told
    (attempt,) = (await place.api.get(f"{WEBHOOKS}/erp/deliveries", key="owner")).json["items"]
    assert (attempt["status"], attempt["changes"], attempt["attempt"]) == (204, 2, 1)
    assert attempt["delivery"] == headers["Idnode-Delivery"]
    assert (place.teller.succeeded, place.teller.failed) == (1, 0)


async def test_a_secret_is_replaced_and_both_sign_for_a_while(place):
    def signed_by(secret, body):
        digest = hmac.new(secret.encode(), f"{now}.".encode() + body, "sha256").hexdigest()
        return f"v1={digest}"

    first = (await place.add()).json["secret"]
    answer = await place.api.post(f"{WEBHOOKS}/erp/secret", {"overlap_hours": 2}, key="owner")
    assert (answer.status, answer.headers["Cache-Control"]) == (201, "no-store")
    assert answer.json["previous_until"] == "2027-01-15T10:00:00Z"
    second = answer.json["secret"]
    assert place.store.audited[-1].action == "webhook.renew"
    assert second.encode() not in place.store.audited[-1].detail
    for now, secrets in ((NOW, [second, first]), (NOW + 7200, [second])):
        await place.register(f"88.300.1/{now}")
        place.time[0] = now * 1_000_000_000
        assert await place.teller.turn()
        place.time[0] = NOW * 1_000_000_000  # while the key is in force
        _, body, headers = place.target.sent[-1]
        expected = [f"t={now}", *(signed_by(one, body) for one in secrets)]
        assert headers["Idnode-Signature"].split(",") == expected
    at_once = await place.api.post(f"{WEBHOOKS}/erp/secret", {"overlap_hours": 0}, key="owner")
    await place.register("88.300.1/LAST")
    place.time[0] = now * 1_000_000_000
    assert await place.teller.turn()
    _, body, headers = place.target.sent[-1]
    assert headers["Idnode-Signature"] == f"t={now},{signed_by(at_once.json['secret'], body)}"
    wrong = await place.api.post(f"{WEBHOOKS}/erp/secret", {"overlap_hours": -1}, key="owner")
    assert (wrong.code, wrong.faults) == ("invalid", [("/overlap_hours", "range")])
    none = await place.api.post(f"{WEBHOOKS}/none/secret", {}, key="owner")
    assert none.code == "no-webhook"


async def test_a_secret_that_signs_is_never_dropped_for_another(place):
    await place.add()
    where = f"{WEBHOOKS}/erp/secret"
    made = [await place.api.post(where, {"overlap_hours": 1}, key="owner") for _ in range(4)]
    assert {answer.status for answer in made} == {201}
    more = await place.api.post(where, {"overlap_hours": 1}, key="owner", Idempotency_Key="k")
    assert (more.status, more.code) == (409, "too-many-secrets")
    await place.register("88.300.1/A")
    assert await place.teller.turn()
    assert place.target.sent[-1][2]["Idnode-Signature"].count("v1=") == 5
    at_once = await place.api.post(where, {"overlap_hours": 0}, key="owner")
    assert at_once.status == 201
    again = await place.api.post(where, {"overlap_hours": 1}, key="owner", Idempotency_Key="k")
    assert again.status == 201


async def test_a_secret_that_was_replaced_by_somebody_else_meanwhile(place, monkeypatch):
    await place.add()
    renew, lost = MemoryWebhooks.renew, [False, True, False, False]

    async def outrun(self, hook, sealed, entry, once):
        return lost.pop(0) and await renew(self, hook, sealed, entry, once)

    monkeypatch.setattr(MemoryWebhooks, "renew", outrun)
    answers = [await place.api.post(f"{WEBHOOKS}/erp/secret", {}, key="owner") for _ in "ab"]
    assert [answer.status for answer in answers] == [201, 404]
    assert not lost


async def test_what_fails_is_told_again_with_the_same_number(place):
    await place.add()
    await place.register("88.300.1/A")
    place.target.answer = Sent(0, "it took too long")
    assert not await place.teller.turn()
    assert not await place.teller.turn()
    assert len(place.target.sent) == 1
    told = await place.told()
    assert (told["state"], told["attempts"], told["next_attempt"]) == (
        "failing",
        1,
        "2027-01-15T08:00:05Z",
    )
    place.time[0] += 5_000_000_000
    place.target.answer = Sent(200)
    assert await place.teller.turn()
    first, second = (headers["Idnode-Delivery"] for _, _, headers in place.target.sent)
    assert first == second
    attempts = (await place.api.get(f"{WEBHOOKS}/erp/deliveries", key="owner")).json["items"]
    assert [(a["status"], a.get("error")) for a in attempts] == [
        (200, None),
        (None, "it took too long"),
    ]
    assert (place.teller.succeeded, place.teller.failed) == (1, 1)


async def test_after_a_day_it_is_parked_until_it_is_resumed(place):
    await place.add()
    await place.register("88.300.1/A")
    place.target.answer = Sent(500)
    await place.teller.turn()
    place.time[0] += PARK_AFTER * 1_000_000
    await place.teller.turn()
    assert (await place.told())["state"] == "parked"
    place.time[0] += PARK_AFTER * 1_000_000
    await place.teller.turn()
    assert len(place.target.sent) == 2
    resumed = await place.api.put(f"{WEBHOOKS}/erp/active", key="owner")
    assert resumed.json["state"] == "active"
    place.target.answer = Sent(204)
    assert await place.teller.turn()
    assert place.target.items() == ["88.300.1/A"] * 3
    assert [e.action for e in place.store.audited if "webhook" in e.action] == [
        "webhook.add",
        "webhook.resume",
    ]


async def test_others_changes_are_passed_over(place):
    await place.add()
    before = (await place.told())["cursor"]
    await place.register("88.300.10/X", key="two")
    assert not await place.teller.turn()
    assert (await place.told())["cursor"] == before
    place.time[0] += 61_000_000_000
    await place.register("88.300.10/Y", key="two")
    await place.teller.turn()
    assert (await place.told())["cursor"] != before
    assert place.target.sent == []


async def test_each_webhook_is_told_for_itself(place, monkeypatch):
    monkeypatch.setattr(telling_webhooks, "CHANGES", 2)
    await place.add()
    await place.add({"name": "mes", "url": "https://mes.example/"})
    await place.add({"name": "theirs", "url": "https://theirs.example/"}, key="other")
    await place.register(*(f"88.300.1/{n}" for n in range(3)))
    while await place.teller.turn():
        pass
    by_url = {}
    for url, body, _ in place.target.sent:
        by_url.setdefault(url, []).extend(i["handle"] for i in json.loads(body)["items"])
    names = [f"88.300.1/{n}" for n in range(3)]
    assert by_url == {ERP["url"]: names, "https://mes.example/": names}


async def test_what_was_removed_is_told_nothing_more(place):
    await place.add()
    assert (await place.api.delete(f"{WEBHOOKS}/erp", key="owner")).status == 200
    await place.register("88.300.1/A")
    await place.teller.turn()
    assert place.target.sent == []
    assert (await place.api.get(f"{WEBHOOKS}/erp", key="owner")).code == "no-webhook"
    await place.add()


async def test_who_may(place):
    await place.add()
    for path in (f"{WEBHOOKS}/erp", f"{WEBHOOKS}/erp/deliveries"):
        assert (await place.api.get(path, key="reader")).status == 200
        assert (await place.api.get(path, key="other")).code == "no-webhook"
    assert (await place.api.delete(f"{WEBHOOKS}/erp", key="other")).code == "no-webhook"
    assert (await place.api.delete(f"{WEBHOOKS}/erp", key="reader")).status == 403
    assert (await place.api.get(f"{WEBHOOKS}/a%20b", key="owner")).code == "no-webhook"
    await place.add(status=403, key="reader")
    await place.add(status=403, key="one")
    assert (await place.api.get(WEBHOOKS, key="other")).json == {"items": []}
    assert len((await place.api.get(WEBHOOKS, key="one")).json["items"]) == 1


async def test_names_are_taken_once_and_webhooks_are_bounded(place):
    await place.add()
    assert (await place.add(status=409)).code == "webhook-taken"
    for n in range(19):
        await place.add({"name": f"n{n}", "url": ERP["url"]})
    refused = await place.add({"name": "more", "url": ERP["url"]}, status=409)
    assert refused.code == "too-many-webhooks"


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, [("/name", "required"), ("/url", "required")]),
        ({**ERP, "more": 1}, [("/more", "unknown_key")]),
        ([], [("", "type")]),
        (
            {"name": "a b", "url": "http://erp.example/"},
            [("/name", "feed.consumer"), ("/url", "webhook.url")],
        ),
        ({"name": "erp", "url": "https://10.0.0.1/"}, [("/url", "webhook.address")]),
    ],
)
async def test_every_fault_of_a_webhook(place, body, faults):
    assert (await place.add(body, status=422)).faults == faults


@pytest.mark.parametrize(
    ("path", "body", "other"),
    [
        (WEBHOOKS, {**ERP, "name": "mes"}, ERP),
        (f"{WEBHOOKS}/erp/secret", {"overlap_hours": 2}, {"overlap_hours": 3}),
    ],
)
async def test_a_repetition_gets_the_first_answer_and_the_same_secret(place, path, body, other):
    await place.add({**ERP, "name": "erp"})
    noted = len(place.store.audited)
    first, second = await asyncio.gather(
        *(place.api.post(path, body, key="owner", Idempotency_Key="k") for _ in range(2))
    )
    third = await place.api.post(path, body, key="owner", Idempotency_Key="k")
    assert first.status == 201, first.body
    assert first.body == second.body == third.body
    assert third.headers["Idempotency-Replayed"] == "true"
    assert third.headers["Cache-Control"] == "no-store"
    assert len(place.store.audited) == noted + 1
    (kept,) = place.store.answers.values()
    assert first.json["secret"].encode() not in kept.body
    refused = await place.api.post(path, other, key="owner", Idempotency_Key="k")
    assert (refused.status, refused.code) == (422, "idempotency-key-reused")
