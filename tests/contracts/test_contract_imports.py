"""Bulk imports: progress, fencing, resuming."""

import msgspec
import pytest

from identifiers.changes import (
    Current,
    Import,
    ImportChunk,
    ImportCounts,
    ImportState,
    Touched,
    Writes,
)
from identifiers.errors import Fenced
from tests.contracts.backends import Backend
from tests.contracts.units import AUDIT, new_import, record, written


def chunk_of(running: Import, number: int, **more: object) -> ImportChunk:
    fields = {
        "offset": 1000 * number,
        "digest": bytes([number]) * 32,
        "counts": ImportCounts(3, 2, 1, 4),
        "results": b"compressed" * number,
    } | more
    return ImportChunk(import_id=running.id, epoch=running.epoch, number=number, **fields)


async def commit(backend: Backend, chunk: ImportChunk, key: str = "88.300.1/A") -> None:
    def decide(current: Current) -> tuple[Writes, None]:
        version = 1 if (old := current.records.get(key)) is None else old.version + 1
        return Writes(records=(written(record(key, version)),), audit=(AUDIT,), chunk=chunk), None

    await backend.store.write(Touched(keys=(key,)), decide)


async def test_an_import_grows_by_its_chunks(backend: Backend) -> None:
    opened = await backend.store.open_import(new_import())
    assert opened == new_import()
    first, second = chunk_of(opened, 1), chunk_of(opened, 2)
    await commit(backend, first)
    await commit(backend, second)
    assert await backend.store.find_import(opened.id) == msgspec.structs.replace(
        opened,
        chunks=2,
        offset=2000,
        digest=bytes([2]) * 32,
        counts=ImportCounts(6, 4, 2, 8),
    )
    assert await backend.store.import_chunk(opened.id, 1) == first
    assert await backend.store.import_chunk(opened.id, 2) == second
    assert await backend.store.import_chunk(opened.id, 3) is None
    assert await backend.store.find_import(new_import("two").id) is None


async def test_opening_again_raises_the_epoch_and_fences_the_earlier(backend: Backend) -> None:
    earlier = await backend.store.open_import(new_import())
    await commit(backend, chunk_of(earlier, 1))
    later = await backend.store.open_import(new_import())
    assert (later.epoch, later.chunks, later.offset) == (2, 1, 1000)
    with pytest.raises(Fenced):
        await commit(backend, chunk_of(earlier, 2), "88.300.1/FENCED")
    assert await backend.store.record("88.300.1/FENCED") is None
    with pytest.raises(Fenced):
        await backend.store.finish_import(earlier, AUDIT)
    await commit(backend, chunk_of(later, 2))
    assert len(await backend.past.audited()) == 2


@pytest.mark.parametrize("number", [1, 3], ids=["again", "skipping"])
async def test_only_the_next_chunk_fits(backend: Backend, number: int) -> None:
    opened = await backend.store.open_import(new_import())
    await commit(backend, chunk_of(opened, 1))
    with pytest.raises(Fenced):
        await commit(backend, chunk_of(opened, number), "88.300.1/B")
    assert await backend.store.record("88.300.1/B") is None


async def test_an_unknown_import_takes_no_chunk_and_no_end(backend: Backend) -> None:
    with pytest.raises(Fenced):
        await commit(backend, chunk_of(new_import(), 1))
    with pytest.raises(Fenced):
        await backend.store.finish_import(new_import(), AUDIT)
    assert await backend.past.audited() == []


async def test_the_end_is_stored_without_touching_the_counts(backend: Backend) -> None:
    opened = await backend.store.open_import(new_import())
    await commit(backend, chunk_of(opened, 1))
    end = msgspec.structs.replace(
        opened, state=ImportState.DONE, offset=1234, digest=b"d" * 32, finished_at=777
    )
    await backend.store.finish_import(end, AUDIT)
    found = await backend.store.find_import(opened.id)
    assert found == msgspec.structs.replace(end, chunks=1, counts=ImportCounts(3, 2, 1, 4))
    assert await backend.past.audited() == [AUDIT, AUDIT]


async def test_imports_are_listed_newest_first_for_their_principal(backend: Backend) -> None:
    for name, started in (("a", 10), ("b", 30), ("c", 20)):
        await backend.store.open_import(new_import(name, started_at=started))
    await backend.store.open_import(new_import("d", principal="key:k2", started_at=40))
    listed = await backend.store.imports("key:k1", 2)
    assert [i.request.key for i in listed] == ["b", "c"]
    assert [i.request.key for i in await backend.store.imports("key:k2", 9)] == ["d"]
    assert await backend.store.imports("key:k3", 9) == []


async def test_a_chunk_with_bulk_rows(backend: Backend) -> None:
    opened = await backend.store.open_import(new_import())
    names = tuple(f"88.300.1/N{n}" for n in range(500))
    writes = Writes(
        records=tuple(written(record(name)) for name in names),
        audit=(AUDIT,),
        chunk=chunk_of(opened, 1),
    )
    await backend.store.write(Touched(keys=names), lambda _: (writes, None))
    assert await backend.store.import_chunk(opened.id, 1) == writes.chunk
    assert None not in await backend.records.fetch(names)
