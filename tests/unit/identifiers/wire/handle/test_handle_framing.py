import pytest
from msgspec.structs import replace

from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle import bodies
from identifiers.wire.handle.envelope import decode_envelope, encode_envelope
from identifiers.wire.handle.framing import NEED_DATA, PATIENCE, TcpFramer, UdpJoiner, split
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.message import Message, encode


def message(size, request=1):
    header = Header(op_code=77_777)
    return encode(Message(request_id=request, header=header, body=bodies.Raw(bytes(size))))


def changed(packet, /, **changes):
    return encode_envelope(replace(decode_envelope(packet), **changes)) + packet[20:]


LONG = message(1000)
FIRST, SECOND, THIRD = split(LONG)


def test_short_messages_are_one_datagram_as_they_are():
    assert split(message(464)) == [message(464)]
    assert [len(packet) for packet in split(message(465))] == [512, 21]


def test_packets_are_numbered_and_flagged():
    envelopes = [decode_envelope(packet) for packet in (FIRST, SECOND, THIRD)]
    assert [outer.packet for outer in envelopes] == [0, 1, 2]
    assert {(outer.flags, outer.message_length) for outer in envelopes} == {(0x20, len(LONG) - 20)}


def test_a_whole_datagram_passes_through():
    assert UdpJoiner().add(message(3), "peer", 0.0) == message(3)


def test_packets_of_different_senders_and_requests_are_not_mixed():
    joiner = UdpJoiner()
    other = split(message(1000, request=2))
    for packet in (FIRST, SECOND):
        assert joiner.add(packet, "peer", 0.0) is None
    assert joiner.add(THIRD, "other", 0.0) is None
    assert joiner.add(other[2], "peer", 0.0) is None
    assert joiner.add(THIRD, "peer", 0.0) == LONG


def test_a_message_has_only_so_much_time():
    joiner = UdpJoiner()
    joiner.add(FIRST, "peer", 0.0)
    joiner.add(SECOND, "peer", PATIENCE - 0.1)
    assert joiner.add(THIRD, "peer", PATIENCE) is None
    assert joiner.expire(PATIENCE + 1) == 0
    assert joiner.expire(2 * PATIENCE) == 1
    assert joiner.expire(2 * PATIENCE) == 0


def test_what_contradicts_its_message_is_refused():
    joiner = UdpJoiner()
    joiner.add(FIRST, "peer", 0.0)
    with pytest.raises(ProtocolError, match="contradict"):
        joiner.add(changed(SECOND, session_id=5), "peer", 0.0)
    joiner.add(SECOND, "peer", 0.0)
    assert joiner.add(THIRD, "peer", 0.0) == LONG


@pytest.mark.parametrize(
    "packet",
    [
        changed(THIRD, packet=1),
        changed(SECOND, packet=2),
        changed(SECOND, packet=3),
        changed(SECOND, packet=0xFFFF_FFFF),
        THIRD + b"\0",
        FIRST[:-1],
        changed(message(3), packet=1),
        changed(split(message(984 - 28))[0], packet=2)[:20],
        changed(FIRST, message_length=0),
    ],
)
def test_a_packet_of_the_wrong_size_is_refused(packet):
    with pytest.raises(ProtocolError, match="Invalid message length"):
        UdpJoiner().add(packet, "peer", 0.0)


def test_a_full_joiner_refuses_until_there_is_room():
    joiner = UdpJoiner(max_messages=2)
    for request in (1, 2, 3):
        assert joiner.add(split(message(1000, request))[0], "peer", 0.0) is None
    assert joiner.refused == 1
    first = split(message(1000, 1))
    assert joiner.add(first[1], "peer", 0.0) is None
    assert joiner.add(first[2], "peer", 0.0) == message(1000, 1)
    assert joiner.add(split(message(1000, 3))[0], "peer", 0.0) is None
    assert joiner.refused == 1


def test_a_joiner_holds_only_so_many_bytes():
    joiner = UdpJoiner(max_bytes=2000)
    joiner.add(FIRST, "one", 0.0)
    assert joiner.add(FIRST, "two", 0.0) is None
    assert joiner.refused == 1
    assert joiner.add(FIRST, "two", PATIENCE) is None
    assert joiner.refused == 1


def test_a_stream_is_cut_into_messages():
    framer = TcpFramer()
    assert framer.next_message() is NEED_DATA
    framer.feed(message(5) + message(6)[:30])
    assert framer.next_message() == message(5)
    assert framer.announced == 0
    assert framer.next_message() is NEED_DATA
    assert framer.buffered == 30
    assert framer.announced == len(message(6))
    assert framer.begun(24) == message(6)[:24]
    framer.feed(message(6)[30:])
    assert framer.next_message() == message(6)
    assert framer.buffered == 0


def test_whole_messages_can_be_seen_before_they_are_taken():
    framer = TcpFramer()
    assert framer.begun(9) == b""
    framer.feed(message(5) + message(6) + message(8)[:30])
    assert framer.begun(len(message(5))) == message(5)
    framer.skip(len(message(5)))
    assert framer.next_message() == message(6)
    assert framer.next_message() is NEED_DATA
    assert framer.announced == len(message(8))
    framer.feed(message(8)[30:] + message(9))
    framer.skip(len(message(8)))
    assert framer.announced == 0
    assert framer.next_message() == message(9)


def test_an_oversize_message_is_refused_before_it_is_kept():
    framer = TcpFramer(limit=100)
    framer.feed(message(200)[:10])
    with pytest.raises(ProtocolError, match="too long"):
        framer.feed(message(200)[10:])
    assert framer.buffered == 10


def test_an_oversize_second_message_is_refused_too():
    framer = TcpFramer(limit=100)
    framer.feed(message(5) + message(200)[:25])
    assert framer.next_message() == message(5)
    with pytest.raises(ProtocolError, match="too long"):
        framer.next_message()
