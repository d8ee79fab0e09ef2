import tracemalloc
from ipaddress import ip_address

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from identifiers.keys.sessions import CipherCode, SessionKey
from identifiers.principals import HandleIdentity
from identifiers.relay import Channel, Origin
from registry.handle.challenges import FULL
from registry.handle.logins import ENDED, IDLE, Logins
from registry.handle.logins import LONGEST as LONGEST_LOGIN
from registry.handle.sessions import (
    BURST,
    LONGEST,
    PACE,
    PATIENCE,
    SHORTEST,
    ReplayWindow,
    Sessions,
    Terms,
)
from registry.proofs import Proof

NOW = 1000.0
KEY = SessionKey(CipherCode.AES, bytes(32))
ANOTHER = SessionKey(CipherCode.AES, bytes(31) + b"\1")
ADMIN = Proof(HandleIdentity("0.NA/88.300.1", 300), b"key")
OTHER = Proof(HandleIdentity("0.NA/88.300.1", 301), b"key")


def counting():
    drawn = 0

    def chance(count):
        nonlocal drawn
        drawn += 1
        return drawn.to_bytes(count)

    return chance


def origin(address="203.0.113.7", *, trusted=False):
    return Origin(channel=Channel.TCP, address=ip_address(address), trusted=trusted, secure=False)


TRUSTED = origin("127.0.0.1", trusted=True)


def begin(sessions, asker=TRUSTED, timeout=600, now=NOW):
    return sessions.begin(KEY, timeout, asker, now)


def test_a_session_lives_from_message_to_message():
    sessions = Sessions(counting())
    session = begin(sessions)
    session.belongs_to(ADMIN, NOW)
    for n in range(1, 4):
        assert sessions.find(session.id, NOW + 599 * n) is session
        session.used(NOW + 599 * n)
    assert sessions.find(session.id, NOW + 599 * 3 + 600) is None
    assert session.id not in sessions
    assert len(sessions) == 0


def test_a_session_of_nobody_runs_out_whatever_comes():
    sessions = Sessions(counting())
    session = begin(sessions)
    session.used(NOW + PATIENCE - 1)
    assert sessions.find(session.id, NOW + PATIENCE - 1) is session
    assert sessions.find(session.id, NOW + PATIENCE) is None


def test_the_time_without_a_message_is_bounded():
    sessions = Sessions(counting())
    assert begin(sessions, timeout=0).idle == SHORTEST
    assert begin(sessions, timeout=0xFFFF_FFFF).idle == LONGEST


def test_an_ended_session_is_not_found():
    sessions = Sessions(counting())
    session = begin(sessions, origin())
    sessions.end(session.id)
    sessions.end(session.id)
    assert sessions.find(session.id, NOW) is None


def test_ids_are_nonzero_and_nobody_elses():
    drawn = iter([0, 7, 8, 8, 9])
    sessions = Sessions(lambda count: next(drawn).to_bytes(count), taken=lambda n: n == 7)
    assert [begin(sessions).id, begin(sessions).id] == [8, 9]


def test_strangers_have_bounded_numbers_and_trusted_networks_the_rest():
    sessions = Sessions(counting(), terms=Terms(most=4, most_of_strangers=3, most_of_one=2))
    first = begin(sessions, origin())
    assert begin(sessions, origin()) is not FULL
    assert begin(sessions, origin()) is FULL
    assert begin(sessions, origin("198.51.100.1")) is not FULL
    assert begin(sessions, origin("198.51.100.2")) is FULL
    assert begin(sessions) is not FULL
    assert begin(sessions) is FULL
    sessions.end(first.id)
    assert begin(sessions, origin()) is not FULL


def test_what_ran_out_makes_room():
    sessions = Sessions(counting(), terms=Terms(most=1))
    begin(sessions)
    assert begin(sessions, now=NOW + PATIENCE - 1) is FULL
    assert begin(sessions, now=NOW + PATIENCE - 0.5) is FULL
    assert begin(sessions, now=NOW + PATIENCE + 1) is not FULL


def test_keys_are_agreed_on_with_strangers_at_a_pace():
    sessions = Sessions(counting())

    def agreed(now):
        count = 0
        while sessions.may_agree(origin(), now):
            count += 1
        return count

    assert BURST <= agreed(NOW) <= BURST + 2
    assert sessions.may_agree(TRUSTED, NOW)
    assert not sessions.may_agree(origin("198.51.100.1"), NOW)
    assert agreed(NOW + 1) in {PACE - 1, PACE, PACE + 1}


def test_another_key_is_counted_from_the_beginning():
    session = begin(Sessions(counting()))
    assert session.window.take(5)
    assert [session.next_counter(), session.next_counter()] == [1, 2]
    session.rekeyed(ANOTHER)
    assert session.key == ANOTHER
    assert session.window.take(5)
    assert session.next_counter() == 1


def test_each_counter_is_taken_once():
    window = ReplayWindow()
    assert [window.take(n) for n in (1, 3, 2, 3, 1, 0, 2)] == [1, 1, 1, 0, 0, 0, 0]
    assert window.take(1000)
    assert [window.take(n) for n in (1000, 999, 745, 744, 4)] == [0, 1, 1, 0, 0]
    assert window.take(0xFFFF_FFFF)
    assert not window.take(1000)


def test_a_counter_far_behind_costs_no_memory():
    window = ReplayWindow()
    window.take(0xFFFF_FFFF)
    tracemalloc.start()
    try:
        assert not window.take(1)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 1 << 16


@given(st.lists(st.integers(0, 400)))
def test_no_counter_is_ever_taken_twice(counters):
    window = ReplayWindow()
    taken = [n for n in counters if window.take(n)]
    assert len(taken) == len(set(taken))
    highest = 0
    for n in counters:
        # What is new and not far too old is taken.
        if n > highest:
            assert n in taken
        highest = max(highest, n)


def test_a_login_is_its_connections():
    logins = Logins()
    logins.begin("a", ADMIN, NOW)
    assert logins.find("a", NOW) == ADMIN
    assert logins.find("b", NOW) is None
    logins.begin("a", OTHER, NOW)
    assert logins.find("a", NOW) == OTHER
    assert len(logins) == 1


def test_a_login_ends_without_messages_and_at_last_in_any_case():
    logins = Logins()
    logins.begin("a", ADMIN, NOW)
    now = NOW
    while now < NOW + LONGEST_LOGIN:
        assert logins.find("a", now) == ADMIN
        now += IDLE - 1
    assert logins.find("a", now) is ENDED
    assert logins.find("a", now) is ENDED
    logins.begin("a", ADMIN, now)
    assert logins.find("a", now) == ADMIN
    assert logins.find("a", now + IDLE) is ENDED
    assert logins.find("a", now) is ENDED


def test_a_login_can_be_ended():
    logins = Logins()
    logins.end("a", ADMIN)
    assert logins.find("a", NOW) is None
    logins.begin("a", ADMIN, NOW)
    logins.end("a", replace(ADMIN))
    assert logins.find("a", NOW) is ADMIN
    logins.end("a", ADMIN)
    assert logins.find("a", NOW) is ENDED


def test_of_too_many_logins_the_one_least_used_is_forgotten():
    logins = Logins(most=2)
    logins.begin("a", ADMIN, NOW)
    logins.begin("b", ADMIN, NOW)
    logins.find("a", NOW)
    logins.begin("c", ADMIN, NOW)
    assert [logins.find(name, NOW) for name in "abc"] == [ADMIN, None, ADMIN]
