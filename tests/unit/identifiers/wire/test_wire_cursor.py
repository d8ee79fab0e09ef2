import pytest

from identifiers.wire import cursor
from identifiers.wire.cursor import Cursor, ProtocolError, utf8


def test_it_reads_what_was_written():
    written = (
        b"\7"
        + cursor.u16(0x1234)
        + cursor.u32(0xFFFF_FFFF)
        + cursor.u64(1 << 63)
        + cursor.octets(b"ab")
        + cursor.text("煤")
        + cursor.ints((1, 2))
        + cursor.texts(["a", "b"])
        + b"rest"
    )
    reader = Cursor(written)
    assert (reader.u8(), reader.u16(), reader.u32(), reader.u64()) == (
        7,
        0x1234,
        0xFFFF_FFFF,
        1 << 63,
    )
    assert (reader.octets(), reader.text()) == (b"ab", "煤")
    assert (reader.ints(9), reader.texts(9)) == ((1, 2), ("a", "b"))
    assert reader.remaining == 4
    assert reader.rest() == b"rest"
    reader.finish()


@pytest.mark.parametrize(
    "read",
    [
        Cursor.u8,
        Cursor.u16,
        Cursor.u32,
        Cursor.u64,
        Cursor.octets,
        Cursor.text,
        lambda reader: reader.take(1),
        lambda reader: reader.ints(1),
        lambda reader: reader.texts(1),
        lambda reader: reader.count(1, 1),
    ],
)
def test_nothing_is_read_past_the_end(read):
    with pytest.raises(ProtocolError):
        read(Cursor(b""))


def test_what_is_left_over_is_refused():
    with pytest.raises(ProtocolError, match="1 bytes left over"):
        Cursor(b"x").finish()


def test_a_count_must_fit_into_what_remains():
    with pytest.raises(ProtocolError, match="at most 2"):
        Cursor(cursor.u32(3) + bytes(12)).count(4, 2)
    with pytest.raises(ProtocolError, match="3 items announced in 11 bytes"):
        Cursor(cursor.u32(3) + bytes(11)).count(4, 9)
    assert Cursor(cursor.u32(3) + bytes(12)).count(4, 9) == 3


def test_a_string_has_a_longest_length():
    assert Cursor(cursor.octets(b"ab")).octets(2) == b"ab"
    with pytest.raises(ProtocolError, match="at most 1"):
        Cursor(cursor.octets(b"ab")).octets(1)


@pytest.mark.parametrize("data", [b"\xc0\xaf", b"\xed\xa0\x80", b"a\xff", b"a\0b"])
def test_text_is_strict_utf8_without_nul(data):
    with pytest.raises(ProtocolError):
        utf8(data)
    with pytest.raises(ProtocolError):
        Cursor(cursor.octets(data)).text()


def test_an_error_has_the_code_of_its_reply():
    assert ProtocolError("x").code == 4
    assert ProtocolError("x", 6).code == 6
