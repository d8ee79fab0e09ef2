"""The SNMS-style interface over HTTP, on the stores in memory: as an application calls it."""

from hashlib import sha256

import pytest

from identifiers.codes.industries import SHIPPED
from identifiers.directory import Off, OffAs
from identifiers.errors import StoreUnavailable
from identifiers.principals import Operator, Role
from registry.access.accounts import Accounts, NewAccount
from registry.access.logins import Logins
from registry.access.passwords import Cost, Passwords
from registry.access.programs import Safe
from registry.attempts import Attempts
from registry.business.templates import Templates
from registry.prefixes import Prefixes
from registry.service import Registry
from registry.shelf import Shelf
from registry.snms.operations import Parts, snms_operations
from storage.memory import MemoryAccounts, MemoryTemplates
from tests.unit.registry.world import PEPPER, SEALS, asked, entry

DATA = "/identityv2/data"
TEMPLATE = "/snms/api/v5/template"
ITEM = {
    "name": "批次号",
    "idType": "BATCH_NO",
    "idIndex": 2000,
    "required": True,
    "metadata": {"type": "string", "minLength": 1, "maxLength": 16},
}
COAL = {
    "prefix": "88.300.1",
    "version": "coal-1",
    "industryCategory": "B",
    "industrySpecific": "06",
    "industryTrade": "061",
    "industrySubclass": "0610",
    "type": 2,
    "items": [ITEM, ITEM | {"name": "灰分", "idType": "ASH", "idIndex": 2001, "required": False}],
}


def sent(name="88.300.1/A", number="N-1", **more):
    value = {"index": 2000, "type": "BATCH_NO", "data": {"format": "string", "value": number}}
    return {"handle": name, "templateVersion": "coal-1", "value": [value]} | more


class Application:
    """A program that logged in."""

    def __init__(self, api, token):
        self._api = api
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}

    async def call(self, method, path, body=None, **more):
        answer = await self._api.call(method, path, key=None, body=body, **self._headers, **more)
        assert answer.status == 200, answer.body
        assert set(answer.json) == {"message", "status", "data"}
        return answer.json["status"], answer.json["message"], answer.json["data"]


@pytest.fixture
def shelved(store):
    return MemoryTemplates(store)


@pytest.fixture
def shelf(shelved):
    return Shelf(shelved)


@pytest.fixture
def registry(store, commit, shelf):
    return Registry(store, commit, Prefixes(store), SEALS, shelf=shelf)


@pytest.fixture
async def node(store, serving, registry, shelved, shelf):
    """Serve the interface; returns a function that logs in a new program of an enterprise."""
    kept, passwords, safe = MemoryAccounts(store), Passwords(Cost(16, 1, 1)), Safe(b"k" * 32)
    accounts = Accounts(kept, store, passwords, safe)
    logins = Logins(kept, PEPPER, passwords, safe, Attempts())
    prefixes = Prefixes(store)
    templates = Templates(shelved, SHIPPED, shelf.forget)

    def noun(reception):
        parts = Parts(
            registry=registry,
            logins=logins,
            templates=templates,
            template_store=shelved,
            prefixes=prefixes,
            desk=None,  # only enterprises and prefixes of the node need these
            office=None,
        )
        return snms_operations(parts, reception)

    api = await serving(nouns=(noun,), logins=logins)

    async def program(name="app", role=Role.OPERATOR, enterprise=1):
        new = NewAccount(name=name, role=role, enterprise=enterprise, password=None)
        return await accounts.add(new, asked(Operator("root"), changes=0))

    async def log_in(name="app", **more):
        made = await program(name, **more)
        answer = await api.post(
            "/identity/token", {"username": name, "password": made.secret}, key=None
        )
        return Application(api, answer.json["data"]["token"])

    log_in.api, log_in.program, log_in.accounts = api, program, accounts
    return log_in


@pytest.fixture
async def app(node):
    """A program of the first enterprise, whose prefix has a template."""
    made = await node()
    assert await made.call("POST", TEMPLATE, COAL) == (1, "success", True)
    return made


async def test_a_program_logs_in_with_its_secret_or_a_digest_of_it_and_the_day(node):
    made = await node.program()
    once = sha256(made.secret.encode()).hexdigest()

    async def log_in(path, password, username="app"):
        body = {"username": username, "password": password}
        answer = await node.api.post(path, body, key=None)
        return answer.json["status"], answer.json["message"], answer.json["data"]

    assert (await log_in("/identity/token", made.secret))[0] == 1
    day = "2027-01-15"
    digest = sha256((once + day).encode()).hexdigest()
    assert (await log_in("/identity/token/v1", digest))[0] == 1
    wrong = (-2, "用户名/密码错误！", None)
    other_day = sha256((once + "2027-01-13").encode()).hexdigest()
    assert await log_in("/identity/token/v1", other_day) == wrong
    assert await log_in("/identity/token", "x") == wrong
    assert await log_in("/identity/token", made.secret, "nobody") == wrong
    missing = await node.api.post("/identity/token", {}, key=None)
    assert missing.json["message"] == "缺少必要的请求参数: username, password"
    odd = await node.api.post("/identity/token", [], key=None)
    assert odd.json["status"] == -2


async def test_a_person_does_not_log_in_here(node):
    new = NewAccount(name="li", role=Role.OWNER, enterprise=1, password="correct horse battery")
    await node.accounts.add(new, asked(Operator("root"), changes=0))
    for _ in range(3):
        answer = await node.api.post(
            "/identity/token",
            {"username": "li", "password": "correct horse battery"},
            key=None,
        )
        assert answer.json["message"] == "用户名/密码错误！"


async def test_too_many_wrong_log_ins_are_told_to_wait(node):
    await node.program()
    body = {"username": "app", "password": "x"}
    for _ in range(50):
        answer = await node.api.post("/identity/token", body, key=None)
        if answer.json["message"].startswith("尝试次数过多"):
            return
    pytest.fail("nobody was slowed down")


@pytest.mark.parametrize("path", ["/identity/token", "/identity/token/v1"])
async def test_who_is_nobody_yet_has_no_large_body_read(node, path):
    nobody = Application(node.api, None)
    large = {"username": "app", "password": "x", "more": [[]] * 50_000}
    status, message, _ = await nobody.call("POST", path, large)
    assert (status, message) == (-2, "请求正文过大。")


async def test_who_is_not_logged_in_is_told_so(node):
    for stranger in (Application(node.api, None), Application(node.api, "login.x")):
        status, message, data = await stranger.call("GET", f"{DATA}/detail?handle=88.300.1/A")
        assert (status, message, data) == (-1, "未登录或登录已过期，请重新登录", None)


async def test_an_identifier_from_its_registration_to_its_end(app):
    assert await app.call("POST", DATA, sent()) == (1, "success", True)
    assert await app.call("POST", DATA, sent()) == (-2, "标识已存在", None)
    _, _, detail = await app.call("GET", f"{DATA}/detail?handle=88.300.1/A")
    texts = {value["index"]: value["data"]["value"] for value in detail.pop("value")}
    assert texts == {1001: "coal-1", 2000: "N-1"}
    assert detail == {
        "code": "200",
        "prefix": "88.300.1",
        "handle": "88.300.1/A",
        "templateVersion": "coal-1",
    }
    ash = {"index": 2001, "type": "ASH", "data": {"format": "string", "value": "9.8"}}
    both = sent(number="N-2")["value"] + [ash]
    assert await app.call("PUT", DATA, sent(value=both)) == (1, "success", True)
    assert await app.call("PUT", DATA, sent(number="N-3")) == (1, "success", True)
    _, _, detail = await app.call("GET", f"{DATA}/detail?handle=88.300.1/A")
    texts = {value["index"]: value["data"]["value"] for value in detail["value"]}
    assert texts == {1001: "coal-1", 2000: "N-3"}
    assert await app.call("DELETE", DATA, {"handle": "88.300.1/A"}) == (1, "success", True)
    gone = (-2, "没有找到标识", None)
    assert await app.call("DELETE", DATA, {"handle": "88.300.1/A"}) == gone
    assert await app.call("GET", f"{DATA}/detail?handle=88.300.1/A") == gone
    assert await app.call("PUT", DATA, sent()) == gone


async def test_values_that_are_not_this_interfaces_stay(app):
    await app.call("POST", DATA, sent())
    url = {"index": 1, "type": "URL", "data": "https://a.example"}
    path = "/api/v1/identifiers/88.300.1/A"
    assert (await app._api.patch(path, {"values": [url]})).status == 200
    await app.call("PUT", DATA, sent(number="N-2"))
    values = (await app._api.get(path)).json["values"]
    assert sorted(value["index"] for value in values) == [1, 1001, 2000]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "缺少必要的请求参数: value, handle, templateVersion"),
        (
            sent(value=[{"index": 2001, "type": "ASH", "data": {"value": "9"}}]),
            "缺少必填数据项 BATCH_NO（索引 2000）",
        ),
        (
            sent(value=[*sent()["value"], {"index": 1000, "type": "A", "data": {"value": "x"}}]),
            "非法操作，索引1000在模板中不存在",
        ),
        (
            sent(value=[*sent()["value"], {"index": 2009, "type": "A", "data": {"value": "x"}}]),
            "非法操作，索引2009在模板中不存在",
        ),
        (sent(number="x" * 17), "value.0.data: 长 17 个字符，应为 1 至 16"),
        (sent(templateVersion="none"), None),
        (sent("88.300.1"), None),
        (sent("88.300.1/a\x00"), None),
    ],
)
async def test_what_is_wrong_is_told_in_a_sentence(app, body, message):
    status, told, data = await app.call("POST", DATA, body)
    assert (status, data) == (-2, None)
    assert told == message if message else told


async def test_names_of_others_are_forbidden(app):
    for method, body in (("POST", sent("88.300.10/A")), ("PUT", sent("88.300.10/A"))):
        status, message, _ = await app.call(method, DATA, body)
        assert (status, message.partition(":")[0]) == (-3, "没有权限")
    status, _, _ = await app.call("GET", f"{DATA}/detail?handle=88.300.10/A")
    assert status == -3


async def test_whose_prefix_is_off_is_told_why(app, store):
    off = Off(OffAs.ENTERPRISE_SUSPENDED, "欠缴年费")
    store.keep_prefix(entry("88.300.1.7", 1, enabled=False, off=off))
    status, message, _ = await app.call("POST", DATA, sent("88.300.1.7/A"))
    assert (status, message.endswith("（欠缴年费）")) == (-3, True)


async def test_what_is_suspended_is_not_there_for_clients(app):
    await app.call("POST", DATA, sent())
    path = "/api/v1/identifiers/88.300.1/A"
    await app._api.patch(path, {"state": "suspended", "reason": "核查"})
    answer = await app.call("GET", f"{DATA}/detail?handle=88.300.1/A")
    assert answer == (-2, "标识不存在", None)
    assert (await app.call("PUT", DATA, sent()))[0] == -2


async def test_a_list_is_registered_changed_and_deleted_item_by_item(app):
    items = [sent("88.300.1/A"), sent("88.300.1/B", number="x" * 99), {}, "odd"]
    status, message, fates = await app.call("POST", f"{DATA}/batchCreate", items)
    assert (status, message) == (1, "success")
    assert [(fate["handle"], fate["code"]) for fate in fates] == [
        ("88.300.1/A", 1),
        ("88.300.1/B", -2),
        ("", -2),
        ("odd", -2),
    ]
    assert fates[1]["msg"] == "value.0.data: 长 99 个字符，应为 1 至 16"
    assert fates[2]["msg"] == "缺少必要的请求参数: value, handle, templateVersion"
    _, _, fates = await app.call("POST", f"{DATA}/batchCreate", [sent(), sent("88.300.10/A")])
    assert fates[0] == {"handle": "88.300.1/A", "code": -2, "msg": "标识已存在"}
    assert fates[1]["msg"].startswith("没有权限")
    changed = [sent(number="N-2"), sent("88.300.1/NONE")]
    _, _, fates = await app.call("PUT", f"{DATA}/batchUpdate", changed)
    assert [(fate["code"], fate["msg"]) for fate in fates] == [(1, "success"), (-2, "标识不存在")]
    names = ["88.300.1/A", "88.300.1/A", 7]
    _, _, fates = await app.call("DELETE", f"{DATA}/batchDelete", names)
    ended = sorted((fate["code"], fate["msg"]) for fate in fates[:2])
    assert ended == [(-2, "标识不存在"), (1, "success")]
    assert fates[2]["code"] == -2
    _, _, fates = await app.call("DELETE", f"{DATA}/batchDelete", {"handles": ["88.300.1/A"]})
    assert fates == [{"handle": "88.300.1/A", "code": -2, "msg": "标识不存在"}]


async def test_two_thousand_at_most(app):
    many = [sent(f"88.300.1/{n}", number=f"N-{n}") for n in range(2000)]
    _, _, fates = await app.call("POST", f"{DATA}/batchCreate", many)
    assert {fate["code"] for fate in fates} == {1}
    status, _, _ = await app.call("POST", f"{DATA}/batchCreate", [*many, sent()])
    assert status == -2


async def test_a_template_is_told_changed_and_withdrawn(app):
    query = f"{TEMPLATE}?prefix=88.300.1&version=coal-1"
    _, _, told = await app.call("GET", query)
    assert (told["name"], told["handle"]) == ("coal-1", "88.300.1/coal-1")
    assert [item["idType"] for item in told["items"]] == ["BATCH_NO", "ASH"]
    assert await app.call("POST", TEMPLATE, COAL) == (-2, "模板已存在", None)
    changed = {"prefix": "88.300.1", "version": "coal-1", "items": [ITEM | {"state": 0}]}
    assert await app.call("PUT", TEMPLATE, changed) == (1, "success", True)
    _, _, told = await app.call("GET", query.replace("v5", "v3"))
    assert told["items"][0]["state"] == 0
    named = {"prefix": "88.300.1", "version": "coal-1"}
    assert await app.call("DELETE", TEMPLATE, named) == (1, "success", True)
    assert await app.call("PUT", TEMPLATE, changed) == (-2, "模板已停用", None)
    none = named | {"version": "none"}
    assert await app.call("DELETE", TEMPLATE, none) == (-2, "模板不存在", None)
    assert await app.call("PUT", TEMPLATE, none | {"items": [ITEM]}) == (-2, "模板不存在", None)
    assert (await app.call("GET", query.replace("coal-1", "none")))[1] == "模板不存在"


async def test_what_is_wrong_with_a_template_is_told_by_the_names_that_were_sent(app):
    wrong = COAL | {"version": "v2", "industrySubclass": "0999", "prefix": "88..1"}
    status, message, _ = await app.call("POST", TEMPLATE, wrong)
    assert status == -2
    assert "industrySubclass: " in message
    assert "prefix: " in message
    _, message, _ = await app.call("GET", f"{TEMPLATE}?prefix=88..1")
    assert message.startswith("缺少必要的请求参数: version；prefix: ")
    status, message, _ = await app.call("GET", f"{TEMPLATE}?prefix=88.300.1&version=a%00b")
    assert (status, message.partition(": ")[0]) == (-2, "version")  # NUL: no store takes it
    named = {"prefix": "88.300.1", "version": "coal-1"}
    other = ITEM | {"idType": "OTHER"}
    _, message, _ = await app.call("PUT", TEMPLATE, named | {"items": [other]})
    assert "items.0.idType" in message


async def test_templates_of_others_are_not_written(app):
    status, _, _ = await app.call("POST", TEMPLATE, COAL | {"prefix": "88.300.10"})
    assert status in {-2, -3}
    status, _, _ = await app.call("POST", TEMPLATE, COAL | {"prefix": "88.300"})
    assert status in {-2, -3}


async def test_a_template_stands_under_a_prefix_that_was_allotted(app):
    answer = await app.call("POST", TEMPLATE, COAL | {"prefix": "88.300.1.2"})
    assert answer == (-2, "前缀不存在", None)


async def test_trouble_of_the_store_says_repeat(app, store, monkeypatch):
    async def away(*_):
        raise StoreUnavailable("away")

    monkeypatch.setattr(store, "write", away)
    assert await app.call("POST", DATA, sent()) == (-4, "系统繁忙", None)
