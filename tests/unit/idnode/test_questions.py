import pytest

from identifiers.wire.handle import bodies, message
from identifiers.wire.handle.codes import OpCode
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.message import Message
from idnode import Garbled, Unaskable
from idnode.questions import read_reply, read_resolution, read_site, request, text_of
from idnode.resolution import Resolution, code_name


def reply(body, code=1, op_code=OpCode.RESOLUTION):
    header = Header(op_code=op_code, response_code=code)
    return message.decode(message.encode(Message(request_id=7, header=header, body=body)))


def test_a_request_says_what_it_speaks_and_knows():
    asked = request(OpCode.RESOLUTION, bodies.Asked("88.300.1/二级"), 7, 0x0100_0000, session_id=9)
    assert message.decode(message.encode(asked)) == asked
    assert (asked.request_id, asked.session_id) == (7, 9)
    assert (asked.version, asked.suggested) == ((2, 3), (2, 11))


@pytest.mark.parametrize("handle", ["", "88.300.1/\0", "88.300.1/" + "x" * 2048])
def test_nobody_can_be_asked_about_some_names(handle):
    with pytest.raises(Unaskable, match="a handle has"):
        request(OpCode.DELETE_HANDLE, bodies.Named(handle), 7)


def test_a_reply_without_a_body_is_an_answer():
    found = read_resolution("88.300.1/A", reply(bodies.Nothing(), code=100))
    assert (found.code, found.values, found.message) == (100, (), "")


def test_a_success_without_values_is_none():
    with pytest.raises(Garbled, match="without values"):
        read_resolution("88.300.1/A", reply(bodies.Raw(b"x"), op_code=77))


@pytest.mark.parametrize("data", [b"", b"x" * 44])
def test_what_is_no_reply(data):
    with pytest.raises(Garbled):
        read_reply(data)


def test_a_request_is_no_reply():
    with pytest.raises(Garbled, match="a request"):
        read_reply(message.encode(request(OpCode.RESOLUTION, bodies.Asked("88.1/a"), 7)))


def test_what_is_no_site():
    with pytest.raises(Garbled, match="ErrorText"):
        read_site(reply(bodies.ErrorText(b"no"), code=2, op_code=OpCode.GET_SITE_INFO))


def test_only_errors_have_a_text():
    assert text_of(reply(bodies.ErrorText(b"no"), code=2)) == "no"
    assert text_of(reply(bodies.Nothing(), code=2)) == ""


def test_codes_have_words_and_unknown_ones_a_number():
    assert code_name(100) == "handle not found"
    assert code_name(4711) == "code 4711"


def test_a_document_tells_values_when_there_could_be_some():
    assert Resolution(handle="a/b", code=1).document() == {
        "responseCode": 1,
        "handle": "a/b",
        "values": [],
    }
    assert "values" not in Resolution(handle="a/b", code=100).document()
