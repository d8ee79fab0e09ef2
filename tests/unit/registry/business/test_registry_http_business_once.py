"""Idempotency-Key where the node's business is done: one effect, and its answer again."""

import asyncio
import json
from collections import Counter
from itertools import count

import pytest

from registry.business.asking import By
from registry.business.codes import Codes
from registry.business.hosting import Hostings
from registry.business.prefix_applications import PrefixApplications
from registry.business.prefixes import Holdings
from registry.http.codes import codes_noun
from registry.http.prefix_operations import prefix_application_operations
from registry.http.prefixes import Desk
from registry.prefixes import Prefixes
from storage.memory import MemoryCodes
from storage.memory.prefixes import MemoryPrefixes
from tests.unit.registry.business.conftest import particulars
from tests.unit.registry.business.office import make_office, served

NUMBER, OWNER = 1, "owner-1"
APPLICATIONS, CERTIFICATES, CODES = "/api/v1/applications", "/api/v1/certificates", "/api/v1/codes"
PNG = b"\x89PNG\r\n\x1a\n"
RULE = {"prefix": "88.300.COAL", "rule": "coal"}
CHANGED = particulars(1, org_name="示例新煤业有限公司")
OTHERWISE = particulars(1, org_name="示例旧煤业有限公司")

TABLE = {
    "submitApplication": (
        *(APPLICATIONS, "admin"),
        *({"particulars": particulars(2)}, {"particulars": particulars(2), "wanted": "B"}),
    ),
    "requestChange": (
        *("/api/v1/changes", "admin"),
        *({"particulars": CHANGED, "enterprise": NUMBER},),
        *({"particulars": OTHERWISE, "enterprise": NUMBER},),
    ),
    "uploadDocument": ("/api/v1/documents", OWNER, PNG + b"one", PNG + b"two"),
    "applyForPrefix": ("/api/v1/prefix-applications", OWNER, {"purpose": "运单"}, {}),
    "giveCodes": (CODES, OWNER, {**RULE, "count": 3}, {**RULE, "count": 4}),
    "issueCertificate": (
        *(CERTIFICATES, "admin"),
        *({"enterprise": NUMBER, "days": 30}, {"enterprise": NUMBER, "days": 31}),
    ),
}
NOUNS = pytest.mark.parametrize("noun", TABLE)


@pytest.fixture
async def api(business, store):
    """The API of a node with one enterprise, which is verified and has a rule for codes."""
    ticks = count(1_770_000_000_000)
    books = MemoryPrefixes(store, business, lambda: next(ticks))
    desk = Desk(
        store=books,
        records=store,
        holdings=Holdings(books, str),
        hostings=Hostings(books, str),
        reachable=lambda _: True,
    )
    kept = MemoryCodes(store)
    codes = Codes(kept, store)
    applications = PrefixApplications(books, local=True)
    nouns = (
        lambda reception: prefix_application_operations(applications, desk, reception),
        codes_noun(codes, kept, Prefixes(store)),
    )
    async with served(make_office(business, store), store, *nouns) as client:
        told = await client.post(
            APPLICATIONS, {"particulars": particulars(1), "wanted": "COAL"}, key="admin"
        )
        where = told.headers["Location"]
        await client.post(f"{where}/approval", key="reviewer")
        passed = {"outcome": "passed", "method": "papers"}
        await client.post(f"{where}/verification", passed, key="reviewer")
        (entry,) = [e for e in (await store.directory()).entries if e.enterprise == NUMBER]
        await codes.keep(
            entry.prefix, "coal", {"rule": "C{seq:3}"}, By(actor="a", at=1, request_id="r")
        )
        # From here on a block of numbers is there: what is given next writes nothing but answers.
        assert (await client.post(CODES, RULE, key=OWNER)).status == 200
        yield client


def sending(api, noun, *, other=False, **more):
    path, key, body, another = TABLE[noun]
    sent = another if other else body
    how = {"raw": sent, "media": "image/png"} if isinstance(sent, bytes) else {"body": sent}
    return api.post(path, **{"key": key, "Idempotency_Key": "k", **how, **more})


def said(answer):
    headers = {name: answer.headers.get(name) for name in ("Location", "ETag", "Cache-Control")}
    return answer.status, answer.body, headers


def written(store):
    return len(store.audited), len(store.changes)


@NOUNS
async def test_a_repetition_gets_the_first_answer_and_does_nothing(api, store, noun):
    first = await sending(api, noun)
    assert first.status == (200 if noun == "giveCodes" else 201), first.body
    assert "Idempotency-Replayed" not in first.headers
    after = written(store)
    again = await sending(api, noun)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert said(again) == said(first)
    refused = await sending(api, noun, other=True)
    assert (refused.status, refused.code) == (422, "idempotency-key-reused")
    assert written(store) == after


@NOUNS
async def test_two_at_the_same_time_have_one_effect(api, store, noun):
    before = len(store.audited)
    first, second = await asyncio.gather(*(sending(api, noun) for _ in range(2)))
    assert said(first) == said(second)
    replayed = [answer.headers.get("Idempotency-Replayed") for answer in (first, second)]
    assert sorted(replayed, key=bool) == [None, "true"]
    done = Counter(entry.action for entry in store.audited[before:])
    assert set(done.values()) <= {1}


@NOUNS
async def test_a_lost_answer_is_found_again(api, store, noun):
    store.lose_next_answer = True
    assert (await sending(api, noun)).code == "fate-unknown"
    done = Counter(entry.action for entry in store.audited)
    again = await sending(api, noun)
    assert again.headers["Idempotency-Replayed"] == "true"
    later = Counter(entry.action for entry in store.audited) - done
    # What follows a certificate in transactions of its own is done by the repetition.
    assert set(later) == ({"certificate.show"} if noun == "issueCertificate" else set())


@NOUNS
async def test_what_was_told_and_sent_cannot_be_read_off_the_store(api, store, noun):
    first = await sending(api, noun)
    kept = [a for a in store.answers.values() if a.request.key == "k"]
    assert len(kept) == 1
    assert first.body not in kept[0].body


@NOUNS
async def test_keys_have_a_syntax(api, store, noun):
    before = written(store)
    answer = await sending(api, noun, Idempotency_Key="a b")
    assert (answer.status, answer.code) == (400, "idempotency-key")
    assert written(store) == before


@NOUNS
async def test_the_key_and_its_refusals_are_described(api, noun):
    document = (await api.get("/openapi.json", key=None)).json
    (operation,) = (
        one
        for methods in document["paths"].values()
        for one in methods.values()
        if one["operationId"] == noun
    )
    assert "Idempotency-Key" in {one["name"] for one in operation["parameters"]}
    assert "idempotency-key-reused" in json.dumps(operation["responses"]["422"])
    assert "idempotency-key" in json.dumps(operation["responses"]["400"])


async def test_the_same_application_under_another_key_stays_that_one(api):
    first = await sending(api, "submitApplication")
    same = await sending(api, "submitApplication", Idempotency_Key="l")
    assert (same.status, same.json) == (200, first.json)
    await api.post(f"{first.headers['Location']}/withdrawal", key="admin")
    again = await sending(api, "submitApplication", Idempotency_Key="l")
    assert said(again) == said(same)
    assert (await sending(api, "submitApplication", Idempotency_Key="m")).status == 201


async def test_the_same_document_under_another_key_stays_that_one(api):
    first = await sending(api, "uploadDocument")
    same = await sending(api, "uploadDocument", Idempotency_Key="l")
    assert (same.status, same.json) == (200, first.json)
    assert said(await sending(api, "uploadDocument", Idempotency_Key="l")) == said(same)


@pytest.mark.parametrize(
    ("noun", "body"),
    [
        ("submitApplication", {"particulars": {}}),
        ("uploadDocument", None),
        ("applyForPrefix", {"label": "COAL"}),
        ("giveCodes", {**RULE, "rule": "none"}),
        ("issueCertificate", {"enterprise": 99}),
    ],
)
async def test_what_was_refused_is_judged_anew(api, store, noun, body):
    how = {"raw": b"GIF89a"} if body is None else {"body": body}
    refused = await sending(api, noun, **how)
    assert refused.status in {404, 409, 415, 422}, refused.body
    assert refused.code != "idempotency-key-reused"
    assert not [a for a in store.answers.values() if a.request.key == "k"]
    made = await sending(api, noun)
    assert (made.status in {200, 201}, "Idempotency-Replayed" in made.headers) == (True, False)


async def test_codes_that_are_given_again_are_nobody_elses(api):
    first = (await sending(api, "giveCodes")).json["handles"]
    other = (await sending(api, "giveCodes", Idempotency_Key="l")).json["handles"]
    again = (await sending(api, "giveCodes")).json["handles"]
    assert again == first
    assert not {*first} & {*other}


async def test_a_certificate_that_was_cut_off_is_shown_by_the_repetition(api, store):
    root = "0.NA/88.300"
    await sending(api, "issueCertificate")
    record = store.records.pop(root)
    await sending(api, "issueCertificate")
    assert store.records[root].values == record.values
