"""One identifier over the REST form."""

import pytest

from identifiers.records import State
from tests.unit.registry.handles import admin, group, stored, url
from tests.unit.registry.rest.conftest import MASTER, OPEN, OWNER, basic, seckey

A = "/api/handles/88.300.1/A"
NEW = "/api/handles/88.300.1/NEW"
ADMIN = {
    "index": 100,
    "type": "HS_ADMIN",
    "data": {
        "format": "admin",
        "value": {"handle": "0.NA/88.300.1", "index": "300", "permissions": "011111110011"},
    },
}
URL = {"index": 1, "type": "URL", "data": "https://b.example"}
NOTE = {"index": 3, "type": "NOTE", "data": {"format": "string", "value": "煤"}}


def indexes(answer):
    return [value["index"] for value in answer.json["values"]]


# looking up


async def test_somebody_known_sees_what_administrators_read(rest):
    answer = await rest.get(A, who=basic())
    assert (answer.status, indexes(answer)) == (200, [1, 2, 100])
    assert answer.json["responseCode"] == 1
    assert answer.json["handle"] == "88.300.1/A"
    assert answer.json["values"][1]["permissions"] == "1100"
    assert answer.headers["Cache-Control"] == "no-store"
    public = await rest.get(f"{A}?publicOnly=true", who=basic())
    assert indexes(public) == [1, 100]


async def test_nobody_sees_a_secret_key(rest):
    answer = await rest.get("/api/handles/0.NA/88.300.1", who=basic())
    assert 300 not in indexes(answer)
    assert b"sealed" not in answer.body


async def test_filters_and_the_name_as_asked(rest):
    answer = await rest.get("/api/handles/88.300.1%2FA?index=2&type=URL", who=basic())
    assert indexes(answer) == [1, 2]
    none = await rest.get(f"{A}?type=EMAIL", who=basic())
    assert (none.status, none.json) == (
        200,
        {"responseCode": 200, "values": [], "handle": "88.300.1/A"},
    )


async def test_parameters_in_a_body(rest):
    answer = await rest.post(A, {"index": [1, 2], "publicOnly": False}, who=basic())
    assert indexes(answer) == [1, 2]
    for body in ([], {"index": 1.5}, {"index": {"a": 1}}, {"index": [1] * 2049}):
        assert (await rest.post(A, body, who=basic())).status == 400


async def test_what_only_administrators_read_demands_somebody(rest):
    demand = await rest.get(f"{A}?index=2&publicOnly=false")
    assert (demand.status, demand.json["responseCode"]) == (401, 402)
    some = await rest.get(f"{A}?publicOnly=false")
    assert indexes(some) == [1, 100]


async def test_who_may_not_read_it_is_told_so(rest, records):
    await stored(records, "0.NA/88.300.10", seckey("0.NA/88.300.10"))
    answer = await rest.get(f"{A}?index=2", who=basic("300:0.NA/88.300.10"))
    assert (answer.status, answer.json["responseCode"]) == (403, 401)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("88.300.1/NONE", 404, 100),
        ("99.1/A", 400, 301),
        ("noslash", 400, 102),
        ("88.300.1/%00", 400, 102),
        ("88.300.1/%ff", 400, 102),
        ("88.300.1/A?index=x", 400, 4),
        ("88.300.1/A?callback=1", 400, 4),
    ],
)
async def test_what_cannot_be_found(rest, path, status, code):
    answer = await rest.get(f"/api/handles/{path}", who=basic())
    assert (answer.status, answer.json["responseCode"]) == (status, code)


async def test_suspended_ones_are_told_as_absent(rest, records):
    await stored(records, "88.300.1/S", url(), state=State.SUSPENDED, reason="质量")
    answer = await rest.get("/api/handles/88.300.1/S", who=basic())
    assert answer.status == 404
    assert "suspended" in answer.json["message"]


async def test_a_script_is_for_looking_up_only(rest):
    script = await rest.get(f"{A}?callback=my.f&index=1", who=basic())
    assert script.headers["Content-Type"] == "application/javascript"
    assert script.body.startswith(b"my.f({")
    written = await rest.put(f"{NEW}?callback=my.f", [URL], who=basic())
    assert written.headers["Content-Type"] == "application/json"
    assert b'\n  "' in (await rest.get(f"{A}?pretty", who=basic())).body


async def test_head_has_no_body(rest):
    answer = await rest.call("HEAD", A, who=basic())
    assert (answer.status, answer.body) == (200, b"")


# registering


async def test_registering_and_replacing(rest, records):
    made = await rest.put(NEW, {"values": [URL, ADMIN]}, who=basic())
    assert (made.status, made.json) == (201, {"responseCode": 1, "handle": "88.300.1/NEW"})
    again = await rest.put(NEW, [NOTE, ADMIN], who=basic())
    assert (again.status, again.json["responseCode"]) == (200, 1)
    assert indexes(await rest.get(NEW, who=basic())) == [3, 100]
    assert records.records["88.300.1/NEW"].version == 2


async def test_whoever_writes_is_answered_when_it_can_be_read(rest, records, settled):
    before = len(records.changes)
    await rest.put(NEW, [URL, ADMIN], who=basic())
    await rest.put(f"{NEW}?overwrite=false", [URL], who=basic())
    await rest.get(NEW, who=basic())
    await rest.delete(NEW, who=basic())
    assert settled == [before + 1, before + 2]


async def test_not_to_overwrite(rest):
    answer = await rest.put(f"{A}?overwrite=false", [URL], who=basic())
    assert (answer.status, answer.json["responseCode"]) == (409, 101)


async def test_a_suffix_is_minted(rest, records):
    made = await rest.put("/api/handles/88.300.1/P-?mintNewSuffix=true", [URL], who=basic())
    assert made.status == 201
    assert made.json["handle"].startswith("88.300.1/P-")
    assert made.json["handle"] in records.records
    only_prefix = await rest.put("/api/handles/88.300.1?mintNewSuffix", [URL], who=basic())
    assert only_prefix.status == 201


async def test_single_values(rest):
    added = await rest.put(f"{A}?index=3", [NOTE], who=basic())
    assert (added.status, added.json["responseCode"]) == (200, 1)
    various = await rest.put(f"{A}?index=various", [URL, {**NOTE, "index": 4}], who=basic())
    assert various.status == 200
    assert indexes(await rest.get(A, who=basic())) == [1, 2, 100, 3, 4]
    there = await rest.put(f"{A}?index=3&overwrite=false", [NOTE], who=basic())
    assert (there.status, there.json["responseCode"]) == (409, 201)
    other = await rest.put(f"{A}?index=3&index=5", [NOTE], who=basic())
    assert (other.status, other.json["responseCode"]) == (400, 4)
    missing = await rest.put(f"{NEW}?index=3", [NOTE], who=basic())
    assert (missing.status, missing.json["responseCode"]) == (404, 100)


ONE = b'[{"index":1,"type":"U","data":""}]'
ZERO = b'[{"index":0,"type":"URL","data":"x"}]'


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        (NEW, b"{", 4),
        (NEW, b"\xff", 4),
        (NEW, b"{}", 4),
        (NEW, b"[]", 202),
        (NEW, b"3", 202),
        (NEW, ZERO, 202),
        (f"{A}?index=0", ZERO, 202),
        (f"{A}?index=various", b"[]", 202),
        ("/api/handles/88.300.1/a%CC%88", ONE, 102),
        ("/api/handles/nothing", ONE, 102),
        ("/api/handles/nothing?index=1", ONE, 102),
    ],
)
async def test_bodies_and_names_with_faults(rest, path, body, code):
    answer = await rest.put(path, body, who=basic())
    assert (answer.status, answer.json["responseCode"]) == (400, code), answer.body
    assert answer.json["message"]


async def test_a_body_that_is_not_called_json(rest):
    answer = await rest.put(NEW, ONE, who=basic(), Content_Type="text/plain")
    assert (answer.status, answer.json["responseCode"]) == (400, 4)


async def test_rights_are_asked_bit_by_bit(rest, records):
    await stored(records, "0.NA/88.300.10", admin(OWNER, 0), seckey("0.NA/88.300.10"))
    denied = await rest.put("/api/handles/88.300.10/A", [URL], who=basic())
    assert (denied.status, denied.json["responseCode"]) == (403, 401)
    strange = await rest.put(NEW, [URL], who=basic("300:0.NA/88.300.10"))
    assert (strange.status, strange.json["responseCode"]) == (403, 400)
    nowhere = await rest.put("/api/handles/99.1/A", [URL], who=basic())
    assert (nowhere.status, nowhere.json["responseCode"]) == (400, 301)
    master = await rest.put("/api/handles/88.300.10/A", [URL], who=basic("300:0.NA/88.300"))
    assert master.status == 201


async def test_rights_through_a_group(rest, records):
    member = basic("300:0.NA/88.300.10")
    await stored(records, "0.NA/88.300.10", seckey("0.NA/88.300.10"))
    listed = type(OWNER)("0.NA/88.300.1", 200)
    await stored(
        records,
        "0.NA/88.300.1",
        admin(listed),
        group(OWNER, type(OWNER)("0.NA/88.300.10", 300)),
        seckey("0.NA/88.300.1"),
    )
    assert (await rest.put(NEW, [URL], who=member)).status == 201


# deleting


async def test_deleting(rest):
    gone = await rest.delete(A, who=basic())
    assert (gone.status, gone.json) == (200, {"responseCode": 1, "handle": "88.300.1/A"})
    again = await rest.delete(A, who=basic())
    assert (again.status, again.json["responseCode"]) == (404, 100)
    assert (await rest.delete("/api/handles/nothing", who=basic())).status == 400


async def test_removing_values(rest):
    assert (await rest.delete(f"{A}?index=1&index=2", who=basic())).status == 200
    assert indexes(await rest.get(A, who=basic())) == [100]
    missing = await rest.delete(f"{A}?index=1", who=basic())
    assert (missing.status, missing.json["responseCode"]) == (400, 200)


# around


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_nobody_administers(rest, records, method):
    before = dict(records.records)
    demand = await rest.call(method, A, [URL])
    assert (demand.status, demand.json["responseCode"]) == (401, 402)
    schemes = [field.split()[0] for field in demand.headers.getall("WWW-Authenticate")]
    assert schemes == ["Basic", "Handle"]
    for who in (None, basic()):
        closed = await rest.call(method, A, [URL], who=who, origin=OPEN)
        assert (closed.status, closed.json["responseCode"]) == (403, 402)
        assert "WWW-Authenticate" not in closed.headers
    assert records.records == before


async def test_scripts_of_any_origin(rest):
    answer = await rest.get(A, who=basic(), Origin="https://shop.example")
    assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert "Origin" in answer.headers["Vary"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


async def test_other_methods(rest):
    answer = await rest.call("PATCH", A, who=basic())
    assert (answer.status, answer.headers["Allow"]) == (405, "DELETE, GET, HEAD, POST, PUT")


async def test_while_the_store_is_away(rest, records):
    records.down = True
    answer = await rest.get(A)
    assert (answer.status, answer.json["responseCode"]) == (503, 3)
    assert answer.headers["Retry-After"]
    records.down = False
    records.lose_next_answer = True
    lost = await rest.put(NEW, [URL], who=basic())
    assert (lost.status, lost.json["responseCode"]) == (503, 2)


async def test_a_value_keeps_its_bits_and_references(rest, records):
    given = {
        **NOTE,
        "permissions": "1111",
        "ttl": 60,
        "references": [{"handle": "a/b", "index": 1}],
    }
    assert (await rest.put(NEW, [given], who=basic("300:0.NA/88.300"))).status == 201
    answer = await rest.get(NEW)
    (value,) = answer.json["values"]
    assert (value["permissions"], value["ttl"]) == ("1111", 60)
    assert value["references"] == [{"handle": "a/b", "index": 1}]
    assert str(MASTER) in str(records.audited)


@pytest.mark.parametrize(
    "target",
    [
        b"/api/handles/88.300.1/\xff",
        b"/api/handles/88.300.1/A?type=\xff&publicOnly=false",
        b"/api/handles/88.300.1/A?type=%ff&publicOnly=false",
        b"/api/handles?prefix=\xff",
        b"/api/verifications/300:88.300.1/\xff?nonce=&cnonce=&signature=",
        b"/api/verifications/300:88.300.1/%ff?nonce=&cnonce=&signature=",
        b"/api/prefixes/%ff",
        b"/hrls/handles?URL=%ff",
        b"/hrls/handles/%ff?URL=x",
        b"/hrls/handles?%ff=\xff",
    ],
)
@pytest.mark.parametrize("who", [basic().encode(), b"Handle id=\xff", b"Basic \xff"])
async def test_octets_that_are_no_text(rest, target, who):
    status = await rest.raw(target, who)
    assert 200 <= status < 500, status
