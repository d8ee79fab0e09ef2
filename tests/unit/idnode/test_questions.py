import pytest

from identifiers.wire.handle import bodies, message
from identifiers.wire.handle.codes import OpCode, OpFlag
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.message import Message
from idnode import Garbled
from idnode.questions import read_resolution, read_site, resolution, site
from idnode.resolution import Resolution, code_name


def reply(body, code=1, op_code=OpCode.RESOLUTION):
    header = Header(op_code=op_code, response_code=code)
    return message.encode(Message(request_id=7, header=header, body=body))


def test_a_question_asks_for_public_values_and_says_who_it_is():
    asked = message.decode(resolution("88.300.1/二级", 7, indexes=[1], types=["URL"]))
    assert asked.request_id == 7
    assert (asked.version, asked.suggested) == ((2, 3), (2, 11))
    assert asked.body == bodies.Asked("88.300.1/二级", (1,), ("URL",))
    assert asked.header.flags == OpFlag.PUBLIC_ONLY | OpFlag.CACHE_CERTIFY


def test_what_is_asked_for_in_addition_is_in_the_flags():
    flags = message.decode(
        resolution("88.300.1/A", 7, authoritative=True, keep_alive=True)
    ).header.flags
    assert flags & OpFlag.AUTHORITATIVE
    assert flags & OpFlag.KEEP_ALIVE
    assert message.decode(site(7, keep_alive=True)).header.flags == OpFlag.KEEP_ALIVE


def test_a_reply_without_a_body_is_an_answer():
    found = read_resolution("88.300.1/A", reply(bodies.Nothing(), code=100))
    assert (found.code, found.values, found.message) == (100, (), "")


def test_a_success_without_values_is_none():
    with pytest.raises(Garbled, match="without values"):
        read_resolution("88.300.1/A", reply(bodies.Raw(b"x"), op_code=77))


@pytest.mark.parametrize("data", [b"", b"x" * 44, resolution("88.300.1/A", 7)])
def test_what_is_no_reply(data):
    with pytest.raises(Garbled):
        read_resolution("88.300.1/A", data)


def test_what_is_no_site():
    with pytest.raises(Garbled, match="ErrorText"):
        read_site(reply(bodies.ErrorText(b"no"), code=2, op_code=OpCode.GET_SITE_INFO))


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
