"""Bulk imports under prefixes for which the node signs."""

import asyncio
import json
import random

import pytest
from msgspec.structs import replace

from identifiers.errors import FateUnknown, StoreUnavailable
from identifiers.records import State
from identifiers.trust.signing import sign_values, signature_value
from identifiers.trust.verification import Verdict
from identifiers.wire.handle.values import decode_values, encode_values
from registry.answers import Saved
from registry.commands import (
    AddValues,
    Create,
    Delete,
    Mode,
    ModifyValues,
    Patch,
    Put,
    RemoveValues,
    Upsert,
)
from registry.imports.results import Fate
from registry.imports.service import ImportRequest, Imports
from registry.prefixes import Prefixes
from registry.service import Registry
from registry.signing import SLICE, Signatures
from tests.contracts.units import put as put_record
from tests.unit.registry.signed import (
    NODE,
    SIGNER,
    holds,
    mark,
    of_the_node,
    signatures_of,
    verdict_of,
)
from tests.unit.registry.world import NOW, SEALS, asked, handle, new, now_ns, upserts, value

NAME = "88.300.1/0"
NDJSON = "application/x-ndjson"


def url(data="d", index=1):
    return {"index": index, "type": "URL", "data": data}


def body_of(*documents):
    return b"".join(json.dumps(document).encode() + b"\n" for document in documents)


def rows(count):
    return body_of(*(new(f"88.300.1/{n}", url(f"d{n}")) for n in range(count)))


async def stream(body, cut=None):
    sent = body if cut is None else body[:cut]
    for at in range(0, len(sent), 64):
        yield sent[at : at + 64]
    if cut is not None:
        raise ConnectionResetError


def wanted(mode=Mode.CREATE, key=None, *, dry_run=False):
    return ImportRequest(key=key, mode=mode, media_type=NDJSON, dry_run=dry_run)


def signing_imports(store, **more):
    more = {"chunk_rows": 7, "signatures": Signatures(SIGNER), **more}
    return Imports(store, Prefixes(store), SEALS, clock=now_ns, **more)


@pytest.fixture
async def marked(store):
    await mark(store, "88.300.1")
    return store


@pytest.fixture
def imports(marked):
    return signing_imports(marked)


async def fates(imports, body, mode=Mode.CREATE, **more):
    finished = await imports.run(wanted(mode, **more), stream(body), asked())
    told = imports.results(finished.done, every=True)
    return [row async for chunk in told for row in chunk]


async def test_what_is_imported_is_signed(imports, store):
    told = await fates(imports, rows(20))
    assert [row.status for row in told] == [Fate.CREATED] * 20
    assert len(store.records) == 20
    for record in store.records.values():
        assert verdict_of(record) is Verdict.TRUSTED
        (signature,) = signatures_of(record)
        assert (signature.index, signature.timestamp) == (400, NOW)


async def test_only_marked_prefixes_are_signed(marked):
    body = body_of(new("88.300.1/A", url()), new("88.300.1.2/A", url()), new("88.300.1.5/A", url()))
    told = await fates(signing_imports(marked), body)
    assert [row.status for row in told] == [Fate.CREATED, Fate.CREATED, Fate.REJECTED]
    assert [verdict_of(marked.records[f"88.300.1{n}/A"]) for n in ("", ".2")] == [
        Verdict.TRUSTED
    ] * 2
    await mark(marked, "88.300.1", signed=False)
    await fates(signing_imports(marked), body_of(new("88.300.1/B", url())))
    assert not signatures_of(marked.records["88.300.1/B"])


@pytest.mark.parametrize("mode", [Mode.UPSERT, Mode.REPLACE])
async def test_equal_rows_are_unchanged(imports, store, mode):
    await fates(imports, rows(5))
    before = dict(store.records)
    told = await fates(imports, rows(5), mode)
    assert [(row.status, row.version) for row in told] == [(Fate.UNCHANGED, 1)] * 5
    assert store.records == before


async def test_rows_with_the_signature_that_was_exported_are_unchanged(imports, store):
    await fates(imports, rows(1))
    (signature,) = signatures_of(store.records[NAME])
    sent = {"index": 400, "type": "HS_SIGNATURE", "data": signature.data.decode()}
    told = await fates(imports, body_of(new(NAME, url("d0"), sent)), Mode.REPLACE)
    assert [row.status for row in told] == [Fate.UNCHANGED]
    told = await fates(imports, body_of(new(NAME, url("other"), sent)), Mode.REPLACE)
    assert [row.status for row in told] == [Fate.UPDATED]
    assert holds(store.records[NAME])
    # One that was made for another name is nobody's business either.
    told = await fates(imports, body_of(new("88.300.1/X", url(), sent)))
    assert verdict_of(store.records["88.300.1/X"]) is Verdict.TRUSTED
    assert len(signatures_of(store.records["88.300.1/X"])) == 1
    told = await fates(imports, body_of(new("88.300.1/Y", sent)))
    assert [(row.status, row.problem) for row in told] == [(Fate.REJECTED, "invalid")]


async def test_rows_for_one_handle_in_one_chunk_are_signed_as_one(imports, store):
    body = body_of(*(new(NAME, url(f"d{n}", n)) for n in (1, 2, 3)))
    told = await fates(imports, body, Mode.UPSERT)
    assert [(row.status, row.version) for row in told] == [
        (Fate.CREATED, 1),
        (Fate.UPDATED, 1),
        (Fate.UPDATED, 1),
    ]
    assert len(decode_values(store.records[NAME].values)) == 4
    assert holds(store.records[NAME])
    assert len(of_the_node(store.records[NAME])) == 1


async def test_a_signature_counts_for_the_size_of_a_row(imports, store):
    body = body_of(new(NAME, *(url("d", n) for n in range(1, 257))), new("88.300.1/B", url()))
    told = await fates(imports, body)
    assert [(row.status, [f.code for f in row.errors]) for row in told] == [
        (Fate.REJECTED, ["too_many"]),
        (Fate.CREATED, []),
    ]
    assert NAME not in store.records
    assert [row.status for row in await fates(imports, body, dry_run=True)] == [
        Fate.REJECTED,
        Fate.REJECTED,
    ]


async def test_a_cut_import_goes_on_and_signs_each_row_once(marked):
    imports, body = signing_imports(marked), rows(40)
    with pytest.raises(ConnectionResetError):
        await imports.run(wanted(key="k"), stream(body, cut=len(body) // 2), asked())
    done = dict(marked.records)
    assert 0 < len(done) < 40
    marked.lose_next_answer = True
    with pytest.raises(FateUnknown):
        await imports.run(wanted(key="k"), stream(body), asked())
    # Another process: nothing but the store is left of the first.
    told = await fates(signing_imports(marked), body, key="k")
    assert [row.status for row in told] == [Fate.CREATED] * 40
    assert {record.version for record in marked.records.values()} == {1}
    assert {key: marked.records[key] for key in done} == done
    assert all(verdict_of(record) is Verdict.TRUSTED for record in marked.records.values())


async def test_a_dry_run_writes_no_signature(imports, store):
    told = await fates(imports, rows(3), dry_run=True)
    assert [row.status for row in told] == [Fate.CREATED] * 3
    assert store.records == {}


class Restless:
    """A store in which somebody else writes between the look and the transaction."""

    def __init__(self, store, meddle, times):
        self._store = store
        self._meddle = meddle
        self._times = times

    def __getattr__(self, name):
        return getattr(self._store, name)

    async def fetch(self, keys):
        found = await self._store.fetch(keys)
        if self._times:
            self._times -= 1
            await self._meddle()
        return found


async def test_what_changed_meanwhile_is_signed_as_it_is(marked, commit, imports):
    await fates(imports, rows(7))
    registry = Registry(marked, commit, Prefixes(marked), SEALS, signatures=Signatures(SIGNER))
    numbers = iter(range(10, 30))

    async def meddle():
        patch = Patch(handle=handle(NAME), values=(value(next(numbers)),))
        assert isinstance(await registry.patch(patch, asked()), Saved)

    upsert = body_of(*(new(f"88.300.1/{n}", url("new", 2)) for n in range(7)))
    told = await fates(signing_imports(Restless(marked, meddle, 2)), upsert, Mode.UPSERT)
    assert [row.status for row in told] == [Fate.UPDATED] * 7
    assert {v.index for v in decode_values(marked.records[NAME].values)} == {1, 2, 10, 11, 400}
    assert all(verdict_of(record) is Verdict.TRUSTED for record in marked.records.values())
    newer = body_of(new(NAME, url("newer", 2)))
    with pytest.raises(StoreUnavailable, match="changes all the time"):
        await fates(signing_imports(Restless(marked, meddle, 5)), newer, Mode.UPSERT)
    assert holds(marked.records[NAME])


async def test_the_mark_of_the_moment_of_writing_counts(marked):
    """A body may take its time, and the mark may come meanwhile."""
    await mark(marked, "88.300.1", signed=False)
    times = iter(range(0, 100, 2))
    late = Imports(
        marked,
        Prefixes(marked, clock=lambda: next(times)),
        SEALS,
        signatures=Signatures(SIGNER),
        clock=now_ns,
        chunk_rows=7,
    )

    async def body():
        yield rows(1)
        await mark(marked, "88.300.1")

    await late.run(wanted(), body(), asked())
    assert verdict_of(marked.records[NAME]) is Verdict.TRUSTED


class Recording:
    """A signer that tells when it begins, and counts."""

    def __init__(self):
        self.algorithm, self.public = SIGNER.algorithm, SIGNER.public
        self.signed = 0
        self.begun = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def sign(self, data):
        assert data
        self.signed += 1
        self._loop.call_soon_threadsafe(self.begun.set)
        return b"\0" * 64


async def test_bulk_signing_takes_turns_and_a_single_write_waits_for_none(marked, commit):
    """Three imports sign slice by slice, in turn; a write beside them is signed at once."""
    gate = Recording()
    signatures = Signatures(gate)
    count = 4 * SLICE
    bodies = [
        body_of(*(new(f"88.300.1/{name}{n}", url(f"d{n}")) for n in range(count))) for name in "ABC"
    ]
    many = [
        signing_imports(marked, signatures=signatures, chunk_rows=count).run(
            wanted(), stream(body), asked()
        )
        for body in bodies
    ]
    running = asyncio.gather(*many)
    registry = Registry(marked, commit, Prefixes(marked), SEALS, signatures=signatures)
    await gate.begun.wait()
    single = Create(handle=handle("88.300.1/S"), values=(value(1),))
    assert isinstance(await registry.create(single, asked()), Saved)
    assert gate.signed < 3 * count
    assert not running.done()
    await running
    assert gate.signed == 3 * count + 1


def calls(rng, registry, name, values):
    """Return what the registry can be asked, by chance."""
    at = handle(name)
    state = rng.choice((None, State.RESERVED, State.ACTIVE))
    remove = frozenset({rng.randint(4, 5), 400}) - {v.index for v in values}
    indexes = frozenset({rng.choice((1, 2, 400))})
    return (
        (registry.create, Create(handle=at, values=values, overwrite=rng.random() < 0.5)),
        (registry.put, Put(handle=at, values=values, state=state)),
        (registry.patch, Patch(handle=at, values=values, remove=remove)),
        (registry.add_values, AddValues(handle=at, values=values, overwrite=True)),
        (registry.modify_values, ModifyValues(handle=at, values=values)),
        (registry.remove_values, RemoveValues(handle=at, indexes=indexes)),
        (registry.delete, Delete(handle=at)),
        (registry.batch, upserts(Upsert(handle=at, values=values))),
    )


async def step(rng, store, registry, name):
    """Do something of somebody, by any way that writes."""
    plain = value(rng.randint(1, 3), bytes([rng.randint(97, 99)]))
    values = tuple({v.index: v for v in (plain, *kept_signature(name, rng))}.values())
    which = rng.random()
    if which < 0.2:
        sent = [{"index": v.index, "type": v.type, "data": v.data.decode()} for v in values]
        await fates(signing_imports(store), body_of(new(name, *sent)), rng.choice(list(Mode)))
    elif which < 0.3:
        await mark(store, "88.300.1", signed=rng.random() < 0.5)
    else:
        call, command = rng.choice(calls(rng, registry, name, values))
        await call(command, asked())


def kept_signature(name, rng):
    """Return a signature of the node that somebody kept from before, or nothing."""
    if rng.random() < 0.6:
        return ()
    token = sign_values(name, (value(1, b"a"),), SIGNER, NODE, now=NOW, until=NOW + 9)
    kind = rng.choice(("HS_SIGNATURE", "hs_signature"))
    return (replace(signature_value(token), type=kind, index=rng.choice((4, 5, 400))),)


@pytest.mark.parametrize("seed", range(12))
async def test_no_way_of_writing_leaves_a_signature_that_does_not_hold(store, commit, seed):
    rng = random.Random(seed)
    signatures = Signatures(SIGNER)
    names = ("88.300.1/A", "88.300.1/B")
    times = iter(range(0, 100_000, 2))
    prefixes = Prefixes(store, clock=lambda: next(times))
    registry = Registry(store, commit, prefixes, SEALS, signatures=signatures)
    await mark(store, "88.300.1")
    seen = 0
    for _ in range(60):
        name = rng.choice(names)
        await step(rng, store, registry, name)
        for record in store.records.values():
            assert holds(record), (seed, record)
            seen += len(of_the_node(record))
    assert seen


async def test_a_stale_signature_of_an_earlier_version_goes_with_the_next_change(store):
    """Imports left one behind once."""
    stale = sign_values(NAME, (value(1, b"old"),), SIGNER, NODE, now=NOW, until=NOW + 9)
    for signed in (True, False):
        await mark(store, "88.300.1", signed=signed)
        await put_record(store, NAME, encode_values((value(1, b"d0"), signature_value(stale))))
        await fates(signing_imports(store), body_of(new(NAME, url("x", 2))), Mode.UPSERT)
        assert holds(store.records[NAME])
        assert len(of_the_node(store.records[NAME])) == signed
