"""RegistryStore.write, record and page, and RecordSource.fetch."""

import asyncio

import pytest

from identifiers.changes import ChangeKind, Current, Touched, Writes
from identifiers.records import EMPTY_VALUES, PAGE_BYTES, Record, State
from tests.contracts.backends import Backend
from tests.contracts.units import AUDIT, delete, next_version, put, put_all, record, written

KEY = "88.300.1/COAL-0001"


async def test_a_write_is_read_back_as_it_was(backend: Backend) -> None:
    given = Record(
        key="88.300.1/ABC",
        name="88.300.1/abc",
        version=1,
        state=State.SUSPENDED,
        values=bytes(range(256)),
        changed_at=1_700_000_001,
        reason="暂停: 质量核查",
        template="coal/batch@3",
    )
    result = await backend.store.write(
        Touched(keys=(given.key,)),
        lambda _: (Writes(records=(written(given),), audit=(AUDIT,)), "done"),
    )
    assert result == "done"
    assert await backend.store.record(given.key) == given
    assert await backend.records.fetch([given.key]) == [given]
    assert await backend.past.changes() == [
        (written(given).change, given.key, 1, ChangeKind.CREATED)
    ]
    assert await backend.past.audited() == [AUDIT]
    assert await backend.past.history() == []


async def test_many_new_records_are_read_back_as_they_were(backend: Backend) -> None:
    given = [
        record(
            f"88.300.{n % 3}/名称{n}",
            values=bytes([n]) * n,
            name=f"88.300.{n % 3}/名称{n}{'é' * (n % 2)}",
            state=list(State)[n % 4],
            changed_at=1_700_000_000 + n // 9,
            reason="暂停" * (n % 5),
            template=[None, "", "coal/batch@3"][n % 3],
        )
        for n in range(200)
    ]
    units = [written(each, list(ChangeKind)[n % 4]) for n, each in enumerate(given)]
    keys = tuple(each.key for each in given)
    await backend.store.write(Touched(keys=keys), lambda _: (Writes(records=tuple(units)), None))
    assert await backend.records.fetch(keys) == given
    assert await backend.past.changes() == [(w.change, w.record.key, 1, w.kind) for w in units]


async def test_decide_sees_what_is_stored_and_only_of_what_is_touched(backend: Backend) -> None:
    await put(backend.store, KEY)
    await put(backend.store, "88.300.1/OTHER")
    seen: list[Current] = []

    def decide(current: Current) -> tuple[Writes, None]:
        seen.append(current)
        return Writes(), None

    await backend.store.write(Touched(keys=(KEY, "88.300.1/NONE")), decide)
    assert seen == [Current({KEY: record(KEY)}, {})]


async def test_prefixes_that_have_records_are_found_one_by_one(backend: Backend) -> None:
    for prefix in ("88.300.1", "88.300.1.2", "88.300.1.10", "88.300.1.2.3", "88.300.12", "88.300"):
        await put(backend.store, f"{prefix}/A")
        await put(backend.store, f"{prefix}/B")
    found, after = [], "88.300.1"
    while (following := await backend.store.next_prefix("88.300.1", after)) is not None:
        found.append(following)
        after = following
    assert found == ["88.300.1.10", "88.300.1.2", "88.300.1.2.3"]
    assert await backend.store.next_prefix("88.301", "88.301") is None


async def test_replaced_versions_are_kept(backend: Backend) -> None:
    for values in (b"\0\0\0\1a", b"\0\0\0\1b", b"\0\0\0\1c"):
        await put(backend.store, KEY, values)
    await delete(backend.store, KEY)
    kept = await backend.past.history()
    assert [(r.version, r.values) for r in kept] == [
        (1, b"\0\0\0\1a"),
        (2, b"\0\0\0\1b"),
        (3, b"\0\0\0\1c"),
    ]
    assert [change[2:] for change in await backend.past.changes()] == [
        (1, ChangeKind.CREATED),
        (2, ChangeKind.UPDATED),
        (3, ChangeKind.UPDATED),
        (4, ChangeKind.DELETED),
    ]


async def test_versions_go_on_rising_through_delete_and_create(backend: Backend) -> None:
    await put(backend.store, KEY)
    await delete(backend.store, KEY)
    gone = await backend.store.record(KEY)
    assert gone is not None
    assert (gone.version, gone.state, gone.values) == (2, State.DELETED, EMPTY_VALUES)
    assert await put(backend.store, KEY) == 3


async def test_concurrent_writers_lose_no_update(backend: Backend) -> None:
    async def writer(name: int) -> list[int]:
        return [await put(backend.store, KEY, b"\0\0\0\1%d" % name) for _ in range(20)]

    versions = await asyncio.gather(*(writer(name) for name in range(8)))
    assert sorted(v for ours in versions for v in ours) == list(range(1, 161))
    assert all(ours == sorted(ours) for ours in versions)
    assert [change[2] for change in await backend.past.changes()] == list(range(1, 161))


async def test_units_over_the_same_names_in_any_order_do_not_block_each_other(
    backend: Backend,
) -> None:
    names = [f"88.300.{n % 3}/N{n}" for n in range(40)]

    async def writer(step: int) -> None:
        mine = tuple(names[(i * step) % 40] for i in range(39))  # 39 of them, in an order of ours
        for _ in range(5):
            await put_all(backend.store, mine)

    await asyncio.gather(*(writer(step) for step in (1, 3, 7, 9, 11)))
    found = await backend.records.fetch(names)
    assert sum(r.version for r in found if r is not None) == 5 * 5 * 39


async def test_many_and_few_exclude_each_other(backend: Backend) -> None:
    many = tuple(f"88.300.1/M{n}" for n in range(300))
    units = [put_all(backend.store, many) for _ in range(3)]
    singles = [put(backend.store, many[n]) for n in (0, 150, 299) for _ in range(4)]
    await asyncio.gather(*units, *singles)
    found = await backend.records.fetch(many)
    assert [r.version for r in found if r is not None] == [
        7 if n in {0, 150, 299} else 3 for n in range(300)
    ]


async def test_a_unit_under_very_many_prefixes(backend: Backend) -> None:
    names = tuple(f"88.300.1.{n}/X" for n in range(5000))
    await put_all(backend.store, names)
    assert [r.key for r in await backend.records.fetch(names) if r is not None] == list(names)


async def test_what_decide_raises_comes_out_and_nothing_is_written(backend: Backend) -> None:
    class Refused(Exception):
        pass

    def decide(_: Current) -> tuple[Writes, None]:
        raise Refused

    with pytest.raises(Refused):
        await backend.store.write(Touched(keys=(KEY,)), decide)
    assert await backend.store.record(KEY) is None
    assert await put(backend.store, KEY) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param((record(KEY, 2),), id="skips a version"),
        pytest.param((record(KEY, 0),), id="version 0"),
        pytest.param((record("88.300.1/UNTOUCHED"),), id="not touched"),
        pytest.param((record(KEY), record(KEY, 2)), id="twice"),
    ],
)
async def test_a_wrong_decision_is_refused_whole(
    backend: Backend, wrong: tuple[Record, ...]
) -> None:
    touched = Touched(keys=(KEY, "88.300.1/RIGHT"))
    records = (written(record("88.300.1/RIGHT")), *map(written, wrong))
    with pytest.raises(ValueError, match="88"):
        await backend.store.write(touched, lambda _: (Writes(records=records), None))
    assert await backend.records.fetch(touched.keys) == [None, None]
    assert await backend.past.changes() == []


@pytest.mark.parametrize("bad", ["88.300.1/a\0b", "88.300.1/\ud800"])
async def test_text_that_cannot_be_stored_is_a_mistake_of_the_caller(
    backend: Backend, bad: str
) -> None:
    with pytest.raises(ValueError, match=r"."):
        await put(backend.store, bad)
    with pytest.raises(ValueError, match=r"."):
        await put(backend.store, KEY, reason=bad)
    with pytest.raises(ValueError, match=r"."):
        await backend.store.page("88.300.1", bad, 10)
    assert await put(backend.store, KEY) == 1


async def test_fetch_keeps_the_order_and_takes_repetitions(backend: Backend) -> None:
    for key in ("88.300.1/A", "88.300.2/B", "0.NA/88.300.1"):
        await put(backend.store, key)
    asked = ["88.300.2/B", "88.300.1/NONE", "0.NA/88.300.1", "88.300.1/A", "88.300.2/B"]
    found = await backend.records.fetch(asked)
    assert [r and r.key for r in found] == [
        "88.300.2/B",
        None,
        "0.NA/88.300.1",
        "88.300.1/A",
        "88.300.2/B",
    ]
    assert await backend.records.fetch([]) == []


async def test_names_differ_by_their_octets_only(backend: Backend) -> None:
    names = ("88.300.1/é", "88.300.1/e\u0301", "88.300.1/E", "88.300.1/e", "88.300.1/e ")
    await put_all(backend.store, names)
    found = await backend.records.fetch(names)
    assert [r and r.key for r in found] == list(names)


async def test_pages_follow_each_other_without_gap_or_repetition(backend: Backend) -> None:
    under = [f"88.300.1/{name}" for name in ("a", "B", "é", "中", "𝄞", "~", "/", "0", "00", " ")]
    await put_all(backend.store, (*under, "88.300.10/a", "88.300.1.1/a", "88.300/a"))
    pages, after = [], ""
    while page := await backend.store.page("88.300.1", after, 3):
        pages.append([r.key for r in page])
        after = page[-1].key
    assert [len(page) for page in pages] == [3, 3, 3, 1]
    assert [key for page in pages for key in page] == sorted(under, key=str.encode)


async def test_a_page_ends_with_so_many_octets(backend: Backend) -> None:
    """Just before the bound one more is read; at the bound none."""
    half = bytes(PAGE_BYTES // 2)
    for name, values in (("A", half[:-1]), ("B", half), ("C", half), ("D", half), ("E", half)):
        await put(backend.store, f"88.300.1/{name}", values)
    pages, after = [], ""
    while page := await backend.store.page("88.300.1", after, 1000):
        pages.append("".join(r.key[-1] for r in page))
        after = page[-1].key
    assert pages == ["ABC", "DE"]


async def test_pages_leave_deleted_ones_out(backend: Backend) -> None:
    names = tuple(f"88.300.1/N{n}" for n in range(6))
    await put_all(backend.store, names)
    for key in (names[0], names[3]):
        await delete(backend.store, key)
    page = await backend.store.page("88.300.1", "", 3)
    assert [r.key for r in page] == [names[1], names[2], names[4]]
    assert await backend.store.page("88.300.1", names[4], 1000) == [record(names[5])]
    assert await backend.store.page("88.300.2", "", 10) == []


async def test_counting_is_what_all_pages_hold(backend: Backend) -> None:
    await put_all(backend.store, ("88.300.1/A", "88.300.1/B", "88.300.10/A"))
    assert await backend.store.count("88.300.1") == 2
    await delete(backend.store, "88.300.1/A")
    assert await backend.store.count("88.300.1") == 1
    assert await backend.store.count("88.300.2") == 0


async def test_a_big_record(backend: Backend) -> None:
    values = bytes(range(256)) * 800
    await put(backend.store, KEY, values)
    stored = await backend.store.record(KEY)
    assert stored is not None
    assert stored.values == values


async def test_bulk_of_new_and_known_names(backend: Backend) -> None:
    names = tuple(f"88.300.1/N{n:04}" for n in range(1000))
    await put_all(backend.store, names[:500])
    await put_all(backend.store, names)
    found = await backend.records.fetch(names)
    assert [r.version for r in found if r is not None] == [2] * 500 + [1] * 500
    assert len(await backend.past.history()) == 500
    assert len(await backend.past.changes()) == 1500
    assert await backend.past.audited() == [AUDIT, AUDIT]


async def test_the_result_is_given_when_nothing_is_written(backend: Backend) -> None:
    assert await backend.store.write(Touched(), lambda _: (Writes(), 42)) == 42
    assert await backend.store.write(Touched(keys=(KEY,)), lambda _: (Writes(), 43)) == 43


async def test_a_next_version_is_decided_under_the_lock(backend: Backend) -> None:
    await put(backend.store, KEY)
    results = await asyncio.gather(
        *(backend.store.write(Touched(keys=(KEY,)), next_version(KEY)) for _ in range(10))
    )
    assert sorted(results) == list(range(2, 12))
