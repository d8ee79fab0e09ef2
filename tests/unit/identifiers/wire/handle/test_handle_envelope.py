import pytest

from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle.envelope import (
    Envelope,
    decode_envelope,
    encode_envelope,
    negotiate,
)
from identifiers.wire.handle.header import Header, decode_header, encode_header


def test_an_envelope_reads_back():
    envelope = Envelope(
        version=(2, 10),
        suggested=(2, 11),
        flags=0x20,
        session_id=10001,
        request_id=7,
        packet=3,
        message_length=100,
    )
    encoded = encode_envelope(envelope)
    assert encoded.hex() == "020a220b00002711000000070000000300000064"
    assert decode_envelope(encoded + b"more") == envelope


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (bytes(19), "Incomplete message envelope"),
        (b"\1" + bytes(19), "Unknown protocol version: 1.0"),
        (b"\2" + bytes(15) + b"\0\0\0\x09", "Message is too long"),
    ],
)
def test_an_envelope_is_judged_before_its_message(data, why):
    with pytest.raises(ProtocolError, match=why):
        decode_envelope(data, limit=8)


@pytest.mark.parametrize(
    ("version", "suggested", "best"),
    [
        ((2, 3), (2, 11), (2, 11)),
        ((2, 3), (2, 10), (2, 10)),
        ((2, 11), (0, 0), (2, 11)),
        ((2, 1), (0, 0), (2, 1)),
        ((2, 9), (1, 11), (2, 9)),
        ((2, 9), (3, 2), (2, 11)),
        ((2, 12), (2, 12), (2, 11)),
        ((2, 3), (2, 5), (2, 4)),
        ((2, 6), (0, 0), (2, 4)),
    ],
)
def test_versions_are_negotiated(version, suggested, best):
    assert negotiate(version, suggested) == best


def test_a_header_reads_back():
    header = Header(
        op_code=1,
        response_code=2,
        flags=3,
        site_serial=4,
        recursion_count=5,
        reserved=6,
        expiration=7,
    )
    assert decode_header(encode_header(header, 8)) == (header, 8)


def test_a_header_has_an_opcode_unless_it_answers_nonsense():
    with pytest.raises(ProtocolError, match="Unknown opCode in message: 0"):
        decode_header(encode_header(Header(op_code=0), 0))
    early = Header(op_code=0, response_code=4)
    assert decode_header(encode_header(early, 0)) == (early, 0)
    with pytest.raises(ProtocolError, match="Invalid message length"):
        decode_header(bytes(23))
