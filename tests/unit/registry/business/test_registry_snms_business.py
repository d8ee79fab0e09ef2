"""Enterprises, files and prefixes over the SNMS-style interface, as the node's people call it."""

import io
import socket
from itertools import count
from urllib.parse import quote
from uuid import UUID

import aiohttp
import pytest

from edge.addresses import Networks
from edge.server import serve
from identifiers.enterprises.files import LIMITS, Media
from identifiers.snms.applications import told_particulars
from registry.business.hosting import Hostings
from registry.business.prefixes import Holdings
from registry.commit import GroupCommit
from registry.http.app import registry_app
from registry.http.application_operations import application_operations
from registry.http.prefixes import Desk
from registry.imports.service import Imports
from registry.keys import KeyRing
from registry.prefixes import Prefixes
from registry.service import Registry
from registry.snms.operations import Parts, snms_operations
from registry.snms.pages import read_page
from storage.memory.prefixes import MemoryPrefixes
from tests.unit.registry.business.conftest import PICTURES, by, particulars
from tests.unit.registry.business.office import Known, make_office
from tests.unit.registry.world import NOW, PEPPER, SEALS, Api, now_ns

ENT, PREFIX = "/snms/api/v3/ent", "/snms/api/prefix"
CONFIG, UPLOAD = "/snms/api/ent/config", "/snms/api/file/upload"
EXAMPLE = quote("示例")
PNG = b"\x89PNG\r\n\x1a\n"
USER = {"userName": "mine", "mobile": "10012345678", "email": "a@b.example", "password": "0" * 64}


class Administrator:
    """An application of the node's people."""

    def __init__(self, api, key="admin"):
        self.api, self.key = api, key

    async def call(self, method, path, body=None):
        answer = await self.api.call(method, path, key=self.key, body=body)
        return self._told(answer)

    async def upload(self, octets, name="file"):
        form = aiohttp.FormData()
        form.add_field("about", "x")
        form.add_field(name, io.BytesIO(octets), filename="a.png", content_type="image/png")
        answer = await self.api.call("POST", UPLOAD, key=self.key, raw=form)
        return self._told(answer)

    @staticmethod
    def _told(answer):
        assert answer.status == 200, answer.body
        return answer.json["status"], answer.json["message"], answer.json["data"]


@pytest.fixture
async def api(business, store):
    numbers = count(1)

    def change(_):
        return UUID(int=next(numbers))

    office, prefixes = make_office(business, store), Prefixes(store)
    clock = count(1_770_000_000_000)
    books = MemoryPrefixes(store, business, lambda: next(clock))
    desk = Desk(
        store=books,
        records=store,
        holdings=Holdings(books, change),
        hostings=Hostings(books, change),
        reachable=lambda host: not host.startswith("10."),
    )
    registry = Registry(store, GroupCommit(store), prefixes, SEALS)

    def noun(reception):
        parts = Parts(
            registry=registry,
            logins=None,  # nobody logs in here, and no template is asked for
            templates=None,
            template_store=None,
            prefixes=prefixes,
            desk=desk,
            office=office,
        )
        return snms_operations(parts, reception)

    app = registry_app(
        registry,
        Imports(store, prefixes, SEALS, clock=now_ns),
        KeyRing(store, PEPPER),
        Networks(()),
        logins=Known(),
        nouns=(noun, lambda reception: application_operations(office, reception)),
        clock=now_ns,
    )
    bound = socket.create_server(("127.0.0.1", 0))
    runner = await serve(app, [bound])
    async with aiohttp.ClientSession() as session:
        yield Api(session, f"http://127.0.0.1:{bound.getsockname()[1]}")
    await runner.cleanup()


@pytest.fixture
def admin(api):
    return Administrator(api)


@pytest.fixture
def body(admin):
    """Return an application as it is sent, with its files uploaded."""

    async def make(number=1, prefix="88.300.COAL", **basic):
        files = {}
        for at, name in enumerate(PICTURES):
            _, _, kept = await admin.upload(PNG + bytes([number, at]))
            assert kept["path"] == f"/api/v1/documents/{kept['id']}"
            files[name] = kept["id"]
        told = told_particulars(particulars(number, **(files | basic)))
        return told | {
            "sysUser": USER,
            "entBasicInfo": told["entBasicInfo"] | {"entPrefix": prefix},
        }

    return make


@pytest.fixture
async def admitted(admin, body):
    """An enterprise that applied here and was approved."""
    assert await admin.call("POST", f"{ENT}/apply", await body()) == (1, "success", True)
    (one,) = (await admin.api.get("/api/v1/applications", key="admin")).json["items"]
    path = f"/api/v1/applications/{one['id']}/approval"
    assert (await admin.api.post(path, key="admin")).status == 200
    return admin


async def test_an_enterprise_applies_once(admin, body):
    sent = await body()
    for _ in range(2):
        assert await admin.call("POST", f"{ENT}/apply", sent) == (1, "success", True)
    other = sent | {"entBasicInfo": sent["entBasicInfo"] | {"orgDesc": "x"}}
    answer = await admin.call("POST", f"{ENT}/apply", other)
    assert answer == (-2, "该单位已有申请正在审核", None)
    (one,) = (await admin.api.get("/api/v1/applications", key="admin")).json["items"]
    path = f"/api/v1/applications/{one['id']}"
    no = await admin.api.post(f"{path}/rejection", {"reasons": ["简介不完整"]}, key="admin")
    assert no.json["stage"] == "rejected"
    assert await admin.call("POST", f"{ENT}/apply", other) == (1, "success", True)
    mended = (await admin.api.get(path, key="admin")).json
    assert (mended["stage"], mended["revision"]) == ("submitted", 2)


async def test_who_is_admitted_is_listed_and_told_masked(admitted, body):
    _, _, page = await admitted.call(
        "GET", f"{ENT}/page?orgName={EXAMPLE}&currentPage=1&pageSize=5"
    )
    (row,) = page.pop("content")
    assert page == {
        "first": True,
        "last": True,
        "number": 0,
        "numberOfElements": 1,
        "size": 5,
        "sort": None,
        "totalElements": 1,
        "totalPages": 1,
    }
    assert (row["orgName"], row["orgNature"]) == ("示例煤业有限公司", 2)
    assert row["createDate"] == "2027-01-15 16:00:00"
    _, _, detail = await admitted.call("GET", f"{ENT}/detail?id={row['id']}")
    assert detail["entBasicInfo"]["orgName"] == "示例煤业有限公司"
    assert "张某某" not in str(detail)
    assert len(detail["entRegisterManageInfo"]["entInfoSyses"]) == 4
    user = {"username": "mine"} | {k: v for k, v in (await body()).items() if k != "sysUser"}
    assert (await admitted.call("POST", f"{ENT}/upgrade-apply", user))[1] == "单位已存在"
    assert (await admitted.call("GET", f"{ENT}/detail?id=99"))[1] == "企业不存在"
    _, _, none = await admitted.call("GET", f"{ENT}/page?endDate=2020-01-31")
    assert (none["content"], none["totalPages"]) == ([], 0)


@pytest.mark.parametrize(
    ("asked", "rows", "total"),
    [
        ("startDate=2026-02-02&endDate=2027-01-15", 1, 1),
        ("startDate=2027-01-16", 0, 0),
        ("endDate=2026-02-01", 0, 0),
        ("startDate=0001-01-01&endDate=9999-12-31", 1, 1),
        ("currentPage=2&pageSize=1", 0, 1),
        ("currentPage=1000000&pageSize=1000", 0, 1),
    ],
)
async def test_pages_are_cut_by_number_and_by_days(admitted, asked, rows, total):
    for listed in (ENT, PREFIX):
        _, _, page = await admitted.call("GET", f"{listed}/page?{asked}")
        assert (len(page["content"]), page["numberOfElements"]) == (rows, rows)
        assert (page["totalElements"], page["totalPages"]) == (total, total)
        assert page["last"] is True


def test_days_are_those_of_beijing_both_included():
    day = {"startDate": "2027-01-15", "endDate": "2027-01-15 23:59:59"}
    midnight = NOW - 16 * 3600
    assert read_page(day).times(1000) == (midnight * 1000, (midnight + 86_400) * 1000)
    since, until = read_page({}).times()
    assert since < 0 < NOW < until


async def test_an_enterprise_was_updated_when_it_last_changed(admitted, business, store):
    async def dates():
        _, _, page = await admitted.call("GET", f"{ENT}/page")
        return [(row["createDate"], row["updateDate"]) for row in page["content"]]

    assert await dates() == [("2027-01-15 16:00:00", "2027-01-15 16:00:00")]
    next_day = by(at=(NOW + 86_400) * 1000)
    await make_office(business, store).enterprises.suspend(1, "年检未通过", next_day)
    assert await dates() == [("2027-01-15 16:00:00", "2027-01-16 16:00:00")]


async def test_faults_of_an_application_are_told_by_the_names_that_were_sent(admin, body):
    sent = await body(contact_email="x")
    _, message, _ = await admin.call("POST", f"{ENT}/apply", sent)
    assert message == "entBasicInfo.contactEmail: 不是电子邮箱地址"
    for prefix in ("88..1", "77.1.COAL"):
        wrong = sent | {"entBasicInfo": sent["entBasicInfo"] | {"entPrefix": prefix}}
        status, message, _ = await admin.call("POST", f"{ENT}/apply", wrong)
        assert (status, message.partition(":")[0]) == (-2, "entBasicInfo.entPrefix")
    alone = sent | {"entBasicInfo": sent["entBasicInfo"] | {"entPrefix": "COAL"}}
    assert (await admin.call("POST", f"{ENT}/apply", alone))[0] in {1, -2}
    without = sent | {"entBasicInfo": {**sent["entBasicInfo"], "entPrefix": ""}}
    assert (await admin.call("POST", f"{ENT}/apply", without))[0] in {1, -2}


async def test_all_that_is_wrong_with_an_application_is_told_at_once(admin, body):
    sent = await body(contact_email="x", org_cert_image="none", prefix="88..1")
    wrong = sent | {"sysUser": USER | {"password": "0" * 65}}

    async def places(sent):
        status, message, _ = await admin.call("POST", f"{ENT}/apply", sent)
        assert status == -2
        return [part.partition(":")[0] for part in message.split("；")]

    within = ["entBasicInfo.contactEmail", "entBasicInfo.orgCrtImgRid"]
    assert await places(wrong) == ["sysUser.password", "entBasicInfo.entPrefix", *within]
    reserved = sent | {"entBasicInfo": sent["entBasicInfo"] | {"entPrefix": "88.300.3"}}
    assert await places(reserved) == [*within, "entBasicInfo.entPrefix"]
    part = await places(sent | {"entBasicInfo": 1, "entRegisterManageInfo": 1})
    assert part == ["entBasicInfo", "entRegisterManageInfo"]


async def test_files_that_are_none_are_refused(admin):
    assert (await admin.upload(b"GIF89a"))[1].startswith("文件格式不支持")
    large = PNG + bytes(LIMITS[Media.PNG])
    assert (await admin.upload(large))[1].startswith("文件过大")
    assert (await admin.upload(PNG + bytes(max(LIMITS.values()))))[1].startswith("文件过大")
    missing = (-2, "缺少必要的请求参数: file", None)
    assert await admin.upload(PNG, "other") == missing
    assert await admin.call("POST", UPLOAD, {}) == missing
    odd = await admin.api.call("POST", UPLOAD, key="admin", raw=b"x", media="multipart/form-data")
    assert odd.json["message"] == missing[1]


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (b"--b\r\n" * 17 + b'Content-Disposition: form-data; name="file"\r\n\r\nx\r\n', None),
        (b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\n", None),
        (b"--b\r\nX: " + b"a" * 10_000 + b"\r\n\r\nx\r\n", None),
        (b"--b\r\n\0\r\n\r\nx\r\n", None),
        (b"--b\r\n\r\n" + bytes(max(LIMITS.values()) + 70_000), "请求正文过大。"),
    ],
)
async def test_forms_that_are_none_or_too_much_are_refused(admin, parts, message):
    media = "multipart/form-data; boundary=b"
    answer = await admin.api.call("POST", UPLOAD, key="admin", raw=parts + b"--b--", media=media)
    assert answer.json["message"] == (message or "缺少必要的请求参数: file")


async def test_a_prefix_is_told_listed_and_routed(admitted):
    _, _, told = await admitted.call("GET", f"{PREFIX}/query?prefix=88.300.coal")
    assert (told["prefix"], told["status"]) == ("88.300.COAL", 1)
    assert (told["entIndustry"], told["entAddrCn"]) == ("B06", "示例路 1 号")
    _, _, page = await admitted.call("GET", f"{PREFIX}/page?entPrefix=COAL&entName={EXAMPLE}")
    (row,) = page["content"]
    assert (row["entPrefix"], row["state"], row["proxyState"]) == ("88.300.COAL", 1, 4)
    route = {
        "entPrefix": "88.300.COAL",
        "hdlType": "HS_SITE",
        "ipType": "4",
        "ip": "203.0.113.7",
        "tcpPort": 2641,
    }
    assert await admitted.call("POST", CONFIG, {"entPrefixConfig": route}) == (1, "success", True)
    _, _, page = await admitted.call("GET", f"{PREFIX}/page")
    assert page["content"][0]["proxyState"] == 1
    private = {"entPrefixConfig": route | {"ip": "10.0.0.1"}}
    status, message, _ = await admitted.call("POST", CONFIG, private)
    assert (status, message.partition(":")[0]) == (-2, "entPrefixConfig.ip")
    hosted = {"proxyServerId": 1, "entPrefixConfig": {"entPrefix": "88.300.COAL"}}
    for _ in range(2):
        assert await admitted.call("POST", CONFIG, hosted) == (1, "success", True)
    for body in (
        {"entPrefixConfig": route | {"entPrefix": "88.300.NONE"}},
        {"proxyServerId": 1, "entPrefixConfig": {"entPrefix": "88.300.NONE"}},
    ):
        assert await admitted.call("POST", CONFIG, body) == (-2, "前缀不存在", None)


async def test_parameters_are_judged(admin):
    assert (await admin.call("GET", f"{PREFIX}/query"))[1] == "缺少必要的请求参数: prefix"
    assert (await admin.call("GET", f"{PREFIX}/query?prefix=88..1"))[1].startswith("prefix: ")
    assert (await admin.call("GET", f"{PREFIX}/query?prefix=88.300.NONE"))[1] == "前缀不存在"
    _, message, _ = await admin.call("GET", f"{ENT}/page?currentPage=x&startDate=y")
    assert [part.partition(":")[0] for part in message.split("；")] == ["currentPage", "startDate"]
    _, message, _ = await admin.call("GET", f"{ENT}/page?orgName=%00&pageSize=x")
    assert [part.partition(":")[0] for part in message.split("；")] == ["orgName", "pageSize"]
    _, message, _ = await admin.call("GET", f"{PREFIX}/page?entName=%00&entPrefix=%00")
    assert [part.partition(":")[0] for part in message.split("；")] == ["entPrefix", "entName"]
    assert (await admin.call("GET", f"{ENT}/detail"))[1] == "缺少必要的请求参数: id"


async def test_only_administrators_call_these(api, body):
    sent = await body()
    for key in ("owner-1", "operator-1"):
        other = Administrator(api, key)
        for method, path, document in (
            ("POST", f"{ENT}/apply", sent),
            ("GET", f"{ENT}/page", None),
            ("GET", f"{ENT}/detail?id=1", None),
            ("GET", f"{PREFIX}/query?prefix=88.300.1", None),
            ("GET", f"{PREFIX}/page", None),
            ("POST", CONFIG, {}),
        ):
            status, message, told = await other.call(method, path, document)
            assert (status, message.partition(":")[0], told) == (-3, "没有权限", None), path
