import pytest

from identifiers.faults import Fault
from identifiers.records import State
from identifiers.values import Value
from identifiers.wire.handle.values import encode_values
from identifiers.wire.jsonfast import read_line
from identifiers.wire.jsonlines import JsonLines, write_line
from identifiers.wire.rows import Refused, Row, handle_in

LINE = b'{"handle":"88.1/a","values":[]}'


def rows(stream, size=None, **options):
    reader = JsonLines(**options)
    size = size or len(stream) or 1
    read = []
    for at in range(0, len(stream), size):
        read.extend(reader.feed(stream[at : at + size]))
    return [*read, *reader.finish()]


@pytest.mark.parametrize("size", [1, 2, 31, 32, 33, 1000])
def test_lines_have_their_numbers_and_offsets(size):
    stream = LINE + b"\n\r\n  \n" + LINE + b"\r\n" + LINE
    good = read_line(LINE)
    assert rows(stream, size) == [
        Row(1, 32, good),
        Row(4, 70, good),
        Row(5, 101, good),
    ]
    assert len(stream) == 101


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_byte_order_mark_before_the_first_line_is_no_part_of_it(size):
    stream = b"\xef\xbb\xbf" + LINE + b"\n" + LINE
    assert rows(stream, size) == [Row(1, 35, read_line(LINE)), Row(2, 66, read_line(LINE))]


def test_nothing_gives_nothing():
    assert rows(b"") == rows(b"\n\n") == rows(b" ") == []


@pytest.mark.parametrize(
    ("line", "handle", "code"),
    [
        (b'{"handle":"88.1/b","values":5}', "88.1/b", "type"),
        (b'{"handle":5,"values":[]}', "", "type"),
        (b'{"handle":"88.1/b"', "", "json.syntax"),
        (b'"\xff"', "", "utf8"),
        (b"[" * 5000, "", "json.too_deep"),
        (b"5", "", "type"),
    ],
)
def test_a_bad_line_is_a_row_by_its_name(line, handle, code):
    (bad, good) = rows(line + b"\n" + LINE)
    assert isinstance(bad.content, Refused)
    assert (bad.content.handle, bad.content.faults[0].code) == (handle, code)
    assert good.content == read_line(LINE)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_long_line_is_refused_without_being_kept(size):
    stream = LINE + b"\n" + b"x" * 200 + b"\n" + LINE + b"\n"
    first, long, last = rows(stream, size, limit=100)
    params = {"size": 200, "unit": "bytes", "limit": 100}
    assert long == Row(2, 233, Refused((Fault("too_long", params=params),)))
    assert (first.number, last.number, last.end_offset) == (1, 3, len(stream))


def test_a_long_last_line_is_refused_too():
    reader = JsonLines(limit=10)
    assert list(reader.feed(b"x" * 8)) == list(reader.feed(b"y" * 8)) == []
    (row,) = reader.finish()
    assert row.content.faults[0].params["size"] == 16
    assert list(reader.finish()) == []


def test_rows_that_were_dealt_with_are_counted():
    stream = (LINE + b"\n") * 3
    assert rows(stream, done=64) == [Row(3, 96, read_line(LINE))]
    assert rows(stream, done=96) == []


def test_a_line_reads_back():
    blob = encode_values([Value(index=1, type="T", data="煤\n".encode())])
    line = write_line("88.1/a", blob, State.RESERVED)
    assert line.count(b"\n") == 1
    (row,) = rows(line)
    assert row.content.state is State.RESERVED
    assert row.content.values[0].data == "煤\n".encode()


def test_a_document_names_its_handle_or_none():
    assert handle_in({"handle": "a/b"}) == "a/b"
    assert handle_in({"handle": 1}) == handle_in({}) == handle_in([]) == ""
