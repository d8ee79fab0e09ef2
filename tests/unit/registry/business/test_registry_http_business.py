"""The node's business over HTTP: who may what, what is told, and how refusals read."""

import json
import re
from base64 import b64encode
from hashlib import sha256
from uuid import UUID

import pytest

from identifiers.enterprises.files import LIMITS, Media
from registry.http.cursors import write_cursor
from tests.unit.registry.business.conftest import PICTURES, particulars
from tests.unit.registry.business.office import make_office, served

APPLICATIONS, ENTERPRISES = "/api/v1/applications", "/api/v1/enterprises"
CHANGES, DOCUMENTS = "/api/v1/changes", "/api/v1/documents"
CERTIFICATES = "/api/v1/certificates"
NOBODY = UUID(int=77)
PNG = b"\x89PNG\r\n\x1a\n"
PASSED = {"outcome": "passed", "method": "papers"}


@pytest.fixture(params=[True])
def local(request):
    return request.param


@pytest.fixture
async def api(business, store, local):
    async with served(make_office(business, store, local=local), store) as client:
        yield client


@pytest.fixture
def apply(api):
    """Upload documents and apply for one of several organisations."""

    async def send(number=1, key="admin", wanted="", **basic):
        files = {}
        for at, name in enumerate(PICTURES):
            octets = PNG + f"{key}-{number}-{at}".encode()
            kept = await api.post(DOCUMENTS, raw=octets, media="image/png", key=key)
            files[name] = kept.json["id"]
        body = {"particulars": particulars(number, **(files | basic)), "wanted": wanted}
        return await api.post(APPLICATIONS, body, key=key), body

    return send


@pytest.fixture
async def admitted(api, apply):
    """An enterprise that was admitted; gives its number and what it told."""
    applied, body = await apply(wanted="COAL")
    await api.post(f"{APPLICATIONS}/{applied.json['id']}/approval", key="reviewer")
    number = (await api.get(f"{APPLICATIONS}/{applied.json['id']}", key="admin")).json["enterprise"]
    return number, body["particulars"]


async def test_from_a_document_to_an_enterprise(api, apply):
    applied, body = await apply(wanted="COAL")
    assert applied.status == 201
    told = applied.json
    where = applied.headers["Location"]
    assert where == f"{APPLICATIONS}/{told['id']}"
    assert applied.headers["ETag"] == '"v1"'
    assert applied.headers["Cache-Control"] == "no-store"
    assert (told["stage"], told["wanted"], told["enterprise"]) == ("submitted", "COAL", None)
    assert told["particulars"]["basic"]["legal_name"] == "张**"
    assert "legal_cert_front" not in told["particulars"]["basic"]
    again = await api.post(APPLICATIONS, body, key="admin")
    assert (again.status, again.json["id"]) == (200, told["id"])
    rejected = await api.post(f"{where}/rejection", {"reasons": ["照片不清"]}, key="reviewer")
    assert rejected.json["stage"] == "rejected"
    mended = {**body, "wanted": "MINE"}
    stale = await api.put(where, mended, key="admin", If_Match='"v1"')
    assert (stale.status, stale.code, stale.json["version"]) == (412, "precondition-failed", 2)
    again = await api.put(where, mended, key="admin", If_Match='"v2"')
    assert (again.json["stage"], again.json["revision"]) == ("submitted", 2)
    outdated = await api.post(f"{where}/approval", key="reviewer", If_Match='"v2"')
    assert outdated.code == "precondition-failed"
    approved = await api.post(f"{where}/approval", key="reviewer")
    assert approved.json["stage"] == "approved"
    assert [step["did"] for step in approved.json["steps"]] == [
        "submitted",
        "rejected",
        "resubmitted",
        "approved",
    ]
    assert approved.json["steps"][1] == {
        "at": approved.json["steps"][1]["at"],
        "by": "account:reviewer",
        "did": "rejected",
        "revision": 1,
        "reasons": ["照片不清"],
    }
    number = approved.json["enterprise"]
    shown = (await api.get(f"{ENTERPRISES}/{number}", key="auditor")).json
    assert (shown["state"], shown["prefixes"]) == ("active", ["88.300.MINE"])
    listed = (await api.get(ENTERPRISES, key="reviewer")).json["items"]
    assert [one["id"] for one in listed] == [number]
    taken = await apply()
    assert (taken[0].status, taken[0].code) == (409, "enterprise-exists")
    assert taken[0].json["enterprise"] == number


async def test_an_enterprise_sees_its_own_and_nothing_of_others(api, admitted):
    number, told = admitted
    own, other = f"owner-{number}", f"owner-{number + 1}"
    assert (await api.get(f"{ENTERPRISES}/{number}", key=own)).status == 200
    assert [e["id"] for e in (await api.get(ENTERPRISES, key=own)).json["items"]] == [number]
    assert (await api.get(ENTERPRISES, key=other)).json["items"] == []
    assert (await api.get(f"{APPLICATIONS}?kind=admission", key=own)).json["items"] != []
    assert (await api.get(APPLICATIONS, key=other)).json["items"] == []
    application = (await api.get(APPLICATIONS, key=own)).json["items"][0]["id"]
    document = told["basic"]["org_cert_image"]
    hidden = (
        ("GET", f"{ENTERPRISES}/{number}"),
        ("GET", f"{ENTERPRISES}/{number}/history"),
        ("GET", f"{ENTERPRISES}/{number}/filing-record"),
        ("GET", f"{APPLICATIONS}/{application}"),
        ("GET", f"{APPLICATIONS}/{application}/history"),
        ("GET", f"{APPLICATIONS}?enterprise={number}"),
        ("GET", f"{DOCUMENTS}/{document}"),
        ("POST", f"{APPLICATIONS}/{application}/withdrawal"),
    )
    for method, path in hidden:
        answer = await api.call(method, path, key=other)
        assert (path, answer.status, answer.code) == (path, 404, "no-such-thing")
        assert (await api.call(method, path, key=own)).status in {200, 409}
    for verb in ("suspension", "closing"):
        body = {"reason": "x"}
        refused = await api.post(f"{ENTERPRISES}/{number}/{verb}", body, key=own)
        assert (refused.status, refused.code) == (403, "missing-role")
    for path in (f"{APPLICATIONS}/{NOBODY}/approval", f"{APPLICATIONS}/{application}/approval"):
        assert (await api.post(path, key=own)).code == "missing-role"
    elsewhere = await api.post(CHANGES, {"particulars": {}, "enterprise": number}, key=other)
    assert elsewhere.code == "no-such-thing"


async def test_who_is_in_is_not_told_who_else_applies(api, apply, admitted):
    number, _ = admitted
    other = {"particulars": particulars(2)}
    before = await api.post(APPLICATIONS, other, key=f"owner-{number}")
    assert (await apply(2))[0].status == 201
    after = await api.post(APPLICATIONS, other, key=f"owner-{number}")
    assert (before.status, before.code) == (409, "enterprise-exists")
    assert (before.json["enterprise"], after.code) == (number, before.code)
    assert "application" not in after.json


async def test_who_only_reads_writes_nothing(api, admitted):
    number, told = admitted
    for key in ("auditor", f"reader-{number}"):
        sent = await api.post(DOCUMENTS, raw=PNG, media="image/png", key=key)
        assert sent.code == "missing-role"
        change = {"particulars": told, "enterprise": number}
        assert (await api.post(CHANGES, change, key=key)).code == "missing-role"
    assert (await api.get(f"{DOCUMENTS}/{told['basic']['org_cert_image']}", key="auditor")).body
    unknown = await api.get(APPLICATIONS, key="stranger")
    assert (unknown.status, unknown.code) == (401, "unauthenticated")


async def test_a_change_goes_through_review_into_the_history(api, admitted):
    number, told = admitted
    own = f"owner-{number}"
    changed = {**told, "basic": {**told["basic"], "org_name": "新名煤业有限公司"}}
    made = await api.post(CHANGES, {"particulars": changed}, key=own)
    assert (made.status, made.json["kind"], made.json["enterprise"]) == (201, "change", number)
    where = f"{APPLICATIONS}/{made.json['id']}"
    other = {**told, "basic": {**told["basic"], "org_name": "别名"}}
    pending = await api.post(CHANGES, {"particulars": other}, key=own)
    assert (pending.code, pending.json["application"]) == ("application-pending", made.json["id"])
    await api.post(f"{where}/approval", key="reviewer")
    history = (await api.get(f"{ENTERPRISES}/{number}/history", key=own)).json
    assert [(one["did"], one["by"]) for one in history["items"]] == [
        ("approved", "account:reviewer"),
        ("changed", "account:reviewer"),
    ]
    assert history["items"][1]["changes"] == [
        {"field": "/basic/org_name", "old": "示例煤业有限公司", "new": "新名煤业有限公司"}
    ]
    first = (await api.get(f"{ENTERPRISES}/{number}/history?limit=1", key=own)).json
    rest = await api.get(f"{ENTERPRISES}/{number}/history?limit=1&after={first['next']}", key=own)
    assert rest.json["items"] == history["items"][1:]
    end = rest.json["next"]
    last = await api.get(f"{ENTERPRISES}/{number}/history?after={end}", key=own)
    assert last.json == {"items": []}


async def test_a_reviewer_sees_what_was_mended_since_he_rejected_it(api, apply):
    applied, body = await apply()
    where = f"{APPLICATIONS}/{applied.json['id']}"
    only = (await api.get(f"{where}/history", key="reviewer")).json["items"]
    assert [(one["revision"], one["changes"], one["steps"]) for one in only] == [(1, [], [])]
    await api.post(f"{where}/rejection", {"reasons": ["手机号码不符"]}, key="reviewer")
    basic = {**body["particulars"]["basic"], "contact_mobile": "10012344321"}
    mended = {"particulars": {**body["particulars"], "basic": basic}, "wanted": "MINE"}
    await api.put(where, mended, key="admin")
    answer = await api.get(f"{where}/history", key="auditor")
    assert answer.headers["Cache-Control"] == "no-store"
    first, second = answer.json["items"]
    assert "next" not in answer.json
    assert (first["did"], first["by"], first["changes"]) == ("submitted", "account:admin", [])
    (rejected,) = first["steps"]
    assert (rejected["did"], rejected["by"]) == ("rejected", "account:reviewer")
    assert rejected["reasons"] == ["手机号码不符"]
    assert (second["revision"], second["did"]) == (2, "resubmitted")
    assert (second["by"], second["steps"]) == ("account:admin", [])
    assert second["changes"] == [
        {"field": "/basic/contact_mobile", "old": "100****5678", "new": "100****4321"},
        {"field": "/wanted", "old": "", "new": "MINE"},
    ]
    page = (await api.get(f"{where}/history?limit=1", key="admin")).json
    assert page["items"] == [first]
    rest = (await api.get(f"{where}/history?limit=1&after={page['next']}", key="admin")).json
    assert rest["items"] == [second]
    end = await api.get(f"{where}/history?after={rest['next']}", key="admin")
    assert end.json == {"items": []}
    far = write_cursor("9" * 18)
    assert (await api.get(f"{where}/history?after={far}", key="admin")).json == {"items": []}


async def test_suspended_resumed_closed(api, admitted, store):
    number, told = admitted
    where = f"{ENTERPRISES}/{number}"
    faulty = await api.post(f"{where}/suspension", {"reason": "a\nb"}, key="admin")
    assert faulty.faults == [("/reason", "text.control")]
    suspended = await api.post(f"{where}/suspension", {"reason": "逾期未年审"}, key="admin")
    assert (suspended.json["state"], suspended.json["reason"]) == ("suspended", "逾期未年审")
    assert not (await store.directory()).exact("88.300.COAL").enabled
    assert (await api.post(f"{where}/resumption", key="admin")).json["state"] == "active"
    assert (await store.directory()).exact("88.300.COAL").enabled
    closed = await api.post(f"{where}/closing", {"reason": "注销"}, key="admin")
    assert closed.json["state"] == "closed"
    refused = await api.post(f"{where}/resumption", key="admin")
    assert (refused.code, refused.json["wanted"]) == ("enterprise-state", "active")
    change = await api.post(CHANGES, {"particulars": told}, key=f"owner-{number}")
    assert change.code == "enterprise-state"


async def test_what_is_wrong_is_told_all_at_once(api, apply, admitted):
    number, _ = admitted
    applied, body = await apply(2, contact_email="x", city_code="1", org_cert_image="none")
    assert applied.status == 422
    assert applied.faults == [
        ("/particulars/basic/city_code", "field.place"),
        ("/particulars/basic/contact_email", "field.email"),
        ("/particulars/basic/org_cert_image", "document.unknown"),
    ]
    around = await api.post(APPLICATIONS, {**body, "wanted": 1, "x": 1}, key="admin")
    assert around.faults == sorted([*applied.faults, ("/wanted", "type"), ("/x", "unknown_key")])
    all_of_it = await api.post(APPLICATIONS, {**body, "wanted": "1", "x": 1}, key="admin")
    assert all_of_it.faults == sorted(
        [*applied.faults, ("/wanted", "label.reserved"), ("/x", "unknown_key")]
    )
    change = {"particulars": body["particulars"], "enterprise": number, "x": 1}
    change_of_it = await api.post(CHANGES, change, key="admin")
    other = ("/particulars/basic/org_cert_no", "application.other")
    assert change_of_it.faults == sorted([*applied.faults, other, ("/x", "unknown_key")])
    body["particulars"]["basic"] |= {"contact_email": "a@b.example", "city_code": "990100"}
    unknown = await api.post(APPLICATIONS, {**body, "wanted": "1"}, key="admin")
    assert unknown.faults == [
        ("/particulars/basic/org_cert_image", "document.unknown"),
        ("/wanted", "label.reserved"),
    ]
    nothing = await api.post(APPLICATIONS, {"wanted": 3, "x": 1}, key="admin")
    assert nothing.faults == [
        ("/particulars", "required"),
        ("/wanted", "type"),
        ("/x", "unknown_key"),
    ]
    assert (await api.post(APPLICATIONS, [], key="admin")).faults == [("", "type")]
    empty = await api.post(CHANGES, {}, key="admin")
    assert empty.faults == [("/enterprise", "required"), ("/particulars", "required")]
    where = f"{ENTERPRISES}/{number}"
    found = {"outcome": "maybe", "method": "guess", "note": "\0"}
    assert (await api.post(f"{where}/verification", found, key="reviewer")).status == 422
    found = {"outcome": "maybe", "method": "guess", "note": "a\tb"}
    assert (await api.post(f"{where}/verification", found, key="reviewer")).faults == [
        ("/method", "one_of"),
        ("/note", "text.control"),
        ("/outcome", "one_of"),
    ]
    for path, fault in (
        (f"{APPLICATIONS}?stage=lost", ("/stage", "one_of")),
        (f"{APPLICATIONS}?after=%21", ("/after", "cursor")),
        (f"{CERTIFICATES}?after=zz", ("/after", "cursor")),
        (f"{ENTERPRISES}?limit=0", ("/limit", "range")),
    ):
        assert (await api.get(path, key="admin")).faults == [fault]
    for path in (f"{ENTERPRISES}/0", f"{ENTERPRISES}/x", f"{ENTERPRISES}/99999999999"):
        assert (await api.get(path, key="admin")).code == "no-such-thing"
    assert (await api.get(f"{APPLICATIONS}/x", key="admin")).code == "no-such-thing"
    assert (await api.get(f"{DOCUMENTS}/{NOBODY}", key="admin")).code == "no-such-thing"


@pytest.mark.parametrize(
    ("reasons", "faults"),
    [
        ({}, [("/reasons", "required")]),
        ({"reasons": []}, [("/reasons", "empty")]),
        ({"reasons": ["", 3]}, [("/reasons/0", "empty"), ("/reasons/1", "type")]),
        ({"reasons": ["x"] * 21}, [("/reasons", "too_many")]),
    ],
)
async def test_a_rejection_has_reasons(api, apply, reasons, faults):
    applied, _ = await apply()
    where = f"{APPLICATIONS}/{applied.json['id']}"
    assert (await api.post(f"{where}/rejection", reasons, key="reviewer")).faults == faults


async def test_applications_are_listed_page_by_page(api, apply):
    ids = [(await apply(number))[0].json["id"] for number in (1, 2, 3)]
    first = (await api.get(f"{APPLICATIONS}?limit=2&stage=submitted", key="reviewer")).json
    assert [one["id"] for one in first["items"]] == ids[:2]
    rest = await api.get(f"{APPLICATIONS}?limit=2&after={first['next']}", key="reviewer")
    assert [one["id"] for one in rest.json["items"]] == ids[2:]
    assert "next" not in rest.json
    assert (await api.get(f"{APPLICATIONS}?stage=approved", key="admin")).json == {"items": []}


@pytest.mark.parametrize("local", [False], indirect=True)
async def test_the_national_node_has_the_last_word(api, apply):
    applied, _ = await apply()
    where = f"{APPLICATIONS}/{applied.json['id']}"
    early = await api.post(f"{where}/national-verdict", {"approved": True}, key="admin")
    assert (early.code, early.json["stage"]) == ("application-stage", "submitted")
    assert (await api.post(f"{where}/approval", key="reviewer")).json["stage"] == "passed"
    refused = await api.post(f"{where}/national-verdict", {"approved": True}, key="reviewer")
    assert refused.code == "missing-role"
    both = {"approved": True, "reasons": ["x"]}
    assert (await api.post(f"{where}/national-verdict", both, key="admin")).faults == [
        ("/reasons", "application.reasons")
    ]
    none = await api.post(f"{where}/national-verdict", {}, key="admin")
    assert ("/approved", "required") in none.faults
    no = {"approved": False, "reasons": ["材料不全"]}
    rejected = await api.post(f"{where}/national-verdict", no, key="admin")
    assert rejected.json["stage"] == "rejected"
    page = await api.get(f"{ENTERPRISES}/1/filing-record", key="admin")
    assert page.code == "no-such-thing"


async def test_who_was_refused_is_verified_and_purged(api, apply):
    applied, body = await apply()
    where = f"{APPLICATIONS}/{applied.json['id']}"
    early = await api.post(f"{where}/purge", key="admin")
    assert (early.code, early.json["stage"]) == ("application-stage", "submitted")
    failed = {"outcome": "failed", "method": "visit", "note": "无此地址"}
    verified = await api.post(f"{where}/verification", failed, key="reviewer")
    assert verified.json["verification"]["outcome"] == "failed"
    await api.post(f"{where}/withdrawal", key="admin")
    purged = await api.post(f"{where}/purge", key="admin")
    assert purged.json["purged_at"]
    assert "legal_name" not in purged.json["particulars"]["basic"]
    gone = await api.get(
        f"{DOCUMENTS}/{body['particulars']['basic']['org_cert_image']}", key="admin"
    )
    assert gone.code == "no-such-thing"


async def test_documents_are_judged_by_what_they_are(api):
    named = await api.post(DOCUMENTS, raw=b"GIF89a", media="image/png", key="admin")
    assert (named.status, named.code) == (415, "document-form")
    text = await api.post(DOCUMENTS, raw=PNG, media="text/plain", key="admin")
    assert text.code == "media-type"
    big = PNG.ljust(LIMITS[Media.PNG] + 1, b"\0")
    large = await api.post(DOCUMENTS, raw=big, media="application/octet-stream", key="admin")
    assert (large.status, large.code, large.json["limit"]) == (413, "too-large", 1 << 20)
    huge = b"%PDF-".ljust(LIMITS[Media.PDF] + 1, b"\0")
    assert (await api.post(DOCUMENTS, raw=huge, media="application/pdf", key="admin")).status == 413
    sent = await api.post(DOCUMENTS, raw=b"%PDF-1.7", media="image/png", key="owner-3")
    assert (sent.status, sent.json["media_type"]) == (201, "application/pdf")
    again = await api.post(DOCUMENTS, raw=b"%PDF-1.7", media="image/png", key="owner-3")
    assert (again.status, again.json) == (200, sent.json)
    where = f"{DOCUMENTS}/{sent.json['id']}"
    read = await api.get(where, key="owner-3")
    assert (read.body, read.headers["Content-Type"]) == (b"%PDF-1.7", "application/pdf")
    assert read.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in read.headers["Content-Security-Policy"]
    assert (await api.get(where, key="owner-4")).code == "no-such-thing"


async def test_a_filing_record_can_be_printed(api, admitted):
    number, _ = admitted
    where = f"{ENTERPRISES}/{number}"
    page = await api.get(f"{where}/filing-record", key="auditor")
    text = page.body.decode()
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Cache-Control"] == "no-store"
    assert "script" not in text
    for said in (
        "示例煤业有限公司",
        "88.300-",
        "88.300.COAL",
        "张**",
        "煤炭开采和洗选业",
        "民营控股",
        "未核验",
        "本地模式",
    ):
        assert said in text
    for secret in ("张某某", "990000180001010017", "10012345678"):
        assert secret not in text
    await api.post(f"{where}/verification", PASSED, key="reviewer")
    await api.post(f"{where}/suspension", {"reason": "<b>x</b>"}, key="admin")
    text = (await api.get(f"{where}/filing-record", key="auditor")).body.decode()
    assert "证照核对" in text
    assert "&lt;b&gt;x&lt;/b&gt;" in text


async def test_a_page_that_was_saved_keeps_its_look(api, admitted):
    number, _ = admitted
    page = await api.get(f"{ENTERPRISES}/{number}/filing-record", key="auditor")
    text = page.body.decode()
    style = text.partition("<style>")[2].partition("</style>")[0]
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in page.headers["Content-Security-Policy"]
    assert "@page" in style
    assert not {"<link", "url("} & set(re.findall(r"<link|url\(", text))


@pytest.mark.parametrize("local", [False], indirect=True)
async def test_a_filing_record_tells_of_both_reviews(api, apply):
    applied, _ = await apply()
    where = f"{APPLICATIONS}/{applied.json['id']}"
    await api.post(f"{where}/approval", key="reviewer")
    await api.post(f"{where}/national-verdict", {"approved": True}, key="admin")
    number = (await api.get(where, key="admin")).json["enterprise"]
    text = (await api.get(f"{ENTERPRISES}/{number}/filing-record", key="admin")).body.decode()
    assert "国家节点审核通过" in text
    assert "本地模式" not in text


async def test_anybody_may_check_a_certificate(api, admitted):
    number, _ = admitted
    wish = {"enterprise": number, "days": 30}
    unverified = await api.post(CERTIFICATES, wish, key="admin")
    assert (unverified.status, unverified.code) == (409, "not-verified")
    await api.post(f"{ENTERPRISES}/{number}/verification", PASSED, key="reviewer")
    assert (await api.post(CERTIFICATES, wish, key=f"owner-{number}")).code == "missing-role"
    made = await api.post(CERTIFICATES, wish, key="admin")
    assert made.status == 201
    serial = made.json["serial"]
    where = made.headers["Location"]
    again = await api.post(CERTIFICATES, wish, key="admin")
    assert (again.code, again.json["serial"]) == ("certificate-in-force", serial)
    checked = await api.get(where, key=None)
    assert checked.json == made.json
    assert (checked.json["status"], checked.json["prefix"]) == ("valid", "88.300.COAL")
    assert checked.headers["Cache-Control"] == "public, max-age=5"
    assert (await api.get(where.lower().replace("/api/v1", "/api/v1"), key=None)).status == 200
    page = (await api.get(checked.json["page"], key=None)).body.decode()
    assert "示例煤业有限公司" in page
    assert "有效" in page
    assert "script" not in page
    assert "张" not in page
    listed = await api.get(CERTIFICATES, key=f"owner-{number}")
    assert [one["serial"] for one in listed.json["items"]] == [serial]
    assert (await api.get(f"{CERTIFICATES}?limit=1", key="admin")).json["next"] == serial
    await api.post(f"{ENTERPRISES}/{number}/suspension", {"reason": "x"}, key="admin")
    assert (await api.get(where, key=None)).json["status"] == "suspended"
    revoked = await api.post(f"{where}/revocation", {"reason": "密钥泄露"}, key="admin")
    assert (revoked.json["status"], revoked.json["reason"]) == ("revoked", "密钥泄露")
    page = (await api.get(checked.json["page"], key=None)).body.decode()
    assert "已吊销" in page
    assert "密钥泄露" in page


async def test_a_certificate_that_never_was(api):
    nothing = await api.get(f"{CERTIFICATES}/FFFFFFFFFFFFFFFF", key=None)
    assert (nothing.status, nothing.code) == (404, "no-such-thing")
    assert (await api.get(f"{CERTIFICATES}/x", key=None)).status == 404
    page = await api.get("/certificates/FFFFFFFFFFFFFFFF", key=None)
    assert page.status == 404
    assert "无此证书" in page.body.decode()
    body = {"reason": "x"}
    assert (await api.post(f"{CERTIFICATES}/x/revocation", body, key="admin")).status == 404
    assert (await api.post(f"{CERTIFICATES}/x/revocation", body, key="owner-1")).status == 403
    wish = {"enterprise": 99}
    assert (await api.post(CERTIFICATES, wish, key="admin")).code == "no-such-thing"
    long = await api.post(CERTIFICATES, {"enterprise": 1, "days": 9999}, key="admin")
    assert long.faults == [("/days", "range")]


async def test_what_is_served_is_described(api):
    document = (await api.get("/openapi.json", key=None)).json
    assert document["paths"][f"{CERTIFICATES}/{{serial}}"]["get"]["security"] == []
    schema = document["paths"][APPLICATIONS]["post"]["requestBody"]["content"]["application/json"]
    basic = schema["schema"]["properties"]["particulars"]["properties"]["basic"]
    assert "org_name" in basic["required"]
    assert basic["properties"]["org_nature"]["enum"] == [1, 2, 3, 4, 5]
    assert json.dumps(document)
