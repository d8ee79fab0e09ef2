"""Identifiers as JSON, CBOR and tables: what is written reads back, in any pieces."""

import json

from hypothesis import example, given, settings
from hypothesis import strategies as st

from identifiers.faults import Invalid
from identifiers.records import State
from identifiers.submissions import Submission
from identifiers.values import DEFAULT_PERMISSIONS, MAX_TTL, Reference, Value
from identifiers.wire import cborform, jsonfast, jsonform, jsonlines, plainvalues
from identifiers.wire.cborform import CborRows
from identifiers.wire.csvform import CsvRows, CsvTable, columns_of
from identifiers.wire.handle import data, site
from identifiers.wire.handle.values import encode_values
from identifiers.wire.jsonload import load
from identifiers.wire.rows import Refused
from tests.property import strategies as draw

any_data = st.one_of(
    draw.octets,
    st.text(max_size=20).map(lambda text: text.encode(errors="replace")),
    st.builds(data.Admin, draw.u16, draw.text, draw.u32).map(data.encode_admin),
    st.lists(st.builds(Reference, draw.text, draw.u32), max_size=2).map(
        lambda references: data.encode_vlist(tuple(references))
    ),
    st.builds(data.RsaKey, st.integers(0, 1 << 80), st.integers(0, 1 << 80), st.booleans()).map(
        data.encode_public_key
    ),
    st.builds(data.DsaKey, *[st.integers(0, 1 << 80)] * 4).map(data.encode_public_key),
    st.builds(
        site.Site,
        serial=draw.u16,
        flags=st.sampled_from([0, 0x40, 0x80, 0xC0, 0x01]),
        hash_option=st.integers(0, 3),
        hash_filter=st.sampled_from([b"", b"x"]),
        attributes=st.just((("desc", "矿"),)),
        servers=st.builds(
            site.Server,
            id=draw.u32,
            address=st.ip_addresses(),
            public_key=st.just(data.encode_public_key(data.RsaKey(3, 15)))
            | st.just(b"")
            | st.just(b"PEM"),
            interfaces=st.builds(
                site.Interface, st.integers(0, 4), st.integers(0, 4), st.integers(0, 70_000)
            ).map(lambda interface: (interface,)),
        ).map(lambda server: (server,)),
    ).map(site.encode_site),
)
kinds = draw.text | st.sampled_from(
    ["HS_ADMIN", "HS_VLIST", "HS_SITE", "HS_SITE.6", "HS_SITE.PREFIX", "HS_PUBKEY", "URL"]
)
values = st.builds(
    Value,
    index=st.integers(1, 0xFFFF_FFFF),
    type=kinds,
    data=any_data,
    ttl=st.integers(0, MAX_TTL),
    absolute=st.booleans(),
    permissions=st.integers(0, 15),
    timestamp=draw.u32,
    references=st.lists(st.builds(Reference, draw.names, draw.u32), max_size=2).map(tuple),
)
submissions = st.builds(
    Submission,
    draw.names,
    st.lists(values, max_size=4).map(tuple),
    st.sampled_from([None, State.RESERVED]),
)


@settings(max_examples=600, deadline=None)
@given(submissions)
def test_json_and_cbor_lose_nothing(submission):
    blob = encode_values(submission.values)
    state = submission.state or State.ACTIVE
    written = jsonform.write_record(submission.handle, blob, state)
    assert jsonform.read_identifier(load(written)) == submission
    assert jsonfast.read_line(written) == submission
    assert jsonform.read_values(load(jsonform.write_values(blob))) == submission.values
    item = cborform.write_record(submission.handle, blob, state)
    assert jsonform.read_identifier(cborform.load(item)) == submission
    assert [row.content for row in CborRows().feed(item)] == [submission]
    assert jsonform.read_values(cborform.load(cborform.write_values(blob))) == submission.values


plain_values = st.builds(
    Value,
    index=st.integers(1, 9),
    type=draw.text.filter(lambda kind: kind and not kind.upper().startswith("HS_")),
    data=draw.text.filter(bool).map(str.encode),
    ttl=st.just(77),
)
tables = st.lists(
    st.tuples(
        draw.text.filter(bool),
        st.lists(plain_values, max_size=3, unique_by=lambda value: value.index),
    ),
    max_size=4,
)
pieces = st.lists(st.integers(1, 50), min_size=1, max_size=5)


def in_pieces(reader, stream, sizes):
    rows, at, turn = [], 0, 0
    while at < len(stream):
        size = sizes[turn % len(sizes)]
        rows += reader.feed(stream[at : at + size])
        at, turn = at + size, turn + 1
    return [*rows, *reader.finish()]


@settings(max_examples=300, deadline=None)
@given(tables, pieces)
def test_tables_lose_nothing_they_take(drawn, sizes):
    rows = [(handle, encode_values(values)) for handle, values in drawn]
    columns = dict.fromkeys(column for _, blob in rows for column in columns_of(blob))
    table = CsvTable(columns)
    stream = table.header() + b"".join(table.row(*row) for row in rows)
    read = in_pieces(CsvRows(), stream, sizes)
    order = {(column.index, column.type): at for at, column in enumerate(columns)}
    expected = [
        (handle, sorted(values, key=lambda value: order[value.index, value.type]))
        for handle, values in drawn
    ]
    assert [(row.content.handle, list(row.content.values)) for row in read] == expected
    assert [row.end_offset for row in read[-1:]] == [len(stream)] * bool(read)


@settings(max_examples=200, deadline=None)
@given(st.lists(submissions, max_size=4), pieces, st.sampled_from([b"\n", b"\r\n", b"\n\n"]))
def test_streams_read_the_same_in_any_pieces_and_go_on_from_any_row(drawn, sizes, end):
    blobs = [(s.handle, encode_values(s.values), s.state or State.ACTIVE) for s in drawn]
    lines = b"".join(jsonlines.write_line(*row).removesuffix(b"\n") + end for row in blobs)
    items = b"".join(cborform.write_record(*row) for row in blobs)
    for reader, stream in ((jsonlines.JsonLines, lines), (CborRows, items)):
        read = in_pieces(reader(), stream, sizes)
        assert [row.content for row in read] == drawn
        assert read == in_pieces(reader(), stream, [len(stream) or 1])
        for done in {row.end_offset for row in read}:
            rest = [row for row in read if row.end_offset > done]
            assert in_pieces(reader(done=done), stream, sizes) == rest


TYPICAL = (
    '{"handle":"88.1/a","values":[{"index":1,"type":"URL","data":{"format":"string","value":"u"},'
    '"ttl":60,"permissions":"1100","timestamp":"2024-01-01T00:00:00Z"},{"index":2,"type":"T",'
    '"data":"x\\"y\\\\"},{"index":100,"type":"HS_ADMIN","data":{"format":"admin","value":'
    '{"handle":"0.NA/88.1","index":200,"permissions":"011111110011"}}},{"index":3,"type":"B",'
    '"data":{"format":"base64","value":"AAE="}},{"index":4,"type":"X","data":{"format":"hex",'
    '"value":"00ff"}}],"state":"reserved"}'
)
TOKENS = [
    '"index":1,', '"index":7,', '"ttl":1,', '"handle":"z",', '"format":"hex",', '"value":"u",',
    '"data":"q",', '"permissions":"1",', '"state":"active",', '"state":"gone",', "\\u0000",
    "\\ud800", '\\"', "\\\\", '"', ":", "{", "}", "[", "]", ",", "1.0", "-1", "1e400", "null", " ",
    "\n", "\\u0022", '"ind\\u0065x":1,', '"extra":{},', "\ufeff", "é", "A", "0", "true", '"x":"y",',
    '"references":[{"handle":"a/b","index":1}],', '"template":"t",',
]  # fmt: skip
spans = st.tuples(
    st.integers(0, len(TYPICAL)), st.sampled_from([0, 0, 0, 1, 3, 12]), st.sampled_from(TOKENS)
)


@settings(max_examples=4000, deadline=None)
@given(st.lists(spans, max_size=3))
@example([(1, 0, '"handle":"z",')])
@example([(31, 0, '"index":7,')])
@example([(31, 0, '"ind\\u0065x":1,')])
def test_the_fast_reader_is_as_strict_as_the_slow_one(changes):
    text = TYPICAL
    for at, cut, token in changes:
        text = text[:at] + token + text[at + cut :]
    line = text.encode()
    strict = _read_or_faults(lambda: jsonform.read_identifier(load(line)))
    alone = _read_or_faults(lambda: jsonfast.read_line(line))
    assert alone == strict
    _same_in_a_batch(line, alone)


def _read_or_faults(read):
    try:
        return read()
    except Invalid as invalid:
        return invalid.faults


def _same_in_a_batch(line, alone):
    try:
        (item,) = jsonfast.read_batch(b'{"items":[' + line + b"]}", 2)
    except (Invalid, ValueError):
        # The text as a whole is at fault: then the line alone was, or it closed the array early.
        assert isinstance(alone, tuple) or b"]" in line
    else:
        assert (item.faults if isinstance(item, Refused) else item) == alone


documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 63) - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | draw.text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(draw.text, inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=400, deadline=None)
@given(documents, st.booleans())
def test_the_loader_reads_what_is_json(document, ascii_only):
    assert load(json.dumps(document, ensure_ascii=ascii_only).encode()) == document


@settings(max_examples=400, deadline=None)
@given(documents)
def test_the_cbor_loader_reads_what_is_deterministic(document):
    assert cborform.load(cborform.write(document)) == document


nearly_plain = st.builds(
    Value,
    index=draw.u32,
    type=st.sampled_from(("URL", "产品", "HS_ADMIN", 'a"b', "", "a\\b", "a\0", "TYPE")),
    data=st.one_of(
        st.text(st.characters(categories=["L", "N", "Po", "Zs"]), max_size=12).map(str.encode),
        st.sampled_from((b"", b"\xe9", b"a\nb", b"\xe7\x85", b"\x7f", b"<&>/", b"a'b")),
    ),
    ttl=st.sampled_from((0, 60, 86400, MAX_TTL, 1 << 31, 0xFFFF_FFFF)),
    absolute=st.integers(0, 9).map(lambda number: not number),
    permissions=st.integers(0, 9).map(lambda number: number or DEFAULT_PERMISSIONS),
    timestamp=st.sampled_from((0, 1_790_000_000, 0xFFFF_FFFF)),
    references=st.integers(0, 9).map(lambda number: () if number else (Reference("a/b", 1),)),
)


@settings(max_examples=1000)
@given(st.lists(nearly_plain, max_size=4))
def test_plain_values_are_written_as_all_values_are(values):
    blob = encode_values(values)
    written = plainvalues.plain_values(blob)
    if written is not None:
        shortest = min([MAX_TTL, *(value.ttl for value in values)])
        assert written == (jsonform.write_values(blob), shortest)


@given(st.lists(nearly_plain, max_size=3), draw.octets, st.integers(0, 200))
def test_what_is_no_blob_is_not_plain(values, octets, place):
    blob = encode_values(values)
    for broken in (blob[:place], blob + octets[:1], octets, blob[:place] + octets + blob[place:]):
        written = plainvalues.plain_values(broken)
        if written is not None:
            assert written[0] == jsonform.write_values(broken)
