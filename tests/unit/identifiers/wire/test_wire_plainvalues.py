import json

import pytest

from identifiers.values import MAX_TTL, Reference, Value
from identifiers.wire.handle.values import encode_values
from identifiers.wire.jsonform import write_values
from identifiers.wire.plainvalues import plain_values

URL = Value(index=1, type="URL", data=b"https://example.org/1", ttl=600, timestamp=1_790_000_000)
NAME = Value(index=2000, type="品名", data="长焰煤".encode(), timestamp=1_790_000_001)


@pytest.mark.parametrize(
    ("values", "shortest"),
    [((URL,), 600), ((NAME,), 86400), ((URL, NAME), 600), ((NAME, URL, NAME, NAME), 600)],
)
def test_plain_values_are_told_with_their_shortest_ttl(values, shortest):
    written, seconds = plain_values(blob := encode_values(values))
    assert written == write_values(blob)
    assert [value["index"] for value in json.loads(written)] == [value.index for value in values]
    assert seconds == shortest


def test_a_ttl_beyond_the_longest_is_told_and_not_believed():
    value = Value(index=1, type="A", data=b"", ttl=MAX_TTL + 1)
    assert plain_values(encode_values((value,)))[1] == MAX_TTL


@pytest.mark.parametrize(
    "changed",
    [
        *({"absolute": True}, {"permissions": 0x0F}, {"references": (Reference("A/B", 1),)}),
        *({"data": b'"'}, {"data": b"\\"}, {"data": b"a\nb"}, {"data": b"\xff"}),
        *({"type": 'a"b'}, {"type": "a\tb"}, {"type": "HS_ADMIN"}, {"data": b"\x7f"}),
    ],
)
def test_what_is_not_plain_is_left(changed):
    fields = {"index": 2, "type": "A", "data": b"x"} | changed
    for values in ((Value(**fields),), (URL, Value(**fields)), (Value(**fields), URL)):
        assert plain_values(encode_values(values)) is None


def test_text_that_is_cut_between_two_values_is_no_text():
    first, second = "煤".encode()[:2], "煤".encode()[2:]
    values = (Value(index=1, type="A", data=first), Value(index=2, type="A", data=second))
    assert plain_values(encode_values(values)) is None


def test_what_is_no_whole_blob_is_left():
    blob = encode_values((URL, NAME))
    for end in range(len(blob)):
        assert plain_values(blob[:end]) is None
    assert plain_values(blob + b"\0") is None
    assert plain_values(bytes(4)) is None
    assert plain_values(b"\xff" * 4 + blob[4:]) is None
