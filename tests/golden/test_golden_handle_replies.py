"""What the recorded server answered, this codec's server side answers byte for byte."""

import hashlib

import pytest
from msgspec.structs import replace

from identifiers import outcomes
from identifiers.records import Record, State
from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle import bodies, data, resolution, translate
from identifiers.wire.handle.codes import OpCode, OpFlag, ResponseCode
from identifiers.wire.handle.credential import decode_signature, signed_bytes
from identifiers.wire.handle.digests import request_digest
from identifiers.wire.handle.framing import UdpJoiner, split
from identifiers.wire.handle.message import decode, header_and_body
from identifiers.wire.handle.translate import Site
from identifiers.wire.handle.values import decode_values
from tests.golden.vectors import SENSIBLE, SERVER_KEY, frames, pairs, whole

SITE = Site(serial=1)
RECORD = Record(key="", name="", version=1, state=State.ACTIVE, values=b"", changed_at=0)
ONE_TO_ONE = [
    name
    for name in SENSIBLE
    if len(whole(name, "req")) == len(whole(name, "resp")) and name != "resolve_certified"
]
RESOLUTIONS = [
    pytest.param(request, reply, id=f"{name}-{number}")
    for name in ONE_TO_ONE
    for number, (request, reply) in enumerate(pairs(name))
    if decode(request).header.op_code == OpCode.RESOLUTION
    and decode(reply).header.response_code != ResponseCode.AUTHENTICATION_NEEDED
]
CHALLENGES = [
    pytest.param(request, reply, id=f"{name}-{number}")
    for name in (*ONE_TO_ONE, "list_handles")
    for number, (request, reply) in enumerate(
        zip(whole(name, "req"), whole(name, "resp"), strict=False)
    )
    if decode(reply).header.response_code == ResponseCode.AUTHENTICATION_NEEDED
    # The replies to logins in that recording are no reference server's.
    and decode(request).header.op_code != OpCode.LOGIN_ID_SYSTEM
]


def outcome_of(reply: bytes) -> outcomes.Outcome:
    told = decode(reply)
    match told.header.response_code:
        case ResponseCode.SUCCESS:
            return outcomes.Found(RECORD, told.body.values)
        case ResponseCode.HANDLE_NOT_FOUND:
            return outcomes.Absent()
        case ResponseCode.VALUES_NOT_FOUND:
            return outcomes.ValuesAbsent(RECORD)
        case ResponseCode.SERVER_NOT_RESPONSIBLE:
            return outcomes.NotHomed()
        case ResponseCode.PREFIX_REFERRAL:
            return outcomes.Referral(decode_values(told.body.values), of_prefix=True)
        case code:
            raise AssertionError(code)


@pytest.mark.parametrize(("request_bytes", "reply"), RESOLUTIONS)
def test_resolutions_are_answered_as_recorded(request_bytes, reply):
    request = decode(request_bytes)
    expiration = decode(reply).header.expiration
    to, query = translate.reply_to(request, request_bytes), translate.to_query(request)
    outcome = outcome_of(reply)
    assert translate.outcome_reply(to, query, outcome, SITE, expiration) == reply
    plain = resolution.decode_query(request_bytes)
    if request.header.flags & OpFlag.REQUEST_DIGEST:
        assert plain is None
    else:
        assert plain == (to, query)
        if isinstance(outcome, outcomes.Found):
            finished = resolution.encode_found(to, query.handle, outcome.values, SITE, expiration)
            assert finished == reply


def test_there_are_resolutions_of_every_kind():
    assert len(RESOLUTIONS) > 15


@pytest.mark.parametrize(("request_bytes", "reply"), CHALLENGES)
def test_challenges_are_written_as_recorded(request_bytes, reply):
    to = translate.reply_to(decode(request_bytes), request_bytes)
    told = decode(reply)
    written = translate.challenge_reply(
        to,
        SITE,
        told.header.expiration,
        digest=request_digest(request_bytes, to.version),
        nonce=told.body.nonce,
        session_id=told.session_id,
    )
    assert written == reply


def test_administrative_replies_are_written_as_recorded():
    kinds = set()
    for name in ONE_TO_ONE:
        first = None
        for request_bytes, reply in pairs(name):
            request, told = decode(request_bytes), decode(reply)
            if told.header.response_code == ResponseCode.AUTHENTICATION_NEEDED:
                first = request
                continue
            if told.credential is not None:
                continue
            to = translate.reply_to(request, request_bytes)
            if request.header.op_code == OpCode.CHALLENGE_RESPONSE:
                # The final reply is the original request's, and closes the challenge's session.
                to = replace(to, op_code=first.header.op_code, flags=first.header.flags)
                to = replace(to, session_id=told.session_id)
            if told.digest is not None:
                to = replace(to, digest=told.digest)
            if OpCode.LOGIN_ID_SYSTEM in (request.header.op_code, told.header.op_code):
                to = replace(to, flags=told.header.flags, digest=None)
            kinds.add(told.header.op_code)
            code = ResponseCode(told.header.response_code)
            expiration = told.header.expiration
            assert translate.reply(to, told.body, SITE, expiration, code=code) == reply
    assert {1, 2, 100, 101, 102, 103, 104, 300, 302, 2001} <= kinds


def test_lists_continue_over_several_messages():
    request = whole("list_handles", "req")[1]
    replies = whole("list_handles", "resp")[1:]
    assert [len(decode(reply).body.handles) for reply in replies] == [50, 50, 20]
    to = translate.reply_to(decode(request), request)
    for reply in replies:
        told = decode(reply)
        to = replace(to, op_code=int(OpCode.LIST_HANDLES), session_id=0)
        continues = reply is not replies[-1]
        assert bool(told.header.flags & OpFlag.CONTINUES) is continues
        assert (
            translate.reply(to, told.body, SITE, told.header.expiration, continues=continues)
            == reply
        )


def test_long_replies_are_split_as_recorded():
    request = whole("resolve_udp_multipacket", "req")[0]
    packets = [data for _, data in frames("resolve_udp_multipacket", "resp")]
    told = decode(whole("resolve_udp_multipacket", "resp")[0])
    to, query = resolution.decode_query(request)
    reply = resolution.encode_found(
        to, query.handle, told.body.values, SITE, told.header.expiration
    )
    assert split(reply) == packets


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("raw_bad_opcode", "Unknown opCode in message: 0"),
        ("raw_short_message", "Invalid message length"),
    ],
)
def test_nonsense_is_answered_as_recorded(name, text):
    ((_, request),), ((_, reply),) = frames(name, "req"), frames(name, "resp")
    with pytest.raises(ProtocolError, match=text) as caught:
        decode(request)
    assert translate.early_error(caught.value, decode(reply).header.expiration) == reply


def test_an_incomplete_datagram_is_answered_as_recorded():
    (_, request), (_, reply) = (
        frames("raw_truncated_header_udp", "req")[1],
        frames("raw_truncated_header_udp", "resp")[0],
    )
    with pytest.raises(ProtocolError) as caught:
        UdpJoiner().add(request, "peer", 0.0)
    assert translate.early_error(caught.value, decode(reply).header.expiration) == reply


@pytest.mark.parametrize("name", ["resolve_certified", "session_dh_create_delete"])
def test_the_signed_bytes_are_those_the_server_signed(name):
    told = decode(whole(name, "resp")[0])
    signature = decode_signature(told.credential.info)
    assert signature.algorithm == "SHA-256"
    signed = signed_bytes(
        told.version,
        told.suggested,
        session_id=told.session_id,
        request_id=told.request_id,
        counter=told.credential.counter,
        header_and_body=header_and_body(told),
    )
    key = data.decode_public_key(SERVER_KEY)
    # RFC 8017 section 8.2.2: the block is 00 01 ff… 00, the name of SHA-256 and the hash.
    block = pow(int.from_bytes(signature.value), key.e, key.n).to_bytes(256)
    assert block.startswith(b"\0\1\xff")
    assert block.endswith(hashlib.sha256(signed).digest())


def test_the_digest_covers_header_and_body_of_the_request():
    ((request, reply),) = pairs("resolve_request_digest")
    assert decode(reply).digest == request_digest(request, (2, 11))
    assert request_digest(request, (2, 6)) == bodies.Digest(
        2, hashlib.sha1(request[20:76], usedforsecurity=False).digest()
    )
    assert request_digest(request, (2, 0)) == bodies.Digest(
        0, hashlib.md5(request[20:76], usedforsecurity=False).digest()
    )
