"""ReverseLookup."""

from collections.abc import Sequence

import pytest

from identifiers.records import State
from identifiers.reverse import Pattern, Search, Test
from identifiers.values import Value
from identifiers.wire.handle.values import encode_values
from tests.contracts.backends import Backend
from tests.contracts.units import delete, put

MINE = "https://example.org/mine/"


def values(**texts: str) -> bytes:
    return encode_values(
        [
            Value(index=at, type=kind, data=text.encode())
            for at, (kind, text) in enumerate(texts.items(), 1)
        ]
    )


def asked(begins: str = "", limit: int = 1000, offset: int = 0, **tests: str) -> Search:
    return Search(
        tests=tuple(Test(kind, Pattern.parse(text)) for kind, text in tests.items()),
        begins=begins,
        limit=limit,
        offset=offset,
    )


async def names(backend: Backend, search: Search) -> Sequence[str]:
    await backend.project()
    found = await backend.reverse.search(search)
    assert not hasattr(found, "most"), found
    return sorted(match.name for match in found)


async def test_by_equality(backend: Backend) -> None:
    await put(backend.store, "88.300.1/A", values(URL=f"{MINE}a"))
    await put(backend.store, "88.300.1/B", values(URL=f"{MINE}a", CHECKSUM="1"))
    await put(backend.store, "88.300.1/C", values(URL=f"{MINE}ab"))
    await put(backend.store, "88.300.1/D", values(url=f"{MINE}a"))
    assert await names(backend, asked(URL=f"{MINE}a")) == ["88.300.1/A", "88.300.1/B"]
    assert await names(backend, asked(URL=f"{MINE}a", CHECKSUM="1")) == ["88.300.1/B"]
    assert await names(backend, asked(URL=f"{MINE}A")) == []


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("https://*", "ABC"),
        (f"{MINE}*", "AB"),
        ("*.pdf", "BC"),
        ("*mine*", "AB"),
        ("*矿山*", "C"),
        ("https://*/a*", "A"),
        ("*", "ABCD"),
        ("*_*", "D"),
        ("*%", "D"),
        ("*\\*", "D"),
        ("**e*g**", "ABC"),
        ("a*", ""),
        ("*a", ""),
    ],
)
async def test_by_pattern(backend: Backend, pattern: str, found: str) -> None:
    texts = {
        "A": f"{MINE}a?x=1",
        "B": f"{MINE}b.pdf",
        "C": "https://example.org/矿山.pdf",
        "D": "C:\\under_way%",
    }
    for name, text in texts.items():
        await put(backend.store, f"88.300.1/{name}", values(URL=text, NOTE=text))
    expected = [f"88.300.1/{name}" for name in found]
    assert await names(backend, asked(URL=pattern)) == expected
    assert await names(backend, asked(URL=pattern, NOTE="*")) == expected


async def test_what_is_gone_changed_or_not_active_is_not_found(backend: Backend) -> None:
    for name in "ABC":
        await put(backend.store, f"88.300.1/{name}", values(URL="here"))
    assert len(await names(backend, asked(URL="here"))) == 3
    await delete(backend.store, "88.300.1/A")
    await put(backend.store, "88.300.1/B", values(URL="there"))
    await put(backend.store, "88.300.1/C", values(URL="here"), state=State.SUSPENDED)
    assert await names(backend, asked(URL="here")) == []
    assert await names(backend, asked(URL="there")) == ["88.300.1/B"]
    await put(backend.store, "88.300.1/A", values(URL="here"), name="88.300.1/a")
    assert await names(backend, asked(URL="here")) == ["88.300.1/a"]
    await put(backend.store, "88.300.1/A", values(URL="here"))
    assert await names(backend, asked(URL="here")) == ["88.300.1/A"]


async def test_only_what_anybody_may_read_as_a_short_text(backend: Backend) -> None:
    hidden = encode_values(
        [
            Value(index=1, type="URL", data=b"private", permissions=0x0C),
            Value(index=2, type="hs_seckey", data=b"secret"),
            Value(index=3, type="HS_ADMIN", data=b"text"),
            Value(index=4, type="URL", data=b"\xff\xfe"),
            Value(index=5, type="URL", data=b"x" * 1025),
            Value(index=6, type="URL", data=b"y" * 1024),
        ]
    )
    await put(backend.store, "88.300.1/A", hidden)
    for tests in ({"URL": "private"}, {"hs_seckey": "*"}, {"HS_ADMIN": "*"}, {"URL": "x*"}):
        assert await names(backend, asked(**tests)) == []
    assert await names(backend, asked(URL="*")) == ["88.300.1/A"]


async def test_each_once_however_many_values_fit(backend: Backend) -> None:
    several = [Value(index=n, type="URL", data=f"{MINE}{n % 3}".encode()) for n in range(1, 7)]
    await put(backend.store, "88.300.1/A", encode_values(several))
    for pattern in (f"{MINE}*", "*mine*", "*"):
        assert await names(backend, asked(URL=pattern)) == ["88.300.1/A"]


async def test_pages_hold_everything_once(backend: Backend) -> None:
    for n in range(25):
        await put(backend.store, f"88.300.1/N{n}", values(URL=f"{MINE}{n % 5}"))
    seen = []
    for page in range(4):
        seen += await names(backend, asked(limit=10, offset=page * 10, URL=f"{MINE}*"))
    assert sorted(seen) == sorted(f"88.300.1/N{n}" for n in range(25))


async def test_below_a_beginning_of_the_handle(backend: Backend) -> None:
    for name in ("88.300.1/A", "88.300.10/A", "88.300.2/A"):
        await put(backend.store, name, values(URL=MINE))
    assert await names(backend, asked("88.300.1", URL=MINE)) == ["88.300.1/A", "88.300.10/A"]
    assert await names(backend, asked("88.300.1/", URL="*")) == ["88.300.1/A"]
