"""The table of sessions: bounded, dated, and forgotten with its process."""

import base64
import os

from identifiers.principals import HandleIdentity
from registry.proofs import Proof
from registry.rest.sessions import (
    IDLE_SECONDS,
    LONGEST_SECONDS,
    MOST_SPENT,
    OFFER_SECONDS,
    Sessions,
)

PROOF = Proof(HandleIdentity("0.NA/88.300.1", 300), b"key")
NOW = 1000.0


def test_ids_and_nonces_are_not_repeated():
    sessions = Sessions(os.urandom)
    offers = [sessions.offer(NOW) for _ in range(100)]
    assert len({offer.session_id for offer in offers} | {o.nonce for o in offers}) == 200
    assert len(sessions) == 0


def test_another_process_knows_nothing_of_them():
    offer = Sessions(os.urandom).offer(NOW)
    restarted = Sessions(os.urandom)
    assert restarted.offered(offer.session_id, NOW) is None
    assert restarted.take_nonce(offer.session_id, NOW) is None


def test_an_offer_is_dated_and_taken_once():
    sessions = Sessions(os.urandom)
    late, offer = sessions.offer(NOW), sessions.offer(NOW)
    assert sessions.take_nonce(late.session_id, NOW + OFFER_SECONDS) is None
    assert sessions.take_nonce(offer.session_id, NOW) == offer.nonce
    assert sessions.take_nonce(offer.session_id, NOW) is None
    assert sessions.offered(offer.session_id, NOW) is None


def test_an_offer_has_one_spelling():
    sessions = Sessions(os.urandom)
    offer = sessions.offer(NOW)
    told = offer.session_id
    # 40 octets end in spare bits: "A==" and "B==" decode alike.
    spare = f"{told[:-3]}{chr(ord(told[-3]) + 1)}=="
    assert base64.urlsafe_b64decode(spare) == base64.urlsafe_b64decode(told)
    for other in (f"{told}!", f"{told}=", f"{told[:5]}.{told[5:]}", f"{told}\n", spare):
        assert sessions.take_nonce(other, NOW) is None
        assert sessions.offered(other, NOW) is None
    assert sessions.take_nonce(told, NOW) == offer.nonce


def test_sessions_that_begin_without_an_answer_are_not_remembered_for_ever():
    sessions = Sessions(os.urandom, most=1, most_spent=2)
    now = NOW
    for _ in range(10):
        now += OFFER_SECONDS
        sessions.begin(sessions.offer(now).session_id, PROOF, now)
    # Nothing but the last is in the way of an answer.
    assert sessions.take_nonce(sessions.offer(now).session_id, now) is not None
    assert len(sessions) == 1
    assert sessions.spent == 2


def test_a_nonce_of_a_session_is_taken_once_and_followed_by_another():
    sessions = Sessions(os.urandom)
    offer = sessions.offer(NOW)
    first = sessions.begin(offer.session_id, PROOF, NOW).nonce
    assert sessions.take_nonce(offer.session_id, NOW) == first
    assert sessions.take_nonce(offer.session_id, NOW) not in {None, first, offer.nonce}


def test_a_session_ends_though_it_is_used():
    sessions = Sessions(os.urandom)
    session_id = sessions.offer(NOW).session_id
    sessions.begin(session_id, PROOF, NOW)
    now = NOW
    while now < NOW + LONGEST_SECONDS - IDLE_SECONDS:
        now += IDLE_SECONDS / 2
        assert sessions.find(session_id, now) is not None
    assert sessions.find(session_id, NOW + LONGEST_SECONDS) is None
    assert len(sessions) == 0


def test_a_session_that_began_meanwhile_is_not_forgotten_with_the_one_before():
    sessions = Sessions(os.urandom)
    session_id = sessions.offer(NOW).session_id
    before = sessions.begin(session_id, PROOF, NOW)
    after = sessions.begin(session_id, PROOF, NOW)
    sessions.disown(session_id, before)
    assert sessions.find(session_id, NOW) is after
    sessions.disown(session_id, after)
    assert sessions.find(session_id, NOW) is None


def test_of_too_many_the_one_unused_for_longest_ends():
    sessions = Sessions(os.urandom, most=2)
    ids = [sessions.offer(NOW).session_id for _ in range(3)]
    sessions.begin(ids[0], PROOF, NOW)
    sessions.begin(ids[1], PROOF, NOW)
    assert sessions.find(ids[0], NOW) is not None
    sessions.begin(ids[2], PROOF, NOW)
    assert [sessions.find(i, NOW) is not None for i in ids] == [True, False, True]


def test_answers_are_refused_when_too_many_were_given_until_those_are_old():
    sessions = Sessions(os.urandom, most_spent=2)
    offers = [sessions.offer(NOW + 1) for _ in range(3)]
    assert sessions.take_nonce(offers[0].session_id, NOW) is not None
    assert sessions.take_nonce(offers[1].session_id, NOW + 1) is not None
    assert sessions.take_nonce(offers[2].session_id, NOW + 1) is None
    assert sessions.take_nonce(offers[2].session_id, NOW + OFFER_SECONDS) is not None
    assert MOST_SPENT > 1000
