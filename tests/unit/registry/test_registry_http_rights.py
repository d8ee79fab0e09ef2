"""Who may do what on every route: one table of all cells."""

import json

import pytest

from identifiers.records import Record, State
from identifiers.wire.handle.values import encode_values
from registry.commands import Mode
from registry.imports.service import ImportRequest
from tests.unit.registry.world import IDENTIFIERS, NOW, api_key, asked, new, value

OWN = "88.300.1"
TARGETS = {
    "own": OWN,
    "child": "88.300.1.2",
    "child of another": "88.300.1.5",
    "grandchild of another": "88.300.1.5.9",
    "sibling": "88.300.2",
    "parent": "88.300",
    "look-alike": "88.300.10",
    "look-alike child": "88.300.10.1",
    "nobody's": "88.300.99",
    "foreign": "99.1000.1",
    "switched off": "88.300.7",
    "prefix record": "0.NA",
}
ROUTES = ("create", "read", "put", "patch", "delete", "list", "batch", "import", "export")
KEYS = ("one", "reader", "writer", "two", "far", "part", "old", "nobody", None)
READS = {"read", "list", "export"}


def expected(key, route, target):
    """Return the code that is told, or None where it is done."""
    scopes = {"reader": READS, "writer": set(ROUTES) - {"delete"}}.get(key, set(ROUTES))
    if key in {"old", "nobody", None}:
        return "unauthenticated"
    if key == "far":
        return "wrong-address"
    if route == "import" and route not in scopes:
        return "missing-scope"
    if target not in reach(key, route):
        return "not-yours"
    if route not in scopes:
        return "missing-scope"
    return "prefix-disabled" if target == "switched off" else None


def reach(key, route):
    """Return the targets that a key's enterprise and prefixes cover."""
    if key == "two":
        return {"sibling", "look-alike", "look-alike child"}
    if key == "part":
        return {"child"}
    own = {"own", "child", "switched off"}
    return own | {"prefix record"} if route == "read" else own


async def outcome(api, key, route, handle):
    """Do it and return the code of the problem, None when it was done."""
    answer = await REQUESTS[route](api, key, handle)
    if answer.status >= 400:
        return answer.code
    if route == "batch":
        (item,) = answer.json["items"]
        return code_in(item.get("problem"))
    if route == "import":
        results = await api.get(answer.json["results"], key=key)
        return code_in(results.lines[0]["problem"]) if results.lines else None
    return None


def one(handle):
    return f"{IDENTIFIERS}/{handle}"


def prefix_of(handle):
    return handle.partition("/")[0]


REQUESTS = {
    "create": lambda api, key, h: api.post(IDENTIFIERS, new(h), key=key),
    "read": lambda api, key, h: api.get(one(h), key=key),
    "put": lambda api, key, h: api.put(one(h), new(h), key=key),
    "patch": lambda api, key, h: api.patch(one(h), {"values": new(h)["values"]}, key=key),
    "delete": lambda api, key, h: api.delete(one(h), key=key),
    "list": lambda api, key, h: api.get(f"{IDENTIFIERS}?prefix={prefix_of(h)}", key=key),
    "export": lambda api, key, h: api.get(f"/api/v1/export?prefix={prefix_of(h)}", key=key),
    "batch": lambda api, key, h: api.post(f"{IDENTIFIERS}/batch", {"items": [new(h)]}, key=key),
    "import": lambda api, key, h: api.post(
        "/api/v1/imports", raw=json.dumps(new(h)).encode(), media="application/x-ndjson", key=key
    ),
}


def code_in(problem):
    return problem and problem["type"].removeprefix("urn:idnode:problem:")


def stored(handle):
    return Record(
        key=handle,
        name=handle,
        version=1,
        state=State.ACTIVE,
        values=encode_values((value(1),)),
        changed_at=NOW,
    )


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("route", ROUTES)
async def test_every_cell(api, store, route, target):
    prefix = TARGETS[target]
    there = "0.NA/88.300.1" if target == "prefix record" else f"{prefix}/THERE"
    fresh = "0.NA/88.300.1.2" if target == "prefix record" else f"{prefix}/NEW"
    for key in KEYS:
        wanted = expected(key, route, target)
        store.records[there] = stored(there)
        store.records.pop(fresh, None)
        before = dict(store.records)
        # A create meets nothing, the others meet a record, also where the asker must not learn it.
        handle = fresh if route in {"create", "batch", "import"} else there
        found = await outcome(api, key, route, handle)
        assert found == wanted, (key, route, target)
        if wanted is not None:
            assert store.records == before, (key, route, target)


@pytest.mark.parametrize("key", ["one", "reader", "writer"])
@pytest.mark.parametrize("target", [t for t in TARGETS if t not in {"own", "child"}])
async def test_an_answer_never_reveals_what_another_has(api, store, key, target):
    prefix = TARGETS[target]
    there, absent = f"{prefix}/THERE", f"{prefix}/ABSENT"
    store.records[there] = stored(there)
    for route in ("create", "read", "put", "patch", "delete"):
        assert await outcome(api, key, route, there) == await outcome(api, key, route, absent)


IMPORTS = "/api/v1/imports"
ROWS = json.dumps(new()).encode()
IMPORT_REQUESTS = {
    "list": lambda api, key, _: api.get(IMPORTS, key=key),
    "find": lambda api, key, _: api.get(f"{IMPORTS}?idempotency_key=k", key=key),
    "read": lambda api, key, number: api.get(f"{IMPORTS}/{number}", key=key),
    "results": lambda api, key, number: api.get(f"{IMPORTS}/{number}/results?all=1", key=key),
    "replay": lambda api, key, _: api.post(
        IMPORTS, raw=ROWS, media="application/x-ndjson", key=key, Idempotency_Key="k"
    ),
}


async def rows():
    yield ROWS


@pytest.mark.parametrize("route", IMPORT_REQUESTS)
@pytest.mark.parametrize("key", KEYS)
async def test_every_cell_of_an_import_that_is_the_keys_own(api, imports, route, key):
    order = ImportRequest(
        key="k", mode=Mode.CREATE, media_type="application/x-ndjson", dry_run=False
    )
    made = await imports.run(order, rows(), asked(api_key(id=key or "nobody")))
    answer = await IMPORT_REQUESTS[route](api, key, made.done.id)
    if key in {"old", "nobody", None}:
        assert answer.code == "unauthenticated"
    elif key == "far":
        assert answer.code == "wrong-address"
    elif (key, route) == ("reader", "replay"):
        assert answer.code == "missing-scope"
    else:
        assert answer.status == 200
        assert b"88.300.1/A" in answer.body or str(made.done.id) in answer.body.decode()
