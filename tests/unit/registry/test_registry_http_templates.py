"""Templates over HTTP, and identifiers that are registered with them."""

import csv
import io
import json
from urllib.parse import quote

import cbor2
import pytest

from identifiers.codes.industries import SHIPPED
from registry.business.asking import By
from registry.business.templates import Templates
from registry.commit import GroupCommit
from registry.http.template_operations import templates_noun
from registry.imports.service import Imports
from registry.prefixes import Prefixes
from registry.service import Registry
from registry.shelf import Shelf
from storage.memory import MemoryTemplates
from tests.unit.registry.world import IDENTIFIERS, NOW, SEALS, entry, now_ns

PATH = "/api/v1/templates"
COAL = {
    "prefix": "88.300.1",
    "version": "煤:1",
    "title": "煤炭批次",
    "industry": {"category": "B", "division": "06", "group": "061", "class": "0610"},
    "items": [
        {"name": "NO", "title": "批次号", "required": True, "unique": True},
        {"name": "ASH", "title": "灰分", "type": "number", "high": "100"},
        {"name": "LUMPS", "title": "块数", "type": "integer"},
    ],
}
ONE = f"{PATH}/88.300.1/{quote('煤:1')}"


@pytest.fixture
def templates(store):
    return MemoryTemplates(store)


@pytest.fixture
def shelf(templates):
    return Shelf(templates)


@pytest.fixture
def registry(store, shelf):
    return Registry(store, GroupCommit(store), Prefixes(store), SEALS, shelf=shelf)


@pytest.fixture
def imports(store, shelf):
    return Imports(store, Prefixes(store), SEALS, shelf=shelf, clock=now_ns, chunk_rows=3)


@pytest.fixture
async def api(serving, store, templates, shelf):
    commands = Templates(templates, SHIPPED, shelf.forget)
    return await serving(nouns=(templates_noun(commands, templates, Prefixes(store)),))


@pytest.fixture
async def coal(api):
    assert (await api.post(PATH, COAL)).status == 200
    published = await api.post(f"{ONE}/publish")
    assert (published.status, published.json["stage"]) == (200, "published")
    return published.json


def new(name="88.300.1/A", **more):
    return {"handle": name, "template": "煤:1", "attributes": {"NO": name}} | more


async def test_the_life_of_a_template(api, store):
    written = await api.post(PATH, COAL)
    assert (written.status, written.json["stage"], written.json["revision"]) == (200, "draft", 1)
    assert [item["index"] for item in written.json["items"]] == [2000, 2001, 2002]
    changed = await api.put(ONE, COAL | {"title": "块煤"})
    assert (changed.status, changed.json["title"]) == (200, "块煤")
    assert (await api.post(f"{ONE}/withdraw")).code == "template-stage"
    grown = await api.patch(ONE, {"items": [{"name": "MINE", "title": "煤矿"}]})
    assert (grown.json["revision"], len(grown.json["items"])) == (1, 4)
    await api.post(f"{ONE}/publish")
    assert (await api.put(ONE, COAL)).code == "template-taken"
    off = {"name": "ASH", "title": "灰分", "type": "number", "high": "100", "enabled": False}
    revised = await api.patch(ONE, {"items": [off]})
    assert revised.json["revision"] == 2
    assert (await api.patch(ONE, {"items": [off]})).json == revised.json
    assert (await api.get(ONE)).json == revised.json
    first = (await api.get(f"{ONE}?revision=1")).json
    assert (first["revision"], first["stage"]) == (1, "published")
    withdrawn = await api.post(f"{ONE}/withdraw")
    assert withdrawn.json["stage"] == "withdrawn"
    assert (await api.patch(ONE, {"items": [off]})).code == "template-stage"
    assert (await api.post(f"{ONE}/publish")).json["stage"] == "published"
    assert [entry.action for entry in store.audited] == [
        f"template.{did}"
        for did in ("write", "write", "revise", "publish", "revise", "withdraw", "publish")
    ]
    told = json.loads(store.audited[4].detail)
    assert (told["old"]["items"]["ASH"], told["new"]["items"]["ASH"]) == (True, False)


async def test_a_key_to_some_prefixes_writes_templates_of_no_others(api, coal):
    part = {"key": "part"}  # of 88.300.1.2
    answers = [
        await api.post(PATH, COAL | {"version": "other"}, **part),
        await api.put(ONE, COAL, **part),
        await api.patch(ONE, {"items": []}, **part),
        await api.post(f"{ONE}/withdraw", **part),
        await api.put(f"{PATH}/88.300.1", {"required": True}, **part),
    ]
    assert {(a.status, a.code) for a in answers} == {(404, "no-such-thing")}
    assert (await api.get(ONE, **part)).json == coal


async def test_the_same_once_more_is_the_same(api, store, coal):
    assert (await api.post(PATH, COAL)).json == coal
    assert (await api.post(f"{ONE}/publish")).json == coal
    assert len(store.audited) == 2


async def test_what_is_wrong_with_a_template_is_told_at_once(api):
    answer = await api.post(PATH, COAL | {"items": [{"name": "a b"}], "version": "/"})
    assert (answer.status, answer.faults) == (
        422,
        [
            ("/items/0/name", "template.name"),
            ("/items/0/title", "required"),
            ("/version", "template.version"),
        ],
    )
    assert (await api.put(ONE, COAL | {"version": "x"})).faults == [
        ("/version", "template.mismatch")
    ]
    await api.post(PATH, COAL)
    wrong = await api.patch(ONE, {"items": [{"name": "NO", "title": "号", "type": "date"}]})
    assert wrong.faults == [("/items/0/type", "template.other_type")]
    assert (await api.patch(ONE, {"entries": []})).faults == [("/entries", "unknown_key")]


@pytest.mark.usefixtures("coal")
async def test_a_template_is_whosever_its_prefix_is(api):
    for call in (
        api.get(ONE, key="two"),
        api.post(f"{ONE}/withdraw", key="two"),
        api.patch(ONE, {"items": COAL["items"]}, key="two"),
        api.post(PATH, COAL, key="two"),
        api.post(PATH, COAL | {"prefix": "88.300"}),
        api.get(f"{PATH}/88.300.99/x"),
        api.get(f"{PATH}/88.300.1/other"),
        api.post(f"{PATH}/88.300.1/other/publish"),
        api.get(f"{ONE}?revision=7"),
        api.get(f"{PATH}/88.300.1/a%00b"),
    ):
        answer = await call
        assert (answer.status, answer.code) == (404, "no-such-thing")
    assert (await api.post(f"{ONE}/withdraw", key="writer")).code == "missing-scope"
    assert (await api.get(ONE, key="writer")).status == 200
    assert (await api.get(f"{PATH}/..%2F/x")).status == 400


@pytest.mark.usefixtures("coal")
async def test_templates_are_listed_by_name(api, templates):
    commands = Templates(templates, SHIPPED)
    root = entry("88.300", 0).prefix
    by = By(actor="operator:t", at=NOW * 1000, request_id="r")
    await commands.adopt("coal-batch-1", root, by)
    await commands.write(COAL | {"prefix": "88.300", "version": "draft"}, by)
    listed = await api.get(PATH)
    assert [one["version"] for one in listed.json["items"]] == ["coal-batch-1", "煤:1"]
    paged = await api.get(f"{PATH}?limit=2")
    assert [one["version"] for one in paged.json["items"]] == ["coal-batch-1"]
    rest = await api.get(f"{PATH}?limit=2&after={paged.json['next']}")
    assert [one["version"] for one in rest.json["items"]] == ["煤:1"]
    other = await api.get(PATH, key="two")
    assert [one["version"] for one in other.json["items"]] == ["coal-batch-1"]
    below = await api.get(f"{PATH}?prefix=88.300.1&stage=published")
    assert len(below.json["items"]) == 2
    assert (await api.get(f"{PATH}?stage=draft")).json == {"items": []}
    for query in ("stage=old", "prefix=..", "after=!", "limit=0"):
        assert (await api.get(f"{PATH}?{query}")).code == "invalid-parameter"


@pytest.mark.usefixtures("coal")
async def test_a_prefix_may_want_templates(api):
    path = f"{PATH}/88.300.1"
    answer = await api.put(path, {"required": True})
    assert answer.json == {"prefix": "88.300.1", "required": True}
    plain = {"handle": "88.300.1/p", "values": [{"index": 1, "type": "URL", "data": "u"}]}
    assert (await api.post(IDENTIFIERS, plain)).faults == [("/template", "template.demanded")]
    assert (await api.post(IDENTIFIERS, new())).status == 201
    assert (await api.put(path, {"required": False})).status == 200
    assert (await api.post(IDENTIFIERS, plain)).status == 201
    assert (await api.put(path, {})).faults == [("/required", "required")]
    assert (await api.put(path, {"required": True}, key="two")).status == 404


@pytest.mark.usefixtures("coal")
async def test_what_is_read_may_be_changed_and_sent_back(api):
    made = await api.post(IDENTIFIERS, new(attributes={"NO": "7", "LUMPS": 3, "ASH": "07.5"}))
    assert made.status == 201
    path = f"{IDENTIFIERS}/88.300.1/A"
    read = (await api.get(path)).json
    assert read["template"] == "88.300.1/煤:1"
    assert read["template_revision"] == 1
    assert read["attributes"] == {"NO": "7", "ASH": "7.5", "LUMPS": 3}
    assert [v["index"] for v in read["values"]] == [1001, 2000, 2001, 2002]
    (listed,) = (await api.get(f"{IDENTIFIERS}?prefix=88.300.1")).json["items"]
    assert listed == read
    assert (await api.put(path, read)).json["status"] == "unchanged"
    read["attributes"]["LUMPS"] = 4
    assert (await api.put(path, read)).faults == [("/attributes/LUMPS", "template.both")]
    del read["values"]
    assert (await api.put(path, read)).json["status"] == "updated"
    changed = await api.patch(path, {"attributes": {"ASH": None, "LUMPS": 5}})
    assert changed.json["version"] == 3
    assert (await api.get(path)).json["attributes"] == {"NO": "7", "LUMPS": 5}
    wrong = await api.patch(path, {"attributes": {"ASH": 101, "X": 1}, "remove": [2002]})
    assert wrong.faults == [("/attributes/X", "template.no_attribute")]
    assert (await api.patch(path, {"attributes": []})).faults == [("/attributes", "type")]


@pytest.mark.usefixtures("coal")
async def test_nobody_writes_the_value_that_the_server_sets(api):
    mark = {"index": 1001, "type": "TEMPLATE", "data": "other"}
    sent = new(values=[mark])
    assert (await api.post(IDENTIFIERS, sent)).faults == [("/values/0/index", "template.own")]
    mark["data"] = "煤:1"
    assert (await api.post(IDENTIFIERS, sent)).status == 201
    patch = {"values": [mark]}
    answer = await api.patch(f"{IDENTIFIERS}/88.300.1/A", patch)
    assert answer.faults == [("/values/0", "value.server_set")]


@pytest.mark.usefixtures("coal")
async def test_items_of_a_batch_have_templates(api):
    items = [new(), new("88.300.1/B", attributes={"NO": "88.300.1/A", "ASH": "x"})]
    answer = await api.post(f"{IDENTIFIERS}/batch", {"items": items})
    first, second = answer.json["items"]
    assert first["status"] == 201
    assert [(e["pointer"], e["code"]) for e in second["problem"]["errors"]] == [
        ("/items/1/attributes/ASH", "template.value")
    ]


@pytest.fixture
def bodies():
    """The same rows in each form: six good ones, one whose number is taken, one that is wrong."""
    rows = [(f"88.300.1/{n}", str(n), n / 2) for n in range(6)]
    rows += [("88.300.1/6", "0", 1), ("88.300.1/7", "7", 200)]
    documents = [new(name, attributes={"NO": no, "ASH": ash}) for name, no, ash in rows]
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(("handle", "template", "NO", "ASH"))
    writer.writerows((name, "煤:1", no, ash) for name, no, ash in rows)
    return {
        "application/x-ndjson": b"".join(json.dumps(d).encode() + b"\n" for d in documents),
        "text/csv": table.getvalue().encode(),
        "application/cbor-seq": b"".join(cbor2.dumps(d) for d in documents),
    }


@pytest.mark.parametrize("form", ["application/x-ndjson", "text/csv", "application/cbor-seq"])
@pytest.mark.usefixtures("coal")
async def test_rows_of_an_import_have_templates(api, bodies, form):
    done = (await api.post("/api/v1/imports", raw=bodies[form], media=form)).json
    assert (done["created"], done["rejected"]) == (6, 2)
    results = (await api.get(done["results"])).lines
    assert [[(e["pointer"], e["code"]) for e in row["problem"]["errors"]] for row in results] == [
        [("/attributes/NO", "template.not_unique")],
        [("/attributes/ASH", "template.high")],
    ]
    assert (await api.get(f"{IDENTIFIERS}/88.300.1/5")).json["attributes"] == {
        "NO": "5",
        "ASH": "2.5",
    }


@pytest.mark.parametrize("form", ["application/x-ndjson", "text/csv", "application/cbor-seq"])
@pytest.mark.usefixtures("coal")
async def test_what_is_exported_can_be_imported(api, bodies, form, store):
    await api.post("/api/v1/imports", raw=bodies["text/csv"], media="text/csv")
    exported = await api.get("/api/v1/export?prefix=88.300.1", Accept=form)
    before = [(await api.get(f"{IDENTIFIERS}/88.300.1/{n}")).json for n in range(6)]
    path = "/api/v1/imports?mode=replace"
    done = (await api.post(path, raw=exported.body, media=form)).json
    assert (done["unchanged"], done["rejected"]) == (6, 0)
    for number in range(6):
        await api.delete(f"{IDENTIFIERS}/88.300.1/{number}")
    assert store.holders == {}
    again = (await api.post("/api/v1/imports", raw=exported.body, media=form)).json
    assert again["created"] == 6
    for number, was in enumerate(before):
        now = (await api.get(f"{IDENTIFIERS}/88.300.1/{number}")).json
        assert (now["values"], now["attributes"]) == (was["values"], was["attributes"])


@pytest.mark.usefixtures("coal")
async def test_an_import_that_meets_what_has_a_template_keeps_it_whole(api, bodies):
    form = "application/x-ndjson"
    await api.post("/api/v1/imports", raw=bodies[form], media=form)
    rows = [
        {"handle": "88.300.1/1", "values": [{"index": 2000, "type": "NO", "data": "x"}]},
        {"handle": "88.300.1/2", "values": [{"index": 2000, "type": "NO", "data": "x"}]},
        {"handle": "88.300.1/3", "values": [{"index": 2001, "type": "ASH", "data": "x"}]},
    ]
    body = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    done = (await api.post("/api/v1/imports?mode=upsert", raw=body, media=form)).json
    assert (done["updated"], done["rejected"]) == (1, 2)
    codes = [row["problem"]["errors"][0]["code"] for row in (await api.get(done["results"])).lines]
    assert codes == ["template.not_unique", "template.value"]


@pytest.mark.usefixtures("coal")
async def test_a_dry_run_holds_nothing_and_tells_what_the_import_will(api, bodies, store):
    form = "text/csv"
    done = await api.post("/api/v1/imports?dry_run=1", raw=bodies[form], media=form)
    assert (done.json["created"], done.json["rejected"]) == (6, 2)
    assert store.holders == {}
    rejected = (await api.get(done.json["results"])).lines
    real = await api.post("/api/v1/imports", raw=bodies[form], media=form)
    assert (await api.get(real.json["results"])).lines == rejected
