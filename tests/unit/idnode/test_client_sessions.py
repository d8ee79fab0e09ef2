"""What a client takes from a server within a session, and when it sets one up."""

import pytest
from msgspec.structs import replace

from identifiers.keys.credentials import with_mac
from identifiers.keys.sessions import CipherCode, SessionKey, answer_offer, encode_agreed
from identifiers.wire.cursor import octets, text
from identifiers.wire.handle import bodies, message
from identifiers.wire.handle.codes import OpCode
from identifiers.wire.handle.data import DhKey, decode_public_key
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.message import Message
from idnode import Garbled, Untrusted
from idnode.sessions import Offer, Session
from tests.unit.idnode.authority import BY_SECRET

KEY = SessionKey(CipherCode.AES, b"k" * 32)


def chance(size):
    return b"c" * size


def reply(body, op_code=OpCode.SESSION_SETUP):
    return Message(request_id=7, header=Header(op_code=op_code, response_code=1), body=body)


def test_both_sides_agree_on_a_key():
    offer = Offer(chance)
    offered = decode_public_key(offer.setup(BY_SECRET).key)
    own, key = answer_offer(offered, CipherCode.AES, b"s" * 48)
    told = reply(bodies.SessionKey(4, encode_agreed(CipherCode.AES, own)))
    assert offer.agreed(told) == key


def test_what_is_no_answer_to_an_offer():
    with pytest.raises(Garbled, match="Nothing"):
        Offer(chance).agreed(reply(bodies.Nothing()))
    other = encode_agreed(CipherCode.AES, DhKey(y=5, p=23, g=2))
    with pytest.raises(Untrusted, match="another group"):
        Offer(chance).agreed(reply(bodies.SessionKey(4, other)))


@pytest.fixture
def session():
    return Session(9, KEY, encrypted=False, chance=chance)


def test_every_request_counts_on(session):
    asked = replace(reply(bodies.Named("/")), header=Header(op_code=OpCode.GET_SITE_INFO))
    sent = [message.decode(session.seal(asked)).credential.counter for _ in range(3)]
    session.rekey(KEY)
    assert [*sent, message.decode(session.seal(asked)).credential.counter] == [1, 2, 3, 1]


def test_a_mac_of_another_kind_is_none(session):
    made = with_mac(reply(bodies.Nothing(), OpCode.DELETE_HANDLE), KEY, 1)
    info = text("HMAC-MD5") + octets(bytes(16))
    odd = replace(made, credential=replace(made.credential, info=info))
    with pytest.raises(Untrusted, match="HMAC-MD5"):
        session.open(message.encode(odd))
    assert session.open(message.encode(made)) == made


def test_what_is_no_message_is_garbled(session):
    with pytest.raises(Garbled):
        session.open(b"short")
