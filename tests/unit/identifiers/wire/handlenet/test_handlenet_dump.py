"""JSON dumps of Handle.Net, in pieces of any size."""

import json

import pytest

from identifiers.submissions import Submission
from identifiers.wire.handlenet import dump
from identifiers.wire.handlenet.dump import DumpReader, Homed, Item, PassedOver, Record, TooLong
from identifiers.wire.jsonlines import JsonLines
from identifiers.wire.rows import FramingLost

RECORD = {
    "handle": "99.1000.1/A",
    "values": [
        {
            "index": 1,
            "type": "URL",
            "data": {"format": "string", "value": 'https://example.org/{"]\\'},
            "ttl": 86400,
            "timestamp": "2024-01-01T00:00:00Z",
        }
    ],
}
OTHER = {"handle": "99.1000.1/乙", "values": []}
DUMP = {
    "homedPrefixes": ["0.NA/99.1000.1", "0.NA/\u4e59"],
    "version": "9",
    "note": {"a": ["b"]},
    "handleRecords": {"99.1000.1/A": RECORD, "99.1000.1/乙": OTHER},
}


def read(data: bytes, piece: int = 1 << 20) -> list[Item]:
    reader = DumpReader()
    found: list[Item] = []
    for start in range(0, len(data), piece):
        found += reader.feed(data[start : start + piece])
    return [*found, *reader.finish()]


@pytest.mark.parametrize("piece", [1, 2, 3, 64, 1 << 20])
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_records_come_out_as_lines(piece: int, indent: int | None, *, ascii_only: bool) -> None:
    text = json.dumps(DUMP, indent=indent, ensure_ascii=ascii_only)
    data = b"\xef\xbb\xbf \r\n" + text.replace("\n", "\r\n").encode() + b"\r\n"
    homed, second, passed, *records = read(data, piece)
    assert (homed, second) == (Homed("0.NA/99.1000.1"), Homed("0.NA/乙"))
    assert passed == PassedOver("note")
    lines = [record.line for record in records if isinstance(record, Record)]
    assert [json.loads(line) for line in lines] == [RECORD, OTHER]
    assert not any(b"\n" in line or b"\r" in line for line in lines)


def test_a_line_is_what_the_reader_of_json_lines_takes() -> None:
    *_, record, _ = read(json.dumps(DUMP).encode())
    assert isinstance(record, Record)
    (row,) = JsonLines().feed(record.line + b"\n")
    assert isinstance(row.content, Submission)
    assert row.content.handle == "99.1000.1/A"


def test_a_record_that_is_too_long_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dump, "MAX_ROW_BYTES", 100)
    found = read(json.dumps(DUMP).encode(), 16)
    assert isinstance(found[-2], TooLong)
    assert found[-2].handle == "99.1000.1/A"
    assert isinstance(found[-1], Record)


def test_what_would_have_to_be_kept_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dump, "_LONGEST", 100)
    with pytest.raises(FramingLost, match="more than 100 octets"):
        read(b'{"handleRecords": {"a": {"handle": "' + b"x" * 200, 50)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"  ",
        b"PK\x03\x04",
        b"[]",
        b'"text"',
        b'{"handleRecords": {}} {}',
        b'{"handleRecords": {}} x',
        b"}",
        b"12",
    ],
)
def test_what_is_no_dump_is_refused(data: bytes) -> None:
    with pytest.raises(FramingLost, match="no dump"):
        read(data)


@pytest.mark.parametrize("end", [1, 20, 60, -2])
def test_a_dump_that_was_cut_off_is_told(end: int) -> None:
    with pytest.raises(FramingLost, match="in the middle"):
        read(json.dumps(DUMP).encode()[:end])


def test_names_that_are_no_json_are_told_as_they_are() -> None:
    assert read(b'{"homedPrefixes": ["\\q"]}') == [Homed("\\q")]
