"""A batch as rows: all at the end, or none when the whole is at fault."""

import json

import pytest

from identifiers.submissions import Submission
from identifiers.wire.jsonbatch import MAX_ITEMS, JsonBatch
from identifiers.wire.rows import FramingLost, Refused

GOOD = {"handle": "88.300.1/A", "values": [{"index": 1, "type": "URL", "data": "x"}]}


@pytest.mark.parametrize("size", [1, 1000])
def test_rows_come_at_the_end_in_order(size):
    body = json.dumps({"items": [GOOD, {"handle": 1}, GOOD]}).encode()
    reader = JsonBatch()
    for at in range(0, len(body), size):
        assert list(reader.feed(body[at : at + size])) == []
    rows = list(reader.finish())
    assert [row.number for row in rows] == [1, 2, 3]
    assert {row.end_offset for row in rows} == {len(body)}
    assert [type(row.content) for row in rows] == [Submission, Refused, Submission]


@pytest.mark.parametrize(
    ("document", "code"),
    [({"items": []}, "empty"), ({"items": [GOOD] * (MAX_ITEMS + 1)}, "too_many"), ([], "type")],
)
def test_a_document_that_is_at_fault_as_a_whole_has_no_rows(document, code):
    reader = JsonBatch()
    assert list(reader.feed(json.dumps(document).encode())) == []
    with pytest.raises(FramingLost) as lost:
        list(reader.finish())
    assert [fault.code for fault in lost.value.faults] == [code]
