import json

import pytest

from identifiers.faults import Fault, Invalid
from identifiers.records import State
from identifiers.submissions import Submission
from identifiers.values import Value
from identifiers.wire import jsonfast
from identifiers.wire.handle.data import Admin, encode_admin
from identifiers.wire.jsonfast import read_batch, read_document, read_line, read_typical
from identifiers.wire.jsonform import read_identifier
from identifiers.wire.jsonload import load
from identifiers.wire.rows import Refused

TYPICAL = {
    "handle": "88.300.1/煤-1",
    "values": [
        {"index": 1, "type": "URL", "data": {"format": "string", "value": 'a"\\b'}, "ttl": 60},
        {"index": 7, "type": "V", "data": {"format": "string", "value": "v"}},
        {
            "index": 8,
            "type": "W",
            "data": {"format": "string", "value": "w"},
            "permissions": "1111",
        },
        {"index": 2, "type": "T", "data": "plain", "permissions": "1100"},
        {"index": 3, "type": "B", "data": {"format": "base64", "value": "AAE="}},
        {"index": 4, "type": "X", "data": {"format": "hex", "value": "00ff"}},
        {
            "index": 100,
            "type": "HS_ADMIN",
            "data": {
                "format": "admin",
                "value": {"handle": "0.NA/88.300.1", "index": 200, "permissions": "11"},
            },
            "timestamp": "2024-01-01T00:00:00Z",
        },
    ],
    "state": "reserved",
}
EXPECTED = Submission(
    "88.300.1/煤-1",
    (
        Value(index=1, type="URL", data=b'a"\\b', ttl=60),
        Value(index=7, type="V", data=b"v"),
        Value(index=8, type="W", data=b"w", permissions=0x0F),
        Value(index=2, type="T", data=b"plain", permissions=0x0C),
        Value(index=3, type="B", data=b"\0\1"),
        Value(index=4, type="X", data=b"\0\xff"),
        Value(
            index=100,
            type="HS_ADMIN",
            data=encode_admin(Admin(3, "0.NA/88.300.1", 200)),
            timestamp=1704067200,
        ),
    ),
    State.RESERVED,
)
LINES = [
    json.dumps(TYPICAL).encode(),
    json.dumps(TYPICAL, ensure_ascii=False, separators=(",", ":")).encode(),
    json.dumps(TYPICAL, indent=2).encode() + b"\r",
]


def typed(line):
    """Return what the typed decoder alone makes of a line."""
    decoded = jsonfast._decode(jsonfast._DECODER, line)
    read = decoded and jsonfast._read(decoded)
    if read is None:
        return None
    submission, quotes = read
    assert quotes == jsonfast._quotes(jsonfast._ENCODER.encode(decoded))
    return submission if quotes == jsonfast._quotes(line) else None


@pytest.mark.parametrize("line", LINES)
def test_typical_lines_take_the_typed_way(line):
    assert typed(line) == EXPECTED
    assert read_line(line) == EXPECTED == read_identifier(load(line))


SIMPLE = '{"handle":"88.1/a","values":[{"index":1,"type":"T","data":"x"}],"state":"active"}'


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('"index":1', '"index":1,"index":1', "json.duplicate_key"),
        ('"index":1', '"index":1,"ind\\u0065x":1', "json.duplicate_key"),
        ('"index":1', '"index":1,"index" : 1', "json.duplicate_key"),
        ('"data":"x"', '"data":"\\"","data":"x"', "json.duplicate_key"),
        (
            '"data":"x"',
            '"data":{"format":"string","format":"hex","value":""}',
            "json.duplicate_key",
        ),
        ('"handle":', '"handle":"q","handle":', "json.duplicate_key"),
        ('"state":', '"values":[{"index":1,"type":"T","data":"x"}],"state":', "json.duplicate_key"),
        ('"x"', '"\\u0000"', "nul"),
        ('"x"', '"\\ud800"', "surrogate"),
        ("1,", "1.0,", "type"),
        ("1,", "0,", "range"),
        ("1,", "99999999999999999999,", "json.integer"),
        ('"x"', '{"format":"hex","value":"0"}', "value.format"),
        ('"x"', '{"format":"hex","value":{"handle":"a","index":1,"permissions":"1"}}', "type"),
        ('"x"', '{"format":"admin","value":"a"}', "type"),
        ('"x"', '"x","timestamp":"soon"', "value.instant"),
        ('"x"', '"x","permissions":"1110\\n"', "value.permissions"),
        (
            '"x"',
            '{"format":"admin","value":{"handle":"a","index":1,"permissions":"1\\n"}}',
            "value.format",
        ),
        ('"state"', '"more":1,"state"', "unknown_key"),
    ],
)
def test_what_is_at_fault_is_refused_like_everywhere(old, new, code):
    line = SIMPLE.replace(old, new, 1).encode()
    assert typed(line) is None
    with pytest.raises(Invalid) as caught:
        read_line(line)
    assert [fault.code for fault in caught.value.faults] == [code]
    with pytest.raises(Invalid) as again:
        read_identifier(load(line))
    assert again.value.faults == caught.value.faults


@pytest.mark.parametrize(
    "value",
    ["a\\u0000b".replace("\\", "\\\\"), "::::", '\\":\\"', "\\\\\\\\", "{}[],"],
)
def test_odd_texts_are_no_faults(value):
    line = SIMPLE.replace('"x"', f'"{value}"').encode()
    assert read_line(line) == read_identifier(load(line))


def test_rare_members_take_the_strict_way():
    line = SIMPLE.replace('"x"', '"x","references":[{"handle":"a/b","index":1}]').encode()
    assert typed(line) is None
    assert read_line(line) == read_identifier(load(line))


def batch(*items):
    return b'{"items":[' + b",".join(items) + b"]}"


GOOD, BAD = SIMPLE.encode(), SIMPLE.replace('"index":1', '"index":0').encode()


def test_a_batch_is_read_item_by_item():
    good = read_line(GOOD)
    assert read_batch(batch(GOOD, GOOD), 2) == [good, good]
    refused = Refused(
        (Fault("range", "/values/0/index", {"low": 1, "high": 4294967295}),), "88.1/a"
    )
    assert read_batch(batch(GOOD, BAD, b"5"), 9) == [
        good,
        refused,
        Refused((Fault("type", "", {"expected": "object", "got": "integer"}),)),
    ]
    undecodable = SIMPLE.replace('"x"', '{"format":"hex","value":"0"}').encode()
    assert isinstance(read_batch(batch(undecodable), 9)[0], Refused)


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        (batch(), [("/items", "empty")]),
        (batch(GOOD, GOOD, GOOD), [("/items", "too_many")]),
        (b"{}", [("/items", "required")]),
        (b'{"items":{}}', [("/items", "type")]),
        (b'{"items":[],"items":[]}', [("/items", "json.duplicate_key")]),
        (b'{"items":[1],"more":1}', [("/more", "unknown_key")]),
        (b"[]", [("", "type")]),
    ],
)
def test_a_batch_may_be_at_fault_as_a_whole(body, faults):
    with pytest.raises(Invalid) as caught:
        read_batch(body, 2)
    assert [(fault.pointer, fault.code) for fault in caught.value.faults] == faults


def test_documents_are_read_like_lines():
    assert read_document(TYPICAL) == EXPECTED
    with pytest.raises(Invalid) as caught:
        read_document({"handle": "a\0/b", "values": []})
    assert [fault.code for fault in caught.value.faults] == ["nul"]
    raw = {"handle": "a/b", "values": [{"index": 1, "type": "T", "data": b"\0"}]}
    assert read_document(raw).values == (Value(index=1, type="T", data=b"\0"),)
    with pytest.raises(Invalid):
        read_document(5)


def test_what_is_not_typical_goes_the_strict_way_whether_it_is_right_or_not():
    assert read_typical(json.dumps(TYPICAL).encode()) == EXPECTED
    for other in (TYPICAL | {"version": 1}, {"values": TYPICAL["values"]}, []):
        assert read_typical(json.dumps(other).encode()) is None
    twice = b'{"handle":"88.300.1/A","handle":"88.300.1/B","values":[]}'
    assert read_typical(twice) is None


DESCRIBED = {
    "handle": "88.1/a",
    "template": "煤-1",
    "attributes": {"NO": 'a"b', "ASH": 7.5, "LUMPS": -3, "WASHED": True, "MINE": None},
    "state": "active",
}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"attributes": {}},
        {"values": []},
        {"values": TYPICAL["values"]},
        {"state": "reserved"},
    ],
)
def test_lines_with_a_template_take_the_typed_way(more):
    line = json.dumps(DESCRIBED | more).encode()
    assert typed(line) == read_identifier(load(line))
    bare = {name: said for name, said in DESCRIBED.items() if name not in {"state", "attributes"}}
    line = json.dumps(bare | more).encode()
    assert typed(line) == read_identifier(load(line))
    assert read_document(bare | more) == read_identifier(load(line))


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ('"attributes":{"A":9223372036854775808}', [("/attributes/A", "json.integer")]),
        ('"attributes":{"A":-9223372036854775809}', [("/attributes/A", "json.integer")]),
        ('"attributes":{"A":[]}', [("/attributes/A", "type")]),
        ('"attributes":{"A":"1","A":"2"}', [("/attributes/A", "json.duplicate_key")]),
        ('"attributes":{"A":"1"},"template":"u"', [("/template", "json.duplicate_key")]),
        ('"values":[{"index":1,"type":"B","data":{"format":"hex","value":"0"}}]',
         [("/values/0/data/value", "value.format")]),
    ],
)  # fmt: skip
def test_lines_with_a_template_are_refused_like_everywhere(members, expected):
    with pytest.raises(Invalid) as caught:
        read_line(b'{"handle":"88.1/a","template":"t",' + members.encode() + b"}")
    assert [(f.pointer, f.code) for f in caught.value.faults] == expected


def test_attributes_without_a_template_and_large_fractions_take_the_strict_way():
    line = b'{"handle":"88.1/a","attributes":{"A":1}}'
    assert typed(line) is None
    assert read_line(line).attributes == {"A": 1}
    line = b'{"handle":"88.1/a","template":"t","attributes":{"A":1e30}}'
    assert typed(line) is None
    assert read_line(line).attributes == {"A": 1e30}
