"""The Handle codec: what is written reads back, however it travels."""

import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from identifiers import values as domain
from identifiers.queries import Query
from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle import bodies, data, resolution, site, translate, values
from identifiers.wire.handle.codes import OpCode, ResponseCode
from identifiers.wire.handle.framing import (
    MAX_DATAGRAM,
    NEED_DATA,
    TcpFramer,
    UdpJoiner,
    split,
)
from identifiers.wire.handle.message import decode, encode
from tests.property import strategies as draw

KINDS = [(op, 0) for op in draw.REQUESTS]
KINDS += [(op, ResponseCode.SUCCESS) for op in draw.SUCCESSES]
KINDS += [(OpCode.RESOLUTION, code) for code in draw.FAILURES]
each_kind = pytest.mark.parametrize(("op", "code"), KINDS, ids=str)


def messages(op: int, code: int) -> st.SearchStrategy:
    return draw.requests(op) if code == 0 else draw.responses(op, code)


@each_kind
@settings(max_examples=25, deadline=None)
@given(drawn=st.data())
def test_every_kind_of_message_reads_back(op, code, drawn):
    message = drawn.draw(messages(op, code))
    assert decode(encode(message)) == message


@each_kind
@settings(max_examples=2, deadline=None)
@given(drawn=st.data())
def test_every_cut_of_a_message_is_refused(op, code, drawn):
    encoded = encode(drawn.draw(messages(op, code)))
    for end in range(len(encoded)):
        with pytest.raises(ProtocolError):
            decode(encoded[:end])


def test_every_body_has_a_reader_and_a_writer():
    from identifiers.wire.handle import requests, responses  # noqa: PLC0415 -- looked into here only

    assert {*requests._WRITERS, *responses._WRITERS} == draw.BODY_TYPES
    assert draw.REQUESTS.keys() >= requests._READERS.keys()
    assert draw.SUCCESSES.keys() >= responses._READERS.keys()


@settings(max_examples=300, deadline=None)
@given(st.lists(draw.values, max_size=8))
def test_values_read_back(drawn):
    blob = values.encode_values(drawn)
    assert values.decode_values(blob) == tuple(drawn)
    assert values.check_values(blob) == blob
    assert values.count_values(blob) == len(drawn)


types = st.sampled_from(["URL", "url.", "url", "URL.ALT", "EMAIL", "地址", "straße", "STRASSE", ""])


@settings(max_examples=500, deadline=None)
@given(
    st.lists(st.builds(replace, draw.values, type=types, index=st.integers(0, 5)), max_size=8),
    st.lists(st.integers(0, 5), max_size=3),
    st.lists(types | types.map(lambda kind: kind + "."), max_size=3),
    st.booleans(),
)
def test_selecting_bytes_is_selecting_values(drawn, indexes, kinds, public_only):
    blob = values.encode_values(drawn)
    chosen = domain.select(drawn, indexes, kinds)
    expected = tuple(v for v in chosen if v.public or not public_only)
    selected = values.filter_blob(blob, indexes, kinds, public_only=public_only)
    assert values.decode_values(selected) == expected
    assert values.public_part(blob) == values.encode_values([v for v in drawn if v.public])


def selected(blob, select):
    try:
        return select(blob)
    except ProtocolError as error:
        return str(error)


@settings(max_examples=500, deadline=None)
@given(st.data(), st.lists(draw.values, max_size=4))
def test_what_is_public_of_any_octets_is_what_selecting_finds(data, drawn):
    blob = bytearray(values.encode_values(drawn))
    for at, octet in data.draw(
        st.lists(st.tuples(st.integers(0, len(blob) - 1), st.integers(0, 255)), max_size=3)
    ):
        blob[at] = octet
    cut = bytes(blob[: data.draw(st.integers(0, len(blob)))]) if data.draw(st.booleans()) else blob
    whole = bytes(cut)
    assert selected(whole, values.public_part) == selected(
        whole, lambda octets: values.filter_blob(octets, (), (), public_only=True)
    )


serials = st.sampled_from([0, 1, 0xFFFF])
plain_flags = st.sampled_from(
    [0, 0x1900_0000, 0x1800_0000, 0x9900_0000, 0x1910_0000, 0x1980_0000, 0x5900_0000, 0x3900_0000]
)


@settings(max_examples=600, deadline=None)
@given(
    message=draw.requests(OpCode.RESOLUTION),
    changes=st.fixed_dictionaries(
        {
            "flags": plain_flags,
            "site_serial": serials,
            "recursion_count": st.sampled_from([0, 10, 11]),
        }
    ),
    version=st.tuples(st.sampled_from([2, 2, 2, 3]), st.integers(0, 13)),
    mutation=st.none() | st.tuples(st.integers(0, 10_000), st.integers(0, 255)),
)
@example(
    message=decode(
        bytes.fromhex(
            "020b020b000000005be3acd70000000000000038000000010000000019000000ffff00006b03bb85"
            "0000001c0000001032302e3530302e3132332f4d554c5449000000000000000000000000"
        )
    ),
    changes={},
    version=(2, 11),
    mutation=(48, 0xFF),
)
def test_the_hot_path_agrees_with_the_general_codec(message, changes, version, mutation):
    header = replace(message.header, **changes)
    encoded = bytearray(encode(replace(message, version=version, header=header)))
    if mutation is not None:
        encoded[mutation[0] % len(encoded)] = mutation[1]
    datagram = bytes(encoded)
    plain = resolution.decode_query(datagram)
    if plain is not None:
        general = decode(datagram)
        assert plain == (translate.reply_to(general, datagram), translate.to_query(general))


@settings(max_examples=300, deadline=None)
@given(draw.requests(OpCode.RESOLUTION), draw.blobs, draw.u32, st.booleans(), draw.u16)
def test_found_replies_agree_with_the_general_codec(message, blob, expiration, primary, serial):
    header = replace(message.header, flags=0x1900_0000, recursion_count=0)
    request = encode(replace(message, header=header, credential=None, flags=0, body=message.body))
    plain = resolution.decode_query(request)
    assert plain is not None
    to, query = plain
    answering = translate.Site(serial, primary)
    fast = resolution.encode_found(to, query.handle, blob, answering, expiration)
    assert fast == translate.reply(to, bodies.Valued(query.text, blob), answering, expiration)


@settings(max_examples=300, deadline=None)
@given(draw.requests(OpCode.RESOLUTION), draw.blobs, draw.u32, draw.u32, draw.u32)
def test_a_patched_reply_is_the_reply_to_the_other_request(message, blob, other, then, now):
    header = replace(message.header, flags=0x1900_0000, recursion_count=0)
    message = replace(message, header=header, credential=None, flags=0, session_id=0)
    first = encode(message)
    second = encode(replace(message, request_id=other, header=replace(header, expiration=other)))
    key = resolution.answer_key(first)
    assert key is not None
    assert key == resolution.answer_key(second)
    (to, query), (to_second, _) = (
        resolution.decode_query(first),
        resolution.decode_query(second),
    )
    answering = translate.Site(7)
    finished = resolution.encode_found(to, query.handle, blob, answering, then)
    patched = resolution.patch(finished, resolution.request_id_of(second), now.to_bytes(4))
    assert patched == resolution.encode_found(to_second, query.handle, blob, answering, now)


@settings(max_examples=200, deadline=None)
@given(st.data(), st.integers(0, 4000), st.randoms(use_true_random=False))
def test_datagrams_join_in_any_order_with_repetitions(drawn, size, rng: random.Random):
    body = bodies.Raw(bytes(rng.randrange(256) for _ in range(size)))
    message = replace(drawn.draw(draw.requests(77_777)), body=body, flags=0)
    encoded = encode(message)
    packets = split(encoded)
    assert max(map(len, packets)) <= MAX_DATAGRAM
    joiner = UdpJoiner()
    if len(packets) == 1:
        assert joiner.add(packets[0], "peer", 0.0) == encoded
        return
    order = packets + rng.choices(packets, k=2)
    rng.shuffle(order)
    joined = [whole for packet in order if (whole := joiner.add(packet, "peer", 0.0))]
    assert set(joined) == {encoded}


@settings(max_examples=200, deadline=None)
@given(
    st.lists(draw.requests(OpCode.RESOLUTION).map(encode), min_size=1, max_size=4),
    st.lists(st.integers(1, 60), min_size=1, max_size=8),
)
def test_streams_may_come_in_any_pieces(encoded, sizes):
    stream, framer, got, turn = b"".join(encoded), TcpFramer(), [], 0
    while stream:
        size = sizes[turn % len(sizes)]
        turn += 1
        framer.feed(stream[:size])
        stream = stream[size:]
        while (message := framer.next_message()) is not NEED_DATA:
            got.append(message)
    assert got == encoded


numbers = st.integers(0, 1 << 200)
keys = st.one_of(
    st.builds(data.RsaKey, numbers, numbers, st.booleans()),
    st.builds(data.DsaKey, numbers, numbers, numbers, numbers),
    st.builds(data.DhKey, numbers, numbers, numbers),
    st.builds(data.OtherKey, st.sampled_from(["SM2_PUB_KEY", "SM9_PUB_KEY"]), draw.octets),
)
admins = st.builds(data.Admin, draw.u16, draw.names, draw.u32)
sites = st.builds(
    site.Site,
    version=st.tuples(draw.u8, draw.u8),
    serial=draw.u16,
    flags=draw.u8,
    hash_option=draw.u8,
    hash_filter=draw.octets,
    attributes=st.lists(st.tuples(draw.text, draw.text), max_size=3).map(tuple),
    servers=st.lists(
        st.builds(
            site.Server,
            id=draw.u32,
            address=st.ip_addresses(v=4).filter(lambda a: int(a) != 1)
            | st.ip_addresses(v=6).filter(lambda a: int(a) >> 32 or int(a) == 1),
            public_key=draw.octets,
            interfaces=st.lists(
                st.builds(site.Interface, draw.u8, draw.u8, draw.u32), max_size=3
            ).map(tuple),
        ),
        max_size=3,
    ).map(tuple),
)


@settings(max_examples=200, deadline=None)
@given(keys, admins, st.lists(st.builds(domain.Reference, draw.names, draw.u32)), sites)
def test_the_data_of_typed_values_reads_back(key, admin, references, record):
    assert data.decode_public_key(data.encode_public_key(key)) == key
    assert data.decode_admin(data.encode_admin(admin)) == admin
    assert data.decode_vlist(data.encode_vlist(tuple(references))) == tuple(references)
    assert site.decode_site(site.encode_site(record)) == record


@given(st.builds(Query, handle=draw.names.map(str.encode)))
def test_a_query_knows_its_handle_as_text(query):
    assert query.text.encode() == query.handle
