"""SearchIndex."""

from collections.abc import Sequence

import pytest

from identifiers.records import State
from identifiers.reverse import Pattern, Test
from identifiers.search import START, Counted, Place, Span, Wanted
from identifiers.values import Value
from identifiers.wire.handle.values import encode_values
from tests.contracts.backends import Backend
from tests.contracts.units import delete, put


def values(*texts: str) -> bytes:
    return encode_values(
        [Value(index=2000 + n, type=f"T{n}", data=text.encode()) for n, text in enumerate(texts)]
    )


async def names(backend: Backend, wanted: Wanted) -> Sequence[str]:
    await backend.project()
    page = await backend.search.page(wanted, START, 1000)
    assert page.more is None
    return [found.name.partition("/")[2] for found in page.found]


@pytest.fixture
async def mines(backend: Backend) -> Backend:
    for at, (name, text) in enumerate(
        (
            ("88.300.1/COAL-1", "长焰煤洗块煤"),
            ("88.300.1/COAL-2", "示例矿业 Long Flame"),
            ("88.300.1.5/COAL-3", "长焰煤原煤"),
            ("88.300.10/TRUCK", "重型货车"),
        )
    ):
        await put(backend.store, name, values(text, f"n{at}"), changed_at=1000 + at)
    return backend


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("焰煤",), ["COAL-1", "COAL-3"]),
        (("长焰", "原煤"), ["COAL-3"]),
        (("煤",), ["COAL-1", "COAL-3"]),
        (("long", "矿业"), ["COAL-2"]),
        (("truck",), ["TRUCK"]),
        (("t1",), []),
        (("货车长",), []),
    ],
)
async def test_words(mines: Backend, words: tuple[str, ...], expected: list[str]) -> None:
    assert await names(mines, Wanted(words=words)) == expected


async def test_fields_prefixes_times(mines: Backend) -> None:
    exactly = (Test("T1", Pattern.parse("n2")),)
    assert await names(mines, Wanted(tests=exactly)) == ["COAL-3"]
    assert await names(mines, Wanted(tests=exactly, words=("货车",))) == []
    mine = Wanted(under=frozenset({"88.300.1"}))
    assert await names(mines, mine) == ["COAL-1", "COAL-2", "COAL-3"]
    not_the_child = Wanted(under=frozenset({"88.300.1"}), barred=frozenset({"88.300.1.5"}))
    assert await names(mines, not_the_child) == ["COAL-1", "COAL-2"]
    assert await names(mines, Wanted(begins="88.300.1/COAL-2")) == ["COAL-2"]
    assert await names(mines, Wanted(changed=Span(1001, 1002))) == ["COAL-2", "COAL-3"]
    assert await names(mines, Wanted(created=Span(since=1003))) == ["TRUCK"]


async def test_what_changed_is_found_as_it_is_now(mines: Backend) -> None:
    await put(mines.store, "88.300.1/COAL-1", values("焦煤"), changed_at=2000)
    assert await names(mines, Wanted(words=("长焰煤洗",))) == []
    assert await names(mines, Wanted(words=("焦煤",))) == ["COAL-1"]
    await put(
        mines.store, "88.300.1/COAL-1", values("焦煤"), changed_at=3000, state=State.SUSPENDED
    )
    suspended = Wanted(states=frozenset({State.SUSPENDED}))
    assert await names(mines, suspended) == ["COAL-1"]
    assert await names(mines, Wanted(states=frozenset({State.ACTIVE}), words=("焦",))) == []
    page = await mines.search.page(suspended, START, 1)
    (found,) = page.found
    assert (found.version, found.state) == (3, State.SUSPENDED)
    assert (found.created_at, found.changed_at) == (1000, 3000)
    await delete(mines.store, "88.300.1/COAL-1")
    assert await names(mines, Wanted(words=("焦煤",))) == []


async def test_nothing_that_only_administrators_may_read_is_looked_through(
    backend: Backend,
) -> None:
    hidden = Value(index=1, type="NOTE", data=b"hidden", permissions=0x0C)
    await put(backend.store, "88.300.1/A", encode_values([hidden]))
    assert await names(backend, Wanted(words=("hidden",))) == []
    assert await names(backend, Wanted(tests=(Test("NOTE", Pattern.parse("*")),))) == []
    assert await names(backend, Wanted()) == ["A"]


async def test_pages_hold_everything_once(backend: Backend) -> None:
    for n in range(25):
        await put(backend.store, f"88.300.1/N{n:02}", values("x"))
    await backend.project()
    seen: list[str] = []
    place: Place | None = START
    while place is not None:
        page = await backend.search.page(Wanted(words=("x",)), place, 4)
        assert len(page.found) <= 4
        seen += [found.name for found in page.found]
        place = page.more
    assert len(seen) == len(set(seen)) == 25


async def test_counting_ends_somewhere(mines: Backend) -> None:
    await mines.project()
    coal = Wanted(words=("coal",))
    assert await mines.search.count(coal, 3) == Counted(3, exact=True)
    assert await mines.search.count(coal, 2) == Counted(2, exact=False)
    assert await mines.search.lag() == 0


async def test_by_name_nothing_is_behind(mines: Backend) -> None:
    found = await mines.search.named(["88.300.1/COAL-1", "88.300.1/NONE", "88.300.10/TRUCK"])
    assert sorted(one.key for one in found) == ["88.300.1/COAL-1", "88.300.10/TRUCK"]
    assert [one.key for one in await mines.search.names("88.300.1", "88.300.1/CO", "", 1000)] == [
        "88.300.1/COAL-1",
        "88.300.1/COAL-2",
    ]
    after = await mines.search.names("88.300.1", "88.300.1/CO", "88.300.1/COAL-1", 1)
    assert [one.key for one in after] == ["88.300.1/COAL-2"]
    assert await mines.search.names("88.300.1", "88.300.1/D", "", 1000) == []
    await delete(mines.store, "88.300.1/COAL-1")
    assert await mines.search.named(["88.300.1/COAL-1"]) == []
    assert len(await mines.search.names("88.300.1", "88.300.1/", "", 1000)) == 1
