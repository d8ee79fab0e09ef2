import pytest
from msgspec.structs import replace

from identifiers import outcomes
from identifiers.queries import Query
from identifiers.records import Record, State
from identifiers.values import Value
from identifiers.wire.cursor import ProtocolError, octets
from identifiers.wire.handle import bodies, resolution, translate
from identifiers.wire.handle.codes import OpCode, OpFlag, ResponseCode
from identifiers.wire.handle.digests import request_digest
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.message import Message, decode, encode
from identifiers.wire.handle.translate import ReplyTo, Site
from identifiers.wire.handle.values import encode_values

BLOB = encode_values([Value(index=1, type="URL", data=b"u")])
RECORD = Record(
    key="88.1/a", name="88.1/a", version=1, state=State.ACTIVE, values=BLOB, changed_at=0
)
ASKED = Message(
    request_id=77,
    header=Header(op_code=OpCode.RESOLUTION, flags=0x1900_0000, recursion_count=2, expiration=5),
    body=bodies.Asked("88.1/煤", (1, 4), ("URL",)),
)
RAW = encode(ASKED)
TO = translate.reply_to(ASKED, RAW)
QUERY = translate.to_query(ASKED)
SITE = Site(serial=9)


def with_header(**changes):
    return replace(ASKED, header=replace(ASKED.header, **changes))


def test_a_request_becomes_a_query():
    assert (
        Query(
            handle="88.1/煤".encode(),
            indexes=(1, 4),
            types=("URL",),
            public_only=True,
            recursive=True,
            passed_on=2,
        )
        == QUERY
    )
    flags = OpFlag.AUTHORITATIVE | OpFlag.CERTIFY | OpFlag.DO_NOT_REFER
    other = translate.to_query(with_header(flags=int(flags), site_serial=3))
    assert (other.authoritative, other.certified, other.do_not_refer) == (True, True, True)
    assert (other.public_only, other.recursive, other.site_serial) == (False, False, 3)


def test_a_request_may_be_passed_on_ten_times():
    assert translate.to_query(with_header(recursion_count=10))
    with pytest.raises(ProtocolError) as caught:
        translate.to_query(with_header(recursion_count=11))
    assert caught.value.code == ResponseCode.RECURSION_COUNT_TOO_HIGH


@pytest.mark.parametrize(
    "request_",
    [
        with_header(op_code=OpCode.PASSWORD_LOGIN),
        replace(ASKED, body=bodies.Named("/"), header=Header(op_code=OpCode.GET_SITE_INFO)),
    ],
)
def test_only_resolutions_become_queries(request_):
    with pytest.raises(ProtocolError) as caught:
        translate.to_query(request_)
    assert caught.value.code == ResponseCode.OPERATION_NOT_SUPPORTED


@pytest.mark.parametrize(
    ("outcome", "code", "body"),
    [
        (outcomes.Found(RECORD, BLOB), 1, bodies.Valued("88.1/煤", BLOB)),
        (outcomes.ValuesAbsent(RECORD), 200, bodies.ErrorText(b"")),
        (outcomes.Absent(), 100, bodies.ErrorText(b"")),
        (outcomes.Absent("suspended: 召回"), 100, bodies.ErrorText("suspended: 召回".encode())),
        (outcomes.NotHomed(), 301, bodies.ErrorText(b"That prefix doesn't live here")),
        (
            outcomes.Referral((Value(index=1, type="URL", data=b"u"),)),
            302,
            bodies.Valued("", BLOB),
        ),
        (outcomes.Referral((), of_prefix=True), 303, bodies.Valued("", encode_values([]))),
        (outcomes.InvalidName("no slash"), 102, bodies.ErrorText(b"no slash")),
        (outcomes.PassedOnTooOften(), 6, bodies.ErrorText(b"Recursion count too high")),
        (outcomes.Unavailable(5), 3, bodies.ErrorText(b"")),
    ],
)
def test_every_outcome_has_its_reply(outcome, code, body):
    reply = decode(translate.outcome_reply(TO, QUERY, outcome, SITE, 123))
    assert reply == Message(
        request_id=77,
        header=Header(
            op_code=1,
            response_code=code,
            flags=0x9900_0000,
            site_serial=9,
            recursion_count=2,
            expiration=123,
        ),
        body=body,
    )


def test_old_clients_are_told_of_no_prefix_referral():
    """Their 303 is "read only", with a message; 302 they know."""
    old = replace(TO, version=(2, 1), old_codes=translate.old_codes((2, 1), (0, 0)))
    values = (Value(index=1, type="URL", data=b"u"),)
    of_prefix = outcomes.Referral(values, of_prefix=True)
    codes = [
        decode(translate.outcome_reply(old, QUERY, outcome, SITE, 123)).header.response_code
        for outcome in (of_prefix, outcomes.Referral(values))
    ]
    assert codes == [ResponseCode.SERVER_NOT_RESPONSIBLE, ResponseCode.SERVICE_REFERRAL]


def test_what_needs_a_login_is_not_supported_without_one():
    reply = decode(translate.outcome_reply(TO, QUERY, outcomes.NeedsAuthentication(), SITE, 123))
    assert reply.header.response_code == ResponseCode.OPERATION_NOT_SUPPORTED
    assert "login" in reply.body.text


def test_a_mirror_does_not_say_authoritative():
    reply = decode(translate.reply(TO, bodies.Valued("", BLOB), Site(9, primary=False), 1))
    assert reply.header.flags == 0x1900_0000


def test_several_messages_say_that_they_continue():
    reply = decode(translate.reply(TO, bodies.Valued("", BLOB), SITE, 1, continues=True))
    assert reply.header.flags == 0x9D00_0000


def test_a_digest_is_returned_to_whom_asks_for_it():
    asked = with_header(flags=0x1980_0000)
    raw = encode(asked)
    to = translate.reply_to(asked, raw)
    told = decode(translate.outcome_reply(to, QUERY, outcomes.Absent(), SITE, 1))
    assert told.digest == request_digest(raw, (2, 11))
    assert TO.digest is None
    old = replace(asked, version=(2, 0), suggested=(2, 0))
    to = translate.reply_to(old, encode(old))
    assert to.digest is None
    told = decode(translate.error_reply(to, ResponseCode.ERROR, "why", SITE, 1))
    assert (told.digest, told.body) == (None, bodies.ErrorText(b"why"))


def test_a_challenge_brings_a_session_and_the_digest():
    digest = request_digest(RAW, TO.version)
    told = decode(
        translate.challenge_reply(TO, SITE, 1, digest=digest, nonce=b"n" * 16, session_id=5)
    )
    assert (told.session_id, told.digest, told.body) == (5, digest, bodies.Challenge(b"n" * 16))
    assert told.header.flags == 0x9980_0000
    overwrite = replace(TO, flags=int(OpFlag.OVERWRITE))
    told = decode(
        translate.challenge_reply(overwrite, SITE, 1, digest=digest, nonce=b"n", session_id=5)
    )
    assert told.header.flags == 0x8080_0000


@pytest.mark.parametrize(
    ("version", "suggested", "backup", "invalid"),
    [
        ((2, 3), (2, 10), 3, 201),
        ((2, 4), (2, 4), 303, 201),
        ((2, 3), (2, 11), 7, 202),
        ((2, 5), (2, 5), 7, 202),
        ((2, 1), (0, 0), 303, 201),
    ],
)
def test_old_clients_know_two_codes_by_other_numbers(version, suggested, backup, invalid):
    asked = replace(ASKED, version=version, suggested=suggested)
    to = translate.reply_to(asked, encode(asked))
    for code, told in (
        (ResponseCode.SERVER_BACKUP, backup),
        (ResponseCode.INVALID_VALUE, invalid),
        (ResponseCode.HANDLE_NOT_FOUND, 100),
    ):
        reply = translate.error_reply(to, code, "why", SITE, 1)
        assert decode(reply).header.response_code == told
        assert reply.endswith(octets(b"why") + bytes(4))


@pytest.mark.parametrize(
    ("code", "told"),
    [(6, 2), (300, 2), (301, 2), (406, 2), (500, 2), (505, 2), (603, 2), (408, 408)],
)
def test_the_id_sdk_gets_no_code_that_it_breaks_on(code, told):
    asked = replace(ASKED, version=(2, 3), suggested=(2, 10))
    to = translate.reply_to(asked, encode(asked))
    reply = decode(translate.error_reply(to, ResponseCode(code), "why", SITE, 1))
    assert (reply.header.response_code, reply.body) == (told, bodies.ErrorText(b"why"))


def test_nonsense_is_answered_without_anything_of_it():
    reply = decode(translate.early_error(ProtocolError("why", 5), 99))
    assert (reply.version, reply.request_id) == ((2, 3), 0xFFFF_FFFF)
    assert reply.header == Header(op_code=0, response_code=5, flags=0x1900_0000, expiration=99)
    assert reply.body == bodies.ErrorText(b"why")


PLAIN = encode(replace(ASKED, body=bodies.Asked("88.1/a")))


def test_a_plain_request_takes_the_hot_path():
    assert resolution.decode_query(RAW) == (TO, QUERY)
    to, query = resolution.decode_query(PLAIN)
    assert (to, query.handle, query.indexes, query.types) == (TO, b"88.1/a", (), ())
    assert isinstance(to, ReplyTo)
    bare = encode(replace(ASKED, without_credential_length=True))
    assert resolution.decode_query(bare) == (TO, QUERY)
    third_list = replace(ASKED, body=bodies.Asked("88.1/a", extra=bytes(4)))
    assert resolution.decode_query(encode(third_list))[1].handle == b"88.1/a"


def test_the_hot_path_negotiates_like_the_other():
    for version, suggested in (((2, 3), (2, 10)), ((2, 3), (2, 11)), ((2, 1), (0, 0))):
        asked = replace(ASKED, version=version, suggested=suggested)
        raw = encode(asked)
        assert resolution.decode_query(raw)[0] == translate.reply_to(asked, raw)


def at(place, *octets):
    return RAW[:place] + bytes(octets) + RAW[place + len(octets) :]


HANDLE = len("88.1/煤".encode())
FILTERS = 48 + HANDLE


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        RAW[:55],
        RAW[:-1],
        RAW + b"\0",
        encode(with_header(op_code=OpCode.PASSWORD_LOGIN)),
        at(27, 1),
        encode(with_header(flags=int(OpFlag.REQUEST_DIGEST))),
        encode(with_header(flags=int(OpFlag.CERTIFY))),
        encode(with_header(flags=int(OpFlag.ENCRYPT))),
        encode(with_header(recursion_count=11)),
        at(0, 1),
        at(2, 0x22),
        at(15, 1),
        at(48, 0xFF),
        at(48, 0),
        at(44, 0xFF, 0xFF, 0xFF, 0xFF),
        at(44, 0, 0, 8, 1),
        at(FILTERS, 0, 0, 8, 1),
        at(FILTERS, 0, 0, 0, 9),
        at(FILTERS + 12, 0, 0, 8, 1),
        at(FILTERS + 12, 0, 0, 0, 9),
        at(FILTERS + 16, 0, 0, 0, 9),
        at(FILTERS + 20, 0),
        at(FILTERS + 20, 0xFF),
    ],
)
def test_what_is_not_plain_does_not(datagram):
    assert resolution.decode_query(datagram) is None


def test_requests_that_differ_in_id_and_expiration_share_an_answer():
    key = resolution.answer_key(RAW)
    other = encode(replace(with_header(expiration=999), request_id=1))
    assert key == resolution.answer_key(other)
    assert key != resolution.answer_key(PLAIN)
    assert key != resolution.answer_key(encode(with_header(recursion_count=1)))
    assert resolution.request_id_of(other) == bytes((0, 0, 0, 1))


@pytest.mark.parametrize(
    "datagram",
    [
        RAW[:47],
        encode(replace(ASKED, session_id=1)),
        encode(with_header(flags=int(OpFlag.REQUEST_DIGEST))),
        encode(with_header(op_code=OpCode.PASSWORD_LOGIN)),
        at(27, 1),
    ],
)
def test_some_requests_never_share(datagram):
    assert resolution.answer_key(datagram) is None


def test_a_finished_reply_is_renewed():
    finished = resolution.encode_found(TO, QUERY.handle, BLOB, SITE, 100)
    renewed = resolution.patch(finished, b"\0\0\0\x05", (200).to_bytes(4))
    to = replace(TO, request_id=5)
    assert renewed == resolution.encode_found(to, QUERY.handle, BLOB, SITE, 200)
    mirror = resolution.encode_found(TO, QUERY.handle, BLOB, Site(9, primary=False), 100)
    assert decode(mirror).header.flags == 0x1900_0000


@pytest.mark.parametrize(
    ("known", "older"),
    [(8, True), (1, True), (9, False), (10, False), (0xFFFE, False), (0xFFFF, False), (0, False)],
)
def test_an_older_site_record_is_told_by_its_serial(known, older):
    assert SITE.outdates(known) is older


def test_a_site_record_that_is_out_of_date_is_told_with_the_serial_that_is_not():
    asked = with_header(site_serial=8)
    told = decode(translate.out_of_date(translate.reply_to(asked, encode(asked)), SITE, 1))
    assert (told.header.response_code, told.header.site_serial) == (300, SITE.serial)
    assert "site record" in told.body.text
