import pytest
from msgspec.structs import replace

from identifiers.wire.cursor import ProtocolError, octets, text, u32
from identifiers.wire.handle import bodies
from identifiers.wire.handle.codes import OpCode, OpFlag, ResponseCode
from identifiers.wire.handle.credential import (
    Credential,
    Signature,
    decode_credential,
    decode_signature,
    encode_signature,
    signed_bytes,
)
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.message import Message, decode, encode
from identifiers.wire.handle.values import encode_values

NAMED = bodies.Named("88.1/a")
REQUEST = Message(header=Header(op_code=OpCode.DELETE_HANDLE), body=NAMED)


def response(op, code, body, *, version=(2, 11), flags=0, digest=None):
    header = Header(op_code=op, response_code=code, flags=flags)
    return Message(version=version, header=header, body=body, digest=digest)


def with_body(op, body, version=(2, 11), code=0):
    """Write a message with these bytes as its body."""
    header = Header(op_code=op, response_code=code)
    raw = bodies.Raw(body)
    return encode(Message(version=version, header=header, body=raw))


def test_unknown_numbers_survive():
    message = Message(
        flags=0x1C,
        header=Header(op_code=4242, flags=0xFFFF_FFFF, reserved=9),
        body=bodies.Raw(b"whatever"),
    )
    assert decode(encode(message)) == message
    answer = response(4242, 9999, bodies.Raw(b"\1"))
    assert decode(encode(answer)) == answer
    empty = response(4242, 1, bodies.Nothing())
    assert decode(encode(empty)) == empty


@pytest.mark.parametrize("flag", [0x40, 0x80])
def test_encrypted_and_compressed_messages_are_not_supported(flag):
    with pytest.raises(ProtocolError) as caught:
        decode(encode(replace(REQUEST, flags=flag)))
    assert caught.value.code == ResponseCode.OPERATION_NOT_SUPPORTED


def test_a_later_packet_is_no_message():
    encoded = bytearray(encode(REQUEST))
    encoded[15] = 1
    with pytest.raises(ProtocolError, match="Invalid message length"):
        decode(bytes(encoded))


def test_the_credential_length_may_be_missing():
    bare = replace(REQUEST, without_credential_length=True)
    assert len(encode(bare)) == len(encode(REQUEST)) - 4
    assert decode(encode(bare)) == bare


def test_a_body_ends_where_its_form_ends():
    with pytest.raises(ProtocolError, match="1 bytes left over"):
        decode(with_body(OpCode.DELETE_HANDLE, text("88.1/a") + b"\0"))


def test_one_sdk_sends_a_third_list():
    message = Message(
        header=Header(op_code=OpCode.RESOLUTION), body=bodies.Asked("88.1/a", extra=bytes(4))
    )
    assert decode(encode(message)) == message


def test_a_password_login_looks_like_a_resolution():
    body = bodies.Asked("88.1/a", (300,), ("secret",))
    message = Message(header=Header(op_code=OpCode.PASSWORD_LOGIN), body=body)
    assert decode(encode(message)) == message


def test_a_request_and_a_response_of_one_opcode_differ():
    created = response(OpCode.CREATE_HANDLE, ResponseCode.SUCCESS, NAMED)
    assert decode(encode(created)) == created
    asked = Message(
        header=Header(op_code=OpCode.CREATE_HANDLE), body=bodies.Valued("88.1/a", encode_values([]))
    )
    assert decode(encode(asked)) == asked
    with pytest.raises(KeyError):
        encode(replace(REQUEST, body=bodies.Challenge(b"n")))
    with pytest.raises(KeyError):
        encode(replace(created, body=bodies.Identity("88.1/a", 1)))


@pytest.mark.parametrize("version", [(2, 8), (2, 9)])
def test_log_requests_have_two_forms(version):
    log = bodies.RetrieveLog(last_id=5, last_date=6, hash_type=2, servers=1, server=0)
    message = Message(version=version, header=Header(op_code=OpCode.RETRIEVE_TXN_LOG), body=log)
    assert decode(encode(message)) == message
    assert len(encode(message)) == 20 + 24 + 4 + 25 + (version >= (2, 9))


@pytest.mark.parametrize("op", [OpCode.RETRIEVE_TXN_LOG, OpCode.DUMP_HANDLES])
@pytest.mark.parametrize("body", [b"\2chinese", b"\0short", b""])
def test_two_dialects_share_two_numbers(op, body):
    decoded = decode(with_body(op, body))
    assert decoded.body == bodies.Raw(body)


def test_a_session_setup_ends_with_zeros():
    setup = bodies.SessionSetup(mode=2, timeout=60, handle="88.1/a", index=300)
    message = Message(header=Header(op_code=OpCode.SESSION_SETUP), body=setup)
    encoded = encode(message)
    assert decode(encoded) == message
    assert encoded.endswith(bytes(2) + bytes(4))
    with pytest.raises(ProtocolError, match="two zero bytes"):
        decode(encoded[:-6] + b"\0\1" + encoded[-4:])


def test_errors_carry_a_text_or_nothing():
    told = response(1, ResponseCode.INVALID_HANDLE, bodies.ErrorText("标识".encode() + b"\xff"))
    assert decode(encode(told)) == told
    assert told.body.text == "标识\ufffd"
    silent = response(1, ResponseCode.ERROR, bodies.Nothing())
    assert decode(encode(silent)) == silent


@pytest.mark.parametrize("code", [ResponseCode.SERVICE_REFERRAL, ResponseCode.PREFIX_REFERRAL])
def test_a_referral_names_sites_or_a_service(code):
    for body in (bodies.Valued("", encode_values([])), bodies.Named("88.1/service")):
        referral = response(1, code, body)
        assert decode(encode(referral)) == referral


def test_old_clients_know_303_as_a_message():
    busy = response(1, 303, bodies.ErrorText(b"backup"), version=(2, 4))
    assert decode(encode(busy)) == busy


SHA256 = bodies.Digest(3, bytes(32))


def test_a_challenge_carries_the_digest_whether_or_not_it_was_asked_for():
    challenge = response(1, 402, bodies.Challenge(b"n" * 16), digest=SHA256)
    assert decode(encode(challenge)) == challenge
    old = response(
        1, 402, bodies.Challenge(b"n" * 16), version=(2, 0), digest=bodies.Digest(0, bytes(16))
    )
    assert decode(encode(old)) == old
    assert encode(old).endswith(octets(bytes(16)) + u32(0))


def test_a_digest_that_was_asked_for_comes_first():
    flags = int(OpFlag.REQUEST_DIGEST)
    found = response(2, 1, bodies.SiteInfo(b"site"), flags=flags, digest=SHA256)
    assert decode(encode(found)) == found
    with pytest.raises(ProtocolError, match="Unknown digest algorithm: 9"):
        decode(encode(replace(found, digest=bodies.Digest(9, bytes(32)))))
    # Before 2.1 only challenges had one.
    old = response(2, 1, bodies.SiteInfo(b"site"), version=(2, 0), flags=flags)
    assert decode(encode(old)) == old


def test_a_verification_is_a_bit():
    assert bodies.Verified(1).valid
    assert not bodies.Verified(2).valid


def test_a_credential_reads_back():
    credential = Credential(signer=b"88.1/a", counter=7, type="HS_MAC", info=octets(b"x") * 2)
    signed = replace(REQUEST, credential=credential)
    assert decode(encode(signed)) == signed
    with pytest.raises(ProtocolError):
        decode_credential(b"\0\0\0")
    with pytest.raises(ProtocolError, match="left over"):
        decode(encode(REQUEST)[:16] + u32(24 + 10 + 5) + encode(REQUEST)[20:] + b"\0")


def test_a_signature_reads_back():
    signature = Signature("HMAC-SHA256", bytes(32))
    assert decode_signature(encode_signature(signature)) == signature
    with pytest.raises(ProtocolError, match="left over"):
        decode_signature(encode_signature(signature) + b"\0")


def test_newer_versions_sign_more_of_the_envelope():
    def signed(version):
        return signed_bytes(
            version,
            (2, 11),
            session_id=1,
            request_id=2,
            counter=3,
            header_and_body=b"message",
        ).hex()

    numbers = "000000010000000200000003"
    assert signed((2, 11)) == "020b020b" + numbers + b"message".hex()
    assert signed((2, 8)) == "0208020b" + numbers + b"message".hex()
    assert signed((2, 7)) == "0207" + numbers + b"message".hex()
    assert signed((2, 4)) == b"message".hex()
    for version in ((2, 5), (2, 6)):
        with pytest.raises(ProtocolError, match=r"2\.5 and 2\.6"):
            signed(version)
