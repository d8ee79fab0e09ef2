import asyncio
import itertools
import json
from functools import partial
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import aiohttp
import cbor2
import msgspec
import pytest

from identifiers.records import State
from registry.imports import service
from registry.imports.trying import Trial
from tests.unit.registry.world import IDENTIFIERS, NOW, audit, new, token

IMPORTS = "/api/v1/imports"
EXPORT = "/api/v1/export?prefix=88.300.1"
NDJSON = "application/x-ndjson"


def ndjson(*documents):
    return b"".join(json.dumps(d, ensure_ascii=False).encode() + b"\n" for d in documents)


async def run(api, body, query="", media=NDJSON, **more):
    return await api.post(IMPORTS + query, raw=body, media=media, **more)


# import


async def test_an_import_tells_how_it_ended(api, store):
    body = ndjson(*(new(f"88.300.1/{n}") for n in range(7)), new("88.300.10/X"))
    answer = await run(api, body, "?mode=create")
    assert answer.status == 200
    document = answer.json
    number = UUID(document.pop("id"))
    assert document == {
        "state": "done",
        "mode": "create",
        "dry_run": False,
        "media_type": NDJSON,
        "bytes": len(body),
        "rows": 8,
        "created": 7,
        "updated": 0,
        "unchanged": 0,
        "rejected": 1,
        "started_at": "2027-01-15T08:00:00Z",
        "finished_at": "2027-01-15T08:00:00Z",
        "results": f"{IMPORTS}/{number}/results",
    }
    assert len(store.changes) == 7
    assert (await api.get(f"{IMPORTS}/{number}")).json["rows"] == 8


async def test_results_are_told_in_the_readers_language(api):
    done = await run(api, ndjson(new("88.300.1/A"), new("88.300.10/X"), {"handle": "88.300.1"}))
    rejected = await api.get(done.json["results"], Accept_Language="zh")
    assert rejected.headers["Content-Type"] == NDJSON
    assert [line["row"] for line in rejected.lines] == [2, 3]
    assert rejected.lines[0] == {
        "row": 2,
        "handle": "88.300.10/X",
        "status": "rejected",
        "problem": {
            "type": "urn:idnode:problem:not-yours",
            "title": "该密钥无权操作此前缀下的标识。",
            "status": 403,
        },
    }
    every = await api.get(done.json["results"] + "?all=1")
    assert every.lines[0] == {
        "row": 1,
        "handle": "88.300.1/A",
        "status": "created",
        "version": 1,
    }
    assert every.lines[2]["problem"]["errors"][0]["pointer"] in {"/handle", "/values"}


async def test_an_import_without_rejected_rows_has_no_results(api):
    done = await run(api, ndjson(new()))
    empty = await api.get(done.json["results"])
    assert (empty.status, empty.body) == (200, b"")


async def test_the_same_again_gives_the_first_answer(api, store):
    body = ndjson(*(new(f"88.300.1/{n}") for n in range(5)))
    first = await run(api, body, Idempotency_Key="k")
    again = await run(api, body, Idempotency_Key="k")
    assert again.body == first.body
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    other = await run(api, body + b"\n", Idempotency_Key="k")
    assert (other.status, other.code) == (422, "import-differs")
    assert len(store.changes) == 5


async def test_what_is_cut_is_seen_running_and_goes_on(api, store):
    body = ndjson(*(new(f"88.300.1/{n}") for n in range(10)))
    parts = urlsplit(api.base)
    _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    head = (
        f"POST {IMPORTS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token('one')}\r\n"
        f"Content-Type: {NDJSON}\r\nContent-Length: {len(body)}\r\n"
        "Idempotency-Key: k\r\n\r\n"
    )
    writer.write(head.encode() + body[: len(body) // 2])
    await writer.drain()
    # Progress is seen while the body is being sent.
    running = {"items": []}
    while not running["items"] or not running["items"][0]["rows"]:
        running = (await api.get(f"{IMPORTS}?idempotency_key=k")).json
    assert running["items"][0]["state"] == "running"
    assert running["items"][0]["finished_at"] is None
    writer.close()
    await writer.wait_closed()
    answer = await run(api, body, Idempotency_Key="k")
    assert answer.json["created"] == 10
    assert len(store.changes) == 10
    assert (await api.get(IMPORTS)).json["items"] == [answer.json]


async def test_an_unreadable_body_is_a_problem_with_the_import(api):
    answer = await run(api, b"name\r\nx\r\n", media="text/csv", Idempotency_Key="k")
    assert (answer.status, answer.code) == (422, "invalid")
    assert answer.json["import"]["state"] == "refused"
    assert answer.faults == [("", "csv.no_handle")]
    half = await run(api, cbor2.dumps(new()) + b"\xa1", media="application/cbor-seq")
    assert (half.status, half.code, half.json["row"]) == (400, "malformed", 2)
    assert half.json["import"]["created"] == 1


@pytest.mark.parametrize(
    ("query", "faults"),
    [
        ("?mode=merge", [("/mode", "one_of")]),
        ("?dry_run=maybe", [("/dry_run", "one_of")]),
        ("?force=1", [("/force", "unknown_key")]),
    ],
)
async def test_faults_of_an_import(api, query, faults):
    answer = await run(api, ndjson(new()), query)
    assert (answer.code, answer.faults) == ("invalid-parameter", faults)


async def test_forms_that_are_not_imported(api):
    answer = await run(api, b"{}", media="application/json")
    assert (answer.status, answer.code) == (415, "media-type")
    accepted = [NDJSON, "text/csv", "text/csv;charset=gb18030", "application/cbor-seq"]
    assert answer.json["accepted"] == accepted


async def test_a_dry_run_changes_nothing(api, store):
    answer = await run(api, ndjson(new(), new("88.300.10/X")), "?dry_run=1")
    assert (answer.json["dry_run"], answer.json["created"], answer.json["rejected"]) == (True, 1, 1)
    assert not store.records


async def test_a_node_says_when_it_has_no_room_for_a_dry_run(api, monkeypatch):
    monkeypatch.setattr(service, "AT_ONCE", 0)
    busy = await run(api, ndjson(new()), "?dry_run=1")
    assert (busy.status, busy.code) == (503, "dry-runs-busy")
    assert busy.headers["Retry-After"] == "5"
    assert (await api.get(IMPORTS)).json == {"items": []}
    assert (await run(api, ndjson(new()))).status == 200


async def test_a_dry_run_that_is_too_long_tells_how_far_it_got(api, store, monkeypatch):
    monkeypatch.setattr(service, "Trial", partial(Trial, names=2))
    body = ndjson(*(new(f"88.300.1/{n}") for n in range(5)))
    told = await run(api, body, "?dry_run=1")
    assert (told.status, told.code) == (413, "dry-run-too-long")
    tried = told.json["import"]
    assert (tried["state"], tried["created"], tried["dry_run"]) == ("refused", 3, True)
    assert (await api.get(f"{IMPORTS}/{tried['id']}")).json == tried
    assert store.records == {}


async def test_a_dry_run_is_never_replayed(api):
    body = ndjson(new())
    for query, created in (("?dry_run=1", 1), ("?dry_run=1", 1), ("", 1), ("?dry_run=1", 0)):
        answer = await run(api, body, query, Idempotency_Key="k")
        assert (answer.status, answer.json["created"]) == (200, created)
        assert "Idempotency-Replayed" not in answer.headers


async def test_an_enterprise_has_two_jobs_at_a_time(api, store):
    go_on, begun = asyncio.Event(), asyncio.Semaphore(0)
    open_import = store.open_import

    async def telling(new):
        begun.release()
        return await open_import(new)

    store.open_import = telling

    async def hesitantly(n):
        yield ndjson(new(f"88.300.1/{n}"))
        await go_on.wait()

    async def slow(n):
        return await run(api, hesitantly(n), key=("one", "writer")[n])

    first, second = (asyncio.create_task(slow(n)) for n in range(2))
    await begun.acquire()
    await begun.acquire()
    for answer in (await run(api, ndjson(new())), await exported(api)):
        assert (answer.status, answer.code) == (429, "too-many-jobs")
        assert answer.headers["Retry-After"] == "5"
    assert (await run(api, ndjson(new("88.300.10/A")), key="two")).status == 200
    go_on.set()
    assert [(await task).json["created"] for task in (first, second)] == [1, 1]
    assert (await run(api, ndjson(new()))).json["created"] == 1
    assert (await exported(api)).status == 200


def each_time_later():
    """A clock that leaves no time to remember a key for."""
    ticks = itertools.count(0, 3600)
    return lambda: float(next(ticks))


@pytest.mark.parametrize("at_the_end", [False, True])
async def test_an_import_ends_when_its_key_is_revoked(serving, store, at_the_end):
    api = await serving(steady=each_time_later())
    rows = [ndjson(new(f"88.300.1/{n}")) for n in range(6)]
    begun = asyncio.Event()
    write = store.write

    async def telling(*arguments):
        result = await write(*arguments)
        begun.set()
        return result

    store.write = telling

    async def body():
        yield b"".join(rows[:4])
        await begun.wait()
        assert await store.revoke_key("one", NOW, audit())
        if not at_the_end:
            yield b"".join(rows[4:])

    answer = await api.post(IMPORTS, raw=body(), media=NDJSON, Idempotency_Key="k")
    assert (answer.status, answer.code) == (401, "unauthenticated")
    assert sorted(store.records) == [f"88.300.1/{n}" for n in range(3)]


async def test_imports_of_others_are_not_there(api):
    done = await run(api, ndjson(new()))
    for path in (f"{IMPORTS}/{done.json['id']}", done.json["results"]):
        for key in ("two", "writer"):
            answer = await api.get(path, key=key)
            assert (answer.status, answer.code) == (404, "no-import")
    assert (await api.get(IMPORTS, key="two")).json == {"items": []}
    assert (await api.get(f"{IMPORTS}?idempotency_key=nothing")).json == {"items": []}
    for number in ("x", uuid4(), "%00"):
        assert (await api.get(f"{IMPORTS}/{number}")).code == "no-import"


async def test_an_unreachable_store_is_told_and_the_import_goes_on_later(api, store):
    store.down = True
    answer = await run(api, ndjson(new()), Idempotency_Key="k")
    assert (answer.status, answer.code) == (503, "unavailable")
    store.down = False
    assert (await run(api, ndjson(new()), Idempotency_Key="k")).json["created"] == 1


# export


def exported(api, accept=NDJSON):
    return api.get(EXPORT, Accept=accept)


async def registered(api, *documents):
    for document in documents:
        assert (await api.post(IDENTIFIERS, document)).status == 201


async def test_a_table_of_chinese_excel_comes_in_once_it_says_so(api, store):
    table = "handle,产品\r\n88.300.1/A,洗精煤\r\n88.300.10/X,煤\r\n".encode("gbk")
    plain = await run(api, table, media="text/csv", Idempotency_Key="k")
    assert (plain.status, plain.code, plain.json["row"]) == (400, "malformed", 1)
    assert plain.faults == [("", "csv.gb18030")]
    assert plain.json["import"]["rows"] == 1
    other = await run(api, table, media="text/csv; charset=gbk", Idempotency_Key="k")
    assert (other.status, other.code) == (422, "import-differs")
    for charset in ("GBK", "gb18030"):
        done = await run(api, table, media=f"text/csv; charset={charset}", Idempotency_Key="l")
        assert (done.status, done.json["created"], done.json["rejected"]) == (200, 1, 1)
        assert done.json["media_type"] == "text/csv;charset=gb18030"
        assert done.json["bytes"] == len(table)
    assert done.headers["Idempotency-Replayed"] == "true"
    rows = (await api.get(done.json["results"] + "?all=1")).lines
    assert [(row["row"], row["handle"]) for row in rows] == [(2, "88.300.1/A"), (3, "88.300.10/X")]
    assert "洗精煤".encode() in store.records["88.300.1/A"].values
    refused = await run(api, b"", media="application/x-ndjson; charset=gbk")
    assert (refused.status, refused.code) == (415, "media-type")


@pytest.mark.parametrize("form", [NDJSON, "application/cbor-seq", "text/csv"])
async def test_what_is_exported_can_be_imported(api, store, form):
    await registered(
        api,
        new("88.300.1/A", {"index": 1, "type": "URL", "data": "https://a.example"}),
        new("88.300.1/B", {"index": 2, "type": "品名", "data": '动力煤,"5500"\n大卡', "ttl": 60}),
    )
    await api.post(IDENTIFIERS, new("88.300.10/X"), key="two")
    answer = await exported(api, form)
    assert (answer.status, answer.headers["Content-Type"]) == (200, form)
    before = {k: r.values for k, r in store.records.items() if k.startswith("88.300.1/")}
    for key in before:
        del store.records[key]
    done = await run(api, answer.body, media=form)
    assert (done.json["created"], done.json["rejected"]) == (2, 0)
    assert {k: r.values for k, r in store.records.items() if k in before} == before


async def test_everything_travels_in_lines_and_items(api, store):
    await registered(
        api,
        new(
            "88.300.1/A",
            {"index": 1, "type": "BIN", "data": {"format": "base64", "value": "AP8="}},
            {"index": 2, "type": "URL", "data": "x", "permissions": "1100"},
            state="reserved",
        ),
    )
    before = store.records["88.300.1/A"]
    for form in (NDJSON, "application/cbor-seq"):
        body = (await exported(api, form)).body
        store.records.clear()
        await run(api, body, media=form)
        after = store.records["88.300.1/A"]
        assert (after.values, after.state) == (before.values, State.RESERVED)


async def test_a_table_that_would_lose_something_is_refused(api):
    await registered(
        api, new("88.300.1/A", {"index": 2, "type": "X", "data": "x", "permissions": "1100"})
    )
    answer = await exported(api, "text/csv")
    assert (answer.status, answer.code) == (422, "invalid")
    assert answer.json["errors"][0]["code"] == "csv.lossy"


async def test_a_long_prefix_is_exported_whole(api, store):
    await registered(api, new("88.300.1/0"))
    first = store.records["88.300.1/0"]
    for n in range(1, 601):
        key = f"88.300.1/{n:04}"
        store.records[key] = msgspec.structs.replace(first, key=key, name=key)
    store.records["88.300.1/0300"] = msgspec.structs.replace(first, state=State.DELETED)
    assert len((await exported(api)).lines) == 600
    table = (await exported(api, "text/csv")).body
    assert table.count(b"\r\n") == 601


async def test_nothing_is_exported_as_nothing(api):
    assert (await exported(api)).body == b""
    assert (await exported(api, "text/csv")).body == b"handle,ttl\r\n"


async def test_forms_that_are_not_exported(api):
    answer = await exported(api, "application/pdf")
    assert (answer.status, answer.code) == (406, "not-acceptable")


async def test_without_a_prefix_nothing_is_exported(api):
    answer = await api.get("/api/v1/export")
    assert answer.faults == [("/prefix", "required")]


async def test_head_sends_no_rows(api):
    await registered(api, new())
    done = await run(api, ndjson(new()))
    for path in (EXPORT, done.json["results"], IMPORTS, f"{IMPORTS}/{done.json['id']}"):
        head = await api.call("HEAD", path)
        assert (head.status, head.body) == (200, b"")
    assert (await exported(api)).lines


async def test_an_export_ends_when_its_key_is_revoked(serving, store):
    api = await serving(steady=each_time_later())
    await registered(api, new("88.300.1/0"))
    first = store.records["88.300.1/0"]
    for n in range(1, 601):
        key = f"88.300.1/{n:04}"
        store.records[key] = msgspec.structs.replace(first, key=key, name=key)
    page = store.page

    async def last(*arguments):
        await store.revoke_key("one", NOW, audit())
        return await page(*arguments)

    store.page = last
    with pytest.raises(aiohttp.ClientPayloadError):
        await exported(api)


async def test_an_export_that_the_store_ends_is_cut(api, store):
    await registered(api, new("88.300.1/0"))
    first = store.records["88.300.1/0"]
    for n in range(1, 601):
        key = f"88.300.1/{n:04}"
        store.records[key] = msgspec.structs.replace(first, key=key, name=key)
    page, calls = store.page, iter([False, True])

    async def failing(*arguments):
        store.down = next(calls)
        return await page(*arguments)

    store.page = failing
    with pytest.raises(aiohttp.ClientPayloadError):
        await exported(api)
