"""Prefixes over HTTP: who may what, what is told, and how refusals read."""

import json
import socket
from itertools import count
from uuid import UUID

import aiohttp
import pytest

from edge.addresses import Networks
from edge.server import serve
from identifiers.changes import Enterprise
from identifiers.directory import PrefixEntry, PrefixKind
from identifiers.names import Prefix
from registry.business.hosting import Hostings
from registry.business.prefix_applications import PrefixApplications
from registry.business.prefixes import Holdings
from registry.commit import GroupCommit
from registry.http.app import registry_app
from registry.http.prefix_operations import prefix_application_operations, prefix_operations
from registry.http.prefixes import Desk
from registry.imports.service import Imports
from registry.keys import KeyRing
from registry.prefixes import Prefixes
from registry.service import Registry
from storage.memory.prefixes import MemoryPrefixes
from tests.contracts.units import AUDIT, put
from tests.unit.registry.business.office import Known
from tests.unit.registry.world import PEPPER, SEALS, Api, now_ns

PREFIXES, ROUTES = "/api/v1/prefixes", "/api/v1/routes"
APPLICATIONS, RULES = "/api/v1/prefix-applications", "/api/v1/prefix-rules"
ONE = f"{PREFIXES}/88.300.1"
FAR = {"address": "203.0.113.7", "tcp": 2641, "udp": 2641, "http": 8000}
NOBODY = UUID(int=77)


@pytest.fixture
async def books(store, business):
    for name in ("甲矿业", "乙物流"):
        await store.add_enterprise(Enterprise(id=0, name=name), AUDIT)
    for prefix, enterprise in (("88.300.1", 1), ("88.300.2", 2)):
        entry = PrefixEntry(
            prefix=Prefix.parse(prefix), kind=PrefixKind.ENTERPRISE, enterprise=enterprise
        )
        await store.home_prefix(entry, AUDIT)
    clock = count(1_770_000_000_000)
    return MemoryPrefixes(store, business, lambda: next(clock))


@pytest.fixture(params=[True])
def local(request):
    return request.param


@pytest.fixture
async def api(books, store, local):
    numbers = count(1)

    def change(_):
        return UUID(int=next(numbers))

    desk = Desk(
        store=books,
        records=store,
        holdings=Holdings(books, change),
        hostings=Hostings(books, change),
        reachable=lambda host: not host.startswith("10."),
    )
    applications = PrefixApplications(books, local=local)
    app = registry_app(
        Registry(store, GroupCommit(store), Prefixes(store), SEALS),
        Imports(store, Prefixes(store), SEALS, clock=now_ns),
        KeyRing(store, PEPPER),
        Networks(()),
        logins=Known(),
        nouns=(
            lambda reception: prefix_operations(desk, reception),
            lambda reception: prefix_application_operations(applications, desk, reception),
        ),
        clock=now_ns,
    )
    bound = socket.create_server(("127.0.0.1", 0))
    runner = await serve(app, [bound])
    async with aiohttp.ClientSession() as session:
        yield Api(session, f"http://127.0.0.1:{bound.getsockname()[1]}")
    await runner.cleanup()


# prefixes


async def test_a_prefix_is_told(api, books):
    told = await api.get(ONE, key="owner-1")
    assert told.status == 200
    assert told.headers["ETag"] == '"v1"'
    assert told.headers["Cache-Control"] == "no-store"
    shown = told.json
    assert (shown["prefix"], shown["holder"], shown["state"], shown["hosting"]) == (
        "88.300.1",
        "甲矿业",
        "enabled",
        "hosted",
    )
    assert shown["approved_at"].startswith("2026-02-02T02:40:00.")
    assert (shown["resolvable_at"], shown["effective_seconds"]) == (None, None)
    await books.prove([Prefix.parse("88.300.1")])
    shown = (await api.get(ONE, key="auditor")).json
    assert shown["effective_seconds"] >= 0
    assert shown["resolvable_at"] > shown["approved_at"]
    own = (await api.get(f"{PREFIXES}/88.300", key="admin")).json
    assert (own["enterprise"], own["holder"], own["kind"]) == (None, None, "secondary")


async def test_what_is_anothers_is_as_if_it_were_not_there(api):
    for path in (f"{PREFIXES}/88.300.2", f"{PREFIXES}/88.300.9", f"{PREFIXES}/x!"):
        refused = await api.get(path, key="owner-1")
        assert (refused.status, refused.code) == (404, "no-such-thing")
    gone = await api.get(f"{PREFIXES}/88.300.9", key="admin")
    assert gone.status == 404


async def test_prefixes_are_listed_by_whose_they_are(api):
    async def listed(query="", key="admin"):
        answer = await api.get(PREFIXES + query, key=key)
        assert answer.status == 200
        return [one["prefix"] for one in answer.json["items"]]

    assert await listed() == ["88.300", "88.300.1", "88.300.2"]
    assert await listed(key="reader-2") == ["88.300.2"]
    assert await listed("?enterprise=1") == ["88.300.1"]
    assert await listed("?state=enabled&hosting=hosted&text=.2") == ["88.300.2"]
    assert await listed("?state=waiting") == []
    assert await listed("?holder=%E7%9F%BF") == ["88.300.1"]
    page = await api.get(f"{PREFIXES}?limit=2", key="admin")
    rest = await api.get(f"{PREFIXES}?limit=2&after={page.json['next']}", key="admin")
    assert [one["prefix"] for one in rest.json["items"]] == ["88.300.2"]
    assert "next" not in rest.json
    assert (await api.get(f"{PREFIXES}?state=open", key="admin")).status == 400
    assert (await api.get(f"{PREFIXES}?text=%00", key="admin")).status == 400
    assert (await api.get(f"{PREFIXES}?after=!", key="admin")).status == 400
    assert (await api.get(f"{PREFIXES}?enterprise=2", key="owner-1")).status == 404


async def test_a_prefix_is_switched_and_its_history_is_told(api):
    off = await api.put(f"{ONE}/state", {"state": "disabled", "reason": "欠费"}, key="admin")
    assert (off.status, off.json["state"], off.json["reason"]) == (200, "disabled", "欠费")
    again = await api.put(f"{ONE}/state", {"state": "to_be_deleted", "reason": "离开"}, key="admin")
    assert again.json["state"] == "to_be_deleted"
    refused = await api.put(f"{ONE}/state", {"state": "enabled"}, key="admin")
    assert (refused.status, refused.code) == (409, "prefix-state")
    assert (refused.json["state"], refused.json["wanted"]) == ("to_be_deleted", "enabled")
    missing = await api.put(f"{ONE}/state", {"state": "waiting"}, key="admin")
    assert missing.json["errors"][0]["pointer"] == "/state"
    page = await api.get(f"{ONE}/history?limit=1", key="owner-1")
    (entry,) = page.json["items"]
    assert (entry["action"], entry["actor"]) == ("prefix.state", "account:admin")
    assert entry["detail"]["to"] == {"state": "to_be_deleted", "reason": "离开"}
    rest = await api.get(f"{ONE}/history?after={page.json['next']}", key="owner-1")
    assert [one["detail"]["to"]["state"] for one in rest.json["items"]] == ["disabled"]
    half = await api.get(f"{ONE}/history?after=Ns", key="owner-1")  # "6": half a place
    assert (half.status, half.code) == (400, "invalid-parameter")
    held = await api.put(
        f"{PREFIXES}/88.300/state", {"state": "disabled", "reason": "x"}, key="admin"
    )
    assert (held.code, held.json["first"]) == ("prefixes-below", "88.300.2")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", f"{ONE}/state", {"state": "disabled", "reason": "x"}),
        ("PUT", f"{ONE}/quota", {"quota": 1}),
        ("PUT", f"{ONE}/hosting", {"hosting": "not_hosted"}),
        ("PUT", f"{ROUTES}/88.300.1", {"sites": [FAR]}),
        ("POST", f"{ONE}/transfer", {"enterprise": 2}),
        ("DELETE", ONE, None),
        ("DELETE", f"{ROUTES}/88.300.1", None),
    ],
)
async def test_what_is_meant_for_another_version_is_not_done(api, method, path, body):
    await api.put(f"{ONE}/quota", {"quota": 9}, key="admin")
    before = await api.get(ONE, key="admin")
    assert before.headers["ETag"] == '"v2"'
    stale = await api.call(method, path, body=body, key="admin", If_Match='"v1"')
    assert (stale.status, stale.json["version"]) == (412, 2)
    assert (await api.get(ONE, key="admin")).json == before.json
    fresh = await api.call(method, path, body=body, key="admin", If_Match='"v1", "v2"')
    assert fresh.status == (409 if path == ONE else 200)


async def test_who_may_not_switch(api):
    body = {"state": "disabled", "reason": "x"}
    for key in ("owner-1", "owner-2", "reviewer", "auditor"):
        refused = await api.put(f"{ONE}/state", body, key=key)
        assert (refused.status, refused.code) == (403, "missing-role")
    assert (await api.put(f"{ONE}/state", body, key=None)).status == 401


async def test_a_refusal_does_not_tell_whether_another_has_it(api):
    """Also of whoever may not, were it his own: there is one answer to what is there and is not."""
    site = {"sites": [FAR]}
    for key, status, code in (
        ("owner-1", 404, "no-such-thing"),
        ("reader-1", 403, "missing-role"),
    ):
        for prefix in ("88.300.2", "88.300.9"):
            refused = await api.put(f"{ROUTES}/{prefix}", site, key=key)
            assert (refused.status, refused.code) == (status, code)


async def test_quota_and_transfer(api):
    assert (await api.put(f"{ONE}/quota", {"quota": 5}, key="admin")).json["quota"] == 5
    assert (await api.put(f"{ONE}/quota", {"quota": None}, key="admin")).json["quota"] is None
    assert (await api.put(f"{ONE}/quota", {}, key="admin")).status == 422
    assert (await api.put(f"{ONE}/quota", {"quota": -1}, key="admin")).status == 422
    moved = await api.post(f"{ONE}/transfer", {"enterprise": 2}, key="admin")
    assert (moved.json["enterprise"], moved.status) == (2, 200)
    assert (await api.get(ONE, key="owner-1")).status == 404
    assert (await api.get(ONE, key="owner-2")).status == 200
    refused = await api.post(f"{ONE}/transfer", {"enterprise": 9}, key="admin")
    assert (refused.status, refused.code) == (409, "enterprise-not-active")
    assert (await api.post(f"{ONE}/transfer", {"enterprise": 1}, key="owner-2")).status == 403


async def test_what_is_unused_and_to_be_deleted_is_removed(api, store):
    assert (await api.delete(ONE, key="admin")).code == "prefix-state"
    await put(store, "88.300.1/A")
    await api.put(f"{ONE}/state", {"state": "to_be_deleted", "reason": "x"}, key="admin")
    assert (await api.delete(ONE, key="admin")).code == "prefix-in-use"
    two = f"{PREFIXES}/88.300.2"
    await api.put(f"{two}/state", {"state": "to_be_deleted", "reason": "x"}, key="admin")
    assert (await api.delete(two, key="admin")).status == 200
    assert (await api.get(two, key="admin")).status == 404


async def test_allotment_by_hand_and_by_the_rule(api):
    rule = {"first": 5, "digits": 3, "reserved": ["5-6", "8"], "keep_vanity": False}
    assert (await api.get(f"{RULES}/88.300", key="admin")).json["first"] == 1
    told = await api.put(f"{RULES}/88.300", rule, key="admin")
    assert told.json == {"root": "88.300", **rule}
    assert (await api.get(f"{RULES}/88.300", key="auditor")).json == told.json
    given = await api.post(PREFIXES, {"enterprise": 1, "root": "88.300"}, key="admin")
    assert (given.status, given.json["prefix"]) == (201, "88.300.007")
    kept = {"enterprise": 1, "prefix": "88.300.005", "hosted": False, "quota": 9}
    given = await api.post(PREFIXES, kept, key="admin")
    assert (given.json["hosting"], given.json["quota"]) == ("not_hosted", 9)
    both = await api.post(PREFIXES, {**kept, "root": "88.300"}, key="admin")
    neither = await api.post(PREFIXES, {"enterprise": 1}, key="admin")
    assert both.faults == neither.faults == [("/prefix", "prefix.either")]
    bad = await api.post(PREFIXES, {"enterprise": 0, "prefix": "x!", "quota": "9"}, key="admin")
    assert {error["pointer"] for error in bad.json["errors"]} == {
        "/enterprise",
        "/prefix",
        "/quota",
    }
    taken = await api.post(PREFIXES, {"enterprise": 1, "prefix": "88.300.2"}, key="admin")
    assert taken.json["errors"][0]["code"] == "prefix.taken"
    assert (await api.post(PREFIXES, kept, key="owner-1")).code == "missing-role"


async def test_what_is_asked_for_once_is_given_once(api):
    body, once = {"enterprise": 1, "root": "88.300"}, {"Idempotency_Key": "k1"}
    first = await api.post(PREFIXES, body, key="admin", **once)
    assert (first.json["holder"], first.json["approved_at"][:10]) == ("甲矿业", "2027-01-15")
    again = await api.post(PREFIXES, body, key="admin", **once)
    assert (again.status, again.json) == (201, first.json)
    assert again.headers["Idempotency-Replayed"] == "true"
    other = await api.post(PREFIXES, body, key="admin")
    assert other.json["prefix"] != first.json["prefix"]
    reused = await api.post(PREFIXES, {**body, "enterprise": 2}, key="admin", **once)
    assert (reused.status, reused.code) == (422, "idempotency-key-reused")
    refused = {"enterprise": 9, "root": "88.300"}
    for _ in range(2):
        answer = await api.post(PREFIXES, refused, key="admin", Idempotency_Key="k2")
        assert answer.code == "enterprise-not-active"


async def test_rules_that_cannot_be(api):
    bad = await api.put(f"{RULES}/88.300", {"reserved": ["9-1", 5], "digits": 99}, key="admin")
    assert [(one["pointer"], one["code"]) for one in bad.json["errors"]] == [
        ("/digits", "range"),
        ("/reserved/0", "label.range"),
        ("/reserved/1", "label.range"),
    ]
    many = await api.put(f"{RULES}/88.300", {"reserved": ["1"] * 101}, key="admin")
    assert many.json["errors"][0]["code"] == "too_many"
    assert (await api.put(f"{RULES}/88.300.1", {}, key="admin")).status == 404
    assert (await api.get(f"{RULES}/88.300", key="owner-1")).status == 404


# hosting and routes


async def test_names_are_routed_and_hosted_again(api):
    path = f"{ROUTES}/88.300.1"
    assert (await api.get(path, key="reader-1")).json["sites"] == []
    routed = await api.put(path, {"sites": [FAR]}, key="operator-1")
    assert routed.status == 200
    assert routed.json == {
        "prefix": "88.300.1",
        "hosting": "not_hosted",
        "routed": True,
        "sites": [FAR],
        "version": 2,
    }
    assert (await api.put(path, {"sites": [FAR]}, key="operator-1")).json == routed.json
    assert (await api.get(path, key="auditor")).json == routed.json
    asked = await api.put(f"{ONE}/hosting", {"hosting": "applied"}, key="owner-1")
    assert asked.json["hosting"] == "applied"
    own = await api.put(f"{ONE}/hosting", {"hosting": "hosted"}, key="owner-1")
    assert (own.status, own.code) == (403, "missing-role")
    refused = {"hosting": "rejected", "reason": "容量不足"}
    assert (await api.put(f"{ONE}/hosting", refused, key="admin")).json["reason"] == "容量不足"
    assert (await api.delete(path, key="owner-1")).code == "missing-role"
    back = await api.delete(path, key="admin")
    assert (back.json["hosting"], back.json["routed"], back.json["sites"]) == ("hosted", False, [])
    odd = await api.put(f"{ONE}/hosting", {"hosting": "rejected", "reason": "x"}, key="admin")
    assert odd.code == "prefix-state"
    assert (await api.put(f"{ONE}/hosting", {"hosting": "x"}, key="admin")).status == 422


async def test_what_is_wrong_with_a_route_is_told_at_once(api):
    path = f"{ROUTES}/88.300.1"
    sites = [{"address": "10.0.0.1", "tcp": 0}, {"address": "far.example"}]
    refused = await api.put(path, {"sites": sites, "ttl": 1}, key="owner-1")
    assert refused.status == 422
    assert [(one["pointer"], one["code"]) for one in refused.json["errors"]] == [
        ("/ttl", "unknown_key"),
        ("/sites/0/address", "route.not_public"),
        ("/sites/0/tcp", "range"),
        ("/sites/1/address", "route.address"),
        ("/sites/1", "route.no_port"),
    ]
    missing = await api.put(path, {}, key="owner-1")
    assert [one["code"] for one in missing.json["errors"]] == ["required"]
    chinese = await api.put(path, {"sites": [{"address": "x", "tcp": 1}]}, key="owner-1",
                            Accept_Language="zh")  # fmt: skip
    assert chinese.json["errors"][0]["detail"] == "x 不是数字形式的 IPv4 或 IPv6 地址"
    await api.put(f"{ONE}/state", {"state": "disabled", "reason": "x"}, key="admin")
    off = await api.put(path, {"sites": [FAR]}, key="owner-1")
    assert (off.status, off.code) == (409, "prefix-state")
    assert (await api.put(f"{ROUTES}/88.300", {"sites": [FAR]}, key="admin")).status == 404
    assert (await api.put(f"{ROUTES}/88.300.2", {"sites": [FAR]}, key="owner-1")).status == 404


# applications


async def test_an_application_is_approved(api):
    asked = await api.post(APPLICATIONS, {"purpose": "运单", "label": "coal"}, key="owner-1")
    assert (asked.status, asked.json["prefix"], asked.json["stage"]) == (
        201,
        "88.300.COAL",
        "submitted",
    )
    again = await api.post(APPLICATIONS, {"purpose": "运单", "label": "COAL"}, key="owner-1")
    assert (again.status, again.json["id"]) == (200, asked.json["id"])
    waiting = await api.get(f"{PREFIXES}/88.300.COAL", key="owner-1")
    assert (waiting.json["state"], waiting.json["approved_at"]) == ("waiting", None)
    one = f"{APPLICATIONS}/{asked.json['id']}"
    assert (await api.get(one, key="reader-1")).json == asked.json
    assert (await api.get(one, key="owner-2")).status == 404
    assert (await api.post(f"{one}/approval", key="owner-1")).code == "missing-role"
    approved = await api.post(f"{one}/approval", key="reviewer")
    assert approved.json["stage"] == "approved"
    on = await api.get(f"{PREFIXES}/88.300.COAL", key="owner-1")
    assert (on.json["state"], on.json["approved_at"] is None) == ("enabled", False)
    late = await api.post(f"{one}/withdrawal", key="owner-1")
    assert (late.status, late.code) == (409, "application-stage")


async def test_an_application_is_rejected_mended_and_withdrawn(api):
    asked = await api.post(APPLICATIONS, {"root": "88.300"}, key="owner-1")
    one = f"{APPLICATIONS}/{asked.json['id']}"
    no = await api.post(f"{one}/rejection", {"reasons": ["用途不明"]}, key="reviewer")
    assert (no.json["stage"], no.json["reasons"]) == ("rejected", ["用途不明"])
    assert (await api.post(f"{one}/rejection", {"reasons": []}, key="reviewer")).status == 422
    mended = await api.put(one, {"purpose": "仓单", "hosted": False}, key="owner-1")
    assert (mended.json["revision"], mended.json["hosted"]) == (2, False)
    assert (await api.post(f"{one}/withdrawal", key="owner-1")).json["stage"] == "withdrawn"
    assert (await api.get(f"{PREFIXES}/{asked.json['prefix']}", key="admin")).status == 404


async def test_applications_are_listed_by_whose_they_are(api):
    for key in ("owner-1", "owner-2"):
        await api.post(APPLICATIONS, {"purpose": key}, key=key)
    every = await api.get(f"{APPLICATIONS}?limit=1", key="reviewer")
    rest = await api.get(f"{APPLICATIONS}?after={every.json['next']}", key="reviewer")
    both = (*every.json["items"], *rest.json["items"])
    assert {one["enterprise"] for one in both} == {1, 2}
    own = await api.get(f"{APPLICATIONS}?open=1", key="reader-2")
    assert [one["purpose"] for one in own.json["items"]] == ["owner-2"]
    assert (await api.get(f"{APPLICATIONS}/{NOBODY}", key="reviewer")).status == 404
    assert (await api.get(f"{APPLICATIONS}/x", key="reviewer")).status == 404


async def test_what_is_wrong_with_an_application(api):
    refused = await api.post(APPLICATIONS, {"root": "x!", "hosted": 5}, key="owner-1")
    assert {one["pointer"] for one in refused.json["errors"]} == {"/root", "/hosted"}
    assert (await api.post(APPLICATIONS, {}, key="reader-1")).code == "missing-role"
    assert (await api.post(APPLICATIONS, {"enterprise": 2}, key="owner-1")).status == 404
    nobody = await api.post(APPLICATIONS, {"enterprise": 9}, key="admin")
    assert nobody.code == "enterprise-not-active"


async def test_an_enterprise_keeps_no_labels_without_end(api):
    for number in range(20):
        await api.post(APPLICATIONS, {"purpose": f"{number}"}, key="owner-1")
    refused = await api.post(APPLICATIONS, {"purpose": "more"}, key="owner-1")
    assert (refused.status, refused.code, refused.json["limit"]) == (
        409,
        "too-many-applications",
        20,
    )


@pytest.mark.parametrize("local", [False], indirect=True)
async def test_the_national_nodes_verdict_is_recorded(api):
    asked = await api.post(APPLICATIONS, {}, key="owner-1")
    one = f"{APPLICATIONS}/{asked.json['id']}"
    assert (await api.post(f"{one}/approval", key="reviewer")).json["stage"] == "passed"
    path = f"{PREFIXES}/{asked.json['prefix']}"
    assert (await api.get(path, key="owner-1")).json["state"] == "in_review"
    verdict = f"{one}/national-verdict"
    for body in ({}, {"approved": False}, {"approved": True, "reasons": ["x"]}):
        assert (await api.post(verdict, body, key="admin")).status == 422
    assert (await api.post(verdict, {"approved": True}, key="reviewer")).status == 403
    no = await api.post(verdict, {"approved": False, "reasons": ["重名"]}, key="admin")
    assert no.json["stage"] == "rejected"
    await api.put(one, {}, key="owner-1")
    await api.post(f"{one}/approval", key="reviewer")
    assert (await api.post(verdict, {"approved": True}, key="admin")).json["stage"] == "approved"
    assert (await api.get(path, key="owner-1")).json["state"] == "enabled"


ODD = (
    None,
    [],
    "x",
    {},
    {"enterprise": 10**30, "prefix": "\ud800", "root": 5, "quota": 1e400, "hosted": None},
    {"state": None, "reason": 5, "hosting": [], "sites": {}, "reasons": "x", "approved": "x"},
    {"sites": [None, {"address": "\udfff", "tcp": -1, "public_key": 5}], "purpose": "\0"},
    {"label": "\udfff", "purpose": "x" * 600, "first": -1, "digits": "x", "reserved": [[]]},
    {"label": "ß", "reasons": [""] * 3, "approved": False, "keep_vanity": 5},
)


@pytest.mark.parametrize("body", ODD, ids=range(len(ODD)))
async def test_odd_bodies_are_refused_and_break_nothing(api, body):
    asked = await api.post(APPLICATIONS, {}, key="owner-1")
    one = f"{APPLICATIONS}/{asked.json['id']}"
    await api.post(f"{one}/rejection", {"reasons": ["x"]}, key="admin")
    raw = json.dumps(body).encode()
    for method, path in (
        ("POST", PREFIXES),
        ("PUT", f"{ONE}/state"),
        ("PUT", f"{ONE}/hosting"),
        ("PUT", f"{ONE}/quota"),
        ("POST", f"{ONE}/transfer"),
        ("PUT", f"{ROUTES}/88.300.1"),
        ("PUT", f"{RULES}/88.300"),
        ("POST", APPLICATIONS),
        ("PUT", one),
        ("POST", f"{one}/rejection"),
        ("POST", f"{one}/national-verdict"),
    ):
        answer = await api.call(method, path, raw=raw, media="application/json", key="admin")
        assert answer.status < 500
        assert answer.status >= 400 or body == {}
    assert (await api.get(ONE, key="admin")).json["version"] == 1


@pytest.mark.parametrize("odd", ["%00", "%ED%A0%80", "a%2Fb", "%F0%9F%98%80", "0" * 300, "..", "+"])
async def test_odd_addresses_are_refused_and_break_nothing(api, odd):
    for path in (f"{PREFIXES}/{odd}", f"{ROUTES}/{odd}", f"{RULES}/{odd}", f"{APPLICATIONS}/{odd}"):
        assert (await api.get(path, key="admin")).status in {400, 404}
    for name in ("text", "holder", "state", "after", "limit", "enterprise"):
        assert (await api.get(f"{PREFIXES}?{name}={odd}", key="admin")).status in {200, 400}
    for name in ("after", "limit", "open", "enterprise"):
        answer = await api.get(f"{APPLICATIONS}?{name}={odd}", key="admin")
        assert answer.status in {200, 400}
    assert (await api.get(f"{ONE}/history?after={odd}", key="admin")).status in {200, 400}
