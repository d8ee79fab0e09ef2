"""What a reverse look-up finds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identifiers.records import Record, State
from identifiers.reverse import Pattern, Search, Test, fits_all, searchable
from identifiers.values import Value
from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle.values import encode_values


def record(*values: Value, state: State = State.ACTIVE) -> Record:
    return Record(
        key="88.300.1/A",
        name="88.300.1/A",
        version=1,
        state=state,
        values=encode_values(values),
        changed_at=0,
    )


def url(data: bytes, index: int = 1, **more: object) -> Value:
    return Value(index=index, type="URL", data=data, **more)  # type: ignore[arg-type]


def test_public_short_text_is_searchable() -> None:
    found = record(
        url(b"a"),
        url(b"a", 2),
        url(b"b", 3, permissions=0x0C),
        url(b"\xff", 4),
        url(b"c" * 1025, 5),
        Value(index=6, type="hs_secKey", data=b"secret"),
        Value(index=7, type="HS_VLIST", data=b"text"),
        Value(index=8, type="url", data=b"a"),
    )
    assert searchable(found) == (("URL", "a"), ("url", "a"))


@pytest.mark.parametrize("state", [s for s in State if s is not State.ACTIVE])
def test_only_active_identifiers(state: State) -> None:
    assert searchable(record(url(b"a"), state=state)) == ()


def test_unreadable_values_are_an_error() -> None:
    broken = Record(
        key="88.300.1/A",
        name="88.300.1/A",
        version=1,
        state=State.ACTIVE,
        values=b"\0\0\0\1x",
        changed_at=0,
    )
    with pytest.raises(ProtocolError):
        searchable(broken)


@pytest.mark.parametrize(
    ("pattern", "pieces", "exact"),
    [("", ("",), True), ("a", ("a",), True), ("a**b*", ("a", "b", ""), False), ("*", ("", ""), 0)],
)
def test_patterns(pattern: str, pieces: tuple[str, ...], exact: bool) -> None:  # noqa: FBT001
    parsed = Pattern.parse(pattern)
    assert (parsed.pieces, parsed.exact, parsed.head) == (pieces, exact, pieces[0])


@given(st.lists(st.text("ab.*\n", max_size=4), min_size=1, max_size=4), st.text("ab\n"))
def test_a_text_with_something_between_the_pieces_fits(pieces: list[str], between: str) -> None:
    literal = [piece.replace("*", "") for piece in pieces]
    assert Pattern.parse("*".join(literal)).fits(
        between.join(literal) if literal[1:] else literal[0]
    )


def test_case_and_whole_text_matter() -> None:
    assert not Pattern.parse("a").fits("A")
    assert not Pattern.parse("a").fits("ab")
    assert not Pattern.parse("a.c").fits("abc")


def test_every_test_must_hold() -> None:
    found = record(url(b"abc"), Value(index=2, type="NOTE", data=b"n"))

    def fits(begins: str = "", **tests: str) -> bool:
        wanted = tuple(Test(k, Pattern.parse(t)) for k, t in tests.items())
        return fits_all(Search(tests=wanted, begins=begins), found)

    assert fits(URL="a*", NOTE="n")
    assert not fits(URL="a*", NOTE="m")
    assert not fits(NOTES="n")
    assert fits("88.300.1", NOTE="*")
    assert not fits("88.300.2", NOTE="*")
