"""Blocks of the search index: what is written into one is found in it, and nothing else."""

from collections.abc import Sequence

import pytest

from identifiers.records import State
from identifiers.reverse import Pattern, Test
from identifiers.search import Span, Wanted
from identifiers.values import Reference, Value
from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle.values import encode_values
from storage.postgres import blocks
from storage.postgres.blocks import Block, Version
from storage.postgres.sieve import Sieve


def version(name: str, *values: Value, number: int = 1, **more: int) -> Version:
    fields = {"state": State.ACTIVE, "created_at": 100, "changed_at": 200} | more
    return Version(
        key=name.upper(), name=name, version=number, values=encode_values(values), **fields
    )


def text(data: str, kind: str = "URL", index: int = 1) -> Value:
    return Value(index=index, type=kind, data=data.encode())


def stored(*versions: Version) -> tuple[blocks.Row, Block]:
    row, faults = blocks.build(versions)
    assert not faults
    return row, blocks.read(7, row.entries, row.head, row.body)


def looked_for(kind: str, pattern: str) -> Wanted:
    return Wanted(tests=(Test(kind, Pattern.parse(pattern)),))


def found(wanted: Wanted, *versions: Version, first: int = 0) -> Sequence[int]:
    """Return the places of what is found, having made sure that the terms lead there."""
    row, block = stored(*versions)
    sieve = Sieve(wanted)
    picked = [place for place, _ in sieve.picked(block, first)]
    terms = {term - (1 << 32) if term >= 1 << 31 else term for term in row.terms}
    if picked:
        assert set(sieve.needed) <= terms
        assert not sieve.one_of or set(sieve.one_of) & terms
    return picked


MINES = (
    version("88.300.1/a", text("https://example.org/mine/1"), text("长焰煤", "PRODUCT", 2)),
    version("88.300.1/b", text("https://example.org/mine/12"), text("焦煤", "PRODUCT", 2)),
    version("88.300.2/c", text("https://example.org/MINE/1"), text("mine", "XURL", 2)),
)


@pytest.mark.parametrize(
    ("kind", "pattern", "places"),
    [
        ("URL", "https://example.org/mine/1", [0]),
        ("URL", "https://example.org/mine/1*", [0, 1]),
        ("URL", "*/mine/*", [0, 1]),
        ("URL", "*ne/12", [1]),
        ("URL", "*12", [1]),
        ("URL", "h*//*g/*", [0, 1, 2]),
        ("URL", "mine", []),  # there is one of type XURL
        ("URL", "*", [0, 1, 2]),
        ("PRODUCT", "*煤", [0, 1]),
        ("PRODUCT", "焦*", [1]),
        ("RODUCT", "焦煤", []),
    ],
)
def test_tests_of_values(kind: str, pattern: str, places: list[int]) -> None:
    assert found(looked_for(kind, pattern), *MINES) == places


@pytest.mark.parametrize(
    ("words", "places"),
    [
        (("焦煤",), [1]),
        (("长焰",), [0]),
        (("mine", "煤"), [0, 1]),
        (("MINE",), [0, 1, 2]),
        (("88.300.2/C",), [2]),
        (("product",), []),  # the name of a type is no text
        (("焦煤 ",), []),
        (("x",), [0, 1, 2]),
    ],
)
def test_words(words: tuple[str, ...], places: list[int]) -> None:
    assert found(Wanted(words=words), *MINES) == places


def test_names_prefixes_states_and_times() -> None:
    assert found(Wanted(begins="88.300.1/B"), *MINES) == [1]
    assert found(Wanted(under=frozenset({"88.300.2"})), *MINES) == [2]
    assert found(Wanted(under=frozenset({"88.300.2", "88.300.3"})), *MINES) == [2]
    assert found(Wanted(under=frozenset({"88.300", "88.300.3"})), *MINES) == [0, 1, 2]
    assert found(Wanted(under=frozenset({"88.30"})), *MINES) == []
    mine = Wanted(under=frozenset({"88.300", "88.300.2.1"}), barred=frozenset({"88.300.2"}))
    assert found(mine, *MINES, version("88.300.2.1/d")) == [0, 1, 3]
    old = version("88.300.1/o", state=State.SUSPENDED, created_at=1, changed_at=10)
    assert found(Wanted(states=frozenset({State.SUSPENDED})), *MINES, old) == [3]
    unusual = frozenset({State.SUSPENDED, State.REVOKED})
    assert found(Wanted(states=unusual), *MINES, old) == [3]
    assert found(Wanted(states=unusual, under=frozenset({"88.300.1"})), *MINES, old) == [3]
    assert found(Wanted(states=frozenset({State.ACTIVE})), *MINES, old) == [0, 1, 2]
    assert found(Wanted(changed=Span(until=10)), *MINES, old) == [3]
    assert found(Wanted(created=Span(since=2)), *MINES, old) == [0, 1, 2]


def test_from_a_place_on() -> None:
    assert found(Wanted(), *MINES, first=1) == [1, 2]
    assert found(looked_for("URL", "*/mine/*"), *MINES, first=1) == [1]


def test_only_what_anybody_may_read_as_a_short_text() -> None:
    hidden = version(
        "88.300.1/a",
        Value(index=1, type="URL", data=b"private", permissions=0x0C),
        Value(index=2, type="hs_seckey", data=b"secret"),
        Value(index=3, type="HS_ADMIN", data=b"admin"),
        text("y" * 1025, index=4),
        text("shown", index=5),
    )
    _, block = stored(hidden)
    assert block.body == b"\x1e88.300.1/a\x1fURL\x1dshown\x1f"


@pytest.mark.parametrize("odd", [b"\xff\xfe", b"a\x1fURL\x1dfalse", b"\0", b"\x1e"])
def test_octets_that_are_no_text_are_left_out(odd: bytes) -> None:
    strange = version("88.300.1/a", Value(index=1, type="URL", data=odd), text("good", index=2))
    _, block = stored(strange, MINES[1])
    assert block.body.startswith(b"\x1e88.300.1/a\x1fURL\x1dgood\x1f\x1e")
    assert found(looked_for("URL", "false"), strange) == []


def test_what_is_not_read_quickly_is_read_all_the_same() -> None:
    long_type = text("x", kind="T" * 300)
    referring = Value(index=1, type="URL", data=b"there", references=(Reference("88.300.1/X", 1),))
    assert found(looked_for("URL", "there"), version("88.300.1/a", referring)) == [0]
    assert found(looked_for("T" * 300, "x"), version("88.300.1/a", long_type)) == [0]
    assert found(Wanted(words=("e\x1fURL",)), version("88.300.1/e\x1fURL\x1dx")) == []
    assert found(looked_for("URL", "x"), version("88.300.1/e\x1fURL\x1dx")) == []


@pytest.mark.parametrize("values", [b"", b"\0\0\0\1x", encode_values([text("x")]) + b"x"])
def test_what_cannot_be_read_is_left_out_and_told(values: bytes) -> None:
    broken = version("88.300.1/a")._replace(values=values)
    row, faults = blocks.build([broken, MINES[1]])
    assert [(key, type(error)) for key, error in faults] == [("88.300.1/A", ProtocolError)]
    assert [entry.key for entry in blocks.heads(row.head)] == ["88.300.1/B"]
    row, _ = blocks.build([broken])
    assert row.entries == 0


def test_like_texts_cost_their_terms_once() -> None:
    one, _ = stored(version("88.300.1/a", text("https://example.org/")))
    many, _ = stored(*(version(f"88.300.1/a{n}", text("https://example.org/")) for n in range(100)))
    assert len(many.terms) < 100 * len(one.terms) / 8
