import pytest

from identifiers.faults import Invalid
from identifiers.records import State
from identifiers.submissions import Submission
from identifiers.values import Value
from identifiers.wire.cborform import (
    CborRows,
    CborSequence,
    load,
    write,
    write_array,
    write_record,
    write_values,
)
from identifiers.wire.cborscan import Scanner, UnknownEnd
from identifiers.wire.handle.values import encode_values
from identifiers.wire.rows import FramingLost, Refused, Row

VALUES = (Value(index=1, type="T", data=b"\0\xff"), Value(index=2, type="URL", data=b"u"))
ITEM = write_record("88.1/a", encode_values(VALUES), State.RESERVED)
GOOD = Submission("88.1/a", VALUES, State.RESERVED)


@pytest.mark.parametrize(
    ("encoded", "document"),
    [
        ("00", 0),
        ("1818", 24),
        ("190100", 256),
        ("1a00010000", 65536),
        ("1b7fffffffffffffff", (1 << 63) - 1),
        ("3b7fffffffffffffff", -(1 << 63)),
        ("f4", False),
        ("f6", None),
        ("f93c00", 1.0),
        ("fa47c35000", 100000.0),
        ("fb3ff199999999999a", 1.1),
        ("40", b""),
        ("6161", "a"),
        ("7818" + "61" * 24, "a" * 24),
        ("80", []),
        ("a0", {}),
        ("a16161820102", {"a": [1, 2]}),
        ("a26161f56162a0", {"a": True, "b": {}}),
    ],
)
def test_good_items_are_read(encoded, document):
    assert load(bytes.fromhex(encoded)) == document
    assert write(document) == bytes.fromhex(encoded)


@pytest.mark.parametrize(
    ("encoded", "why"),
    [
        ("", "ends too early"),
        ("19", "ends too early"),
        ("6261", "more than 2 bytes"),
        ("8201", "ends too early"),
        ("0102", "bytes left over"),
        ("1c", "reserved head"),
        ("9fff", "indefinite length"),
        ("9b0000000100000000", "more items than there can be bytes"),
        ("a10102", "a key that is no text"),
        ("a1c0616101", "a key that is no text"),
        ("1817", "longer than it need be"),
        ("78016100", "longer than it need be"),
        ("1b8000000000000000", "outside of int64"),
        ("c000", "a tag, 0"),
        ("f7", "simple value"),
        ("f8ff", "simple value"),
        ("f97e00", "not finite"),
        ("81" * 17 + "00", "deeper than 16"),
        ("81" * 257 + "00", "deeper than 256"),
        ("a2616101616102", "Duplicate map key"),
        ("61ff", "decoding text"),
    ],
)
def test_what_is_at_fault_is_refused_with_its_reason(encoded, why):
    with pytest.raises(Invalid, match=why) as caught:
        load(bytes.fromhex(encoded))
    assert [fault.code for fault in caught.value.faults] == ["cbor.syntax"]


def test_texts_may_not_hold_nul():
    with pytest.raises(Invalid) as caught:
        load(write({"a": ["b", "\0"]}))
    assert [(f.pointer, f.code) for f in caught.value.faults] == [("/a/1", "nul")]


def test_items_are_counted():
    assert load(b"\x99\x27\x0f" + b"\x01" * 9999)
    with pytest.raises(Invalid, match="more than 10000 items"):
        load(b"\x99\x27\x10" + b"\x01" * 10_000)
    assert load(b"\x83\1\1\1", max_items=4) == [1, 1, 1]
    with pytest.raises(Invalid, match="more than 3 items"):
        load(b"\x83\1\1\1", max_items=3)


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_a_sequence_is_cut_into_items_with_their_faults(size):
    stream = bytes.fromhex("01" + "c000" + "626162" + "a0" + "8261618101")
    sequence, items = CborSequence(), []
    for at in range(0, len(stream), size):
        items += sequence.feed(stream[at : at + size])
    assert [(item.start, item.end, item.data.hex(), item.fault) for item in items] == [
        (0, 1, "01", None),
        (1, 3, "c000", "a tag, 0"),
        (3, 6, "626162", None),
        (6, 7, "a0", None),
        (7, 12, "8261618101", None),
    ]
    assert not sequence.unfinished
    assert sequence.offset == 12


def test_work_is_linear_in_what_came():
    """An item that comes byte by byte is looked at once: the scanner goes on where it was."""
    scanner, data = Scanner(1 << 20), ITEM
    seen = []

    class Counting(bytearray):
        def __getitem__(self, place):
            if isinstance(place, int):
                seen.append(place)
            return super().__getitem__(place)

    buffer = Counting()
    size = 0
    for octet in data:
        buffer.append(octet)
        size = scanner.scan(buffer, 0)
    assert size == len(data)
    assert len(seen) < 5 * len(data)


def test_the_end_of_an_item_may_be_unknown():
    sequence = CborSequence(limit=10)
    items = sequence.feed(b"\1\x4b")
    assert next(items).data == b"\1"
    with pytest.raises(UnknownEnd, match="more than 10 bytes"):
        next(items)
    assert sequence.offset == 1


def rows(stream, size, **options):
    reader, read = CborRows(**options), []
    for at in range(0, len(stream), size):
        read.extend(reader.feed(stream[at : at + size]))
    return [*read, *reader.finish()]


@pytest.mark.parametrize("size", [1, 10, 1000])
def test_identifiers_come_as_rows(size):
    end = len(ITEM)
    bad = write({"handle": "88.1/b", "values": 1})
    read = rows(ITEM + bad + b"\x01" + ITEM, size)
    assert read[0] == Row(1, end, GOOD)
    assert (read[1].content.handle, read[1].content.faults[0].code) == ("88.1/b", "type")
    assert isinstance(read[2].content, Refused)
    assert read[3] == Row(4, 2 * end + len(bad) + 1, GOOD)
    assert rows(ITEM * 3, size, done=2 * end) == [Row(3, 3 * end, GOOD)]


def test_an_item_that_cannot_be_decoded_is_a_row():
    (row,) = rows(bytes.fromhex("c0a0"), 9)
    assert row.content.faults[0].params["why"] == "a tag, 0"


def test_rows_may_be_lost():
    reader = CborRows()
    read = reader.feed(ITEM + b"\xff")
    assert next(read).number == 1
    with pytest.raises(FramingLost) as caught:
        next(read)
    assert (caught.value.number, caught.value.end_offset) == (2, len(ITEM))
    reader = CborRows()
    assert list(reader.feed(ITEM[:-1])) == []
    with pytest.raises(FramingLost, match="ends within an item"):
        list(reader.finish())


def test_writing_is_deterministic():
    assert write({"bb": 1, "a": 2, "c": 3}).hex() == "a3616102616303" + "62626201"
    assert load(write_values(encode_values(VALUES)))[0]["data"] == b"\0\xff"


@pytest.mark.parametrize("count", [0, 1, 23, 24, 255, 256, 2000, 70_000])
def test_an_array_of_written_documents(count):
    document = {"a": [1, b"\xff"]}
    assert write_array([write(document)] * count) == write([document] * count)
