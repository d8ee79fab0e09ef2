"""Imports at the service, over the store in memory: every form, every cut."""

import asyncio
import json
from functools import partial
from hashlib import sha256

import cbor2
import msgspec
import pytest

from identifiers import merkle
from identifiers.changes import ImportCounts, ImportState, RequestKey
from identifiers.errors import FateUnknown, StoreUnavailable
from identifiers.names import Prefix
from identifiers.principals import MissingScope, Scope
from identifiers.wire.handle.values import decode_values
from registry.answers import Denied
from registry.commands import Mode
from registry.effects import merkle_root
from registry.imports import committing, service
from registry.imports.chunks import decide_chunk, deciding
from registry.imports.results import Fate
from registry.imports.service import (
    Crowded,
    Finished,
    ImportRequest,
    Imports,
    OtherBody,
    Overtaken,
    TooLong,
    import_id,
)
from registry.imports.trying import AT_ONCE, Trial
from registry.prefixes import PICTURE_SECONDS, Prefixes
from tests.unit.registry.world import NOW, SEALS, api_key, asked, audit, entry, new, now_ns

NDJSON = "application/x-ndjson"
CSV = "text/csv"
CBOR = "application/cbor-seq"
CHUNK = 3


def rows(count, prefix="88.300.1"):
    return [
        new(f"{prefix}/{n}", {"index": 1, "type": "URL", "data": f"d{n}"}) for n in range(count)
    ]


def ndjson(documents):
    return b"".join(json.dumps(d, ensure_ascii=False).encode() + b"\n" for d in documents)


def table(documents):
    lines = ["handle,1:URL", *(f"{d['handle']},{d['values'][0]['data']}" for d in documents)]
    return ("\r\n".join(lines) + "\r\n").encode()


def sequence(documents):
    return b"".join(cbor2.dumps(d) for d in documents)


FORMS = {NDJSON: ndjson, CSV: table, CBOR: sequence}


async def stream(body, size=64, *, cut=None):
    """Give a body in pieces; when it is cut, its connection ends behind `cut` octets."""
    sent = body if cut is None else body[:cut]
    for at in range(0, len(sent), size):
        yield sent[at : at + size]
    if cut is not None:
        raise ConnectionResetError("gone")


def wanted(media=NDJSON, key="k", mode=Mode.CREATE, *, dry_run=False):
    return ImportRequest(key=key, mode=mode, media_type=media, dry_run=dry_run)


async def results(imports, done):
    return [row async for chunk in imports.results(done, every=True) for row in chunk]


def fates(found):
    return [(row.row, row.handle, row.status) for row in found]


@pytest.mark.parametrize("media", FORMS)
@pytest.mark.parametrize("count", [0, 1, CHUNK, CHUNK + 1, 10])
async def test_rows_become_identifiers(store, imports, media, count):
    body = FORMS[media](rows(count))
    answer = await imports.run(wanted(media), stream(body), asked())
    assert isinstance(answer, Finished)
    assert (answer.done.state, answer.again, answer.refusal) == (ImportState.DONE, False, None)
    assert answer.done.counts == ImportCounts(created=count)
    assert answer.done.offset == len(body)
    assert SEALS.is_of(answer.done.digest, sha256(body).digest())
    assert sorted(store.records) == sorted(f"88.300.1/{n}" for n in range(count))
    assert [r.status for r in await results(imports, answer.done)] == [Fate.CREATED] * count


@pytest.mark.parametrize("media", FORMS)
async def test_cut_anywhere_and_sent_again_it_ends_as_one_run(store, media):
    """Cut behind every octet of the body, then send it whole."""
    documents = rows(8)
    body = FORMS[media](documents)
    for cut in range(len(body) + 1):
        imports = Imports(store, Prefixes(store), SEALS, clock=now_ns, chunk_rows=CHUNK)
        order = wanted(media, key=f"cut-{cut}", mode=Mode.REPLACE)
        store.records.clear()
        store.changes.clear()
        with pytest.raises(ConnectionResetError):
            await imports.run(order, stream(body, 7, cut=cut), asked())
        running = await store.find_import(import_id_of(f"cut-{cut}"))
        assert running.state is ImportState.RUNNING
        assert len(store.records) % CHUNK == 0 or len(store.records) == len(documents)
        answer = await imports.run(order, stream(body, 5), asked())
        assert answer.done.counts == ImportCounts(created=8), cut
        assert len(store.changes) == 8
        kept = await results(imports, answer.done)
        assert [r.handle for r in kept] == [d["handle"] for d in documents]
        assert [r.row for r in kept] == sorted({r.row for r in kept})


def import_id_of(key):
    return import_id(RequestKey("key:one", key))


async def test_a_body_that_takes_its_time_keeps_no_right_that_was_lost(store):
    moment = [0.0]
    imports = Imports(store, Prefixes(store, lambda: moment[0]), SEALS, clock=now_ns)

    async def slow():
        first, *rest = ndjson([*rows(2), *rows(1, "88.300.1.2")]).splitlines(keepends=True)
        yield first
        await store.enable_prefix(Prefix.parse("88.300.1"), audit(), enabled=False)
        moment[0] += PICTURE_SECONDS
        for line in rest:
            yield line

    answer = await imports.run(wanted(), slow(), asked())
    assert answer.done.counts == ImportCounts(rejected=3)
    assert not store.records


async def test_rows_are_counted_once_and_not_those_of_dry_runs(imports):
    body = ndjson(rows(2 * CHUNK + 1))
    await imports.run(wanted(dry_run=True, key="dry"), stream(body), asked(None))
    assert imports.rows == ImportCounts()
    with pytest.raises(ConnectionResetError):
        await imports.run(wanted(), stream(body, cut=len(body) - 1), asked(None))
    for _ in range(2):
        await imports.run(wanted(), stream(body), asked(None))
    assert imports.rows == ImportCounts(created=2 * CHUNK + 1)
    await imports.run(wanted(key="again"), stream(body), asked(None))
    assert imports.rows == ImportCounts(created=2 * CHUNK + 1, rejected=2 * CHUNK + 1)


async def test_cut_again_and_again_it_still_ends(store, imports):
    body = ndjson(rows(30))
    for cut in range(0, len(body), 211):
        with pytest.raises(ConnectionResetError):
            await imports.run(wanted(), stream(body, 50, cut=cut), asked())
    answer = await imports.run(wanted(), stream(body), asked())
    assert answer.done.counts == ImportCounts(created=30)
    assert len(store.changes) == 30


async def test_an_ended_import_gives_its_first_answer(store, imports):
    body = ndjson(rows(7))
    first = await imports.run(wanted(), stream(body), asked())
    again = await imports.run(wanted(), stream(body, 13), asked(at=(NOW + 99) * 1000))
    assert again.again
    assert again.done.counts == first.done.counts
    assert again.done.finished_at == first.done.finished_at
    assert len(store.changes) == 7


async def test_what_is_kept_of_a_body_cannot_be_made_by_everybody(store, imports):
    body = ndjson(rows(CHUNK + 1))
    done = (await imports.run(wanted(), stream(body), asked())).done
    first = ndjson(rows(CHUNK))
    chunk = await store.import_chunk(done.id, 1)
    for kept, octets in ((done.digest, body), (chunk.digest, first)):
        plain = sha256(octets).digest()
        assert kept != plain
        assert SEALS.is_of(kept, plain)


@pytest.mark.parametrize("cut", [True, False])
async def test_an_import_that_an_earlier_version_began_goes_on(store, imports, cut):
    body = ndjson(rows(7))
    if cut:
        with pytest.raises(ConnectionResetError):
            await imports.run(wanted(), stream(body, cut=len(body) - 1), asked())
    else:
        await imports.run(wanted(), stream(body), asked())
    (known,) = await store.imports("key:one", 9)
    assert known.offset
    plain = sha256(body[: known.offset]).digest()
    store._imports[known.id] = msgspec.structs.replace(known, digest=plain)
    changed = body.replace(b"d0", b"dX")
    assert isinstance(await imports.run(wanted(), stream(changed), asked()), OtherBody)
    answer = await imports.run(wanted(), stream(body), asked())
    assert answer.done.counts == ImportCounts(created=7)
    assert len(store.changes) == 7


@pytest.mark.parametrize(
    "other",
    [
        lambda body: body + b"\n",
        lambda body: body[:-2],
        lambda body: body.replace(b"d0", b"dX"),
        lambda _: b"",
    ],
)
@pytest.mark.parametrize("cut", [True, False])
async def test_another_body_under_the_same_key_is_refused(store, imports, other, cut):
    body = ndjson(rows(7))
    if cut:
        with pytest.raises(ConnectionResetError):
            await imports.run(wanted(), stream(body, cut=len(body) - 1), asked())
    else:
        await imports.run(wanted(), stream(body), asked())
    before = len(store.changes)
    changed = other(body)
    answer = await imports.run(wanted(), stream(changed), asked())
    # What a cut import has not committed yet may still be anything.
    same_so_far = cut and changed[: len(ndjson(rows(6)))] == ndjson(rows(6))
    assert isinstance(answer, Finished if same_so_far else OtherBody)
    if not same_so_far:
        assert len(store.changes) == before


@pytest.mark.parametrize(
    "order",
    [wanted(CSV), wanted(mode=Mode.REPLACE)],
)
async def test_another_mode_or_form_under_the_same_key_is_refused(imports, order):
    body = ndjson(rows(1))
    await imports.run(wanted(), stream(body), asked())
    assert await imports.run(order, stream(body), asked()) == OtherBody()


async def test_without_a_key_every_request_is_an_import_of_its_own(imports):
    body = ndjson(rows(2))
    first = await imports.run(wanted(key=None), stream(body), asked())
    second = await imports.run(wanted(key=None), stream(body), asked())
    assert first.done.id != second.done.id
    assert second.done.counts == ImportCounts(rejected=2)


async def test_every_row_has_its_fate(imports):
    await imports.run(wanted(key="before"), stream(ndjson(rows(2))), asked())
    lines = [
        json.dumps(new("88.300.1/0")),
        "",
        json.dumps(new("88.300.10/X")),
        "{broken",
        json.dumps(new("88.300.1/bad\u202ename")),
        json.dumps(new("88.300.1/new")),
        json.dumps(new("88.300.1/new")),
        json.dumps(new("88.300.1/heavy", *big_values())),
    ]
    body = "\n".join(lines).encode()
    answer = await imports.run(wanted(), stream(body), asked())
    told = await results(imports, answer.done)
    assert [(r.row, r.status, r.problem) for r in told] == [
        (1, Fate.REJECTED, "exists"),
        (3, Fate.REJECTED, "not-yours"),
        (4, Fate.REJECTED, "invalid"),
        (5, Fate.REJECTED, "invalid"),
        (6, Fate.CREATED, ""),
        (7, Fate.REJECTED, "exists"),
        (8, Fate.REJECTED, "invalid"),
    ]
    assert told[0].version == 1
    assert [e.code for e in told[6].errors] == ["record.too_large"]
    assert answer.done.counts == ImportCounts(created=1, rejected=6)
    rejected = [r async for c in imports.results(answer.done, every=False) for r in c]
    assert rejected == [r for r in told if r.status is Fate.REJECTED]


def big_values():
    return [{"index": n, "type": "X", "data": "x" * 60_000} for n in range(1, 5)]


@pytest.mark.parametrize(
    ("mode", "counts", "indexes"),
    [
        (Mode.CREATE, ImportCounts(created=1, rejected=1), [1]),
        (Mode.UPSERT, ImportCounts(created=1, updated=1), [1, 2]),
        (Mode.REPLACE, ImportCounts(created=1, updated=1), [2]),
    ],
)
async def test_modes(store, imports, mode, counts, indexes):
    await imports.run(wanted(key="before"), stream(ndjson([new("88.300.1/A")])), asked())
    second = {"index": 2, "type": "URL", "data": "x"}
    body = ndjson([new("88.300.1/A", second), new("88.300.1/B", second)])
    answer = await imports.run(wanted(mode=mode), stream(body), asked())
    assert answer.done.counts == counts
    stored = store.records["88.300.1/A"]
    assert [v.index for v in decode_values(stored.values)] == indexes


async def test_the_same_again_is_unchanged(store, imports):
    body = ndjson(rows(5))
    await imports.run(wanted(key="a", mode=Mode.REPLACE), stream(body), asked())
    later = asked(at=(NOW + 50) * 1000)
    answer = await imports.run(wanted(key="b", mode=Mode.REPLACE), stream(body), later)
    assert answer.done.counts == ImportCounts(unchanged=5)
    assert len(store.changes) == 5


async def test_new_rows_are_decided_once_and_what_is_stored_is_guessed_wrongly_once(
    imports, monkeypatch
):
    """A chunk is decided ahead as if it were new, until one of which something was stored."""
    found = []

    def counted(decide):
        def count(chunk, current, *order):
            found.append(len(current.records))
            return decide(chunk, current, *order)

        return count

    monkeypatch.setattr(committing, "deciding", counted(deciding))
    monkeypatch.setattr(committing, "decide_chunk", counted(decide_chunk))
    body = ndjson(rows(4 * CHUNK))
    await imports.run(wanted(key="new"), stream(body), asked())
    assert found == [0] * 4
    found.clear()
    again = ndjson(rows(4 * CHUNK) + rows(CHUNK, prefix="88.300.1.2") * 2)
    answer = await imports.run(wanted(key="again", mode=Mode.REPLACE), stream(again), asked())
    assert answer.done.counts == ImportCounts(created=CHUNK, unchanged=5 * CHUNK)
    # The second was decided before the first was under its locks.
    assert sorted(found) == [0, 0, 0, *[CHUNK] * 5]


async def test_what_is_stored_after_a_chunk_was_decided_counts(store, imports):
    """Of two chunks with the same names the second meets what the first left."""
    body = ndjson([*rows(CHUNK), *(r | {"state": "reserved"} for r in rows(CHUNK))])
    answer = await imports.run(wanted(mode=Mode.REPLACE), stream(body), asked())
    assert answer.done.counts == ImportCounts(created=CHUNK, updated=CHUNK)
    assert {record.version for record in store.records.values()} == {2}


async def test_a_handle_twice_in_one_chunk_is_one_new_version(store, imports):
    one, two = ({"index": 1, "type": "URL", "data": d} for d in ("one", "two"))
    body = ndjson([new("88.300.1/A", one), new("88.300.1/A", two), new("88.300.1/A", two)])
    answer = await imports.run(wanted(mode=Mode.REPLACE), stream(body), asked())
    assert answer.done.counts == ImportCounts(created=1, updated=1, unchanged=1)
    assert [r.version for r in await results(imports, answer.done)] == [1, 1, 1]
    (written,) = store.changes
    assert (written.kind.name, written.record.version) == ("CREATED", 1)
    assert b"two" in written.record.values


async def test_states_travel_with_rows(store, imports):
    body = ndjson([new("88.300.1/A", state="reserved"), new("88.300.1/B")])
    await imports.run(wanted(), stream(body), asked())
    assert [r.state.name for r in store.records.values()] == ["RESERVED", "ACTIVE"]
    moved = ndjson([new("88.300.1/A", state="active")])
    writer = api_key(id="writer", scopes=frozenset({Scope.WRITE}))
    answer = await imports.run(wanted(mode=Mode.UPSERT), stream(moved), asked(writer))
    (row,) = await results(imports, answer.done)
    assert row.problem == "missing-scope-state"


async def test_a_dry_run_judges_and_changes_nothing(store, imports):
    body = ndjson([*rows(4), new("88.300.10/X")])
    answer = await imports.run(wanted(dry_run=True), stream(body), asked())
    assert answer.done.counts == ImportCounts(created=4, rejected=1)
    assert (store.records, store.changes) == ({}, [])
    real = await imports.run(wanted(key="real"), stream(body), asked())
    assert real.done.counts == answer.done.counts


async def test_a_dry_run_is_judged_anew_under_any_key_and_leaves_it_free(imports):
    body = ndjson(rows(2))
    for _ in range(2):
        tried = await imports.run(wanted(dry_run=True), stream(body), asked())
        assert (tried.done.counts, tried.again) == (ImportCounts(created=2), False)
    real = await imports.run(wanted(), stream(body), asked())
    assert (real.done.counts, real.again) == (ImportCounts(created=2), False)
    after = await imports.run(wanted(dry_run=True), stream(body), asked())
    assert (after.done.counts, after.again) == (ImportCounts(rejected=2), False)
    assert [row.status for row in await results(imports, after.done)] == [Fate.REJECTED] * 2
    assert (await imports.run(wanted(), stream(body), asked())).again


async def test_a_dry_run_knows_earlier_rows_whatever_their_chunk(imports, store):
    body = ndjson([new("88.300.1/A"), new("88.300.1/A"), new("88.300.1/B"), new("88.300.1/A")])
    answer = await imports.run(wanted(dry_run=True), stream(body), asked())
    created, rejected = Fate.CREATED, Fate.REJECTED
    told = [row.status for row in await results(imports, answer.done)]
    assert told == [created, rejected, created, rejected]
    assert store.records == {}
    upserted = await imports.run(wanted(mode=Mode.UPSERT, dry_run=True), stream(body), asked())
    assert upserted.done.counts.rejected == 0
    assert (upserted.done.counts.created, upserted.done.counts.rows) == (2, 4)
    real = await imports.run(wanted(key="real"), stream(body), asked())
    told = [row.status for row in await results(imports, real.done)]
    assert told == [created, rejected, created, rejected]


@pytest.mark.parametrize(
    ("media", "body", "told"),
    [
        (CSV, b"name,1:URL\r\nx,y\r\n", ("csv.no_handle", 0)),
        (CSV, b'handle,1:URL\r\n88.300.1/0,d\r\n88.300.1/1,"d\r\n', ("csv.syntax", 1)),
        (CBOR, sequence(rows(4)) + b"\xa1", ("cbor.syntax", 4)),
        (CBOR, sequence(rows(1)) + b"\xff" + sequence(rows(2)), ("cbor.syntax", 1)),
    ],
)
async def test_what_cannot_be_told_apart_ends_an_import(store, imports, media, body, told):
    code, before = told
    answer = await imports.run(wanted(media), stream(body), asked())
    assert answer.done.state is ImportState.REFUSED
    assert code in [fault.code for fault in answer.refusal.errors]
    assert answer.done.counts == ImportCounts(created=before, rejected=1)
    assert len(store.records) == before
    again = await imports.run(wanted(media), stream(body), asked())
    assert (again.again, again.refusal) == (True, answer.refusal)
    assert await imports.run(wanted(media), stream(body + b"x"), asked()) == OtherBody()


async def test_a_key_that_may_not_write_imports_nothing(imports):
    reader = api_key(scopes=frozenset({Scope.READ}))
    answer = await imports.run(wanted(), stream(ndjson(rows(1))), asked(reader))
    assert answer == Denied(MissingScope(Scope.WRITE))
    assert await imports.list(asked(reader)) == ()


async def test_each_chunk_is_audited_with_the_root_over_its_rows(store, imports):
    answer = await imports.run(wanted(), stream(ndjson(rows(CHUNK + 1))), asked())
    first, second, finish = store.audited
    assert [e.action for e in store.audited] == ["import.chunk", "import.chunk", "import.finish"]
    assert {e.subject for e in store.audited} == {str(answer.done.id)}
    leaves = [
        merkle.leaf(f"88.300.1/{n}|1|".encode() + sha256(record.values).digest())
        for n, record in enumerate(store.records.values())
    ]
    assert first.root == merkle.root(leaves[:CHUNK])
    assert second.root == merkle.root(leaves[CHUNK:])
    assert json.loads(first.detail) == {
        "chunk": 1,
        "created": 3,
        "updated": 0,
        "unchanged": 0,
        "rejected": 0,
    }
    assert json.loads(finish.detail) == {"state": "done"}


async def test_the_root_is_over_what_is_stored_whatever_was_worked_out_before(store, imports):
    """Names that are folded, secrets that are sealed, later versions, rows that come twice."""
    secret = {"index": 300, "type": "HS_SECKEY", "data": "open sesame"}
    for n in range(2):
        body = ndjson(
            [
                new("88.300.1.ab/1", {"index": 1, "type": "URL", "data": f"a{n}"}),
                new(f"88.300.1/plain{n}", {"index": 1, "type": "URL", "data": "b"}),
                new("88.300.1/secret", secret),
            ]
        )
        await imports.run(wanted(key=f"{n}", mode=Mode.REPLACE), stream(body), asked())
    twice = [new("88.300.1/T", {"index": 1, "type": "URL", "data": d}) for d in "xy"]
    await imports.run(wanted(mode=Mode.REPLACE), stream(ndjson(twice)), asked())
    assert [change.record.version for change in store.changes] == [1, 1, 1, 2, 1, 2, 1]
    bare = [msgspec.structs.replace(change, leaf=b"") for change in store.changes]
    roots = [entry.root for entry in store.audited if entry.root]
    assert roots == [merkle_root(bare[:3]), merkle_root(bare[3:6]), merkle_root(bare[6:])]


async def test_chunk_ends_at_its_largest_size_too(store):
    imports = Imports(store, Prefixes(store), SEALS, clock=now_ns)
    heavy = [
        new(f"88.300.1/{n}", *({"index": i, "type": "X", "data": "x" * 60_000} for i in (1, 2, 3)))
        for n in range(30)
    ]
    answer = await imports.run(wanted(), stream(ndjson(heavy), 65536), asked())
    assert answer.done.counts == ImportCounts(created=30)
    assert answer.done.chunks == 2


async def test_blank_lines_take_no_memory(imports):
    body = b"\n" * 5_000_000 + ndjson(rows(1))
    answer = await imports.run(wanted(), stream(body, 65536), asked())
    assert answer.done.counts == ImportCounts(created=1)
    assert SEALS.is_of(answer.done.digest, sha256(body).digest())


async def test_a_prefix_that_is_switched_off_meanwhile_is_noticed(store):
    clock = iter(range(1000))
    imports = Imports(
        store,
        Prefixes(store, clock=lambda: float(next(clock))),
        SEALS,
        clock=now_ns,
        chunk_rows=1,
    )
    body = ndjson(rows(2))

    async def slowly():
        yield body[: len(body) // 2]
        while not store.records:  # noqa: ASYNC110 -- turns of the loop, and few
            await asyncio.sleep(0)
        store._prefixes["88.300.1"] = entry("88.300.1", 1, enabled=False)
        yield body[len(body) // 2 :]

    answer = await imports.run(wanted(), slowly(), asked())
    told = await results(imports, answer.done)
    assert [r.problem for r in told] == ["", "prefix-disabled"]


# faults of the store


@pytest.mark.parametrize(
    ("switch", "error"),
    [("lose_next_answer", FateUnknown), ("lose_next_commit", FateUnknown)],
)
async def test_a_lost_answer_ends_the_request_and_the_next_goes_on(store, imports, switch, error):
    body = ndjson(rows(10))

    async def body_with_fault():
        yield body[:300]
        setattr(store, switch, True)
        yield body[300:]

    with pytest.raises(error):
        await imports.run(wanted(), body_with_fault(), asked())
    answer = await imports.run(wanted(), stream(body), asked())
    assert answer.done.counts == ImportCounts(created=10)
    assert len(store.changes) == 10


async def test_a_store_that_goes_away_ends_the_request_and_the_next_goes_on(store, imports):
    body = ndjson(rows(10))

    async def until_it_is_away():
        yield body[:700]
        await asyncio.sleep(0)
        store.down = True
        yield body[700:]

    with pytest.raises(StoreUnavailable):
        await imports.run(wanted(), until_it_is_away(), asked())
    store.down = False
    answer = await imports.run(wanted(), stream(body), asked())
    assert answer.done.counts == ImportCounts(created=10)


async def test_a_later_request_overtakes_an_earlier_one(store, imports):
    body = ndjson(rows(9))
    go_on, waiting = asyncio.Event(), asyncio.Event()

    async def hesitantly():
        yield body[:400]
        waiting.set()
        await go_on.wait()
        yield body[400:]

    earlier = asyncio.create_task(imports.run(wanted(), hesitantly(), asked()))
    await waiting.wait()
    later = await imports.run(wanted(), stream(body), asked())
    go_on.set()
    assert await earlier == Overtaken()
    assert later.done.counts == ImportCounts(created=9)
    assert len(store.changes) == 9


@pytest.mark.parametrize("count", [CHUNK, 2 * CHUNK])
async def test_a_request_that_is_cancelled_while_it_commits_waits_for_the_commit(
    store, imports, count
):
    """Cancelled at the end of the body, and where the next chunk waits for the one before."""
    entered, go_on = asyncio.Event(), asyncio.Event()
    write = store.write

    async def slowly(*arguments):
        entered.set()
        await go_on.wait()
        return await write(*arguments)

    store.write = slowly
    task = asyncio.create_task(imports.run(wanted(), stream(ndjson(rows(count)), 65536), asked()))
    await entered.wait()
    for _ in range(10):
        await asyncio.sleep(0)  # now it waits for the commit
    task.cancel()
    for _ in range(10):
        await asyncio.sleep(0)
    assert not task.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(store.records) == CHUNK


async def test_a_cancelled_request_leaves_whole_chunks(store, imports):
    body = ndjson(rows(10))
    reading = asyncio.Event()

    async def forever():
        yield body[:500]
        reading.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(imports.run(wanted(), forever(), asked()))
    await reading.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(store.changes) % CHUNK == 0
    answer = await imports.run(wanted(), stream(body), asked())
    assert answer.done.counts == ImportCounts(created=10)


# looking at imports


async def test_imports_are_seen_by_who_made_them(imports):
    body = ndjson(rows(1))
    answer = await imports.run(wanted(), stream(body), asked())
    assert await imports.find(answer.done.id, asked()) == answer.done
    assert await imports.list(asked()) == (answer.done,)
    other = asked(api_key(id="other"))
    assert await imports.find(answer.done.id, other) is None
    assert await imports.list(other) == ()


def enough(monkeypatch, **bounds):
    monkeypatch.setattr(service, "Trial", partial(Trial, **bounds))


async def test_a_dry_run_that_meets_what_it_forgot_ends_where_it_cannot_tell(
    store, imports, monkeypatch
):
    enough(monkeypatch, octets=1000)
    body = ndjson([*rows(4), new("88.300.1/2"), *rows(9)[5:]])
    told = await imports.run(wanted(mode=Mode.REPLACE, dry_run=True), stream(body), asked())
    assert isinstance(told, TooLong)
    assert (told.tried.state, told.tried.counts.created) == (ImportState.REFUSED, CHUNK)
    assert told.tried.finished_at
    assert [row.row for row in await results(imports, told.tried)] == [1, 2, 3]
    assert (store.records, store.changes) == ({}, [])
    real = await imports.run(wanted(mode=Mode.REPLACE), stream(body), asked())
    assert real.done.counts == ImportCounts(created=8, updated=1)


async def test_rows_that_only_create_need_no_more_than_their_names(imports, monkeypatch):
    enough(monkeypatch, octets=0, names=8)
    body = ndjson([*rows(4), *rows(8)])
    told = await imports.run(wanted(dry_run=True), stream(body), asked())
    assert told.done.counts == ImportCounts(created=8, rejected=4)
    more = await imports.run(wanted(dry_run=True), stream(ndjson(rows(12))), asked())
    assert isinstance(more, TooLong)


async def test_no_more_dry_runs_go_on_at_once_than_there_is_room_for(imports):
    begun, going = asyncio.Semaphore(0), asyncio.Event()

    async def waiting():
        begun.release()
        await going.wait()
        yield ndjson(rows(1))

    tries = [
        asyncio.create_task(imports.run(wanted(dry_run=True), waiting(), asked()))
        for _ in range(AT_ONCE)
    ]
    for _ in tries:
        await begun.acquire()
    body = ndjson(rows(2))
    assert isinstance(await imports.run(wanted(dry_run=True), stream(body), asked()), Crowded)
    real = await imports.run(wanted(), stream(body), asked())
    assert real.done.counts == ImportCounts(created=2)
    going.set()
    assert [told.done.counts.rejected for told in await asyncio.gather(*tries)] == [1] * AT_ONCE
    after = await imports.run(wanted(dry_run=True), stream(body), asked())
    assert isinstance(after, Finished)


async def test_a_dry_run_that_is_cut_makes_room(imports):
    for _ in range(AT_ONCE + 1):
        with pytest.raises(ConnectionResetError):
            await imports.run(wanted(dry_run=True), stream(ndjson(rows(1)), cut=9), asked())
