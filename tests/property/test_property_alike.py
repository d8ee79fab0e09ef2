"""Lines alike are judged as each of them is by itself, whatever stands in their places."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from identifiers.wire.jsonlines import JsonLines
from registry.reading import alike
from registry.reading.alike import SHAPES, TRIES, AlikeLines
from registry.reading.judging import Good, judged

NOW = 1_700_000_000

VALUES = (
    b'{"index":%d,"type":"URL","data":{"format":"string","value":"%b"},"ttl":60}',
    b'{"index":%d,"type":"URL","data":{"value":"%b","format":"string"}}',
    b'{ "index" : %d, "data" : "%b", "type" : "T", "permissions" : "1100" }',
    b'{"index":%d,"type":"T","data":"%b","timestamp":"2024-01-01T00:00:00Z","ttl":0}',
    b'{"index":%d,"type":"data","data":{"format":"hex","value":"%b"}}',
    b'{"index":%d,"type":"value","data":{"format":"base64","value":"%b"}}',
    b'{"index":%d,"type":"HS_SECKEY","data":"%b"}',
    b'{"index":%d,"type":"T","data":{"format":"admin","value":{"handle":"%b","index":1,"permissions":"1"}}}',
    b'{"index":%d,"type":"T","data":"a","data":"%b"}',
    b'{"index":%d,"type":"T","data":{"format":"string","value":"%b","value":"b"}}',
    b'{"index":%d,"type":"%b","data":"x"}',
    b'{"index":%d,"type":"T","data":"%b","references":[{"handle":"88.1/x","index":1}]}',
)
RECORDS = (
    b'{"handle":"%b","values":[%b]}',
    b'{"handle":"%b","values":[%b],"state":"reserved"}\r',
    b' {"values":[%b], "handle":"%b"}',
    b'{"handle":"88.1/twice","handle":"%b","values":[%b]}',
    b'{"handle":"%b","values":[%b],"data":"x"}',
    b'{"handle":"%b","values":[%b]',
)
plain = st.text(
    st.characters(exclude_characters='"\\', exclude_categories=["Cs", "Cc"]), max_size=9
)
texts = st.one_of(
    plain.map(str.encode),
    st.sampled_from([b"", b"616263", b"YWJj", b"0" * 1023, b"0" * 1024, b"x" * 65537]),
    st.sampled_from([rb"\"", rb"\\", rb"\u0000", rb"\u4e2d", rb"\ud800", b"\0", b"\t", b"\x1f"]),
    st.sampled_from([b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b'","ttl":1,"type":"', b'"', b"\x7f"]),
)
names = st.one_of(
    st.builds("88.{}/{}".format, st.integers(0, 9), plain).map(str.encode),
    st.sampled_from([b"88.x/y", b"0.na/88.1", b"88.1/" + b"x" * 255, b"88.1/" + b"x" * 256]),
    st.sampled_from([b"88.1", b"88.1/", b"88..1/x", b"/x", b"88.1/a/b ", b"8_8/x"]),
    st.sampled_from([b"9" * 513 + b"/x", b"9" * 1023 + b"/x", "88.1/é".encode(), b"88.1/\\n"]),
)


@st.composite
def bodies(draw):
    """Lines of a few kinds, each kind several times with other texts in its places."""
    kinds = draw(
        st.lists(
            st.tuples(
                st.sampled_from(RECORDS),
                st.lists(st.tuples(st.sampled_from(VALUES), st.integers(0, 3)), max_size=3),
            ),
            min_size=1,
            max_size=3,
        )
    )
    lines = []
    for record, values in draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=8)):
        inner = b",".join(value % (index, draw(texts)) for value, index in values)
        name = draw(names)
        ordered = (inner, name) if record.startswith(b" ") else (name, inner)
        lines.append(record % ordered)
    return b"\n".join(lines)


def alone(body, at=NOW):
    reader = JsonLines()
    return [judged(row, at) for row in [*reader.feed(body), *reader.finish()]]


def together(body, at=NOW):
    reader = AlikeLines(0)
    return [*reader.feed(body, at), *reader.finish(at)]


def line(name, *data):
    return RECORDS[0] % (name, b",".join(VALUES[0] % (n, d) for n, d in enumerate(data, 1)))


@settings(max_examples=600, deadline=None)
@given(bodies())
@example(b"\n".join(RECORDS[0] % (b"88.1/%d" % n, VALUES[4] % (1, b"")) for n in (1, 2)))
@example(b"\n".join([line(b"88.1/a", b"x"), line(b"88.1/b", b"\xff"), line(b"88.1/c", b'"')]))
def test_a_line_like_another_is_judged_as_it_would_be_alone(body):
    assert together(body) == alone(body)


def test_what_is_too_long_is_judged_the_long_way():
    names = (b"88.1/a", b"9" * 1023 + b"/x", b"88.1/b", b"88.1/c" * 200_000, b"88.1/d")
    body = b"\n".join(line(name, b"x") for name in names)
    rows = together(body)
    assert rows == alone(body)
    assert [isinstance(row, Good) for row in rows] == [True, False, True, False, True]


def test_what_is_alike_is_judged_the_long_way_once(monkeypatch):
    body = b"\n".join(line(b"88.1/%d" % n, b"a%d" % n, b"b") for n in range(50))
    expected = alone(body)
    judgements = []

    def counted(row, at):
        judgements.append(row)
        return judged(row, at)

    monkeypatch.setattr(alike, "judged", counted)
    assert together(body) == expected
    assert len(judgements) == 2, "the first line, and the one with other texts that proves it"


def test_values_are_of_the_time_at_which_their_line_came():
    reader = AlikeLines(0)
    first, second = line(b"88.1/a", b"x") + b"\n", line(b"88.1/b", b"y") + b"\n"
    rows = [row for at in (NOW, NOW + 1) for row in reader.feed(first + second, at)]
    assert rows[2:] == [
        Good(n + 2, len(first) + r.end + len(second), *rest(r))
        for n, r in enumerate(alone(first + second, NOW + 1), 1)
    ]


def rest(row):
    return row.given, row.prefix, row.values, row.state, row.plain, row.at, row.leaf


def test_no_more_shapes_are_made_of_a_body_than_it_may_have(monkeypatch):
    made = []

    class Counted(alike.Shape):
        def __init__(self, *arguments):
            made.append(arguments)
            super().__init__(*arguments)

    monkeypatch.setattr(alike, "Shape", Counted)
    body = b"\n".join(line(b"88.1/a", *[b"x"] * n) for n in range(1, 2 * SHAPES)) + b"\n"
    assert together(body * 2) == alone(body * 2)
    assert len(made) == SHAPES


def test_no_more_lines_are_looked_at_for_a_shape_than_may_be(monkeypatch):
    looked = []
    monkeypatch.setattr(alike.Shape, "of", lambda *line: looked.append(line))
    body = b"\n".join(line(b"88.1/%d" % n, b"x") for n in range(2 * TRIES))
    assert together(body) == alone(body)
    assert len(looked) == TRIES
