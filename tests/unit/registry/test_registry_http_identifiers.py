from base64 import urlsafe_b64encode

import msgspec
import pytest
from aiohttp.test_utils import make_mocked_request

from edge.addresses import parse_networks
from edge.problems import Refusal
from identifiers.directory import Off, OffAs
from identifiers.records import PAGE_BYTES, State
from identifiers.values import Permission, Value
from identifiers.wire.handle.values import encode_values
from registry.http.reception import Reception
from registry.keys import KeyRing
from tests.unit.registry.world import IDENTIFIERS, PEPPER, audit, entry, new, now_ns

A = f"{IDENTIFIERS}/88.300.1/A"
FIXED = f"{0x0E & ~Permission.ADMIN_WRITE:04b}"


def cursor(key):
    return urlsafe_b64encode(key.encode()).rstrip(b"=").decode()


def value(index, data="x", **more):
    return {"index": index, "type": "URL", "data": data, **more}


# create


async def test_create_answers_with_a_receipt_and_where_to_find_it(api, store):
    answer = await api.post(IDENTIFIERS, new("88.300.1/中 文/B"))
    assert answer.status == 201
    assert answer.headers["ETag"] == '"v1"'
    assert answer.headers["Location"] == "/api/v1/identifiers/88.300.1/%E4%B8%AD%20%E6%96%87/B"
    assert answer.json == {
        "handle": "88.300.1/中 文/B",
        "status": "created",
        "state": "active",
        "version": 1,
        "changed_at": "2027-01-15T08:00:00Z",
        "change": str(store.changes[0].change),
    }
    again = await api.get(answer.headers["Location"])
    assert again.json["handle"] == "88.300.1/中 文/B"


async def test_every_change_is_audited_with_its_request(api, store):
    await api.post(IDENTIFIERS, new(), X_Request_Id="req-1")
    await api.patch(A, {"state": "reserved"}, X_Request_Id="req-2")
    await api.put(A, new("88.300.1/A", value(2)), X_Request_Id="req-3")
    await api.delete(A, X_Request_Id="req-4")
    assert [(e.actor, e.action, e.subject, e.request) for e in store.audited] == [
        ("key:one", "identifier.create", "88.300.1/A", "req-1"),
        ("key:one", "identifier.state", "88.300.1/A", "req-2"),
        ("key:one", "identifier.update", "88.300.1/A", "req-3"),
        ("key:one", "identifier.delete", "88.300.1/A", "req-4"),
    ]
    assert [w.record.version for w in store.changes] == [1, 2, 3, 4]


async def test_create_tells_the_version_of_what_is_there(api):
    await api.post(IDENTIFIERS, new())
    await api.put(A, new("88.300.1/A", value(7)))
    answer = await api.post(IDENTIFIERS, new())
    assert (answer.status, answer.code, answer.json["version"]) == (409, "exists", 2)


async def test_all_faults_are_named_at_once(api, store):
    body = {
        "handle": "88.300.1",
        "values": [
            value(0),
            {"index": 2, "type": ""},
            value(3, ttl=-1, permissions="11"),
            value(1001),
            {"index": 5, "type": "TEMPLATE", "data": 7},
        ],
        "state": "revoked",
        "template": "x",
        "colour": "red",
    }
    answer = await api.post(IDENTIFIERS, body)
    assert (answer.status, answer.code) == (422, "invalid")
    assert set(answer.faults) >= {
        ("/handle", "name.no_slash"),
        ("/values/0/index", "range"),
        ("/values/1/data", "required"),
        ("/values/2/ttl", "range"),
        ("/values/2/permissions", "value.permissions"),
        ("/values/4/data", "type"),
        ("/state", "one_of"),
        ("/colour", "unknown_key"),
    }
    assert not store.records


async def test_what_breaks_a_rule_is_named_with_the_rest(api):
    body = new("88.300.1/bad\u200bname", value(1), value(1), value(1001))
    answer = await api.post(IDENTIFIERS, body)
    assert answer.faults == [
        ("/handle", "name.character"),
        ("/values/1/index", "value.duplicate_index"),
        ("/values/2", "value.server_set"),
    ]


async def test_faults_are_told_in_chinese(api):
    answer = await api.post(IDENTIFIERS, new("88.300.1"), Accept_Language="zh-CN, en;q=0.5")
    assert answer.json["title"] == "请求内容有误。"
    assert "标识应为" in answer.json["errors"][0]["detail"]


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"", 400, "json.syntax"),
        (b"{", 400, "json.syntax"),
        (b"\xff", 400, "utf8"),
        (b"null", 422, "type"),
        (b"[]", 422, "type"),
        (b'{"handle":"a/b","handle":"a/c","values":[]}', 422, "json.duplicate_key"),
        (b'{"handle":"88.300.1/\\u0000","values":[]}', 422, "nul"),
        (b'{"handle":"88.300.1/\\ud800","values":[]}', 422, "surrogate"),
        (b'{"handle":"88.300.1/A","values":[]}', 422, "empty"),
        (b"[" * 100_000, 422, "json.too_deep"),
    ],
)
async def test_bodies_that_are_no_identifier(api, raw, status, code):
    answer = await api.post(IDENTIFIERS, raw=raw, media="application/json")
    assert answer.status == status
    assert code in {c for _, c in answer.faults}


@pytest.mark.parametrize(
    "media",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=gbk",
        "nonsense",
        None,
    ],
)
async def test_only_json_is_read(api, media):
    answer = await api.post(IDENTIFIERS, raw=b"{}", media=media)
    assert (answer.status, answer.code) == (415, "media-type")


async def test_utf_8_may_be_said(api):
    media = 'application/json; charset="UTF-8"'
    assert (await api.post(IDENTIFIERS, new(), media=media)).status == 201


async def test_encoded_bodies_are_not_read(api):
    answer = await api.post(IDENTIFIERS, raw=b"{}", media="application/json", Content_Encoding="br")
    assert (answer.status, answer.code) == (415, "content-encoding")


async def test_a_body_has_a_largest_size(api):
    answer = await api.post(IDENTIFIERS, raw=b" " * (1024 * 1024 + 1), media="application/json")
    assert (answer.status, answer.code) == (413, "too-large")


async def test_a_record_has_a_largest_size(api):
    heavy = new("88.300.1/A", *(value(n, "x" * 60_000) for n in range(1, 5)))
    answer = await api.post(IDENTIFIERS, heavy)
    assert answer.faults == [("/values", "record.too_large")]


# read


async def test_read_shows_what_only_the_owner_sees(api):
    hidden = value(5, "secret", permissions="1100")
    await api.post(IDENTIFIERS, new("88.300.1/A", value(1), hidden, state="reserved"))
    answer = await api.get(A)
    assert answer.headers["ETag"] == '"v1"'
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.json["state"] == "reserved"
    assert [v["index"] for v in answer.json["values"]] == [1, 5]


async def test_read_of_what_is_not_there(api):
    assert (await api.get(A)).code == "not-found"
    await api.post(IDENTIFIERS, new())
    await api.delete(A)
    assert (await api.get(A)).code == "not-found"


@pytest.mark.parametrize(
    ("known", "status"),
    [('"v1"', 304), ('W/"v1"', 304), ('"v9", "v1"', 304), ("*", 304), ('"v2"', 200), ("x", 200)],
)
async def test_what_is_known_is_not_sent_again(api, known, status):
    await api.post(IDENTIFIERS, new())
    answer = await api.get(A, If_None_Match=known)
    assert answer.status == status
    assert answer.headers["ETag"] == '"v1"'
    assert bool(answer.body) == (status == 200)


async def test_head_is_get_without_a_body(api):
    await api.post(IDENTIFIERS, new())
    answer = await api.call("HEAD", A)
    assert (answer.status, answer.body, answer.headers["ETag"]) == (200, b"", '"v1"')


async def test_a_suspended_identifier_is_shown_with_its_reason(api, store):
    await api.post(IDENTIFIERS, new())
    store.records["88.300.1/A"] = msgspec.structs.replace(
        store.records["88.300.1/A"], state=State.SUSPENDED, reason="投诉"
    )
    assert (await api.get(A)).json["reason"] == "投诉"
    refused = await api.put(A, new("88.300.1/A", value(3)))
    assert (refused.code, refused.json["state"], refused.json["reason"]) == (
        "locked",
        "suspended",
        "投诉",
    )


@pytest.mark.parametrize(
    "path",
    ["88.300.1/a/b%2Fc?", "88.300.1%2Fa%2Fb%2Fc", "88.300.1/a%2fb/c", "88.300.1/a/b/c"],
)
async def test_slashes_of_a_handle_may_be_raw_or_encoded(api, path):
    await api.post(IDENTIFIERS, new("88.300.1/a/b/c"))
    assert (await api.get(f"{IDENTIFIERS}/{path}")).json["handle"] == "88.300.1/a/b/c"


@pytest.mark.parametrize(
    ("suffix", "encoded"),
    [
        ("..", ".."),
        ("../x", "..%2Fx"),
        ("a//b", "a//b"),
        ("/", "%2F"),
        ("%41", "%2541"),
        ("a+b", "a+b"),
        ("a b", "a%20b"),
        ("煤", "%E7%85%A4"),
        ("?#", "%3F%23"),
        ("batch", "batch"),
    ],
)
async def test_every_suffix_has_an_address(api, suffix, encoded):
    created = await api.post(IDENTIFIERS, new(f"88.300.1/{suffix}"))
    assert created.status == 201
    for path in (f"{IDENTIFIERS}/88.300.1/{encoded}", created.headers["Location"]):
        assert (await api.get(path)).json["handle"] == f"88.300.1/{suffix}"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("88.300.1", "name.no_slash"),
        ("88.300.1/", "name.no_suffix"),
        ("88..1/a", "name.prefix"),
        ("88.300.1%00/a", "name.prefix"),
        ("%2e%2e/a", "name.prefix"),
        ("88.300.1/%ff", "utf8"),
        ("88.300.1/%00", "nul"),
    ],
)
async def test_addresses_that_name_no_handle(api, path, code):
    answer = await api.get(f"{IDENTIFIERS}/{path}")
    assert (answer.status, answer.code) == (400, "invalid-parameter")
    assert answer.faults == [("/handle", code)]


async def test_a_question_mark_that_was_not_encoded_is_noticed(api):
    answer = await api.get(f"{IDENTIFIERS}/88.300.1/what?now")
    assert answer.faults == [("/now", "unknown_key")]


# put


async def test_put_registers_and_replaces(api):
    first = await api.put(A, {"values": [value(1)]})
    assert (first.status, first.json["status"]) == (201, "created")
    assert first.headers["Location"] == A
    second = await api.put(A, {"values": [value(2)]})
    assert (second.status, second.json["status"], second.headers["ETag"]) == (
        200,
        "updated",
        '"v2"',
    )
    same = await api.put(A, {"values": [value(2)]})
    assert (same.json["status"], same.json["version"], same.json["change"]) == (
        "unchanged",
        2,
        None,
    )


async def test_what_was_read_can_be_sent_back(api):
    await api.post(IDENTIFIERS, new("88.300.1/A", value(1, "中"), value(2, ttl=60)))
    read = (await api.get(A)).json
    assert (await api.put(A, read)).json["status"] == "unchanged"
    read["values"][0]["data"] = "new"
    assert (await api.put(A, read)).json["status"] == "updated"


async def test_put_refuses_another_name_than_its_address(api):
    answer = await api.put(A, new("88.300.1/B"))
    assert answer.faults == [("/handle", "name.mismatch")]
    assert (await api.put(A, new("88.300.1/A"))).status == 201


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If_Match": '"v1"'}, 200),
        ({"If_Match": "*"}, 200),
        ({"If_Match": '"v2"'}, 412),
        ({"If_Match": 'W/"v1"'}, 412),
        ({"If_Match": "nonsense"}, 412),
        ({"If_Match": '"v9" , "v1"'}, 200),
        ({"If_Match": '"other,tag","v1"'}, 200),
        ({"If_Match": '"v1" "v1"'}, 412),
        ({"If_Match": '"v9"' + " " * 7000}, 412),
        ({"If_Match": " " * 7000 + '"v1"'}, 200),
        ({"If_Match": "," + " " * 7000 + ',"v1"'}, 200),
        ({"If_None_Match": "*"}, 412),
        ({"If_None_Match": '"v1"'}, 412),
        ({"If_None_Match": '"v2"'}, 200),
    ],
)
async def test_conditions_of_a_write(api, headers, status):
    await api.post(IDENTIFIERS, new())
    for answer in (
        await api.put(A, {"values": [value(9)]}, **headers),
        *([] if status == 200 else [await api.delete(A, **headers)]),
    ):
        assert answer.status == status
        if status == 412:
            assert (answer.code, answer.json["version"]) == ("precondition-failed", 1)


@pytest.mark.parametrize("headers", [{"If_Match": "*"}, {"If_Match": '"v1"'}])
async def test_a_condition_on_what_is_not_there(api, headers):
    answer = await api.put(A, {"values": [value(9)]}, **headers)
    assert (answer.status, answer.json["version"]) == (412, None)


# patch


async def test_patch_changes_single_values(api):
    await api.post(IDENTIFIERS, new("88.300.1/A", value(1), value(2)))
    answer = await api.patch(A, {"values": [value(3), value(1, "new")], "remove": [2]})
    assert answer.json["version"] == 2
    values = (await api.get(A)).json["values"]
    assert [(v["index"], v["data"]["value"]) for v in values] == [(1, "new"), (3, "x")]


async def test_patch_needs_an_identifier(api):
    assert (await api.patch(A, {"remove": [1]})).code == "not-found"


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, [("", "empty")]),
        ([], [("", "type")]),
        ({"remove": [0, "x", True, 2**32]}, [(f"/remove/{n}", "range") for n in range(4)]),
        ({"values": {}}, [("/values", "type")]),
        ({"values": [value(1), value(1)]}, [("/values/1/index", "value.duplicate_index")]),
        ({"values": [value(1001)]}, [("/values/0", "value.server_set")]),
        ({"state": "gone"}, [("/state", "one_of")]),
        ({"state": "suspended"}, [("/reason", "required")]),
        ({"state": "revoked", "reason": " "}, [("/reason", "empty")]),
        ({"state": "revoked", "reason": 7}, [("/reason", "type")]),
        ({"state": "revoked", "reason": "a\nb"}, [("/reason", "text.control")]),
        ({"state": "revoked", "reason": "r" * 501}, [("/reason", "too_long")]),
        ({"state": "active", "reason": "why"}, [("/reason", "state.reason")]),
        ({"handle": "88.300.1/A", "remove": [1]}, [("/handle", "unknown_key")]),
    ],
)
async def test_faults_of_a_patch(api, body, faults):
    answer = await api.patch(A, body)
    assert answer.status == 422
    assert answer.faults == faults


async def test_fixed_values_stay(api):
    await api.post(IDENTIFIERS, new("88.300.1/A", value(1), value(5, permissions=FIXED)))
    answer = await api.patch(A, {"values": [value(5, "other")]})
    assert (answer.status, answer.code, answer.json["indexes"]) == (403, "value-protected", [5])


async def test_a_state_needs_its_scope(api):
    await api.post(IDENTIFIERS, new())
    answer = await api.patch(A, {"state": "reserved"}, key="writer")
    assert (answer.status, answer.code) == (403, "missing-scope-state")
    assert (await api.patch(A, {"state": "reserved"})).json["state"] == "reserved"


async def test_a_life_from_reserved_to_revoked(api, store):
    await api.post(IDENTIFIERS, new(state="reserved"))
    early = await api.patch(A, {"state": "suspended", "reason": "r"})
    assert (early.status, early.code) == (409, "state-impossible")
    assert (early.json["state"], early.json["wanted"]) == ("reserved", "suspended")
    assert (await api.patch(A, {"state": "active"})).json["state"] == "active"
    suspended = {"state": "suspended", "reason": "质量核查"}
    assert (await api.patch(A, suspended, If_Match='"v1"')).code == "precondition-failed"
    answer = await api.patch(A, suspended, If_Match='"v2"')
    assert (answer.json["state"], answer.json["version"]) == ("suspended", 3)
    read = (await api.get(A)).json
    assert (read["state"], read["reason"]) == ("suspended", "质量核查")
    locked = await api.patch(A, {"values": [value(1, "new")]})
    assert (locked.code, locked.json["reason"]) == ("locked", "质量核查")
    assert (await api.patch(A, {"state": "active"})).json["version"] == 4
    assert "reason" not in (await api.get(A)).json
    await api.patch(A, {"state": "revoked", "reason": "报废"})
    read = (await api.get(A)).json
    assert (read["state"], read["reason"], read["version"]) == ("revoked", "报废", 5)
    assert len(read["values"]) == 1
    for refused in (
        await api.patch(A, {"state": "active"}),
        await api.delete(A),
        await api.put(A, new()),
    ):
        assert (refused.status, refused.code) == (409, "locked")
    assert (await api.post(IDENTIFIERS, new())).code == "exists"
    assert [entry.action for entry in store.audited[1:]] == ["identifier.state"] * 4


async def test_a_prefix_may_keep_its_names(api, store):
    await store.home_prefix(entry("88.300.12", 1, keeps=True), audit())
    for name in ("A", "R"):
        state = "reserved" if name == "R" else "active"
        await api.post(IDENTIFIERS, new(f"88.300.12/{name}", state=state))
    kept = f"{IDENTIFIERS}/88.300.12/A"
    for refused in (
        await api.delete(kept),
        await api.patch(kept, {"state": "reserved"}),
        await api.put(kept, new("88.300.12/A", state="reserved")),
    ):
        assert (refused.status, refused.code) == (409, "published")
    batch = {"items": [new("88.300.12/A", state="reserved")]}
    (item,) = (await api.post(f"{IDENTIFIERS}/batch?mode=replace", batch)).json["items"]
    assert item["status"] == 409
    assert (await api.delete(f"{IDENTIFIERS}/88.300.12/R")).status == 200


# delete


async def test_delete_frees_the_name_and_versions_go_on(api):
    await api.post(IDENTIFIERS, new())
    gone = await api.delete(A)
    assert (gone.status, gone.json["status"], gone.json["version"]) == (200, "deleted", 2)
    assert (await api.delete(A)).code == "not-found"
    assert (await api.post(IDENTIFIERS, new())).json["version"] == 3


# folding


async def test_a_folding_prefix_takes_any_case(api):
    created = await api.post(IDENTIFIERS, new("88.300.2/Ab"), key="two")
    assert created.status == 201
    read = await api.get(f"{IDENTIFIERS}/88.300.2/aB", key="two")
    assert read.json["handle"] == "88.300.2/Ab"
    assert (await api.get(f"{IDENTIFIERS}/88.300.10/aB", key="two")).code == "not-found"


# list


async def test_a_prefix_is_listed_page_by_page(api):
    for n in range(7):
        await api.post(IDENTIFIERS, new(f"88.300.1/{n}"))
    await api.delete(f"{IDENTIFIERS}/88.300.1/3")
    seen, path = [], f"{IDENTIFIERS}?prefix=88.300.1&limit=3"
    while path:
        answer = await api.get(path)
        seen.extend(item["handle"] for item in answer.json["items"])
        link = answer.headers.get("Link", "")
        assert ("next" in answer.json) == bool(link)
        path = link.partition(">")[0].removeprefix("<")
    assert seen == [f"88.300.1/{n}" for n in (0, 1, 2, 4, 5, 6)]


async def test_pages_of_large_identifiers_are_short(api, store):
    await api.post(IDENTIFIERS, new("88.300.1/00"))
    first = store.records["88.300.1/00"]
    heavy = encode_values((Value(index=1, type="X", data=bytes(PAGE_BYTES // 4)),))
    keys = [f"88.300.1/{n:02}" for n in range(6)]
    for key in keys:
        store.records[key] = msgspec.structs.replace(first, key=key, name=key, values=heavy)
    page = (await api.get(f"{IDENTIFIERS}?prefix=88.300.1&limit=1000")).json
    assert [i["handle"] for i in page["items"]] == keys[:4]
    rest = (await api.get(f"{IDENTIFIERS}?prefix=88.300.1&after={page['next']}")).json
    assert [i["handle"] for i in rest["items"]] == keys[4:]
    assert "next" not in rest
    exported = await api.get("/api/v1/export?prefix=88.300.1", Accept="application/x-ndjson")
    assert [line["handle"] for line in exported.lines] == keys


@pytest.mark.parametrize(
    ("query", "faults"),
    [
        ("", [("/prefix", "required")]),
        ("?prefix=", [("/prefix", "required")]),
        ("?prefix=88..1", [("/prefix", "name.prefix")]),
        ("?prefix=88.300.1&limit=0", [("/limit", "range")]),
        ("?prefix=88.300.1&limit=1001", [("/limit", "range")]),
        ("?prefix=88.300.1&limit=%EF%BC%91", [("/limit", "range")]),
        ("?prefix=88.300.1&limit=9999999999999999999999", [("/limit", "range")]),
        ("?prefix=88.300.1&after=x", [("/after", "cursor")]),
        ("?prefix=88.300.1&after=%00", [("/after", "cursor")]),
        (f"?prefix=88.300.1&after={cursor('88.300.1/A' + chr(0))}", [("/after", "cursor")]),
        (f"?prefix=88.300.1&after={cursor('88.300.1/')}", [("/after", "cursor")]),
        ("?prefix=88.300.1&after=ODguMzAwLjEwL0E", [("/after", "cursor")]),
        ("?prefix=88.300.1&prefix=88.300.1", [("/prefix", "json.duplicate_key")]),
        ("?prefix=88.300.1&order=up", [("/order", "unknown_key")]),
    ],
)
async def test_faults_of_a_list(api, query, faults):
    answer = await api.get(IDENTIFIERS + query)
    assert answer.code == "invalid-parameter"
    assert answer.faults == faults


# who asks


@pytest.mark.parametrize(
    "field", ["", "Bearer", "Bearer ", "Basic b25lOng=", "Bearer one.wrong", "Bearer x y z", "x"]
)
async def test_without_a_valid_key_nothing_is_said(api, field):
    answer = await api.get(A, key=None, Authorization=field)
    assert (answer.status, answer.code) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="idnode"'


async def test_unknown_and_wrong_keys_are_told_the_same(api):
    unknown = await api.get(A, key=None, Authorization="Bearer who.x", X_Request_Id="r")
    wrong = await api.get(A, key=None, Authorization="Bearer one.x", X_Request_Id="r")
    assert unknown.body == wrong.body


async def test_keys_are_not_taken_from_afar_over_plain_http(serving):
    api = await serving(parse_networks("127.0.0.1"))
    plain = await api.get(A, X_Forwarded_For="192.0.2.7")
    assert (plain.status, plain.code) == (403, "insecure")
    lying = await api.get(A, X_Forwarded_For="192.0.2.7", X_Forwarded_Proto="http")
    assert lying.code == "insecure"
    proxied = await api.get(A, X_Forwarded_For="192.0.2.7", X_Forwarded_Proto="https")
    assert proxied.code == "not-found"
    assert (await api.get(A)).code == "not-found"


@pytest.mark.parametrize(
    ("scheme", "remote", "headers", "taken"),
    [
        ("https", "192.0.2.7", {}, True),
        ("http", "192.0.2.7", {}, False),
        ("http", "127.0.0.1", {}, True),
        ("http", "127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}, False),
        ("https", "10.0.0.1", {}, True),
        ("https", "10.0.0.1", {"X-Forwarded-For": "192.0.2.7"}, False),
        ("https", "10.0.0.1", {"X-Forwarded-For": "a", "X-Forwarded-Proto": "http"}, False),
        ("https", "10.0.0.1", {"X-Forwarded-For": "a", "X-Forwarded-Proto": "https"}, True),
        ("http", "10.0.0.1", {"X-Forwarded-Proto": "https"}, True),
        ("http", "10.0.0.1", {}, False),
    ],
)
async def test_tls_to_a_proxy_says_nothing_of_the_way_to_it(store, scheme, remote, headers, taken):
    reception = Reception(KeyRing(store, PEPPER), parse_networks("10.0.0.0/8"), clock=now_ns)
    headers = {"Authorization": "Bearer nobodys", **headers}
    request = make_mocked_request("GET", "/", headers=headers)
    with pytest.raises(Refusal) as refused:
        await reception.caller(request.clone(scheme=scheme, remote=remote))
    assert refused.value.problem.kind.code == ("unauthenticated" if taken else "insecure")


async def test_the_address_of_a_key_is_that_of_the_client(serving):
    api = await serving(parse_networks("127.0.0.1"))
    inside = {"X_Forwarded_For": "10.1.2.3", "X_Forwarded_Proto": "https"}
    outside = {"X_Forwarded_For": "11.1.2.3", "X_Forwarded_Proto": "https"}
    assert (await api.get(A, key="far", **inside)).code == "not-found"
    assert (await api.get(A, key="far", **outside)).code == "wrong-address"


# the store


async def test_an_unreachable_store_is_told_with_when_to_try_again(api, store):
    await api.post(IDENTIFIERS, new())
    store.down = True
    answer = await api.post(IDENTIFIERS, new("88.300.1/B"))
    assert (answer.status, answer.code) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
    store.down = False
    assert (await api.post(IDENTIFIERS, new("88.300.1/B"))).status == 201


async def test_a_lost_answer_says_so_and_echoes_the_key(api, store):
    store.lose_next_answer = True
    answer = await api.post(IDENTIFIERS, new(), Idempotency_Key="k")
    assert (answer.status, answer.code) == (503, "fate-unknown")
    assert answer.headers["Idempotency-Key"] == "k"
    again = await api.post(IDENTIFIERS, new(), Idempotency_Key="k")
    assert (again.status, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert len(store.changes) == 1


async def test_whose_prefix_is_off_learns_why_and_others_that_it_is_not_theirs(api, store):
    off = Off(OffAs.TO_BE_DELETED, "号段整理")
    store.keep_prefix(entry("88.300.1.7", 1, enabled=False, off=off))
    refused = await api.post(IDENTIFIERS, new("88.300.1.7/A"))
    assert (refused.status, refused.code) == (403, "prefix-disabled")
    assert (refused.json["state"], refused.json["reason"]) == ("to_be_deleted", "号段整理")
    other = await api.post(IDENTIFIERS, new("88.300.1.7/A"), key="two")
    assert (other.code, "reason" in other.json) == ("not-yours", False)
