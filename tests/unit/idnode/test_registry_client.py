import json

import pytest
from aiohttp import web

import idnode
from idnode import Garbled, Refused, RegistryClient, Unavailable, Unreachable
from idnode.calls import Calls, wait_before
from idnode.transfers import file_key
from tests.unit.idnode.services import API_KEY


def identifier(name, *texts):
    values = [
        {"index": at, "type": "URL", "data": {"format": "string", "value": text}}
        for at, text in enumerate(texts or ("https://x.example/",), 1)
    ]
    return {"handle": f"88.300.1/{name}", "values": values}


@pytest.fixture
async def client(services):
    async with RegistryClient(services.registry, API_KEY) as found:
        yield found


async def test_the_life_of_an_identifier(client):
    made = await client.create(identifier("A", "one", "two"))
    assert (made.handle, made.status, made.version) == ("88.300.1/A", "created", 1)
    assert made.change is not None
    found = await client.get("88.300.1/A")
    assert [v.data for v in found.values] == [b"one", b"two"]
    assert (found.version, found.state) == (1, "active")

    changed = await client.patch(
        "88.300.1/A",
        values=[{"index": 3, "type": "EMAIL", "data": "a@b.example"}],
        remove=[1],
        state="reserved",
        if_version=1,
    )
    assert (changed.status, changed.version, changed.state) == ("updated", 2, "reserved")
    with pytest.raises(Refused) as stale:
        await client.put(identifier("A"), if_version=1)
    assert stale.value.problem.status == 412
    replaced = await client.put(identifier("A", "three"), if_version=2)
    assert replaced.version == 3
    assert (await client.put(identifier("A", "three"))).status == "unchanged"

    gone = await client.delete("88.300.1/A", if_version=3)
    assert (gone.status, gone.version) == ("deleted", 4)
    assert await client.get("88.300.1/A") is None


async def test_names_of_any_kind_travel(client):
    for name in ("二级/节点", "a b?c#d%41", "..//../x", "+&=;"):
        await client.create(identifier(name))
        assert (await client.get(f"88.300.1/{name}")).handle == f"88.300.1/{name}"


async def test_a_repeated_key_gives_the_first_answer(client):
    first = await client.create(identifier("A"), key="k1")
    again = await client.create(identifier("A"), key="k1")
    assert (first.replayed, again.replayed) == (False, True)
    assert again.change == first.change
    with pytest.raises(Refused) as reused:
        await client.create(identifier("B"), key="k1")
    assert reused.value.problem.status == 422


async def test_every_fault_is_told(client):
    with pytest.raises(Refused) as refused:
        await client.create({"handle": "nonsense", "values": []})
    problem = refused.value.problem
    assert {error["pointer"] for error in problem.errors} == {"/handle", "/values"}
    assert problem.request_id
    assert "/values" in str(refused.value)


async def test_a_foreign_prefix_is_refused(client):
    with pytest.raises(Refused) as refused:
        await client.get("88.300.10/A")
    assert refused.value.problem.status == 403


async def test_a_lost_answer_is_asked_for_again_under_the_same_key(services, client):
    services.store.lose_next_answer = True
    receipt = await client.create(identifier("A"))
    assert (receipt.version, receipt.replayed) == (1, True)
    services.store.lose_next_commit = True
    assert (await client.create(identifier("B"))).replayed is False


async def test_pages_follow_each_other(client, monkeypatch):
    monkeypatch.setattr("idnode.registry.PAGE", 3)
    for number in range(8):
        await client.create(identifier(f"P{number}"))
    names = [found.handle async for found in client.identifiers("88.300.1")]
    assert names == [f"88.300.1/P{number}" for number in range(8)]
    with pytest.raises(Refused):
        await anext(client.identifiers("88.300"))


async def test_a_batch_tells_each_item_its_fate(client):
    await client.create(identifier("B1"))
    foreign = identifier("X") | {"handle": "88.301.1/X"}
    results = await client.batch([identifier("B0"), identifier("B1"), foreign], key="b")
    assert [r.status for r in results] == [201, 409, 403]
    assert results[1].problem.type.endswith(":exists")
    upserted = await client.batch([identifier("B1", "new")], mode="upsert")
    assert (upserted[0].status, upserted[0].version) == (200, 2)


class TestTransfers:
    @pytest.fixture
    def file(self, tmp_path):
        path = tmp_path / "rows.ndjson"
        rows = [identifier(f"R{n}") for n in range(50)] + [identifier("bad") | {"values": []}]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path

    async def test_a_dry_run_is_judged_each_time(self, client, file):
        tried = await client.transfers.send(file, "ndjson", dry_run=True)
        await client.transfers.send(file, "ndjson")
        after = await client.transfers.send(file, "ndjson", dry_run=True, key="once")
        assert [(t.created, t.rejected, t.replayed) for t in (tried, after)] == [
            (50, 1, False),
            (0, 51, False),
        ]
        assert await client.transfers.find("once") is None

    async def test_a_file_goes_in_once(self, client, file, monkeypatch):
        monkeypatch.setattr("idnode.transfers._PIECE", 1000)
        sent = []
        report = await client.transfers.send(file, "ndjson", progress=sent.append)
        assert (report.state, report.rows, report.created, report.rejected) == ("done", 51, 50, 1)
        assert sent[0] == 0
        assert sent == sorted(sent)
        assert sent[-1] == file.stat().st_size
        again = await client.transfers.send(file, "ndjson")
        assert again.replayed
        assert again.id == report.id
        assert (await client.transfers.find(file_key(file, mode="create"))) is not None
        assert await client.transfers.find("never-sent") is None

        rejected = [row async for row in client.transfers.results(report)]
        assert [(row.row, row.handle, row.status) for row in rejected] == [
            (51, "88.300.1/bad", "rejected")
        ]
        assert rejected[0].problem.errors
        every = [row async for row in client.transfers.results(report, every=True)]
        assert len(every) == 51

    async def test_a_dry_run_changes_nothing_and_is_another_request(self, client, file):
        tried = await client.transfers.send(file, "ndjson", dry_run=True)
        assert (tried.dry_run, tried.created) == (True, 50)
        assert await client.get("88.300.1/R0") is None
        assert (await client.transfers.send(file, "ndjson")).created == 50

    async def test_it_is_sent_again_while_the_store_is_ill(self, services, client, file):
        services.store.lose_next_answer = True
        report = await client.transfers.send(file, "ndjson")
        assert (report.state, report.created) == ("done", 50)

    async def test_a_wrong_key_is_told_before_the_file_is_read(self, services, file):
        async with RegistryClient(services.registry, "one.wrong") as client:
            with pytest.raises(Refused) as refused:
                await client.transfers.send(file, "ndjson", progress=lambda _: pytest.fail("read"))
        assert refused.value.problem.status == 401

    @pytest.mark.parametrize("form", ["ndjson", "csv", "cbor"])
    async def test_what_goes_out_comes_in_again_unchanged(self, client, file, tmp_path, form):
        await client.transfers.send(file, "ndjson")
        out = tmp_path / "out"
        out.write_bytes(b"".join([p async for p in client.transfers.export("88.300.1", form)]))
        back = await client.transfers.send(out, form, mode="replace")
        assert (back.rows, back.unchanged) == (50, 50)

    async def test_a_table_in_gb18030(self, client, tmp_path):
        table = tmp_path / "rows.csv"
        table.write_bytes("handle,产品\n88.300.1/GB,洗精煤\n".encode("gbk"))
        with pytest.raises(Refused):
            await client.transfers.send(table, "csv")
        done = await client.transfers.send(table, "csv", encoding="gb18030")
        assert (done.state, done.created) == ("done", 1)
        kept = await client.get("88.300.1/GB")
        assert kept.values[0].data == "洗精煤".encode()


class Times:
    """A clock that only sleeping moves."""

    def __init__(self):
        self.now = 0.0
        self.slept = []

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


def calls(base, times, patience=30.0):
    return Calls(
        base,
        API_KEY,
        patience=patience,
        clock=times,
        sleep=times.sleep,
        chance=lambda: 0.0,
    )


def not_now(seconds):
    headers = {} if seconds is None else {"Retry-After": seconds}
    body = json.dumps({"type": "urn:x", "title": "Later.", "status": 503, "extra": 1})
    return web.Response(
        status=503, text=body, headers=headers, content_type="application/problem+json"
    )


async def test_not_now_is_asked_again_when_the_server_says(odd):
    times, answers = Times(), [not_now("7"), not_now(None), not_now("x"), web.Response(text="{}")]
    odd.answer = lambda: answers.pop(0)
    async with calls(odd.base, times) as found:
        answer = await found.call("POST", "/x", headers={"Idempotency-Key": "k"})
    assert answer.status == 200
    assert times.slept == [7.0, 0.2, 0.4]
    assert [headers["Idempotency-Key"] for _, _, headers in odd.requests] == ["k"] * 4


async def test_patience_has_an_end(odd):
    times = Times()
    odd.answer = lambda: not_now("20")
    async with calls(odd.base, times) as found:
        with pytest.raises(Unavailable) as caught:
            await found.call("GET", "/x")
    assert times.slept == [20.0]
    assert caught.value.problem.members == {"extra": 1}


async def test_nobody_there_is_asked_again_too():
    times = Times()
    async with calls("http://127.0.0.1:1", times, patience=1.0) as found:
        with pytest.raises(Unreachable):
            await found.call("GET", "/x")
    assert times.slept == [0.1, 0.2, 0.4]


def test_waits_are_scattered_and_bounded():
    assert [wait_before(n, None, 1.0) for n in (1, 2, 3, 4, 5, 6, 50)] == [
        *(0.2, 0.4, 0.8, 1.6, 3.2),
        5.0,
        5.0,
    ]
    assert wait_before(1, "3", 0.5) == pytest.approx(3.1)
    assert wait_before(1, "٣", 1.0) == 0.2


@pytest.mark.parametrize(
    ("method", "told"),
    [
        ("get", {"handle": "88.300.1/A"}),
        ("get", {"handle": "88.300.1/A", "values": [], "state": 1, "version": 1}),
        ("create", {"handle": "88.300.1/A"}),
        ("batch", {"items": [{"handle": 1}]}),
        ("identifiers", {}),
        ("find", {}),
        ("find", {"items": [{}]}),
    ],
)
async def test_answers_of_others_are_not_believed(odd, method, told):
    odd.answer = lambda: web.json_response(told)
    async with RegistryClient(odd.base, API_KEY) as client:
        calls_ = {
            "get": lambda: client.get("88.300.1/A"),
            "create": lambda: client.create(identifier("A")),
            "batch": lambda: client.batch([identifier("A")]),
            "identifiers": lambda: anext(client.identifiers("88.300.1")),
            "find": lambda: client.transfers.find("k"),
        }
        with pytest.raises(Garbled):
            await calls_[method]()


async def test_a_broken_problem_document(odd):
    odd.answer = lambda: web.Response(
        status=400, text='{"title": 7}', content_type="application/problem+json"
    )
    async with RegistryClient(odd.base, API_KEY) as client:
        with pytest.raises(Garbled, match="problem document"):
            await client.get("88.300.1/A")


async def test_a_redirection_is_not_followed_with_the_key(odd):
    odd.answer = lambda: web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"})
    async with RegistryClient(odd.base, API_KEY) as client:
        with pytest.raises(Garbled):
            await client.create(identifier("A"))
    assert len(odd.requests) == 1


async def test_it_has_to_be_entered():
    with pytest.raises(RuntimeError, match="async with"):
        await RegistryClient("http://127.0.0.1:1", API_KEY).get("88.300.1/A")


def test_the_key_of_a_file_is_of_its_content_and_use(tmp_path):
    one, two = tmp_path / "1", tmp_path / "2"
    one.write_bytes(b"x" * 600_000)
    two.write_bytes(b"x" * 600_000)
    key = file_key(one, mode="create")
    assert key == file_key(two, mode="create")
    assert key != file_key(one, mode="upsert")
    assert key == file_key(one, mode="create", encoding="utf-8")
    assert key != file_key(one, mode="create", encoding="gb18030")
    assert key.startswith("file-")


def test_lazy_names_are_there_and_others_are_not():
    assert idnode.HttpResolver.__name__ == "HttpResolver"
    with pytest.raises(AttributeError):
        idnode.nothing  # noqa: B018
