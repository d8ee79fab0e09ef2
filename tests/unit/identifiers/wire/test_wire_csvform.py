import pytest

from identifiers.faults import Invalid
from identifiers.records import State
from identifiers.submissions import Submission
from identifiers.values import Reference, Value
from identifiers.wire.csvform import Column, CsvRows, CsvTable, columns_of
from identifiers.wire.handle.values import encode_values
from identifiers.wire.rows import FramingLost, Refused, Row


def rows(text, size=None, **options):
    stream = text.encode() if isinstance(text, str) else text
    reader, read = CsvRows(**options), []
    size = size or len(stream) or 1
    for at in range(0, len(stream), size):
        read.extend(reader.feed(stream[at : at + size]))
    return [*read, *reader.finish()]


def value(index, kind, text, ttl=86400):
    return Value(index=index, type=kind, data=text.encode(), ttl=ttl)


def columns(header):
    """Return the values that a row of x gives under a header of value columns."""
    cells = ",".join("x" * len(header))
    (row,) = rows(f"handle,{','.join(header)}\n88.1/a,{cells}\n")
    return [(v.index, v.type) for v in row.content.values]


def faults(text):
    (row,) = rows(text)
    assert isinstance(row.content, Refused)
    return [(fault.pointer, fault.code) for fault in row.content.faults]


def lost(text, **options):
    with pytest.raises(FramingLost) as caught:
        rows(text, **options)
    for fault in caught.value.faults:
        assert fault.detail("zh")
    return caught.value


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_rows_become_identifiers(size, mark):
    text = (
        f"{mark}handle,ttl,template,URL,2000:产品\r\n"
        '88.1/a,60,,"http://x,y","a ""b""\r\n\r\nc"\r\n'
        "\r\n"
        "88.1/b,,,u,\n"
        "88.1/c,,,,"
    )
    first = Submission(
        "88.1/a", (value(1, "URL", "http://x,y", 60), value(2000, "产品", 'a "b"\r\n\r\nc', 60))
    )
    size_of = len(text.encode())
    assert rows(text, size) == [
        Row(2, size_of - 24, first),
        Row(6, size_of - 10, Submission("88.1/b", (value(1, "URL", "u"),))),
        Row(7, size_of, Submission("88.1/c", ())),
    ]


def test_columns_without_an_index_take_the_free_ones():
    assert columns(["URL", "EMAIL"]) == [(1, "URL"), (2, "EMAIL")]
    assert columns(["URL", "1:EMAIL", "T", "3:X"]) == [(2, "URL"), (1, "EMAIL"), (4, "T"), (3, "X")]
    assert columns(["1:URL", "1:EMAIL"]) == [(1, "URL"), (1, "EMAIL")]
    assert columns(["x:URL", "12345678901:T"]) == [(1, "x:URL"), (2, "12345678901:T")]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("88.1/a,x", [("/ttl", "range")]),
        ("88.1/a,-1", [("/ttl", "range")]),
        ("88.1/a,2147483648", [("/ttl", "range")]),
        (",1", [("/handle", "required")]),
        (",x", [("/handle", "required"), ("/ttl", "range")]),
        ("88.1/a", [("", "csv.cells")]),
        ("88.1/a,1,2", [("", "csv.cells")]),
        ('"88.1/a"x,1', [("", "csv.syntax")]),
        ("88.1/a,1\r2", [("", "csv.syntax")]),
        ("88.1/a\0,1", [("", "nul")]),
    ],
)
def test_a_bad_row_is_a_row(row, expected):
    assert faults(f"handle,ttl\n{row}\n") == expected


def test_a_row_of_too_few_cells_is_known_by_its_handle_if_that_is_there():
    short, none = rows("ttl,handle,T\n1,88.1/a\n1\n")
    assert (short.content.handle, none.content.handle) == ("88.1/a", "")
    (cut,) = rows('handle,T\n88.1/b,"x"y"\n')
    assert cut.content.faults[0].detail("zh") == "不是有效的 CSV：右引号之后应为逗号"


def test_rows_know_their_name_and_place():
    bad, odd, good = rows('handle,ttl,T\n88.1/a,t,x\n88.1/b,,5" pipe\n88.1/c,,y\n')
    assert (bad.number, bad.content.handle) == (2, "88.1/a")
    assert [fault.code for fault in bad.content.faults] == ["range"]
    assert odd.content.values[0].data == b'5" pipe'
    assert (good.number, good.content.handle) == (4, "88.1/c")


def test_the_last_row_may_end_with_an_empty_cell():
    (row,) = rows('handle,T\n"88.1/a",')
    assert row.content == Submission("88.1/a", ())


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_tables_in_gb18030(size, mark):
    """Second octets of GBK may be letters and ``|``, those of four octets digits."""
    text = f'{mark}handle,产品\r\n88.1/a,洗精煤丂亊\r\n88.1/b,"镕𠮷,\n㐀""€"\r\n'
    first, second = rows(text.encode("gb18030"), size, encoding="gb18030")
    assert first.content == Submission("88.1/a", (value(1, "产品", "洗精煤丂亊"),))
    assert second.content == Submission("88.1/b", (value(1, "产品", '镕𠮷,\n㐀"€'),))
    assert (second.number, second.end_offset) == (3, len(text.encode("gb18030")))


def test_a_row_that_is_no_gb18030():
    table = "handle,T\n88.1/a,煤\n".encode("gb18030") + b"88.1/b,\xff\n88.1/c,\n"
    good, bad, other = rows(table, encoding="gb18030")
    assert [fault.code for fault in bad.content.faults] == ["gb18030"]
    assert good.content.values[0].data == "煤".encode()
    assert other.content == Submission("88.1/c", ())


def test_gb18030_that_is_not_said_is_told_once():
    ascii_rows = b"handle,T\n88.1/a,x\n"
    reader, read = CsvRows(), []
    with pytest.raises(FramingLost) as caught:
        read.extend(reader.feed(ascii_rows + "88.1/b,洗精煤\n88.1/c,煤\n".encode("gbk")))
    assert [fault.code for fault in caught.value.faults] == ["csv.gb18030"]
    assert "--encoding" in caught.value.faults[0].detail("zh")
    assert (caught.value.number, caught.value.end_offset) == (3, len(ascii_rows))
    header = lost("handle,产品\n".encode("gbk"))
    assert [fault.code for fault in header.faults] == ["csv.gb18030"]


def test_what_was_utf8_once_is_not_taken_for_gb18030():
    good, bad = rows("handle,T\n88.1/a,煤\n".encode() + "88.1/b,洗精煤\n".encode("gbk"))
    assert good.content.values[0].data == "煤".encode()
    assert [fault.code for fault in bad.content.faults] == ["utf8"]


def test_a_row_that_is_no_utf8():
    (row,) = rows(b"handle\n88.1/\xff\n")
    assert [fault.code for fault in row.content.faults] == ["utf8"]


def test_rows_that_were_dealt_with_are_counted():
    text = "handle\n88.1/a\n88.1/b\n"
    assert [row.number for row in rows(text, done=14)] == [3]
    assert rows(text, done=21) == []


@pytest.mark.parametrize(
    ("header", "codes"),
    [
        ("", ["csv.syntax"]),
        ("URL\n", ["csv.no_handle"]),
        ("handle,handle\n", ["csv.twice"]),
        ("handle,,0:T,4294967296:T\n", ["empty", "range", "range"]),
        ("handle,100:hs_admin\n", ["csv.structured"]),
        ('handle,"a"b\n', ["csv.syntax"]),
        ("\n", ["csv.no_handle"]),
    ],
)
def test_without_a_header_nothing_is_read(header, codes):
    error = lost(header)
    assert [fault.code for fault in error.faults] == codes
    assert (error.number, error.end_offset) == (1, 0)


def test_quotes_that_never_close_lose_the_rows():
    error = lost('handle,T\n88.1/a,x\n88.1/b,"x\ny\n')
    assert (error.number, error.end_offset) == (3, 18)
    assert "quotes" in error.faults[0].detail()
    assert "quotes" in lost('handle,T\n88.1/b,"x""').faults[0].detail()


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize("row", ["x" * 100, '"' + "x\n" * 50])
def test_a_long_row_loses_the_rows(size, row):
    assert "more than 50" in lost(f"handle\n{row}", size=size, limit=50).faults[0].detail()


def test_a_table_is_written_and_reads_back():
    blob = encode_values([value(1, "URL", "a,b"), value(2000, "产品", 'x"\r\n\ry')])
    table = CsvTable([*columns_of(blob), Column(3, "T")])
    text = table.header() + table.row("88.1/a", blob) + table.row("88.1/b", encode_values([]))
    assert text.startswith("handle,ttl,1:URL,2000:产品,3:T\r\n".encode())
    first, second = rows(text)
    assert encode_values(first.content.values) == blob
    assert second.content == Submission("88.1/b", ())


PLAIN = value(1, "T", "x")


@pytest.mark.parametrize(
    "values",
    [
        [Value(index=1, type="T", data=b"\xff")],
        [Value(index=1, type="T", data=b"a\0")],
        [Value(index=1, type="T", data=b"")],
        [Value(index=1, type="HS_ADMIN", data=b"x")],
        [Value(index=1, type="T", data=b"x", permissions=0x0C)],
        [Value(index=1, type="T", data=b"x", absolute=True)],
        [Value(index=1, type="T", data=b"x", references=(Reference("a/b", 1),))],
        [PLAIN, value(2, "T", "y", ttl=5)],
    ],
)
def test_what_a_table_cannot_hold_is_not_written(values):
    blob = encode_values(values)
    with pytest.raises(Invalid) as caught:
        CsvTable(columns_of(blob)).row("88.1/a", blob)
    assert [fault.code for fault in caught.value.faults] == ["csv.lossy"]


def test_values_without_a_column_and_other_states_are_not_written():
    blob = encode_values([PLAIN])
    with pytest.raises(Invalid):
        CsvTable([Column(2, "T")]).row("88.1/a", blob)
    with pytest.raises(Invalid):
        CsvTable(columns_of(blob)).row("88.1/a", blob, State.RESERVED)


def test_a_type_that_only_looks_like_one_of_structure_is_a_column_like_others():
    """Only ASCII letters have two cases: to Python this is HS_SITE in upper case."""
    (row,) = rows("handle,1:HS_\u017fITE\n88.1/a,x\n".encode())
    assert [value.type for value in row.content.values] == ["HS_\u017fITE"]


def test_on_a_row_with_a_template_columns_without_an_index_are_attributes():
    told, plain, bare = rows(
        "handle,ttl,template,NO,7:URL,ASH\n"
        "88.1/a,60,t,B1,https://a.example,\n"
        "88.1/b,,,B1,u,7\n"
        "88.1/c,,t,,,\n"
    )
    assert told.content == Submission(
        "88.1/a",
        (value(7, "URL", "https://a.example", ttl=60),),
        template="t",
        attributes={"NO": "B1"},
        ttl=60,
    )
    values = (value(1, "NO", "B1"), value(7, "URL", "u"), value(2, "ASH", "7"))
    assert plain.content == Submission("88.1/b", values)
    assert bare.content == Submission("88.1/c", (), template="t", attributes={})


def test_an_attribute_has_one_column():
    bad, good = rows("handle,template,NO,NO\n88.1/a,t,1,2\n88.1/b,,1,2\n")
    assert [(f.pointer, f.code) for f in bad.content.faults] == [("/NO", "csv.twice")]
    assert len(good.content.values) == 2


def test_a_table_with_templates_reads_back():
    blob = encode_values([value(1001, "TEMPLATE", "t"), value(2000, "NO", "7")])
    table = CsvTable(columns_of(blob, "88/t"), templates=True)
    plain = encode_values([value(2000, "NO", "8")])
    text = table.header() + table.row("88.1/a", blob, template="88/t") + table.row("88.1/b", plain)
    assert text.startswith(b"handle,ttl,template,2000:NO\r\n")
    first, second = rows(text)
    assert first.content.template == "88/t"
    assert first.content.values == (value(2000, "NO", "7"),)
    assert (second.content.template, len(second.content.values)) == (None, 1)
