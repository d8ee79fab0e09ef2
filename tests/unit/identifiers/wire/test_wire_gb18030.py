"""What differs between the editions of GB 18030 is read as the characters that are meant."""

import pytest

from identifiers.wire.csvform import CsvRows
from identifiers.wire.gb18030 import decoded

# Two octets, the code point that Unicode's L2/23-003R recommends, and the four octets of that.
OF_2022 = (
    ("a6d9", 0xFE10, "84318236"),
    ("a6da", 0xFE12, "84318238"),
    ("a6db", 0xFE11, "84318237"),
    ("a6dc", 0xFE13, "84318239"),
    ("a6dd", 0xFE14, "84318330"),
    ("a6de", 0xFE15, "84318331"),
    ("a6df", 0xFE16, "84318332"),
    ("a6ec", 0xFE17, "84318333"),
    ("a6ed", 0xFE18, "84318334"),
    ("a6f3", 0xFE19, "84318335"),
    ("fe59", 0x9FB4, "82359037"),
    ("fe61", 0x9FB5, "82359038"),
    ("fe66", 0x9FB6, "82359039"),
    ("fe67", 0x9FB7, "82359130"),
    ("fe6d", 0x9FB8, "82359131"),
    ("fe7e", 0x9FB9, "82359132"),
    ("fe90", 0x9FBA, "82359133"),
    ("fea0", 0x9FBB, "82359134"),
)
GIVEN_UP = (
    ("fe51", 0x20087, "95329031"),
    ("fe52", 0x20089, "95329033"),
    ("fe53", 0x200CC, "95329730"),
    ("fe6c", 0x215D7, "9536b937"),
    ("fe76", 0x2298F, "9630ba35"),
    ("fe91", 0x241FE, "9635b630"),
)
OF_2005 = (("a8bc", 0x1E3F, "8135f437"),)


@pytest.mark.parametrize(("two", "point", "four"), [*OF_2022, *GIVEN_UP, *OF_2005])
def test_both_ways_to_write_a_character_that_moved_are_that_character(two, point, four):
    for octets in (two, four):
        assert decoded(b"a" + bytes.fromhex(octets) + "煤".encode("gbk")) == f"a{chr(point)}煤"


def test_everything_else_is_as_python_has_it():
    moved = {bytes.fromhex(two) for two, _, _ in (*OF_2022, *GIVEN_UP, *OF_2005)}
    differ = set()
    for point in (*range(0xD800), *range(0xE000, 0x30000)):
        octets = chr(point).encode("gb18030")
        if decoded(octets) != chr(point):
            differ.add(octets)
    assert differ == moved


def test_a_cell_with_what_moved():
    table = b"handle,T\n88.1/a,\xfe\x59\xa6\xd9\n"
    (row,) = CsvRows(encoding="gb18030").feed(table)
    assert row.content.values[0].data.decode() == "\u9fb4\ufe10"


@pytest.mark.parametrize("octets", [b"\xff", b"\xfe\x59\xff", b"\x81"])
def test_what_is_no_gb18030_is_refused(octets):
    with pytest.raises(UnicodeDecodeError):
        decoded(octets)
