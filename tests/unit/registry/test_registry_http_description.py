import re
from html.parser import HTMLParser
from importlib.metadata import version

import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from edge.addresses import Networks
from edge.problems import SHARED_KINDS
from identifiers.principals import Allowed, MissingScope, Scope, Verdict
from registry.answers import DENIALS, Faulty
from registry.http.app import registry_app
from registry.http.problems import ALL_KINDS, kind_of_code
from registry.keys import KeyRing
from tests.unit.registry.world import IDENTIFIERS, PEPPER, new


@pytest.fixture
async def document(api):
    return (await api.get("/openapi.json", key=None)).json


async def test_the_description_is_valid(document):
    assert document["openapi"] == "3.1.0"
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


async def test_the_description_has_the_version_of_the_program(api, document):
    assert document["info"]["version"] == version("idnode")
    assert f"Version {version('idnode')}" in (await api.get("/docs", key=None)).body.decode()


async def test_whoever_comes_to_the_registry_is_told_where_things_are(api):
    told = await api.get("/", key=None)
    assert (told.status, told.json["version"]) == (200, version("idnode"))
    for where in ("documentation", "openapi"):
        assert (await api.get(told.json[where], key=None)).status == 200
    assert "/livez" in told.json["elsewhere"]["health"]["path"]
    shown = await api.get("/", key=None, Accept="text/html,*/*;q=0.8")
    assert shown.headers["Content-Type"] == "text/html; charset=utf-8"
    assert shown.headers["Vary"] == "Accept"
    assert "<a href='/docs'>" in shown.body.decode()


async def test_every_route_is_described(document, registry, imports, store):
    app = registry_app(registry, imports, KeyRing(store, PEPPER), Networks(()))
    served = {
        (route.method.lower(), re.sub(r"\{(\w+)[^}]*\}", r"{\1}", route.resource.canonical))
        for route in app.router.routes()
        if route.method != "HEAD" and route.resource.canonical.startswith("/api/")
    }
    described = {(m, path) for path, methods in document["paths"].items() for m in methods}
    assert served == described


async def test_every_operation_tells_who_may_and_what_may_go_wrong(document):
    names = [o["operationId"] for path in document["paths"].values() for o in path.values()]
    assert len(set(names)) == len(names)
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert {"401", "403", "500", "503"} <= set(operation["responses"]), path
            assert any(s.startswith("2") for s in operation["responses"]), path
            if method in {"post", "put", "patch"}:
                assert "requestBody" in operation
            codes = operation["responses"]["503"]["content"]["application/problem+json"]
            assert ("fate-unknown" in codes["examples"]) == (method != "get"), path


async def test_every_problem_has_a_code_of_its_own_and_two_languages():
    codes = [kind.code for kind in ALL_KINDS]
    assert len(set(codes)) == len(codes)
    for kind in ALL_KINDS:
        assert kind.en.endswith(".")
        assert kind.zh.endswith("。")
        assert 400 <= kind.status < 600


def test_what_is_kept_of_a_refusal_can_be_told_later():
    for code in (*DENIALS.values(), Faulty.code):
        assert kind_of_code(code) in SHARED_KINDS
    denied = set(Verdict.__args__) - {Allowed}
    assert set(DENIALS) == denied
    assert MissingScope(Scope.WRITE)


async def test_examples_are_accepted_by_what_they_show(api, document):
    post = document["paths"][IDENTIFIERS]["post"]
    example = post["requestBody"]["content"]["application/json"]["example"]
    created = await api.post(IDENTIFIERS, example)
    assert created.status == 201
    shown = post["responses"]["201"]["content"]["application/json"]["example"]
    assert created.json.keys() == shown.keys()
    one = document["paths"][IDENTIFIERS + "/{handle}"]
    changes = one["patch"]["requestBody"]["content"]["application/json"]["example"]
    assert (await api.patch(created.headers["Location"], changes)).status == 200
    for media, content in document["paths"]["/api/v1/imports"]["post"]["requestBody"][
        "content"
    ].items():
        if "example" in content:
            raw = content["example"].encode()
            answer = await api.post("/api/v1/imports?mode=replace", raw=raw, media=media)
            assert (answer.status, answer.json["rejected"]) == (200, 0)
            assert answer.json["rows"] >= 1


async def test_answers_fit_their_schemas(api, document):
    def check(name, body):
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        OAS31Validator(schema).validate(body)

    created = await api.post(IDENTIFIERS, new())
    check("Receipt", created.json)
    check("Identifier", (await api.get(created.headers["Location"])).json)
    check("Page", (await api.get(f"{IDENTIFIERS}?prefix=88.300.1")).json)
    check("Problem", (await api.post(IDENTIFIERS, new("x"))).json)
    items = {"items": [new("88.300.1/B"), new("88.300.10/B")]}
    check("Batch", items)
    check("BatchAnswer", (await api.post(f"{IDENTIFIERS}/batch", items)).json)
    row = b'{"handle":"88.300.10/A","values":[]}'
    done = await api.post("/api/v1/imports", raw=row, media="application/x-ndjson")
    check("Import", done.json)
    check("Imports", (await api.get("/api/v1/imports")).json)
    (line,) = (await api.get(done.json["results"])).lines
    check("RowResult", line)


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen, self.ids, self.links = set(), [], []

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        found = dict(attrs)
        assert "style" not in found
        assert not any(name.startswith("on") for name in found)
        if "id" in found:
            self.ids.append(found["id"])
        if "href" in found:
            self.links.append(found["href"])


async def test_the_page_needs_no_script_and_nothing_from_elsewhere(api, document):
    answer = await api.get("/docs", key=None)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    tags = Tags()
    tags.feed(answer.body.decode())
    assert not {"script", "img", "iframe", "form", "style"} & tags.seen
    assert len(set(tags.ids)) == len(tags.ids)
    within = {link.removeprefix("#") for link in tags.links if link.startswith("#")}
    assert within <= set(tags.ids)
    assert {link for link in tags.links if not link.startswith("#")} == {
        "/docs/style.css",
        "/openapi.json",
    }
    operations = {o["operationId"] for path in document["paths"].values() for o in path.values()}
    assert operations <= set(tags.ids)
    style = await api.get("/docs/style.css", key=None)
    assert style.headers["Content-Type"] == "text/css; charset=utf-8"
    assert b"url(" not in style.body
