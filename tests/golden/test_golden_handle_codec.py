"""Every recorded message decodes, and encodes to the bytes that were recorded."""

import itertools

import pytest

from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle import bodies, data, site, values
from identifiers.wire.handle.framing import NEED_DATA, TcpFramer, UdpJoiner, split
from identifiers.wire.handle.message import decode, encode
from tests.golden.vectors import ADMIN_KEY, NONSENSE, SENSIBLE, SERVER_KEY, frames, whole

MESSAGES = [
    pytest.param(message, id=f"{name}-{direction}-{number}")
    for name in SENSIBLE
    for direction in ("req", "resp")
    for number, message in enumerate(whole(name, direction))
]
MULTIPACKET = ("resolve_udp_multipacket", "session_dh_create_delete")


@pytest.mark.parametrize("message", MESSAGES)
def test_decodes_and_encodes_to_the_same_bytes(message):
    decoded = decode(message)
    assert not isinstance(decoded.body, bodies.Raw)
    assert encode(decoded) == message


@pytest.mark.parametrize("message", MESSAGES)
def test_comes_out_of_a_stream_byte_by_byte(message):
    framer = TcpFramer()
    for at in range(len(message)):
        assert framer.next_message() is NEED_DATA
        framer.feed(message[at : at + 1])
    assert framer.next_message() == message
    assert framer.next_message() is NEED_DATA


@pytest.mark.parametrize("message", MESSAGES)
def test_leaves_what_follows_to_the_next_message(message):
    framer = TcpFramer()
    framer.feed(message + message[:-1])
    assert framer.next_message() == message
    assert framer.next_message() is NEED_DATA
    framer.feed(message[-1:])
    assert framer.next_message() == message
    assert framer.buffered == 0


@pytest.mark.parametrize("message", MESSAGES)
def test_refuses_a_datagram_with_more_or_less_than_its_length(message):
    with pytest.raises(ProtocolError):
        decode(message + b"\0")
    with pytest.raises(ProtocolError):
        decode(message[:-1])


@pytest.mark.parametrize("name", MULTIPACKET)
def test_packets_join_in_any_order_and_split_as_recorded(name):
    packets = [data for proto, data in frames(name, "resp") if proto == "udp"]
    message = whole(name, "resp")[0]
    for order in itertools.islice(itertools.permutations(packets), 60):
        joiner = UdpJoiner()
        *early, last = (*order[:1], *order)
        assert [joiner.add(packet, "peer", 0.0) for packet in early] == [None] * len(early)
        assert joiner.add(last, "peer", 0.0) == message
    assert split(message) == packets


@pytest.mark.parametrize("message", MESSAGES)
def test_values_decode_and_encode_one_by_one(message):
    body = decode(message).body
    if isinstance(body, bodies.Valued):
        decoded = values.decode_values(body.values)
        assert values.encode_values(decoded) == body.values
        assert b"".join(map(values.encode_value, decoded)) == body.values[4:]


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_is_no_message(name):
    for _, request in frames(name, "req"):
        with pytest.raises(ProtocolError):
            decode(request)


def test_site_records_and_keys():
    for name in ("get_site_info", "get_site_info_tcp"):
        record = decode(whole(name, "resp")[0]).body.record
        assert site.encode_site(site.decode_site(record)) == record
        assert site.decode_site(record).servers[0].public_key == SERVER_KEY
    for key in (SERVER_KEY, ADMIN_KEY):
        assert data.encode_public_key(data.decode_public_key(key)) == key


def test_the_keys_of_a_session_setup():
    request, reply = whole("session_dh_create_delete", "req")[0], whole(MULTIPACKET[1], "resp")[0]
    offered = decode(request).body.key
    answered = decode(reply).body.data[4:]
    for key in (offered, answered):
        decoded = data.decode_public_key(key)
        assert isinstance(decoded, data.DhKey)
        assert data.encode_public_key(decoded) == key
