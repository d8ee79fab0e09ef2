from ipaddress import ip_address

import pytest

from identifiers.relay import Channel, Origin
from identifiers.wire.handle import bodies
from identifiers.wire.handle.codes import OpCode
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.message import Message
from registry.handle.challenges import FULL, LIFETIME, NONCE_BYTES, Challenges

DIGEST = bodies.Digest(3, bytes(32))
NOW = 1000.0


class Chance:
    """Octets that never repeat, or those that a test wants first."""

    def __init__(self, *first):
        self.first = list(first)
        self.drawn = 0

    def __call__(self, count):
        if self.first and len(self.first[0]) == count:
            return self.first.pop(0)
        self.drawn += 1
        return self.drawn.to_bytes(count)


def origin(address="203.0.113.7", *, trusted=False, connection=""):
    return Origin(
        channel=Channel.TCP,
        address=ip_address(address),
        trusted=trusted,
        secure=False,
        connection=connection,
    )


def request(session_id=0):
    header = Header(op_code=OpCode.DELETE_HANDLE)
    return Message(session_id=session_id, header=header, body=bodies.Named("88.300.1/A"))


def issue(table, asker=None, *, now=NOW, size=100, asked=None, **more):
    return table.issue(asked or request(), size, asker or origin(), DIGEST, now, **more)


def test_an_answer_finds_its_challenge_once_wherever_it_comes_from():
    table = Challenges(Chance())
    challenge = issue(table, origin(connection="a"))
    assert len(challenge.nonce) == NONCE_BYTES
    assert challenge.told_id == challenge.session_id != 0
    other = origin("198.51.100.1", connection="b")
    assert table.take(challenge.session_id, other, NOW) == challenge
    assert table.take(challenge.session_id, other, NOW) is None
    assert len(table) == 0


def test_a_challenge_ends_with_its_time():
    table = Challenges(Chance())
    early, late = issue(table), issue(table, now=NOW + 1)
    assert table.take(early.session_id, origin(), NOW + LIFETIME) is None
    assert len(table) == 1
    assert table.take(late.session_id, origin(), NOW + LIFETIME) == late


def test_ids_are_random_nonzero_and_nobody_elses():
    zero, sessions, mine, free = bytes(4), b"\0\0\0\x07", b"\0\0\0\x08", b"\0\0\0\x09"
    chance = Chance(mine, zero, sessions, mine, free)
    table = Challenges(chance, taken=lambda number: number == 7)
    assert [issue(table).session_id, issue(table).session_id] == [8, 9]
    assert 8 in table
    assert 7 not in table


def test_what_a_client_chose_is_good_on_its_connection_only():
    table = Challenges(Chance(b"\x12\x34\x56\x78"))
    challenge = issue(table, origin(connection="a"), asked=request(10001))
    assert challenge.told_id == 10001
    assert table.take(10001, origin(connection="b"), NOW) is None
    assert table.take(10001, origin(), NOW) is None
    assert table.take(10001, origin(connection="a"), NOW) == challenge
    assert table.take(0x12345678, origin(), NOW) is None


def test_a_client_that_always_sends_0_is_found_by_its_connection():
    table = Challenges(Chance())
    older = issue(table, origin(connection="a"))
    newer = issue(table, origin(connection="a"))
    assert newer.told_id == newer.session_id
    assert table.take(0, origin(), NOW) is None
    assert table.take(0, origin(connection="a"), NOW) == newer
    assert table.take(0, origin(connection="a"), NOW) is None
    assert table.take(older.session_id, origin(), NOW) == older


def test_without_a_connection_a_chosen_id_means_nothing():
    table = Challenges(Chance())
    challenge = issue(table, asked=request(10001))
    assert challenge.told_id == challenge.session_id != 10001
    assert table.take(10001, origin(), NOW) is None


def test_a_session_has_one_challenge():
    table = Challenges(Chance())
    first = issue(table, origin(connection="a"), session_id=41, asked=request(41))
    second = issue(table, origin(connection="b"), session_id=41, asked=request(41))
    assert first.nonce != second.nonce
    assert second.told_id == 41
    assert table.take(41, origin(), NOW) == second
    assert table.take(41, origin(connection="a"), NOW) is None


@pytest.mark.parametrize("addresses", [("203.0.113.7",) * 3, ("2001:db8::1", "2001:db8::2") * 2])
def test_one_stranger_has_so_many(addresses):
    table = Challenges(Chance(), most_of_one=2)
    first, second, third = (issue(table, origin(a)) for a in addresses[:3])
    assert FULL not in (first, second)
    assert third is FULL
    assert issue(table, origin("198.51.100.1")) is not FULL
    assert issue(table, origin("2001:db8:1::1")) is not FULL
    table.take(first.session_id, origin(), NOW)
    assert issue(table, origin(addresses[0])) is not FULL


def test_strangers_leave_room_for_trusted_networks():
    table = Challenges(Chance(), most=3, most_of_strangers=2, most_of_one=9)
    trusted = origin(trusted=True)
    assert FULL not in (issue(table), issue(table))
    assert issue(table) is FULL
    assert issue(table, trusted) is not FULL
    assert issue(table, trusted) is FULL
    assert issue(table, now=NOW + LIFETIME) is not FULL
    assert len(table) == 1


def test_requests_that_are_kept_are_bounded_in_octets():
    table = Challenges(Chance(), most_bytes=250)
    first = issue(table)
    assert issue(table) is not FULL
    assert issue(table, origin(trusted=True)) is FULL
    table.take(first.session_id, origin(), NOW)
    assert issue(table, size=150) is not FULL


def test_a_caller_of_whom_nothing_is_known_is_one_source():
    table = Challenges(Chance(), most_of_one=1)
    nobody = Origin(channel=Channel.TCP, address=None, trusted=False, secure=False)
    assert issue(table, nobody) is not FULL
    assert issue(table, nobody) is FULL
