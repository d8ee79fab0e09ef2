"""A batch whose items are alike is judged as the strict reader of batches has it."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from identifiers.wire.jsonbatch import MAX_ITEMS, JsonBatch
from identifiers.wire.rows import FramingLost
from registry.reading import alike_items
from registry.reading.alike_items import AlikeItems
from registry.reading.judging import Good, judged
from tests.property.test_property_alike import NOW, RECORDS, VALUES, bodies, line

mostly = st.sampled_from
heads = mostly(
    [b'{"items":['] * 9
    + [b'\n{ "items" : [ ', b'{"items":[],"items":[', b'{"x":1,"items":[', b'\x0b{"items":[']
    + [b'{"it\\u0065ms":[', b'\xef\xbb\xbf{"items":[', b'{"items":{', b'{"items":[[', b'{"items":']
)
tails = mostly(
    [b"]}"] * 9
    + [
        b" ]\r\n} \t",
        b"]",
        b"]}}",
        b'],"x":1}',
        b'],"items":[]}',
        b",]}",
        b"]}\0",
        b"]}{}",
        b"] }x",
    ]
    + [b'],"items":[{}]}']
)
gaps = mostly([b","] * 9 + [b"\n,\n", b",,", b" ", b"", b":", b",\x0c", b"\xff,"])
odd = mostly(
    [
        *(b"7", b"{}", b"[]", b"null", b'"x"', b"1.2.3", b"01", b"[" * 40 + b"]" * 40, b"tru"),
        b'{"handle":"88.1/a","values":[],"x":123456789012345678901234567890}',
        b'{"handle":"88.1/a","values":[{"index":1e0,"type":"T","data":"x"}]}',
        b'{"handle":"88.1/a","values":[{"index":99999999999999999999,"type":"T","data":"x"}]}',
        b'{"h\\u0061ndle":"88.1/a","values":[{"index":1,"type":"T","data":"x"}]}',
        b'{"handle":"88.1/a","template":"t","attributes":{"a":"b"}}',
        b'{"handle":"88.1/"}',
    ]
)


@st.composite
def batches(draw):
    """Items, most of them like others, and around them what mostly makes a batch of them."""
    items = draw(bodies()).split(b"\n") + draw(st.lists(odd, max_size=1))
    body = draw(heads) + items[0]
    for item in items[1:]:
        body += draw(gaps) + item
    return body + draw(tails)


def strictly(body):
    reader = JsonBatch()
    return [judged(row, NOW) for row in [*reader.feed(body), *reader.finish()]]


def alike(body, worth=1):
    reader = AlikeItems()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alike_items, "WORTH", worth)
        half = len(body) // 2
        fed = [*reader.feed(body[:half], 0), *reader.feed(body[half:], 0)]
        return [*fed, *reader.finish(NOW)]


def told(read, body):
    try:
        return read(body)
    except FramingLost as lost:
        return lost.number, lost.end_offset, lost.faults


def batch(*items):
    return b'{"items":[%b]}' % b",".join(items)


@settings(max_examples=800, deadline=None)
@given(batches())
@example(batch(line(b"88.1/a", b"x"), line(b"88.1/b", b"\xff"), line(b"88.1/c", b'"')))
@example(batch(line(b"88.1/a", b"x"), line(b"88.1/b", b'","data":"'), line(b"88.1/c", b"\\u0000")))
@example(batch(line(b"88.1/a", b"x"), b"[" * 100_000 + b"]" * 100_000))
@example(b'{"items":' + b"[" * 100_000)
def test_a_batch_is_judged_as_the_strict_reader_has_it(body):
    assert told(alike, body) == told(strictly, body)


def test_items_that_are_alike_need_no_strict_reader(monkeypatch):
    body = batch(*(line(b"88.1/%d" % n, b"a%d" % n, b"b") for n in range(50)))
    expected = strictly(body)
    judgements = []

    def counted(row, at):
        judgements.append(row)
        return judged(row, at)

    monkeypatch.setattr(alike_items, "judged", counted)
    assert alike(body) == expected
    assert [row.number for row in judgements] == [1], "the one that they are like"


def test_an_item_that_is_like_no_other_is_judged_by_itself_among_them(monkeypatch):
    monkeypatch.delattr(alike_items.JsonBatch, "finish")
    items = [line(b"88.1/%d" % n, b"x") for n in range(9)]
    items[4] = line(b"88.1/4", b"\\n")
    items[5] = line(b"88..1/5", b"x")
    rows = alike(batch(*items))
    assert [isinstance(row, Good) for row in rows] == [True] * 5 + [False] + [True] * 3


def test_so_many_items_that_cutting_would_take_much_memory_are_not_cut(monkeypatch):
    monkeypatch.delattr(alike_items, "_ITEMS")
    body = batch(*[b"0"] * (256 * MAX_ITEMS + 2))
    assert told(alike, body) == told(strictly, body)


@pytest.mark.parametrize("count", [3, 4, MAX_ITEMS, MAX_ITEMS + 1])
def test_what_is_not_worth_it_or_too_much_is_read_strictly(monkeypatch, count):
    body = batch(*(RECORDS[0] % (b"88.1/%d" % n, VALUES[0] % (1, b"x")) for n in range(count)))
    expected = told(strictly, body)
    looked = []

    class Noted(JsonBatch):
        def finish(self):
            looked.append(count)
            return super().finish()

    monkeypatch.setattr(alike_items, "JsonBatch", Noted)
    assert told(lambda octets: alike(octets, worth=4), body) == expected
    assert bool(looked) == (count in {3, MAX_ITEMS + 1})
